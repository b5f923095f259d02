/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/arf.h"

#include "base/limits.h"
#include "parsers/address.h"
#include "parsers/date.h"
#include "parsers/received.h"
#include "parsers/typed.h"

#include <string.h>

static const char *
read_text(HeedReading *reading, HeedSpan value)
{
    heed_field_unfold(value, reading->scratch);
    return heed_report_text(reading->report, reading->scratch->str, (gssize)reading->scratch->len);
}

static const char *
read_word(HeedReading *reading, HeedSpan value)
{
    heed_field_strip_comments(value, reading->scratch);
    g_string_ascii_down(reading->scratch);
    return heed_report_text(reading->report, reading->scratch->str, (gssize)reading->scratch->len);
}

static const char *
read_host(HeedReading *reading, HeedSpan value)
{
    return heed_typed_host(reading->report, value, reading->scratch);
}

/* An IP address in the form in which logs have it too; else as it stands. */
static const char *
read_source(HeedReading *reading, HeedSpan value)
{
    const char *text = read_host(reading, value);
    char canonical[HEED_ADDRESS_TEXT_BYTES];

    if (text == NULL || !heed_address_text(text, strlen(text), canonical))
        return text;
    return heed_report_text(reading->report, canonical, -1);
}

/* "<user@example.com>" without its brackets; the null path "<>" is nothing. */
static const char *
read_path(HeedReading *reading, HeedSpan value)
{
    return heed_typed_recipient(reading->report, value, reading->scratch);
}

/* The fields that appear once (RFC 5965 3.1, 3.2; RFC 6591 3.1) and where they go. */
typedef struct SingleField {
    const char *name;
    const char *(*read)(HeedReading *reading, HeedSpan value);
    size_t offset;
    bool is_auth_failure;
} SingleField;

static const SingleField single_fields[] = {
    {"feedback-type", read_word, offsetof(HeedFeedback, type), false},
    {"user-agent", read_text, offsetof(HeedFeedback, user_agent), false},
    {"version", read_text, offsetof(HeedFeedback, version), false},
    {"source-ip", read_source, offsetof(HeedFeedback, source_ip), false},
    {"source", read_source, offsetof(HeedFeedback, source_ip), false},
    {"original-mail-from", read_path, offsetof(HeedFeedback, original_mail_from), false},
    {"reporting-mta", read_host, offsetof(HeedFeedback, reporting_mta), false},
    {"auth-failure", read_word, offsetof(HeedFeedback, auth_failure), true},
    {"delivery-result", read_word, offsetof(HeedFeedback, delivery_result), true},
    {"identity-alignment", read_word, offsetof(HeedFeedback, identity_alignment), true},
    {"dkim-domain", read_text, offsetof(HeedFeedback, dkim_domain), true},
    {"dkim-identity", read_text, offsetof(HeedFeedback, dkim_identity), true},
    {"dkim-selector", read_text, offsetof(HeedFeedback, dkim_selector), true},
    {"spf-dns", read_text, offsetof(HeedFeedback, spf_dns), true},
};

/* The fields that may appear several times. */
static const struct {
    const char *name;
    const char *(*read)(HeedReading *reading, HeedSpan value);
    size_t offset;
} list_fields[] = {
    {"original-rcpt-to", read_path, offsetof(HeedFeedback, original_rcpt_to)},
    {"reported-domain", read_word, offsetof(HeedFeedback, reported_domains)},
    {"reported-uri", read_text, offsetof(HeedFeedback, reported_uris)},
};

static bool
add_to_list(GPtrArray *list, const char *text)
{
    if (text == NULL || list->len >= HEED_LIMIT_REPORT_FIELDS)
        return false;
    g_ptr_array_add(list, (gpointer)(uintptr_t)text);
    return true;
}

static bool
read_single(HeedReading *reading, HeedFeedback *feedback, const HeedField *field)
{
    for (size_t i = 0; i < G_N_ELEMENTS(single_fields); i++) {
        const SingleField *single = &single_fields[i];
        const char **place = (const char **)((char *)feedback + single->offset);

        if (!heed_field_is(field, single->name))
            continue;
        if (*place == NULL)
            *place = single->read(reading, field->strict);
        feedback->has_auth_failure = feedback->has_auth_failure || single->is_auth_failure;
        return true;
    }
    return false;
}

static bool
read_listed(HeedReading *reading, HeedFeedback *feedback, const HeedField *field)
{
    for (size_t i = 0; i < G_N_ELEMENTS(list_fields); i++) {
        GPtrArray *list = *(GPtrArray **)((char *)feedback + list_fields[i].offset);

        if (!heed_field_is(field, list_fields[i].name))
            continue;
        (void)add_to_list(list, list_fields[i].read(reading, field->strict));
        return true;
    }
    return false;
}

static void
read_incidents(HeedFeedback *feedback, HeedSpan value)
{
    int64_t incidents = 0;

    value = heed_span_trim(value);
    for (size_t i = 0; i < value.length && i < 9 && g_ascii_isdigit(value.at[i]); i++)
        incidents = incidents * 10 + (value.at[i] - '0');
    if (incidents > 0)
        feedback->incidents = incidents;
}

