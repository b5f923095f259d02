/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/classify.h"

#include <glib.h>
#include <string.h>

/* Those weak rules alone that hold a hard verdict back: what the codes say is looked at here. */
static HeedRules *weak;

/* One recipient as a report has it, and what becomes of it. NULL: not given, or not looked at. */
typedef struct Row {
    const char *name;
    const char *action;
    const char *status;
    const char *diagnostic;
    const char *remote_mta;
    const char *want_class;
    const char *want_verdict;
    const char *want_rule;
    const char *want_status;
} Row;

static const Row rows[] = {
    /* codes */
    {"user-unknown", "failed", "5.1.1", "550 5.1.1 <u@example.net>: user unknown", NULL,
     "bad-mailbox", "hard", "status:5.1.1", "5.1.1"},
    {"status-alone", "failed", "5.1.1", NULL, NULL, "bad-mailbox", "hard", "status:5.1.1", NULL},
    {"status-other-language", "failed", "5.1.1", "550 5.1.1 Benutzer unbekannt", NULL,
     "bad-mailbox", "hard", "status:5.1.1", NULL},
    {"delayed", "delayed", "4.4.1", "connect to mx.example.net[192.0.2.1]:25: timed out", NULL,
     "network", "transient", "status:4.4.1", NULL},
    {"delayed-with-5", "delayed", "5.1.1", "550 5.1.1 user unknown", NULL, "bad-mailbox", "soft",
     NULL, NULL},
    {"failed-with-4", "failed", "4.2.2", "452 4.2.2 mailbox full", NULL, "mailbox-full", "soft",
     "status:4.2.2", NULL},
    {"gave-up-on-unknown", "failed", "4.1.1", "450 4.1.1 unverified address", NULL, "bad-mailbox",
     "soft", NULL, NULL},
    {"mixed-digits", "failed", "5.1.1", "450 user unknown", NULL, "bad-mailbox", "soft", NULL,
     NULL},
    {"null-mx", "failed", "5.1.10", "556 5.1.10 domain does not accept mail (nullMX)", NULL,
     "bad-domain", "hard", "status:5.1.10", NULL},
    {"sender-null-mx", "failed", "5.7.27", "550 5.7.27 sender has null MX", NULL, "bad-sender",
     "block", "status:5.7.27", NULL},
    {"exchange-not-found", "failed", "5.1.10",
     "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup", NULL,
     "bad-mailbox", "hard", "status:5.1.10", NULL},
    {"bad-domain", "failed", "5.1.2", "550 5.1.2 host unknown", NULL, "bad-domain", "hard", NULL,
     NULL},
    {"no-such-domain", "failed", "5.1.2",
     "Host or domain name not found. Name service error for name=Example.net. type=A: Host not found",
     NULL, "bad-domain", "hard", NULL, NULL},
    {"no-such-next-hop", "failed", "5.1.2",
     "Host or domain name not found. Name service error for name=realy.example.com type=A: Host not "
     "found",
     NULL, "dns-failure", "transient", "host:another", NULL},
    {"no-such-next-hop-delayed", "delayed", "4.1.2",
     "Name service error for name=realy.example.com type=A: Host not found", NULL, "dns-failure",
     "transient", NULL, NULL},
    {"no-such-mx", "failed", "5.1.2",
     "Host or domain name not found. Name service error for name=mx.example.net type=A: Host not "
     "found",
     NULL, "bad-domain", "hard", NULL, NULL},
    {"no-such-smart-host", "failed", "5.1.2",
     "550 5.1.2 <u@example.net>... Host unknown (Name server: realy.example.com.: host not found)",
     NULL, "dns-failure", "transient", NULL, NULL},
    {"no-such-host-unnamed", "failed", "5.1.2",
     "550 5.1.2 <u@example.net>... Host unknown (Name server: host not found)", NULL, "bad-domain",
     "hard", NULL, NULL},
    {"no-such-smtproute", "failed", "5.1.2",
     "Sorry, I couldn't find any host named realy.example.com. (#5.1.2)", NULL, "dns-failure",
     "transient", NULL, NULL},
    {"null-mx-of-domain", "failed", "5.1.10",
     "556 5.1.10 Name service error for name=example.net type=MX: nullMX", NULL, "bad-domain",
     "hard", NULL, NULL},
    {"disabled", "failed", "5.2.1", "550 5.2.1 mailbox disabled", NULL, "inactive-mailbox", "soft",
     NULL, NULL},
    {"moved-by-own-server", "failed", "5.1.6", "551 5.1.6 has moved", "dns; mx.example.net",
     "moved", "hard", "status:5.1.6", NULL},
    {"moved-by-other", "failed", "5.1.6", "551 5.1.6 has moved", "dns; mx.example.org", "moved",
     "soft", NULL, NULL},
    {"policy", "failed", "5.7.1", "554 5.7.1 message refused", NULL, "policy", "block", NULL, NULL},
    {"microsoft-own", "failed", "5.7.509", "550 5.7.509 Access denied", NULL, "policy", "block",
     "status:5.7.509", NULL},
    {"unknown-address-detail", "failed", "5.1.99", "550 5.1.99 hm", NULL, "unknown", "soft",
     "status:5.1.99", NULL},
    {"ambiguous", "failed", "5.1.4", "553 5.1.4 ambiguous", NULL, "unknown", "soft", NULL, NULL},
    {"delivered", "delivered", "2.1.5", "250 2.1.5 ok", NULL, NULL, NULL, NULL, NULL},
    {"nothing", "failed", NULL, NULL, NULL, "unknown", "none", "action:failed", NULL},
    {"nothing-delayed", "delayed", NULL, NULL, NULL, "unknown", "none", "action:delayed", NULL},

    /* reply codes, alone or beside a generic status */
    {"code-confirmed", "failed", "5.0.0", "550 no such user here", NULL, "bad-mailbox", "hard",
     "code:550", "5.0.0"},
    {"code-unconfirmed", "failed", "5.0.0", "550 go away", NULL, "unknown", "none", "code:550",
     NULL},
    {"code-other-language", "failed", NULL, "550 Boite inconnue", NULL, "unknown", "none", NULL,
     NULL},
    {"code-protocol", "failed", NULL, "501 bad arguments", NULL, "protocol", "block", "code:501",
     NULL},
    {"code-temporary", "delayed", NULL, "451 local error", NULL, "system", "transient", "code:451",
     NULL},
    {"code-full", "failed", "5.0.0", "552 storage allocation exceeded", NULL, "mailbox-full",
     "soft", "code:552", NULL},
    {"subject-left", "failed", "5.5.0", "554 no", NULL, "protocol", "block", "status:5.5.0", NULL},

    /* the reply's own enhanced code against the field */
    {"generic-field", "failed", "5.0.0", "550 5.2.2 mailbox full", NULL, "mailbox-full", "soft",
     "status:5.2.2", "5.2.2"},
    {"field-says-user-reply-says-policy", "failed", "5.1.1", "550 5.7.1 listed by example", NULL,
     "policy", "block", "status:5.7.1", "5.1.1"},
    {"field-says-user-reply-says-policy-at-end", "failed", "5.1.3", "553 not for you (#5.7.1)",
     NULL, "policy", "block", "status:5.7.1", "5.1.3"},
    {"field-says-policy-reply-says-user", "failed", "5.7.1", "550 5.1.1 nobody", NULL, "policy",
     "block", NULL, NULL},
    {"expired-but-full", "failed", "4.4.7", "452 4.2.2 mailbox full", NULL, "mailbox-full", "soft",
     "status:4.2.2", "4.2.2"},
    {"expired", "failed", "4.4.7", NULL, NULL, "expired", "transient", "status:4.4.7", NULL},
    {"missing-field", "failed", NULL, "550 5.1.1 user unknown", NULL, "bad-mailbox", "hard", NULL,
     "5.1.1"},

    /* the brake */
    {"5.1.1-quota", "failed", "5.1.1", "550 5.1.1 user is over quota", NULL, "mailbox-full", "soft",
     "text:weak.mailbox-full", NULL},
    {"5.1.1-suppressed", "failed", "5.1.1", "550 5.1.1 ses.example has suppressed sending to it",
     NULL, "suppressed", "none", "text:weak.suppressed", NULL},
    {"5.1.1-spf", "failed", "5.1.1", "550 5.1.1 SPF check failed", NULL, "auth-failure", "block",
     NULL, NULL},
    {"5.1.1-size", "failed", "5.1.1", "552 5.1.1 message too large", NULL, "too-big", "block", NULL,
     NULL},
    {"5.1.1-code-denies", "failed", "5.1.1", "552 5.1.1 hm", NULL, "mailbox-full", "soft",
     "code:552", NULL},
    {"5.1.1-blocklist", "failed", "5.1.1", "550 5.1.1 blocked, see https://www.example.net/dnsbl",
     NULL, "reputation", "block", NULL, NULL},
    {"5.1.1-inactive", "failed", "5.1.1", "550 5.1.1 inactive user", NULL, "inactive-mailbox",
     "soft", NULL, NULL},
    {"5.1.1-rate", "failed", "5.1.1", "550 5.1.1 too many recipients", NULL, "rate-limit", "block",
     NULL, NULL},
    {"5.1.1-mixed", "failed", "5.1.1", "550 5.1.1 quota or spam", NULL, "unknown", "none", NULL,
     NULL},
    {"5.1.1-relay", "failed", "5.1.1", "550 5.1.1 relaying denied", "mx.example.net",
     "relay-denied", "soft", NULL, NULL},
    {"5.1.1-own-relay", "failed", "5.1.1", "550 5.1.1 relaying denied", "out1.example.com",
     "relay-denied", "block", NULL, NULL},
    {"words-in-address", "failed", "5.1.1", "550 5.1.1 <quota@spam.example.net>: user unknown",
     NULL, "bad-mailbox", "hard", NULL, NULL},
    {"words-with-underscores", "failed", NULL, "Remote_host_said:_550_No_such_user", NULL,
     "bad-mailbox", "hard", NULL, NULL},
    {"docomo-after-data", "failed", "5.0.0", "550 Unknown user x@docomo.ne.jp",
     "mfsmax.docomo.ne.jp", "restricted", "soft", "provider:docomo", NULL},
};

