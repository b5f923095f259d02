/* SPDX-License-Identifier: Apache-2.0 */
#include "suppress/guard.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "cli/commands.h"
#include "cli/json_line.h"
#include "cli/run.h"
#include "cli/terminal.h"
#include "parsers/report.h"
#include "suppress/policy.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

/* Columns of heed_guard_list(). */
enum {
    COLUMN_ID,
    COLUMN_DIMENSION,
    COLUMN_NAME,
    COLUMN_BEGAN,
    COLUMN_ENDED,
    COLUMN_PLACED,
    COLUMN_SEEN,
    COLUMN_THRESHOLD,
    COLUMN_WINDOW,
    COLUMN_RESOLUTION,
    COLUMN_RESOLVED_BY,
    COLUMN_WHY,
    COLUMN_HELD,
    COLUMN_UNTIL,
    COLUMN_REPLIES
};

static const char *const formats[] = {"text", "json", NULL};

/* --- review --- */

static void
print_hold(const HeedRows *rows, size_t row)
{
    static const struct {
        const char *dimension;
        const char *words;
    } places[] = {
        {"domain", "at the domain"}, {"provider", "at the provider"}, {"mta", "in the reports of"}};

    const char *dimension = heed_rows_text(rows, row, COLUMN_DIMENSION);
    const char *resolution = heed_rows_text(rows, row, COLUMN_RESOLUTION);
    const char *replies = heed_rows_text(rows, row, COLUMN_REPLIES);
    g_autofree char *name = heed_terminal_clean(heed_rows_text(rows, row, COLUMN_NAME));
    g_autofree char *began = heed_terminal_date(heed_rows_time(rows, row, COLUMN_BEGAN));
    g_autofree char *ended = heed_terminal_date(heed_rows_time(rows, row, COLUMN_ENDED));
    g_autofree char *until = heed_terminal_date(heed_rows_time(rows, row, COLUMN_UNTIL));
    g_auto(GStrv) lines = g_strsplit(replies != NULL ? replies : "", "\n", -1);
    int64_t held = heed_rows_int(rows, row, COLUMN_HELD);

    for (size_t i = 0; i < G_N_ELEMENTS(places); i++)
        if (g_str_equal(dimension, places[i].dimension))
            (void)printf("hold %" PRId64 " %s %s, since %s%s%s\n",
                         heed_rows_int(rows, row, COLUMN_ID), places[i].words, name, began,
                         heed_rows_is_null(rows, row, COLUMN_ENDED) ? ", lasting" : " until ",
                         heed_rows_is_null(rows, row, COLUMN_ENDED) ? "" : ended);
    (void)printf("  %" PRId64 " new %s in %" PRId64 " h, and more than %" PRId64 " is a surge\n",
                 heed_rows_int(rows, row, COLUMN_SEEN),
                 g_str_equal(dimension, "mta") ? "domains" : "addresses",
                 heed_rows_int(rows, row, COLUMN_WINDOW),
                 heed_rows_int(rows, row, COLUMN_THRESHOLD));
    if (resolution != NULL) {
        g_autofree char *who = heed_terminal_clean(heed_rows_text(rows, row, COLUMN_RESOLVED_BY));
        g_autofree char *why = heed_terminal_clean(heed_rows_text(rows, row, COLUMN_WHY));

        (void)printf("  %s by %s: %s\n", resolution, who, why);
    } else if (held > 0) {
        (void)printf("  %" PRId64 " %s paused, the last until %s\n", held,
                     held == 1 ? "address is" : "addresses are", until);
    }
    for (size_t i = 0; lines[i] != NULL; i++) {
        g_autofree char *reply = heed_terminal_clean(lines[i]);

        if (*reply != '\0')
            (void)printf("  | %s\n", reply);
    }
}

static void
print_json(const HeedRows *rows, size_t row)
{
    static const struct {
        const char *name;
        size_t column;
        char type; /* i: number, d: date, s: text */
    } fields[] = {
        {"hold", COLUMN_ID, 'i'},
        {"dimension", COLUMN_DIMENSION, 's'},
        {"name", COLUMN_NAME, 's'},
        {"began_at", COLUMN_BEGAN, 'd'},
        {"ended_at", COLUMN_ENDED, 'd'},
        {"placed_at", COLUMN_PLACED, 'd'},
        {"seen", COLUMN_SEEN, 'i'},
        {"threshold", COLUMN_THRESHOLD, 'i'},
        {"window_hours", COLUMN_WINDOW, 'i'},
        {"resolution", COLUMN_RESOLUTION, 's'},
        {"resolved_by", COLUMN_RESOLVED_BY, 's'},
        {"why", COLUMN_WHY, 's'},
        {"addresses_held", COLUMN_HELD, 'i'},
        {"held_until", COLUMN_UNTIL, 'd'},
    };

    const char *replies = heed_rows_text(rows, row, COLUMN_REPLIES);
    g_auto(GStrv) lines = g_strsplit(replies != NULL ? replies : "", "\n", -1);
    g_autoptr(json_t) json = json_object();
    json_t *list = json_array();

    for (size_t i = 0; i < G_N_ELEMENTS(fields); i++)
        (void)json_object_set_new(
            json, fields[i].name,
            fields[i].type == 'i'   ? json_integer(heed_rows_int(rows, row, fields[i].column))
            : fields[i].type == 'd' ? heed_json_date(heed_rows_time(rows, row, fields[i].column))
                                    : heed_json_text(heed_rows_text(rows, row, fields[i].column)));
    for (size_t i = 0; lines[i] != NULL; i++)
        if (*lines[i] != '\0')
            (void)json_array_append_new(list, json_string(lines[i]));
    (void)json_object_set_new(json, "replies", list);
    heed_json_print(json, stdout);
}

