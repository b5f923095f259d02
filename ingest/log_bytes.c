/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/log_bytes.h"

#include <errno.h>
#include <lzma.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "base/error.h"
#include "base/limits.h"

#define INPUT_BYTES (64U * 1024)
#define MAGIC_BYTES 6U
/* zlib: gzip alone, with the largest window. */
#define GZIP_WINDOW_BITS (15 + 16)

/* How far one step of unpacking came. */
typedef struct Step {
    size_t taken; /* of the input */
    size_t made;
    bool ended; /* a stream is complete */
} Step;

typedef struct Packing {
    const char *magic;
    size_t length;
    const char *name;
    bool (*open)(HeedLogBytes *bytes);
    /* False: the bytes are damaged. */
    bool (*step)(HeedLogBytes *bytes, void *out, size_t size, Step *step);
    void (*close)(HeedLogBytes *bytes);
} Packing;

struct HeedLogBytes {
    int fd;
    const Packing *packing; /* NULL: plain */
    bool at_end;            /* of the file */
    bool within;            /* a compressed stream that has begun and not ended */
    bool seekable;
    z_stream gzip;
    lzma_stream xz;
    ZSTD_DStream *zstd;
    size_t at; /* of the input */
    size_t filled;
    uint8_t input[INPUT_BYTES];
};

/* --- gzip --- */

static bool
gzip_open(HeedLogBytes *bytes)
{
    return inflateInit2(&bytes->gzip, GZIP_WINDOW_BITS) == Z_OK;
}

static bool
gzip_step(HeedLogBytes *bytes, void *out, size_t size, Step *step)
{
    z_stream *stream = &bytes->gzip;
    int rc;

    stream->next_in = bytes->input + bytes->at;
    stream->avail_in = (uInt)(bytes->filled - bytes->at);
    stream->next_out = out;
    stream->avail_out = (uInt)size;
    rc = inflate(stream, Z_NO_FLUSH);
    step->taken = bytes->filled - bytes->at - stream->avail_in;
    step->made = size - stream->avail_out;
    step->ended = rc == Z_STREAM_END;
    if (step->ended)
        return inflateReset(stream) == Z_OK;
    return rc == Z_OK || rc == Z_BUF_ERROR;
}

static void
gzip_close(HeedLogBytes *bytes)
{
    (void)inflateEnd(&bytes->gzip);
}

/* --- xz --- */

static bool
xz_open(HeedLogBytes *bytes)
{
    bytes->xz = (lzma_stream)LZMA_STREAM_INIT;
    return lzma_stream_decoder(&bytes->xz, HEED_LIMIT_LOG_UNPACK_BYTES, 0) == LZMA_OK;
}

static bool
xz_step(HeedLogBytes *bytes, void *out, size_t size, Step *step)
{
    lzma_stream *stream = &bytes->xz;
    lzma_ret rc;

    stream->next_in = bytes->input + bytes->at;
    stream->avail_in = bytes->filled - bytes->at;
    stream->next_out = out;
    stream->avail_out = size;
    rc = lzma_code(stream, LZMA_RUN);
    step->taken = bytes->filled - bytes->at - stream->avail_in;
    step->made = size - stream->avail_out;
    step->ended = rc == LZMA_STREAM_END;
    if (step->ended)
        return lzma_stream_decoder(stream, HEED_LIMIT_LOG_UNPACK_BYTES, 0) == LZMA_OK;
    return rc == LZMA_OK || rc == LZMA_BUF_ERROR;
}

static void
xz_close(HeedLogBytes *bytes)
{
    lzma_end(&bytes->xz);
}

/* --- zstd --- */

static bool
zstd_open(HeedLogBytes *bytes)
{
    bytes->zstd = ZSTD_createDStream();
    return bytes->zstd != NULL;
}

static bool
zstd_step(HeedLogBytes *bytes, void *out, size_t size, Step *step)
{
    ZSTD_inBuffer in = {bytes->input + bytes->at, bytes->filled - bytes->at, 0};
    ZSTD_outBuffer made = {out, size, 0};
    size_t rc = ZSTD_decompressStream(bytes->zstd, &made, &in);

    step->taken = in.pos;
    step->made = made.pos;
    step->ended = rc == 0;
    return !ZSTD_isError(rc);
}

static void
zstd_close(HeedLogBytes *bytes)
{
    (void)ZSTD_freeDStream(bytes->zstd);
}

/* --- */

/* Without functions: known by sight, and not read. The others begin with no letter. */
static const Packing packings[] = {
    {"\x1f\x8b", 2, "gzip", gzip_open, gzip_step, gzip_close},
    {"\xfd"
     "7zXZ\0",
     6, "xz", xz_open, xz_step, xz_close},
    {"\x28\xb5\x2f\xfd", 4, "zstd", zstd_open, zstd_step, zstd_close},
    {"BZh", 3, "bzip2", NULL, NULL, NULL},
    {"\x04\x22\x4d\x18", 4, "lz4", NULL, NULL, NULL},
    {"\x1f\x9d", 2, "compress", NULL, NULL, NULL},
    {"LZIP", 4, "lzip", NULL, NULL, NULL},
    {"PK\x03\x04", 4, "zip", NULL, NULL, NULL},
    {"7z\xbc\xaf", 4, "7z", NULL, NULL, NULL},
};

