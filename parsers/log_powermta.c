/* SPDX-License-Identifier: Apache-2.0 */

/*
 * PowerMTA's accounting files (its user's guide, "Accounting records" and "Format"): CSV with a
 * header row, one record a recipient. Of the records, deliveries (d), bounces (b) and transient
 * errors (t) are attempts; what was received (r), what came back by mail (rb, rs, f) and what holds
 * for a whole queue (tq) is none.
 */

#include "parsers/log_columns.h"
#include "parsers/log_member.h"

typedef enum Column {
    TYPE,
    TIME_LOGGED,
    TIME_QUEUED,
    ORIG,
    RCPT,
    ORCPT,
    DSN_STATUS,
    DSN_DIAG,
    DSN_MTA,
    BOUNCE_CAT,
    SOURCE_IP,
    DESTINATION_IP,
    VMTA,
    JOB_ID,
    HEADER_MESSAGE_ID,
    COLUMNS
} Column;

static const char *const names[COLUMNS] = {
    [TYPE] = "type",
    [TIME_LOGGED] = "timeLogged",
    [TIME_QUEUED] = "timeQueued",
    [ORIG] = "orig",
    [RCPT] = "rcpt",
    [ORCPT] = "orcpt",
    [DSN_STATUS] = "dsnStatus",
    [DSN_DIAG] = "dsnDiag",
    [DSN_MTA] = "dsnMta",
    [BOUNCE_CAT] = "bounceCat",
    [SOURCE_IP] = "dlvSourceIp",
    [DESTINATION_IP] = "dlvDestinationIp",
    [VMTA] = "vmta",
    [JOB_ID] = "jobId",
    [HEADER_MESSAGE_ID] = "header_Message-Id",
};

/* The columns that PowerMTA writes by default, for a file whose header row is gone. */
static const char default_header[] =
    "type,timeLogged,timeQueued,orig,rcpt,orcpt,dsnAction,dsnStatus,dsnDiag,dsnMta,bounceCat,"
    "srcType,srcMta,dlvType,dlvSourceIp,dlvDestinationIp,dlvEsmtpAvailable,dlvSize,vmta,jobId,"
    "envId,queue,vmtaPool";

static void
set_columns(HeedLogReader *reader, const HeedLogRow *header)
{
    if (reader->columns == NULL)
        reader->columns = g_new0(HeedLogColumns, 1);
    heed_log_columns_set(reader->columns, header, names, COLUMNS);
}

/* Records that are no attempts. */
static bool
is_other_record(HeedSpan type)
{
    static const char *const types[] = {
        "r",  "received",      "tq", "transient-queue", "f",
        "rb", "feedback-loop", "rs", "remote-bounce",   "remote-status"};

    return heed_log_name_index(type, types, G_N_ELEMENTS(types)) < G_N_ELEMENTS(types);
}

/* Whether the record is of an attempt. */
static bool
read_type(HeedSpan type, HeedLogEvent *event)
{
    if (heed_log_is(type, "d") || heed_log_is(type, "delivery"))
        event->outcome = HEED_LOG_DELIVERED;
    else if (heed_log_is(type, "b") || heed_log_is(type, "bounce"))
        event->outcome = HEED_LOG_FAILED;
    else if (heed_log_is(type, "t") || heed_log_is(type, "transient"))
        event->outcome = HEED_LOG_DEFERRED;
    else
        return false;
    return true;
}

/* "mx.example.net (192.0.2.1)". */
static void
read_server(HeedSpan text, HeedLogEvent *event)
{
    const char *blank = text.length == 0 ? NULL : memchr(text.at, ' ', text.length);

    if (blank != NULL)
        text = heed_log_span(text.at, blank);
    if (text.length > 0 && memchr(text.at, '.', text.length) != NULL)
        event->relay_host = text;
}

/* "rfc822;ann@example.net" (RFC 3461 4.2). */
static HeedSpan
without_type(HeedSpan text)
{
    const char *semicolon = text.length == 0 ? NULL : memchr(text.at, ';', text.length);

    return semicolon == NULL ? text : heed_log_span(semicolon + 1, text.at + text.length);
}

static void
read_reply(HeedSpan text, HeedLogEvent *event)
{
    if (text.length > 0)
        event->reply = heed_log_after(text, heed_reply_type_length(text.at, text.length));
}

static HeedLogTrouble
read_record(HeedLogReader *reader, const HeedSpan *values)
{
    HeedLogEvent event = HEED_LOG_EVENT_UNKNOWN;
    HeedSpan status = values[DSN_STATUS];
    HeedLogClock earlier = reader->clock;
    int64_t queued;

    if (!read_type(values[TYPE], &event))
        return is_other_record(values[TYPE]) ? HEED_LOG_FINE : HEED_LOG_FOREIGN;
    event.recipient = values[RCPT];
    if (event.recipient.length == 0)
        return HEED_LOG_VALUE;
    if (!heed_log_read_time(&reader->clock, values[TIME_LOGGED], &event.time))
        return HEED_LOG_TIME;
    if (heed_log_read_time(&earlier, values[TIME_QUEUED], &queued) && queued <= event.time)
        event.delay = (double)(event.time - queued);
    event.sender = heed_log_without_brackets(values[ORIG]);
    event.original_recipient = heed_log_known(without_type(values[ORCPT]));
    event.source_ip = heed_log_known(values[SOURCE_IP]);
    event.relay_ip = heed_log_known(values[DESTINATION_IP]);
    event.channel = heed_log_known(values[VMTA]);
    event.campaign = heed_log_known(values[JOB_ID]);
    event.message_id = heed_log_known(heed_log_without_brackets(values[HEADER_MESSAGE_ID]));
    read_server(values[DSN_MTA], &event);
    read_reply(values[DSN_DIAG], &event);
    if (status.length > 0)
        (void)heed_status_read(status.at, status.length, event.status);
    if (event.outcome == HEED_LOG_FAILED && heed_log_is(values[BOUNCE_CAT], "message-expired"))
        event.outcome = HEED_LOG_EXPIRED;
    heed_log_read_codes(&event);
    event.internal = heed_log_is_loopback(event.relay_ip);
    heed_log_emit(reader, &event);
    return HEED_LOG_FINE;
}

HeedLogTrouble
heed_log_powermta_line(HeedLogReader *reader, HeedSpan bytes)
{
    HeedSpan values[COLUMNS];
    HeedLogRow row;

    heed_log_reserve(reader, bytes.length + sizeof(default_header));
    if (!heed_log_row_read(bytes, reader->scratch, &row))
        return HEED_LOG_CUT;
    /* A file that is written on after a restart may have another header. */
    if (heed_log_name_index(row.values[0], names, 1) == TYPE) {
        set_columns(reader, &row);
        return HEED_LOG_FINE;
    }
    if (reader->columns == NULL) {
        HeedLogRow header;

        (void)heed_log_row_read((HeedSpan){default_header, strlen(default_header)}, reader->scratch,
                                &header);
        set_columns(reader, &header);
    }
    heed_log_columns_pick(reader->columns, &row, values, COLUMNS);
    return read_record(reader, values);
}
