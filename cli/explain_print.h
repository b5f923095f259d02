/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_CLI_EXPLAIN_PRINT_H
#define HEED_CLI_EXPLAIN_PRINT_H

/*
 * Explanations as JSON (docs/explain.schema.json, one line each) and as text for people. What is
 * the same for each reply that a rule decides is put together once and kept, so that a million of
 * them cost little more than copying.
 */

#include "parsers/explain.h"

#include <glib.h>

typedef struct HeedExplainPrinter HeedExplainPrinter;

/* A printer of text, or of JSON. Free accepts NULL. */
HeedExplainPrinter *heed_explain_printer_new(bool as_text);
void heed_explain_printer_free(HeedExplainPrinter *printer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HeedExplainPrinter, heed_explain_printer_free)

/* Appends one explanation, with its line end, of the reply in text (length bytes, any). All of them
 * must be of the same rules. */
void heed_explain_print(HeedExplainPrinter *printer,
                        const HeedExplanation *explanation,
                        const char *text,
                        size_t length,
                        GString *out);

#endif
