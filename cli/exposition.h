/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_CLI_EXPOSITION_H
#define HEED_CLI_EXPOSITION_H

/*
 * The text format in which Prometheus reads metrics, version 0.0.4 (prometheus.io, "Exposition
 * formats"): what node_exporter's textfile collector takes. A family is begun once, and its samples
 * follow it.
 */

#include <glib.h>
#include <stdint.h>

typedef struct HeedExposition {
    GString *text;    /* owned */
    const char *name; /* of the family that was begun; static */
} HeedExposition;

/* Frees the text; a zeroed one is fine. */
void heed_exposition_clear(HeedExposition *exposition);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(HeedExposition, heed_exposition_clear)

/* Begins a family: HELP and TYPE ("gauge" or "counter"). Texts are of this program. */
void heed_exposition_family(HeedExposition *exposition,
                            const char *name,
                            const char *type,
                            const char *help);

/* A sample with pairs of a label's name and its value, ended by NULL. Values are escaped, made
 * UTF-8, and cut after HEED_EXPOSITION_LABEL_LETTERS letters; NULL is "". No name in the store is
 * longer (db/store_tables.h), for two that are cut to the same would make all of the text invalid.
 */
#define HEED_EXPOSITION_LABEL_LETTERS 1024U
void heed_exposition_sample(HeedExposition *exposition, double value, ...) G_GNUC_NULL_TERMINATED;

#endif
