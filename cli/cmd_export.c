/* SPDX-License-Identifier: Apache-2.0 */
#include "suppress/export.h"

#include "base/atomic_file.h"
#include "base/error.h"
#include "base/log.h"
#include "cli/commands.h"
#include "cli/run.h"
#include "suppress/forget.h"
#include "suppress/snapshot.h"

#include <inttypes.h>
#include <sysexits.h>

/* What --format may be; of the rows' formats in the order of HeedExportFormat, then the snapshot.
 */
static const char *const formats[] = {"text",    "csv",  "json",    "sha256",   "md5",
                                      "postfix", "exim", "kumomta", "snapshot", NULL};
#define SNAPSHOT 8

typedef struct Exporting {
    char *format;
    char *scope;
    char *output;
    char *since;
    char *cursor_file;
    HeedCursor cursor; /* what since says */
    int chosen;        /* of formats */
} Exporting;

static void
exporting_clear(Exporting *exporting)
{
    g_free(exporting->format);
    g_free(exporting->scope);
    g_free(exporting->output);
    g_free(exporting->since);
    g_free(exporting->cursor_file);
    heed_cursor_clear(&exporting->cursor);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Exporting, exporting_clear)

/* The cursor, or what is in the file it names: "@FILE". */
static bool
read_cursor(Exporting *exporting, GError **error)
{
    g_autofree char *text = NULL;
    g_autoptr(GError) trouble = NULL;

    if (exporting->since == NULL)
        return true;
    if (exporting->since[0] == '@' &&
        !g_file_get_contents(exporting->since + 1, &text, NULL, &trouble)) {
        g_set_error(error, HEED_ERROR, HEED_ERROR_NO_INPUT, "'%s': no cursor can be read there",
                    exporting->since + 1);
        return false;
    }
    return heed_cursor_parse(text != NULL ? g_strchomp(text) : exporting->since, &exporting->cursor,
                             error);
}

static bool
check_deltas(const Exporting *exporting, GError **error)
{
    bool wanted = exporting->since != NULL || exporting->cursor_file != NULL;

    if (wanted && (exporting->chosen == SNAPSHOT ||
                   !heed_export_has_deltas((HeedExportFormat)exporting->chosen))) {
        g_set_error(
            error, HEED_ERROR, HEED_ERROR_USAGE,
            "%s is a whole file: leave out --since and --cursor; what changed can be had as "
            "text, csv, json, sha256 or md5",
            formats[exporting->chosen]);
        return false;
    }
    return true;
}

static bool
check(Exporting *exporting, GError **error)
{
    if (!heed_cli_is_text("scope", exporting->scope, error))
        return false;
    if (g_strcmp0(exporting->format, "powermta") == 0) {
        g_set_error_literal(error, HEED_ERROR, HEED_ERROR_USAGE,
                            "there is no format for PowerMTA, whose own is not documented; text is "
                            "an address a line");
        return false;
    }
    exporting->chosen = heed_cli_choice("format", exporting->format, formats, error);
    if (exporting->chosen < 0)
        return false;
    if (g_strcmp0(exporting->output, "-") == 0)
        g_clear_pointer(&exporting->output, g_free);
    if (!check_deltas(exporting, error))
        return false;
    if (exporting->chosen == SNAPSHOT && exporting->output == NULL) {
        g_set_error_literal(error, HEED_ERROR, HEED_ERROR_USAGE,
                            "a snapshot goes to a file: --output FILE");
        return false;
    }
    if (heed_cli_is_same_file(exporting->output, exporting->cursor_file)) {
        g_set_error_literal(error, HEED_ERROR, HEED_ERROR_USAGE,
                            "the list and the cursor would go to the same file");
        return false;
    }
    return true;
}

/* Only after the list is where it belongs: what is told twice does no harm, what is never told
 * does.
 */
static bool
write_cursor(const Exporting *exporting, const HeedExported *exported, GError **error)
{
    g_autofree char *text = NULL;
    g_autoptr(HeedAtomicFile) file = NULL;

    if (exporting->cursor_file == NULL)
        return true;
    text = heed_cursor_text(&exported->cursor);
    file = heed_atomic_file_open_output(exporting->cursor_file, 0644, error);
    if (file == NULL)
        return false;
    (void)fprintf(file->stream, "%s\n", text); /* the commit says whether it could be written */
    return heed_atomic_file_commit(file, error);
}

