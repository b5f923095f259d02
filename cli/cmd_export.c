/* SPDX-License-Identifier: Apache-2.0 */
#include "suppress/export.h"

#include "base/atomic_file.h"
#include "base/error.h"
#include "base/log.h"
#include "cli/commands.h"
#include "cli/run.h"

#include <inttypes.h>
#include <sysexits.h>

int
heed_cmd_export(HeedInvocation *invocation, GError **error)
{
    static const char *const formats[] = {"text", "csv", "json", NULL};
    static const HeedExportFormat values[] = {HEED_EXPORT_TEXT, HEED_EXPORT_CSV, HEED_EXPORT_JSON};
    g_autofree char *format = NULL;
    g_autofree char *scope = NULL;
    g_autofree char *output = NULL;
    const GOptionEntry entries[] = {
        {"format", 'f', 0, G_OPTION_ARG_STRING, &format, "text (an address a line), csv or json",
         "FORMAT"},
        {"scope", 's', 0, G_OPTION_ARG_FILENAME, &scope,
         "What is suppressed for this stream, and everywhere", "SCOPE"},
        {"output", 'o', 0, G_OPTION_ARG_FILENAME, &output,
         "Write FILE, whole or not at all, instead of standard output", "FILE"},
        G_OPTION_ENTRY_NULL,
    };
    g_autoptr(HeedConfig) config = NULL;
    g_autoptr(HeedDatabase) database = NULL;
    g_autoptr(HeedAtomicFile) file = NULL;
    uint64_t count = 0;
    int chosen;

    if (!heed_invocation_parse(invocation, entries, error) ||
        !heed_cli_is_text("scope", scope, error) ||
        (chosen = heed_cli_choice("format", format, formats, error)) < 0)
        return EX_USAGE;
    config = heed_config_load(invocation->config, error);
    if (config == NULL)
        return EX_CONFIG;
    database = heed_cli_database(invocation, config,
                                 scope == NULL ? HEED_ACCESS_READER : HEED_ACCESS_INGEST, error);
    if (database == NULL)
        return EX_OK;
    if (g_strcmp0(output, "-") == 0)
        g_clear_pointer(&output, g_free);
    if (output != NULL && (file = heed_atomic_file_open_output(output, 0644, error)) == NULL)
        return EX_OK;
    if (!heed_export(database, values[chosen], scope, file != NULL ? file->stream : stdout, &count,
                     error) ||
        file == NULL || !heed_atomic_file_commit(file, error))
        return EX_OK;
    heed_log(HEED_LOG_NOTICE, "'%s': %" PRIu64 " suppressed", output, count);
    return EX_OK;
}
