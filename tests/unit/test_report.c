/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"
#include "base/limits.h"
#include "parsers/date.h"
#include "parsers/report_json.h"

#include <string.h>

static void
check_text(void)
{
    static const struct {
        const char *input;
        const char *want;
    } rows[] = {
        {"plain", "plain"},
        {"  around\t", "around"},
        {"", NULL},
        {" \t\r\n ", NULL},
        {"a\r\nb\x01"
         "c\x7f"
         "d",
         "a  b c d"},
        {"gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f"},
        {"gr\xfc\xdf", "gr\xc3\xbc\xc3\x9f"},
        {"c1 \x85 \xc2\x85", "c1 \xef\xbf\xbd \xef\xbf\xbd"},
        {"surrogate \xed\xa0\x80", "surrogate \xc3\xad\xc2\xa0\xef\xbf\xbd"},
    };

    g_autoptr(HeedReport) report = heed_report_new();

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        g_assert_cmpstr(heed_report_text(report, rows[i].input, -1), ==, rows[i].want);
    g_assert_cmpstr(heed_report_text(report, "a\0b", 3), ==, "a b");
    g_assert_null(heed_report_text(report, NULL, -1));
}

/* Cut at the limit, and never inside a character. */
static void
check_long_text(void)
{
    g_autoptr(HeedReport) report = heed_report_new();
    g_autoptr(GString) text = g_string_new("x");
    const char *kept;

    while (text->len < HEED_LIMIT_FIELD_VALUE_BYTES * 3)
        g_string_append(text, "\xc3\xbc");
    kept = heed_report_text(report, text->str, (gssize)text->len);
    g_assert_cmpuint(strlen(kept), ==, HEED_LIMIT_FIELD_VALUE_BYTES - 1);
    g_assert_true(g_utf8_validate(kept, -1, NULL));
}

static void
check_warnings(void)
{
    g_autoptr(HeedReport) report = heed_report_new();

    for (int i = 0; i < 100; i++)
        heed_report_warn(report, "warning %d", i);
    g_assert_cmpuint(report->warnings->len, ==, HEED_LIMIT_WARNINGS);
    g_assert_cmpstr(report->warnings->pdata[1], ==, "warning 1");
}

static void
check_mail_dates(void)
{
    static const struct {
        const char *input;
        const char *want;
    } rows[] = {
        {"Fri, 2 Jan 2026 03:04:05 +0000", "2026-01-02T03:04:05Z"},
        {" fri,2 jan 2026 03:04:05 -0130 (XYZ)", "2026-01-02T04:34:05Z"},
        {"2 Jan 26 03:04 EST", "2026-01-02T08:04:00Z"},
        {"31 Dec 99 23:59:60 GMT", "2000-01-01T00:00:00Z"},
        {"Fri (a day), 2 (the) January 2026 03:04:05", "2026-01-02T03:04:05Z"},
        {"Fri Jan  2 03:04:05 2026", "2026-01-02T03:04:05Z"},
        {"02-Jan-2026 03:04:05 +0100", "2026-01-02T02:04:05Z"},
        {"Thu, 29 Feb 2024 00:00:00 +0000", "2024-02-29T00:00:00Z"},
        {"Sat, 29 Feb 2025 00:00:00 +0000", NULL},
        {"1 Jan 0001 00:00:00 +0000", "0001-01-01T00:00:00Z"},
        {"1 Jan 0001 00:00:00 +0100", NULL},
        {"31 Dec 9999 23:59:59 +0000", "9999-12-31T23:59:59Z"},
        {"32 Jan 2026 03:04:05 +0000", NULL},
        {"2 Jan 2026 24:04:05 +0000", NULL},
        {"2 Jan 2026", NULL},
        {"2 Foo 2026 03:04:05 +0000", NULL},
        {"2 Jan 99999999999999999999 03:04:05", NULL},
        {"", NULL},
        {"(", NULL},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        size_t length = strlen(rows[i].input);
        g_autofree char *exact = g_malloc(MAX(length, 1));
        char text[HEED_DATE_TEXT_BYTES];
        int64_t date;

        memcpy(exact, rows[i].input, length);
        date = heed_date_parse_mail(exact, length);
        g_test_message("%s", rows[i].input);
        if (rows[i].want == NULL) {
            g_assert_false(heed_date_format(date, text));
        } else {
            g_assert_true(heed_date_format(date, text));
            g_assert_cmpstr(text, ==, rows[i].want);
        }
    }
}

