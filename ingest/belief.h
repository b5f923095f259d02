/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_INGEST_BELIEF_H
#define HEED_INGEST_BELIEF_H

/*
 * What this process makes of a worker's report. The worker has no token keys, so that it cannot
 * know that a token is valid: a report that says so comes from one that was taken over, and is
 * refused. Here are the keys, and what a worker noted as a token (parsers/token_report.h) is
 * verified, as of when our mail system received the message: read again later, it is believed as
 * it was then.
 */

#include "ingest/pipeline.h"
#include "ingest/worker.h"

/* The answer's report. HEED_ERROR_DATA: it is none, or claims what the worker cannot know. */
HeedReport *heed_belief_report(const HeedPipelineOptions *options,
                               const HeedArrival *arrival,
                               const HeedAnswer *answer,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The same for a caller who wants the line of JSON (options->as_json): sets arrival->json. The line
 * has been found to be one. */
bool heed_belief_line(const HeedPipelineOptions *options,
                      HeedArrival *arrival,
                      const HeedAnswer *answer,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Verifies report->tokens of a report that was read in this process. */
void heed_belief_tokens(const HeedPipelineOptions *options,
                        const HeedArrival *arrival,
                        HeedReport *report);

#endif
