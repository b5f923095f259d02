/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/classify.h"

#include "parsers/address.h"
#include "parsers/host.h"
#include "parsers/provider.h"
#include "parsers/reply.h"
#include "parsers/status.h"

#include <string.h>

/* The verdicts of design.md's table: when the server refused for good, and when it did not. */
typedef struct VerdictRow {
    uint8_t permanent;
    uint8_t temporary;
} VerdictRow;

#define BOTH(verdict)                                  \
    {                                                  \
        HEED_VERDICT_##verdict, HEED_VERDICT_##verdict \
    }
#define EITHER(permanent, tempory)                       \
    {                                                    \
        HEED_VERDICT_##permanent, HEED_VERDICT_##tempory \
    }

static const VerdictRow verdicts[] = {
    [HEED_CLASS_BAD_MAILBOX] = EITHER(HARD, SOFT),
    [HEED_CLASS_BAD_DOMAIN] = EITHER(HARD, TRANSIENT),
    [HEED_CLASS_MOVED] = EITHER(SOFT, SOFT), /* hard from the recipient's own server, see below */
    [HEED_CLASS_INACTIVE_MAILBOX] = BOTH(SOFT),
    [HEED_CLASS_MAILBOX_FULL] = BOTH(SOFT),
    [HEED_CLASS_RESTRICTED] = BOTH(SOFT),
    [HEED_CLASS_RELAY_DENIED] = EITHER(SOFT, TRANSIENT), /* block from our own relay, see below */
    [HEED_CLASS_BAD_SENDER] = BOTH(BLOCK),
    [HEED_CLASS_REPUTATION] = BOTH(BLOCK),
    [HEED_CLASS_RATE_LIMIT] = BOTH(BLOCK),
    [HEED_CLASS_TOO_MANY_CONNECTIONS] = BOTH(BLOCK),
    [HEED_CLASS_GREYLISTED] = BOTH(TRANSIENT),
    [HEED_CLASS_AUTH_FAILURE] = BOTH(BLOCK),
    [HEED_CLASS_PTR_MISSING] = BOTH(BLOCK),
    [HEED_CLASS_POLICY] = BOTH(BLOCK),
    [HEED_CLASS_SPAM_CONTENT] = BOTH(BLOCK),
    [HEED_CLASS_CONTENT] = BOTH(BLOCK),
    [HEED_CLASS_VIRUS] = BOTH(BLOCK),
    [HEED_CLASS_TOO_BIG] = BOTH(BLOCK),
    [HEED_CLASS_PROTOCOL] = BOTH(BLOCK),
    [HEED_CLASS_DNS_FAILURE] = BOTH(TRANSIENT),
    [HEED_CLASS_NETWORK] = BOTH(TRANSIENT),
    [HEED_CLASS_SYSTEM] = BOTH(TRANSIENT),
    [HEED_CLASS_TLS] = BOTH(TRANSIENT),
    [HEED_CLASS_ROUTING_LOOP] = BOTH(TRANSIENT),
    [HEED_CLASS_EXPIRED] = BOTH(TRANSIENT),
    [HEED_CLASS_SUPPRESSED] = BOTH(NONE),
    [HEED_CLASS_UNKNOWN] = BOTH(NONE),
    [HEED_CLASS_ABUSE] = BOTH(COMPLAINT),
    [HEED_CLASS_FRAUD] = BOTH(COMPLAINT),
    [HEED_CLASS_NOT_SPAM] = BOTH(NONE),
    [HEED_CLASS_OTHER] = BOTH(COMPLAINT),
    [HEED_CLASS_UNSUBSCRIBE] = BOTH(UNSUBSCRIBE),
};

HeedVerdict
heed_verdict_of(HeedClass class_, bool permanent)
{
    if ((size_t)class_ >= G_N_ELEMENTS(verdicts))
        return HEED_VERDICT_UNSET;
    return (HeedVerdict)(permanent ? verdicts[class_].permanent : verdicts[class_].temporary);
}

/* The evidence of one failure, weighed step by step. */
typedef struct Case {
    const HeedClassifyInput *input;
    const char *status; /* the one that decides; NULL for none */
    const char *other;  /* another one that says something else; NULL for none */
    const char *code;
    bool permanent;
    HeedRuleMatch match; /* what the rules over the text say */
    HeedClassification result;
} Case;

