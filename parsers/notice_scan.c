/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/notice_scan.h"

#include "base/limits.h"
#include "parsers/address.h"
#include "parsers/reply.h"
#include "parsers/template.h"

#include <string.h>

typedef struct Scan {
    const HeedFormat *format;
    const char *domain;
    size_t max_recipients;
    HeedNoticeScan *out;
    GHashTable *known; /* address, the recipient's, to its index */
    /* Where lines that continue a reply go; NULL: there is none open. */
    GString *open;
    size_t open_indent;
    guint current;   /* index of the recipient spoken of; only with recipients->len > 0 */
    bool of_all;     /* it is spoken of all of them instead */
    GString *said;   /* what a server is quoted with since then */
    bool quoted;     /* what is said of all has a quotation in it */
    bool unfinished; /* the quoted reply has further lines */
    bool summed_up;  /* what a server says after that is about something else */
    bool stopped;
} Scan;

static size_t
indent_of(HeedSpan line)
{
    size_t indent = 0;

    while (indent < line.length && (line.at[indent] == ' ' || line.at[indent] == '\t'))
        indent++;
    return indent;
}

static bool
is_blank_line(HeedSpan line)
{
    return heed_span_trim(line).length == 0;
}

size_t
heed_notice_opening(HeedSpan text, HeedSpan lines[HEED_NOTICE_OPENING_LINES])
{
    const char *end = text.at + text.length;
    size_t count = 0;

    for (const char *at = text.at; at < end && count < HEED_NOTICE_OPENING_LINES;) {
        const char *line_end = heed_line_end(at, end);

        lines[count] = (HeedSpan){at, (size_t)(line_end - at)};
        count += is_blank_line(lines[count]) ? 0 : 1;
        at = heed_line_next(line_end, end);
    }
    return count;
}

/* Whether there is more in it than "=====" and the like. */
static bool
says_something(HeedSpan text)
{
    for (size_t i = 0; i < text.length; i++)
        if (g_ascii_isalnum(text.at[i]) || (unsigned char)text.at[i] >= 0x80)
            return true;
    return false;
}

static void
append_reply(GString *reply, HeedSpan text)
{
    text = heed_span_trim(text);
    if (!says_something(text) || reply->len >= HEED_LIMIT_FIELD_VALUE_BYTES)
        return;
    if (reply->len > 0)
        g_string_append_c(reply, ' ');
    g_string_append_len(reply, text.at, (gssize)text.length);
}

static HeedNoticeRecipient *
current_recipient(Scan *scan)
{
    GArray *recipients = scan->out->recipients;

    return recipients->len == 0 ? NULL
                                : &g_array_index(recipients, HeedNoticeRecipient, scan->current);
}

/* Makes the recipient of this address the current one. */
static void
take_recipient(Scan *scan, char *address, size_t indent)
{
    GArray *recipients = scan->out->recipients;
    HeedNoticeRecipient recipient = {.address = address, .indent = indent};
    gpointer index;

    scan->of_all = false;
    scan->unfinished = false;
    if (g_hash_table_lookup_extended(scan->known, address, NULL, &index)) {
        scan->current = GPOINTER_TO_UINT(index);
        g_free(address);
        return;
    }
    recipient.reply = g_string_new(NULL);
    scan->current = recipients->len;
    g_array_append_val(recipients, recipient);
    (void)g_hash_table_insert(scan->known, address, GUINT_TO_POINTER(scan->current));
}

/* The address that the line names, normalised; NULL for none that could be one. */
static char *
address_of(const Scan *scan, const HeedTemplateMatch *match)
{
    if (match->address.at != NULL)
        return heed_address_normalise(match->address.at, (gssize)match->address.length);
    if (match->local.at != NULL && scan->domain != NULL) {
        g_autofree char *address =
            g_strdup_printf("%.*s@%s", (int)match->local.length, match->local.at, scan->domain);

        return heed_address_normalise(address, -1);
    }
    return NULL;
}

/* Keeps what is said first. */
static void
keep(char **place, HeedSpan said)
{
    if (*place == NULL && said.at != NULL)
        *place = g_strndup(said.at, said.length);
}

