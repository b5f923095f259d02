/* SPDX-License-Identifier: Apache-2.0 */
#include "suppress/list_bytes.h"

#include "base/error.h"

#include <errno.h>
#include <gio/gio.h>
#include <string.h>

#define INPUT_BYTES ((size_t)64 * 1024)

struct HeedListBytes {
    FILE *file;           /* borrowed */
    GConverter *inflater; /* owned; NULL: as it is */
    char *input;          /* owned; packed, with an inflater */
    size_t start;         /* of what has not been unpacked */
    size_t end;
    bool begun;
    bool ended;     /* the file */
    bool in_member; /* whose end has not come */
};

HeedListBytes *
heed_list_bytes_new(FILE *file)
{
    HeedListBytes *bytes = g_new0(HeedListBytes, 1);

    bytes->file = file;
    return bytes;
}

void
heed_list_bytes_free(HeedListBytes *bytes)
{
    if (bytes == NULL)
        return;
    g_clear_object(&bytes->inflater);
    g_free(bytes->input);
    g_free(bytes);
}

static bool
read_file(HeedListBytes *bytes, char *buffer, size_t room, size_t *out_length, GError **error)
{
    *out_length = fread(buffer, 1, room, bytes->file);
    bytes->ended = *out_length < room;
    if (!ferror(bytes->file))
        return true;
    g_set_error(error, HEED_ERROR, HEED_ERROR_IO, "cannot read: %s", g_strerror(errno));
    return false;
}

/* Has packed bytes at hand, if there are any. */
static bool
refill(HeedListBytes *bytes, GError **error)
{
    if (bytes->start < bytes->end || bytes->ended)
        return true;
    bytes->start = 0;
    return read_file(bytes, bytes->input, INPUT_BYTES, &bytes->end, error);
}

/* Unpacks some of what is at hand; at the file's end also what the inflater has still. */
static bool
inflate_some(HeedListBytes *bytes, char *buffer, size_t room, size_t *out_length, GError **error)
{
    g_autoptr(GError) trouble = NULL;
    gsize used = 0;
    gsize made = 0;
    GConverterResult result = g_converter_convert(
        bytes->inflater, bytes->input + bytes->start, bytes->end - bytes->start, buffer, room,
        bytes->ended ? G_CONVERTER_INPUT_AT_END : G_CONVERTER_NO_FLAGS, &used, &made, &trouble);

    if (result == G_CONVERTER_ERROR) {
        bool is_cut = g_error_matches(trouble, G_IO_ERROR, G_IO_ERROR_PARTIAL_INPUT);

        g_set_error(error, HEED_ERROR, HEED_ERROR_DATA, "the gzip file is %s",
                    is_cut ? "cut" : "damaged");
        return false;
    }
    bytes->in_member = result != G_CONVERTER_FINISHED;
    if (!bytes->in_member)
        g_converter_reset(bytes->inflater);
    bytes->start += used;
    *out_length = made;
    return true;
}

static bool
inflate(HeedListBytes *bytes, char *buffer, size_t room, size_t *out_length, GError **error)
{
    size_t made = 0;

    for (*out_length = 0; *out_length < room; *out_length += made) {
        if (!refill(bytes, error))
            return false;
        if (bytes->start == bytes->end && !bytes->in_member)
            return true;
        if (!inflate_some(bytes, buffer + *out_length, room - *out_length, &made, error))
            return false;
    }
    return true;
}

bool
heed_list_bytes_read(
    HeedListBytes *bytes, char *buffer, size_t room, size_t *out_length, GError **error)
{
    if (bytes->inflater != NULL)
        return inflate(bytes, buffer, room, out_length, error);
    if (bytes->begun)
        return read_file(bytes, buffer, room, out_length, error);
    bytes->begun = true;
    bytes->input = g_malloc(MAX(room, INPUT_BYTES));
    if (!read_file(bytes, buffer, room, out_length, error))
        return false;
    if (*out_length < 2 || memcmp(buffer, "\x1f\x8b", 2) != 0) {
        g_clear_pointer(&bytes->input, g_free);
        return true;
    }
    bytes->inflater = G_CONVERTER(g_zlib_decompressor_new(G_ZLIB_COMPRESSOR_FORMAT_GZIP));
    memcpy(bytes->input, buffer, *out_length);
    bytes->end = *out_length;
    return inflate(bytes, buffer, room, out_length, error);
}