/* Each day of 800 years there and back, beside GLib's own calendar. */
static void
check_date_round_trip(void)
{
    for (int64_t day = -200000; day < 100000; day += 7) {
        int64_t date = day * 86400 + 12345;
        char text[HEED_DATE_TEXT_BYTES];
        g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(date);
        g_autofree char *want = g_date_time_format(time, "%Y-%m-%dT%H:%M:%SZ");
        int64_t back = 0;

        g_assert_true(heed_date_format(date, text));
        g_assert_cmpstr(text, ==, want);
        g_assert_true(heed_date_parse_utc(text, &back));
        g_assert_cmpint(back, ==, date);
    }
}

static char *
valid_json(void)
{
    g_autoptr(HeedReport) report = heed_report_new();
    HeedRecipient *recipient = heed_report_add_recipient(report);
    HeedFeedback *feedback = heed_report_feedback(report);
    GString *json = g_string_new(NULL);

    report->kind = HEED_KIND_BOUNCE;
    report->date = 0;
    report->message_id = heed_report_text(report, "\"quoted\\\" \xc3\xbc", -1);
    recipient->address = heed_report_text(report, "user@example.org", -1);
    recipient->address_source = HEED_ADDRESS_SOURCE_FINAL_RECIPIENT;
    recipient->action = HEED_ACTION_FAILED;
    recipient->status = heed_report_text(report, "5.1.1", -1);
    recipient->code = heed_report_text(report, "550", -1);
    recipient->class_ = HEED_CLASS_BAD_MAILBOX;
    recipient->verdict = HEED_VERDICT_HARD;
    recipient->last_attempt_date = 1;
    recipient->final_log_id = heed_report_text(report, "log-1", -1);
    recipient->will_retry_until = 2;
    report->dsn_gateway = heed_report_text(report, "gw.example.net", -1);
    report->received_from = heed_report_text(report, "out.example.com", -1);
    report->arrival_date = 3;
    feedback->has_auth_failure = true;
    feedback->auth_failure = heed_report_text(report, "spf", -1);
    g_ptr_array_add(feedback->field_names, (gpointer)(uintptr_t)heed_report_text(report, "X", -1));
    g_ptr_array_add(feedback->field_values, (gpointer)(uintptr_t)heed_report_text(report, "y", -1));
    heed_report_warn(report, "odd");
    heed_report_to_json(report, "a\xff\"b", json);
    return g_string_free(json, FALSE);
}

static void
check_json_round_trip(void)
{
    g_autofree char *json = valid_json();
    g_autoptr(GError) error = NULL;
    g_autoptr(HeedReport) report = heed_report_from_json(json, strlen(json), &error);
    g_autoptr(GString) again = g_string_new(NULL);

    g_assert_no_error(error);
    g_assert_nonnull(strstr(json, "\"message_id\":\"\\\"quoted\\\\\\\" \xc3\xbc\""));
    heed_report_to_json(report, "a\xff\"b", again);
    g_assert_cmpstr(again->str, ==, json);
    g_string_truncate(again, 0);
    heed_report_feedback_to_json(report, again);
    g_assert_cmpstr(again->str, ==,
                    "{\"incidents\":1,\"auth_failure\":{\"type\":\"spf\"},"
                    "\"fields\":[{\"name\":\"X\",\"value\":\"y\"}]}");
}

