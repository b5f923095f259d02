/* SPDX-License-Identifier: Apache-2.0 */
/* Which stream a report is about, from the bytes of a report and the matches of a configuration. */
#include "ingest/belief.h"
#include "ingest/streams.h"
#include "parsers/report_json.h"
#include "tests/support/parser.h"

#include <string.h>

/* --- one match against one value --- */

typedef struct MatchRow {
    const char *name;
    HeedStreamBy by;
    const char *pattern;
    const char *value; /* of what it looks at; NULL: unknown */
    bool want;
} MatchRow;

#define BOX      HEED_STREAM_BY_MAILBOX
#define LIST     HEED_STREAM_BY_LIST_ID
#define FEEDBACK HEED_STREAM_BY_FEEDBACK_ID
#define SENDER   HEED_STREAM_BY_SENDER_DOMAIN
#define HEADER   HEED_STREAM_BY_HEADER

static const MatchRow rows[] = {
    {"mailbox", BOX, "fbl", "fbl", true},
    {"mailbox-case", BOX, "fbl", "FBL", false},
    {"mailbox-other", BOX, "fbl", "fbl2", false},
    {"mailbox-files", BOX, "fbl", NULL, false},
    {"mailbox-no-star", BOX, "f*", "fbl", false},
    {"list", LIST, "news.example.com", "news.example.com", true},
    {"list-case", LIST, "News.example.com", "nEws.Example.COM", true},
    {"list-part", LIST, "news", "news.example.com", false},
    {"list-star-end", LIST, "news.*", "news.example.com", true},
    {"list-star-begin", LIST, "*.example.com", "news.example.com", true},
    {"list-star-middle", LIST, "news*com", "news.example.com", true},
    {"list-star-nothing", LIST, "news*.example.com", "news.example.com", true},
    {"list-star-alone", LIST, "*", "news.example.com", true},
    {"list-star-unknown", LIST, "*", NULL, false},
    {"list-stars", LIST, "*e*e*e*", "news.example.com", true},
    {"list-stars-too-many", LIST, "*e*e*e*e*", "news.example.com", false},
    {"list-star-again", LIST, "*abc", "ababcababc", true},
    {"list-star-not-again", LIST, "*abd", "ababcababc", false},
    {"list-longer", LIST, "news.example.com.au", "news.example.com", false},
    {"list-no-other-signs", LIST, "new?.example.com", "news.example.com", false},
    {"list-brackets-plain", LIST, "[n]ews", "news", false},
    {"feedback-first", FEEDBACK, "promo", "promo:cust7:mail:sender", true},
    {"feedback-middle", FEEDBACK, "cust7", "promo:cust7:mail:sender", true},
    {"feedback-last", FEEDBACK, "sender", "promo:cust7:mail:sender", true},
    {"feedback-star", FEEDBACK, "cust*", "promo:cust7:mail:sender", true},
    {"feedback-star-stays", FEEDBACK, "promo*sender", "promo:cust7:mail:sender", false},
    {"feedback-whole", FEEDBACK, "promo:*:sender", "promo:cust7:mail:sender", true},
    {"feedback-part", FEEDBACK, "cust", "promo:cust7:mail:sender", false},
    {"feedback-one", FEEDBACK, "promo", "promo", true},
    {"feedback-empty-parts", FEEDBACK, "mail", "::mail:", true},
    {"feedback-blanks", FEEDBACK, "mail", "promo : mail : sender", true},
    {"feedback-only-blanks", FEEDBACK, "mail", " : : ", false},
    {"feedback-unknown", FEEDBACK, "promo", NULL, false},
    {"sender", SENDER, "shop.example.com", "ann@shop.example.com", true},
    {"sender-below", SENDER, "example.com", "ann@shop.example.com", true},
    {"sender-above", SENDER, "shop.example.com", "ann@example.com", false},
    {"sender-suffix", SENDER, "example.com", "ann@notexample.com", false},
    {"sender-case", SENDER, "example.com", "ann@EXAMPLE.com", true},
    {"sender-no-address", SENDER, "example.com", "example.com", false},
    {"sender-unknown", SENDER, "example.com", NULL, false},
    {"header", HEADER, "promo*", "x-campaign:promo-7", true},
    {"header-case", HEADER, "Promo*", "x-campaign:PROMO-7", true},
    {"header-other", HEADER, "promo*", "x-campaigns:promo-7", false},
    {"header-value", HEADER, "promo*", "x-campaign:no promo", false},
    {"header-value-colon", HEADER, "a:b", "x-campaign:a:b", true},
    {"header-star", HEADER, "*", "x-campaign:anything", true},
    {"header-absent", HEADER, "*", NULL, false},
};

