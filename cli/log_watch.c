/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/log_watch.h"

#include "base/error.h"
#include "base/limits.h"
#include "base/log.h"
#include "cli/retry.h"
#include "cli/signals.h"
#include "cli/terminal.h"

#include <signal.h>
#include <sysexits.h>

#define TICK_MS 200U

static bool
is_told_to_stop(const HeedLogPoll *poll)
{
    const volatile int *stop = poll->stop;

    return stop != NULL && *stop != 0;
}

static void
tell(const HeedLogPoll *poll, const HeedLogSection *section, const HeedLogTotals *totals)
{
    g_autofree char *text = heed_log_totals_text(totals, poll->dry_run);

    heed_progress_clear();
    if (poll->dry_run)
        (void)printf("%s%s%s\n", section->name != NULL ? section->name : "",
                     section->name != NULL ? ": " : "", text);
    else if (!poll->watch || totals->tally.lines > 0)
        heed_log(HEED_LOG_NOTICE, "%s%s%s", section->name != NULL ? section->name : "",
                 section->name != NULL ? ": " : "", text);
}

static bool
look_once(const HeedLogPoll *poll, int *status, GError **error)
{
    for (guint i = 0; i < poll->logs->len; i++) {
        const HeedLogSection *section = g_ptr_array_index(poll->logs, i);
        const HeedLogLook look = {.database = poll->database,
                                  .config = poll->config,
                                  .section = section,
                                  .paths = poll->paths,
                                  .dry_run = poll->dry_run,
                                  .stop = poll->stop};
        g_autoptr(GError) reason = NULL;
        HeedLogTotals totals = {0};
        int one = heed_cli_look_at_log(&look, &totals, &reason);

        *status = heed_exit_status_worse(*status, one);
        if (reason != NULL) {
            g_propagate_error(error, g_steal_pointer(&reason));
            return false;
        }
        /* What could not be looked at was told, and is not the same as nothing new. */
        if (one == EX_OK || totals.tally.lines > 0)
            tell(poll, section, &totals);
    }
    return true;
}

/* Again where the database was away for a while: what was stored before is not read again. */
static bool
look_patiently(const HeedLogPoll *poll, int *status, GError **error)
{
    HeedAttempts attempts = {0};
    g_autoptr(GError) reason = NULL;
    bool reconnected;

    while (!look_once(poll, status, &reason)) {
        if (poll->database != NULL &&
            heed_cli_try_again(poll->database, &attempts, &reconnected, &reason))
            continue;
        g_propagate_error(error, g_steal_pointer(&reason));
        return false;
    }
    return true;
}

static void
rest(const HeedLogPoll *poll)
{
    int64_t until = g_get_monotonic_time() + HEED_LIMIT_LOG_WATCH_SECONDS * G_USEC_PER_SEC;

    while (!is_told_to_stop(poll) && g_get_monotonic_time() < until)
        g_usleep(TICK_MS * 1000UL);
}

int
heed_cli_poll_logs(const HeedLogPoll *poll, GError **error)
{
    g_autoptr(GError) reason = NULL;
    int status = EX_OK;

    do {
        /* With watch, what is wrong now may be right the next time. */
        if (poll->watch)
            status = EX_OK;
        if (!look_patiently(poll, &status, &reason))
            break;
        if (poll->watch)
            rest(poll);
    } while (poll->watch && !is_told_to_stop(poll));
    /* Told to stop, and stopped: what was not stored is read the next time. */
    if (g_error_matches(reason, HEED_ERROR, HEED_ERROR_CANCELLED) && poll->watch)
        return status;
    if (reason != NULL)
        g_propagate_error(error, g_steal_pointer(&reason));
    return status;
}

/* --- beside something else --- */

struct HeedLogBeside {
    HeedLogPoll poll;
    HeedDatabase *database; /* owned */
    GThread *thread;
    int status;
    GError *error;
};

static gpointer
run_beside(gpointer data)
{
    HeedLogBeside *beside = data;

    beside->status = heed_cli_poll_logs(&beside->poll, &beside->error);
    /* Whoever looks after this process is to know that logs are not read any more. */
    if (beside->error != NULL)
        heed_cli_stop();
    return NULL;
}

HeedLogBeside *
heed_cli_begin_logs(const HeedLogPoll *poll, GError **error)
{
    HeedDatabase *database = heed_database_open_another(poll->database, error);
    HeedLogBeside *beside;
    sigset_t all;
    sigset_t before;

    if (database == NULL)
        return NULL;
    beside = g_new0(HeedLogBeside, 1);
    beside->poll = *poll;
    beside->database = database;
    beside->poll.database = database;
    /* Signals are for the thread that polls mailboxes. */
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    beside->thread = g_thread_new("logs", run_beside, beside);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return beside;
}

int
heed_cli_end_logs(HeedLogBeside *beside, GError **error)
{
    int status;

    if (beside == NULL)
        return EX_OK;
    (void)g_thread_join(beside->thread);
    status = beside->status;
    if (beside->error != NULL && (error == NULL || *error == NULL))
        g_propagate_error(error, g_steal_pointer(&beside->error));
    g_clear_error(&beside->error);
    heed_database_close(beside->database);
    g_free(beside);
    return status;
}
