/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_PARSERS_LOG_EVENT_H
#define HEED_PARSERS_LOG_EVENT_H

/*
 * The data model of MTA logs: what became of one attempt to deliver one message to one recipient.
 *
 * Spans are borrowed from the line, or from what the reader remembers of earlier lines, and are
 * valid until the callback that got the event returns. A span whose `at` is NULL is unknown; one
 * that is empty is known to be empty (the null sender). Their bytes are as they stand in the log:
 * any bytes but NUL and line ends.
 */

#include "parsers/fields.h"
#include "parsers/reply.h"
#include "parsers/report.h"

#include <jansson.h>

typedef enum HeedLogOutcome {
    HEED_LOG_DELIVERED, /* the next server, or a mailbox here, has it */
    HEED_LOG_DEFERRED,  /* will be tried again */
    HEED_LOG_FAILED,    /* given up at once */
    HEED_LOG_EXPIRED,   /* given up after too many attempts; the reply is the last one's */
} HeedLogOutcome;

typedef struct HeedLogEvent {
    HeedLogOutcome outcome;
    /* Seconds since 1970-01-01 UTC. */
    int64_t time;
    HeedSpan queue_id;
    HeedSpan message_id; /* without angle brackets */
    HeedSpan sender;     /* of the envelope; "" is the null sender */
    HeedSpan recipient;
    /* Before aliases and forwards of our own, where that is another. */
    HeedSpan original_recipient;
    /* The server that was talked to. */
    HeedSpan relay_host;
    HeedSpan relay_ip;
    /* Our address that the connection came from. */
    HeedSpan source_ip;
    /* What the log says that may tell one stream of mail from another: the instance of Postfix or
     * its transport's syslog_name, Exim's transport, KumoMTA's egress pool, PowerMTA's virtual MTA.
     */
    HeedSpan channel;
    /* PowerMTA's job, KumoMTA's campaign. */
    HeedSpan campaign;
    /* The reply or the MTA's own words, without what the MTA wrote around a reply. */
    HeedSpan reply;
    char status[HEED_STATUS_BYTES]; /* "5.1.1"; "" when there is none */
    char code[4];                   /* "550"; "" when there is none */
    /* Seconds since the message arrived; negative when unknown. */
    double delay;
    /* Passed on within our own machine (a filter on the loopback, an alias that made a new
     * message): the delivery that counts is in another line. */
    bool internal;
    /* Put off because other mail was: nobody was asked about this message. */
    bool untried;
} HeedLogEvent;

/* An event of which nothing is known. */
#define HEED_LOG_EVENT_UNKNOWN ((HeedLogEvent){.time = HEED_DATE_UNKNOWN, .delay = -1.0})

/* "delivered", "deferred", "failed", "expired". */
const char *heed_log_outcome_name(HeedLogOutcome outcome);

/* A copy whose spans are its own, all in one block of heed_log_event_size() bytes: free it with
 * g_free(). */
HeedLogEvent *heed_log_event_copy(const HeedLogEvent *event);
size_t heed_log_event_size(const HeedLogEvent *event);

/* As one JSON object, unknown members null, text made valid UTF-8. Caller owns it. */
json_t *heed_log_event_json(const HeedLogEvent *event);

#endif