static bool
decide(Case *one, HeedClass class_, const char *kind, const char *what)
{
    size_t length;

    if (class_ == HEED_CLASS_NONE)
        return false;
    one->result.class_ = class_;
    one->result.verdict = heed_verdict_of(class_, one->permanent);
    /* Twice as fast as g_snprintf(), and this is done for each reply. */
    length = g_strlcpy(one->result.rule, kind, sizeof(one->result.rule) - 1);
    one->result.rule[length] = ':';
    (void)g_strlcpy(one->result.rule + length + 1, what, sizeof(one->result.rule) - length - 1);
    return true;
}

/* Step 1: the text. */
static bool
by_text(Case *one)
{
    const HeedRule *rule = one->match.rule;

    if (rule == NULL)
        return false;
    /* Without any code, that it failed is all there is. */
    if (one->code == NULL && one->status == NULL && one->input->action == HEED_ACTION_FAILED)
        one->permanent = true;
    if (rule->provider != NULL)
        one->result.provider = rule->provider;
    one->result.text = rule;
    return decide(one, rule->class_, "text", rule->id);
}

static bool
is_dead(HeedClass class_)
{
    return class_ == HEED_CLASS_BAD_MAILBOX || class_ == HEED_CLASS_BAD_DOMAIN ||
           class_ == HEED_CLASS_MOVED;
}

/* The same with doubtful evidence: it makes a hard verdict only where the words confirm it. */
static bool
decide_confirmed(Case *one, HeedClass class_, const char *kind, const char *what)
{
    if (is_dead(class_) && one->match.confirmed == NULL && one->match.contradicted == NULL)
        return false;
    return decide(one, class_, kind, what);
}

/* Whether the reply code speaks plainly of something else than a dead address ("552 5.1.1"). */
static bool
code_denies(const Case *one)
{
    HeedClass class_ = heed_code_class(one->code);

    return class_ != HEED_CLASS_NONE && class_ != HEED_CLASS_UNKNOWN && !is_dead(class_);
}

/* Step 2: a registered enhanced code. One that another code denies is doubtful. */
static bool
by_status(Case *one)
{
    HeedClass class_ = heed_status_class(one->status, one->permanent);
    bool denied = one->other != NULL && heed_status_class(one->other, one->permanent) != class_;

    if (denied || code_denies(one))
        return decide_confirmed(one, class_, "status", one->status);
    return decide(one, class_, "status", one->status);
}

/* Where the first was doubtful and nothing confirmed it: the one that denied it. */
static bool
by_other_status(Case *one)
{
    HeedClass class_ = heed_status_class(one->other, one->permanent);

    return !is_dead(class_) && decide(one, class_, "status", one->other);
}

/* Step 3: the subject of a code that no registry has (5.7.509), where it says something. */
static bool
by_unregistered_status(Case *one)
{
    HeedClass class_;

    if (one->status == NULL || heed_status_is_generic(one->status))
        return false;
    class_ = heed_status_subject_class(one->status);
    return class_ != HEED_CLASS_UNKNOWN && class_ != HEED_CLASS_INACTIVE_MAILBOX &&
           decide(one, class_, "status", one->status);
}

/* Providers that say "550 Unknown user" behind DATA for mail which the recipient's own filter
 * refused; their enhanced codes, or what a reporter made of the command they refused, can be
 * believed. */
static const char *const ambiguous_providers[] = {"docomo"};

/* Step 4: the reply code. Servers send 550 for whatever they do not like. */
static bool
by_code(Case *one)
{
    HeedClass class_ = heed_code_class(one->code);

    for (size_t i = 0; i < G_N_ELEMENTS(ambiguous_providers) && is_dead(class_); i++)
        if (g_strcmp0(one->result.provider, ambiguous_providers[i]) == 0)
            return decide(one, HEED_CLASS_RESTRICTED, "provider", one->result.provider);
    return class_ != HEED_CLASS_UNKNOWN && decide_confirmed(one, class_, "code", one->code);
}

/* Step 5: what is left of a code that says nothing more. */
static bool
by_subject(Case *one)
{
    return one->status != NULL &&
           decide(one, heed_status_subject_class(one->status), "status", one->status);
}

