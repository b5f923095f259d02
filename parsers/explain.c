/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/explain.h"

#include "parsers/advice.h"
#include "parsers/host.h"

#include <string.h>

/* The host of "host mx.example.net[192.0.2.1] said: …" (Postfix), or NULL. */
static const char *
quoted_server(const char *text, char out[HEED_HOST_BYTES])
{
    static const char prefix[] = "host ";
    const char *name = text + sizeof(prefix) - 1;
    char word[HEED_HOST_BYTES];
    size_t length;

    if (g_ascii_strncasecmp(text, prefix, sizeof(prefix) - 1) != 0)
        return NULL;
    length = strcspn(name, " [(:");
    if (length == 0 || length >= sizeof(word))
        return NULL;
    memcpy(word, name, length);
    word[length] = '\0';
    return heed_host_read(word, out) ? out : NULL;
}

/* A server takes a message with 2xx; reports of failures may quote one. */
static bool
accepts(const HeedReply *reply)
{
    return reply->code[0] == '2' || (reply->code[0] == '\0' && reply->status[0] == '2');
}

void
heed_explain(HeedRules *rules, const char *text, const char *server, HeedExplanation *out)
{
    char host[HEED_HOST_BYTES];
    HeedClassifyInput input = {.diagnostic = text, .remote_mta = server, .recipient = server};

    (void)heed_reply_read(text, strlen(text), &out->reply);
    if (server == NULL)
        input.remote_mta = quoted_server(text, host);
    input.action = accepts(&out->reply) ? HEED_ACTION_DELIVERED : HEED_ACTION_FAILED;
    out->result = heed_classify_reply(&input, &out->reply, rules);
}

const HeedRule *
heed_explain_rule(const HeedClassification *result)
{
    const HeedRule *rule = result->text;

    return rule != NULL && rule->tier != HEED_RULE_TIER_WEAK ? rule : NULL;
}

void
heed_explain_advice(const HeedClassification *result, HeedExplanationAdvice *out)
{
    const HeedAdvice *general = heed_advice_of(result->class_);
    const HeedContact *contact = heed_contact_of(result->provider);
    const HeedRule *rule = heed_explain_rule(result);

    *out = (HeedExplanationAdvice){
        .cause = general->cause,
        .means = general->means,
        .remedy = general->remedy,
        .wait = result->permanent ? general->wait_permanent : general->wait_temporary,
        .contact = contact == NULL ? NULL : contact->page,
    };
    if (rule == NULL)
        return;
    if (rule->cause != NULL)
        out->cause = rule->cause;
    if (rule->means != NULL)
        out->means = rule->means;
    if (rule->remedy != NULL)
        out->remedy = rule->remedy;
    if (rule->wait != HEED_RULE_WAIT_UNSAID)
        out->wait = rule->wait;
    if (rule->contact != NULL)
        out->contact = rule->contact;
    out->source = rule->source;
}
