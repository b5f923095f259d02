/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/message.h"

#include "base/limits.h"
#include "parsers/boundary.h"
#include "parsers/gmime_cleanup.h"

#include <string.h>

typedef struct Walk {
    HeedMessage *message;
    const HeedParserSettings *settings;
    HeedReport *report;
    bool limited;
} Walk;

void
heed_message_clear(HeedMessage *message)
{
    g_clear_object(&message->top);
    g_clear_object(&message->stream);
    g_clear_pointer(&message->header, g_array_unref);
    g_clear_pointer(&message->parts, g_array_unref);
    g_clear_pointer(&message->decoded, g_ptr_array_unref);
    heed_mended_clear(&message->mended);
}

static void
read_header(HeedMessage *message)
{
    HeedFieldCursor cursor;
    HeedField field;

    heed_fields_begin(&cursor, message->mended.bytes, message->mended.length, true);
    while (heed_fields_next(&cursor, &field))
        g_array_append_val(message->header, field);
    message->body.at = cursor.at;
    message->body.length = message->mended.length - (size_t)(cursor.at - message->mended.bytes);
}

static HeedPartType
text_type(const char *subtype)
{
    if (g_ascii_strcasecmp(subtype, "rfc822-headers") == 0)
        return HEED_PART_HEADERS;
    return g_ascii_strcasecmp(subtype, "plain") == 0 ? HEED_PART_TEXT : HEED_PART_OTHER;
}

static HeedPartType
leaf_type(GMimeContentType *type)
{
    static const struct {
        const char *media;
        const char *subtype;
        HeedPartType type;
    } types[] = {
        {"message", "delivery-status", HEED_PART_DELIVERY_STATUS},
        {"message", "global-delivery-status", HEED_PART_DELIVERY_STATUS},
        {"message", "feedback-report", HEED_PART_FEEDBACK_REPORT},
        {"message", "disposition-notification", HEED_PART_DISPOSITION},
        {"message", "global-disposition-notification", HEED_PART_DISPOSITION},
        {"message", "rfc822-headers", HEED_PART_HEADERS},
        {"message", "global-headers", HEED_PART_HEADERS},
        /* An enclosed message in a transfer encoding, which RFC 2046 5.2.1 forbids, is a leaf. */
        {"message", "rfc822", HEED_PART_HEADERS},
        {"message", "global", HEED_PART_HEADERS},
        {"application", "tlsrpt+gzip", HEED_PART_TLS_REPORT},
        {"application", "tlsrpt+json", HEED_PART_TLS_REPORT},
    };

    const char *media = g_mime_content_type_get_media_type(type);
    const char *subtype = g_mime_content_type_get_media_subtype(type);

    if (media == NULL || subtype == NULL)
        return HEED_PART_OTHER;
    if (g_ascii_strcasecmp(media, "text") == 0)
        return text_type(subtype);
    for (size_t i = 0; i < G_N_ELEMENTS(types); i++)
        if (g_ascii_strcasecmp(subtype, types[i].subtype) == 0 &&
            g_ascii_strcasecmp(media, types[i].media) == 0)
            return types[i].type;
    return HEED_PART_OTHER;
}

static void
add_part(Walk *walk, GMimeObject *object, HeedPartType type, bool in_report)
{
    HeedPart part = {type, object, in_report};

    if (walk->message->parts->len >= walk->settings->max_parts) {
        if (!walk->limited)
            heed_report_warn(walk->report, "it has more than %zu parts", walk->settings->max_parts);
        walk->limited = true;
        return;
    }
    g_array_append_val(walk->message->parts, part);
}

/* Notes that there is a multipart/report; the outermost one's report-type counts. */
static void
note_report(HeedMessage *message, GMimeContentType *type)
{
    const char *report_type = g_mime_content_type_get_parameter(type, "report-type");

    if (message->is_report)
        return;
    message->is_report = true;
    (void)g_strlcpy(message->report_type, report_type == NULL ? "" : report_type,
                    sizeof(message->report_type));
    for (char *c = message->report_type; *c != '\0'; c++)
        *c = g_ascii_tolower(*c);
}