static void
take_details(HeedNoticeRecipient *recipient, const HeedTemplateMatch *match)
{
    if (recipient == NULL)
        return;
    if (recipient->original == NULL && match->original.at != NULL)
        recipient->original =
            heed_address_normalise(match->original.at, (gssize)match->original.length);
    keep(&recipient->host, match->host);
    keep(&recipient->status, match->status);
    keep(&recipient->code, match->code);
}

/*
 * Whether what a reply says stands against what comes later: it has a code and the later one has
 * none, or another enhanced code. Sendmail gives "550 5.7.1" of the server as the reason and sums
 * it up as "550 5.1.1 User unknown".
 */
static bool
outweighs(const GString *said, HeedSpan later)
{
    HeedReply first;
    HeedReply second;

    return heed_reply_read(said->str, said->len, &first) &&
           (!heed_reply_read(later.at, later.length, &second) ||
            (first.status[0] != '\0' && second.status[0] != '\0' &&
             strcmp(first.status, second.status) != 0));
}

/*
 * Opens the recipient's reply: what was said of it before gives way to something new, unless it
 * outweighs that. Where all that follows would belong to it, the line must say
 * that the reply begins; so it must where the recipient is named a second time.
 */
static void
open_reply(Scan *scan, HeedNoticeRecipient *recipient, const HeedTemplateMatch *match)
{
    if (recipient == NULL || (match->reply.at == NULL && scan->format->extent == HEED_REPLY_REST))
        return;
    if (match->reply.at == NULL && recipient->reply->len > 0)
        return;
    if (match->reply.at != NULL && outweighs(recipient->reply, match->reply))
        return;
    scan->open = recipient->reply;
    scan->open_indent = recipient->indent;
    if (match->reply.at == NULL)
        return;
    g_string_truncate(recipient->reply, 0);
    append_reply(recipient->reply, match->reply);
}

/* "550-": a reply that has further lines (RFC 5321 4.2.1). */
static bool
is_unfinished(HeedSpan reply)
{
    return reply.length > 3 && g_ascii_isdigit(reply.at[0]) && g_ascii_isdigit(reply.at[1]) &&
           g_ascii_isdigit(reply.at[2]) && reply.at[3] == '-';
}

static bool
accepts(HeedSpan reply)
{
    return reply.length > 0 && (reply.at[0] == '2' || reply.at[0] == '3');
}

/* What a server accepts makes up for what it, or one before it, refused; but not its "221" at the
 * end of a session. Recipient NULL: said of all. */
static void
add_quote(Scan *scan, HeedNoticeRecipient *recipient, HeedSpan said)
{
    GString *reply = recipient == NULL ? scan->out->common : recipient->reply;
    bool *quoted = recipient == NULL ? &scan->quoted : &recipient->quoted;

    if (heed_span_starts(said, "221"))
        return;
    *quoted = !accepts(said);
    if (!*quoted || (recipient != NULL && !scan->unfinished))
        g_string_truncate(reply, 0);
    scan->unfinished = is_unfinished(said);
    if (!*quoted) {
        g_string_truncate(scan->said, 0);
        return;
    }
    append_reply(reply, said);
    if (recipient == NULL)
        append_reply(scan->said, said);
}

/* A line that quotes a server; false when it is none. The last of several replies is what counts of
 * a recipient, whose next server was asked then. */
static bool
take_quote(Scan *scan, HeedSpan line)
{
    HeedTemplateMatch match;

    if (heed_template_match_any(scan->format->quote, line, &match) == NULL)
        return false;
    scan->open = NULL;
    if (!scan->summed_up)
        add_quote(scan, scan->of_all ? NULL : current_recipient(scan), heed_span_trim(match.reply));
    return true;
}

/* Makes the recipient that the line names the current one; false when it names none of use. */
static bool
take_named(Scan *scan, HeedSpan line, const HeedTemplateMatch *match)
{
    char *address = address_of(scan, match);

    if (address == NULL || scan->out->recipients->len >= scan->max_recipients) {
        g_free(address);
        return false;
    }
    take_recipient(scan, address, indent_of(line));
    scan->summed_up = false;
    return true;
}