static void
test_row(const void *data)
{
    static const char *const relays[] = {"out1.example.com", NULL};
    const Row *row = data;
    g_autoptr(HeedReport) report = heed_report_new();
    HeedRecipient *recipient = heed_report_add_recipient(report);

    g_assert_true(heed_action_from_name(row->action, &recipient->action));
    recipient->status = heed_report_text(report, row->status, -1);
    recipient->diagnostic = heed_report_text(report, row->diagnostic, -1);
    recipient->remote_mta = heed_report_text(report, row->remote_mta, -1);
    recipient->final_recipient = heed_report_text(report, "u@example.net", -1);
    heed_classify_recipient(report, recipient, relays, weak);
    g_assert_cmpstr(heed_class_name(recipient->class_), ==, row->want_class);
    g_assert_cmpstr(heed_verdict_name(recipient->verdict), ==, row->want_verdict);
    if (row->want_rule != NULL)
        g_assert_cmpstr(recipient->rule, ==, row->want_rule);
    if (row->want_status != NULL)
        g_assert_cmpstr(recipient->status, ==, row->want_status);
}

/* The recipient's domain and the host that was looked up in vain, each in either form. */
static void
test_labels(void)
{
    static const struct {
        const char *recipient;
        const char *host;
        HeedClass want;
    } cases[] = {
        {"u@m\u00fcller.example", "xn--mller-kva.example", HEED_CLASS_BAD_DOMAIN},
        {"u@m\u00fcller.example", "mx.xn--mller-kva.example", HEED_CLASS_BAD_DOMAIN},
        {"u@xn--mller-kva.example", "M\u00fcller.example", HEED_CLASS_BAD_DOMAIN},
        {"u@m\u00fcller.example", "M\u00dcLLER.example.", HEED_CLASS_BAD_DOMAIN},
        {"u@m\u00fcller.example", "realy.example.com", HEED_CLASS_DNS_FAILURE},
        {"u@example.net", "m\u00fcller.example", HEED_CLASS_DNS_FAILURE},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text =
            g_strdup_printf("Name service error for name=%s type=A: Host not found", cases[i].host);
        const HeedClassifyInput input = {.action = HEED_ACTION_FAILED,
                                         .status = "5.1.2",
                                         .diagnostic = text,
                                         .recipient = cases[i].recipient};

        g_assert_cmpint((int)heed_classify(&input, weak).class_, ==, (int)cases[i].want);
    }
}

