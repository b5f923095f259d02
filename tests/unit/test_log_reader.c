/* SPDX-License-Identifier: Apache-2.0 */
#include "base/limits.h"
#include "parsers/log_join.h"
#include "parsers/log_reader.h"

#include <glib.h>
#include <string.h>

static HeedSpan
span(const char *text)
{
    return (HeedSpan){text, strlen(text)};
}

static void
check_span(HeedSpan got, const char *want)
{
    g_autofree char *text = got.at == NULL ? NULL : g_strndup(got.at, got.length);

    g_assert_cmpstr(text, ==, want);
}

static void
test_join(void)
{
    g_autoptr(HeedLogJoin) join = heed_log_join_new(2, 1U << 20);

    heed_log_join_set_sender(join, span("A"), span("a@example.com"));
    heed_log_join_set_sender(join, span("B"), span(""));
    heed_log_join_set_message_id(join, span("A"), span("1@example.com"));
    heed_log_join_set_sender(join, span("C"), span("c@example.com"));
    /* B was not spoken of for longest. */
    g_assert_null(heed_log_join_find(join, span("B")));
    g_assert_cmpuint(heed_log_join_evicted(join), ==, 1);
    check_span(heed_log_join_find(join, span("A"))->sender, "a@example.com");
    check_span(heed_log_join_find(join, span("A"))->message_id, "1@example.com");
    check_span(heed_log_join_find(join, span("C"))->message_id, NULL);
    heed_log_join_set_sender(join, span("A"), span(""));
    check_span(heed_log_join_find(join, span("A"))->sender, "");
    heed_log_join_remove(join, span("A"));
    g_assert_null(heed_log_join_find(join, span("A")));
    heed_log_join_remove(join, span("A"));
    g_assert_null(heed_log_join_find(join, span("")));
}

/* However much is said of messages, the table keeps to its bytes. */
static void
test_join_bytes(void)
{
    g_autoptr(HeedLogJoin) join = heed_log_join_new(1000, 20000);
    g_autofree char *long_text = g_strnfill(3000, 'x');

    for (int i = 0; i < 1000; i++) {
        g_autofree char *id = g_strdup_printf("Q%d", i);
        HeedLogEvent event = HEED_LOG_EVENT_UNKNOWN;

        event.queue_id = span(id);
        event.reply = span(long_text);
        for (int to = 0; to < 3; to++) {
            g_autofree char *recipient = g_strdup_printf("%d@example.net", to % 2);

            event.recipient = span(recipient);
            heed_log_join_defer(join, &event);
        }
        g_assert_cmpuint(heed_log_join_find(join, span(id))->pending->len, ==, 2);
        heed_log_join_settle(join, span(id), span("0@example.net"));
        g_assert_cmpuint(heed_log_join_find(join, span(id))->pending->len, ==, 1);
    }
    g_assert_cmpuint(heed_log_join_evicted(join), >, 990);
}

static void
test_join_pending_limit(void)
{
    g_autoptr(HeedLogJoin) join = heed_log_join_new(10, 1U << 20);
    HeedLogEvent event = HEED_LOG_EVENT_UNKNOWN;

    event.queue_id = span("A");
    for (unsigned int i = 0; i < HEED_LIMIT_LOG_PENDING + 10; i++) {
        g_autofree char *recipient = g_strdup_printf("%u@example.net", i);

        event.recipient = span(recipient);
        heed_log_join_defer(join, &event);
    }
    g_assert_cmpuint(heed_log_join_find(join, span("A"))->pending->len, ==, HEED_LIMIT_LOG_PENDING);
}

static void
count_event(const HeedLogEvent *event, void *data)
{
    (void)event;
    (*(unsigned int *)data)++;
}

static void
test_long_line(void)
{
    const HeedLogSettings settings = {.format = HEED_LOG_POSTFIX, .reference = 1768003200};
    g_autoptr(HeedLogReader) reader = heed_log_reader_new(&settings);
    size_t length = HEED_LIMIT_LOG_LINE_BYTES + 1;
    g_autofree char *line = g_strnfill(length, 'x');
    const HeedLogCounts *counts;
    unsigned int events = 0;

    heed_log_reader_to(reader, count_event, &events);
    g_assert_cmpint(heed_log_reader_line(reader, line, length), ==, HEED_LOG_LONG);
    heed_log_reader_skip(reader);
    g_assert_cmpint(heed_log_reader_line(reader, line, length - 1), ==, HEED_LOG_TIME);
    counts = heed_log_reader_counts(reader);
    g_assert_cmpuint(counts->troubles[HEED_LOG_LONG], ==, 2);
    g_assert_cmpuint(counts->first[HEED_LOG_TIME], ==, 3);
    g_assert_cmpuint(events, ==, 0);
}

/* Lines read again for what they say of messages count nothing, and what follows is joined. */
static void
test_read_again(void)
{
    static const char known[] =
        "Jan  2 03:04:05 h postfix/qmgr[1]: ABCDEF: from=<s@example.com>, size=1, nrcpt=1 (queue active)";
    static const char sent[] = "Jan  2 03:04:05 h postfix/smtp[1]: ABCDEF: to=<a@example.net>, "
                               "relay=none, delay=1, dsn=2.0.0, status=sent (250 ok)";
    const HeedLogSettings settings = {.format = HEED_LOG_POSTFIX, .reference = 1768003200};
    g_autoptr(HeedLogReader) reader = heed_log_reader_new(&settings);
    const HeedLogCounts *counts = heed_log_reader_counts(reader);
    unsigned int events = 0;

    (void)heed_log_reader_line(reader, known, strlen(known));
    (void)heed_log_reader_line(reader, sent, strlen(sent));
    g_assert_cmpuint(counts->lines, ==, 0);
    heed_log_reader_to(reader, count_event, &events);
    (void)heed_log_reader_line(reader, sent, strlen(sent));
    counts = heed_log_reader_counts(reader);
    g_assert_cmpuint(counts->lines, ==, 1);
    g_assert_cmpuint(counts->events, ==, 1);
    g_assert_cmpuint(counts->unjoined, ==, 0);
    g_assert_cmpuint(events, ==, 1);
}

static void
test_names(void)
{
    HeedLogFormat format;

    for (int i = 0; heed_log_format_name((HeedLogFormat)i) != NULL; i++) {
        g_assert_true(heed_log_format_from_name(heed_log_format_name((HeedLogFormat)i), &format));
        g_assert_cmpint(format, ==, i);
    }
    g_assert_false(heed_log_format_from_name("sendmail", &format));
    for (int i = 0; i < HEED_LOG_TROUBLES; i++)
        g_assert_nonnull(heed_log_trouble_words((HeedLogTrouble)i));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/log_reader/join", test_join);
    g_test_add_func("/log_reader/join-bytes", test_join_bytes);
    g_test_add_func("/log_reader/join-pending-limit", test_join_pending_limit);
    g_test_add_func("/log_reader/long-line", test_long_line);
    g_test_add_func("/log_reader/read-again", test_read_again);
    g_test_add_func("/log_reader/names", test_names);
    return g_test_run();
}
