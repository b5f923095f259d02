/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes of a file, however it is compressed, and the lines in them with their places. */
#define _GNU_SOURCE /* memfd_create(2) */
#include <glib.h>
#include <lzma.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/limits.h"
#include "ingest/log_lines.h"

typedef enum Packing {
    PLAIN,
    GZIP,
    XZ,
    ZSTD
} Packing;

static const char *const names[] = {"plain", "gzip", "xz", "zstd"};

static GByteArray *
pack(Packing packing, const char *text, size_t length)
{
    GByteArray *out = g_byte_array_new();
    size_t used = 0;

    g_byte_array_set_size(out, (guint)length + 10000);
    if (packing == GZIP) {
        z_stream stream = {.next_in = (Bytef *)(uintptr_t)text,
                           .avail_in = (uInt)length,
                           .next_out = out->data,
                           .avail_out = out->len};

        g_assert_cmpint(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), ==,
                        Z_OK);
        g_assert_cmpint(deflate(&stream, Z_FINISH), ==, Z_STREAM_END);
        used = stream.total_out;
        (void)deflateEnd(&stream);
    } else if (packing == XZ) {
        g_assert_cmpint(lzma_easy_buffer_encode(0, LZMA_CHECK_CRC32, NULL, (const uint8_t *)text,
                                                length, out->data, &used, out->len),
                        ==, LZMA_OK);
    } else if (packing == ZSTD) {
        used = ZSTD_compress(out->data, out->len, text, length, 1);
        g_assert_false(ZSTD_isError(used));
    } else {
        memcpy(out->data, text, length);
        used = length;
    }
    g_byte_array_set_size(out, (guint)used);
    return out;
}

static int
file_of(const GByteArray *bytes)
{
    int fd = memfd_create("log", 0);

    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(write(fd, bytes->data, bytes->len), ==, (ssize_t)bytes->len);
    return fd;
}

/* "BEGIN-END:LENGTH" of each, with a letter for its kind. */
static char *
read_all(HeedLogLines *lines, GError **error)
{
    static const char kinds[] = "WLONE";
    GString *out = g_string_new(NULL);
    HeedLogLineRead line;
    HeedLogLineKind kind;

    do {
        kind = heed_log_lines_next(lines, &line, error);
        g_string_append_c(out, kinds[kind]);
        if (kind <= HEED_LOG_LINE_OPEN)
            g_string_append_printf(out, "%" G_GUINT64_FORMAT "-%" G_GUINT64_FORMAT " ", line.begin,
                                   line.end);
    } while (kind < HEED_LOG_LINE_OPEN);
    return g_string_free(out, FALSE);
}

static char *
read_file(int fd, uint64_t from, bool *out_cut, GError **error)
{
    g_autoptr(HeedLogBytes) bytes = heed_log_bytes_new(fd, error);
    g_autoptr(HeedLogLines) lines = NULL;
    uint64_t end = 0;
    char *found = NULL;

    if (bytes == NULL)
        return NULL;
    lines = heed_log_lines_new(bytes);
    if (heed_log_lines_skip_to(lines, from, &end, error))
        found = read_all(lines, error);
    else
        found = g_strdup_printf("ends at %" G_GUINT64_FORMAT, end);
    *out_cut = heed_log_bytes_is_cut(bytes);
    return found;
}

static void
test_lines(gconstpointer data)
{
    Packing packing = GPOINTER_TO_UINT(data);
    static const char text[] = "one\n\nthree\nfour";
    g_autoptr(GByteArray) bytes = pack(packing, text, strlen(text));
    g_auto(HeedFd) fd = file_of(bytes);

    static const struct {
        uint64_t from;
        const char *want;
    } rows[] = {{0, "W0-4 W4-5 W5-11 O11-15 "},
                {4, "W4-5 W5-11 O11-15 "},
                {11, "O11-15 "},
                {15, "N"},
                {16, "ends at 15"},
                {1000, "ends at 15"}};

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        bool cut = true;
        g_autofree char *found = read_file(fd, rows[i].from, &cut, &error);

        g_assert_no_error(error);
        g_assert_cmpstr(found, ==, rows[i].want);
        g_assert_false(cut);
    }
}

