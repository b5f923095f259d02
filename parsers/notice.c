/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/notice.h"

#include "parsers/address.h"
#include "parsers/host.h"
#include "parsers/notice_look.h"
#include "parsers/notice_ses.h"
#include "parsers/original.h"
#include "parsers/reply.h"
#include "parsers/template.h"
#include "parsers/typed.h"

#include <string.h>

static HeedAction
action_of(const HeedNoticeLook *look, const HeedFormat *format, const HeedNoticeScan *scan)
{
    if (scan->delayed ||
        (format->delayed != NULL && heed_notice_matches(format->delayed, look->subject)))
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

static HeedRecipient *
add_recipient(HeedReading *reading, const char *address, HeedAction action)
{
    HeedRecipient *recipient = heed_report_add_recipient(reading->report);

    recipient->address = text_of(reading->report, address);
    recipient->action = action;
    return recipient;
}

/* Exim, Gmail and Mail.ru name the recipients in the header, too: "a@b, c@d". */
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

        if (address != NULL && reading->report->recipients->len < reading->settings->max_recipients)
            add_recipient(reading, address, action)->diagnostic = text_of(reading->report, reply);
    }
}

static bool
is_of_address(char c)
{
    return g_ascii_isalnum(c) || strchr("@.-_+=", c) != NULL || (unsigned char)c >= 0x80;
}

/* Whether the words name an address that is not this one: of which of the two they speak, only a
 * description of their format could tell. */
static bool
names_another(const char *words, const char *address)
{
    for (const char *at = strchr(words, '@'); at != NULL; at = strchr(at, '@')) {
        const char *start = at;

        while (start > words && is_of_address(start[-1]))
            start--;
        while (*at != '\0' && is_of_address(*at))
            at++;
        while (at[-1] == '.')
            at--;
        if (at - start > 2 && g_ascii_strncasecmp(start, address, (gsize)(at - start)) != 0)
            return true;
    }
    return false;
}

static void
add_recipients(HeedReading *reading,
               const HeedFormat *format,
               const HeedNoticeScan *scan,
               HeedAction action)
{
    HeedReport *report = reading->report;

    for (guint i = 0; i < scan->recipients->len; i++) {
        const HeedNoticeRecipient *said = &g_array_index(scan->recipients, HeedNoticeRecipient, i);
        HeedRecipient *recipient = add_recipient(reading, said->address, action);

        recipient->original_recipient = text_of(report, said->original);
        if (said->original != NULL)
            recipient->final_recipient = text_of(report, said->address);
        recipient->diagnostic = text_of(report, said->reply->str);
        recipient->remote_mta = text_of(report, said->host);
        recipient->status = status_of(report, said->status);
        recipient->code = text_of(report, said->code);
        if (format == &heed_format_general && said->code == NULL && said->status == NULL &&
            names_another(said->reply->str, said->address))
            recipient->diagnostic = NULL;
    }
    if (report->recipients->len == 0)
        add_from_header(reading, action, scan->common->str);
}

static HeedKind
kind_of(HeedAction action)
{
    if (action == HEED_ACTION_DELAYED)
        return HEED_KIND_DELAY;
    return action == HEED_ACTION_FAILED ? HEED_KIND_BOUNCE : HEED_KIND_SUCCESS;
}

static void
scan_text(const HeedNoticeLook *look, const HeedFormat *format, HeedNoticeScan *out)
{
    heed_notice_scan(format, look->text, look->domain, look->reading->settings->max_recipients,
                     out);
}

/* The host that reports, where the words begin with its name. */
static void
read_reporter(const HeedNoticeLook *look, const HeedFormat *format)
{
    HeedReport *report = look->reading->report;
    HeedTemplateMatch match;
    char name[HEED_HOST_BYTES];

    for (size_t i = 0; i < look->line_count && report->reporter_mta == NULL; i++) {
        g_autofree char *host = NULL;

        if (heed_template_match_any(format->reporter, look->lines[i], &match) == NULL)
            continue;
        host = g_strndup(match.host.at, match.host.length);
        if (heed_host_read(host, name))
            report->reporter_mta = text_of(report, name);
    }
}

/* Fills the report from a text of this format; false when that names nobody and must. */
static bool
read_format(const HeedNoticeLook *look, const HeedFormat *format)
{
    HeedReading *reading = look->reading;
    HeedReport *report = reading->report;
    g_auto(HeedNoticeScan) scan = {0};
    HeedAction action;

    scan_text(look, format, &scan);
    action = action_of(look, format, &scan);
    add_recipients(reading, format, &scan, action);
    if (report->recipients->len == 0 && format == &heed_format_general)
        return false;
    /* Of a known format it is a notice even when it names nobody. */
    if (report->recipients->len == 0)
        add_recipient(reading, NULL, action)->diagnostic = text_of(report, scan.common->str);
    if (scan.original.at != NULL)
        heed_original_read_text(reading, scan.original);
    if (report->original.subject == NULL && scan.subject.at != NULL)
        report->original.subject =
            heed_report_text(report, scan.subject.at, (gssize)scan.subject.length);
    read_reporter(look, format);
    report->kind = kind_of(action);
    report->format = text_of(report, format->name);
    return true;
}

/* Whether the format is recognised by more than words that anybody can quote. */
static bool
is_marked(const HeedFormat *format)
{
    return format->header != NULL || format->from != NULL;
}

