/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/notice.h"

#include "parsers/address.h"
#include "parsers/classify.h"
#include "parsers/formats.h"
#include "parsers/notice_scan.h"
#include "parsers/notice_text.h"
#include "parsers/original.h"
#include "parsers/reply.h"
#include "parsers/status.h"
#include "parsers/template.h"
#include "parsers/typed.h"

#include <string.h>

/* What formats are recognised by, gathered once. */
typedef struct Look {
    HeedReading *reading;
    char *from;    /* decoded; "" for none */
    char *subject; /* decoded; "" for none */
    HeedSpan text;
    HeedSpan lines[HEED_NOTICE_OPENING_LINES];
    size_t line_count;
} Look;

static char *
decoded_field(HeedReading *reading, const char *name)
{
    const HeedField *field = heed_message_field(reading->message, name);

    if (field == NULL)
        return g_strdup("");
    heed_field_unfold(field->strict, reading->scratch);
    if (strstr(reading->scratch->str, "=?") == NULL)
        return g_strdup(reading->scratch->str);
    return g_mime_utils_header_decode_text(NULL, reading->scratch->str);
}

static void
look_at_header(HeedReading *reading, Look *out)
{
    *out = (Look){
        .reading = reading,
        .from = decoded_field(reading, "from"),
        .subject = decoded_field(reading, "subject"),
    };
}

static void
look_at_text(Look *look)
{
    look->text = heed_notice_text(look->reading);
    look->line_count = heed_notice_opening(look->text, look->lines);
}

