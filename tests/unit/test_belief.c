/* SPDX-License-Identifier: Apache-2.0 */
/* What becomes of a report by the tokens in it, read from mail to its end. */
#include "ingest/belief.h"
#include "parsers/report_json.h"
#include "parsers/token_report.h"
#include "tests/support/parser.h"

#include <string.h>

#define KEY_A "a:QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=\n"
#define KEY_B "b:QkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkI=\n"

#define DAY_SECONDS INT64_C(86400)
#define NOW         (INT64_C(20468) * DAY_SECONDS) /* 2026-01-15 */
#define LAST_DAY    INT64_C(20558)

/* What a report is made of, and what it comes to. */
typedef struct Case {
    const char *name;
    const char *to;    /* its To: "path:ADDRESS", "forged-path:ADDRESS" or text */
    const char *field; /* Heed-Token of the original: "header:ADDRESS", "forged-…", text or NULL */
    const char *final; /* the recipient; NULL: a complaint */
    const char *more;  /* another recipient, or NULL */
    int64_t after;     /* days that it comes after the token was made */
    HeedTrust trust;
    const char *address;
    HeedAddressSource source;
    const char *warning; /* part of one, or NULL: none of tokens */
} Case;

#define SIGNED  HEED_TRUST_SIGNED
#define LIKELY  HEED_TRUST_PLAUSIBLE
#define TOKEN   HEED_ADDRESS_SOURCE_TOKEN
#define VERP    HEED_ADDRESS_SOURCE_VERP
#define FINAL   HEED_ADDRESS_SOURCE_FINAL_RECIPIENT
#define NOBODY  HEED_ADDRESS_SOURCE_NONE
#define ANN     "ann@example.org"
#define VICTIM  "victim@example.net"
#define FORGED  "altered or forged"
#define BOUNCES "bounces@example.com"

static const Case cases[] = {
    {"path", "path:" ANN, NULL, ANN, NULL, 0, SIGNED, ANN, TOKEN, NULL},
    {"header", BOUNCES, "header:" ANN, ANN, NULL, 0, SIGNED, ANN, TOKEN, NULL},
    {"both", "path:" ANN, "header:" ANN, ANN, NULL, 0, SIGNED, ANN, TOKEN, NULL},
    {"last-day", "path:" ANN, NULL, ANN, NULL, 90, SIGNED, ANN, TOKEN, NULL},
    {"forwarded", "path:" ANN, NULL, "ann@home.example", NULL, 0, SIGNED, ANN, TOKEN, NULL},
    /* What a forger has: no token, one of his own making, an old one, one that he was sent. */
    {"none", BOUNCES, NULL, VICTIM, NULL, 0, LIKELY, VICTIM, FINAL, NULL},
    {"plain-verp", "bounces+victim=example.net@example.com", NULL, VICTIM, NULL, 0, LIKELY, VICTIM,
     FINAL, NULL},
    {"forged-path", "forged-path:" VICTIM, NULL, VICTIM, NULL, 0, LIKELY, VICTIM, FINAL, FORGED},
    {"forged-header", BOUNCES, "forged-header:" VICTIM, VICTIM, NULL, 0, LIKELY, VICTIM, FINAL,
     FORGED},
    {"garbage-header", BOUNCES, "true", VICTIM, NULL, 0, LIKELY, VICTIM, FINAL,
     "a token in it is none"},
    {"expired", "path:" ANN, NULL, ANN, NULL, 91, LIKELY, ANN, FINAL, "has expired"},
    {"expired-header", BOUNCES, "header:" ANN, ANN, NULL, 91, LIKELY, ANN, FINAL, "has expired"},
    {"own-token-for-victim", "path:" ANN, NULL, VICTIM, NULL, 0, SIGNED, ANN, TOKEN, NULL},
    {"own-and-forged", "path:" ANN, "forged-header:" VICTIM, VICTIM, NULL, 0, SIGNED, ANN, TOKEN,
     FORGED},
    {"two-that-differ", "path:" ANN, "header:bob@example.org", VICTIM, NULL, 0, LIKELY, ANN, VERP,
     "name different recipients"},
    {"victim-beside-himself", "path:" ANN, NULL, ANN, VICTIM, 0, LIKELY, ANN, FINAL, NULL},
    /* Complaints. */
    {"complaint-path", "path:" ANN, NULL, NULL, NULL, 0, SIGNED, ANN, TOKEN, NULL},
    {"complaint-header", BOUNCES, "header:" ANN, NULL, NULL, 0, SIGNED, ANN, TOKEN, NULL},
    {"complaint-forged", BOUNCES, "forged-header:" ANN, NULL, NULL, 0, LIKELY, NULL, NOBODY,
     FORGED},
    {"complaint-of-a-role", BOUNCES, "header:abuse@example.org", NULL, NULL, 0, LIKELY, NULL,
     NOBODY, NULL},
    {"complaint-of-ourselves", BOUNCES, "header:joe@example.com", NULL, NULL, 0, LIKELY, NULL,
     NOBODY, NULL},
};