static void
visit(Walk *walk, GMimeObject *object, size_t depth, bool in_report)
{
    GMimeContentType *type = g_mime_object_get_content_type(object);

    if (walk->limited)
        return;
    if (GMIME_IS_MESSAGE_PART(object)) {
        add_part(walk, object, HEED_PART_ENCLOSED, in_report);
        return;
    }
    if (!GMIME_IS_MULTIPART(object)) {
        add_part(walk, object, leaf_type(type), in_report);
        return;
    }
    if (depth >= walk->settings->max_depth) {
        heed_report_warn(walk->report, "parts are nested deeper than %zu",
                         walk->settings->max_depth);
        walk->limited = true;
        return;
    }
    if (g_mime_content_type_is_type(type, "multipart", "report")) {
        note_report(walk->message, type);
        in_report = true;
    }
    for (int i = 0; i < g_mime_multipart_get_count(GMIME_MULTIPART(object)); i++)
        visit(walk, g_mime_multipart_get_part(GMIME_MULTIPART(object), i), depth + 1, in_report);
}

static void
append(GByteArray *bytes, const char *at, size_t length)
{
    g_byte_array_append(bytes, (const guint8 *)at, (guint)length);
}

/*
 * The message as GMime gets it: of its header only what says how it is composed. The rest we have
 * read ourselves, and for GMime each field is several objects: a quarter of its time.
 */
static GByteArray *
reduce(const HeedMessage *message)
{
    GByteArray *bytes = g_byte_array_sized_new((guint)message->body.length + 1024);

    for (guint i = 0; i < message->header->len; i++) {
        const HeedField *field = &g_array_index(message->header, HeedField, i);

        if (!heed_span_starts(field->name, "content-"))
            continue;
        append(bytes, field->name.at, field->name.length);
        append(bytes, ":", 1);
        append(bytes, field->value.at, field->value.length);
        append(bytes, "\n", 1);
    }
    append(bytes, "\n", 1);
    append(bytes, message->body.at, message->body.length);
    return bytes;
}

/* Takes the bytes. */
static void
parse(HeedMessage *message, GByteArray *bytes)
{
    g_autoptr(GMimeParser) parser = g_mime_parser_new();

    g_clear_object(&message->top);
    g_clear_object(&message->stream);
    message->stream = g_mime_stream_mem_new_with_byte_array(bytes);
    g_mime_stream_mem_set_owner(GMIME_STREAM_MEM(message->stream), TRUE);
    g_mime_parser_init_with_stream(parser, message->stream);
    /* As a part: a message has address lists besides, which we do not ask it for. */
    message->top = g_mime_parser_construct_part(parser, NULL);
}

static void
walk_parts(HeedMessage *message, const HeedParserSettings *settings, HeedReport *report)
{
    Walk walk = {message, settings, report, false};

    if (message->top != NULL)
        visit(&walk, message->top, 0, false);
}

static bool
has_report(const HeedMessage *message)
{
    return heed_message_part(message, HEED_PART_DELIVERY_STATUS) != NULL ||
           heed_message_part(message, HEED_PART_FEEDBACK_REPORT) != NULL ||
           heed_message_part(message, HEED_PART_DISPOSITION) != NULL;
}

/*
 * Parts that GMime could not tell from each other since the header does not name the boundary, or
 * names another one than is used: tried again with the boundary that the body itself shows. A
 * body that is no multipart by its header is tried only in what a program has sent; a person may
 * have quoted one.
 */
static void
retry_boundary(HeedMessage *message, const HeedParserSettings *settings, HeedReport *report)
{
    g_autoptr(GString) again = NULL;
    GByteArray *bytes;
    GMimeObject *top = message->top;
    bool is_multipart = top != NULL && GMIME_IS_MULTIPART(top);

    if (is_multipart ? g_mime_multipart_get_count(GMIME_MULTIPART(top)) > 0
                     : !heed_message_is_automatic(message))
        return;
    again = heed_boundary_guess(message->body,
                                top == NULL ? NULL : g_mime_object_get_content_type(top));
    if (again == NULL)
        return;
    heed_report_warn(report, "the header does not name the boundary between the parts");
    bytes = g_byte_array_sized_new((guint)again->len);
    append(bytes, again->str, again->len);
    parse(message, bytes);
    g_array_set_size(message->parts, 0);
    message->is_report = false;
    walk_parts(message, settings, report);
}

/*
 * A gateway's own mail with a whole report enclosed, which it only wrapped: the report is read. Not
 * for what a person forwards, or encloses in answer.
 */
