/* SPDX-License-Identifier: Apache-2.0 */
#include "suppress/snapshot.h"

#include "base/atomic_file.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "cli/clean_lines.h"
#include "cli/commands.h"
#include "cli/run.h"
#include "cli/terminal.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

/* Hours after which a snapshot is old: complaints and unsubscribe requests come every day. */
#define USUAL_MAX_AGE 24

typedef struct Cleaning {
    char *scope;
    char **columns;
    char *output;
    char *removed;
    char *snapshot;
    char *digests;
    HeedListKind kind;
    int max_age;  /* hours; 0: whatever age */
    char **lists; /* exactly one */
} Cleaning;

static void
cleaning_clear(Cleaning *cleaning)
{
    g_free(cleaning->scope);
    g_strfreev(cleaning->columns);
    g_free(cleaning->output);
    g_free(cleaning->removed);
    g_free(cleaning->snapshot);
    g_free(cleaning->digests);
    g_strfreev(cleaning->lists);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Cleaning, cleaning_clear)

static bool
check_kind(Cleaning *cleaning, GError **error)
{
    static const char *const kinds[] = {"none", "sha256", "md5", NULL};
    int kind = heed_cli_choice("digests", cleaning->digests, kinds, error);

    if (kind >= 0)
        cleaning->kind = (HeedListKind)kind;
    return kind >= 0;
}

/* Whether the command line makes sense. */
static bool
check(const Cleaning *cleaning, GError **error)
{
    const char *wrong = NULL;

    if (cleaning->lists == NULL || cleaning->lists[1] != NULL)
        wrong = "which list? heed clean LIST; - is standard input";
    else if (cleaning->kind != HEED_LIST_OF_ADDRESSES && cleaning->snapshot != NULL)
        wrong = "a snapshot cannot be compared with --digests; only the database can";
    else if (cleaning->max_age < 0)
        wrong = "--max-age is a number of hours";
    else if (heed_cli_is_same_file(cleaning->output != NULL ? cleaning->output : "-",
                                   cleaning->removed))
        wrong = "the clean list and the removed lines would go to the same file";
    else if (strcmp(cleaning->lists[0], "-") != 0 &&
             heed_cli_is_same_file(cleaning->lists[0], cleaning->removed))
        wrong = "--removed names the list itself; choose another file";
    else if (heed_cli_is_same_file(cleaning->snapshot, cleaning->output) ||
             heed_cli_is_same_file(cleaning->snapshot, cleaning->removed))
        wrong = "the snapshot would be written over; choose another file";
    if (wrong == NULL)
        return true;
    g_set_error_literal(error, HEED_ERROR, HEED_ERROR_USAGE, wrong);
    return false;
}

static bool
open_output(const char *path, HeedAtomicFile **out, GError **error)
{
    if (path == NULL || strcmp(path, "-") == 0)
        return true;
    *out = heed_atomic_file_open_output(path, 0644, error);
    return *out != NULL;
}

static bool
commit_output(HeedAtomicFile *file, GError **error)
{
    return file == NULL || heed_atomic_file_commit(file, error);
}

static FILE *
open_list(const char *path, GError **error)
{
    g_autoptr(HeedFile) list = fopen(path, "re");
    struct stat status;

    /* A folder can be opened; only reading it fails. */
    if (list != NULL && fstat(fileno(list), &status) == 0 && S_ISDIR(status.st_mode)) {
        errno = EISDIR;
        g_clear_pointer(&list, heed_file_close);
    }
    if (list == NULL)
        g_set_error(error, HEED_ERROR, HEED_ERROR_NO_INPUT, "'%s': %s", path, g_strerror(errno));
    return g_steal_pointer(&list);
}

typedef struct Progress {
    int list;      /* its descriptor */
    int64_t begun; /* g_get_monotonic_time() */
} Progress;

/* Seconds that the rest of the list will take, by how much of it has been read (packed or not); -1
 * where that cannot be said. */
