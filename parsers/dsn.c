/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/dsn.h"

#include "parsers/date.h"
#include "parsers/notice.h"
#include "parsers/notice_text.h"
#include "parsers/reply.h"
#include "parsers/typed.h"

#include <string.h>

typedef enum FieldId {
    FIELD_OTHER,
    FIELD_ORIGINAL_ENVELOPE_ID,
    FIELD_REPORTING_MTA,
    FIELD_QUEUE_ID,
    FIELD_DSN_GATEWAY,
    FIELD_RECEIVED_FROM,
    FIELD_ARRIVAL_DATE,
    FIELD_ORIGINAL_RECIPIENT,
    FIELD_FINAL_RECIPIENT,
    FIELD_ACTION,
    FIELD_STATUS,
    FIELD_REMOTE_MTA,
    FIELD_LAST_ATTEMPT_DATE,
    FIELD_FINAL_LOG_ID,
    FIELD_WILL_RETRY_UNTIL,
    FIELD_DIAGNOSTIC_CODE,
    FIELD_SUPPLEMENT,
    FIELD_COUNT
} FieldId;

/* RFC 3464 2.2 and 2.3. */
static const struct {
    const char *name;
    FieldId id;
} field_names[] = {
    {"original-envelope-id", FIELD_ORIGINAL_ENVELOPE_ID},
    {"reporting-mta", FIELD_REPORTING_MTA},
    {"x-postfix-queue-id", FIELD_QUEUE_ID},
    {"dsn-gateway", FIELD_DSN_GATEWAY},
    {"received-from-mta", FIELD_RECEIVED_FROM},
    {"arrival-date", FIELD_ARRIVAL_DATE},
    {"original-recipient", FIELD_ORIGINAL_RECIPIENT},
    {"final-recipient", FIELD_FINAL_RECIPIENT},
    {"action", FIELD_ACTION},
    {"status", FIELD_STATUS},
    {"remote-mta", FIELD_REMOTE_MTA},
    {"last-attempt-date", FIELD_LAST_ATTEMPT_DATE},
    {"final-log-id", FIELD_FINAL_LOG_ID},
    {"will-retry-until", FIELD_WILL_RETRY_UNTIL},
    {"diagnostic-code", FIELD_DIAGNOSTIC_CODE},
    {"x-supplementary-info", FIELD_SUPPLEMENT}, /* of Microsoft's servers, with the reply in it */
};

/* The fields of one recipient as they stand; spans with at NULL are missing. */
typedef struct Group {
    HeedSpan fields[FIELD_COUNT];
    bool open;
} Group;

static FieldId
identify(const HeedField *field)
{
    for (size_t i = 0; i < G_N_ELEMENTS(field_names); i++)
        if (heed_field_is(field, field_names[i].name))
            return field_names[i].id;
    return FIELD_OTHER;
}

static HeedAction
action_of_digit(char digit)
{
    switch (digit) {
    case '2':
        return HEED_ACTION_DELIVERED;
    case '4':
        return HEED_ACTION_DELAYED;
    case '5':
        return HEED_ACTION_FAILED;
    default:
        return HEED_ACTION_NONE;
    }
}

/* The words of RFC 3464 2.3.3 and what servers write instead of them, by how they begin. */
static HeedAction
read_action(HeedSpan value)
{
    static const struct {
        const char *word;
        HeedAction action;
    } words[] = {
        {"fail", HEED_ACTION_FAILED},       {"error", HEED_ACTION_FAILED},
        {"undeliver", HEED_ACTION_FAILED},  {"bounce", HEED_ACTION_FAILED},
        {"reject", HEED_ACTION_FAILED},     {"delay", HEED_ACTION_DELAYED},
        {"defer", HEED_ACTION_DELAYED},     {"deliver", HEED_ACTION_DELIVERED},
        {"success", HEED_ACTION_DELIVERED}, {"relay", HEED_ACTION_RELAYED},
        {"expand", HEED_ACTION_EXPANDED},
    };

    value = heed_span_trim(value);
    for (size_t i = 0; i < G_N_ELEMENTS(words); i++)
        if (value.at != NULL && heed_span_starts(value, words[i].word))
            return words[i].action;
    return HEED_ACTION_NONE;
}

/*
 * "5.1.1", "5.1.1 (bad address)", and what is no status: "553 text" has the reply code where the
 * status belongs. What stands behind the code is kept as the diagnostic if there is no other.
 */
