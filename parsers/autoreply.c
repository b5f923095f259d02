/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/autoreply.h"

#include "parsers/typed.h"

#include <string.h>

void
heed_autoreply_read_disposition(HeedReading *reading, HeedSpan content)
{
    HeedReport *report = reading->report;
    HeedRecipient recipient = HEED_RECIPIENT_UNKNOWN;
    HeedFieldCursor cursor;
    HeedField field;

    heed_fields_begin(&cursor, content.at, content.length, false);
    while (heed_fields_next(&cursor, &field)) {
        if (recipient.final_recipient == NULL && heed_field_is(&field, "final-recipient"))
            recipient.final_recipient =
                heed_typed_recipient(report, field.strict, reading->scratch);
        else if (recipient.original_recipient == NULL &&
                 heed_field_is(&field, "original-recipient"))
            recipient.original_recipient =
                heed_typed_recipient(report, field.strict, reading->scratch);
        else if (heed_field_is(&field, "mdn-gateway"))
            report->reporter_mta = heed_typed_host(report, field.strict, reading->scratch);
    }
    report->kind = HEED_KIND_AUTO_REPLY;
    report->format = heed_report_text(report, "rfc8098", -1);
    if (recipient.final_recipient == NULL && recipient.original_recipient == NULL)
        return;
    *heed_report_add_recipient(report) = recipient;
}

/* RFC 7489 7.2.1.1: "receiver!domain!begin!end[!id].xml", packed or not. */
static bool
is_dmarc_name(const char *name)
{
    static const char *const ends[] = {".xml", ".xml.gz", ".xml.zip", ".zip", ".gz"};
    unsigned marks = 0;

    for (const char *c = name; *c != '\0'; c++)
        marks += *c == '!' ? 1 : 0;
    for (size_t i = 0; marks >= 3 && i < G_N_ELEMENTS(ends); i++) {
        size_t length = strlen(ends[i]);

        if (strlen(name) > length && g_ascii_strcasecmp(name + strlen(name) - length, ends[i]) == 0)
            return true;
    }
    return false;
}

static bool
is_archive(GMimeContentType *type)
{
    static const char *const subtypes[] = {"gzip", "x-gzip",      "zip", "x-zip-compressed",
                                           "xml",  "octet-stream"};

    for (size_t i = 0; i < G_N_ELEMENTS(subtypes); i++)
        if (g_mime_content_type_is_type(type, "application", subtypes[i]))
            return true;
    return g_mime_content_type_is_type(type, "text", "xml");
}

/* The name of the attachment decides, or the subject of RFC 7489 7.2.1.1 with an archive. */
static bool
is_dmarc_report(const HeedMessage *message)
{
    const HeedField *subject = heed_message_field(message, "subject");
    bool by_subject =
        subject != NULL && heed_span_starts(heed_span_trim(subject->value), "report domain:");

    for (guint i = 0; i < message->parts->len; i++) {
        const HeedPart *part = &g_array_index(message->parts, HeedPart, i);
        const char *name;

        if (part->type != HEED_PART_OTHER || !GMIME_IS_PART(part->object) ||
            !is_archive(g_mime_object_get_content_type(part->object)))
            continue;
        name = g_mime_part_get_filename(GMIME_PART(part->object));
        if (by_subject || (name != NULL && is_dmarc_name(name)))
            return true;
    }
    return false;
}

static bool
is_value(const HeedMessage *message, const char *name, const char *value)
{
    const HeedField *field = heed_message_field(message, name);

    return field != NULL && heed_span_starts(heed_span_trim(field->value), value);
}

/*
 * What procmail's recipes answer with formail -r: from nobody, in answer to something, with the
 * X-Loop that keeps the recipe from answering itself. A list's X-Loop comes without the other two.
 */
static bool
is_of_formail(const HeedMessage *message)
{
    const HeedField *path = heed_message_field(message, "return-path");

    return path != NULL && heed_span_is(heed_span_trim(path->value), "<>") &&
           heed_message_field(message, "x-loop") != NULL &&
           heed_message_field(message, "in-reply-to") != NULL &&
           is_value(message, "subject", "re:");
}

/*
 * RFC 3834 5: Auto-Submitted "auto-replied" is one; "auto-generated" is also what a cron job says,
 * so it counts only in an answer to something. X-Auto-Response-Suppress asks others not to answer
 * and says nothing of what it stands in. What comes from a mail system itself is a notice, not a
 * reply, however it calls itself (Postfix's bounces are "auto-replied").
 */