static void
test_match(gconstpointer data)
{
    const MatchRow *row = data;
    g_autoptr(GPtrArray) matches =
        g_ptr_array_new_with_free_func((GDestroyNotify)heed_stream_match_free);
    g_autoptr(HeedReport) report = heed_report_new();
    const char *got;

    g_ptr_array_add(
        matches,
        heed_stream_match_new(row->by, "s", row->by == HEADER ? "x-campaign" : NULL, row->pattern));
    if (row->by == LIST)
        report->original.list_id = row->value;
    if (row->by == FEEDBACK)
        report->original.feedback_id = row->value;
    if (row->by == SENDER)
        report->original.return_path = row->value;
    if (row->by == HEADER && row->value != NULL)
        heed_report_keep_header(report, row->value);
    got = heed_stream_find(matches, row->by == BOX ? row->value : NULL, report);
    g_assert_cmpstr(got, ==, row->want ? "s" : NULL);
}

/* Any of the senders that are known; the first match counts. */
static void
test_order(void)
{
    g_autoptr(GPtrArray) matches =
        g_ptr_array_new_with_free_func((GDestroyNotify)heed_stream_match_free);
    g_autoptr(HeedReport) report = heed_report_new();

    g_ptr_array_add(matches, heed_stream_match_new(SENDER, "receipts", NULL, "pay.example.com"));
    g_ptr_array_add(matches, heed_stream_match_new(LIST, "news", NULL, "news*"));
    g_ptr_array_add(matches, heed_stream_match_new(SENDER, "rest", NULL, "example.com"));
    g_assert_null(heed_stream_find(matches, NULL, report));
    heed_report_feedback(report)->original_mail_from = "b@example.com";
    g_assert_cmpstr(heed_stream_find(matches, NULL, report), ==, "rest");
    report->original.list_id = "news.example.com";
    g_assert_cmpstr(heed_stream_find(matches, NULL, report), ==, "news");
    report->original.from = "till@pay.example.com";
    g_assert_cmpstr(heed_stream_find(matches, NULL, report), ==, "receipts");
}

/* --- what an arrival gets --- */

static const struct {
    const char *name;
    const char *mailbox; /* that it came to; NULL: files */
    const char *had;     /* the stream it was stored with */
    const char *list_id; /* "": no report at all */
    const char *want;
} decided[] = {
    {"section", "fbl", "old", "news.example.com", "news"},
    {"section-of-files", NULL, NULL, "news.example.com", "news"},
    {"mailbox", "fbl", "old", "other", "complaints"},
    {"mailbox-without", "plain", "old", "other", NULL},
    {"mailbox-section", "receipts", NULL, "other", "receipts"},
    {"gone-mailbox", "gone", "old", "other", "old"},
    {"gone-mailbox-section", "gone", "old", "news.example.com", "news"},
    {"files", NULL, "old", "other", NULL},
    {"quarantined", "fbl", NULL, "", "complaints"},
};

static void
test_decided(gconstpointer data)
{
    size_t row = GPOINTER_TO_SIZE(data);
    static const char *const boxes[] = {"fbl", "plain", "receipts"};
    g_autoptr(GPtrArray) matches =
        g_ptr_array_new_with_free_func((GDestroyNotify)heed_stream_match_free);
    g_autoptr(GPtrArray) mailboxes =
        g_ptr_array_new_with_free_func((GDestroyNotify)heed_mailbox_free);
    g_autoptr(HeedArrival) arrival = heed_arrival_new();

    g_ptr_array_add(matches, heed_stream_match_new(LIST, "news", NULL, "news*"));
    g_ptr_array_add(matches, heed_stream_match_new(BOX, "receipts", NULL, "receipts"));
    for (size_t i = 0; i < G_N_ELEMENTS(boxes); i++)
        g_ptr_array_add(mailboxes, heed_mailbox_new(boxes[i]));
    ((HeedMailbox *)mailboxes->pdata[0])->stream = g_strdup("complaints");
    arrival->mailbox = g_strdup(decided[row].mailbox);
    arrival->stream = g_strdup(decided[row].had);
    if (*decided[row].list_id != '\0') {
        arrival->report = heed_report_new();
        arrival->report->original.list_id = decided[row].list_id;
    }
    heed_stream_decide(matches, mailboxes, arrival);
    g_assert_cmpstr(arrival->stream, ==, decided[row].want);
}

/* --- fields of the original on their way --- */

