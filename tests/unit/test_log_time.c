/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/date.h"
#include "parsers/log_time.h"
#include "parsers/report.h"

#include <glib.h>
#include <string.h>

/* Lines in their order, each with the time that is expected; "" is: not a time. */
typedef struct Row {
    const char *name;
    const char *reference;
    const char *zone; /* NULL is UTC */

    struct {
        const char *text;
        const char *want;
    } lines[5];

    uint64_t jumps;
} Row;

static const Row rows[] = {
    {"syslog", "2026-01-05T00:00:00Z", NULL, {{"Jan  2 03:04:05 host", "2026-01-02T03:04:05Z"}}, 0},
    {"two-digits", "2026-01-05T00:00:00Z", NULL, {{"Jan 02 03:04:05", "2026-01-02T03:04:05Z"}}, 0},
    {"last-year", "2026-01-05T00:00:00Z", NULL, {{"Dec 30 03:04:05", "2025-12-30T03:04:05Z"}}, 0},
    {"tomorrow-of-other-clock",
     "2025-12-31T23:59:00Z",
     NULL,
     {{"Jan  1 00:30:00", "2026-01-01T00:30:00Z"}},
     0},
    {"new-year",
     "2026-01-05T00:00:00Z",
     NULL,
     {{"Dec 31 23:59:59", "2025-12-31T23:59:59Z"}, {"Jan  1 00:00:00", "2026-01-01T00:00:00Z"}},
     0},
    {"back-over-new-year",
     "2026-01-05T00:00:00Z",
     NULL,
     {{"Jan  1 00:00:01", "2026-01-01T00:00:01Z"},
      {"Dec 31 23:59:59", "2025-12-31T23:59:59Z"},
      {"Jan  1 00:00:02", "2026-01-01T00:00:02Z"}},
     0},
    {"silent-for-months",
     "2026-12-05T00:00:00Z",
     NULL,
     {{"Jan  1 00:00:01", "2026-01-01T00:00:01Z"}, {"Nov 30 00:00:00", "2026-11-30T00:00:00Z"}},
     0},
    {"two-years-long",
     "2026-12-05T00:00:00Z",
     NULL,
     {{"2024-06-01T00:00:00Z", "2024-06-01T00:00:00Z"},
      {"Dec  1 00:00:00", "2024-12-01T00:00:00Z"},
      {"May  1 00:00:00", "2025-05-01T00:00:00Z"}},
     0},
    {"clock-set-back",
     "2026-12-05T00:00:00Z",
     NULL,
     {{"Aug 20 12:00:00", "2026-08-20T12:00:00Z"}, {"Aug 20 10:00:00", "2026-08-20T10:00:00Z"}},
     1},
    {"clock-set-far-back",
     "2026-08-21T00:00:00Z",
     NULL,
     {{"Aug 20 12:00:00", "2026-08-20T12:00:00Z"}, {"Aug  1 10:00:00", "2026-08-01T10:00:00Z"}},
     1},
    {"leap-day", "2026-08-21T00:00:00Z", NULL, {{"Feb 29 12:00:00", "2024-02-29T12:00:00Z"}}, 0},
    {"no-such-day", "2026-08-21T00:00:00Z", NULL, {{"Feb 30 12:00:00", ""}}, 0},
    {"no-such-month", "2026-08-21T00:00:00Z", NULL, {{"Foo 30 12:00:00", ""}}, 0},
    {"no-such-hour", "2026-08-21T00:00:00Z", NULL, {{"Jan  1 25:00:00", ""}}, 0},
    {"local",
     "2026-08-21T00:00:00Z",
     "Europe/Berlin",
     {{"Jan  2 03:04:05", "2026-01-02T02:04:05Z"}, {"Jul  2 03:04:05", "2026-07-02T01:04:05Z"}},
     0},
    {"hour-left-out",
     "2026-08-21T00:00:00Z",
     "Europe/Berlin",
     {{"Mar 29 02:30:00", "2026-03-29T01:30:00Z"}},
     0},
    {"rfc3339",
     "2026-08-21T00:00:00Z",
     NULL,
     {{"2026-01-02T03:04:05Z x", "2026-01-02T03:04:05Z"}},
     0},
    {"fraction-and-zone",
     "2026-08-21T00:00:00Z",
     NULL,
     {{"2026-01-02T03:04:05.123456+01:00 x", "2026-01-02T02:04:05Z"}},
     0},
    {"zone-without-colon",
     "2026-08-21T00:00:00Z",
     NULL,
     {{"2026-01-02T03:04:05-0530 x", "2026-01-02T08:34:05Z"}},
     0},
    {"exim",
     "2026-08-21T00:00:00Z",
     NULL,
     {{"2026-01-02 03:04:05 1ab", "2026-01-02T03:04:05Z"}},
     0},
    {"exim-zone",
     "2026-08-21T00:00:00Z",
     "Europe/Berlin",
     {{"2026-01-02 03:04:05.678 +0500 1ab", "2026-01-01T22:04:05Z"}},
     0},
    {"iso-local",
     "2026-08-21T00:00:00Z",
     "Europe/Berlin",
     {{"2026-01-02 03:04:05 1ab", "2026-01-02T02:04:05Z"}},
     0},
    {"iso-no-such-day", "2026-08-21T00:00:00Z", NULL, {{"2026-02-30T03:04:05Z", ""}}, 0},
    {"cut", "2026-08-21T00:00:00Z", NULL, {{"2026-01-02T03:04", ""}, {"Jan  2 03:04", ""}}, 0},
    {"empty", "2026-08-21T00:00:00Z", NULL, {{"", ""}}, 0},
};

static void
test_row(gconstpointer data)
{
    const Row *row = data;
    g_autoptr(GTimeZone) zone = row->zone == NULL ? NULL : g_time_zone_new_identifier(row->zone);
    HeedLogClock clock;
    int64_t reference;

    g_assert_true(row->zone == NULL || zone != NULL);
    g_assert_true(heed_date_parse_utc(row->reference, &reference));
    heed_log_clock_init(&clock, reference, zone);
    for (size_t i = 0; i < G_N_ELEMENTS(row->lines) && row->lines[i].text != NULL; i++) {
        size_t length = strlen(row->lines[i].text);
        g_autofree char *text = g_memdup2(row->lines[i].text, length);
        char got[HEED_DATE_TEXT_BYTES] = "";
        int64_t time;
        size_t used;

        if (heed_log_time_read(&clock, text, length, &time, &used)) {
            g_assert_cmpuint(used, <=, length);
            g_assert_true(heed_date_format(time, got));
        }
        g_assert_cmpstr(got, ==, row->lines[i].want);
    }
    g_assert_cmpuint(clock.jumps, ==, row->jumps);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *path = g_strdup_printf("/log_time/%s", rows[i].name);

        g_test_add_data_func(path, &rows[i], test_row);
    }
    return g_test_run();
}