static void
unwrap_report(HeedMessage *message, const HeedParserSettings *settings, HeedReport *report)
{
    const HeedPart *part = heed_message_part(message, HEED_PART_ENCLOSED);
    Walk walk = {message, settings, report, false};
    GMimeMessage *enclosed;
    GMimeObject *top;

    if (part == NULL || message->is_report || !heed_message_is_automatic(message))
        return;
    enclosed = g_mime_message_part_get_message(GMIME_MESSAGE_PART(part->object));
    top = enclosed == NULL ? NULL : g_mime_message_get_mime_part(enclosed);
    if (top == NULL ||
        !g_mime_content_type_is_type(g_mime_object_get_content_type(top), "multipart", "report"))
        return;
    g_array_set_size(message->parts, 0);
    visit(&walk, top, 1, false);
}

void
heed_message_read(const char *bytes,
                  size_t length,
                  const HeedParserSettings *settings,
                  HeedReport *report,
                  HeedMessage *out)
{
    *out = (HeedMessage){
        .header = g_array_sized_new(FALSE, FALSE, sizeof(HeedField), 32),
        .parts = g_array_sized_new(FALSE, FALSE, sizeof(HeedPart), 8),
        .decoded = g_ptr_array_new_with_free_func(g_free),
    };
    heed_mend(bytes, length, report, &out->mended);
    read_header(out);
    parse(out, reduce(out));
    walk_parts(out, settings, report);
    if (!has_report(out))
        retry_boundary(out, settings, report);
    if (!has_report(out))
        unwrap_report(out, settings, report);
}

const HeedField *
heed_message_field(const HeedMessage *message, const char *name)
{
    for (guint i = 0; i < message->header->len; i++) {
        const HeedField *field = &g_array_index(message->header, HeedField, i);

        if (heed_field_is(field, name))
            return field;
    }
    return NULL;
}

const HeedPart *
heed_message_part(const HeedMessage *message, HeedPartType type)
{
    for (guint i = 0; i < message->parts->len; i++) {
        const HeedPart *part = &g_array_index(message->parts, HeedPart, i);

        if (part->type == type)
            return part;
    }
    return NULL;
}

/* Where the part's content stands in our own copy of the message, still encoded. */
static HeedSpan
raw_content(const HeedMessage *message, GMimeDataWrapper *wrapper)
{
    GMimeStream *stream = g_mime_data_wrapper_get_stream(wrapper);
    const GByteArray *bytes;
    gint64 end;

    if (stream == NULL || !GMIME_IS_STREAM_MEM(stream))
        return (HeedSpan){"", 0};
    bytes = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(message->stream));
    end = stream->bound_end < 0 ? (gint64)bytes->len : MIN(stream->bound_end, (gint64)bytes->len);
    if (g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(stream)) != bytes ||
        stream->bound_start < 0 || stream->bound_start >= end)
        return (HeedSpan){"", 0};
    return (HeedSpan){(const char *)bytes->data + stream->bound_start,
                      (size_t)(end - stream->bound_start)};
}

HeedSpan
heed_message_content(HeedMessage *message, const HeedPart *part, size_t limit)
{
    GMimeDataWrapper *wrapper =
        GMIME_IS_PART(part->object) ? g_mime_part_get_content(GMIME_PART(part->object)) : NULL;
    GMimeContentEncoding encoding;
    GMimeEncoding state;
    HeedSpan raw;
    char *decoded;
    size_t length;

    if (wrapper == NULL)
        return (HeedSpan){"", 0};
    raw = raw_content(message, wrapper);
    raw.length = MIN(raw.length, MIN(limit, HEED_LIMIT_REPORT_PART_BYTES));
    encoding = g_mime_data_wrapper_get_encoding(wrapper);
    if (encoding != GMIME_CONTENT_ENCODING_BASE64 &&
        encoding != GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE &&
        encoding != GMIME_CONTENT_ENCODING_UUENCODE)
        return raw;
    g_mime_encoding_init_decode(&state, encoding);
    decoded = g_malloc(g_mime_encoding_outlen(&state, raw.length) + 1);
    length = g_mime_encoding_flush(&state, raw.at, raw.length, decoded);
    g_ptr_array_add(message->decoded, decoded);
    return (HeedSpan){decoded, length};
}

