/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What any program on GMime must spend: parses each message of a folder, walks its parts and
 * decodes those that a reader of reports would look at. Prints the number of messages and of
 * decoded bytes.
 */

#include <gmime/gmime.h>

typedef struct Totals {
    size_t messages;
    size_t parts;
    gint64 bytes;
} Totals;

static gboolean
is_looked_at(GMimeObject *part)
{
    GMimeContentType *type = g_mime_object_get_content_type(part);

    return g_mime_content_type_is_type(type, "text", "*") ||
           g_mime_content_type_is_type(type, "message", "*");
}

static void
look(GMimeObject *parent, GMimeObject *part, gpointer data)
{
    Totals *totals = data;
    GMimeStream *out = NULL;

    (void)parent;
    totals->parts++;
    if (GMIME_IS_MESSAGE_PART(part)) {
        GMimeMessage *inner = g_mime_message_part_get_message(GMIME_MESSAGE_PART(part));

        if (inner != NULL)
            g_mime_message_foreach(inner, look, totals);
        return;
    }
    if (!GMIME_IS_PART(part) || !is_looked_at(part) ||
        g_mime_part_get_content(GMIME_PART(part)) == NULL)
        return;
    out = g_mime_stream_mem_new();
    (void)g_mime_data_wrapper_write_to_stream(g_mime_part_get_content(GMIME_PART(part)), out);
    totals->bytes += g_mime_stream_length(out);
    g_object_unref(out);
}

static void
read_message(const char *path, Totals *totals)
{
    g_autofree char *text = NULL;
    gsize length = 0;
    GMimeStream *stream = NULL;
    GMimeParser *parser = NULL;
    GMimeMessage *message = NULL;

    if (!g_file_get_contents(path, &text, &length, NULL))
        return;
    stream = g_mime_stream_mem_new_with_buffer(text, length);
    parser = g_mime_parser_new_with_stream(stream);
    message = g_mime_parser_construct_message(parser, NULL);
    if (message != NULL) {
        g_mime_message_foreach(message, look, totals);
        g_object_unref(message);
        totals->messages++;
    }
    g_object_unref(parser);
    g_object_unref(stream);
}

int
main(int argc, char **argv)
{
    Totals totals = {0};
    g_autoptr(GDir) folder = argc == 2 ? g_dir_open(argv[1], 0, NULL) : NULL;
    const char *name = NULL;

    if (folder == NULL) {
        g_printerr("usage: bench_gmime FOLDER\n");
        return 64;
    }
    g_mime_init();
    while ((name = g_dir_read_name(folder)) != NULL) {
        g_autofree char *path = g_build_filename(argv[1], name, NULL);

        read_message(path, &totals);
    }
    g_print("%zu messages, %zu parts, %" G_GINT64_FORMAT " bytes\n", totals.messages, totals.parts,
            totals.bytes);
    return 0;
}