/* Step 6: only that it failed, or was delayed. */
static bool
by_action(Case *one)
{
    if (one->code != NULL)
        return decide(one, HEED_CLASS_UNKNOWN, "code", one->code);
    return decide(one, HEED_CLASS_UNKNOWN, "action",
                  one->input->action == HEED_ACTION_DELAYED ? "delayed" : "failed");
}

typedef bool (*Step)(Case *one);

static const Step steps[] = {by_text, by_status,  by_other_status, by_unregistered_status,
                             by_code, by_subject, by_action};

/* Who said it: without a Remote-MTA the diagnostic is the reporting server's own (RFC 3464 2.3.5).
 */
static bool
speaker(const HeedClassifyInput *input, char out[HEED_HOST_BYTES])
{
    return heed_host_read(input->remote_mta, out) || heed_host_read(input->reporter_mta, out);
}

static const char *
recipient_domain(const HeedClassifyInput *input)
{
    const char *at = input->recipient == NULL ? NULL : strrchr(input->recipient, '@');

    return at == NULL ? input->recipient : at + 1;
}

/* Whether the recipient's own server spoke: a host of its domain, or of its provider. */
static bool
spoken_by_own_server(const HeedClassifyInput *input)
{
    char host[HEED_HOST_BYTES];
    char domain[HEED_HOST_BYTES];
    const char *provider;

    if (!speaker(input, host) || !heed_host_read(recipient_domain(input), domain))
        return false;
    if (heed_host_same_organisation(host, domain))
        return true;
    provider = heed_provider_of_domain(domain);
    return provider != NULL && g_strcmp0(provider, heed_provider_of_host(host)) == 0;
}

static bool
spoken_by_our_relay(const HeedClassifyInput *input)
{
    char host[HEED_HOST_BYTES];

    return speaker(input, host) && heed_domain_is_among(host, input->relays);
}

/* The verdicts that depend on more than class and permanence. */
static void
adjust(Case *one)
{
    HeedClassification *result = &one->result;

    if (result->class_ == HEED_CLASS_MOVED && one->permanent && spoken_by_own_server(one->input))
        result->verdict = HEED_VERDICT_HARD;
    if (result->class_ == HEED_CLASS_UNKNOWN && one->status != NULL && one->status[1] == '.' &&
        one->status[2] == '1' && one->status[3] == '.')
        result->verdict = HEED_VERDICT_SOFT;
}

/* What stands before the host that a server looked up in vain: Postfix, Sendmail, qmail, dma; and
 * behind it, where else it is no host: Sendmail may name none. */
static const struct {
    const char *before;
    const char *behind;
} host_marks[] = {{"name service error for name=", ""},
                  {"name server: ", ": "},
                  {"find any host named ", ""},
                  {"lookup failure: host ", ""}};

/* The host of which a text says that it does not exist. */
static bool
missing_host(const char *text, char out[HEED_HOST_BYTES])
{
    g_autofree char *lower = text == NULL ? NULL : g_ascii_strdown(text, -1);

    for (size_t i = 0; lower != NULL && i < G_N_ELEMENTS(host_marks); i++) {
        const char *at = strstr(lower, host_marks[i].before);

        if (at == NULL)
            continue;
        at += strlen(host_marks[i].before);
        return g_str_has_prefix(at + strcspn(at, " :"), host_marks[i].behind) &&
               heed_host_read(at, out);
    }
    return false;
}

/* A report may write a domain in its own letters, and the server that looked it up as A-labels. */
static void
to_a_labels(char host[HEED_HOST_BYTES])
{
    g_autofree char *within = g_strconcat("a@", host, NULL);
    g_autofree char *address = heed_address_normalise(within, -1);

    if (address != NULL)
        (void)g_strlcpy(host, heed_address_domain(address), HEED_HOST_BYTES);
}

/* A domain is gone only where its own name was not found, or that of an exchanger within it. A host
 * of somebody else may be our own next hop that is mistyped. */
static void
look_whose_host(Case *one)
{
    HeedClassification *result = &one->result;
    char host[HEED_HOST_BYTES];
    char domain[HEED_HOST_BYTES];

    if (result->class_ != HEED_CLASS_BAD_DOMAIN ||
        !heed_host_read(recipient_domain(one->input), domain) ||
        !missing_host(one->input->diagnostic, host))
        return;
    to_a_labels(host);
    to_a_labels(domain);
    if (strcmp(host, domain) == 0 || heed_host_same_organisation(host, domain))
        return;
    result->text = NULL;
    (void)decide(one, HEED_CLASS_DNS_FAILURE, "host", "another");
}

