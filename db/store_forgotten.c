/* SPDX-License-Identifier: Apache-2.0 */
#include "db/store_tables.h"

/*
 * Reports about somebody who was forgotten (suppress/forget.h) and is refused all the same say
 * nothing new of him: what is stored of them is that they came, and what happened.
 */

/* Whom nobody forgets is not asked about. */
static bool
is_anybody_forgotten(HeedDatabase *database, bool *out, GError **error)
{
    g_autoptr(HeedRows) row =
        heed_database_query_row(database, "look whether anybody was forgotten",
                                "SELECT EXISTS (SELECT FROM heed_data.kept)", NULL, error);

    if (row == NULL)
        return false;
    *out = heed_rows_bool(row, 0, 0);
    return true;
}

/* Answers the places of the events whose addresses are kept by their pseudonyms alone, and those.
 * Who is refused only elsewhere, or not any more, is mailed, so his reports must count. */
static HeedRows *
find_forgotten(HeedDatabase *database, const HeedBatch *batch, GError **error)
{
    g_autoptr(HeedParams) params = heed_params_new();
    HeedArrayParam *places = heed_params_int_array(params);
    HeedArrayParam *addresses = heed_params_text_array(params);
    HeedArrayParam *streams = heed_params_text_array(params);
    g_autoptr(GStringChunk) pool = g_string_chunk_new(256);

    for (guint i = 0; i < batch->events->len; i++) {
        const HeedBatchEvent *event = &g_array_index(batch->events, HeedBatchEvent, i);
        const char *stream = event->report->arrival->stream;

        if (event->recipient.address == NULL)
            continue;
        heed_array_add_int(places, i);
        heed_array_add_text(addresses, event->recipient.address);
        heed_array_add_text(streams, heed_batch_text(pool, stream != NULL ? stream : "",
                                                     HEED_STORE_LONGEST_NAME_BYTES));
    }
    return heed_database_query(
        database, "look for whom was forgotten",
        "SELECT asked.place, known.pseudonym"
        " FROM (SELECT unnest($1) AS place, unnest($2) AS address, unnest($3) AS stream) AS asked"
        " CROSS JOIN LATERAL (SELECT heed_data.pseudonym(asked.address) AS pseudonym OFFSET 0)"
        " AS known"
        " CROSS JOIN LATERAL ("
        "    SELECT bool_or(state.suppressed AND (state.until IS NULL OR state.until > now()))"
        "            AND NOT bool_or(state.allowed AND state.scope = asked.stream) AS refused"
        "    FROM heed_data.address_state AS state"
        "    WHERE state.address = known.pseudonym AND state.scope IN ('', asked.stream)) AS held"
        " WHERE held.refused",
        params, error);
}

static void
forget_event(HeedBatch *batch, HeedBatchEvent *event, const char *pseudonym)
{
    const HeedBatchReport *report = event->report;
    const HeedFailure failure = {
        .digest = report->arrival->digest,
        .ordinal = event->ordinal,
        .original_key = event->has_original_key ? event->original_key : NULL,
        .address = pseudonym,
        .outcome = heed_key_outcome(event->kind, event->recipient.action),
    };

    heed_key_failure(&failure, event->failure_key);
    event->recipient.address = NULL;
    event->recipient.original_recipient = NULL;
    event->recipient.final_recipient = NULL;
    event->recipient.diagnostic = NULL;
    heed_batch_find(batch, report->arrival->digest)->names_forgotten = true;
}

bool
heed_store_forget(HeedDatabase *database, HeedBatch *batch, GError **error)
{
    g_autoptr(HeedRows) rows = NULL;
    bool any = false;

    if (batch->events->len == 0)
        return true;
    if (!is_anybody_forgotten(database, &any, error))
        return false;
    if (!any)
        return true;
    rows = find_forgotten(database, batch, error);
    if (rows == NULL)
        return false;
    for (size_t i = 0; i < heed_rows_count(rows); i++)
        forget_event(batch,
                     &g_array_index(batch->events, HeedBatchEvent, heed_rows_int(rows, i, 0)),
                     heed_rows_text(rows, i, 1));
    return true;
}
