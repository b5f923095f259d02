/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include <sys/socket.h>
#include <unistd.h>

/* What reaches standard error, by a socket that gives one write a read. */
static char *
logged(const char *message)
{
    char got[200];
    int ends[2];
    int saved = dup(STDERR_FILENO);
    ssize_t length;

    g_assert_cmpint(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), ==, 0);
    g_assert_cmpint(dup2(ends[1], STDERR_FILENO), ==, STDERR_FILENO);
    heed_log(HEED_LOG_WARNING, "%s", message);
    g_assert_cmpint(dup2(saved, STDERR_FILENO), ==, STDERR_FILENO);
    (void)close(saved);
    (void)close(ends[1]);
    length = read(ends[0], got, sizeof(got));
    g_assert_cmpint(length, >=, 0);
    g_assert_cmpint(read(ends[0], got + length, 1), ==, 0);
    (void)close(ends[0]);
    return g_strndup(got, (gsize)length);
}

static void
test_disarms(void)
{
    static const struct {
        const char *message;
        const char *want;
    } rows[] = {
        {"plain", "heed: plain\n"},
        {"", "heed: \n"},
        {"two\nlines\r\tbell\a del\x7f", "heed: two?lines??bell? del?\n"},
        {"\033[31mred", "heed: ?[31mred\n"},
        {"c1 \xc2\x80 \xc2\x9b"
         "2J \xc2\x9f",
         "heed: c1 ? ?2J ?\n"},
        {"no c1 \xc2\xa0 gr\xc3\xbc\xc3\x9f \xf0\x9f\x93\xac",
         "heed: no c1 \xc2\xa0 gr\xc3\xbc\xc3\x9f \xf0\x9f\x93\xac\n"},
        {"latin \xe9t\xe9", "heed: latin ?t?\n"},
        {"raw c1 \x9b"
         "2J",
         "heed: raw c1 ?2J\n"},
        {"overlong \xc0\x9b surrogate \xed\xa0\x80", "heed: overlong ?? surrogate ???\n"},
        {"cut \xe2\x82", "heed: cut ??\n"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *got = logged(rows[i].message);

        g_assert_cmpstr(got, ==, rows[i].want);
    }
}

static void
test_level(void)
{
    g_autofree char *quiet = NULL;

    heed_log_set_level(HEED_LOG_ERROR);
    quiet = logged("hidden");
    heed_log_set_level(HEED_LOG_NOTICE);
    g_assert_cmpstr(quiet, ==, "");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/log/disarms", test_disarms);
    g_test_add_func("/log/level", test_level);
    return g_test_run();
}
