/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* memmem, memrchr */
#include "parsers/log_exim_text.h"

#include "base/limits.h"
#include "parsers/log_reading.h"

/* The address in angle brackets at the text's beginning, quotes and all; its length with the
 * brackets, 0 for none. */
static size_t
bracketed(HeedSpan text, HeedSpan *out)
{
    size_t at = 1;
    bool quoted = false;

    for (; at < text.length && at <= HEED_LIMIT_ADDRESS_BYTES; at++) {
        char c = text.at[at];

        if (c == '\\' && quoted)
            at++;
        else if (c == '"')
            quoted = !quoted;
        else if (c == '>' && !quoted)
            break;
    }
    if (at >= text.length || text.at[at] != '>')
        return 0;
    *out = heed_log_span(text.at + 1, text.at + at);
    return at + 1;
}

/* Whether the raw text is the address without the quotes and backslashes of its local part. Exim
 * writes domains, and local parts of its own domains, in lower case. */
static bool
is_unquoted(HeedSpan raw, HeedSpan address)
{
    size_t at = 0;
    bool quoted = false;

    for (size_t i = 0; i < address.length; i++) {
        char c = address.at[i];

        if (c == '"') {
            quoted = !quoted;
            continue;
        }
        if (c == '\\' && quoted && i + 1 < address.length)
            c = address.at[++i];
        if (at == raw.length || g_ascii_tolower(raw.at[at]) != g_ascii_tolower(c))
            return false;
        at++;
    }
    return at == raw.length;
}

/* The last ` <"…"@domain>` that says again, with quotes, what stands before it. */
static bool
take_quoted(HeedSpan *text, HeedLogEvent *event)
{
    size_t used = 0;
    const char *at = heed_log_find(*text, " <\"");

    while (at != NULL) {
        HeedSpan raw = heed_log_span(text->at, at);
        HeedSpan rest = heed_log_after(*text, raw.length + 1);
        HeedSpan address;
        size_t length = bracketed(rest, &address);

        if (raw.length > HEED_LIMIT_ADDRESS_BYTES)
            break;
        if (length > 0 && is_unquoted(raw, address)) {
            event->recipient = address;
            used = raw.length + 1 + length;
        }
        at = heed_log_find(heed_log_after(rest, 1), " <\"");
    }
    *text = heed_log_after(*text, used);
    return used > 0;
}

/* What is not a quoted address ends at a blank, or at the colon before words. */
static HeedSpan
take_plain(HeedSpan *text)
{
    size_t length = 0;
    HeedSpan plain;

    while (length < text->length && text->at[length] != ' ')
        length++;
    if (length > 1 && length < text->length && text->at[length - 1] == ':')
        length--;
    plain = heed_log_span(text->at, text->at + length);
    *text = heed_log_after(*text, length);
    return plain;
}

/* "|/usr/bin/command with words <ann@example.com>" and "/dev/null <…>", up to the bracket. */
static HeedSpan
take_command(HeedSpan *text)
{
    const char *bracket = heed_log_find(*text, " <");
    HeedSpan command = *text;

    if (bracket != NULL)
        command = heed_log_span(text->at, bracket);
    *text = heed_log_after(*text, command.length);
    return command;
}

/* With all_parents, "(one, other)" stands between the address and its first ancestor. */
static void
skip_parents(HeedSpan *text)
{
    const char *close;

    if (!heed_log_starts(*text, " ("))
        return;
    close = heed_log_find(*text, ") <");
    if (close != NULL)
        *text = heed_log_after(*text, (size_t)(close - text->at) + 1);
}

static bool
is_address(HeedSpan text)
{
    const char *at = text.length == 0 ? NULL : memrchr(text.at, '@', text.length);

    return at != NULL && at > text.at && at + 1 < text.at + text.length;
}

bool
heed_log_exim_take_address(HeedSpan *text, HeedLogEvent *event)
{
    HeedSpan address;
    HeedSpan top = {0};
    bool path;
    size_t length;

    if (take_quoted(text, event))
        return true;
    path = text->length > 0 && (text->at[0] == '|' || text->at[0] == '/');
    address = path ? take_command(text) : take_plain(text);
    skip_parents(text);
    if (heed_log_starts(*text, " <")) {
        length = bracketed(heed_log_after(*text, 1), &top);
        if (length == 0)
            return false;
        *text = heed_log_after(*text, 1 + length);
    }
    if (path || !is_address(address)) {
        /* A mailbox, a file or a program here. */
        event->recipient = top;
        return is_address(top);
    }
    event->recipient = address;
    if (top.length > 0 && is_unquoted(address, top))
        event->recipient = top;
    else
        event->original_recipient = top;
    return true;
}

