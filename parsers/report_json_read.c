/* SPDX-License-Identifier: Apache-2.0 */
/* Only what report_json.c writes, member by member, since this is done for each message. Whatever
 * else would be JSON is refused. */
#include "parsers/report_json.h"

#include "base/error.h"
#include "base/limits.h"
#include "parsers/date.h"
#include "parsers/report_shape.h"

#include <string.h>

/* Longer than any name of an enum, and than a date. */
#define LONGEST_WORD_BYTES 40U

typedef struct Reader {
    HeedReport *report;
    const char *at;
    const char *end;
    GString *scratch; /* the last text that had escapes */
    GError **error;
} Reader;

/* A text as it stands in the JSON or in the scratch: valid until the next is read. */
typedef struct Text {
    const char *at; /* NULL: null */
    size_t length;
} Text;

static bool
refuse(Reader *reader, const char *where, const char *key)
{
    g_set_error(reader->error, HEED_ERROR, HEED_ERROR_DATA,
                "report: %s.%s is missing or not allowed", where, key);
    return false;
}

static bool
accept(Reader *reader, const char *literal)
{
    size_t length = strlen(literal);

    if ((size_t)(reader->end - reader->at) < length || memcmp(reader->at, literal, length) != 0)
        return false;
    reader->at += length;
    return true;
}

/* Behind a backslash: what write_text() escapes. */
static bool
read_escape(Reader *reader)
{
    unsigned value = 0;

    if (accept(reader, "\"") || accept(reader, "\\")) {
        g_string_append_c(reader->scratch, reader->at[-1]);
        return true;
    }
    if (!accept(reader, "u00") || reader->end - reader->at < 2 ||
        !g_ascii_isxdigit(reader->at[0]) || !g_ascii_isxdigit(reader->at[1]))
        return false;
    value = (unsigned)g_ascii_xdigit_value(reader->at[0]) * 16 +
            (unsigned)g_ascii_xdigit_value(reader->at[1]);
    if (value == 0 || value >= ' ')
        return false;
    g_string_append_c(reader->scratch, (char)value);
    reader->at += 2;
    return true;
}

/* A text with escapes, from its beginning. */
static bool
read_escaped(Reader *reader, Text *out)
{
    g_string_truncate(reader->scratch, 0);
    while (reader->at < reader->end && *reader->at != '"') {
        const char *plain = reader->at;

        while (reader->at < reader->end && *reader->at != '"' && *reader->at != '\\') {
            if ((guchar)*reader->at < ' ')
                return false;
            reader->at++;
        }
        g_string_append_len(reader->scratch, plain, reader->at - plain);
        if (accept(reader, "\\") && !read_escape(reader))
            return false;
    }
    *out = (Text){reader->scratch->str, reader->scratch->len};
    return accept(reader, "\"");
}

/* A text or null. */
static bool
read_string(Reader *reader, Text *out)
{
    const char *begin;

    *out = (Text){NULL, 0};
    if (accept(reader, "null"))
        return true;
    if (!accept(reader, "\""))
        return false;
    begin = reader->at;
    while (reader->at < reader->end && *reader->at != '"' && *reader->at != '\\') {
        if ((guchar)*reader->at < ' ')
            return false;
        reader->at++;
    }
    if (reader->at < reader->end && *reader->at == '\\') {
        reader->at = begin;
        return read_escaped(reader, out);
    }
    *out = (Text){begin, (size_t)(reader->at - begin)};
    return accept(reader, "\"");
}

/* Text as heed_report_text() would have made it: no control characters, not blank, not too long. */
static bool
read_text(Reader *reader, const char **out)
{
    Text text;

    if (!read_string(reader, &text) || text.length > HEED_LIMIT_FIELD_VALUE_BYTES)
        return false;
    *out = heed_report_text(reader->report, text.at, (gssize)text.length);
    return text.at == NULL ||
           (*out != NULL && strlen(*out) == text.length && memcmp(*out, text.at, text.length) == 0);
}