int
heed_cmd_suppress_review(HeedInvocation *invocation, GError **error)
{
    g_autofree char *format = NULL;
    gboolean all = FALSE;
    const GOptionEntry entries[] = {
        {"all", 'a', 0, G_OPTION_ARG_NONE, &all, "those that are over, too", NULL},
        {"format", 'f', 0, G_OPTION_ARG_STRING, &format, "text or json", "FORMAT"},
        G_OPTION_ENTRY_NULL,
    };
    g_autoptr(HeedDatabase) database = NULL;
    g_autoptr(HeedRows) rows = NULL;
    int chosen;

    if (!heed_invocation_parse(invocation, entries, error) ||
        (chosen = heed_cli_choice("format", format, formats, error)) < 0)
        return EX_USAGE;
    database = heed_cli_database_decide(invocation, error);
    rows = database == NULL ? NULL : heed_guard_list(database, all, error);
    if (rows == NULL)
        return EX_OK;
    for (size_t row = 0; row < heed_rows_count(rows); row++) {
        if (chosen == 1)
            print_json(rows, row);
        else
            print_hold(rows, row);
    }
    if (heed_rows_count(rows) == 0 && chosen == 0)
        (void)puts("Nothing is held.");
    return EX_OK;
}

/* --- release and discard --- */

static bool
read_choice(char **words, bool all, const char *name, GArray *holds, GError **error)
{
    for (size_t i = 0; words != NULL && words[i] != NULL; i++) {
        gint64 hold_id = 0;

        if (!g_ascii_string_to_signed(words[i], 10, 1, G_MAXINT64, &hold_id, NULL)) {
            g_set_error(error, HEED_ERROR, HEED_ERROR_USAGE,
                        "'%s' is no number of a hold: heed suppress review lists them", words[i]);
            return false;
        }
        g_array_append_val(holds, hold_id);
    }
    if ((holds->len > 0) + all + (name != NULL) == 1)
        return true;
    g_set_error_literal(error, HEED_ERROR, HEED_ERROR_USAGE,
                        "which hold? Its number, --name DOMAIN, or --all");
    return false;
}

static int
resolve(HeedInvocation *invocation, bool discard, GError **error)
{
    g_autofree char *why = NULL;
    g_autofree char *name = NULL;
    g_autofree char *who = heed_cli_account();
    g_auto(GStrv) words = NULL;
    gboolean all = FALSE;
    const GOptionEntry entries[] = {
        {"all", 'a', 0, G_OPTION_ARG_NONE, &all, "all that are not decided yet", NULL},
        {"name", 0, 0, G_OPTION_ARG_FILENAME, &name, "those of this domain, provider or server",
         "NAME"},
        {"why", 0, 0, G_OPTION_ARG_FILENAME, &why, "the reason, kept with the hold", "TEXT"},
        {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &words, NULL, NULL},
        G_OPTION_ENTRY_NULL,
    };
    g_autoptr(GArray) holds = g_array_new(FALSE, FALSE, sizeof(int64_t));
    g_autoptr(HeedDatabase) database = NULL;
    HeedGuardChoice choice = {0};
    HeedGuardResolved done;

    if (!heed_invocation_parse(invocation, entries, error) ||
        !heed_cli_is_text("why", why, error) || !heed_cli_is_text("name", name, error) ||
        !read_choice(words, all, name, holds, error))
        return EX_USAGE;
    choice.holds = holds->len > 0 ? (const int64_t *)(const void *)holds->data : NULL;
    choice.count = holds->len;
    choice.name = name;
    database = heed_cli_database_decide(invocation, error);
    if (database == NULL || !heed_guard_resolve(database, &choice, discard, who, why, &done, error))
        return EX_OK;
    heed_log(HEED_LOG_NOTICE,
             "%" PRIu64 " %s %s, of %" PRIu64 " %s; %" PRIu64 " suppression%s changed", done.holds,
             done.holds == 1 ? "hold" : "holds", discard ? "discarded" : "released", done.addresses,
             done.addresses == 1 ? "address" : "addresses", done.switched,
             done.switched == 1 ? "" : "s");
    return EX_OK;
}

int
heed_cmd_suppress_release(HeedInvocation *invocation, GError **error)
{
    return resolve(invocation, false, error);
}

int
heed_cmd_suppress_discard(HeedInvocation *invocation, GError **error)
{
    return resolve(invocation, true, error);
}