/* Holds a hard verdict that codes have given against the words. */
static void
brake(Case *one)
{
    const HeedRuleMatch *match = &one->match;

    if (one->result.verdict != HEED_VERDICT_HARD || match->rule != NULL)
        return;
    if (match->contradicted != NULL) {
        one->result.text = match->contradicted;
        (void)decide(one, match->mixed ? HEED_CLASS_UNKNOWN : match->contradicted->class_, "text",
                     match->contradicted->id);
    } else if (match->confirmed != NULL && match->confirmed->class_ == HEED_CLASS_BAD_MAILBOX &&
               one->result.class_ == HEED_CLASS_BAD_DOMAIN) {
        /* Exchange says 5.1.10 for an unknown user; a domain's death takes more proof. */
        one->result.class_ = HEED_CLASS_BAD_MAILBOX;
    }
}

/* Which of the field's and the reply's own enhanced code decides. The reply's own is what the
 * server said, the field is what a reporter made of it; but a generic one gives way to one that
 * says more. */
static void
choose_status(Case *one, const HeedReply *reply)
{
    const char *field = one->input->status;
    const char *own = reply->status[0] == '\0' ? NULL : reply->status;

    one->status = own != NULL ? own : field;
    if (own == NULL || field == NULL || strcmp(own, field) == 0)
        return;
    if (heed_status_class(own, true) == HEED_CLASS_NONE &&
        heed_status_class(field, true) != HEED_CLASS_NONE)
        one->status = field;
    /* That time ran out says nothing; the last reply says why. */
    if (strcmp(field + 1, ".4.7") != 0 && !heed_status_is_generic(field) &&
        !heed_status_is_generic(own))
        one->other = one->status == own ? field : own;
}

/* Nothing may speak for temporary, and something must speak for permanent. */
static bool
is_permanent(const Case *one)
{
    if (one->input->action == HEED_ACTION_DELAYED)
        return false;
    if ((one->code != NULL && one->code[0] == '4') ||
        (one->status != NULL && one->status[0] == '4'))
        return false;
    return (one->code != NULL && one->code[0] == '5') ||
           (one->status != NULL && one->status[0] == '5');
}

static const char *
provider_of(const HeedClassifyInput *input)
{
    const char *provider =
        input->remote_mta == NULL ? NULL : heed_provider_of_host(input->remote_mta);
    const char *domain = recipient_domain(input);

    return provider != NULL || domain == NULL ? provider : heed_provider_of_domain(domain);
}

/* What the rules over the text say. */
static void
ask_rules(Case *one, HeedRules *rules)
{
    const HeedClassifyInput *input = one->input;
    const char *speaker_name = input->remote_mta != NULL ? input->remote_mta : input->reporter_mta;
    const char *domain = recipient_domain(input);
    HeedRuleQuery query = {
        .text = input->diagnostic,
        .length = input->diagnostic == NULL ? 0 : strlen(input->diagnostic),
        .code = one->code,
        .status = one->status,
        .other_status = one->other,
        .permanent = one->permanent || (one->code == NULL && one->status == NULL &&
                                        input->action == HEED_ACTION_FAILED),
        .host_provider = speaker_name == NULL ? NULL : heed_provider_of_host(speaker_name),
        .domain_provider = domain == NULL ? NULL : heed_provider_of_domain(domain),
    };

    if (rules != NULL)
        (void)heed_rules_match(rules, &query, &one->match);
}

HeedClassification
heed_classify_reply(const HeedClassifyInput *input, const HeedReply *reply, HeedRules *rules)
{
    Case one = {.input = input};

    one.result.provider = provider_of(input);
    if (input->action == HEED_ACTION_DELIVERED || input->action == HEED_ACTION_RELAYED ||
        input->action == HEED_ACTION_EXPANDED)
        return one.result;
    choose_status(&one, reply);
    one.code = reply->code[0] != '\0' ? reply->code : input->code;
    one.permanent = is_permanent(&one);
    ask_rules(&one, rules);
    for (size_t i = 0; i < G_N_ELEMENTS(steps) && !steps[i](&one); i++)
        ;
    adjust(&one);
    brake(&one);
    look_whose_host(&one);
    if (one.result.class_ == HEED_CLASS_RELAY_DENIED && spoken_by_our_relay(input))
        one.result.verdict = HEED_VERDICT_BLOCK;
    one.result.permanent = one.permanent;
    return one.result;
}