void
heed_message_enclosed_header(const HeedPart *part, GArray *fields)
{
    GMimeMessage *enclosed = GMIME_IS_MESSAGE_PART(part->object)
                                 ? g_mime_message_part_get_message(GMIME_MESSAGE_PART(part->object))
                                 : NULL;
    GMimeHeaderList *list;

    if (enclosed == NULL)
        return;
    list = g_mime_object_get_header_list(GMIME_OBJECT(enclosed));
    for (int i = 0; i < g_mime_header_list_get_count(list); i++) {
        GMimeHeader *header = g_mime_header_list_get_header_at(list, i);
        const char *name = g_mime_header_get_name(header);
        const char *value = g_mime_header_get_raw_value(header);
        HeedField field = {0};

        if (name == NULL || value == NULL)
            continue;
        field.name = (HeedSpan){name, strlen(name)};
        field.value = (HeedSpan){value, strlen(value)};
        field.strict = field.value;
        g_array_append_val(fields, field);
    }
}

/* The local part of the first address in a From: field is one of a mail system's own. */
bool
heed_message_is_from_daemon(const HeedMessage *message)
{
    static const char *const daemons[] = {"mailer-daemon@", "mailer_daemon@", "mailerdaemon@",
                                          "mdaemon@",       "postmaster@",    "mail-daemon@"};
    const HeedField *from = heed_message_field(message, "from");
    HeedSpan value;

    if (from == NULL)
        return false;
    value = heed_span_trim(from->value);
    for (size_t at = 0; at < value.length; at++) {
        HeedSpan rest = {value.at + at, value.length - at};

        if (at > 0 && (g_ascii_isalnum(value.at[at - 1]) || strchr("-_.+=", value.at[at - 1])))
            continue;
        for (size_t i = 0; i < G_N_ELEMENTS(daemons); i++)
            if (heed_span_starts(rest, daemons[i]))
                return true;
        if (heed_span_starts(rest, "mailer-daemon"))
            return true; /* without a domain, as old systems have it */
    }
    return false;
}

static bool
has_value(const HeedMessage *message, const char *name, const char *value)
{
    const HeedField *field = heed_message_field(message, name);

    return field != NULL && heed_span_starts(heed_span_trim(field->value), value);
}

/*
 * Whether somebody who is no mail system answers with it, or sent it to a list: vacation notices
 * and digests have a null return path as well, and carry reports that are about others' mail.
 */
static bool
is_answer_or_list(const HeedMessage *message)
{
    static const char *const names[] = {"in-reply-to", "list-id", "list-post", "list-unsubscribe"};

    if (heed_message_is_from_daemon(message) || has_value(message, "from", "<>") ||
        heed_message_field(message, "x-failed-recipients") != NULL)
        return false;
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
        if (heed_message_field(message, names[i]) != NULL)
            return true;
    return has_value(message, "auto-submitted", "auto-replied");
}

/* Nothing, "<>" or "<null>" by who delivered it; Postfix and Sendmail put mailer-daemon there in
 * some places. */
static bool
is_null_path(HeedSpan path)
{
    if (heed_span_starts(path, "<"))
        path = heed_span_trim((HeedSpan){path.at + 1, path.length - 1});
    return path.length == 0 || path.at[0] == '>' || heed_span_is(path, "null>") ||
           heed_span_starts(path, "mailer-daemon");
}

bool
heed_message_has_return_path(const HeedMessage *message)
{
    const HeedField *path = heed_message_field(message, "return-path");

    return path != NULL && !is_null_path(heed_span_trim(path->value));
}

static bool
says_automatic(const HeedMessage *message)
{
    return heed_message_field(message, "auto-submitted") != NULL &&
           !has_value(message, "auto-submitted", "no");
}

bool
heed_message_is_automatic(const HeedMessage *message)
{
    const HeedField *path = heed_message_field(message, "return-path");
    const HeedField *from = heed_message_field(message, "from");

    if (is_answer_or_list(message))
        return false;
    if (path != NULL && is_null_path(heed_span_trim(path->value)))
        return true;
    /* Newsletters say it as well, but want to hear of what failed. */
    if (path == NULL && says_automatic(message))
        return true;
    if (from != NULL && heed_span_is(heed_span_trim(from->value), "<>"))
        return true;
    return heed_message_field(message, "x-failed-recipients") != NULL ||
           heed_message_is_from_daemon(message);
}

bool
heed_message_may_complain(const HeedMessage *message)
{
    return heed_message_is_automatic(message) ||
           (says_automatic(message) && !is_answer_or_list(message));
}
