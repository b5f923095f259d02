/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/notice_ses.h"

#include "base/cleanup.h"
#include "base/limits.h"
#include "parsers/date.h"
#include "parsers/notice_text.h"
#include "parsers/reply.h"
#include "parsers/template.h"
#include "parsers/typed.h"

#include <string.h>

static const char *
string_of(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

static const char *
keep(HeedReport *report, const char *text)
{
    return text == NULL ? NULL : heed_report_text(report, text, -1);
}

static const char *
host_of(HeedReading *reading, const char *text)
{
    return text == NULL
               ? NULL
               : heed_typed_host(reading->report, (HeedSpan){text, strlen(text)}, reading->scratch);
}

/* The fields of the original, which SES names in "mail" as far as it is asked to. */
static void
read_original(HeedReading *reading, const json_t *mail)
{
    HeedOriginal *original = &reading->report->original;
    const json_t *common = json_object_get(mail, "commonHeaders");
    const char *timestamp = string_of(mail, "timestamp");
    char date[HEED_DATE_TEXT_BYTES];

    original->return_path = keep(reading->report, string_of(mail, "source"));
    original->from = keep(reading->report,
                          json_string_value(json_array_get(json_object_get(common, "from"), 0)));
    original->subject = keep(reading->report, string_of(common, "subject"));
    original->message_id = keep(reading->report, string_of(common, "messageId"));
    original->queue_id = keep(reading->report, string_of(mail, "messageId"));
    /* "2016-01-27T14:59:38.237Z": without the fraction. */
    if (timestamp != NULL &&
        g_snprintf(date, sizeof(date), "%.19sZ", timestamp) == (int)sizeof(date) - 1)
        (void)heed_date_parse_utc(date, &original->date);
}

static HeedRecipient *
add_recipient(HeedReading *reading, const char *address, HeedAction action)
{
    HeedRecipient *recipient;

    if (address == NULL || reading->report->recipients->len >= reading->settings->max_recipients)
        return NULL;
    recipient = heed_report_add_recipient(reading->report);
    recipient->final_recipient = heed_typed_recipient(
        reading->report, (HeedSpan){address, strlen(address)}, reading->scratch);
    recipient->action = action;
    return recipient;
}

/* Recipients as objects: "bouncedRecipients", "delayedRecipients". */
static void
read_failures(HeedReading *reading, const json_t *what, const char *list, HeedAction action)
{
    HeedReport *report = reading->report;
    const json_t *one;
    size_t i;

    json_array_foreach(json_object_get(what, list), i, one)
    {
        HeedRecipient *recipient = add_recipient(reading, string_of(one, "emailAddress"), action);
        const char *diagnostic = string_of(one, "diagnosticCode");
        const char *status = string_of(one, "status");
        char code[HEED_STATUS_BYTES];

        if (recipient == NULL)
            continue;
        if (diagnostic != NULL)
            diagnostic += heed_reply_type_length(diagnostic, strlen(diagnostic));
        recipient->diagnostic = keep(report, diagnostic);
        if (status != NULL && heed_status_read(status, strlen(status), code))
            recipient->status = keep(report, code);
    }
    report->reporter_mta = host_of(reading, string_of(what, "reportingMTA"));
}

static void
read_delivery(HeedReading *reading, const json_t *what)
{
    const json_t *one;
    size_t i;

    json_array_foreach(json_object_get(what, "recipients"), i, one)
    {
        HeedRecipient *recipient =
            add_recipient(reading, json_string_value(one), HEED_ACTION_DELIVERED);

        if (recipient != NULL)
            recipient->diagnostic = keep(reading->report, string_of(what, "smtpResponse"));
    }
    reading->report->reporter_mta = host_of(reading, string_of(what, "reportingMTA"));
}

/* SES lists all recipients in the complainant's domain who "may have complained"; one alone did. */
static void
read_complaint(HeedReading *reading, const json_t *what, const json_t *mail)
{
    HeedReport *report = reading->report;
    HeedFeedback *feedback = heed_report_feedback(report);
    HeedRecipient *recipient = heed_report_add_recipient(report);
    const char *type = string_of(what, "complaintFeedbackType");
    bool is_spam = g_strcmp0(type, "not-spam") != 0;
    const json_t *one;
    size_t i;

    feedback->type = keep(report, type == NULL ? "abuse" : type);
    feedback->user_agent = keep(report, string_of(what, "userAgent"));
    feedback->original_mail_from = keep(report, string_of(mail, "source"));
    json_array_foreach(json_object_get(what, "complainedRecipients"), i, one)
    {
        const char *address = keep(report, string_of(one, "emailAddress"));

        if (address != NULL && i < reading->settings->max_recipients)
            g_ptr_array_add(feedback->original_rcpt_to, (gpointer)(uintptr_t)address);
    }
    if (feedback->original_rcpt_to->len == 1)
        recipient->original_recipient = feedback->original_rcpt_to->pdata[0];
    recipient->class_ = is_spam ? HEED_CLASS_ABUSE : HEED_CLASS_NOT_SPAM;
    recipient->verdict = is_spam ? HEED_VERDICT_COMPLAINT : HEED_VERDICT_NONE;
    recipient->rule = keep(report, "feedback-type");
    report->kind = is_spam ? HEED_KIND_COMPLAINT : HEED_KIND_NOT_SPAM;
}

static bool
read_event(HeedReading *reading, const json_t *event)
{
    HeedReport *report = reading->report;
    const char *type = string_of(event, "notificationType");

    if (type == NULL)
        type = string_of(event, "eventType");
    if (type == NULL)
        return false;
    if (strcmp(type, "Bounce") == 0) {
        read_failures(reading, json_object_get(event, "bounce"), "bouncedRecipients",
                      HEED_ACTION_FAILED);
        report->kind = HEED_KIND_BOUNCE;
    } else if (strcmp(type, "DeliveryDelay") == 0) {
        read_failures(reading, json_object_get(event, "deliveryDelay"), "delayedRecipients",
                      HEED_ACTION_DELAYED);
        report->kind = HEED_KIND_DELAY;
    } else if (strcmp(type, "Delivery") == 0) {
        read_delivery(reading, json_object_get(event, "delivery"));
        report->kind = HEED_KIND_SUCCESS;
    } else if (strcmp(type, "Complaint") == 0) {
        read_complaint(reading, json_object_get(event, "complaint"),
                       json_object_get(event, "mail"));
    } else {
        return false;
    }
    report->format = keep(report, "ses");
    read_original(reading, json_object_get(event, "mail"));
    return true;
}

/* The object without what transport made of its only line: "!" and a line end now and then, as
 * older gateways cut lines (RFC 5321 4.5.3.1.6). */
static char *
rejoin(HeedSpan text, size_t *out_length)
{
    g_autoptr(GString) out = g_string_sized_new(text.length);

    for (size_t i = 0; i < text.length; i++) {
        if (text.at[i] == '!' && i + 2 < text.length &&
            (text.at[i + 1] == '\n' || text.at[i + 1] == '\r')) {
            i += text.at[i + 1] == '\r' && text.at[i + 2] == '\n' ? 2 : 1;
            if (i + 1 < text.length && text.at[i + 1] == ' ')
                i++;
            continue;
        }
        g_string_append_c(out, text.at[i]);
    }
    *out_length = out->len;
    return g_string_free(g_steal_pointer(&out), FALSE);
}

bool
heed_notice_ses_read(HeedReading *reading)
{
    const HeedField *from = heed_message_field(reading->message, "from");
    g_autoptr(json_t) event = NULL;
    g_autofree char *joined = NULL;
    size_t length = 0;
    HeedSpan text;

    if (from == NULL || !heed_template_match("{*}no-reply@sns.amazonaws.com{*}",
                                             heed_span_trim(from->strict), NULL))
        return false;
    text = heed_span_trim(heed_notice_text(reading));
    if (text.length == 0 || text.at[0] != '{')
        return false;
    joined = rejoin(text, &length);
    event = json_loadb(joined, length, JSON_DISABLE_EOF_CHECK | JSON_REJECT_DUPLICATES, NULL);
    return event != NULL && read_event(reading, event);
}
