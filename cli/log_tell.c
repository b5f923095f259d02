/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/log_tell.h"

#include "base/error.h"
#include "base/log.h"
#include "cli/log_look_up.h"
#include "cli/terminal.h"

#include <inttypes.h>
#include <sysexits.h>

static void
say_trouble(HeedLooking *look, const HeedLogFile *file, HeedLogLevel level, const char *what)
{
    heed_progress_clear();
    heed_log(level, "%s: %s", file->path, what);
    g_free(look->trouble);
    look->trouble = g_strdup_printf("%s: %s", file->path, what);
}

void
heed_log_tell_trouble(HeedLooking *look, const HeedLogFile *file, int status, const char *what)
{
    bool expected = !heed_looking_is_by_hand(look) && file->is_rotated;

    say_trouble(look, file, expected ? HEED_LOG_NOTICE : HEED_LOG_WARNING, what);
    if (!expected)
        look->status = heed_exit_status_worse(look->status, status);
}

/* What is not read again, and not stored. */
static void
note_lost(HeedLooking *look, const HeedLogFile *file, int status, const char *what)
{
    say_trouble(look, file, HEED_LOG_WARNING, what);
    look->status = heed_exit_status_worse(look->status, status);
}

bool
heed_log_tell_if_of_file(HeedLooking *look, const HeedLogFile *file, GError **reason)
{
    int status = EX_OK;

    if (g_error_matches(*reason, HEED_ERROR, HEED_ERROR_DATA) ||
        g_error_matches(*reason, HEED_ERROR, HEED_ERROR_LIMIT))
        look->refused++;
    else if (g_error_matches(*reason, HEED_ERROR, HEED_ERROR_IO) ||
             g_error_matches(*reason, HEED_ERROR, HEED_ERROR_NO_INPUT) ||
             g_error_matches(*reason, HEED_ERROR, HEED_ERROR_INTERNAL))
        status = heed_error_exit_status(*reason);
    else
        return false;
    heed_log_tell_trouble(look, file, status, (*reason)->message);
    g_clear_error(reason);
    return true;
}

void
heed_log_tell_shorter(HeedLooking *look, const HeedLogFile *file)
{
    heed_log_tell_trouble(look, file, EX_OK,
                          "has become shorter than it was read: it is read on from its new end");
}

void
heed_log_tell_behind(HeedLooking *look, int64_t size, uint64_t position, bool is_packed)
{
    look->behind += is_packed ? size : MAX(0, size - (int64_t)position);
}

bool
heed_log_tell_cut(HeedLooking *look, const HeedInHand *hand)
{
    if (!heed_looking_is_by_hand(look) && heed_log_look_up_is_recent(hand))
        return false;
    heed_log_tell_trouble(
        look, hand->file, EX_OK,
        g_bytes_get_size(hand->head) > 0
            ? "is compressed, and ends before it is complete: what there is was read"
            : "is compressed, and ends before it is complete: nothing of it can be read");
    return true;
}

void
heed_log_tell_lines(HeedLooking *look, const HeedInHand *hand)
{
    const HeedLogTally *tally = &hand->tally;

    for (size_t i = 0; i < HEED_LOG_TROUBLES; i++) {
        g_autofree char *what = NULL;

        if (i == HEED_LOG_FINE || tally->troubles[i] == 0)
            continue;
        what = g_strdup_printf("%" PRIu64 " %s %s, the first is line %" PRIu64, tally->troubles[i],
                               tally->troubles[i] == 1 ? "line" : "lines",
                               heed_log_trouble_words((HeedLogTrouble)i), tally->first[i]);
        heed_log_tell_trouble(look, hand->file, EX_OK, what);
    }
    if (tally->deadly > 0) {
        g_autofree char *what =
            g_strdup_printf("%" PRIu64 " %s passed over: a process died of each", tally->deadly,
                            tally->deadly == 1 ? "line is" : "lines are");

        heed_log_tell_trouble(look, hand->file, EX_OK, what);
    }
    if (tally->refused > 0) {
        g_autofree char *what = g_strdup_printf(
            "%" PRIu64 " %s refused by the database, first: %s", tally->refused,
            tally->refused == 1 ? "line is" : "lines are", look->store.refusal->message);

        note_lost(look, hand->file, heed_error_exit_status(look->store.refusal), what);
    }
}

/* Failures, and deferrals, of which the first one of a message is stored. */
static void
append_stored(GString *text, const HeedLogTotals *totals, bool dry_run)
{
    const char *what = totals->new_reports == 1 ? "report" : "reports";

    if (dry_run)
        g_string_append_printf(text, "%" PRIu64 " %s to store", totals->new_reports, what);
    else
        g_string_append_printf(text, "%" PRIu64 " %s stored now, %" PRIu64 " known already",
                               totals->new_reports, what, totals->known);
}

char *
heed_log_totals_text(const HeedLogTotals *totals, bool dry_run)
{
    const HeedLogTally *tally = &totals->tally;
    GString *text = NULL;

    if (tally->lines == 0)
        return g_strdup("no new lines");
    text = g_string_new(NULL);
    g_string_append_printf(
        text, "%" PRIu64 " %s: %" PRIu64 " delivered, %" PRIu64 " deferred, %" PRIu64 " failed; ",
        tally->lines, tally->lines == 1 ? "line" : "lines", tally->delivered, tally->deferred,
        tally->failed);
    append_stored(text, totals, dry_run);
    if (tally->passed > 0)
        g_string_append_printf(text, "; %" PRIu64 " internal or inbound", tally->passed);
    if (tally->unjoined > 0)
        g_string_append_printf(text, "; of %" PRIu64 " the sender is not known", tally->unjoined);
    if (tally->refused > 0)
        g_string_append_printf(text, "; %" PRIu64 " refused by the database", tally->refused);
    return g_string_free(text, FALSE);
}