#define MAIL                                                                                 \
    "From: MAILER-DAEMON@mx.example.net\nTo: b@example.com\nSubject: x\nMIME-Version: 1.0\n" \
    "X-Campaign: of the report\n"                                                            \
    "Content-Type: multipart/report; boundary=b; report-type=delivery-status\n\n"            \
    "--b\nContent-Type: text/plain\n\nx\n\n--b\nContent-Type: message/delivery-status\n\n"   \
    "Reporting-MTA: dns; mx.example.net\n\nFinal-Recipient: rfc822; a@example.net\n"         \
    "Action: failed\nStatus: 5.1.1\n\n--b\nContent-Type: text/rfc822-headers\n\n"            \
    "From: news@example.com\nTo: a@example.net\n%s--b--\n"

static HeedReport *
read_mail(const char *fields)
{
    static const char *const names[] = {"x-campaign", "x-kind", NULL};
    const HeedParserSettings settings = {.original_headers = names};
    g_autoptr(HeedParser) parser = heed_test_parser_new(&settings);
    const HeedParseContext context = {0};
    g_autofree char *mail = g_strdup_printf(MAIL, fields);

    return heed_parser_read(parser, mail, strlen(mail), &context);
}

static const struct {
    const char *name;
    const char *fields;
    const char *want; /* lines */
} kept[] = {
    {"none", "", ""},
    {"one", "X-Campaign: promo-7\n", "x-campaign:promo-7\n"},
    {"folded", "X-Campaign: promo\n 7\n", "x-campaign:promo 7\n"},
    {"encoded", "X-Campaign: =?utf-8?q?f=C3=BCr?=\n", "x-campaign:für\n"},
    {"empty", "X-Campaign:\n", "x-campaign:\n"},
    {"others", "X-Other: a\nX-KIND: b\n", "x-kind:b\n"},
    {"several", "X-Campaign: a\nX-Campaign: b\nX-Kind: c\n",
     "x-campaign:a\nx-campaign:b\nx-kind:c\n"},
};

static void
check_kept(const HeedReport *report, const char *want)
{
    g_autoptr(GString) lines = g_string_new(NULL);

    for (guint i = 0; report->original_headers != NULL && i < report->original_headers->len; i++)
        g_string_append_printf(lines, "%s\n", (const char *)report->original_headers->pdata[i]);
    g_assert_cmpstr(lines->str, ==, want);
}

/* Kept by the parser, handed over beside the JSON, which says nothing of it. */
static void
test_kept(gconstpointer data)
{
    size_t row = GPOINTER_TO_SIZE(data);
    g_autoptr(HeedReport) report = read_mail(kept[row].fields);
    g_autoptr(GString) json = g_string_new(NULL);
    g_autofree char *headers = g_strdup(kept[row].want);
    g_autoptr(HeedArrival) arrival = heed_arrival_new();
    const HeedPipelineOptions options = {0};
    g_autoptr(GError) error = NULL;
    g_autoptr(HeedReport) again = NULL;
    HeedAnswer answer;

    check_kept(report, kept[row].want);
    heed_report_to_json(report, "x", json);
    g_assert_null(strstr(json->str, "x-kind"));
    answer = (HeedAnswer){.json = json->str, .json_length = json->len, .headers = headers};
    again = heed_belief_report(&options, arrival, &answer, &error);
    g_assert_no_error(error);
    check_kept(again, kept[row].want);
}

/* So many and so long, whoever writes them. */
static void
test_limits(void)
{
    g_autoptr(HeedReport) report = heed_report_new();
    g_autofree char *filling = g_strnfill(HEED_ORIGINAL_HEADER_BYTES - 3, 'v');
    g_autofree char *line = g_strconcat("x:", filling, "ü", NULL);

    heed_report_keep_header(report, "no colon");
    heed_report_keep_header(report, "");
    g_assert_cmpuint(report->original_headers->len, ==, 0);
    for (unsigned i = 0; i < HEED_ORIGINAL_HEADERS_MOST + 5; i++)
        heed_report_keep_header(report, line);
    g_assert_cmpuint(report->original_headers->len, ==, HEED_ORIGINAL_HEADERS_MOST);
    /* Cut before the letter that does not fit. */
    g_assert_cmpuint(strlen(report->original_headers->pdata[0]), ==,
                     HEED_ORIGINAL_HEADER_BYTES - 1);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *path = g_strconcat("/streams/match/", rows[i].name, NULL);

        g_test_add_data_func(path, &rows[i], test_match);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(decided); i++) {
        g_autofree char *path = g_strconcat("/streams/decided/", decided[i].name, NULL);

        g_test_add_data_func(path, GSIZE_TO_POINTER(i), test_decided);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(kept); i++) {
        g_autofree char *path = g_strconcat("/streams/kept/", kept[i].name, NULL);

        g_test_add_data_func(path, GSIZE_TO_POINTER(i), test_kept);
    }
    g_test_add_func("/streams/order", test_order);
    g_test_add_func("/streams/limits", test_limits);
    return g_test_run();
}
