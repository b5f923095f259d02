/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* tee */
#include "cli/log_guess.h"

#include "base/cleanup.h"
#include "ingest/log_bytes.h"
#include "ingest/log_clerk.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Of a file, to tell a log from mail. */
#define LOOKED_AT_BYTES 4096U

/* --- the beginning --- */

/* A pipe with what is in the one that is standard input, and stays there; -1: none. Waits for it.
 */
static int
copy_of_pipe(void)
{
    int ends[2];
    bool copied;

    if (pipe2(ends, O_CLOEXEC) != 0)
        return -1;
    copied = tee(STDIN_FILENO, ends[1], LOOKED_AT_BYTES, 0) > 0;
    (void)close(ends[1]);
    if (copied)
        return ends[0];
    (void)close(ends[0]);
    return -1;
}

/* Whatever is read from it is not taken from whoever reads the file later. -1: it is no file that
 * one may look into. */
static int
open_beginning(const char *path)
{
    bool is_stdin = strcmp(path, "-") == 0;
    struct stat status;

    if (is_stdin && fstat(STDIN_FILENO, &status) == 0 && S_ISFIFO(status.st_mode))
        return copy_of_pipe();
    if (is_stdin)
        path = "/dev/stdin";
    return g_file_test(path, G_FILE_TEST_IS_REGULAR) ? open(path, O_RDONLY | O_CLOEXEC) : -1;
}

static GBytes *
read_plain(const char *path)
{
    g_auto(HeedFd) fd = open_beginning(path);
    g_autofree char *bytes = g_malloc(LOOKED_AT_BYTES);
    ssize_t length = fd < 0 ? -1 : read(fd, bytes, LOOKED_AT_BYTES);

    return length <= 0 ? NULL : g_bytes_new(bytes, (gsize)length);
}

static GBytes *
read_packed(const char *path)
{
    static const HeedLogJob job = {.format = HEED_LOG_POSTFIX}; /* which does not matter here */
    g_auto(HeedFd) fd = open_beginning(path);
    g_autoptr(HeedLogClerk) clerk = heed_log_clerk_new(&job, NULL);
    g_autoptr(GError) reason = NULL;
    bool cut;

    return fd < 0 ? NULL : heed_log_clerk_open(clerk, fd, &cut, &reason);
}

/* --- what it is --- */

/* Whether all whole lines of the beginning are of the format, and not all are empty. */
static bool
is_of_format(const char *bytes, size_t length, HeedLogFormat format)
{
    const HeedLogSettings settings = {.format = format,
                                      .reference = g_get_real_time() / G_USEC_PER_SEC};
    g_autoptr(HeedLogReader) reader = heed_log_reader_new(&settings);
    const char *end = bytes + length;
    const char *line_end;
    bool any = false;

    heed_log_reader_begin(reader);
    for (const char *line = bytes; line < end; line = line_end + 1) {
        line_end = memchr(line, '\n', (size_t)(end - line));
        if (line_end == NULL)
            break;
        if (heed_log_reader_line(reader, line, (size_t)(line_end - line)) != HEED_LOG_FINE)
            return false;
        any |= line_end > line;
    }
    return any;
}

const char *
heed_log_guess(const char *path)
{
    g_autoptr(GBytes) plain = read_plain(path);
    g_autoptr(GBytes) unpacked = NULL;
    GBytes *bytes = plain;
    const char *name;
    gconstpointer data;
    gsize length = 0;

    if (plain == NULL)
        return NULL;
    data = g_bytes_get_data(plain, &length);
    if (heed_log_bytes_are_packed(data, length))
        bytes = unpacked = read_packed(path);
    if (bytes == NULL)
        return NULL;
    data = g_bytes_get_data(bytes, &length);
    for (int i = 0; (name = heed_log_format_name((HeedLogFormat)i)) != NULL; i++)
        if (is_of_format(data, length, (HeedLogFormat)i))
            return name;
    return NULL;
}
