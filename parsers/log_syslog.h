/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_PARSERS_LOG_SYSLOG_H
#define HEED_PARSERS_LOG_SYSLOG_H

/*
 * Lines as syslog daemons write them to files: "TIME HOST TAG[PID]: MESSAGE" with either kind of
 * time (RFC 3164 4.1, and rsyslog's and systemd's ISO times), and RFC 5424's "VERSION TIME HOST APP
 * PID MSGID DATA MESSAGE", both with or without a priority ("<22>") before them.
 */

#include "parsers/fields.h"
#include "parsers/log_reader.h"
#include "parsers/log_time.h"

typedef struct HeedSyslogLine {
    int64_t time;
    HeedSpan tag; /* the program, without its pid */
    HeedSpan message;
} HeedSyslogLine;

/* Spans are of the line. Troubles: HEED_LOG_TIME, HEED_LOG_CUT. */
HeedLogTrouble heed_log_syslog_read(HeedLogClock *clock, HeedSpan line, HeedSyslogLine *out);

#endif