static void
read_field(HeedReading *reading, HeedFeedback *feedback, const HeedField *field)
{
    const char *name;
    const char *value;

    if (read_single(reading, feedback, field) || read_listed(reading, feedback, field))
        return;
    if (heed_field_is(field, "incidents")) {
        read_incidents(feedback, field->strict);
    } else if (heed_field_is(field, "arrival-date") || heed_field_is(field, "received-date")) {
        if (feedback->arrival_date == HEED_DATE_UNKNOWN)
            feedback->arrival_date = heed_date_parse_mail(field->strict.at, field->strict.length);
    } else if (heed_field_is(field, "original-envelope-id")) {
        reading->report->original.envelope_id = read_text(reading, field->strict);
    } else {
        value = read_text(reading, field->value);
        name = heed_report_text(reading->report, field->name.at, (gssize)field->name.length);
        if (value != NULL && add_to_list(feedback->field_names, name))
            (void)add_to_list(feedback->field_values, value);
    }
}

void
heed_arf_read(HeedReading *reading, HeedSpan content)
{
    HeedFeedback *feedback = heed_report_feedback(reading->report);
    HeedFieldCursor cursor;
    HeedField field;

    heed_fields_begin(&cursor, content.at, content.length, false);
    while (heed_fields_next(&cursor, &field))
        read_field(reading, feedback, &field);
}

bool
heed_arf_find(HeedSpan text, HeedSpan *out_content)
{
    static const char *const others[] = {
        "user-agent",         "version",      "source-ip",     "original-rcpt-to",
        "original-mail-from", "arrival-date", "received-date", "reported-domain"};
    HeedFieldCursor cursor;
    HeedField field;
    const char *begin = NULL;
    bool has_type = false;
    bool has_other = false;

    heed_fields_begin(&cursor, text.at, text.length, false);
    while (heed_fields_next(&cursor, &field)) {
        bool is_type = heed_field_is(&field, "feedback-type");
        bool is_other = false;

        for (size_t i = 0; i < G_N_ELEMENTS(others); i++)
            is_other = is_other || heed_field_is(&field, others[i]);
        if ((is_type || is_other) && begin == NULL)
            begin = field.name.at;
        has_type = has_type || is_type;
        has_other = has_other || is_other;
    }
    if (!has_type || !has_other)
        return false;
    *out_content = (HeedSpan){begin, (size_t)(text.at + text.length - begin)};
    return true;
}

static HeedClass
class_of(const char *type, HeedVerdict *out_verdict)
{
    static const struct {
        const char *type;
        HeedClass class_;
        HeedVerdict verdict;
    } types[] = {
        {"abuse", HEED_CLASS_ABUSE, HEED_VERDICT_COMPLAINT},
        {"fraud", HEED_CLASS_FRAUD, HEED_VERDICT_COMPLAINT},
        {"virus", HEED_CLASS_VIRUS, HEED_VERDICT_NONE},
        {"not-spam", HEED_CLASS_NOT_SPAM, HEED_VERDICT_NONE},
        {"auth-failure", HEED_CLASS_AUTH_FAILURE, HEED_VERDICT_NONE},
        /* of drafts before RFC 5965, and still sent: a person's wish */
        {"opt-out", HEED_CLASS_OTHER, HEED_VERDICT_COMPLAINT},
        {"opt-out-list", HEED_CLASS_OTHER, HEED_VERDICT_COMPLAINT},
    };

    if (type == NULL)
        type = "abuse";
    for (size_t i = 0; i < G_N_ELEMENTS(types); i++) {
        if (strcmp(type, types[i].type) == 0) {
            *out_verdict = types[i].verdict;
            return types[i].class_;
        }
    }
    *out_verdict = HEED_VERDICT_NONE;
    return HEED_CLASS_OTHER;
}

/* Long identifiers are folded anywhere, and the blanks are no part of them (RFC 9477 5.2). */
static const char *
read_unspaced(HeedReading *reading, HeedSpan value)
{
    GString *scratch = reading->scratch;
    gsize kept = 0;

    heed_field_unfold(value, scratch);
    for (gsize i = 0; i < scratch->len; i++)
        if (!g_ascii_isspace(scratch->str[i]))
            scratch->str[kept++] = scratch->str[i];
    return heed_report_text(reading->report, scratch->str, (gssize)kept);
}

/* It comes back with the original's header, or among the report's own fields. */
static const char *
find_feedback_id(HeedReading *reading)
{
    const HeedFeedback *feedback = reading->report->feedback;

    for (guint i = 0; i < reading->original->len; i++) {
        const HeedField *field = &g_array_index(reading->original, HeedField, i);

        if (heed_field_is(field, "cfbl-feedback-id"))
            return read_unspaced(reading, field->strict);
    }
    for (guint i = 0; i < feedback->field_names->len; i++)
        if (g_ascii_strcasecmp(feedback->field_names->pdata[i], "cfbl-feedback-id") == 0)
            return feedback->field_values->pdata[i];
    return NULL;
}

void
heed_arf_finish(HeedReading *reading)
{
    HeedReport *report = reading->report;
    HeedRecipient *recipient = heed_report_add_recipient(report);

    recipient->class_ = class_of(report->feedback->type, &recipient->verdict);
    if (report->feedback->type == NULL)
        heed_report_warn(report, "the feedback report has no Feedback-Type");
    recipient->rule = heed_report_text(report, "feedback-type", -1);
    if (report->feedback->original_rcpt_to->len == 1)
        recipient->original_recipient = report->feedback->original_rcpt_to->pdata[0];
    report->feedback->cfbl_feedback_id = find_feedback_id(reading);
    report->reporter_mta = report->feedback->reporting_mta;
    if (recipient->class_ == HEED_CLASS_NOT_SPAM)
        report->kind = HEED_KIND_NOT_SPAM;
    else if (recipient->class_ == HEED_CLASS_AUTH_FAILURE)
        report->kind = HEED_KIND_AUTH_FAILURE;
    else
        report->kind = HEED_KIND_COMPLAINT;
}