/* "path:ADDRESS" and so on as what stands in the mail. */
static char *
spell(const HeedTokenKeys *keys, const char *what)
{
    g_autoptr(GString) out = g_string_new(NULL);
    bool forged = g_str_has_prefix(what, "forged-");

    what += forged ? strlen("forged-") : 0;
    if (g_str_has_prefix(what, "path:"))
        g_assert_true(heed_token_make_return_path(keys, what + strlen("path:"), "b@example.com",
                                                  LAST_DAY, out, NULL));
    else if (g_str_has_prefix(what, "header:"))
        heed_token_make_header(keys, what + strlen("header:"), LAST_DAY, out);
    else
        g_string_append(out, what);
    if (forged) /* a letter of its MAC */
        out->str[12] = out->str[12] == 'a' ? 'b' : 'a';
    return g_strdup(out->str);
}

static char *
compose(const HeedTokenKeys *keys, const Case *row)
{
    g_autofree char *to = spell(keys, row->to);
    g_autofree char *token = row->field == NULL ? NULL : spell(keys, row->field);
    g_autoptr(GString) mail = g_string_new(NULL);

    g_string_append_printf(mail,
                           "From: MAILER-DAEMON@mx.example.net\nTo: <%s>\nSubject: report\n"
                           "MIME-Version: 1.0\nContent-Type: multipart/report; boundary=b;\n"
                           " report-type=%s\n\n--b\nContent-Type: text/plain\n\nx\n\n--b\n",
                           to, row->final == NULL ? "feedback-report" : "delivery-status");
    if (row->final == NULL)
        g_string_append(mail, "Content-Type: message/feedback-report\n\nFeedback-Type: abuse\n"
                              "User-Agent: x/1\nVersion: 1\n");
    else
        g_string_append_printf(mail,
                               "Content-Type: message/delivery-status\n\n"
                               "Reporting-MTA: dns; mx.example.net\n\n"
                               "Final-Recipient: rfc822; %s\nAction: failed\nStatus: 5.1.1\n",
                               row->final);
    if (row->more != NULL)
        g_string_append_printf(
            mail, "\nFinal-Recipient: rfc822; %s\nAction: failed\nStatus: 5.1.1\n", row->more);
    g_string_append_printf(mail,
                           "\n--b\nContent-Type: text/rfc822-headers\n\nFrom: news@example.com\n"
                           "Subject: news\n%s%s%sMessage-ID: <1@example.com>\n\n--b--\n",
                           token != NULL ? "Heed-Token: " : "", token != NULL ? token : "",
                           token != NULL ? "\n" : "");
    return g_string_free(g_steal_pointer(&mail), FALSE);
}

static void
check_report(const Case *row, const HeedReport *report)
{
    const HeedRecipient *first = &g_array_index(report->recipients, HeedRecipient, 0);
    bool warned = false;

    g_assert_cmpstr(heed_trust_name(report->trust), ==, heed_trust_name(row->trust));
    g_assert_cmpuint(report->recipients->len, ==, row->more != NULL ? 2 : 1);
    g_assert_cmpstr(first->address, ==, row->address);
    g_assert_cmpstr(heed_address_source_name(first->address_source), ==,
                    heed_address_source_name(row->source));
    for (guint i = 0; i < report->warnings->len; i++) {
        const char *warning = (const char *)report->warnings->pdata[i];

        if (strstr(warning, "token") == NULL)
            continue;
        warned = true;
        g_assert_nonnull(row->warning);
        g_assert_nonnull(strstr(warning, row->warning));
    }
    g_assert_cmpint(warned, ==, row->warning != NULL);
}

static const char *const domains[] = {"example.com", NULL};
static HeedParser *parser; /* of the process, told these domains */