static void
read_status(HeedReading *reading, HeedSpan value, HeedRecipient *recipient)
{
    char status[HEED_STATUS_BYTES];
    GString *scratch = reading->scratch;
    HeedReply reply;

    if (value.at == NULL)
        return;
    heed_field_unfold(value, scratch);
    if (heed_status_read(scratch->str, scratch->len, status))
        recipient->status = heed_report_text(reading->report, status, -1);
    else if (heed_reply_read(scratch->str, scratch->len, &reply) && reply.code[0] != '\0')
        recipient->code = heed_report_text(reading->report, reply.code, -1);
    if (recipient->diagnostic == NULL && strpbrk(scratch->str, " (") != NULL)
        recipient->diagnostic =
            heed_report_text(reading->report, scratch->str, (gssize)scratch->len);
}

static void
read_diagnostic(HeedReading *reading, HeedSpan value, HeedRecipient *recipient)
{
    GString *scratch = reading->scratch;
    HeedSpan words;
    size_t type;

    if (value.at == NULL)
        return;
    heed_field_unfold(value, scratch);
    type = heed_reply_type_length(scratch->str, scratch->len);
    words = (HeedSpan){scratch->str + type, scratch->len - type};
    if (memchr(words.at, '\033', words.length) != NULL) {
        /* Japanese systems write ISO-2022-JP where RFC 3464 2.1.3 has ASCII. */
        g_autoptr(GString) converted = g_string_new(NULL);

        heed_notice_text_convert("ISO-2022-JP", words, converted);
        recipient->diagnostic =
            heed_report_text(reading->report, converted->str, (gssize)converted->len);
        return;
    }
    recipient->diagnostic = heed_report_text(reading->report, words.at, (gssize)words.length);
}

static HeedAction
infer_action(const HeedRecipient *recipient)
{
    HeedReply reply;

    if (recipient->status != NULL)
        return action_of_digit(recipient->status[0]);
    if (recipient->code != NULL)
        return action_of_digit(recipient->code[0]);
    if (recipient->diagnostic == NULL ||
        !heed_reply_read(recipient->diagnostic, strlen(recipient->diagnostic), &reply))
        return HEED_ACTION_NONE;
    return action_of_digit(reply.code[0] != '\0' ? reply.code[0] : reply.status[0]);
}

static const char *
read_recipient(HeedReading *reading, HeedSpan value)
{
    return value.at == NULL ? NULL : heed_typed_recipient(reading->report, value, reading->scratch);
}

static const char *
read_host(HeedReading *reading, HeedSpan value)
{
    return value.at == NULL ? NULL : heed_typed_host(reading->report, value, reading->scratch);
}

static const char *
read_line(HeedReading *reading, HeedSpan value)
{
    if (value.at == NULL)
        return NULL;
    heed_field_unfold(value, reading->scratch);
    return heed_report_text(reading->report, reading->scratch->str, (gssize)reading->scratch->len);
}

static int64_t
read_date(HeedSpan value)
{
    return value.at == NULL ? HEED_DATE_UNKNOWN : heed_date_parse_mail(value.at, value.length);
}

/* Makes a recipient of the group that ends here. */
static void
close_group(HeedReading *reading, Group *group)
{
    HeedReport *report = reading->report;
    HeedRecipient *recipient;
    HeedSpan *fields = group->fields;

    if (!group->open)
        return;
    if (report->recipients->len < reading->settings->max_recipients) {
        recipient = heed_report_add_recipient(report);
        recipient->original_recipient = read_recipient(reading, fields[FIELD_ORIGINAL_RECIPIENT]);
        recipient->final_recipient = read_recipient(reading, fields[FIELD_FINAL_RECIPIENT]);
        read_diagnostic(reading,
                        fields[FIELD_DIAGNOSTIC_CODE].at != NULL ? fields[FIELD_DIAGNOSTIC_CODE]
                                                                 : fields[FIELD_SUPPLEMENT],
                        recipient);
        read_status(reading, fields[FIELD_STATUS], recipient);
        recipient->remote_mta = read_host(reading, fields[FIELD_REMOTE_MTA]);
        recipient->last_attempt_date = read_date(fields[FIELD_LAST_ATTEMPT_DATE]);
        recipient->final_log_id = read_line(reading, fields[FIELD_FINAL_LOG_ID]);
        recipient->will_retry_until = read_date(fields[FIELD_WILL_RETRY_UNTIL]);
        recipient->action = read_action(fields[FIELD_ACTION]);
        if (recipient->action == HEED_ACTION_NONE)
            recipient->action = infer_action(recipient);
    }
    *group = (Group){0};
}

