/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/log_member.h"

#include "parsers/date.h"

const char *const heed_log_member_names[HEED_LOG_MEMBERS] = {
    [HEED_LOG_MEMBER_OUTCOME] = "outcome",
    [HEED_LOG_MEMBER_TIME] = "time",
    [HEED_LOG_MEMBER_RECIPIENT] = "recipient",
    [HEED_LOG_MEMBER_SENDER] = "sender",
    [HEED_LOG_MEMBER_MESSAGE_ID] = "message_id",
    [HEED_LOG_MEMBER_QUEUE_ID] = "queue_id",
    [HEED_LOG_MEMBER_ORIGINAL_RECIPIENT] = "original_recipient",
    [HEED_LOG_MEMBER_RELAY_HOST] = "relay_host",
    [HEED_LOG_MEMBER_RELAY_IP] = "relay_ip",
    [HEED_LOG_MEMBER_SOURCE_IP] = "source_ip",
    [HEED_LOG_MEMBER_CHANNEL] = "channel",
    [HEED_LOG_MEMBER_CAMPAIGN] = "campaign",
    [HEED_LOG_MEMBER_REPLY] = "reply",
    [HEED_LOG_MEMBER_STATUS] = "status",
    [HEED_LOG_MEMBER_CODE] = "code",
    [HEED_LOG_MEMBER_DELAY] = "delay",
    [HEED_LOG_MEMBER_INTERNAL] = "internal",
};

size_t
heed_log_name_index(HeedSpan name, const char *const *names, size_t count)
{
    for (size_t i = 0; name.length > 0 && i < count; i++)
        if (g_ascii_tolower(name.at[0]) == g_ascii_tolower(names[i][0]) &&
            strlen(names[i]) == name.length &&
            g_ascii_strncasecmp(name.at, names[i], name.length) == 0)
            return i;
    return count;
}

bool
heed_log_read_time(HeedLogClock *clock, HeedSpan text, int64_t *out_time)
{
    char form[HEED_DATE_TEXT_BYTES];
    int64_t seconds = 0;
    size_t at = 0;
    size_t used;

    while (at < text.length && at < 12 && g_ascii_isdigit(text.at[at]))
        seconds = seconds * 10 + (text.at[at++] - '0');
    if (at == 0 || (at < text.length && text.at[at] != '.'))
        return text.length > 0 &&
               heed_log_time_read(clock, text.at, text.length, out_time, &used) &&
               used == text.length;
    for (at++; at < text.length; at++)
        if (!g_ascii_isdigit(text.at[at]))
            return false;
    *out_time = seconds;
    return heed_date_format(seconds, form);
}

HeedSpan
heed_log_known(HeedSpan text)
{
    return text.length > 0 ? text : (HeedSpan){0};
}

HeedSpan
heed_log_without_brackets(HeedSpan text)
{
    if (text.length >= 2 && text.at[0] == '<' && text.at[text.length - 1] == '>')
        return (HeedSpan){text.at + 1, text.length - 2};
    return text;
}

static bool
read_outcome(HeedSpan text, HeedLogOutcome *out)
{
    for (HeedLogOutcome i = HEED_LOG_DELIVERED; i <= HEED_LOG_EXPIRED; i++) {
        const char *name = heed_log_outcome_name(i);

        if (text.length != strlen(name) || g_ascii_strncasecmp(text.at, name, text.length) != 0)
            continue;
        *out = i;
        return true;
    }
    return false;
}

static void
read_code(HeedSpan text, HeedLogEvent *event)
{
    if (text.length != 3 || text.at[0] < '2' || text.at[0] > '5' || !g_ascii_isdigit(text.at[1]) ||
        !g_ascii_isdigit(text.at[2]))
        return;
    memcpy(event->code, text.at, 3);
    event->code[3] = '\0';
}

static HeedSpan
ip_address(HeedSpan text)
{
    g_autofree char *copy = g_strndup(text.at, text.length);

    return text.length > 0 && g_hostname_is_ip_address(copy) ? text : (HeedSpan){0};
}

HeedLogTrouble
heed_log_member_event(HeedLogReader *reader, const HeedSpan *values)
{
    HeedLogEvent event = HEED_LOG_EVENT_UNKNOWN;
    HeedSpan status = values[HEED_LOG_MEMBER_STATUS];
    HeedSpan internal = values[HEED_LOG_MEMBER_INTERNAL];

    event.recipient = heed_log_without_brackets(values[HEED_LOG_MEMBER_RECIPIENT]);
    if (event.recipient.length == 0 ||
        !read_outcome(values[HEED_LOG_MEMBER_OUTCOME], &event.outcome))
        return HEED_LOG_VALUE;
    if (!heed_log_read_time(&reader->clock, values[HEED_LOG_MEMBER_TIME], &event.time))
        return HEED_LOG_TIME;
    event.sender = heed_log_without_brackets(values[HEED_LOG_MEMBER_SENDER]);
    event.message_id =
        heed_log_known(heed_log_without_brackets(values[HEED_LOG_MEMBER_MESSAGE_ID]));
    event.original_recipient =
        heed_log_known(heed_log_without_brackets(values[HEED_LOG_MEMBER_ORIGINAL_RECIPIENT]));
    event.queue_id = heed_log_known(values[HEED_LOG_MEMBER_QUEUE_ID]);
    event.relay_host = heed_log_known(values[HEED_LOG_MEMBER_RELAY_HOST]);
    event.relay_ip = heed_log_known(values[HEED_LOG_MEMBER_RELAY_IP]);
    event.source_ip = ip_address(values[HEED_LOG_MEMBER_SOURCE_IP]);
    event.channel = heed_log_known(values[HEED_LOG_MEMBER_CHANNEL]);
    event.campaign = heed_log_known(values[HEED_LOG_MEMBER_CAMPAIGN]);
    event.reply = heed_log_known(values[HEED_LOG_MEMBER_REPLY]);
    event.delay = heed_log_number(values[HEED_LOG_MEMBER_DELAY]);
    if (status.length > 0)
        (void)heed_status_read(status.at, status.length, event.status);
    heed_log_read_codes(&event);
    read_code(values[HEED_LOG_MEMBER_CODE], &event);
    event.internal = heed_log_is(internal, "true") || heed_log_is(internal, "1");
    heed_log_emit(reader, &event);
    return HEED_LOG_FINE;
}