/* A word of ours: a name of a table, a date. */
static bool
read_word(Reader *reader, char out[LONGEST_WORD_BYTES], bool *out_null)
{
    Text text;

    if (!read_string(reader, &text) || text.length >= LONGEST_WORD_BYTES)
        return false;
    *out_null = text.at == NULL;
    if (text.at != NULL)
        memcpy(out, text.at, text.length);
    out[text.length] = '\0';
    return true;
}

/* One to three digits. */
static size_t
count_digits(const char *text)
{
    size_t digits = strspn(text, "0123456789");

    return digits <= 3 ? digits : 0;
}

static bool
is_status(const char *text)
{
    size_t subject;

    if (text == NULL)
        return true;
    if (strchr("245", text[0]) == NULL || text[1] != '.')
        return false;
    text += 2;
    subject = count_digits(text);
    if (subject == 0 || text[subject] != '.')
        return false;
    text += subject + 1;
    return count_digits(text) > 0 && text[count_digits(text)] == '\0';
}

static bool
is_code(const char *text)
{
    return text == NULL ||
           (strlen(text) == 3 && strchr("2345", text[0]) != NULL && count_digits(text) == 3);
}

static bool
read_date(Reader *reader, int64_t *field)
{
    char word[LONGEST_WORD_BYTES];
    bool null;

    *field = HEED_DATE_UNKNOWN;
    return read_word(reader, word, &null) && (null || heed_date_parse_utc(word, field));
}

static bool
read_list(Reader *reader, size_t limit, GPtrArray *list)
{
    if (!accept(reader, "["))
        return false;
    while (!accept(reader, "]")) {
        const char *text;

        if (list->len >= limit || (list->len > 0 && !accept(reader, ",")) ||
            !read_text(reader, &text) || text == NULL)
            return false;
        g_ptr_array_add(list, (gpointer)(uintptr_t)text);
    }
    return true;
}

static bool
read_name(Reader *reader, const HeedNameTable *names, unsigned *field)
{
    char word[LONGEST_WORD_BYTES];
    bool null;

    if (!read_word(reader, word, &null))
        return false;
    if (!null)
        return names->find(word, field);
    *field = 0;
    return names->name_of(0) == NULL; /* null stands for an enum's "none", where it has one */
}

static bool
read_count(Reader *reader, int64_t *field)
{
    *field = 0;
    while (reader->at < reader->end && g_ascii_isdigit(*reader->at)) {
        int digit = *reader->at++ - '0';

        if (*field > (G_MAXINT64 - digit) / 10)
            return false;
        *field = *field * 10 + digit;
    }
    return *field > 0;
}

static bool
read_member(Reader *reader, const HeedMember *member, void *base)
{
    void *field = (char *)base + member->offset;

    switch (member->type) {
    case HEED_MEMBER_TEXT:
        return read_text(reader, field);
    case HEED_MEMBER_STATUS:
        return read_text(reader, field) && is_status(*(const char **)field);
    case HEED_MEMBER_CODE:
        return read_text(reader, field) && is_code(*(const char **)field);
    case HEED_MEMBER_DATE:
        return read_date(reader, field);
    case HEED_MEMBER_COUNT:
        return read_count(reader, field);
    case HEED_MEMBER_LIST:
        return read_list(reader, HEED_LIMIT_REPORT_FIELDS, *(GPtrArray **)field);
    case HEED_MEMBER_NAME:
        return read_name(reader, member->names, field);
    }
    return false;
}

/* What write_members() wrote. */
static bool
read_members(Reader *reader, const HeedShape *shape, void *base)
{
    for (size_t i = 0; i < shape->count; i++) {
        const char *key = shape->members[i].key;

        if (!accept(reader, i == 0 ? "\"" : ",\"") || !accept(reader, key) ||
            !accept(reader, "\":") || !read_member(reader, &shape->members[i], base))
            return refuse(reader, shape->where, key);
    }
    return true;
}