static void
read_message_field(HeedReading *reading, FieldId id, const HeedField *field)
{
    HeedReport *report = reading->report;
    GString *scratch = reading->scratch;

    if (id == FIELD_REPORTING_MTA && report->reporter_mta == NULL) {
        report->reporter_mta = read_host(reading, field->strict);
    } else if (id == FIELD_QUEUE_ID && report->original.queue_id == NULL) {
        report->original.queue_id = read_line(reading, field->strict);
    } else if (id == FIELD_DSN_GATEWAY && report->dsn_gateway == NULL) {
        report->dsn_gateway = read_host(reading, field->strict);
    } else if (id == FIELD_RECEIVED_FROM && report->received_from == NULL) {
        report->received_from = read_host(reading, field->strict);
    } else if (id == FIELD_ARRIVAL_DATE && report->arrival_date == HEED_DATE_UNKNOWN) {
        report->arrival_date = read_date(field->strict);
    } else if (id == FIELD_ORIGINAL_ENVELOPE_ID && report->original.envelope_id == NULL) {
        heed_field_unfold(field->strict, scratch);
        (void)heed_xtext_decode(scratch);
        report->original.envelope_id = heed_report_text(report, scratch->str, (gssize)scratch->len);
    }
}

/*
 * Whether the field belongs to another recipient than the group's: groups are separated by blank
 * lines, or not at all. Original-Recipient stands in front of its Final-Recipient (RFC 3464 2.3)
 * or behind it, so it begins a new group only where a Final-Recipient follows.
 */
static bool
begins_group(const Group *group, FieldId id, const HeedField *field, HeedFieldCursor ahead)
{
    HeedField next;

    if (!group->open)
        return false;
    if (field->starts_group || (id == FIELD_FINAL_RECIPIENT && group->fields[id].at != NULL))
        return true;
    if (id != FIELD_ORIGINAL_RECIPIENT || group->fields[FIELD_FINAL_RECIPIENT].at == NULL)
        return id == FIELD_ORIGINAL_RECIPIENT && group->fields[id].at != NULL;
    return heed_fields_next(&ahead, &next) && identify(&next) == FIELD_FINAL_RECIPIENT;
}

void
heed_dsn_read(HeedReading *reading, HeedSpan content)
{
    Group group = {0};
    HeedFieldCursor cursor;
    HeedField field;

    heed_fields_begin(&cursor, content.at, content.length, false);
    while (heed_fields_next(&cursor, &field)) {
        FieldId id = identify(&field);

        if (begins_group(&group, id, &field, cursor))
            close_group(reading, &group);
        if (reading->report->recipients->len >= reading->settings->max_recipients) {
            heed_report_warn(reading->report, "it has more than %zu recipients",
                             reading->settings->max_recipients);
            return;
        }
        if (id == FIELD_OTHER)
            continue;
        if (id < FIELD_ORIGINAL_RECIPIENT) {
            read_message_field(reading, id, &field);
            continue;
        }
        group.open = true;
        if (group.fields[id].at == NULL)
            group.fields[id] = id == FIELD_DIAGNOSTIC_CODE ? field.value : field.strict;
    }
    close_group(reading, &group);
}

bool
heed_dsn_find(HeedSpan text, HeedSpan *out_content)
{
    HeedFieldCursor cursor;
    HeedField field;
    const char *begin = NULL;
    bool has_recipient = false;
    bool has_fate = false;

    heed_fields_begin(&cursor, text.at, text.length, false);
    while (heed_fields_next(&cursor, &field)) {
        FieldId id = identify(&field);

        if (id == FIELD_OTHER)
            continue;
        if (begin == NULL)
            begin = field.name.at;
        has_recipient =
            has_recipient || id == FIELD_FINAL_RECIPIENT || id == FIELD_ORIGINAL_RECIPIENT;
        has_fate = has_fate || id == FIELD_ACTION || id == FIELD_STATUS;
    }
    if (!has_recipient || !has_fate)
        return false;
    *out_content = (HeedSpan){begin, (size_t)(text.at + text.length - begin)};
    return true;
}

static HeedKind
kind_of(const HeedReport *report)
{
    HeedKind kind = HEED_KIND_OTHER;

    for (guint i = 0; i < report->recipients->len; i++) {
        HeedAction action = g_array_index(report->recipients, HeedRecipient, i).action;

        if (action == HEED_ACTION_FAILED)
            return HEED_KIND_BOUNCE;
        if (action == HEED_ACTION_DELAYED)
            kind = HEED_KIND_DELAY;
        else if (action != HEED_ACTION_NONE && kind == HEED_KIND_OTHER)
            kind = HEED_KIND_SUCCESS;
    }
    return kind;
}

void
heed_dsn_finish_empty(HeedReading *reading)
{
    HeedReport *report = reading->report;
    HeedRecipient *recipient = heed_report_add_recipient(report);

    recipient->action = HEED_ACTION_FAILED;
    heed_report_warn(report, "the delivery status names no recipient");
    report->kind = HEED_KIND_BOUNCE;
}

void
heed_dsn_finish(HeedReading *reading)
{
    heed_notice_complete(reading);
    reading->report->kind = kind_of(reading->report);
}
