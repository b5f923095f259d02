/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/log_syslog.h"

#include "parsers/log_reading.h"

/* Cuts the first word off the span, and the blanks behind it. */
static HeedSpan
take_word(HeedSpan *rest)
{
    const char *end = rest->at + rest->length;
    const char *at = rest->at;
    HeedSpan word;

    while (at < end && *at != ' ')
        at++;
    word = heed_log_span(rest->at, at);
    while (at < end && *at == ' ')
        at++;
    *rest = heed_log_span(at, end);
    return word;
}

/* "<22>", and "1 " behind it; whether it is RFC 5424's form. */
static bool
take_priority(HeedSpan *rest)
{
    size_t at = 1;

    if (!heed_log_starts(*rest, "<"))
        return false;
    while (at < rest->length && at < 4 && g_ascii_isdigit(rest->at[at]))
        at++;
    if (at == 1 || at >= rest->length || rest->at[at] != '>')
        return false;
    *rest = heed_log_after(*rest, at + 1);
    if (!heed_log_starts(*rest, "1 "))
        return false;
    *rest = heed_log_after(*rest, 2);
    return true;
}

/* "-", or elements in brackets, in which quoted values may have escaped brackets (RFC 5424 6.3). */
static bool
take_structured_data(HeedSpan *rest)
{
    size_t at = 0;
    bool quoted = false;

    if (!heed_log_starts(*rest, "["))
        return heed_log_is(take_word(rest), "-");
    for (; at < rest->length; at++) {
        char c = rest->at[at];

        if (c == '\\' && quoted)
            at++;
        else if (c == '"')
            quoted = !quoted;
        else if (c == ' ' && !quoted && rest->at[at - 1] == ']')
            break;
    }
    *rest = heed_log_after(*rest, MIN(at + 1, rest->length));
    return true;
}

/* "TAG[PID]:" to TAG; false where the word is none. */
static bool
read_tag(HeedSpan word, HeedSpan *out_tag)
{
    const char *bracket;

    if (word.length < 2 || word.at[word.length - 1] != ':')
        return false;
    word.length--;
    bracket = memchr(word.at, '[', word.length);
    *out_tag = bracket == NULL ? word : heed_log_span(word.at, bracket);
    return out_tag->length > 0;
}

HeedLogTrouble
heed_log_syslog_read(HeedLogClock *clock, HeedSpan line, HeedSyslogLine *out)
{
    HeedSpan rest = line;
    bool rfc5424 = take_priority(&rest);
    bool found;
    size_t used;

    if (!heed_log_time_read(clock, rest.at, rest.length, &out->time, &used))
        return HEED_LOG_TIME;
    rest = heed_log_after(rest, used);
    if (!heed_log_starts(rest, " "))
        return rest.length == 0 ? HEED_LOG_CUT : HEED_LOG_TIME;
    while (heed_log_starts(rest, " "))
        rest = heed_log_after(rest, 1);
    if (rfc5424) {
        (void)take_word(&rest); /* the host */
        out->tag = take_word(&rest);
        (void)take_word(&rest); /* the process, and the message's kind */
        (void)take_word(&rest);
        if (out->tag.length == 0 || !take_structured_data(&rest))
            return HEED_LOG_CUT;
        if (heed_log_starts(rest, "\xEF\xBB\xBF"))
            rest = heed_log_after(rest, 3);
        out->message = rest;
        return HEED_LOG_FINE;
    }
    /* The first word is the host, or the tag where there is no host. */
    found = read_tag(take_word(&rest), &out->tag);
    if (!found)
        found = read_tag(take_word(&rest), &out->tag);
    if (!found)
        return rest.length == 0 ? HEED_LOG_CUT : HEED_LOG_FOREIGN;
    out->message = rest;
    return HEED_LOG_FINE;
}