/* A line of the recipient that it names, or of the current one. */
static bool
take_match(Scan *scan, HeedSpan line, const HeedTemplateMatch *match)
{
    bool named = match->address.at != NULL || match->local.at != NULL;

    if (match->subject.at != NULL && scan->out->subject.at == NULL)
        scan->out->subject = heed_span_trim(match->subject);
    if (named && !take_named(scan, line, match))
        return false;
    take_details(current_recipient(scan), match);
    if (named || match->reply.at != NULL)
        open_reply(scan, current_recipient(scan), match);
    return true;
}

static void
open_common(Scan *scan, HeedSpan line, const HeedTemplateMatch *match)
{
    bool opens = match->reply.at != NULL || scan->format->extent != HEED_REPLY_REST;

    append_reply(scan->out->common, match->reply);
    scan->open = opens ? scan->out->common : NULL;
    scan->open_indent = indent_of(line);
}

/* Of one recipient: what a server said to DATA, too, then was said of that one. */
static bool
sum_up_one(Scan *scan, HeedSpan line, const HeedTemplateMatch *match)
{
    bool of_all = scan->of_all;
    HeedNoticeRecipient *recipient;

    if (!take_named(scan, line, match))
        return false;
    recipient = current_recipient(scan);
    if (of_all && scan->said->len > 0 && !recipient->quoted) {
        g_string_assign(recipient->reply, scan->said->str);
        recipient->quoted = true;
    }
    scan->open = NULL;
    if (!recipient->quoted)
        (void)take_match(scan, line, match);
    scan->of_all = of_all;
    return true;
}

/* A line that sums up; false when it is none. */
static bool
take_summary(Scan *scan, HeedSpan line)
{
    HeedTemplateMatch match;

    if (heed_template_match_any(scan->format->summary, line, &match) == NULL)
        return false;
    if (match.address.at != NULL) {
        if (!sum_up_one(scan, line, &match))
            return false;
    } else {
        g_string_truncate(scan->said, 0);
        if (!scan->quoted)
            open_common(scan, line, &match);
    }
    scan->summed_up = true;
    return true;
}

/* One of the format's lines; false when it is none. */
static bool
take_line(Scan *scan, HeedSpan line)
{
    HeedTemplateMatch match;

    return heed_template_match_any(scan->format->lines, line, &match) != NULL &&
           take_match(scan, line, &match);
}

/* One that speaks of all; what a server is quoted with behind it was said of all, too. */
static bool
take_common(Scan *scan, HeedSpan line)
{
    HeedTemplateMatch match;

    if (heed_template_match_any(scan->format->common, line, &match) == NULL)
        return false;
    open_common(scan, line, &match);
    g_string_truncate(scan->said, 0);
    scan->of_all = true;
    scan->summed_up = false;
    return true;
}

/* Whether the line goes on with the open reply, by the format's rule. */
static bool
continues(const Scan *scan, HeedSpan line)
{
    if (scan->open == NULL)
        return false;
    if (scan->format->extent == HEED_REPLY_REST)
        return true;
    if (is_blank_line(line))
        return scan->format->extent == HEED_REPLY_NEXT && scan->open->len == 0;
    return scan->format->extent != HEED_REPLY_INDENTED || indent_of(line) > scan->open_indent;
}

static void
take_body_line(Scan *scan, HeedSpan line)
{
    bool deeper = scan->format->extent == HEED_REPLY_INDENTED && continues(scan, line);

    /* A reply may quote the address; deeper than the recipient's line, that begins nothing. */
    if (!deeper && (take_line(scan, line) || take_quote(scan, line) || take_summary(scan, line) ||
                    take_common(scan, line)))
        return;
    if (continues(scan, line))
        append_reply(scan->open, line);
    else
        scan->open = NULL;
}

static void
note_fate(Scan *scan, HeedSpan line)
{
    HeedNoticeScan *out = scan->out;
    bool delayed = heed_template_match_any(scan->format->delayed, line, NULL) != NULL;
    bool delivered = heed_template_match_any(scan->format->delivered, line, NULL) != NULL;

    if ((delayed || delivered) && out->fate.at == NULL)
        out->fate = heed_span_trim(line);
    out->delayed = out->delayed || delayed;
    out->delivered = out->delivered || delivered;
}

