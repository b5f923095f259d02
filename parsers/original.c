/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/original.h"

#include "parsers/address.h"
#include "parsers/date.h"

#include <string.h>

/* How much of a returned message is decoded to find its header. */
#define HEADER_BYTES (64U * 1024)

/* Decodes RFC 2047 words where there are any. */
static const char *
read_text(HeedReading *reading, HeedSpan value)
{
    GString *scratch = reading->scratch;
    g_autofree char *decoded = NULL;

    heed_field_unfold(value, scratch);
    if (strstr(scratch->str, "=?") == NULL)
        return heed_report_text(reading->report, scratch->str, (gssize)scratch->len);
    decoded = g_mime_utils_header_decode_text(NULL, scratch->str);
    return heed_report_text(reading->report, decoded, -1);
}

/* What stands in angle brackets, else all. */
static const char *
read_bracketed(HeedReading *reading, HeedSpan value)
{
    GString *scratch = reading->scratch;
    const char *open;
    const char *close;

    heed_field_unfold(value, scratch);
    open = strrchr(scratch->str, '<');
    close = open == NULL ? NULL : strchr(open, '>');
    if (close == NULL)
        return heed_report_text(reading->report, scratch->str, (gssize)scratch->len);
    return heed_report_text(reading->report, open + 1, close - open - 1);
}

const char *
heed_original_identifier(HeedReading *reading, HeedSpan value)
{
    return read_bracketed(reading, value);
}

const char *
heed_original_mailbox(HeedReading *reading, HeedSpan value)
{
    g_autofree char *address = NULL;

    heed_field_unfold(value, reading->scratch);
    address = heed_address_normalise(reading->scratch->str, (gssize)reading->scratch->len);
    if (address != NULL)
        return heed_report_text(reading->report, address, -1);
    /* "MAILER-DAEMON <>", "mailer-daemon@": nobody. */
    if (g_str_has_suffix(reading->scratch->str, "<>") ||
        g_str_has_suffix(reading->scratch->str, "@") ||
        g_str_has_suffix(reading->scratch->str, "@>"))
        return NULL;
    return read_text(reading, value);
}

static const char *
read_return_path(HeedReading *reading, HeedSpan value)
{
    const char *path = read_bracketed(reading, value);

    return path == NULL || strcmp(path, "<>") == 0 ? NULL : path;
}

/* How each field of the original is read, and where it goes. */
typedef struct OriginalField {
    const char *name;
    const char *(*read)(HeedReading *reading, HeedSpan value);
    size_t offset;
} OriginalField;

static const OriginalField original_fields[] = {
    {"message-id", read_bracketed, offsetof(HeedOriginal, message_id)},
    {"from", heed_original_mailbox, offsetof(HeedOriginal, from)},
    {"return-path", read_return_path, offsetof(HeedOriginal, return_path)},
    {"subject", read_text, offsetof(HeedOriginal, subject)},
    {"list-id", read_bracketed, offsetof(HeedOriginal, list_id)},
    {"feedback-id", read_text, offsetof(HeedOriginal, feedback_id)},
};

static void
read_field(HeedReading *reading, const HeedField *field)
{
    HeedOriginal *original = &reading->report->original;

    if (original->date == HEED_DATE_UNKNOWN && heed_field_is(field, "date")) {
        original->date = heed_date_parse_mail(field->value.at, field->value.length);
        return;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(original_fields); i++) {
        const char **place = (const char **)((char *)original + original_fields[i].offset);

        if (*place == NULL && heed_field_is(field, original_fields[i].name)) {
            *place = original_fields[i].read(reading, field->value);
            return;
        }
    }
}

/* Headers that are the content of a part; blank lines in front of them are skipped. */
static void
read_headers_part(HeedReading *reading, const HeedPart *part)
{
    HeedSpan content = heed_span_trim(heed_message_content(reading->message, part, HEADER_BYTES));
    HeedFieldCursor cursor;
    HeedField field;

    heed_fields_begin(&cursor, content.at, content.length, true);
    while (heed_fields_next(&cursor, &field))
        g_array_append_val(reading->original, field);
}

static bool
is_common_field(const HeedField *field)
{
    static const char *const names[] = {"message-id", "received", "from",       "to",
                                        "subject",    "date",     "return-path"};

    for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
        if (heed_field_is(field, names[i]))
            return true;
    return false;
}

/*
 * A header in the middle of a text, as servers append the original to their notice: the first
 * group of fields with so many that every message has.
 */
static void
find_header(HeedReading *reading, HeedSpan text, guint wanted)
{
    GArray *group = reading->original;
    guint common = 0;
    HeedFieldCursor cursor;
    HeedField field;

    heed_fields_begin(&cursor, text.at, text.length, false);
    while (heed_fields_next(&cursor, &field)) {
        if (field.starts_group && common >= wanted)
            return;
        if (field.starts_group) {
            g_array_set_size(group, 0);
            common = 0;
        }
        g_array_append_val(group, field);
        common += is_common_field(&field) ? 1 : 0;
    }
    if (common < wanted)
        g_array_set_size(group, 0);
}

/* How much of the line is a mark of quotation: "> ", ">", "| ". */
static size_t
quote_length(HeedSpan line)
{
    size_t length = 0;

    if (line.length == 0 || strchr(">|", line.at[0]) == NULL || line.at[0] == '\0')
        return 0;
    length = 1;
    return length + (line.length > 1 && line.at[1] == ' ' ? 1 : 0);
}

static size_t
blank_length(HeedSpan line)
{
    size_t length = 0;

    while (length < line.length && (line.at[length] == ' ' || line.at[length] == '\t'))
        length++;
    return length;
}

