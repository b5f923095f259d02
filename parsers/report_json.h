/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_PARSERS_REPORT_JSON_H
#define HEED_PARSERS_REPORT_JSON_H

/*
 * A report as the JSON of docs/report.schema.json, and back. The same form is what `heed parse`
 * prints and what a worker hands to the store, so the way back trusts nothing: a worker may have
 * been taken over by the mail it read.
 */

#include "parsers/report.h"

/* Appends one line of JSON without its newline. Source is the contract's "source" ("path#n"); NULL
 * writes null. */
void heed_report_to_json(const HeedReport *report, const char *source, GString *out);

/* Appends the report's "feedback" alone, without what is null and empty in it; "null" where it has
 * none. */
void heed_report_feedback_to_json(const HeedReport *report, GString *out);

/*
 * Reads what heed_report_to_json() wrote. HEED_ERROR_DATA with the place for anything the schema
 * does not allow, text that is not UTF-8, more recipients than HEED_LIMIT_RECIPIENTS, values longer
 * than HEED_LIMIT_FIELD_VALUE_BYTES.
 */
HeedReport *heed_report_from_json(const char *json, size_t length, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

#endif