/* Reads into the input until it has so many bytes, or the file ends. */
static bool
fill(HeedLogBytes *bytes, size_t least, GError **error)
{
    if (bytes->at == bytes->filled)
        bytes->at = bytes->filled = 0;
    while (!bytes->at_end && bytes->filled - bytes->at < least) {
        ssize_t got = read(bytes->fd, bytes->input + bytes->filled, INPUT_BYTES - bytes->filled);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            g_set_error(error, HEED_ERROR, HEED_ERROR_IO, "cannot be read: %s", g_strerror(errno));
            return false;
        }
        bytes->at_end = got == 0;
        bytes->filled += (size_t)got;
    }
    return true;
}

/* Whether bytes begin as this packing does, as far as there are any. */
static bool
begins_as(const Packing *packing, const void *bytes, size_t length)
{
    size_t there = packing->open == NULL ? packing->length : MIN(packing->length, length);

    return there > 0 && length >= there && memcmp(bytes, packing->magic, there) == 0;
}

bool
heed_log_bytes_are_packed(const void *beginning, size_t length)
{
    for (size_t i = 0; i < G_N_ELEMENTS(packings) && packings[i].open != NULL; i++)
        if (begins_as(&packings[i], beginning, length))
            return true;
    return false;
}

static bool
open_packing(HeedLogBytes *bytes, GError **error)
{
    const Packing *packing = NULL;

    for (size_t i = 0; i < G_N_ELEMENTS(packings) && packing == NULL; i++)
        if (begins_as(&packings[i], bytes->input, bytes->filled))
            packing = &packings[i];
    if (packing == NULL)
        return true;
    if (packing->open == NULL) {
        g_set_error(error, HEED_ERROR, HEED_ERROR_DATA,
                    "is compressed by %s, which is not read: gzip, xz and zstd are", packing->name);
        return false;
    }
    if (!packing->open(bytes)) {
        g_set_error(error, HEED_ERROR, HEED_ERROR_INTERNAL, "cannot unpack %s", packing->name);
        return false;
    }
    bytes->packing = packing;
    return true;
}

HeedLogBytes *
heed_log_bytes_new(int fd, GError **error)
{
    g_autoptr(HeedLogBytes) bytes = g_new0(HeedLogBytes, 1);

    bytes->fd = fd;
    bytes->seekable = lseek(fd, 0, SEEK_SET) == 0;
    if (!fill(bytes, MAGIC_BYTES, error) || !open_packing(bytes, error))
        return NULL;
    return g_steal_pointer(&bytes);
}

void
heed_log_bytes_free(HeedLogBytes *bytes)
{
    if (bytes == NULL)
        return;
    if (bytes->packing != NULL)
        bytes->packing->close(bytes);
    g_free(bytes);
}

static bool
read_packed(HeedLogBytes *bytes, void *out, size_t size, size_t *out_got, GError **error)
{
    Step step = {0};

    while (step.made == 0) {
        if (!fill(bytes, 1, error))
            return false;
        if (bytes->at == bytes->filled)
            break;
        /* Zeroes behind the end, as tapes and xz pad files with. */
        if (!bytes->within && bytes->input[bytes->at] == 0) {
            bytes->at++;
            continue;
        }
        bytes->within = true;
        if (!bytes->packing->step(bytes, out, size, &step)) {
            g_set_error(error, HEED_ERROR, HEED_ERROR_DATA, "cannot be unpacked: damaged %s",
                        bytes->packing->name);
            return false;
        }
        bytes->at += step.taken;
        if (step.ended)
            bytes->within = false;
    }
    *out_got = step.made;
    return true;
}

bool
heed_log_bytes_read(HeedLogBytes *bytes, void *out, size_t size, size_t *out_got, GError **error)
{
    size_t there = bytes->filled - bytes->at;
    ssize_t got;

    *out_got = 0;
    if (bytes->packing != NULL)
        return read_packed(bytes, out, size, out_got, error);
    if (there > 0) {
        *out_got = MIN(there, size);
        memcpy(out, bytes->input + bytes->at, *out_got);
        bytes->at += *out_got;
        return true;
    }
    do {
        got = read(bytes->fd, out, size);
    } while (got < 0 && errno == EINTR);
    if (got < 0) {
        g_set_error(error, HEED_ERROR, HEED_ERROR_IO, "cannot be read: %s", g_strerror(errno));
        return false;
    }
    *out_got = (size_t)got;
    return true;
}

bool
heed_log_bytes_skip_to(HeedLogBytes *bytes, uint64_t *position)
{
    off_t size = bytes->packing != NULL || !bytes->seekable ? -1 : lseek(bytes->fd, 0, SEEK_END);

    if (size < 0)
        return false;
    *position = MIN(*position, (uint64_t)size);
    if (lseek(bytes->fd, (off_t)*position, SEEK_SET) < 0)
        return false;
    bytes->at = bytes->filled = 0;
    bytes->at_end = false;
    return true;
}

bool
heed_log_bytes_is_cut(const HeedLogBytes *bytes)
{
    return bytes->packing != NULL && bytes->within && bytes->at_end && bytes->at == bytes->filled;
}
