/* SPDX-License-Identifier: Apache-2.0 */
#include <glib.h>
#include <string.h>

#include "base/limits.h"
#include "ingest/digest.h"

/* A notice as its reporter wrote it, and the canonical form spelled out. */
#define PLAIN                                       \
    "From: mailer-daemon@example.net\n"             \
    "Subject: Undelivered Mail\n returned to you\n" \
    "Message-ID: <1@example.net>\n"                 \
    "\n"                                            \
    "Hello\n"                                       \
    "From here on\n"                                \
    "\n"                                            \
    "end\n"
#define CANONICAL                                \
    "from:mailer-daemon@example.net\n"           \
    "subject:Undelivered Mail returned to you\n" \
    "message-id:<1@example.net>\n"               \
    "\n"                                         \
    "Hello\n"                                    \
    "From here on\n"                             \
    "\n"                                         \
    "end\n"

typedef struct Row {
    const char *name;
    const char *input;
    const char *canonical;
} Row;

static const Row rows[] = {
    {"plain", PLAIN, CANONICAL},
    {"crlf",
     "From: mailer-daemon@example.net\r\nSubject: Undelivered Mail\r\n returned to you\r\n"
     "Message-ID: <1@example.net>\r\n\r\nHello\r\nFrom here on\r\n\r\nend\r\n",
     CANONICAL},
    {"cr-only",
     "From: mailer-daemon@example.net\rSubject: Undelivered Mail\r returned to you\r"
     "Message-ID: <1@example.net>\r\rHello\rFrom here on\r\rend\r",
     CANONICAL},
    {"mbox", "From mailer-daemon Mon Jan  1 00:00:00 2026\n" PLAIN "\n", CANONICAL},
    {"mbox-quoted",
     ">From mailer-daemon Mon Jan  1 00:00:00 2026\n"
     "From: mailer-daemon@example.net\nSubject: Undelivered Mail\n returned to you\n"
     "Message-ID: <1@example.net>\n\nHello\n>From here on\n\nend\n\n",
     CANONICAL},
    {"leading-blank-line", "\r\n\n" PLAIN, CANONICAL},
    {"without-last-newline",
     "From: mailer-daemon@example.net\nSubject: Undelivered Mail\n returned to you\n"
     "Message-ID: <1@example.net>\n\nHello\nFrom here on\n\nend",
     CANONICAL},
    {"delivered",
     "Return-Path: <>\nDelivered-To: bounces@example.com\nReceived: from mx.example.net\n"
     "\tby mx.example.com;\n\tMon, 1 Jan 2026 00:00:00 +0000\n"
     "RECEIVED-SPF: none\nARC-Seal: i=1;\n b=abc\nX-Spam-Status: No\nX-Spam: no\n"
     "Authentication-Results: mx.example.com; spf=none\n" PLAIN,
     CANONICAL},
    {"kept-in-a-store",
     "From: mailer-daemon@example.net\nStatus: RO\nX-Status: A\nX-UID: 17\nX-Mozilla-Status: 0001\n"
     "Subject:Undelivered Mail returned\n\tto you\nContent-Length: 31\nLines: 4\n"
     "MESSAGE-Id:  <1@example.net>  \nX-Keywords:\n  \nX-Gm-Message-State: abc\n\n"
     "Hello\nFrom here on\n\nend\n",
     CANONICAL},
    {"empty", "", ""},
    {"blank", "\n\r\n\n", ""},
    {"header-only", "Subject: a\n", "subject:a\n"},
    {"empty-body", "Subject: a\n\n\n", "subject:a\n"},
    {"no-header", "\n just  words \nand: more\n\nbody\n", "just words\nand:more\n\nbody\n"},
    {"blank-before-colon", "Subject : a\nReceived : b\n\nc", "subject:a\n\nc\n"},
    {"no-name", ": a\nb\n", ": a\nb\n"},
    {"empty-value", "Subject:\n  \n b\nTo:\n", "subject:b\nto:\n"},
    {"only-left-out", "Received: a\n\nbody", "\nbody\n"},
    {"body-keeps-received", "A: b\n\nReceived: c\n  d  e \n", "a:b\n\nReceived: c\n  d  e \n"},
    {"body-quotes", "A: b\n\n>>From x\n> From x\n>From\n", "a:b\n\nFrom x\n> From x\n>From\n"},
    {"lone-cr-in-lf", "A: b\n\nc\rd\r\r\ne\n\r", "a:b\n\nc\nd\n\ne\n"},
    {"sender-signs", "DKIM-Signature: v=1\nX-Failed-Recipients: a@example.org\n\n",
     "dkim-signature:v=1\nx-failed-recipients:a@example.org\n"},
    {"pattern-is-a-prefix", "X-Statuses: 1\nStat: 2\nArc: 3\nARC-: 4\n",
     "x-statuses:1\nstat:2\narc:3\n"},
};