bool
heed_notice_read(HeedReading *reading)
{
    const HeedFormat *format;
    bool credible;
    g_auto(HeedNoticeLook) look = {0};

    if (heed_notice_ses_read(reading))
        return true;
    heed_notice_look_at_header(reading, &look);
    heed_notice_look_at_text(&look);
    credible = heed_notice_may_be(&look);
    format = heed_notice_recognise(&look, HEED_KIND_OTHER);
    if (format != NULL && (credible || (is_marked(format) && !heed_notice_is_personal(&look))))
        return read_format(&look, format);
    return credible && heed_notice_is_about_failure(&look) &&
           read_format(&look, &heed_format_general);
}

bool
heed_notice_is_challenge(HeedReading *reading)
{
    const HeedFormat *format;
    g_auto(HeedNoticeLook) look = {0};

    heed_notice_look_at_header(reading, &look);
    format = heed_notice_recognise(&look, HEED_KIND_AUTO_REPLY);
    if (format == NULL)
        return false;
    reading->report->kind = HEED_KIND_AUTO_REPLY;
    reading->report->format = text_of(reading->report, format->name);
    return true;
}

static bool
has_words(const char *text)
{
    unsigned letters = 0;

    for (; text != NULL && *text != '\0'; text++)
        letters += g_ascii_isalpha(*text) || (unsigned char)*text >= 0x80 ? 1 : 0;
    return letters > 2;
}

static bool
has_code(const char *text)
{
    HeedReply reply;

    return text != NULL && heed_reply_read(text, strlen(text), &reply);
}

static bool
says_nothing(const char *status)
{
    return status == NULL || g_str_has_suffix(status, ".0.0");
}

/* Whether the delivery status says less of this recipient than words could. */
static bool
lacks(const HeedRecipient *recipient)
{
    if (recipient->action != HEED_ACTION_FAILED && recipient->action != HEED_ACTION_DELAYED)
        return false;
    return !has_words(recipient->diagnostic) || recipient->final_recipient == NULL ||
           (says_nothing(recipient->status) && !has_code(recipient->diagnostic));
}

/* What the text says, by whom it is about: address to HeedNoticeRecipient, both the scan's. */
static GHashTable *
index_said(const HeedNoticeScan *scan)
{
    GHashTable *index = g_hash_table_new(g_str_hash, g_str_equal);

    for (guint i = 0; i < scan->recipients->len; i++) {
        HeedNoticeRecipient *said = &g_array_index(scan->recipients, HeedNoticeRecipient, i);

        if (!g_hash_table_contains(index, said->address))
            (void)g_hash_table_insert(index, said->address, said);
    }
    return index;
}

/* What the text says of the recipient; NULL for nothing, or not of whom. */
static const HeedNoticeRecipient *
find_said(const HeedNoticeScan *scan,
          GHashTable *index,
          const HeedReport *report,
          const HeedRecipient *recipient)
{
    g_autofree char *final = heed_typed_normalise(recipient->final_recipient);
    g_autofree char *original = heed_typed_normalise(recipient->original_recipient);
    const HeedNoticeRecipient *said = final == NULL ? NULL : g_hash_table_lookup(index, final);

    if (said == NULL && original != NULL)
        said = g_hash_table_lookup(index, original);
    if (said != NULL)
        return said;
    return final == NULL && scan->recipients->len == 1 && report->recipients->len == 1
               ? &g_array_index(scan->recipients, HeedNoticeRecipient, 0)
               : NULL;
}

/* Takes from the text what the status does not have, and better words for poor ones. */
static void
complete(HeedReport *report,
         HeedRecipient *recipient,
         const HeedNoticeScan *scan,
         GHashTable *index)
{
    const HeedNoticeRecipient *said = find_said(scan, index, report, recipient);
    const char *reply = said == NULL ? NULL : said->reply->str;
    g_autofree char *final = heed_typed_normalise(recipient->final_recipient);

    if (!has_words(reply) && report->recipients->len == 1)
        reply = scan->common->str;
    if (has_words(reply) && (!has_words(recipient->diagnostic) || has_code(reply)))
        recipient->diagnostic = text_of(report, reply);
    if (said == NULL)
        return;
    if (recipient->remote_mta == NULL)
        recipient->remote_mta = text_of(report, said->host);
    if (recipient->code == NULL)
        recipient->code = text_of(report, said->code);
    if (says_nothing(recipient->status) && status_of(report, said->status) != NULL)
        recipient->status = status_of(report, said->status);
    if (recipient->original_recipient == NULL)
        recipient->original_recipient = text_of(report, said->original);
    if (final == NULL)
        recipient->address = text_of(report, said->address);
}

void
heed_notice_complete(HeedReading *reading)
{
    HeedReport *report = reading->report;
    const HeedFormat *format;
    g_auto(HeedNoticeScan) scan = {0};
    g_auto(HeedNoticeLook) look = {0};
    g_autoptr(GHashTable) index = NULL;
    bool any = false;

    for (guint i = 0; i < report->recipients->len && !any; i++)
        any = lacks(&g_array_index(report->recipients, HeedRecipient, i));
    if (!any)
        return;
    heed_notice_look_at_header(reading, &look);
    heed_notice_look_at_text(&look);
    format = heed_notice_recognise(&look, HEED_KIND_OTHER);
    scan_text(&look, format != NULL ? format : &heed_format_general, &scan);
    index = index_said(&scan);
    for (guint i = 0; i < report->recipients->len; i++) {
        HeedRecipient *recipient = &g_array_index(report->recipients, HeedRecipient, i);

        if (lacks(recipient))
            complete(report, recipient, &scan, index);
    }
}
