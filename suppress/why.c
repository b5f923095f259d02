/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/report.h"
#include "suppress/decide.h"
#include "suppress/queries.h"

static void
state_free(void *data)
{
    HeedState *state = data;

    g_free(state->scope);
    g_free(state->reason);
    g_free(state->verdict);
    g_free(state->rule);
    g_free(state);
}

static void
story_line_free(void *data)
{
    HeedStoryLine *line = data;

    g_free(line->scope);
    g_free(line->what);
    g_free(line->trust);
    g_free(line->rule);
    g_free(line->detail);
    g_free(line->source);
    g_free(line->digest);
    g_free(line);
}

void
heed_why_free(HeedWhy *why)
{
    if (why == NULL)
        return;
    g_ptr_array_unref(why->states);
    g_ptr_array_unref(why->story);
    g_free(why);
}

static HeedState *
read_state(const HeedRows *rows, size_t row)
{
    HeedState *state = g_new0(HeedState, 1);

    state->scope = g_strdup(heed_rows_text(rows, row, 0));
    state->suppressed = heed_rows_bool(rows, row, 1);
    state->allowed = heed_rows_bool(rows, row, 2);
    state->reason = g_strdup(heed_rows_text(rows, row, 3));
    state->verdict = g_strdup(heed_rows_text(rows, row, 4));
    state->rule = g_strdup(heed_rows_text(rows, row, 5));
    state->since = heed_rows_time(rows, row, 6);
    state->until = heed_rows_time(rows, row, 7);
    state->evidence_count = heed_rows_int(rows, row, 8);
    state->first_event_at = heed_rows_time(rows, row, 9);
    state->last_event_at = heed_rows_time(rows, row, 10);
    return state;
}

static bool
read_states(HeedDatabase *database, const char *address, HeedWhy *why, GError **error)
{
    g_autoptr(HeedParams) params = heed_params_new();
    g_autoptr(HeedRows) rows = NULL;

    heed_params_text(params, address);
    rows = heed_database_query(database, "read the address's state",
                               heed_suppress_query("why_states.sql"), params, error);
    if (rows == NULL)
        return false;
    for (size_t i = 0; i < heed_rows_count(rows); i++) {
        HeedState *state = read_state(rows, i);

        g_ptr_array_add(why->states, state);
        why->suppressed |= state->suppressed;
    }
    return true;
}

static HeedStoryLine *
read_story_line(const HeedRows *rows, size_t row)
{
    HeedStoryLine *line = g_new0(HeedStoryLine, 1);

    line->at = heed_rows_time(rows, row, 0);
    line->decision = heed_rows_bool(rows, row, 1);
    line->scope = g_strdup(heed_rows_text(rows, row, 2));
    line->what = g_strdup(heed_rows_text(rows, row, 3));
    if (!heed_rows_is_null(rows, row, 4))
        line->trust = g_strdup(heed_trust_name((HeedTrust)heed_rows_int(rows, row, 4)));
    line->rule = g_strdup(heed_rows_text(rows, row, 5));
    line->detail = g_strdup(heed_rows_text(rows, row, 6));
    line->source = g_strdup(heed_rows_text(rows, row, 7));
    line->digest = g_strdup(heed_rows_text(rows, row, 8));
    return line;
}

/* Most events know their reporting server; to join the two tables, divided by month as they are,
 * takes the server longer than all else. */
static bool
read_reporters(HeedDatabase *database, const HeedRows *story, HeedWhy *why, GError **error)
{
    g_autoptr(HeedParams) params = heed_params_new();
    HeedArrayParam *arrived_at = heed_params_text_array(params);
    HeedArrayParam *digests = heed_params_text_array(params);
    g_autoptr(HeedRows) rows = NULL;
    size_t unknown = 0;

    for (size_t i = 0; i < heed_rows_count(story); i++) {
        if (heed_rows_is_null(story, i, 10))
            continue;
        heed_array_add_text(arrived_at, heed_rows_text(story, i, 10));
        heed_array_add_text(digests, heed_rows_text(story, i, 8));
        unknown++;
    }
    if (unknown == 0)
        return true;
    rows = heed_database_query(database, "read who reported it",
                               heed_suppress_query("why_reporters.sql"), params, error);
    if (rows == NULL)
        return false;
    for (size_t i = 0; i < heed_rows_count(rows); i++) {
        for (guint j = 0; j < why->story->len; j++) {
            HeedStoryLine *line = g_ptr_array_index(why->story, j);

            if (line->source == NULL && g_strcmp0(line->digest, heed_rows_text(rows, i, 0)) == 0)
                line->source = g_strdup(heed_rows_text(rows, i, 1));
        }
    }
    return true;
}

static bool
read_story(HeedDatabase *database, const char *address, HeedWhy *why, GError **error)
{
    g_autoptr(HeedParams) params = heed_params_new();
    g_autoptr(HeedRows) rows = NULL;

    heed_params_text(params, address);
    heed_params_int(params, HEED_WHY_LINES);
    rows = heed_database_query(database, "read the address's story",
                               heed_suppress_query("why_story.sql"), params, error);
    if (rows == NULL)
        return false;
    for (size_t i = 0; i < heed_rows_count(rows); i++)
        g_ptr_array_add(why->story, read_story_line(rows, i));
    if (heed_rows_count(rows) > 0)
        why->story_length = (uint64_t)heed_rows_int(rows, 0, 9);
    return read_reporters(database, rows, why, error);
}

HeedWhy *
heed_why(HeedDatabase *database, const char *address, GError **error)
{
    g_autoptr(HeedTransaction) transaction = heed_transaction_begin_snapshot(database, error);
    g_autoptr(HeedWhy) why = g_new0(HeedWhy, 1);

    why->states = g_ptr_array_new_with_free_func(state_free);
    why->story = g_ptr_array_new_with_free_func(story_line_free);
    if (transaction == NULL || !read_states(database, address, why, error) ||
        !read_story(database, address, why, error) || !heed_transaction_commit(transaction, error))
        return NULL;
    return g_steal_pointer(&why);
}