static void
digest_hex(const void *bytes, size_t length, char out[2 * HEED_DIGEST_BYTES + 1])
{
    g_autoptr(GError) error = NULL;
    g_autoptr(HeedDigester) digester = heed_digester_new(&error);
    g_autofree uint8_t *exact = g_malloc(length);
    uint8_t digest[HEED_DIGEST_BYTES];

    g_assert_no_error(error);
    if (length > 0)
        memcpy(exact, bytes, length);
    heed_digester_digest(digester, "Subject: another before\n", 24, digest);
    heed_digester_digest(digester, exact, length, digest);
    for (size_t i = 0; i < sizeof(digest); i++)
        (void)g_snprintf(out + 2 * i, 3, "%02x", digest[i]);
}

static void
test_row(gconstpointer data)
{
    const Row *row = (const Row *)data;
    char got[2 * HEED_DIGEST_BYTES + 1];
    g_autofree char *want = g_compute_checksum_for_data(
        G_CHECKSUM_SHA256, (const uint8_t *)row->canonical, strlen(row->canonical));

    digest_hex(row->input, strlen(row->input), got);
    g_assert_cmpstr(got, ==, want);
}

/* What is stored in databases: this value may never change. */
static void
test_vector(void)
{
    char got[2 * HEED_DIGEST_BYTES + 1];

    digest_hex(PLAIN, strlen(PLAIN), got);
    g_assert_cmpstr(got, ==, "c727de1b00eddf86d80eebe673c721ff78542b3d4bde75763f1e651588333165");
}

static void
test_binary(void)
{
    static const char input[] = "A: b\0c\n\n\0\xff\n";
    static const char want[] = "a:b\0c\n\n\0\xff\n";
    char got[2 * HEED_DIGEST_BYTES + 1];
    g_autofree char *sum =
        g_compute_checksum_for_data(G_CHECKSUM_SHA256, (const uint8_t *)want, sizeof(want) - 1);

    digest_hex(input, sizeof(input) - 1, got);
    g_assert_cmpstr(got, ==, sum);
}

/* Copies of a great message that were cut at different places have one digest. */
static void
test_cut(void)
{
    g_autoptr(GString) first = g_string_new("Subject: a\n\n");
    g_autoptr(GString) second = g_string_new("Received: x\nSubject: a\n\n");
    g_autoptr(GString) other = g_string_new("Subject: b\n\n");
    char one[2 * HEED_DIGEST_BYTES + 1];
    char two[2 * HEED_DIGEST_BYTES + 1];

    while (first->len < HEED_LIMIT_DIGEST_BYTES + 1000) {
        g_string_append(first, "a line of some length that says nothing\n");
        g_string_append(second, "a line of some length that says nothing\n");
        g_string_append(other, "a line of some length that says nothing\n");
    }
    g_string_append(second, "and more of it");
    digest_hex(first->str, first->len, one);
    digest_hex(second->str, second->len, two);
    g_assert_cmpstr(one, ==, two);
    digest_hex(other->str, other->len, two);
    g_assert_cmpstr(one, !=, two);
}

/* Lines of one byte, of any kind, take time in proportion to their number. */
static void
test_linear(void)
{
    static const char *const ends[] = {"\r", "\n", "\r\n", "\r\r\n", "a\r", ">"};
    char got[2 * HEED_DIGEST_BYTES + 1];

    for (size_t i = 0; i < G_N_ELEMENTS(ends); i++) {
        g_autoptr(GString) mail = g_string_new("A: b\n\n");
        int64_t began = g_get_monotonic_time();

        while (mail->len < HEED_LIMIT_MESSAGE_BYTES)
            g_string_append(mail, ends[i]);
        digest_hex(mail->str, mail->len, got);
        g_assert_cmpint(g_get_monotonic_time() - began, <, 5 * G_USEC_PER_SEC);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *path = g_strconcat("/digest/", rows[i].name, NULL);

        g_test_add_data_func(path, &rows[i], test_row);
    }
    g_test_add_func("/digest/vector", test_vector);
    g_test_add_func("/digest/binary", test_binary);
    g_test_add_func("/digest/cut", test_cut);
    g_test_add_func("/digest/linear", test_linear);
    return g_test_run();
}
