/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"
#include "base/log.h"
#include "cli/commands.h"
#include "cli/replay_source.h"
#include "cli/run.h"
#include "cli/terminal.h"
#include "db/decompress.h"
#include "db/quarantine.h"

#include <inttypes.h>
#include <stdio.h>
#include <sysexits.h>

/* The ids of the command line (int64_t). */
static GArray *
read_ids(char **words, GError **error)
{
    g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(int64_t));

    for (size_t i = 0; words != NULL && words[i] != NULL; i++) {
        gint64 id = 0;

        if (!g_ascii_string_to_signed(words[i], 10, 1, INT64_MAX, &id, NULL)) {
            g_set_error(error, HEED_ERROR, HEED_ERROR_USAGE,
                        "'%s' is not a number of heed quarantine list", words[i]);
            return NULL;
        }
        g_array_append_val(ids, id);
    }
    return g_steal_pointer(&ids);
}

static void
add_row(HeedTable *table, const HeedRows *rows, size_t row)
{
    const char *mailbox = heed_rows_text(rows, row, 2);
    const char *detail = heed_rows_text(rows, row, 5);

    heed_table_int(table, heed_rows_int(rows, row, 0));
    heed_table_date(table, heed_rows_time(rows, row, 1));
    heed_table_text(table, mailbox != NULL ? mailbox : heed_rows_text(rows, row, 3));
    heed_table_int(table, heed_rows_int(rows, row, 6));
    heed_table_int(table, heed_rows_int(rows, row, 7));
    heed_table_text(table, heed_rows_is_null(rows, row, 8) ? "kept" : "read since");
    heed_table_text(table, heed_rows_text(rows, row, 4));
    heed_table_text(table, detail);
}

int
heed_cmd_quarantine_list(HeedInvocation *invocation, GError **error)
{
    static const char *const titles[] = {">ID",   "ARRIVED", "FROM",   ">BYTES", ">TRIES",
                                         "STATE", "REASON",  "DETAIL", NULL};
    gboolean all = FALSE;
    const GOptionEntry entries[] = {
        {"all", 'a', 0, G_OPTION_ARG_NONE, &all, "Also what has been read since", NULL},
        G_OPTION_ENTRY_NULL,
    };
    g_autoptr(HeedConfig) config = NULL;
    g_autoptr(HeedDatabase) database = NULL;
    int64_t after = 0;

    if (!heed_invocation_parse(invocation, entries, error))
        return EX_USAGE;
    database = heed_cli_database_configured(invocation, HEED_ACCESS_INGEST, &config, error);
    if (database == NULL)
        return EX_OK;
    for (;;) {
        g_autoptr(HeedRows) rows = heed_quarantine_page(database, after, all, error);
        g_autoptr(HeedTable) table = heed_table_new(titles);

        if (rows == NULL || heed_rows_count(rows) == 0)
            break;
        for (size_t row = 0; row < heed_rows_count(rows); row++)
            add_row(table, rows, row);
        after = heed_rows_int(rows, heed_rows_count(rows) - 1, 0);
        heed_table_print(table, stdout);
        if (!heed_output_flush(error))
            return EX_OK;
    }
    if (after == 0 && *error == NULL)
        heed_log(HEED_LOG_NOTICE, "there is nothing in quarantine");
    return EX_OK;
}

static bool
are_there(HeedDatabase *database, const GArray *ids, GError **error)
{
    int64_t unknown = 0;

    if (!heed_quarantine_find_unknown(database, ids, &unknown, error))
        return false;
    if (unknown != 0)
        g_set_error(error, HEED_ERROR, HEED_ERROR_NO_INPUT, "there is no %" PRId64 " in quarantine",
                    unknown);
    return unknown == 0;
}

int
heed_cmd_quarantine_show(HeedInvocation *invocation, GError **error)
{
    g_auto(GStrv) words = NULL;
    const GOptionEntry entries[] = {
        {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &words, NULL, NULL},
        G_OPTION_ENTRY_NULL,
    };
    g_autoptr(HeedConfig) config = NULL;
    g_autoptr(HeedDatabase) database = NULL;
    g_autoptr(GArray) ids = NULL;
    g_autoptr(GBytes) packed = NULL;
    g_autoptr(GBytes) plain = NULL;

    if (!heed_invocation_parse(invocation, entries, error) ||
        (ids = read_ids(words, error)) == NULL)
        return EX_USAGE;
    if (ids->len != 1) {
        g_set_error(error, HEED_ERROR, HEED_ERROR_USAGE, "which one? heed quarantine show ID");
        return EX_USAGE;
    }
    database = heed_cli_database_configured(invocation, HEED_ACCESS_INGEST, &config, error);
    if (database == NULL ||
        !heed_quarantine_content(database, g_array_index(ids, int64_t, 0), &packed, error))
        return EX_OK;
    if (packed == NULL) {
        g_set_error(error, HEED_ERROR, HEED_ERROR_NO_INPUT, "there is no %s in quarantine",
                    words[0]);
        return EX_NOINPUT;
    }
    plain = heed_decompress(packed, error);
    if (plain != NULL)
        (void)fwrite(g_bytes_get_data(plain, NULL), 1, g_bytes_get_size(plain), stdout);
    return EX_OK;
}

int
heed_cmd_quarantine_retry(HeedInvocation *invocation, GError **error)
{
    g_auto(GStrv) words = NULL;
    const GOptionEntry entries[] = {
        {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &words, NULL, NULL},
        G_OPTION_ENTRY_NULL,
    };
    g_autoptr(HeedConfig) config = NULL;
    g_autoptr(HeedTokenKeys) keys = NULL;
    g_autoptr(HeedDatabase) database = NULL;
    g_autoptr(GArray) ids = NULL;
    g_autoptr(HeedSource) source = NULL;
    HeedPipelineOptions pipeline;

    if (!heed_invocation_parse(invocation, entries, error) ||
        (ids = read_ids(words, error)) == NULL)
        return EX_USAGE;
    database = heed_cli_database_configured(invocation, HEED_ACCESS_STORE, &config, error);
    if (database == NULL || !heed_config_require_domains(config, error) ||
        !heed_cli_token_keys(config, &keys, error) || !are_there(database, ids, error))
        return EX_OK;
    source = heed_replay_source_new(database, HEED_REPLAY_QUARANTINED, ids->len > 0 ? ids : NULL);
    pipeline = heed_cli_pipeline(config);
    pipeline.token_keys = keys;
    pipeline.local = source;
    return heed_cli_store(database, config, &pipeline, NULL, error);
}