static double
time_left(const Progress *progress, double elapsed)
{
    off_t position = lseek(progress->list, 0, SEEK_CUR);
    struct stat status;

    if (position <= 0 || fstat(progress->list, &status) != 0 || !S_ISREG(status.st_mode))
        return -1;
    return position < status.st_size
               ? elapsed * (double)(status.st_size - position) / (double)position
               : 0;
}

static void
show_progress(uint64_t lines, void *data)
{
    const Progress *progress = data;
    double elapsed = (double)MAX(g_get_monotonic_time() - progress->begun, 1) / G_USEC_PER_SEC;
    double rate = (double)lines / elapsed;
    double left = time_left(progress, elapsed);

    if (left < 0)
        heed_progress("%" PRIu64 " lines, %.0f a second", lines, rate);
    else
        heed_progress("%" PRIu64 " lines, %.0f a second, %.0f s left", lines, rate, left);
}

static void
say_columns(const char *list_name, const char *columns)
{
    heed_log(HEED_LOG_NOTICE, "'%s': addresses are in the columns %s; --column chooses otherwise",
             list_name, columns);
}

static void
say_counts(const char *list_name, const HeedCleaned *cleaned)
{
    g_auto(GStrv) lines = heed_clean_lines(list_name, cleaned);

    for (size_t i = 0; lines[i] != NULL; i++)
        heed_log(HEED_LOG_NOTICE, "%s", lines[i]);
}

static bool
clean(const Cleaning *cleaning, const HeedSuppressedSet *set, FILE *list, GError **error)
{
    const char *name = cleaning->lists[0];
    HeedCleanOptions options = {.list_name = strcmp(name, "-") == 0 ? "standard input" : name,
                                .columns = (const char *const *)cleaning->columns,
                                .kind = cleaning->kind,
                                .list = list,
                                .several = say_columns};
    g_autoptr(HeedAtomicFile) output = NULL;
    g_autoptr(HeedAtomicFile) removed = NULL;
    HeedCleaned cleaned = {0};
    Progress progress = {.list = fileno(list), .begun = g_get_monotonic_time()};
    bool done;

    if (!open_output(cleaning->output, &output, error) ||
        !open_output(cleaning->removed, &removed, error))
        return false;
    options.out = output != NULL ? output->stream : stdout;
    if (cleaning->removed != NULL)
        options.removed = removed != NULL ? removed->stream : stdout;
    /* Not between the lines of a list. */
    if (isatty(STDOUT_FILENO) != 1 || (options.out != stdout && options.removed != stdout))
        options.progress = show_progress;
    options.progress_data = &progress;
    done = heed_clean(set, &options, &cleaned, error);
    heed_progress_clear();
    /* What was removed first: where the clean list replaces the list itself, nothing else has those
     * lines. */
    if (!done || !heed_output_flush(error) || !commit_output(removed, error) ||
        !commit_output(output, error))
        return false;
    say_counts(options.list_name, &cleaned);
    return true;
}

static void
warn_of_age(const Cleaning *cleaning, const HeedSnapshotInfo *info)
{
    int64_t age = g_get_real_time() / G_USEC_PER_SEC - info->moment;
    g_autoptr(GDateTime) moment = g_date_time_new_from_unix_utc(info->moment);
    g_autofree char *text =
        moment != NULL ? g_date_time_format(moment, "%Y-%m-%dT%H:%M:%SZ") : g_strdup("no date");

    if (cleaning->max_age > 0 && (moment == NULL || age / 3600 >= cleaning->max_age))
        heed_log(HEED_LOG_WARNING, "'%s' is old: it says what was suppressed at %s",
                 cleaning->snapshot, text);
    else if (age < -3600)
        heed_log(HEED_LOG_WARNING, "'%s' is of a time to come, %s: which clock is wrong?",
                 cleaning->snapshot, text);
}

