/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/log_run.h"

#include "base/error.h"
#include "base/log.h"
#include "cli/log_look_up.h"
#include "cli/log_read.h"

#include <sysexits.h>

static void
look_clear(HeedLooking *look)
{
    g_clear_pointer(&look->clerk, heed_log_clerk_free);
    g_clear_error(&look->store.refusal);
    g_free(look->stem);
    g_free(look->trouble);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(HeedLooking, look_clear)

static bool
read_files(HeedLooking *look, const GPtrArray *files, GError **error)
{
    g_autoptr(GArray) ids = g_array_new(FALSE, TRUE, sizeof(int64_t));

    if (!heed_log_look_up_unchanged(look, files, ids, error))
        return false;
    for (guint i = 0; i < files->len; i++) {
        const HeedLogFile *file = g_ptr_array_index(files, i);
        int64_t id = file->is_pipe ? 0 : g_array_index(ids, int64_t, i);

        if (id == 0) {
            if (!heed_log_read_file(look, file, error))
                return false;
            continue;
        }
        look->readable++;
        look->last_id = id;
        look->last_read = false;
        g_free(look->stem);
        look->stem = g_strdup(file->stem);
    }
    return true;
}

static const char *const *
strings(const GPtrArray *list)
{
    return list == NULL ? NULL : (const char *const *)list->pdata;
}

static void
look_init(HeedLooking *look, const HeedLogLook *options)
{
    const HeedConfig *config = options->config;
    const HeedLogSection *section = options->section;

    look->options = options;
    look->job = (HeedLogJob){.format = section->format,
                             .zone = section->zone,
                             .domains = strings(config->domains),
                             .relays = strings(config->relays),
                             .verp = strings(config->verp),
                             .rules = strings(config->rules),
                             .rules_cache = config->rules_cache,
                             .deliveries = section->deliveries};
    look->store = (HeedLogStore){.database = options->database,
                                 .config = config,
                                 .log = section->name,
                                 .source = section->name,
                                 .stream = section->stream};
    look->clerk = heed_log_clerk_new(&look->job, options->stop);
}

static bool
look_at_files(HeedLooking *look, GError **error)
{
    const HeedLogLook *options = look->options;
    g_autoptr(GError) reason = NULL;
    g_autoptr(GPtrArray) files = NULL;

    if (options->paths != NULL)
        files = heed_log_set_named(options->paths);
    else if ((files = heed_log_set_find(options->section->path, &reason)) == NULL) {
        heed_log(HEED_LOG_WARNING, "%s", reason->message);
        look->trouble = g_strdup(reason->message);
        look->status = heed_error_exit_status(reason);
        return true;
    }
    return read_files(look, files, error);
}

int
heed_cli_look_at_log(const HeedLogLook *options, HeedLogTotals *totals, GError **error)
{
    g_auto(HeedLooking) look = {0};
    bool keeps = options->section->name != NULL && !options->dry_run;
    const char *format = heed_log_format_name(options->section->format);

    look_init(&look, options);
    if ((keeps && !heed_log_begin(options->database, options->section->name, options->section->path,
                                  format, error)) ||
        !look_at_files(&look, error))
        return look.status;
    if (look.refused > 0 && look.readable == 0)
        look.status = heed_exit_status_worse(look.status, EX_DATAERR);
    heed_log_tally_add(&totals->tally, &look.store.totals.tally);
    totals->new_reports += look.store.totals.new_reports;
    totals->known += look.store.totals.known;
    if (keeps && !heed_log_finish(options->database, options->section->name, look.trouble,
                                  look.behind, error))
        return look.status;
    return look.status;
}
