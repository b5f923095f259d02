/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_PARSERS_LOG_SUMS_H
#define HEED_PARSERS_LOG_SUMS_H

/*
 * What a stretch of a log comes to, summed up. Data only; made by ingest/, stored by db/, so that
 * neither has to know the other.
 */

#include <glib.h>
#include <stdint.h>

/* Deliveries and final failures; text "" is unknown. */
typedef struct HeedLogVolume {
    int64_t hour; /* its beginning, seconds since 1970 UTC */
    const char *domain;
    const char *provider;
    const char *sender_domain;
    const char *source_ip;
    uint64_t delivered;
    uint64_t failed;
} HeedLogVolume;

/* What a destination did with attempts: a mailbox provider by its name, else a recipient domain. */
typedef struct HeedLogAttempt {
    int64_t minute; /* its beginning */
    const char *destination;
    const char *source_ip;
    const char *class_; /* "" is delivered */
    const char *reply;  /* one of them; NULL with deliveries */
    uint64_t delivered;
    uint64_t deferred;
    uint64_t failed;
} HeedLogAttempt;

/* One message that reached one address. */
typedef struct HeedLogDelivery {
    const char *address; /* normalised */
    int64_t at;
    const char *message_id; /* or NULL, as the queue id */
    const char *queue_id;
} HeedLogDelivery;

typedef struct HeedLogSums {
    GArray *volumes;    /* of HeedLogVolume, each key once */
    GArray *attempts;   /* of HeedLogAttempt, each key once */
    GArray *deliveries; /* of HeedLogDelivery, in the log's order */
    GStringChunk *text; /* owns every string above */
} HeedLogSums;

HeedLogSums *heed_log_sums_new(void);
void heed_log_sums_free(HeedLogSums *sums);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HeedLogSums, heed_log_sums_free)

#endif
