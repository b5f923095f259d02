/* SPDX-License-Identifier: Apache-2.0 */
#include "suppress/export.h"

#include "base/atomic_file.h"
#include "base/error.h"
#include "base/log.h"
#include "cli/commands.h"
#include "cli/run.h"
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
    int chosen; /* of formats */
} Exporting;

static void
exporting_clear(Exporting *exporting)
{
    g_free(exporting->format);
    g_free(exporting->scope);
    g_free(exporting->output);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Exporting, exporting_clear)

static bool
check(Exporting *exporting, GError **error)
{
    if (!heed_cli_is_text("scope", exporting->scope, error))
        return false;
    exporting->chosen = heed_cli_choice("format", exporting->format, formats, error);
    if (exporting->chosen < 0)
        return false;
    if (g_strcmp0(exporting->output, "-") == 0)
        g_clear_pointer(&exporting->output, g_free);
    if (exporting->chosen == SNAPSHOT && exporting->output == NULL) {
        g_set_error_literal(error, HEED_ERROR, HEED_ERROR_USAGE,
                            "a snapshot goes to a file: --output FILE");
        return false;
    }
    return true;
}

static bool
write_out(const Exporting *exporting, HeedDatabase *database, GError **error)
{
    g_autoptr(HeedAtomicFile) file = NULL;
    FILE *out = stdout;
    /* Who has a snapshot can ask it for any address. */
    unsigned mode = exporting->chosen == SNAPSHOT ? 0640 : 0644;
    HeedExported exported = {0};
    bool written;

    if (exporting->output != NULL) {
        file = heed_atomic_file_open_output(exporting->output, mode, error);
        if (file == NULL)
            return false;
        out = file->stream;
    }
    if (exporting->chosen == SNAPSHOT)
        written = heed_snapshot_write(database, exporting->scope, out, &exported.count, error);
    else
        written = heed_export(database, (HeedExportFormat)exporting->chosen, exporting->scope, out,
                              &exported, error);
    if (!written || (file != NULL && !heed_atomic_file_commit(file, error)))
        return false;
    if (exported.untold > 0)
        heed_log(HEED_LOG_WARNING,
                 "%" PRIu64
                 " suppressed address%s not in it: a file for Postfix has comments where "
                 "an address begins with \"#\"",
                 exported.untold, exported.untold == 1 ? " is" : "es are");
    if (file != NULL)
        heed_log(HEED_LOG_NOTICE, "'%s': %" PRIu64 " suppressed", exporting->output,
                 exported.count);
    return true;
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
        G_OPTION_ENTRY_NULL,
    };
    g_autoptr(HeedConfig) config = NULL;
    g_autoptr(HeedDatabase) database = NULL;
    bool is_view;

    if (!heed_invocation_parse(invocation, entries, error) || !check(&exporting, error))
        return EX_USAGE;
    config = heed_config_load(invocation->config, error);
    if (config == NULL)
        return EX_CONFIG;
    /* The view is what readers may see. */
    is_view = exporting.scope == NULL && exporting.chosen != SNAPSHOT;
    database = heed_cli_database(invocation, config,
                                 is_view ? HEED_ACCESS_READER : HEED_ACCESS_INGEST, error);
    if (database != NULL)
        (void)write_out(&exporting, database, error);
    return EX_OK;
}