static void
test_provider(void)
{
    HeedClassifyInput input = {.action = HEED_ACTION_FAILED,
                               .status = "5.1.1",
                               .remote_mta = "mx1.example.net",
                               .recipient = "someone@gmail.com"};

    g_assert_cmpstr(heed_classify(&input, weak).provider, ==, "gmail");
    input.remote_mta = "mta7.am0.yahoodns.net";
    g_assert_cmpstr(heed_classify(&input, weak).provider, ==, "yahoo");
    input.recipient = NULL;
    input.remote_mta = NULL;
    g_assert_null(heed_classify(&input, weak).provider);
}

/* design.md's table, where the columns differ or surprise. */
static void
test_verdicts(void)
{
    g_assert_cmpint((int)heed_verdict_of(HEED_CLASS_BAD_MAILBOX, true), ==, HEED_VERDICT_HARD);
    g_assert_cmpint((int)heed_verdict_of(HEED_CLASS_BAD_MAILBOX, false), ==, HEED_VERDICT_SOFT);
    g_assert_cmpint((int)heed_verdict_of(HEED_CLASS_BAD_DOMAIN, false), ==, HEED_VERDICT_TRANSIENT);
    g_assert_cmpint((int)heed_verdict_of(HEED_CLASS_RELAY_DENIED, false), ==,
                    HEED_VERDICT_TRANSIENT);
    g_assert_cmpint((int)heed_verdict_of(HEED_CLASS_SUPPRESSED, true), ==, HEED_VERDICT_NONE);
    for (int class_ = HEED_CLASS_BAD_SENDER; class_ <= HEED_CLASS_TLS; class_++)
        g_assert_cmpint((int)heed_verdict_of((HeedClass)class_, true), !=, HEED_VERDICT_HARD);
    g_assert_cmpint((int)heed_verdict_of(HEED_CLASS_NONE, true), ==, HEED_VERDICT_UNSET);
}