/* Two compressed files behind each other, a line over the limit, and one of exactly the limit. */
static void
test_long(gconstpointer data)
{
    Packing packing = GPOINTER_TO_UINT(data);
    g_autoptr(GString) text = g_string_new("a\n");
    g_autoptr(GByteArray) first = NULL;
    g_autoptr(GByteArray) second = NULL;
    g_autofree char *found = NULL;
    g_autofree char *want = NULL;
    g_autoptr(GError) error = NULL;
    g_auto(HeedFd) fd = -1;
    const unsigned limit = HEED_LIMIT_LOG_LINE_BYTES;
    bool cut = true;

    for (unsigned i = 0; i < limit; i++)
        g_string_append_c(text, 'x');
    g_string_append(text, "\nb");
    first = pack(packing, text->str, text->len);
    g_string_truncate(text, 0);
    for (unsigned i = 0; i < 3 * limit; i++)
        g_string_append_c(text, 'y');
    g_string_append(text, "\nc\n");
    second = pack(packing, text->str, text->len);
    g_byte_array_append(first, second->data, second->len);
    fd = file_of(first);
    found = read_file(fd, 0, &cut, &error);
    g_assert_no_error(error);
    want = g_strdup_printf("W0-2 W2-%u L%u-%u W%u-%u N", limit + 3, limit + 3, 4 * limit + 5,
                           4 * limit + 5, 4 * limit + 7);
    g_assert_cmpstr(found, ==, want);
    g_assert_false(cut);
}

/* Cut anywhere, it gives what there is; damaged, it says so. */
static void
test_cut(gconstpointer data)
{
    Packing packing = GPOINTER_TO_UINT(data);
    g_autoptr(GString) text = g_string_new(NULL);
    g_autoptr(GByteArray) bytes = NULL;
    unsigned damaged = 0;

    for (unsigned i = 0; i < 200; i++)
        g_string_append_printf(text, "line %u %u\n", i, i * 7919U);
    bytes = pack(packing, text->str, text->len);
    for (guint length = 1; length < bytes->len; length += 7) {
        g_autoptr(GByteArray) part = g_byte_array_new();
        g_autoptr(GError) error = NULL;
        g_auto(HeedFd) fd = -1;
        g_autofree char *found = NULL;
        bool cut = false;

        g_byte_array_append(part, bytes->data, length);
        fd = file_of(part);
        found = read_file(fd, 0, &cut, &error);
        g_assert_no_error(error);
        g_assert_nonnull(found);
        g_assert_true(cut);
        g_byte_array_set_size(part, 0);
        g_byte_array_append(part, bytes->data, bytes->len);
        part->data[length] ^= 0x55;
        heed_fd_clear(&fd);
        fd = file_of(part);
        g_free(g_steal_pointer(&found));
        found = read_file(fd, 0, &cut, &error);
        damaged += error != NULL;
    }
    g_assert_cmpuint(damaged, >, 0);
}

static void
test_unknown(void)
{
    static const char *const texts[] = {"BZh91AY&SY", "\x04\x22\x4d\x18xx", "PK\x03\x04zip",
                                        "\x1f\x9d\x90xxxx"};

    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(GByteArray) bytes = pack(PLAIN, texts[i], strlen(texts[i]));
        g_auto(HeedFd) fd = file_of(bytes);
        g_autoptr(GError) error = NULL;

        g_assert_null(heed_log_bytes_new(fd, &error));
        g_assert_error(error, HEED_ERROR, HEED_ERROR_DATA);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (unsigned i = PLAIN; i <= ZSTD; i++) {
        g_autofree char *lines = g_strconcat("/log-lines/lines/", names[i], NULL);
        g_autofree char *longest = g_strconcat("/log-lines/long/", names[i], NULL);
        g_autofree char *cut = g_strconcat("/log-lines/cut/", names[i], NULL);

        g_test_add_data_func(lines, GUINT_TO_POINTER(i), test_lines);
        g_test_add_data_func(longest, GUINT_TO_POINTER(i), test_long);
        if (i != PLAIN)
            g_test_add_data_func(cut, GUINT_TO_POINTER(i), test_cut);
    }
    g_test_add_func("/log-lines/unknown", test_unknown);
    return g_test_run();
}
