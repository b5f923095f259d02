/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_CLI_PARSE_TEXT_H
#define HEED_CLI_PARSE_TEXT_H

/* A report for people: what `heed parse --format text` prints. */

#include "parsers/report.h"

#include <stdio.h>

/* A block of lines, ended by an empty one. All text of the mail is cleaned for the terminal. Source
 * may be NULL. */
void heed_parse_text_print(const HeedReport *report, const char *source, FILE *out);

#endif