/* In one process, as a worker's answer, and as a line. */
static void
check_case(gconstpointer data)
{
    const Case *row = (const Case *)data;
    g_autoptr(HeedTokenKeys) keys = heed_token_keys_parse(KEY_B KEY_A, "k", NULL);
    HeedPipelineOptions options = {.parser = {.domains = domains}, .token_keys = keys};
    g_autoptr(HeedArrival) arrival = heed_arrival_new();
    g_autofree char *mail = compose(keys, row);
    g_autoptr(HeedReport) read = heed_parser_read(parser, mail, strlen(mail), NULL);
    g_autoptr(GString) json = g_string_new(NULL);
    g_autoptr(GString) tokens = g_string_new(NULL);
    g_autoptr(HeedReport) answered = NULL;
    g_autoptr(HeedReport) line = NULL;
    g_autoptr(GError) error = NULL;
    HeedAnswer answer;

    arrival->received_at = NOW + row->after * DAY_SECONDS;
    g_assert_cmpint(read->trust, <, HEED_TRUST_SIGNED);
    for (guint i = 0; read->tokens != NULL && i < read->tokens->len; i++)
        g_string_append_printf(tokens, "%s\n", (const char *)read->tokens->pdata[i]);
    heed_report_to_json(read, NULL, json);
    answer = (HeedAnswer){.json = json->str,
                          .json_length = json->len,
                          .tokens = read->tokens != NULL ? tokens->str : NULL};
    answered = heed_belief_report(&options, arrival, &answer, &error);
    g_assert_no_error(error);
    check_report(row, answered);
    g_assert_true(heed_belief_line(&options, arrival, &answer, &error));
    line = heed_report_from_json(arrival->json, strlen(arrival->json), &error);
    g_assert_no_error(error);
    check_report(row, line);
    heed_belief_tokens(&options, arrival, read);
    check_report(row, read);
}

/* Without keys nothing is said of tokens, and nothing signed. */
static void
test_no_keys(void)
{
    g_autoptr(HeedTokenKeys) keys = heed_token_keys_parse(KEY_A, "k", NULL);
    HeedPipelineOptions options = {.parser = {.domains = domains}};
    g_autoptr(HeedArrival) arrival = heed_arrival_new();
    g_autofree char *mail = compose(keys, &cases[0]);
    g_autoptr(HeedReport) report = heed_parser_read(parser, mail, strlen(mail), NULL);
    guint warnings = report->warnings->len;

    heed_belief_tokens(&options, arrival, report);
    g_assert_cmpint(report->trust, ==, HEED_TRUST_PLAUSIBLE);
    g_assert_cmpuint(report->warnings->len, ==, warnings);
}

/* Claims of a worker, with letters escaped, too. */
static void
test_claims(void)
{
    static const char *const claims[] = {"\"signed\"", "\"\\u0073igned\"",
                                         "\"\\u0073\\u0069\\u0067\\u006e\\u0065\\u0064\""};
    HeedPipelineOptions options = {0};
    g_autoptr(HeedReport) report = heed_report_new();
    g_autoptr(GString) json = g_string_new(NULL);

    report->trust = HEED_TRUST_PLAUSIBLE;
    heed_report_to_json(report, NULL, json);
    for (size_t i = 0; i < G_N_ELEMENTS(claims); i++) {
        g_autoptr(HeedArrival) arrival = heed_arrival_new();
        g_autoptr(GError) error = NULL;
        g_autoptr(GString) forged = g_string_new(json->str);
        HeedAnswer answer;

        g_assert_cmpuint(g_string_replace(forged, "\"plausible\"", claims[i], 0), ==, 1);
        answer = (HeedAnswer){.json = forged->str, .json_length = forged->len};
        g_assert_false(heed_belief_line(&options, arrival, &answer, &error));
        g_assert_nonnull(error);
        g_assert_null(arrival->json);
        g_clear_error(&error);
        g_assert_null(heed_belief_report(&options, arrival, &answer, &error));
        g_assert_nonnull(error);
    }
}

int
main(int argc, char **argv)
{
    const HeedParserSettings settings = {.domains = domains};
    int failed;

    g_test_init(&argc, &argv, NULL);
    parser = heed_test_parser_new(&settings);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strconcat("/belief/", cases[i].name, NULL);

        g_test_add_data_func(path, &cases[i], check_case);
    }
    g_test_add_func("/belief/no-keys", test_no_keys);
    g_test_add_func("/belief/claims", test_claims);
    failed = g_test_run();
    heed_parser_free(parser);
    return failed;
}