/* One change to valid JSON, each of which must be refused. */
static const struct {
    const char *name;
    const char *from;
    const char *to;
} hostile[] = {
    {"unknown-member", "\"warnings\":", "\"more\":1,\"warnings\":"},
    {"missing-member", "\"trust\":null,", ""},
    {"duplicate-member", "\"trust\":null,", "\"trust\":null,\"trust\":null,"},
    {"member-for-another", "\"trust\":null,", "\"thrust\":null,"},
    {"unknown-kind", "\"kind\":\"bounce\"", "\"kind\":\"bounces\""},
    {"kind-null", "\"kind\":\"bounce\"", "\"kind\":null"},
    {"kind-number", "\"kind\":\"bounce\"", "\"kind\":1"},
    {"class-case", "\"bad-mailbox\"", "\"Bad-Mailbox\""},
    {"empty-text", "\"user@example.org\"", "\"\""},
    {"blank-text", "\"user@example.org\"", "\" \""},
    {"text-untrimmed", "\"user@example.org\"", "\" user@example.org\""},
    {"text-number", "\"user@example.org\"", "5"},
    {"text-control", "\"user@example.org\"", "\"user\\u001b@example.org\""},
    {"text-newline", "\"user@example.org\"", "\"user\\n@example.org\""},
    {"text-nul", "\"user@example.org\"", "\"user\\u0000@example.org\""},
    {"text-not-utf8", "\"user@example.org\"", "\"user\xff@example.org\""},
    {"status", "\"5.1.1\"", "\"5.1\""},
    {"status-long", "\"5.1.1\"", "\"5.1.1111\""},
    {"status-class", "\"5.1.1\"", "\"3.1.1\""},
    {"status-tail", "\"5.1.1\"", "\"5.1.1x\""},
    {"code", "\"550\"", "\"650\""},
    {"code-long", "\"550\"", "\"5500\""},
    {"date", "\"1970-01-01T00:00:00Z\"", "\"1970-01-01 00:00:00\""},
    {"date-none", "\"1970-01-01T00:00:00Z\"", "\"1970-02-30T00:00:00Z\""},
    {"date-number", "\"1970-01-01T00:00:00Z\"", "0"},
    {"will-retry-until", "\"1970-01-01T00:00:02Z\"", "\"tomorrow\""},
    {"incidents-zero", "\"incidents\":1", "\"incidents\":0"},
    {"incidents-real", "\"incidents\":1", "\"incidents\":1.5"},
    {"incidents-huge", "\"incidents\":1", "\"incidents\":99999999999999999999"},
    {"list-object", "\"reported_uris\":[]", "\"reported_uris\":{}"},
    {"list-of-null", "\"reported_uris\":[]", "\"reported_uris\":[null]"},
    {"auth-failure-list", "\"auth_failure\":{", "\"auth_failure\":[{"},
    {"fields-member", "{\"name\":\"X\",", "{\"name\":\"X\",\"z\":1,"},
    {"feedback-text", "\"feedback\":{", "\"feedback\":\"\",\"x\":{"},
    {"recipients-null", "\"recipients\":[", "\"recipients\":null,\"x\":["},
    {"source", "\"source\":\"", "\"source\":1,\"x\":\""},
    {"garbage-behind", "\"warnings\":[\"odd\"]}", "\"warnings\":[\"odd\"]}}"},
    {"cut", "\"warnings\":[\"odd\"]}", "\"warnings\":[\"odd\"]"},
};

static char *
replaced(const char *text, const char *from, const char *to)
{
    const char *at = strstr(text, from);

    g_assert_nonnull(at);
    return g_strdup_printf("%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
}

static void
refuse(const char *json, size_t length)
{
    g_autofree char *exact = g_malloc(MAX(length, 1));
    g_autoptr(GError) error = NULL;
    g_autoptr(HeedReport) report = NULL;

    memcpy(exact, json, length);
    report = heed_report_from_json(exact, length, &error);
    g_assert_null(report);
    g_assert_error(error, HEED_ERROR, HEED_ERROR_DATA);
}

static void
check_hostile_json(void)
{
    g_autofree char *json = valid_json();

    for (size_t i = 0; i < G_N_ELEMENTS(hostile); i++) {
        g_autofree char *bad = replaced(json, hostile[i].from, hostile[i].to);

        g_test_message("%s", hostile[i].name);
        refuse(bad, strlen(bad));
    }
    for (size_t length = 0; length < strlen(json); length++)
        refuse(json, length);
}

static void
check_hostile_sizes(void)
{
    g_autofree char *json = valid_json();
    g_autofree char *text = g_strnfill(HEED_LIMIT_FIELD_VALUE_BYTES + 1, 'x');
    g_autofree char *quoted = g_strdup_printf("\"%s\"", text);
    g_autofree char *long_text = replaced(json, "\"user@example.org\"", quoted);
    g_autoptr(GString) items = g_string_new("\"reported_uris\":[\"x\"");
    g_autoptr(GString) deep = g_string_new(NULL);
    g_autofree char *long_list = NULL;

    refuse(long_text, strlen(long_text));
    for (size_t i = 0; i < HEED_LIMIT_REPORT_FIELDS; i++)
        g_string_append(items, ",\"x\"");
    g_string_append_c(items, ']');
    long_list = replaced(json, "\"reported_uris\":[]", items->str);
    refuse(long_list, strlen(long_list));
    for (size_t i = 0; i < 100000; i++)
        g_string_append_c(deep, '[');
    refuse(deep->str, deep->len);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/report/text", check_text);
    g_test_add_func("/report/long-text", check_long_text);
    g_test_add_func("/report/warnings", check_warnings);
    g_test_add_func("/date/mail", check_mail_dates);
    g_test_add_func("/date/round-trip", check_date_round_trip);
    g_test_add_func("/report-json/round-trip", check_json_round_trip);
    g_test_add_func("/report-json/hostile", check_hostile_json);
    g_test_add_func("/report-json/hostile-sizes", check_hostile_sizes);
    return g_test_run();
}