/* One alias with two members, and how the report's recipients end up. */
static void
test_several(void)
{
    static const struct {
        const char *final[2];
        HeedVerdict given[2];
        HeedVerdict want[2];
    } cases[] = {
        {{"a@example.net", "b@example.net"},
         {HEED_VERDICT_HARD, HEED_VERDICT_SOFT},
         {HEED_VERDICT_SOFT, HEED_VERDICT_SOFT}},
        {{"a@example.net", "b@example.net"},
         {HEED_VERDICT_TRANSIENT, HEED_VERDICT_HARD},
         {HEED_VERDICT_TRANSIENT, HEED_VERDICT_SOFT}},
        {{"a@example.net", "b@example.net"},
         {HEED_VERDICT_HARD, HEED_VERDICT_UNSET},
         {HEED_VERDICT_SOFT, HEED_VERDICT_UNSET}},
        {{"a@example.net", "b@example.net"},
         {HEED_VERDICT_HARD, HEED_VERDICT_HARD},
         {HEED_VERDICT_HARD, HEED_VERDICT_HARD}},
        /* The same recipient twice is no alias. */
        {{"a@example.net", "a@example.net"},
         {HEED_VERDICT_HARD, HEED_VERDICT_TRANSIENT},
         {HEED_VERDICT_HARD, HEED_VERDICT_TRANSIENT}},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        HeedReport *report = heed_report_new();

        for (size_t j = 0; j < 2; j++) {
            HeedRecipient *recipient = heed_report_add_recipient(report);

            recipient->address = "team@example.org";
            recipient->final_recipient = cases[i].final[j];
            recipient->verdict = cases[i].given[j];
            recipient->rule = "status:5.1.1";
        }
        heed_classify_several(report);
        for (size_t j = 0; j < 2; j++) {
            const HeedRecipient *got = &g_array_index(report->recipients, HeedRecipient, j);

            g_assert_cmpint((int)got->verdict, ==, cases[i].want[j]);
            g_assert_cmpstr(got->rule, ==,
                            got->verdict == cases[i].given[j] ? "status:5.1.1"
                                                              : "status:5.1.1 (one of several)");
        }
        heed_report_free(report);
    }
}

static void
test_speed(void)
{
    const HeedClassifyInput input = {
        .action = HEED_ACTION_FAILED,
        .status = "5.1.1",
        .diagnostic =
            "550-5.1.1 The email account that you tried to reach does not exist. Please try "
            "550-5.1.1 double-checking the recipient's email address for typos or "
            "550 5.1.1 unnecessary spaces. (in reply to RCPT TO command)",
        .remote_mta = "gmail-smtp-in.l.google.com",
        .recipient = "someone@gmail.com"};
    const int rounds = g_test_perf() ? 1000000 : 1000;
    double each;

    g_test_timer_start();
    for (int i = 0; i < rounds; i++)
        g_assert_cmpint((int)heed_classify(&input, weak).verdict, ==, HEED_VERDICT_HARD);
    each = g_test_timer_elapsed() / rounds * 1e9;
    g_test_minimized_result(each, "%.0f ns a recipient", each);
}

int
main(int argc, char **argv)
{
    const char *const files[] = {HEED_SOURCE_DIR "/parsers/rules/weak.rules", NULL};
    const HeedRulesOptions options = {.files = files, .no_built_in = true};
    int status;

    g_test_init(&argc, &argv, NULL);
    weak = heed_rules_load(&options, NULL);
    g_assert_nonnull(weak);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *path = g_strconcat("/classify/rows/", rows[i].name, NULL);

        g_test_add_data_func(path, &rows[i], test_row);
    }
    g_test_add_func("/classify/labels", test_labels);
    g_test_add_func("/classify/provider", test_provider);
    g_test_add_func("/classify/verdicts", test_verdicts);
    g_test_add_func("/classify/several", test_several);
    g_test_add_func("/classify/speed", test_speed);
    status = g_test_run();
    heed_rules_free(weak);
    return status;
}
