/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/parser.h"

#include "base/limits.h"
#include "parsers/about.h"
#include "parsers/arf.h"
#include "parsers/autoreply.h"
#include "parsers/charsets.h"
#include "parsers/classify.h"
#include "parsers/date.h"
#include "parsers/dsn.h"
#include "parsers/jmrp.h"
#include "parsers/notice.h"
#include "parsers/original.h"
#include "parsers/rules.h"
#include "parsers/trust.h"
#include "parsers/unsubscribe.h"

#include <string.h>

struct HeedParser {
    HeedCharsets *charsets;
    GString *scratch;
    HeedRules *rules;
    char **domains;
    char **relays;
    char **receivers;
    char **authserv_ids;
    char **verp;
    char **recipient_headers;
    char **original_headers;
    HeedParserSettings settings; /* its lists are the copies above */
};

static char **
copy_list(const char *const *list)
{
    return list == NULL ? NULL : g_strdupv((char **)(uintptr_t)list);
}

HeedParser *
heed_parser_new(const HeedParserSettings *settings, GError **error)
{
    static const HeedParserSettings none = {0};
    g_autoptr(HeedParser) parser = g_new0(HeedParser, 1);
    HeedRulesOptions rules = {0};

    if (settings == NULL)
        settings = &none;
    rules.files = settings->rules;
    rules.cache_folder = settings->rules_cache;
    parser->rules = heed_rules_load(&rules, error);
    if (parser->rules == NULL)
        return NULL;
    /* Never shut down: GMime 3.2 does not survive being initialised again. */
    g_mime_init();
    parser->charsets = heed_charsets_new();
    parser->scratch = g_string_sized_new(1024);
    parser->domains = copy_list(settings->domains);
    parser->relays = copy_list(settings->relays);
    parser->receivers = copy_list(settings->receivers);
    parser->authserv_ids = copy_list(settings->authserv_ids);
    parser->verp = copy_list(settings->verp);
    parser->recipient_headers = copy_list(settings->recipient_headers);
    parser->original_headers = copy_list(settings->original_headers);
    parser->settings = (HeedParserSettings){
        .domains = (const char *const *)parser->domains,
        .relays = (const char *const *)parser->relays,
        .receivers = (const char *const *)parser->receivers,
        .authserv_ids = (const char *const *)parser->authserv_ids,
        .results_below_received = settings->results_below_received,
        .verp = (const char *const *)parser->verp,
        .recipient_headers = (const char *const *)parser->recipient_headers,
        .original_headers = (const char *const *)parser->original_headers,
        .max_recipients =
            settings->max_recipients != 0 ? settings->max_recipients : HEED_LIMIT_RECIPIENTS,
        .max_parts = settings->max_parts != 0 ? settings->max_parts : HEED_LIMIT_MIME_PARTS,
        .max_depth = settings->max_depth != 0 ? settings->max_depth : HEED_LIMIT_MIME_DEPTH,
    };
    return g_steal_pointer(&parser);
}

void
heed_parser_free(HeedParser *parser)
{
    if (parser == NULL)
        return;
    g_strfreev(parser->domains);
    g_strfreev(parser->relays);
    g_strfreev(parser->receivers);
    g_strfreev(parser->authserv_ids);
    g_strfreev(parser->verp);
    g_strfreev(parser->recipient_headers);
    g_strfreev(parser->original_headers);
    heed_rules_free(parser->rules);
    heed_charsets_free(parser->charsets);
    if (parser->scratch != NULL)
        g_string_free(parser->scratch, TRUE);
    g_free(parser);
}

static void
read_own_header(HeedReading *reading)
{
    HeedReport *report = reading->report;
    const HeedField *field = heed_message_field(reading->message, "message-id");

    if (field != NULL)
        report->message_id = heed_original_identifier(reading, field->value);
    field = heed_message_field(reading->message, "date");
    if (field != NULL)
        report->date = heed_date_parse_mail(field->value.at, field->value.length);
    field = heed_message_field(reading->message, "from");
    if (field != NULL)
        /* Strictly: what it says is held against a signature. */
        report->reporter_from = heed_original_mailbox(reading, field->strict);
}