static HeedSuppressedSet *
open_snapshot(const Cleaning *cleaning, GError **error)
{
    g_auto(HeedSnapshotInfo) info = {0};
    g_autoptr(HeedSuppressedSet) set = heed_snapshot_open(cleaning->snapshot, &info, error);

    if (set == NULL)
        return NULL;
    if (cleaning->scope != NULL && g_strcmp0(cleaning->scope, info.scope) != 0) {
        g_set_error(error, HEED_ERROR, HEED_ERROR_DATA, "'%s' was not made with --scope '%s'",
                    cleaning->snapshot, cleaning->scope);
        return NULL;
    }
    warn_of_age(cleaning, &info);
    return g_steal_pointer(&set);
}

/* The exit status where it is not that of the error. */
static int
load_set(HeedInvocation *invocation,
         const Cleaning *cleaning,
         HeedSuppressedSet **out,
         GError **error)
{
    g_autoptr(HeedConfig) config = NULL;
    g_autoptr(HeedDatabase) database = NULL;

    if (cleaning->snapshot != NULL) {
        *out = open_snapshot(cleaning, error);
        return EX_OK;
    }
    database = heed_cli_database_configured(invocation, HEED_ACCESS_INGEST, &config, error);
    /* Not held while a long list is read. */
    if (database != NULL)
        *out = heed_suppressed_set_load(database, cleaning->scope, cleaning->kind,
                                        cleaning->removed != NULL, error);
    return EX_OK;
}

int
heed_cmd_clean(HeedInvocation *invocation, GError **error)
{
    g_auto(Cleaning) cleaning = {.max_age = USUAL_MAX_AGE};
    const GOptionEntry entries[] = {
        {"output", 'o', 0, G_OPTION_ARG_FILENAME, &cleaning.output,
         "Write the clean list to FILE, whole or not at all, instead of standard output", "FILE"},
        {"removed", 'r', 0, G_OPTION_ARG_FILENAME, &cleaning.removed,
         "Write the removed lines to FILE, each with its reason", "FILE"},
        {"scope", 's', 0, G_OPTION_ARG_FILENAME, &cleaning.scope,
         "Remove what is suppressed for this stream or everywhere, not what is for any stream",
         "SCOPE"},
        {"column", 'c', 0, G_OPTION_ARG_FILENAME_ARRAY, &cleaning.columns,
         "The CSV column that holds the addresses, by name or number; again for each more", "NAME"},
        {"digests", 0, 0, G_OPTION_ARG_STRING, &cleaning.digests,
         "The list holds digests of addresses, sha256 or md5, in place of addresses", "KIND"},
        {"snapshot", 0, 0, G_OPTION_ARG_FILENAME, &cleaning.snapshot,
         "Compare with what heed export --format snapshot wrote, without a database", "FILE"},
        {"max-age", 0, 0, G_OPTION_ARG_INT, &cleaning.max_age,
         "Warn when the snapshot is older than so many hours; 24 by default, 0: never", "HOURS"},
        {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &cleaning.lists, NULL, NULL},
        G_OPTION_ENTRY_NULL,
    };
    g_autoptr(HeedSuppressedSet) set = NULL;
    g_autoptr(HeedFile) list = NULL;
    int status;

    if (!heed_invocation_parse(invocation, entries, error) ||
        !heed_cli_is_text("scope", cleaning.scope, error) || !check_kind(&cleaning, error) ||
        !check(&cleaning, error))
        return EX_USAGE;
    if (strcmp(cleaning.lists[0], "-") != 0 && (list = open_list(cleaning.lists[0], error)) == NULL)
        return EX_NOINPUT;
    status = load_set(invocation, &cleaning, &set, error);
    if (set != NULL && cleaning.kind != HEED_LIST_OF_ADDRESSES &&
        heed_suppressed_set_has_forgotten(set))
        heed_log(HEED_LOG_WARNING,
                 "digests say nothing of those who were forgotten: they stay in the list");
    if (set != NULL)
        (void)clean(&cleaning, set, list != NULL ? list : stdin, error);
    return status;
}
