/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_PARSERS_CLASSIFY_H
#define HEED_PARSERS_CLASSIFY_H

/*
 * From what a server said to what it means: a class, and the verdict that design.md's table gives
 * it.
 *
 * Evidence, strongest first. Each step is one function of classify.c with the same signature.
 *   1. rules over the text: provider tags, provider texts, general texts (parsers/rules.h);
 *   2. the enhanced code, per code of the IANA registry (parsers/status.h);
 *   3. the reply code, where the enhanced code is missing or says nothing (x.0.0);
 *   4. the enhanced code's subject, where its detail is not in the registry;
 *   5. the action alone.
 * A hard verdict reached by codes is then held against the weak rules: a text that speaks of the
 * sender, the message or a full mailbox is never a hard failure, whatever its codes.
 *
 * A text that names the host which does not exist kills the recipient's domain only if the host is
 * of the same organisation. Another one is a matter of our own DNS or typing (dns-failure, rule
 * "host:another").
 *
 * Permanent or temporary: "delayed" is temporary whatever the codes say, a "failed" whose codes
 * begin with 4 is temporary too (the sender gave up, the server did not refuse; RFC 3464 2.3.3). A
 * "failed" without any code is permanent if a rule over the text decided.
 */

#include "parsers/reply.h"
#include "parsers/report.h"
#include "parsers/rules.h"

/* Everything borrowed; NULL is unknown. */
typedef struct HeedClassifyInput {
    HeedAction action;
    const char *status;
    const char *code;
    const char *diagnostic; /* the words, with or without the codes */
    const char *remote_mta;
    const char *reporter_mta;
    const char *recipient;     /* the final recipient's address or domain */
    const char *const *relays; /* own.relays, NULL-terminated, or NULL */
} HeedClassifyInput;

typedef struct HeedClassification {
    HeedClass class_;
    HeedVerdict verdict;
    char rule[64];        /* what decided: "text:yahoo.tss04", "status:5.1.1", "code:550", … */
    const char *provider; /* static or the rules'; NULL: unknown */
    const HeedRule *text; /* the rule over the text that decided, weak ones included; or NULL */
    bool permanent;       /* the server refused for good */
} HeedClassification;

/* HEED_CLASS_NONE, HEED_VERDICT_UNSET for delivered, relayed and expanded. rules NULL: by codes
 * alone, and without the weak rules' brake. */
HeedClassification heed_classify(const HeedClassifyInput *input, HeedRules *rules);

/* The same where the diagnostic was read already: reply is what heed_reply_read() made of it. */
HeedClassification
heed_classify_reply(const HeedClassifyInput *input, const HeedReply *reply, HeedRules *rules);

/*
 * Completes a recipient of the report: status and code that are missing or say less than those in
 * its diagnostic are taken from there, then class, verdict, rule and provider are set. What the
 * recipient and the report already say (action, addresses, diagnostic, remote_mta, reporter_mta)
 * must stand in them. Relays and rules as above.
 */
void heed_classify_recipient(HeedReport *report,
                             HeedRecipient *recipient,
                             const char *const *relays,
                             HeedRules *rules);

/*
 * Holds the recipients of a report against each other, once each has been classified. An alias or a
 * list that one message was mailed to can appear several times, once for each address it stands for
 * (the same address, other final recipients). It is dead only if all of them are: where one has
 * another fate, the hard ones become soft, and " (one of several)" follows in their rule. A report
 * that names one failed recipient alone says nothing of others; what it says counts for the
 * address, as with any forward.
 */
void heed_classify_several(HeedReport *report);

/* design.md's table. Permanent: the server refused for good. */
HeedVerdict heed_verdict_of(HeedClass class_, bool permanent);

#endif