/*
 * A delivery-status part counts within a multipart/report, or in what a program has sent: a person
 * who forwards a bounce inline leaves the part in a multipart/mixed.
 */
static bool
read_status_parts(HeedReading *reading)
{
    HeedMessage *message = reading->message;
    bool automatic = heed_message_is_automatic(message);

    for (guint i = 0; i < message->parts->len; i++) {
        const HeedPart *part = &g_array_index(message->parts, HeedPart, i);

        if (part->type == HEED_PART_DELIVERY_STATUS && (part->in_report || automatic))
            heed_dsn_read(reading,
                          heed_message_content(message, part, HEED_LIMIT_REPORT_PART_BYTES));
    }
    return reading->report->recipients->len > 0;
}

/* Whether a report may stand in this part under a wrong name. */
static bool
may_be_mislabelled(const HeedPart *part)
{
    return part->type == HEED_PART_TEXT ||
           (part->type == HEED_PART_OTHER &&
            g_mime_content_type_is_type(g_mime_object_get_content_type(part->object), "application",
                                        "octet-stream"));
}

/*
 * The fields of a delivery status in a part that is not labelled as one, or in the text itself:
 * gateways relabel parts as text/plain, and some servers write the fields into their notice.
 */
static bool
read_mislabelled_status(HeedReading *reading)
{
    HeedMessage *message = reading->message;
    HeedSpan content;

    if (!message->is_report && !heed_message_is_automatic(message))
        return false;
    for (guint i = 0; i < message->parts->len; i++) {
        const HeedPart *part = &g_array_index(message->parts, HeedPart, i);

        if (may_be_mislabelled(part) &&
            heed_dsn_find(heed_message_content(message, part, HEED_LIMIT_REPORT_PART_BYTES),
                          &content))
            heed_dsn_read(reading, content);
    }
    if (message->parts->len == 0 && heed_dsn_find(message->body, &content))
        heed_dsn_read(reading, content);
    if (reading->report->recipients->len == 0)
        return false;
    heed_report_warn(reading->report, "the delivery status is not labelled as one");
    reading->report->format = heed_report_text(reading->report, "rfc3464", -1);
    heed_dsn_finish(reading);
    return true;
}

static bool
read_status(HeedReading *reading)
{
    const HeedPart *part;
    bool is_utf8;

    if (!read_status_parts(reading))
        return false;
    part = heed_message_part(reading->message, HEED_PART_DELIVERY_STATUS);
    is_utf8 = g_mime_content_type_is_type(g_mime_object_get_content_type(part->object), "message",
                                          "global-delivery-status");
    reading->report->format =
        heed_report_text(reading->report, is_utf8 ? "rfc6533" : "rfc3464", -1);
    heed_dsn_finish(reading);
    return true;
}

/* A report that says it is one of delivery, and not of whom. */
static bool
read_empty_status(HeedReading *reading)
{
    const HeedMessage *message = reading->message;
    const HeedPart *part = heed_message_part(message, HEED_PART_DELIVERY_STATUS);

    if (!message->is_report || (strcmp(message->report_type, "delivery-status") != 0 &&
                                (part == NULL || message->report_type[0] != '\0')))
        return false;
    reading->report->format = heed_report_text(reading->report, "rfc3464", -1);
    heed_dsn_finish_empty(reading);
    return true;
}

static bool
read_feedback(HeedReading *reading)
{
    HeedMessage *message = reading->message;
    const HeedPart *part = heed_message_part(message, HEED_PART_FEEDBACK_REPORT);

    if (part == NULL)
        return false;
    heed_arf_read(reading, heed_message_content(message, part, HEED_LIMIT_REPORT_PART_BYTES));
    reading->report->format = heed_report_text(reading->report, "rfc5965", -1);
    heed_arf_finish(reading);
    return true;
}

