/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_CLI_THROTTLE_CONFIG_H
#define HEED_CLI_THROTTLE_CONFIG_H

/*
 * Throttling advice as configuration of Postfix, Exim and KumoMTA, ready to paste or to include.
 * Names of destinations come from mail: only what consists of the letters of host names is written,
 * the rest is left out and counted.
 */

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* What is to be written of one destination. */
typedef struct HeedThrottleEntry {
    char *name;             /* owned; of the provider, or the domain */
    GPtrArray *domains;     /* owned (char *): whose mail it is; at least one */
    GPtrArray *hosts;       /* owned (char *): of a provider's mail servers; may be empty */
    int64_t connections;    /* at a time; 0: no limit */
    int64_t messages;       /* a minute; 0: no limit */
    int64_t paused_until;   /* seconds since 1970; HEED_DATE_UNKNOWN: no pause */
    unsigned in_connection; /* messages; 0: no limit */
} HeedThrottleEntry;

/* One without domains, hosts, limits or pause. */
HeedThrottleEntry *heed_throttle_entry_new(const char *name);
void heed_throttle_entry_free(HeedThrottleEntry *entry);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HeedThrottleEntry, heed_throttle_entry_free)

/* Whether a name is harmless in a configuration: labels of a-z, 0-9 and "-" with dots between them,
 * short enough for the names that are made of it. */
bool heed_throttle_is_name(const char *name);

typedef enum HeedThrottleFormat {
    HEED_THROTTLE_POSTFIX,
    HEED_THROTTLE_EXIM,
    HEED_THROTTLE_KUMOMTA
} HeedThrottleFormat;

/* The parts that a format's configuration has, NULL-terminated ("main", "master", "transport"). */
const char *const *heed_throttle_parts(HeedThrottleFormat format);

typedef struct HeedThrottleWriting {
    const GPtrArray *entries; /* HeedThrottleEntry *; borrowed */
    int part;    /* of heed_throttle_parts() that alone is wanted; -1: all, with headings */
    int64_t now; /* seconds since 1970 */
} HeedThrottleWriting;

/* Writes the configuration of a mail server. */
void heed_throttle_write(HeedThrottleFormat format, const HeedThrottleWriting *writing, FILE *out);

#endif