static void
say_what_was_written(const Exporting *exporting, const HeedExported *exported)
{
    const char *name = exporting->output != NULL ? exporting->output : "standard output";

    if (exported->untold > 0)
        heed_log(HEED_LOG_WARNING,
                 "%" PRIu64
                 " suppressed address%s not in it: a file for Postfix has comments where "
                 "an address begins with \"#\"",
                 exported->untold, exported->untold == 1 ? " is" : "es are");
    if (exporting->since != NULL)
        heed_log(HEED_LOG_NOTICE, "'%s': %" PRIu64 " added, %" PRIu64 " removed", name,
                 exported->count - exported->removed, exported->removed);
    else
        heed_log(HEED_LOG_NOTICE, "'%s': %" PRIu64 " suppressed", name, exported->count);
}

static bool
write_list(const Exporting *exporting,
           HeedDatabase *database,
           FILE *out,
           HeedExported *exported,
           GError **error)
{
    const HeedExportOptions options = {.format = (HeedExportFormat)exporting->chosen,
                                       .scope = exporting->scope,
                                       .since =
                                           exporting->since != NULL ? &exporting->cursor : NULL,
                                       .with_cursor = exporting->cursor_file != NULL};

    return exporting->chosen == SNAPSHOT
               ? heed_snapshot_write(database, exporting->scope, out, &exported->count, error)
               : heed_export(database, &options, out, exported, error);
}

/* A snapshot has them; no list can. */
static bool
say_who_is_not_listed(const Exporting *exporting, HeedDatabase *database, GError **error)
{
    uint64_t count = 0;

    if (exporting->chosen == SNAPSHOT)
        return true;
    if (!heed_forgotten_count(database, exporting->scope, &count, error))
        return false;
    if (count > 0)
        heed_log(HEED_LOG_NOTICE,
                 "%" PRIu64
                 " suppression%s of people who were forgotten cannot be listed; heed clean "
                 "knows them",
                 count, count == 1 ? "" : "s");
    return true;
}

static bool
write_out(const Exporting *exporting, HeedDatabase *database, GError **error)
{
    g_autoptr(HeedAtomicFile) file = NULL;
    g_auto(HeedExported) exported = {0};
    FILE *out = stdout;
    /* Who has a snapshot can ask it for any address. */
    unsigned mode = exporting->chosen == SNAPSHOT ? 0640 : 0644;

    if (exporting->output != NULL) {
        file = heed_atomic_file_open_output(exporting->output, mode, error);
        if (file == NULL)
            return false;
        out = file->stream;
    }
    if (!write_list(exporting, database, out, &exported, error) ||
        (file != NULL && !heed_atomic_file_commit(file, error)) ||
        !write_cursor(exporting, &exported, error))
        return false;
    say_what_was_written(exporting, &exported);
    return say_who_is_not_listed(exporting, database, error);
}

int
heed_cmd_export(HeedInvocation *invocation, GError **error)
{
    g_auto(Exporting) exporting = {0};
    const GOptionEntry entries[] = {
        {"format", 'f', 0, G_OPTION_ARG_STRING, &exporting.format,
         "text (an address a line), csv, json, sha256, md5, postfix, exim, kumomta, or snapshot (for "
         "heed clean --snapshot)",
         "FORMAT"},
        {"scope", 's', 0, G_OPTION_ARG_FILENAME, &exporting.scope,
         "What is suppressed for this stream, and everywhere", "SCOPE"},
        {"output", 'o', 0, G_OPTION_ARG_FILENAME, &exporting.output,
         "Write FILE, whole or not at all, instead of standard output", "FILE"},
        {"since", 0, 0, G_OPTION_ARG_FILENAME, &exporting.since,
         "Only what was added or removed since the export whose cursor this is", "CURSOR|@FILE"},
        {"cursor", 0, 0, G_OPTION_ARG_FILENAME, &exporting.cursor_file,
         "Write to FILE where this export stands, for the next one's --since", "FILE"},
        G_OPTION_ENTRY_NULL,
    };
    g_autoptr(HeedConfig) config = NULL;
    g_autoptr(HeedDatabase) database = NULL;
    bool is_view;

    if (!heed_invocation_parse(invocation, entries, error) || !check(&exporting, error))
        return EX_USAGE;
    if (!read_cursor(&exporting, error))
        return EX_OK;
    config = heed_config_load(invocation->config, error);
    if (config == NULL)
        return EX_CONFIG;
    /* The view is what readers may see. */
    is_view = exporting.scope == NULL && exporting.chosen != SNAPSHOT && exporting.since == NULL;
    database = heed_cli_database(invocation, config,
                                 is_view ? HEED_ACCESS_READER : HEED_ACCESS_INGEST, error);
    if (database != NULL)
        (void)write_out(&exporting, database, error);
    return EX_OK;
}
