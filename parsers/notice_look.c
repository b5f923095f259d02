/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/notice_look.h"

#include "parsers/address.h"
#include "parsers/notice_text.h"
#include "parsers/template.h"

#include <string.h>

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

/* The domain of the report's own sender, to which names without one belong. */
static char *
sender_domain(const char *from)
{
    g_autofree char *address = heed_address_normalise(from, -1);

    return address == NULL ? NULL : g_strdup(heed_address_domain(address));
}

void
heed_notice_look_at_header(HeedReading *reading, HeedNoticeLook *out)
{
    *out = (HeedNoticeLook){
        .reading = reading,
        .from = decoded_field(reading, "from"),
        .subject = decoded_field(reading, "subject"),
    };
}

void
heed_notice_look_at_text(HeedNoticeLook *look)
{
    look->domain = sender_domain(look->from);
    look->text = heed_notice_text(look->reading);
    look->line_count = heed_notice_opening(look->text, look->lines);
    for (size_t i = 0; i < look->line_count; i++) {
        HeedSpan line = heed_span_trim(look->lines[i]);

        look->first[(unsigned char)g_ascii_tolower(line.at[0])] = line.length > 0;
    }
}

void
heed_notice_look_clear(HeedNoticeLook *look)
{
    g_clear_pointer(&look->from, g_free);
    g_clear_pointer(&look->subject, g_free);
    g_clear_pointer(&look->domain, g_free);
}

bool
heed_notice_matches(HeedTemplates templates, const char *text)
{
    return templates == NULL ||
           heed_template_match_any(templates, (HeedSpan){text, strlen(text)}, NULL) != NULL;
}

/* Whether the field is as the template "name: value" says. */
static bool
is_field(const HeedField *field, const char *pattern, GString *scratch)
{
    size_t length = strcspn(pattern, ":");

    if (field->name.length != length || g_ascii_strncasecmp(field->name.at, pattern, length) != 0)
        return false;
    heed_field_unfold(field->strict, scratch);
    length += strspn(pattern + length, ": ");
    return heed_template_match(pattern + length, (HeedSpan){scratch->str, scratch->len}, NULL);
}

static bool
has_field(const HeedNoticeLook *look, HeedTemplates templates)
{
    const GArray *header = look->reading->message->header;

    for (guint i = 0; templates != NULL && i < header->len; i++)
        for (size_t j = 0; templates[j] != NULL; j++)
            if (is_field(&g_array_index(header, HeedField, i), templates[j],
                         look->reading->scratch))
                return true;
    return templates == NULL;
}

/* Whether one of the first lines may be as the template says, by its first byte. Most are not. */
static bool
may_open_with(const HeedNoticeLook *look, const char *pattern)
{
    pattern += strspn(pattern, " ^=");
    return *pattern == '{' || look->first[(unsigned char)g_ascii_tolower(*pattern)];
}

static bool
opens_with(const HeedNoticeLook *look, HeedTemplates templates)
{
    for (size_t i = 0; templates != NULL && templates[i] != NULL; i++)
        for (size_t j = 0; may_open_with(look, templates[i]) && j < look->line_count; j++)
            if (heed_template_match(templates[i], look->lines[j], NULL))
                return true;
    return templates == NULL;
}

static bool
is_format(const HeedNoticeLook *look, const HeedFormat *format)
{
    return opens_with(look, format->opening) &&
           heed_notice_matches(format->subject, look->subject) &&
           heed_notice_matches(format->from, look->from) && has_field(look, format->header);
}

const HeedFormat *
heed_notice_recognise(const HeedNoticeLook *look, HeedKind kind)
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
static const char *const personal_subjects[] = {
    "re:{*}", "fwd:{*}", "fw:{*}",    "aw:{*}",  "wg:{*}", "rv:{*}",  "tr:{*}",     "antw:{*}",
    "sv:{*}", "vs:{*}",  "[fwd:{*}]", "odp:{*}", "pd:{*}", "enc:{*}", "doorst:{*}", NULL};

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

/* "From: …", "Von: …": the head of a message that a person forwards. */
static bool
is_head_line(HeedSpan line)
{
    size_t length = 0;

    while (length < line.length &&
           (g_ascii_isalpha(line.at[length]) || (unsigned char)line.at[length] >= 0x80))
        length++;
    return length > 0 && length + 1 < line.length && line.at[length] == ':' &&
           line.at[length + 1] == ' ';
}

static bool
is_from_mail_system(const HeedNoticeLook *look)
{
    const HeedMessage *message = look->reading->message;

    return heed_message_is_from_daemon(message) || look->from[0] == '\0' ||
           is_any(program_senders, look->from) ||
           heed_message_field(message, "x-failed-recipients") != NULL;
}

/* "*****", "---- Transcript": a line of signs, or one that begins with them. */
static bool
is_rule(HeedSpan line)
{
    return line.length > 2 && g_ascii_ispunct(line.at[0]) && line.at[0] == line.at[1] &&
           line.at[1] == line.at[2];
}

/* Such a line in front of no head of a message. */
static bool
begins_with_rule(const HeedNoticeLook *look)
{
    return look->line_count > 0 && is_rule(heed_span_trim(look->lines[0])) &&
           (look->line_count == 1 || !is_head_line(heed_span_trim(look->lines[1])));
}

/*
 * Whether the first line is no person's: a rule of signs, what programs say of failure, or how a
 * known format opens. A subject alone is not enough: people who ask what a notice means send it
 * under its own subject, below a line of theirs.
 */
static bool
begins_as_program(const HeedNoticeLook *look)
{
    HeedNoticeLook first = *look;

    if (look->line_count == 0)
        return false;
    if (begins_with_rule(look) && is_from_mail_system(look))
        return true;
    if (is_rule(heed_span_trim(look->lines[0])) && !begins_with_rule(look))
        return false;
    first.line_count = 1;
    return opens_with(&first, failure_lines) ||
           heed_notice_recognise(&first, HEED_KIND_OTHER) != NULL;
}

bool
heed_notice_is_personal(const HeedNoticeLook *look)
{
    return is_any(personal_subjects, look->subject) && !begins_with_rule(look) &&
           !begins_as_program(look);
}

bool
heed_notice_may_be(const HeedNoticeLook *look)
{
    const HeedMessage *message = look->reading->message;
    bool automatic = heed_message_is_automatic(message);

    if (is_from_mail_system(look)) {
        /* Postmasters answer, too. */
        if (!automatic && heed_message_field(message, "in-reply-to") != NULL)
            return false;
        return !heed_notice_is_personal(look);
    }
    /* Programs of shops and help desks quote what they got, and newsletters what they write about;
     * its subject and words anybody can write. */
    return automatic && begins_as_program(look);
}

bool
heed_notice_is_about_failure(const HeedNoticeLook *look)
{
    const HeedMessage *message = look->reading->message;
    bool daemon = is_from_mail_system(look);

    if (heed_message_field(message, "x-failed-recipients") != NULL)
        return true;
    /* A sender's name is words that anybody can write, too. */
    if (!heed_message_is_automatic(message) && (!daemon || heed_message_has_return_path(message)))
        return false;
    return is_any(failure_subjects, look->subject) || (daemon && opens_with(look, failure_lines));
}
