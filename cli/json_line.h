/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_CLI_JSON_LINE_H
#define HEED_CLI_JSON_LINE_H

/* What commands print with --format json: one object a line, in ASCII. */

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>

/* Text, or null for NULL. Caller frees. */
json_t *heed_json_text(const char *text);

/* Seconds since 1970 as "2026-01-02T03:04:05Z", or null where they are unknown or no date. Caller
 * frees. */
json_t *heed_json_date(int64_t seconds);

/* Prints the object as a line. */
void heed_json_print(const json_t *json, FILE *out);

#endif