static bool
is_auto_reply(const HeedMessage *message)
{
    if (heed_message_is_from_daemon(message))
        return false;
    if (is_value(message, "auto-submitted", "auto-replied") ||
        is_value(message, "precedence", "auto_reply") ||
        is_value(message, "precedence", "auto-reply"))
        return true;
    if (is_value(message, "auto-submitted", "auto-generated") &&
        heed_message_field(message, "in-reply-to") != NULL)
        return true;
    if (is_of_formail(message))
        return true;
    return (heed_message_field(message, "x-autoreply") != NULL &&
            !is_value(message, "x-autoreply", "no")) ||
           heed_message_field(message, "x-autorespond") != NULL ||
           heed_message_field(message, "x-autoresponder") != NULL;
}

/*
 * What mail programs write into the subject of an absence notice, each in the language of its user
 * (Exchange and Outlook in front of the subject, others around it); casefolded.
 */
static const char *const reply_subjects[] = {
    "automatic reply", "automatic response", "auto reply", "auto-reply", "autoreply",
    "auto response", "auto-response", "autoresponse", "automated reply", "automated response",
    "out of office", "out-of-office", "automatische antwort", "abwesenheitsnotiz",
    "r\xc3\xa9ponse automatique", "absence du bureau", "respuesta autom\xc3\xa1tica",
    "fuera de la oficina", "risposta automatica", "fuori sede", "resposta autom\xc3\xa1tica",
    "automatisch antwoord", "afwezigheidsbericht", "autosvar", "automatiskt svar",
    "automatisk svar", "automaattinen vastaus", "automatyczna odpowied\xc5\xba",
    "automatick\xc3\xa1 odpov\xc4\x9b\xc4\x8f", "automatikus v\xc3\xa1lasz",
    "autom\xc4\x81tisk\xc4\x81 atbilde", "automatiska atbilde",
    "\xd0\xb0\xd0\xb2\xd1\x82\xd0\xbe\xd0\xbe\xd1\x82\xd0\xb2\xd0\xb5\xd1\x82", /* avtootvet */
    /* avtomatičeskij otvet */
    ("\xd0\xb0\xd0\xb2\xd1\x82\xd0\xbe\xd0\xbc\xd0\xb0\xd1\x82\xd0\xb8\xd1\x87\xd0\xb5\xd1\x81\xd0\xba"
     "\xd0\xb8\xd0\xb9 \xd0\xbe\xd1\x82\xd0\xb2\xd0\xb5\xd1\x82"),
    "\xe8\x87\xaa\xe5\x8b\x95\xe5\xbf\x9c\xe7\xad\x94", /* jidō ōtō */
    "\xe8\x87\xaa\xe5\x8b\x95\xe8\xbf\x94\xe4\xbf\xa1", /* jidō henshin */
};

/* Programs that do not say what they are in the header say so in the subject. A newsletter may,
 * too. */
static bool
has_reply_subject(HeedReading *reading)
{
    const HeedMessage *message = reading->message;
    const HeedField *field = heed_message_field(message, "subject");
    g_autofree char *decoded = NULL;
    g_autofree char *folded = NULL;

    if (field == NULL || heed_message_is_from_daemon(message) ||
        heed_message_field(message, "list-id") != NULL ||
        heed_message_field(message, "list-unsubscribe") != NULL)
        return false;
    heed_field_unfold(field->strict, reading->scratch);
    decoded = g_mime_utils_header_decode_text(NULL, reading->scratch->str);
    folded = g_utf8_validate(decoded, -1, NULL) ? g_utf8_casefold(decoded, -1) : NULL;
    for (size_t i = 0; folded != NULL && i < G_N_ELEMENTS(reply_subjects); i++)
        if (strstr(folded, reply_subjects[i]) != NULL)
            return true;
    return false;
}

bool
heed_autoreply_recognise(HeedReading *reading)
{
    HeedReport *report = reading->report;
    const HeedMessage *message = reading->message;

    if (strcmp(message->report_type, "tlsrpt") == 0 ||
        heed_message_part(message, HEED_PART_TLS_REPORT) != NULL) {
        report->kind = HEED_KIND_TLS_REPORT;
        report->format = heed_report_text(report, "rfc8460", -1);
    } else if (is_dmarc_report(message)) {
        report->kind = HEED_KIND_DMARC_REPORT;
        report->format = heed_report_text(report, "rfc7489", -1);
    } else if (is_auto_reply(message)) {
        report->kind = HEED_KIND_AUTO_REPLY;
        report->format = heed_report_text(report, "rfc3834", -1);
    } else if (has_reply_subject(reading)) {
        report->kind = HEED_KIND_AUTO_REPLY;
    } else {
        return false;
    }
    return true;
}