/*
 * The text without what stands in front of each of its lines: marks of quotation, or the
 * indentation of the first line that has one and looks like a field. Lives as long as the message.
 */
static HeedSpan
unquote(HeedReading *reading, HeedSpan text)
{
    GString *out = g_string_sized_new(text.length);
    const char *end = text.at + text.length;
    size_t indent = 0;
    HeedSpan result;

    for (const char *at = text.at; at < end;) {
        const char *line_end = heed_line_end(at, end);
        HeedSpan line = {at, (size_t)(line_end - at)};
        size_t blank = blank_length(line);
        size_t skip = quote_length(line);

        if (indent == 0 && memchr(line.at, ':', line.length) != NULL)
            indent = blank;
        if (skip == 0)
            skip = MIN(blank, indent);
        g_string_append_len(out, line.at + skip, (gssize)(line.length - skip));
        g_string_append_c(out, '\n');
        at = heed_line_next(line_end, end);
    }
    result.length = out->len;
    result.at = g_string_free(out, FALSE);
    g_ptr_array_add(reading->message->decoded, (gpointer)(uintptr_t)result.at);
    return result;
}

static void
find_anywhere(HeedReading *reading, HeedSpan text, guint wanted)
{
    find_header(reading, text, wanted);
    if (reading->original->len == 0)
        find_header(reading, unquote(reading, text), wanted);
}

/* Keeps a field that the settings ask for. */
static void
keep_field(HeedReading *reading, const HeedField *field)
{
    const char *const *names = reading->settings->original_headers;

    for (; names != NULL && *names != NULL; names++) {
        g_autofree char *line = NULL;
        const char *value;

        if (!heed_field_is(field, *names))
            continue;
        value = read_text(reading, field->value);
        line = g_strconcat(*names, ":", value != NULL ? value : "", NULL);
        heed_report_keep_header(reading->report, line);
        return;
    }
}

static void
fill(HeedReading *reading)
{
    for (guint i = 0; i < reading->original->len; i++) {
        const HeedField *field = &g_array_index(reading->original, HeedField, i);

        read_field(reading, field);
        keep_field(reading, field);
    }
}

void
heed_original_read_text(HeedReading *reading, HeedSpan text)
{
    if (reading->original->len > 0)
        return;
    text.length = MIN(text.length, HEADER_BYTES);
    find_anywhere(reading, text, 2);
    fill(reading);
}

/* The original has no part of its own: it may be part of the text, if a mail system wrote that. */
static void
read_appended(HeedReading *reading)
{
    HeedMessage *message = reading->message;

    if (!message->is_report && !heed_message_is_from_daemon(message))
        return;
    for (guint i = 0; i < message->parts->len && reading->original->len == 0; i++) {
        const HeedPart *part = &g_array_index(message->parts, HeedPart, i);

        if (part->type == HEED_PART_TEXT)
            find_anywhere(reading, heed_message_content(message, part, HEADER_BYTES), 3);
    }
}

void
heed_original_read(HeedReading *reading)
{
    const HeedPart *part = heed_message_part(reading->message, HEED_PART_ENCLOSED);

    if (part != NULL)
        heed_message_enclosed_header(part, reading->original);
    if (reading->original->len == 0) {
        part = heed_message_part(reading->message, HEED_PART_HEADERS);
        if (part != NULL)
            read_headers_part(reading, part);
    }
    if (reading->original->len == 0)
        read_appended(reading);
    fill(reading);
}

static bool
is_list_field(const HeedField *field)
{
    static const char *const names[] = {"list-id",      "list-post",   "mailing-list",     "x-loop",
                                        "x-been-there", "x-beenthere", "x-mailman-version"};

    for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
        if (heed_field_is(field, names[i]))
            return true;
    return heed_field_is(field, "precedence") && heed_span_is(heed_span_trim(field->value), "list");
}

/* How often "for" is tried as the keyword in one Received: field, which may hold other words. */
#define FOR_LIMIT 4

/* Whether a Received: field has "for <address>" (RFC 5321 4.4) with this normalised address. */
static bool
is_received_for(HeedSpan value, const char *address, GString *scratch)
{
    const char *at;
    int tries = 0;

    heed_field_unfold(value, scratch);
    for (at = scratch->str; (at = strstr(at, " for ")) != NULL && tries < FOR_LIMIT;
         at++, tries++) {
        const char *begin = at + 5 + strspn(at + 5, " <");
        size_t length = strcspn(begin, " >;\t");
        g_autofree char *found = heed_address_normalise(begin, (gssize)length);

        if (found != NULL && strcmp(found, address) == 0)
            return true;
    }
    return false;
}

char *
heed_original_only_recipient(const HeedReading *reading)
{
    g_autofree char *address = NULL;
    guint count = 0;

    for (guint i = 0; i < reading->original->len; i++) {
        const HeedField *field = &g_array_index(reading->original, HeedField, i);

        if (is_list_field(field) || heed_field_is(field, "cc") || heed_field_is(field, "bcc"))
            return NULL;
        if (!heed_field_is(field, "to"))
            continue;
        heed_field_unfold(field->value, reading->scratch);
        if (++count > 1)
            return NULL;
        address = heed_address_normalise(reading->scratch->str, (gssize)reading->scratch->len);
    }
    return g_steal_pointer(&address);
}

char *
heed_original_recipient(const HeedReading *reading)
{
    g_autofree char *address = heed_original_only_recipient(reading);

    for (guint i = 0; address != NULL && i < reading->original->len; i++) {
        const HeedField *field = &g_array_index(reading->original, HeedField, i);

        if (heed_field_is(field, "received") &&
            is_received_for(field->value, address, reading->scratch))
            return g_steal_pointer(&address);
    }
    return NULL;
}
