/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/report_json.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/limits.h"
#include "parsers/date.h"

#include <string.h>

typedef enum MemberType {
    MEMBER_TEXT,
    MEMBER_STATUS,
    MEMBER_CODE,
    MEMBER_DATE,
    MEMBER_COUNT,
    MEMBER_LIST,
    MEMBER_NAME
} MemberType;

typedef struct NameTable {
    const char *(*name_of)(unsigned value);
    bool (*find)(const char *name, unsigned *out_value);
} NameTable;

/* One member of a JSON object and where it lives in the structure that holds it. */
typedef struct Member {
    const char *key;
    MemberType type;
    size_t offset;
    const NameTable *names;
} Member;

/* A JSON object: the members of a table, and `others` more that are nested objects or lists of
 * them. */
typedef struct Shape {
    const char *where;
    const Member *members;
    size_t count;
    size_t others;
} Shape;

/* Enums of C differ in type, not in form: one signature for all. */
#define NAME_TABLE(Type, noun)                               \
    static const char *noun##_of(unsigned value)             \
    {                                                        \
        return heed_##noun##_name((Type)value);              \
    }                                                        \
    static bool noun##_find(const char *name, unsigned *out) \
    {                                                        \
        Type value;                                          \
        if (!heed_##noun##_from_name(name, &value))          \
            return false;                                    \
        *out = (unsigned)value;                              \
        return true;                                         \
    }                                                        \
    static const NameTable noun##_table = {noun##_of, noun##_find};

NAME_TABLE(HeedKind, kind)
NAME_TABLE(HeedTrust, trust)
NAME_TABLE(HeedAction, action)
NAME_TABLE(HeedClass, class)
NAME_TABLE(HeedVerdict, verdict)
NAME_TABLE(HeedAddressSource, address_source)

#define TEXT(Struct, key, field)                        \
    {                                                   \
        key, MEMBER_TEXT, offsetof(Struct, field), NULL \
    }
#define DATE(Struct, key, field)                        \
    {                                                   \
        key, MEMBER_DATE, offsetof(Struct, field), NULL \
    }
#define LIST(Struct, key, field)                        \
    {                                                   \
        key, MEMBER_LIST, offsetof(Struct, field), NULL \
    }
#define NAME(Struct, key, field, noun)                           \
    {                                                            \
        key, MEMBER_NAME, offsetof(Struct, field), &noun##_table \
    }

static const Member report_members[] = {
    NAME(HeedReport, "kind", kind, kind),
    NAME(HeedReport, "trust", trust, trust),
    TEXT(HeedReport, "message_id", message_id),
    DATE(HeedReport, "date", date),
};

static const Shape report_shape = {"report", report_members, G_N_ELEMENTS(report_members), 6};

static const Member reporter_members[] = {
    TEXT(HeedReport, "mta", reporter_mta),
    TEXT(HeedReport, "from", reporter_from),
    TEXT(HeedReport, "format", format),
    TEXT(HeedReport, "dsn_gateway", dsn_gateway),
    TEXT(HeedReport, "received_from", received_from),
    DATE(HeedReport, "arrival_date", arrival_date),
};

static const Shape reporter_shape = {"reporter", reporter_members, G_N_ELEMENTS(reporter_members),
                                     0};

static const Member feedback_members[] = {
    TEXT(HeedFeedback, "type", type),
    TEXT(HeedFeedback, "user_agent", user_agent),
    TEXT(HeedFeedback, "version", version),
    TEXT(HeedFeedback, "source_ip", source_ip),
    DATE(HeedFeedback, "arrival_date", arrival_date),
    {"incidents", MEMBER_COUNT, offsetof(HeedFeedback, incidents), NULL},
    LIST(HeedFeedback, "reported_domains", reported_domains),
    LIST(HeedFeedback, "reported_uris", reported_uris),
    TEXT(HeedFeedback, "original_mail_from", original_mail_from),
    LIST(HeedFeedback, "original_rcpt_to", original_rcpt_to),
    TEXT(HeedFeedback, "reporting_mta", reporting_mta),
};

static const Shape feedback_shape = {"feedback", feedback_members, G_N_ELEMENTS(feedback_members),
                                     2};

static const Member auth_failure_members[] = {
    TEXT(HeedFeedback, "type", auth_failure),
    TEXT(HeedFeedback, "delivery_result", delivery_result),
    TEXT(HeedFeedback, "identity_alignment", identity_alignment),
    TEXT(HeedFeedback, "dkim_domain", dkim_domain),
    TEXT(HeedFeedback, "dkim_identity", dkim_identity),
    TEXT(HeedFeedback, "dkim_selector", dkim_selector),
    TEXT(HeedFeedback, "spf_dns", spf_dns),
};

static const Shape auth_failure_shape = {"feedback.auth_failure", auth_failure_members,
                                         G_N_ELEMENTS(auth_failure_members), 0};

static const Member original_members[] = {
    TEXT(HeedOriginal, "message_id", message_id),
    TEXT(HeedOriginal, "envelope_id", envelope_id),
    TEXT(HeedOriginal, "queue_id", queue_id),
    TEXT(HeedOriginal, "from", from),
    TEXT(HeedOriginal, "return_path", return_path),
    TEXT(HeedOriginal, "subject", subject),
    TEXT(HeedOriginal, "list_id", list_id),
    TEXT(HeedOriginal, "feedback_id", feedback_id),
    DATE(HeedOriginal, "date", date),
};

static const Shape original_shape = {"original", original_members, G_N_ELEMENTS(original_members),
                                     0};

static const Member recipient_members[] = {
    TEXT(HeedRecipient, "address", address),
    NAME(HeedRecipient, "address_source", address_source, address_source),
    TEXT(HeedRecipient, "original_recipient", original_recipient),
    TEXT(HeedRecipient, "final_recipient", final_recipient),
    NAME(HeedRecipient, "action", action, action),
    {"status", MEMBER_STATUS, offsetof(HeedRecipient, status), NULL},
    {"code", MEMBER_CODE, offsetof(HeedRecipient, code), NULL},
    NAME(HeedRecipient, "class", class_, class),
    NAME(HeedRecipient, "verdict", verdict, verdict),
    TEXT(HeedRecipient, "diagnostic", diagnostic),
    TEXT(HeedRecipient, "remote_mta", remote_mta),
    DATE(HeedRecipient, "last_attempt_date", last_attempt_date),
    TEXT(HeedRecipient, "final_log_id", final_log_id),
    DATE(HeedRecipient, "will_retry_until", will_retry_until),
    TEXT(HeedRecipient, "provider", provider),
    TEXT(HeedRecipient, "rule", rule),
};

static const Shape recipient_shape = {"recipients[]", recipient_members,
                                      G_N_ELEMENTS(recipient_members), 0};

/* Writing: straight into the text, since this is done for each message. */

static void
write_text(GString *out, const char *text)
{
    const char *plain = text;

    if (text == NULL) {
        g_string_append_len(out, "null", 4);
        return;
    }
    g_string_append_c(out, '"');
    for (; *text != '\0'; text++) {
        if ((guchar)*text >= 0x20 && *text != '"' && *text != '\\')
            continue;
        g_string_append_len(out, plain, text - plain);
        plain = text + 1;
        if (*text == '"' || *text == '\\') {
            g_string_append_c(out, '\\');
            g_string_append_c(out, *text);
        } else {
            g_string_append_printf(out, "\\u%04x", (unsigned)(guchar)*text);
        }
    }
    g_string_append_len(out, plain, text - plain);
    g_string_append_c(out, '"');
}

static void
write_date(GString *out, int64_t date)
{
    char text[HEED_DATE_TEXT_BYTES];

    write_text(out, heed_date_format(date, text) ? text : NULL);
}

static void
write_list(GString *out, const GPtrArray *list)
{
    g_string_append_c(out, '[');
    for (guint i = 0; i < list->len; i++) {
        if (i > 0)
            g_string_append_c(out, ',');
        write_text(out, list->pdata[i]);
    }
    g_string_append_c(out, ']');
}

static void
write_member(GString *out, const Member *member, const void *base)
{
    const void *field = (const char *)base + member->offset;

    switch (member->type) {
    case MEMBER_TEXT:
    case MEMBER_STATUS:
    case MEMBER_CODE:
        write_text(out, *(const char *const *)field);
        break;
    case MEMBER_DATE:
        write_date(out, *(const int64_t *)field);
        break;
    case MEMBER_COUNT:
        g_string_append_printf(out, "%" G_GINT64_FORMAT, *(const int64_t *)field);
        break;
    case MEMBER_LIST:
        write_list(out, *(GPtrArray *const *)field);
        break;
    case MEMBER_NAME:
        write_text(out, member->names->name_of(*(const unsigned *)field));
        break;
    }
}

/* The members without their braces: "a":…,"b":… */
static void
write_members(GString *out, const Shape *shape, const void *base)
{
    for (size_t i = 0; i < shape->count; i++) {
        g_string_append(out, i == 0 ? "\"" : ",\"");
        g_string_append(out, shape->members[i].key);
        g_string_append_len(out, "\":", 2);
        write_member(out, &shape->members[i], base);
    }
}

static void
write_feedback(GString *out, const HeedFeedback *feedback)
{
    if (feedback == NULL) {
        g_string_append(out, "null");
        return;
    }
    g_string_append_c(out, '{');
    write_members(out, &feedback_shape, feedback);
    g_string_append(out, ",\"auth_failure\":");
    if (feedback->has_auth_failure) {
        g_string_append_c(out, '{');
        write_members(out, &auth_failure_shape, feedback);
        g_string_append_c(out, '}');
    } else {
        g_string_append(out, "null");
    }
    g_string_append(out, ",\"fields\":[");
    for (guint i = 0; i < feedback->field_names->len; i++) {
        g_string_append(out, i == 0 ? "{\"name\":" : ",{\"name\":");
        write_text(out, feedback->field_names->pdata[i]);
        g_string_append(out, ",\"value\":");
        write_text(out, feedback->field_values->pdata[i]);
        g_string_append_c(out, '}');
    }
    g_string_append(out, "]}");
}

void
heed_report_to_json(const HeedReport *report, const char *source, GString *out)
{
    /* A path need not be UTF-8. */
    g_autofree char *readable = source == NULL ? NULL : g_utf8_make_valid(source, -1);

    g_string_append(out, "{\"source\":");
    write_text(out, readable);
    g_string_append_c(out, ',');
    write_members(out, &report_shape, report);
    g_string_append(out, ",\"reporter\":{");
    write_members(out, &reporter_shape, report);
    g_string_append(out, "},\"feedback\":");
    write_feedback(out, report->feedback);
    g_string_append(out, ",\"original\":{");
    write_members(out, &original_shape, &report->original);
    g_string_append(out, "},\"recipients\":[");
    for (guint i = 0; i < report->recipients->len; i++) {
        g_string_append(out, i == 0 ? "{" : ",{");
        write_members(out, &recipient_shape, &g_array_index(report->recipients, HeedRecipient, i));
        g_string_append_c(out, '}');
    }
    g_string_append(out, "],\"warnings\":");
    write_list(out, report->warnings);
    g_string_append_c(out, '}');
}

/* Reading. */

typedef struct Reader {
    HeedReport *report;
    GError **error;
} Reader;

static bool
refuse(Reader *reader, const char *where, const char *key, const char *what)
{
    g_set_error(reader->error, HEED_ERROR, HEED_ERROR_DATA, "report: %s.%s %s", where, key, what);
    return false;
}

/* Text as heed_report_text() would have made it: no control characters, not blank, not too long. */
static const char *
accept_text(HeedReport *report, const json_t *value)
{
    const char *text = json_string_value(value);
    size_t length = json_string_length(value);
    const char *kept;

    if (text == NULL || length > HEED_LIMIT_FIELD_VALUE_BYTES)
        return NULL;
    kept = heed_report_text(report, text, (gssize)length);
    return kept != NULL && strcmp(kept, text) == 0 ? kept : NULL;
}

static bool
read_text(HeedReport *report, const json_t *value, const char **field)
{
    *field = accept_text(report, value);
    return *field != NULL || json_is_null(value);
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
read_date(const json_t *value, int64_t *field)
{
    *field = HEED_DATE_UNKNOWN;
    return json_is_null(value) ||
           (json_is_string(value) && heed_date_parse_utc(json_string_value(value), field));
}

static bool
read_list(HeedReport *report, const json_t *value, GPtrArray *list)
{
    size_t i;
    json_t *item;

    if (!json_is_array(value) || json_array_size(value) > HEED_LIMIT_REPORT_FIELDS)
        return false;
    json_array_foreach(value, i, item)
    {
        const char *text = accept_text(report, item);

        if (text == NULL)
            return false;
        g_ptr_array_add(list, (gpointer)(uintptr_t)text);
    }
    return true;
}

static bool
read_name(const json_t *value, const NameTable *names, unsigned *field)
{
    if (json_is_null(value)) {
        *field = 0;
        return names->name_of(0) == NULL; /* null stands for an enum's "none", where it has one */
    }
    return json_is_string(value) && names->find(json_string_value(value), field);
}

static bool
read_member(HeedReport *report, const json_t *value, const Member *member, void *base)
{
    void *field = (char *)base + member->offset;

    switch (member->type) {
    case MEMBER_TEXT:
        return read_text(report, value, field);
    case MEMBER_STATUS:
        return read_text(report, value, field) && is_status(*(const char **)field);
    case MEMBER_CODE:
        return read_text(report, value, field) && is_code(*(const char **)field);
    case MEMBER_DATE:
        return read_date(value, field);
    case MEMBER_COUNT:
        *(int64_t *)field = json_integer_value(value);
        return json_is_integer(value) && json_integer_value(value) > 0;
    case MEMBER_LIST:
        return read_list(report, value, *(GPtrArray **)field);
    case MEMBER_NAME:
        return read_name(value, member->names, field);
    }
    return false;
}

static bool
read_members(Reader *reader, const json_t *object, const Shape *shape, void *base)
{
    if (!json_is_object(object) || json_object_size(object) != shape->count + shape->others)
        return refuse(reader, shape->where, "*", "is not an object with the members expected");
    for (size_t i = 0; i < shape->count; i++) {
        const char *key = shape->members[i].key;
        const json_t *value = json_object_get(object, key);

        if (value == NULL)
            return refuse(reader, shape->where, key, "is missing");
        if (!read_member(reader->report, value, &shape->members[i], base))
            return refuse(reader, shape->where, key, "is not allowed");
    }
    return true;
}

static bool
read_fields(Reader *reader, const json_t *list, HeedFeedback *feedback)
{
    size_t i;
    json_t *item;

    if (!json_is_array(list) || json_array_size(list) > HEED_LIMIT_REPORT_FIELDS)
        return refuse(reader, "feedback", "fields", "is not allowed");
    json_array_foreach(list, i, item)
    {
        const char *name = accept_text(reader->report, json_object_get(item, "name"));
        const char *value = accept_text(reader->report, json_object_get(item, "value"));

        if (json_object_size(item) != 2 || name == NULL || value == NULL)
            return refuse(reader, "feedback", "fields[]", "is not allowed");
        g_ptr_array_add(feedback->field_names, (gpointer)(uintptr_t)name);
        g_ptr_array_add(feedback->field_values, (gpointer)(uintptr_t)value);
    }
    return true;
}

static bool
read_feedback(Reader *reader, const json_t *object)
{
    const json_t *auth_failure = json_object_get(object, "auth_failure");
    HeedFeedback *feedback;

    if (json_is_null(object))
        return true;
    feedback = heed_report_feedback(reader->report);
    if (!read_members(reader, object, &feedback_shape, feedback))
        return false;
    feedback->has_auth_failure = !json_is_null(auth_failure);
    if (feedback->has_auth_failure &&
        !read_members(reader, auth_failure, &auth_failure_shape, feedback))
        return false;
    return read_fields(reader, json_object_get(object, "fields"), feedback);
}

static bool
read_recipients(Reader *reader, const json_t *list)
{
    size_t i;
    json_t *item;

    if (!json_is_array(list) || json_array_size(list) > HEED_LIMIT_RECIPIENTS)
        return refuse(reader, "report", "recipients", "is not allowed");
    json_array_foreach(list, i, item)
    {
        if (!read_members(reader, item, &recipient_shape,
                          heed_report_add_recipient(reader->report)))
            return false;
    }
    return true;
}

static bool
read_report(Reader *reader, const json_t *root)
{
    HeedReport *report = reader->report;
    const json_t *source = json_object_get(root, "source");
    const json_t *warnings = json_object_get(root, "warnings");

    if (!read_members(reader, root, &report_shape, report))
        return false;
    if (!json_is_null(source) && !json_is_string(source))
        return refuse(reader, "report", "source", "is not allowed");
    if (json_array_size(warnings) > HEED_LIMIT_WARNINGS ||
        !read_list(report, warnings, report->warnings))
        return refuse(reader, "report", "warnings", "is not allowed");
    return read_members(reader, json_object_get(root, "reporter"), &reporter_shape, report) &&
           read_feedback(reader, json_object_get(root, "feedback")) &&
           read_members(reader, json_object_get(root, "original"), &original_shape,
                        &report->original) &&
           read_recipients(reader, json_object_get(root, "recipients"));
}

HeedReport *
heed_report_from_json(const char *json, size_t length, GError **error)
{
    g_autoptr(HeedReport) report = heed_report_new();
    g_autoptr(json_t) root = NULL;
    Reader reader = {report, error};
    json_error_t problem;

    root = json_loadb(json, length, JSON_REJECT_DUPLICATES, &problem);
    if (root == NULL) {
        g_set_error(error, HEED_ERROR, HEED_ERROR_DATA, "report: %s at byte %d", problem.text,
                    problem.position);
        return NULL;
    }
    return read_report(&reader, root) ? g_steal_pointer(&report) : NULL;
}