/* One line of the text; false behind the last one of the notice. */
static bool
take(Scan *scan, HeedSpan line)
{
    const HeedFormat *format = scan->format;

    if (heed_template_match_any(format->original, line, NULL) != NULL)
        return false;
    if (scan->stopped)
        return true;
    note_fate(scan, line);
    if (!scan->out->begun) {
        scan->out->begun = heed_template_match_any(format->begin, line, NULL) != NULL;
        return true;
    }
    if (scan->out->recipients->len > 0 &&
        heed_template_match_any(format->stop, line, NULL) != NULL) {
        scan->stopped = true;
        scan->open = NULL;
        return true;
    }
    take_body_line(scan, line);
    return true;
}

static void
clear_recipient(gpointer data)
{
    HeedNoticeRecipient *recipient = data;

    g_free(recipient->address);
    g_free(recipient->original);
    g_free(recipient->host);
    g_free(recipient->status);
    g_free(recipient->code);
    g_string_free(recipient->reply, TRUE);
}

/* What the format says of a whole reply: the server's words in it, and the server. */
static void
refine(const HeedFormat *format, GString *reply, HeedNoticeRecipient *recipient)
{
    HeedTemplateMatch match;
    HeedSpan words;

    if (heed_template_match_any(format->replies, (HeedSpan){reply->str, reply->len}, &match) ==
        NULL)
        return;
    take_details(recipient, &match);
    words = match.reply.at == NULL ? (HeedSpan){"", 0} : heed_span_trim(match.reply);
    if (words.length == 0)
        return;
    g_string_truncate(reply, (gsize)(words.at - reply->str) + words.length);
    g_string_erase(reply, 0, words.at - reply->str);
}

/* What was said of all goes to those of whom nothing was said. */
static void
finish(const Scan *scan)
{
    HeedNoticeScan *out = scan->out;

    if (scan->format->common_of_one && out->recipients->len > 1)
        g_string_truncate(out->common, 0);

    for (guint i = 0; i < out->recipients->len; i++) {
        HeedNoticeRecipient *recipient = &g_array_index(out->recipients, HeedNoticeRecipient, i);

        if (recipient->reply->len == 0)
            g_string_append_len(recipient->reply, out->common->str, (gssize)out->common->len);
        if (recipient->reply->len == 0 && out->delayed)
            append_reply(recipient->reply, out->fate);
        refine(scan->format, recipient->reply, recipient);
    }
    refine(scan->format, out->common, NULL);
}

void
heed_notice_scan(const HeedFormat *format,
                 HeedSpan text,
                 const char *domain,
                 size_t max_recipients,
                 HeedNoticeScan *out)
{
    Scan scan = {.format = format, .domain = domain, .max_recipients = max_recipients, .out = out};
    const char *end = text.at + text.length;
    const char *at = text.at;

    scan.known = g_hash_table_new(g_str_hash, g_str_equal);
    scan.said = g_string_new(NULL);
    *out = (HeedNoticeScan){
        .recipients = g_array_new(FALSE, FALSE, sizeof(HeedNoticeRecipient)),
        .common = g_string_new(NULL),
        .begun = format->begin == NULL,
    };
    g_array_set_clear_func(out->recipients, clear_recipient);
    while (at < end) {
        const char *line_end = heed_line_end(at, end);
        const char *next = heed_line_next(line_end, end);

        if (!take(&scan, (HeedSpan){at, (size_t)(line_end - at)})) {
            out->original = (HeedSpan){next, (size_t)(end - next)};
            break;
        }
        at = next;
    }
    finish(&scan);
    g_hash_table_unref(scan.known);
    g_string_free(scan.said, TRUE);
}

void
heed_notice_scan_clear(HeedNoticeScan *scan)
{
    g_clear_pointer(&scan->recipients, g_array_unref);
    if (scan->common != NULL)
        g_string_free(scan->common, TRUE);
    scan->common = NULL;
}