static bool
is_code(HeedSpan text)
{
    return text.length >= 3 && text.at[0] >= '2' && text.at[0] <= '5' &&
           g_ascii_isdigit(text.at[1]) && g_ascii_isdigit(text.at[2]) &&
           (text.length == 3 || text.at[3] == ' ' || text.at[3] == '-');
}

/* "host mx.example.net [192.0.2.1]: 550 …" to what is behind the colon. */
static HeedSpan
read_host(HeedSpan text, HeedLogEvent *event)
{
    const char *colon = heed_log_find(text, "]: ");
    HeedLogEvent of_text = HEED_LOG_EVENT_UNKNOWN;

    if (colon == NULL)
        return text;
    heed_log_read_relay(heed_log_span(text.at + 5, colon + 1), &of_text);
    if (of_text.relay_ip.at == NULL)
        return text;
    event->relay_host = of_text.relay_host;
    event->relay_ip = of_text.relay_ip;
    return heed_log_span(colon + 3, text.at + text.length);
}

/* "SMTP error from remote mail server after RCPT TO:<…>: 550 …": the reply, behind the first colon
 * that a reply or a host's name follows; empty for no such text. */
static HeedSpan
find_reply(HeedSpan reason, HeedLogEvent *event)
{
    HeedSpan rest = reason;
    const char *colon = heed_log_find(reason, " error from remote mail");

    if (colon == NULL || colon - reason.at > 8)
        return (HeedSpan){0};
    while ((colon = heed_log_find(rest, ": ")) != NULL) {
        rest = heed_log_span(colon + 2, reason.at + reason.length);
        if (is_code(rest))
            return rest;
        if (heed_log_starts(rest, "host "))
            return read_host(rest, event);
    }
    return (HeedSpan){0};
}

/* Cuts the words off the text's end, and a colon before them; false where it does not end so. */
static bool
cut_end(HeedSpan *text, const char *words)
{
    size_t length = strlen(words);

    if (text->length < length || memcmp(text->at + text->length - length, words, length) != 0)
        return false;
    text->length -= length;
    if (text->length >= 2 && memcmp(text->at + text->length - 2, ": ", 2) == 0)
        text->length -= 2;
    return true;
}

bool
heed_log_exim_read_reason(HeedSpan reason, GString *scratch, HeedLogEvent *event)
{
    HeedSpan words = reason;
    HeedSpan reply;
    bool expired = cut_end(&words, "retry timeout exceeded");

    if (!expired && (heed_log_is(reason, "delivery cancelled; message timed out") ||
                     heed_log_find(reason, "have been failing for a long time") != NULL)) {
        expired = true;
        words = (HeedSpan){0};
    }
    reply = find_reply(words, event);
    if (reply.length == 0)
        reply = words;
    if (reply.length > 0)
        event->reply = heed_log_exim_unescape(reply, scratch);
    return expired;
}

/* The byte beyond ASCII that three octal digits stand for; 0 for none. */
static char
octal(HeedSpan text)
{
    unsigned int value = 0;

    if (text.length < 3)
        return 0;
    for (size_t i = 0; i < 3; i++) {
        if (text.at[i] < '0' || text.at[i] > '7')
            return 0;
        value = value * 8 + (unsigned int)(text.at[i] - '0');
    }
    return value >= 0x80 && value <= 0xFF ? (char)value : 0;
}

HeedSpan
heed_log_exim_unescape(HeedSpan text, GString *scratch)
{
    size_t begin = scratch->len;

    if (text.length == 0 || memchr(text.at, '\\', text.length) == NULL)
        return text;
    for (size_t i = 0; i < text.length; i++) {
        HeedSpan rest = heed_log_after(text, i + 1);
        bool escape = text.at[i] == '\\';
        char byte = escape ? octal(rest) : '\0';

        /* A name with a backslash, as in DOMAIN\name, is not the end of a line. */
        if (escape && rest.length > 1 && rest.at[0] == 'n' && is_code(heed_log_after(rest, 1))) {
            g_string_append_c(scratch, ' ');
            i++;
        } else if (byte != '\0') {
            g_string_append_c(scratch, byte);
            i += 3;
        } else {
            g_string_append_c(scratch, text.at[i]);
        }
    }
    return (HeedSpan){scratch->str + begin, scratch->len - begin};
}