static void
look_clear(Look *look)
{
    g_clear_pointer(&look->from, g_free);
    g_clear_pointer(&look->subject, g_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Look, look_clear)

static bool
matches(HeedTemplates templates, const char *text)
{
    return templates == NULL ||
           heed_template_match_any(templates, (HeedSpan){text, strlen(text)}, NULL) != NULL;
}

static bool
has_field(const Look *look, HeedTemplates templates)
{
    const GArray *header = look->reading->message->header;
    GString *scratch = look->reading->scratch;

    if (templates == NULL)
        return true;
    for (guint i = 0; i < header->len; i++) {
        const HeedField *field = &g_array_index(header, HeedField, i);

        heed_field_unfold(field->strict, scratch);
        g_string_prepend(scratch, ": ");
        g_string_prepend_len(scratch, field->name.at, (gssize)field->name.length);
        if (heed_template_match_any(templates, (HeedSpan){scratch->str, scratch->len}, NULL))
            return true;
    }
    return false;
}

static bool
opens_with(const Look *look, HeedTemplates templates)
{
    if (templates == NULL)
        return true;
    for (size_t i = 0; i < look->line_count; i++)
        if (heed_template_match_any(templates, look->lines[i], NULL) != NULL)
            return true;
    return false;
}

static bool
is_format(const Look *look, const HeedFormat *format)
{
    return opens_with(look, format->opening) && matches(format->subject, look->subject) &&
           matches(format->from, look->from) && has_field(look, format->header);
}

static const HeedFormat *
recognise(const Look *look, HeedKind kind)
{
    for (size_t i = 0; i < heed_format_table_count; i++)
        for (size_t j = 0; j < heed_format_tables[i]->count; j++) {
            const HeedFormat *format = &heed_format_tables[i]->formats[j];

            if (format->kind == kind && is_format(look, format))
                return format;
        }
    return NULL;
}

/* Words of subjects that programs write when mail could not be delivered. */
static const char *const failure_subjects[] = {
    "{*}undeliver{*}",
    "{*}not deliver{*}",
    "{*}non-deliver{*}",
    "{*}nondeliver{*}",
    "{*}delivery fail{*}",
    "{*}delivery has failed{*}",
    "{*}delivery problem{*}",
    "{*}delivery error{*}",
    "{*}delivery status{*}",
    "{*}delivery report{*}",
    "{*}delivery notification{*}",
    "{*}delivery warning{*}",
    "{*}delivery unsuccessful{*}",
    "{*}failed delivery{*}",
    "{*}failure delivery{*}",
    "{*}failure notice{*}",
    "{*}failed mail{*}",
    "{*}mail failure{*}",
    "{*}mail error{*}",
    "{*}mail failed{*}",
    "{*}mail system error{*}",
    "{*}message status{*}",
    "{*}returned mail{*}",
    "{*}returned message{*}",
    "{*}returning message to sender{*}",
    "{*}returned to sender{*}",
    "{*}could not be delivered{*}",
    "{*}could not send{*}",
    "{*}cannot be delivered{*}",
    "{*}error sending{*}",
    "{*}processing error{*}",
    "{*}rejected mail{*}",
    "{*}unzustellbar{*}",
    "{*}nicht zugestellt{*}",
    "{*}non remis{*}",
    "{*}mancato recapito{*}",
    "{*}no se puede entregar{*}",
    "{*}no entregad{*}",
    "{*}não entreg{*}",
    "{*}onbestelbaar{*}",
    "{*}olevererbar{*}",
    NULL,
};

/* A person answers or forwards. */
static const char *const personal_subjects[] = {"re: {*}", "re:{*}", "fwd:{*}", "fw:{*}", "aw:{*}",
                                                "wg:{*}",  "rv:{*}", "tr:{*}",  NULL};

/* Senders that are no people, where the message does not say that it is automatic. */
static const char *const program_senders[] = {
    "{*}mail.delivery.system@{*}",
    "{*}mail_service@{*}",
    "{*}mail delivery s{*}",
    "{*}delivery subsystem{*}",
    "{*}system administrator{*}",
    "{*}ndr@{*}",
    "{*}ndr administrator{*}",
    "{*}imss@{*}",
    "{*}postmaster{*}",
    "{*}mail system{*}",
    "{*}jetmail system{*}",
    "<>",
    NULL,
};

/* What programs say of mail that failed, in the first lines of their notices. */
static const char *const failure_lines[] = {
    "{*}could not be delivered{*}", "{*}couldn't be delivered{*}",
    "{*}cannot be delivered{*}",    "{*}was not delivered{*}",
    "{*}has not been delivered{*}", "{*}not a valid user{*}",
    "{*}user unknown{*}",           "{*}unknown user{*}",
    "{*}no such user{*}",           "{*}unable to deliver{*}",
    "{*}wasn't able to deliver{*}", "{*}undeliverable{*}",
    "{*}delivery failed{*}",        "{*}failed permanently{*}",
    "{*}has been returned{*}",      NULL,
};

static bool
is_any(const char *const *templates, const char *text)
{
    return heed_template_match_any(templates, (HeedSpan){text, strlen(text)}, NULL) != NULL;
}

/*
 * Whether a program may have sent this about mail that it could not deliver. A person who forwards
 * or quotes a notice does so under his own name, and in reply to it.
 */
static bool
may_be_notice(const Look *look)
{
    const HeedMessage *message = look->reading->message;

    if (heed_message_is_automatic(message))
        return true;
    if (is_any(personal_subjects, look->subject) ||
        heed_message_field(message, "in-reply-to") != NULL)
        return false;
    return is_any(failure_subjects, look->subject) || is_any(program_senders, look->from);
}

/* Whether it says that mail failed, where no description of a format knows how that looks: replies
 * of people's autoresponders are automatic, too, and name addresses. */
static bool
is_about_failure(const Look *look)
{
    const HeedMessage *message = look->reading->message;

    if (heed_message_field(message, "x-failed-recipients") != NULL ||
        is_any(failure_subjects, look->subject))
        return true;
    return (heed_message_is_from_daemon(message) || look->from[0] == '\0' ||
            is_any(program_senders, look->from)) &&
           opens_with(look, failure_lines);
}

/* The domain of the report's own sender, to which names without one belong. */
static char *
sender_domain(const Look *look)
{
    g_autofree char *address = heed_address_normalise(look->from, -1);

    return address == NULL ? NULL : g_strdup(heed_address_domain(address));
}

static HeedAction
action_of(const Look *look, const HeedFormat *format, const HeedNoticeScan *scan)
{
    if (scan->delayed || (format->delayed != NULL && matches(format->delayed, look->subject)))
        return HEED_ACTION_DELAYED;
    return scan->delivered ? HEED_ACTION_DELIVERED : HEED_ACTION_FAILED;
}

static const char *
text_of(HeedReport *report, const char *text)
{
    return text == NULL ? NULL : heed_report_text(report, text, -1);
}

static const char *
status_of(HeedReport *report, const char *text)
{
    char status[HEED_STATUS_BYTES];

    return text != NULL && heed_status_read(text, strlen(text), status)
               ? heed_report_text(report, status, -1)
               : NULL;
}

static void
set_details(HeedReport *report, HeedRecipient *recipient, const HeedNoticeRecipient *said)
{
    recipient->diagnostic = text_of(report, said->reply->str);
    recipient->remote_mta = text_of(report, said->host);
    recipient->status = status_of(report, said->status);
    recipient->code = text_of(report, said->code);
}

static void
add_recipient(HeedReading *reading, const char *address, HeedAction action)
{
    HeedRecipient *recipient = heed_report_add_recipient(reading->report);

    recipient->address = text_of(reading->report, address);
    recipient->address_source = HEED_ADDRESS_SOURCE_NOTICE;
    recipient->action = action;
}

static HeedRecipient *
last_recipient(HeedReport *report)
{
    return &g_array_index(report->recipients, HeedRecipient, report->recipients->len - 1);
}

/* RFC-less, but Exim, Gmail and Mail.ru name the recipients in the header: "a@b, c@d". */
static void
add_from_header(HeedReading *reading, HeedAction action, const char *reply)
{
    const HeedField *field = heed_message_field(reading->message, "x-failed-recipients");
    g_auto(GStrv) names = NULL;

    if (field == NULL)
        return;
    heed_field_unfold(field->strict, reading->scratch);
    names = g_strsplit(reading->scratch->str, ",", 100);
    for (size_t i = 0; names[i] != NULL; i++) {
        g_autofree char *address = heed_address_normalise(names[i], -1);

        if (address == NULL ||
            reading->report->recipients->len >= reading->settings->max_recipients)
            continue;
        add_recipient(reading, address, action);
        last_recipient(reading->report)->diagnostic = text_of(reading->report, reply);
    }
}

static void
add_recipients(HeedReading *reading, const HeedNoticeScan *scan, HeedAction action)
{
    for (guint i = 0; i < scan->recipients->len; i++) {
        const HeedNoticeRecipient *said = &g_array_index(scan->recipients, HeedNoticeRecipient, i);
        HeedRecipient *recipient;

        add_recipient(reading, said->original != NULL ? said->original : said->address, action);
        recipient = last_recipient(reading->report);
        if (said->original != NULL) {
            recipient->original_recipient = text_of(reading->report, said->original);
            recipient->final_recipient = text_of(reading->report, said->address);
        }
        set_details(reading->report, recipient, said);
    }
    if (reading->report->recipients->len == 0)
        add_from_header(reading, action, scan->common->str);
}

/*
 * A notice of a known format that names nobody: whom the original was for, if it was for one alone;
 * else it is still a notice, about somebody unknown.
 */
static void
add_unnamed(HeedReading *reading, const HeedNoticeScan *scan, HeedAction action)
{
    g_autofree char *mailed = heed_original_only_recipient(reading);

    add_recipient(reading, mailed, action);
    last_recipient(reading->report)->address_source =
        mailed == NULL ? HEED_ADDRESS_SOURCE_NONE : HEED_ADDRESS_SOURCE_ORIGINAL_MESSAGE;
    last_recipient(reading->report)->diagnostic = text_of(reading->report, scan->common->str);
}

static HeedKind
kind_of(HeedAction action)
{
    if (action == HEED_ACTION_DELAYED)
        return HEED_KIND_DELAY;
    return action == HEED_ACTION_FAILED ? HEED_KIND_BOUNCE : HEED_KIND_SUCCESS;
}

/* Fills the report from a text of this format; false when it names nobody. */
static bool
read_format(const Look *look, const HeedFormat *format)
{
    HeedReading *reading = look->reading;
    HeedReport *report = reading->report;
    g_autofree char *domain = sender_domain(look);
    g_auto(HeedNoticeScan) scan = {0};
    HeedAction action;

    heed_notice_scan(format, look->text, domain, reading->settings->max_recipients, &scan);
    if (scan.original.at != NULL)
        heed_original_read_text(reading, scan.original);
    action = action_of(look, format, &scan);
    add_recipients(reading, &scan, action);
    if (report->recipients->len == 0 && format == &heed_format_general)
        return false;
    if (report->recipients->len == 0)
        add_unnamed(reading, &scan, action);
    report->kind = kind_of(action);
    report->format = text_of(report, format->name);
    if (report->original.subject == NULL && scan.subject.at != NULL)
        report->original.subject =
            heed_report_text(report, scan.subject.at, (gssize)scan.subject.length);
    for (guint i = 0; i < report->recipients->len; i++)
        heed_classify_recipient(report, &g_array_index(report->recipients, HeedRecipient, i),
                                reading->settings->relays, reading->rules);
    return true;
}

/* Whether the format is recognised by more than words that anybody can quote. */
static bool
is_marked(const HeedFormat *format)
{
    return format->header != NULL || format->from != NULL || format->subject != NULL;
}

bool
heed_notice_read(HeedReading *reading)
{
    const HeedFormat *format;
    bool credible;
    g_auto(Look) look = {0};

    look_at_header(reading, &look);
    look_at_text(&look);
    credible = may_be_notice(&look);
    format = recognise(&look, HEED_KIND_OTHER);
    if (format != NULL && (credible || is_marked(format)))
        return read_format(&look, format);
    return credible && is_about_failure(&look) && read_format(&look, &heed_format_general);
}

bool
heed_notice_is_challenge(HeedReading *reading)
{
    const HeedFormat *format;
    g_auto(Look) look = {0};

    look_at_header(reading, &look);
    format = recognise(&look, HEED_KIND_AUTO_REPLY);
    if (format == NULL)
        return false;
    reading->report->kind = HEED_KIND_AUTO_REPLY;
    reading->report->format = text_of(reading->report, format->name);
    return true;
}