/* The fields of a feedback report in a part that is not labelled as one. */
static bool
read_mislabelled_feedback(HeedReading *reading)
{
    HeedMessage *message = reading->message;
    HeedSpan content;

    if (!message->is_report && !heed_message_may_complain(message))
        return false;
    for (guint i = 0; i < message->parts->len; i++) {
        const HeedPart *part = &g_array_index(message->parts, HeedPart, i);

        if (!may_be_mislabelled(part) ||
            !heed_arf_find(heed_message_content(message, part, HEED_LIMIT_REPORT_PART_BYTES),
                           &content))
            continue;
        heed_report_warn(reading->report, "the feedback report is not labelled as one");
        heed_arf_read(reading, content);
        reading->report->format = heed_report_text(reading->report, "rfc5965", -1);
        heed_arf_finish(reading);
        return true;
    }
    return false;
}

static bool
read_disposition(HeedReading *reading)
{
    const HeedPart *part = heed_message_part(reading->message, HEED_PART_DISPOSITION);

    if (part == NULL)
        return false;
    heed_autoreply_read_disposition(
        reading, heed_message_content(reading->message, part, HEED_LIMIT_REPORT_PART_BYTES));
    return true;
}

/* Classes and verdicts of what was or was not delivered. */
static void
classify(HeedReading *reading)
{
    HeedReport *report = reading->report;

    if (report->kind != HEED_KIND_BOUNCE && report->kind != HEED_KIND_DELAY &&
        report->kind != HEED_KIND_SUCCESS)
        return;
    for (guint i = 0; i < report->recipients->len; i++)
        heed_classify_recipient(report, &g_array_index(report->recipients, HeedRecipient, i),
                                reading->settings->relays, reading->rules);
    heed_classify_several(report);
}

/* Fills in the trust, from NUL-terminated copies of the header's fields. */
static void
assess_trust(HeedReading *reading, bool closed)
{
    const GArray *header = reading->message->header;
    g_autoptr(GStringChunk) text = g_string_chunk_new(4096);
    g_autofree const char **names = g_new(const char *, header->len + 1);
    g_autofree const char **values = g_new(const char *, header->len + 1);
    HeedTrustInput input = {
        .names = names,
        .values = values,
        .count = header->len,
        .report = reading->report,
        .settings = reading->settings,
        .closed = closed,
    };

    for (guint i = 0; i < header->len; i++) {
        const HeedField *field = &g_array_index(header, HeedField, i);

        names[i] = g_string_chunk_insert_len(text, field->name.at, (gssize)field->name.length);
        /* Strictly, lest a line that the sender put first continues a field that we added. */
        values[i] = g_string_chunk_insert_len(text, field->strict.at, (gssize)field->strict.length);
    }
    reading->report->trust = heed_trust_assess(&input, &reading->report->receiver_date);
}

HeedReport *
heed_parser_read(HeedParser *parser,
                 const void *bytes,
                 size_t length,
                 const HeedParseContext *context)
{
    HeedReport *report = heed_report_new();
    g_autoptr(GArray) original = g_array_sized_new(FALSE, FALSE, sizeof(HeedField), 32);
    g_auto(HeedMessage) message = {0};
    HeedReading reading = {report,   &parser->settings, &message,
                           original, parser->scratch,   parser->rules};

    if (context != NULL && context->truncated)
        heed_report_warn(report, "the message was longer than is read, its end is missing");
    heed_message_read(bytes, length, &parser->settings, report, &message);
    read_own_header(&reading);
    heed_original_read(&reading);
    /* Reports that say what they are first. What none of these knows may be a server's own notice:
     * formats without a standard stand in front of the replies. Of Dovecot's receipts some are
     * notices. */
    if (!heed_notice_is_challenge(&reading) && !read_status(&reading) && !read_feedback(&reading) &&
        !read_mislabelled_status(&reading) && !read_mislabelled_feedback(&reading) &&
        !heed_jmrp_read(&reading) && !heed_unsubscribe_read(&reading) &&
        !heed_notice_read(&reading) && !read_disposition(&reading) && !read_empty_status(&reading))
        (void)heed_autoreply_recognise(&reading);
    heed_about_resolve(&reading);
    classify(&reading);
    if (parser->settings.domains != NULL)
        assess_trust(&reading, context != NULL && context->closed);
    return report;
}