/* The members between braces. */
static bool
read_object(Reader *reader, const HeedShape *shape, void *base)
{
    if (!accept(reader, "{"))
        return refuse(reader, shape->where, "{");
    return read_members(reader, shape, base) &&
           (accept(reader, "}") || refuse(reader, shape->where, "}"));
}

static bool
read_fields(Reader *reader, HeedFeedback *feedback)
{
    if (!accept(reader, "["))
        return false;
    while (!accept(reader, "]")) {
        const char *name;
        const char *value;

        if (feedback->field_names->len >= HEED_LIMIT_REPORT_FIELDS ||
            (feedback->field_names->len > 0 && !accept(reader, ",")) ||
            !accept(reader, "{\"name\":") || !read_text(reader, &name) || name == NULL ||
            !accept(reader, ",\"value\":") || !read_text(reader, &value) || value == NULL ||
            !accept(reader, "}"))
            return false;
        g_ptr_array_add(feedback->field_names, (gpointer)(uintptr_t)name);
        g_ptr_array_add(feedback->field_values, (gpointer)(uintptr_t)value);
    }
    return true;
}

static bool
read_feedback(Reader *reader)
{
    HeedFeedback *feedback;

    if (accept(reader, "null"))
        return true;
    feedback = heed_report_feedback(reader->report);
    if (!accept(reader, "{"))
        return refuse(reader, "report", "feedback");
    if (!read_members(reader, &heed_feedback_shape, feedback))
        return false;
    if (!accept(reader, ",\"auth_failure\":"))
        return refuse(reader, "feedback", "auth_failure");
    feedback->has_auth_failure = !accept(reader, "null");
    if (feedback->has_auth_failure && !read_object(reader, &heed_auth_failure_shape, feedback))
        return false;
    return (accept(reader, ",\"fields\":") && read_fields(reader, feedback) &&
            accept(reader, "}")) ||
           refuse(reader, "feedback", "fields");
}

static bool
read_recipients(Reader *reader)
{
    const GArray *recipients = reader->report->recipients;

    if (!accept(reader, "["))
        return refuse(reader, "report", "recipients");
    while (!accept(reader, "]")) {
        if (recipients->len >= HEED_LIMIT_RECIPIENTS ||
            (recipients->len > 0 && !accept(reader, ",")))
            return refuse(reader, "report", "recipients");
        if (!read_object(reader, &heed_recipient_shape, heed_report_add_recipient(reader->report)))
            return false;
    }
    return true;
}

/* The key of a member of the report that is no simple one. */
static bool
read_key(Reader *reader, const char *key)
{
    return (accept(reader, ",\"") && accept(reader, key) && accept(reader, "\":")) ||
           refuse(reader, "report", key);
}

static bool
read_report(Reader *reader)
{
    HeedReport *report = reader->report;
    Text source;

    if (!accept(reader, "{\"source\":") || !read_string(reader, &source) || !accept(reader, ","))
        return refuse(reader, "report", "source");
    return read_members(reader, &heed_report_shape, report) && read_key(reader, "reporter") &&
           read_object(reader, &heed_reporter_shape, report) && read_key(reader, "feedback") &&
           read_feedback(reader) && read_key(reader, "original") &&
           read_object(reader, &heed_original_shape, &report->original) &&
           read_key(reader, "recipients") && read_recipients(reader) &&
           read_key(reader, "warnings") &&
           ((read_list(reader, HEED_LIMIT_WARNINGS, report->warnings) && accept(reader, "}") &&
             reader->at == reader->end) ||
            refuse(reader, "report", "warnings"));
}

HeedReport *
heed_report_from_json(const char *json, size_t length, GError **error)
{
    g_autoptr(HeedReport) report = heed_report_new();
    g_autoptr(GString) scratch = g_string_new(NULL);
    Reader reader = {report, json, json + length, scratch, error};

    if (!g_utf8_validate(json, (gssize)length, NULL)) {
        g_set_error_literal(error, HEED_ERROR, HEED_ERROR_DATA, "report: it is not UTF-8");
        return NULL;
    }
    return read_report(&reader) ? g_steal_pointer(&report) : NULL;
}
