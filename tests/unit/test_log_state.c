/* SPDX-License-Identifier: Apache-2.0 */
/* What a reader remembers, carried over to another one. */
#include <glib.h>
#include <string.h>

#include "parsers/log_state.h"

static const char before[] =
    "2026-01-02T03:04:01Z mx postfix/cleanup[1]: 4AAAAAAAAAA1: message-id=<one@example.com>\n"
    "2026-01-02T03:04:01Z mx postfix/qmgr[1]: 4AAAAAAAAAA1: from=<a@example.com>, size=1, nrcpt=2\n"
    "2026-01-02T03:04:02Z mx postfix/smtp[1]: 4AAAAAAAAAA1: to=<x@example.org>, "
    "relay=mx.example.org[192.0.2.7]:25, delay=1, dsn=4.2.2, status=deferred (host "
    "mx.example.org[192.0.2.7] said: 452 4.2.2 full (in reply to RCPT TO command))\n"
    "2026-01-02T03:04:02Z mx postfix/cleanup[1]: 4AAAAAAAAAA2: message-id=<two@example.com>\n"
    "2026-01-02T03:04:03Z mx postfix/qmgr[1]: 4AAAAAAAAAA2: from=<>, size=1, nrcpt=1\n"
    "2026-01-02T03:04:03Z mx postfix/cleanup[1]: 4AAAAAAAAAA3: message-id=<three@example.com>\n"
    "2026-01-02T03:04:03Z mx postfix/qmgr[1]: 4AAAAAAAAAA3: removed\n";

static const char after[] =
    "2026-01-07T03:04:01Z mx postfix/qmgr[1]: 4AAAAAAAAAA1: from=<a@example.com>, status=expired, "
    "returned to sender\n"
    "2026-01-07T03:04:02Z mx postfix/smtp[1]: 4AAAAAAAAAA2: to=<y@example.org>, relay=none, "
    "delay=1, dsn=2.0.0, status=sent (250 ok)\n"
    "2026-01-07T03:04:02Z mx postfix/smtp[1]: 4AAAAAAAAAA3: to=<z@example.org>, relay=none, "
    "delay=1, dsn=2.0.0, status=sent (250 ok)\n";

static void
take(const HeedLogEvent *event, void *data)
{
    g_string_append_printf(
        data, "%s %.*s %s%.*s%s %.*s %.*s %s;", heed_log_outcome_name(event->outcome),
        (int)event->recipient.length, event->recipient.at, event->sender.at != NULL ? "<" : "",
        (int)event->sender.length, event->sender.at != NULL ? event->sender.at : "",
        event->sender.at != NULL ? ">" : "", (int)event->message_id.length,
        event->message_id.at != NULL ? event->message_id.at : "", (int)event->relay_ip.length,
        event->relay_ip.at != NULL ? event->relay_ip.at : "", event->status);
}

static HeedLogReader *
read_text(const char *text, GByteArray *state, GString *events)
{
    const HeedLogSettings settings = {.format = HEED_LOG_POSTFIX, .reference = 1800000000};
    HeedLogReader *reader = heed_log_reader_new(&settings);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

    if (state != NULL)
        heed_log_state_load(reader, state->data, state->len);
    heed_log_reader_to(reader, events != NULL ? take : NULL, events);
    for (size_t i = 0; lines[i] != NULL; i++)
        (void)heed_log_reader_line(reader, lines[i], strlen(lines[i]));
    return reader;
}

static void
test_goes_over(void)
{
    g_autoptr(HeedLogReader) first = read_text(before, NULL, NULL);
    g_autoptr(GByteArray) state = g_byte_array_new();
    g_autoptr(GString) events = g_string_new(NULL);
    g_autoptr(HeedLogReader) second = NULL;

    heed_log_state_save(first, 10000, state);
    second = read_text(after, state, events);
    g_assert_cmpstr(events->str, ==,
                    "expired x@example.org <a@example.com> one@example.com 192.0.2.7 4.2.2;"
                    "delivered y@example.org <> two@example.com  2.0.0;"
                    "delivered z@example.org    2.0.0;");
}

/* Saved again, it is the same; and what has to be left out is what was not spoken of for longest.
 */
static void
test_same_and_less(void)
{
    g_autoptr(HeedLogReader) first = read_text(before, NULL, NULL);
    g_autoptr(GByteArray) state = g_byte_array_new();
    g_autoptr(GByteArray) again = g_byte_array_new();
    g_autoptr(GByteArray) less = g_byte_array_new();
    g_autoptr(GString) events = g_string_new(NULL);
    g_autoptr(HeedLogReader) second = NULL;
    g_autoptr(HeedLogReader) third = NULL;

    heed_log_state_save(first, 10000, state);
    second = read_text("", state, NULL);
    heed_log_state_save(second, 10000, again);
    g_assert_cmpuint(state->len, ==, again->len);
    g_assert_cmpint(memcmp(state->data, again->data, again->len), ==, 0);
    heed_log_state_save(first, 100, less);
    g_assert_cmpuint(less->len, <=, 100);
    third = read_text(after, less, events);
    g_assert_cmpstr(events->str, ==,
                    "delivered y@example.org <> two@example.com  2.0.0;"
                    "delivered z@example.org    2.0.0;");
}

/* Any beginning of it, and any byte of it changed, is read without harm. */
static void
test_broken(void)
{
    g_autoptr(HeedLogReader) first = read_text(before, NULL, NULL);
    g_autoptr(GByteArray) state = g_byte_array_new();

    heed_log_state_save(first, 10000, state);
    for (guint i = 0; i <= state->len; i++) {
        g_autoptr(HeedLogReader) reader = read_text("", NULL, NULL);
        g_autofree uint8_t *exact = g_memdup2(state->data, MAX(i, 1));

        heed_log_state_load(reader, exact, i);
        if (i < state->len) {
            state->data[i] ^= 0xff;
            heed_log_state_load(reader, state->data, state->len);
            state->data[i] ^= 0xff;
        }
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/log-state/goes-over", test_goes_over);
    g_test_add_func("/log-state/same-and-less", test_same_and_less);
    g_test_add_func("/log-state/broken", test_broken);
    return g_test_run();
}
