/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_SUPPRESS_THROTTLE_ADVICE_H
#define HEED_SUPPRESS_THROTTLE_ADVICE_H

/*
 * Throttling advice of all destinations: made of heed_data.attempt_minute by suppress/throttle.h,
 * kept for the view heed.throttle_advice, and read from it. What replies and providers say of waits
 * and limits is the parsers' to know, so the caller brings it.
 */

#include "db/connection.h"
#include "parsers/report.h"

typedef struct HeedThrottleExpert {
    /* Seconds to wait after a reply (NULL: not known) of a class, and whether they are its author's
     * own or those usual for the class; 0: nobody says. */
    int64_t (*wait)(
        void *data, const char *destination, HeedClass class_, const char *reply, bool *documented);
    /* Connections at a time that a destination publishes as its limit; 0: none is known. */
    unsigned (*connections)(void *data, const char *destination);
    void *data;
} HeedThrottleExpert;

/* Advice for one destination from one address of ours, as it holds now. */
typedef struct HeedThrottleAdvice {
    char *destination;    /* owned, as all text */
    char *source_ip;      /* "": unknown */
    int64_t connections;  /* at a time; 0: no limit */
    int64_t messages;     /* a minute; 0: no limit */
    int64_t paused_until; /* seconds since 1970, as all times; HEED_DATE_UNKNOWN: no pause */
    char *phase;
    unsigned step;
    char *why;
    char *class_;
    char *reply; /* NULL: unknown */
    int64_t refused;
    int64_t attempts;
    int64_t since;
    int64_t last_refused_at;
    int64_t next_step_at;
    int64_t as_of;
} HeedThrottleAdvice;

/* Makes the advice anew and replaces what there was, in one transaction. *out_known_until: up
 * to when the logs tell of attempts, to the hour where nothing was put off; HEED_DATE_UNKNOWN: not
 * at all. */
bool heed_throttle_update(HeedDatabase *database,
                          const HeedThrottleExpert *expert,
                          int64_t *out_known_until,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* What holds now (HeedThrottleAdvice *, owned by the array): pauses first, the longest, then the
 * slowest. */
GPtrArray *heed_throttle_list(HeedDatabase *database, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The recipient domains of a provider that got mail in the last day, those with the most first
 * (char *, owned by the array). */
GPtrArray *heed_throttle_domains(HeedDatabase *database, const char *provider, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

#endif