static void
read_reply(const char *diagnostic, HeedReply *out_reply)
{
    memset(out_reply, 0, sizeof(*out_reply));
    if (diagnostic != NULL)
        (void)heed_reply_read(diagnostic, strlen(diagnostic), out_reply);
}

HeedClassification
heed_classify(const HeedClassifyInput *input, HeedRules *rules)
{
    HeedReply reply;

    read_reply(input->diagnostic, &reply);
    return heed_classify_reply(input, &reply, rules);
}

/* Whether the reply's own code says more than the one the report gives: a generic one, or that time
 * ran out (x.4.7), of which the last reply says why. */
static bool
says_more(const char *own, const char *given)
{
    if (own[0] == '\0')
        return false;
    if (given != NULL && g_str_has_suffix(given, ".4.7") && !heed_status_is_generic(own))
        return true;
    return given == NULL || (heed_status_is_generic(given) && !heed_status_is_generic(own)) ||
           (g_str_has_suffix(given, ".0.0") && !g_str_has_suffix(own, ".0.0"));
}

void
heed_classify_recipient(HeedReport *report,
                        HeedRecipient *recipient,
                        const char *const *relays,
                        HeedRules *rules)
{
    const char *given = recipient->status;
    HeedReply reply;
    HeedClassification result;

    read_reply(recipient->diagnostic, &reply);
    if (says_more(reply.status, recipient->status))
        recipient->status = heed_report_text(report, reply.status, -1);
    if (recipient->code == NULL)
        recipient->code = heed_report_text(report, reply.code, -1);
    result = heed_classify_reply(
        &(HeedClassifyInput){
            .action = recipient->action,
            .status = given, /* one that contradicts the reply is a doubt */
            .code = recipient->code,
            .diagnostic = recipient->diagnostic,
            .remote_mta = recipient->remote_mta,
            .reporter_mta = report->reporter_mta,
            .recipient = recipient->final_recipient != NULL ? recipient->final_recipient
                                                            : recipient->address,
            .relays = relays,
        },
        &reply, rules);
    recipient->class_ = result.class_;
    recipient->verdict = result.verdict;
    recipient->rule = heed_report_text(report, result.rule, -1);
    recipient->provider = heed_report_text(report, result.provider, -1);
}

/* What became of one address, over the final recipients that it stood for. */
typedef struct Fate {
    const char *final_recipient; /* the first's */
    bool stands_for_several;
    bool lives; /* for one of them at least */
} Fate;

static GHashTable *
fates_of(const GArray *recipients)
{
    GHashTable *fates = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free);

    for (guint i = 0; i < recipients->len; i++) {
        const HeedRecipient *recipient = &g_array_index(recipients, HeedRecipient, i);
        Fate *fate;

        if (recipient->address == NULL)
            continue;
        fate = g_hash_table_lookup(fates, recipient->address);
        if (fate == NULL) {
            fate = g_new0(Fate, 1);
            fate->final_recipient = recipient->final_recipient;
            g_hash_table_insert(fates, (char *)(uintptr_t)recipient->address, fate);
        }
        if (g_strcmp0(fate->final_recipient, recipient->final_recipient) != 0)
            fate->stands_for_several = true;
        if (recipient->verdict != HEED_VERDICT_HARD)
            fate->lives = true;
    }
    return fates;
}

void
heed_classify_several(HeedReport *report)
{
    GArray *recipients = report->recipients;
    g_autoptr(GHashTable) fates = NULL;

    if (recipients->len < 2)
        return;
    fates = fates_of(recipients);
    for (guint i = 0; i < recipients->len; i++) {
        HeedRecipient *recipient = &g_array_index(recipients, HeedRecipient, i);
        const Fate *fate =
            recipient->address == NULL ? NULL : g_hash_table_lookup(fates, recipient->address);
        g_autofree char *rule = NULL;

        if (fate == NULL || !fate->stands_for_several || !fate->lives ||
            recipient->verdict != HEED_VERDICT_HARD)
            continue;
        rule = g_strconcat(recipient->rule, " (one of several)", NULL);
        recipient->verdict = HEED_VERDICT_SOFT;
        recipient->rule = heed_report_text(report, rule, -1);
    }
}
