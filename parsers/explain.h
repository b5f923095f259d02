/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_PARSERS_EXPLAIN_H
#define HEED_PARSERS_EXPLAIN_H

/*
 * One SMTP reply by itself: what it means, and what to do about it. What a rule does not say, the
 * tables by class and by provider do (parsers/advice.h).
 */

#include "parsers/classify.h"
#include "parsers/reply.h"

typedef struct HeedExplanation {
    HeedReply reply;
    /* Class and verdict are none and unset for a reply that accepts (2xx). */
    HeedClassification result;
} HeedExplanation;

/*
 * Classifies a reply, as of a delivery that failed if it does not say that it is temporary. Text is
 * NUL-terminated, of any bytes; server: who said it, a host or a domain, NULL where that is
 * unknown, and then it is taken from "host NAME said" at the beginning of the text. What is in *out
 * is borrowed from text and rules.
 */
void heed_explain(HeedRules *rules, const char *text, const char *server, HeedExplanation *out);

/* What people are told of a classification. All texts static or the rules'. */
typedef struct HeedExplanationAdvice {
    const char *cause; /* one of rules/causes.def */
    const char *means;
    const char *remedy;
    int64_t wait;        /* seconds, HEED_RULE_WAIT_NEVER or HEED_RULE_WAIT_UNKNOWN */
    const char *contact; /* the provider's page; NULL: none is known */
    const char *source;  /* where the reply is documented, or NULL */
} HeedExplanationAdvice;

void heed_explain_advice(const HeedClassification *result, HeedExplanationAdvice *out);

/* The rule whose own words explain the result; NULL where that is up to its class. */
const HeedRule *heed_explain_rule(const HeedClassification *result);

#endif
