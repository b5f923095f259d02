/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/error.h"
#include "cli/commands.h"
#include "cli/json_line.h"
#include "cli/run.h"
#include "cli/terminal.h"
#include "parsers/report.h"
#include "suppress/decide.h"

#include <inttypes.h>
#include <stdio.h>
#include <sysexits.h>

/* The exit status that answers "no". */
#define WHY_NOT_SUPPRESSED 1

static json_t *
state_to_json(const HeedState *state)
{
    json_t *json = json_object();

    (void)json_object_set_new(json, "scope", json_string(state->scope));
    (void)json_object_set_new(json, "suppressed", json_boolean(state->suppressed));
    (void)json_object_set_new(json, "allowed", json_boolean(state->allowed));
    (void)json_object_set_new(json, "verdict", heed_json_text(state->verdict));
    (void)json_object_set_new(json, "reason", heed_json_text(state->reason));
    (void)json_object_set_new(json, "rule", heed_json_text(state->rule));
    (void)json_object_set_new(json, "since", heed_json_date(state->since));
    (void)json_object_set_new(json, "until", heed_json_date(state->until));
    (void)json_object_set_new(json, "evidence_count", json_integer(state->evidence_count));
    (void)json_object_set_new(json, "first_event_at", heed_json_date(state->first_event_at));
    (void)json_object_set_new(json, "last_event_at", heed_json_date(state->last_event_at));
    return json;
}

static json_t *
line_to_json(const HeedStoryLine *line)
{
    json_t *json = json_object();

    (void)json_object_set_new(json, "at", heed_json_date(line->at));
    (void)json_object_set_new(json, "type", json_string(line->decision ? "decision" : "event"));
    (void)json_object_set_new(json, "scope", heed_json_text(line->scope));
    (void)json_object_set_new(json, "what", heed_json_text(line->what));
    (void)json_object_set_new(json, "trust", heed_json_text(line->trust));
    (void)json_object_set_new(json, "rule", heed_json_text(line->rule));
    (void)json_object_set_new(json, "detail", heed_json_text(line->detail));
    (void)json_object_set_new(json, "source", heed_json_text(line->source));
    (void)json_object_set_new(json, "digest", heed_json_text(line->digest));
    return json;
}

static void
print_json(const char *address, const HeedWhy *why)
{
    g_autoptr(json_t) json = json_object();
    json_t *states = json_array();
    json_t *story = json_array();

    for (size_t i = 0; i < why->states->len; i++)
        (void)json_array_append_new(states, state_to_json(why->states->pdata[i]));
    for (size_t i = 0; i < why->story->len; i++)
        (void)json_array_append_new(story, line_to_json(why->story->pdata[i]));
    (void)json_object_set_new(json, "address", json_string(address));
    (void)json_object_set_new(json, "suppressed", json_boolean(why->suppressed));
    (void)json_object_set_new(json, "states", states);
    (void)json_object_set_new(json, "story", story);
    (void)json_object_set_new(json, "story_length", json_integer((json_int_t)why->story_length));
    heed_json_print(json, stdout);
}

/* Not suppressed, and why not where something keeps it so. */
static void
print_not_suppressed(const char *address, const HeedState *state, const char *where)
{
    const char *rule = state->rule != NULL ? state->rule : "";

    if (!state->allowed)
        (void)printf("%s, %s: not suppressed\n", address, where);
    else if (g_str_has_prefix(rule, "protected"))
        (void)printf("%s is not suppressed: it is protected %s\n", address, where);
    else if (g_str_has_prefix(rule, "exempt"))
        (void)printf("%s is not suppressed: exempt %s\n", address, where);
    else
        (void)printf("%s is not suppressed: the allow-list has it %s\n", address, where);
}

static void
print_state(const char *address, const HeedState *state)
{
    g_autofree char *since = heed_terminal_date(state->since);
    g_autofree char *until = heed_terminal_date(state->until);
    g_autofree char *last = heed_terminal_date(state->last_event_at);
    g_autofree char *where =
        *state->scope == '\0' ? g_strdup("everywhere") : g_strdup_printf("in '%s'", state->scope);
    g_autofree char *clean = heed_terminal_clean(where);

    if (state->suppressed) {
        (void)printf("%s is suppressed %s: %s", address, clean,
                     state->verdict != NULL ? state->verdict : "-");
        if (g_strcmp0(state->reason, state->verdict) != 0 && state->reason != NULL)
            (void)printf(" (%s)", state->reason);
        (void)printf("\n  since %s, %s%s\n", since,
                     state->until == HEED_DATE_UNKNOWN ? "without end" : "until ",
                     state->until == HEED_DATE_UNKNOWN ? "" : until);
    } else {
        print_not_suppressed(address, state, clean);
    }
    if (state->evidence_count > 0)
        (void)printf("  on %" PRId64 " %s, the last of %s\n", state->evidence_count,
                     state->evidence_count == 1 ? "piece of evidence" : "pieces of evidence", last);
    if (state->rule != NULL) {
        g_autofree char *rule = heed_terminal_clean(state->rule);

        (void)printf("  by the rule: %s\n", rule);
    }
}

static void
print_text(const char *address, const HeedWhy *why)
{
    static const char *const titles[] = {"WHEN", "WHAT", "TRUST", "SCOPE", "FROM", "DETAIL", NULL};
    g_autoptr(HeedTable) table = heed_table_new(titles);

    if (why->states->len == 0)
        (void)printf("%s is not suppressed%s\n", address,
                     why->story->len == 0 ? ": nothing is known of it" : "");
    for (size_t i = 0; i < why->states->len; i++)
        print_state(address, why->states->pdata[i]);
    for (size_t i = 0; i < why->story->len; i++) {
        const HeedStoryLine *line = why->story->pdata[i];

        heed_table_date(table, line->at);
        heed_table_text(table, line->what);
        heed_table_text(table, line->trust);
        heed_table_text(table, g_strcmp0(line->scope, "") == 0 ? "everywhere" : line->scope);
        heed_table_text(table, line->source);
        heed_table_text(table, line->detail);
    }
    if (why->story->len == 0)
        return;
    (void)putchar('\n');
    if (why->story_length > why->story->len)
        (void)printf("the last %u of %" PRIu64 " lines:\n", why->story->len, why->story_length);
    heed_table_print(table, stdout);
}

int
heed_cmd_why(HeedInvocation *invocation, GError **error)
{
    static const char *const formats[] = {"text", "json", NULL};
    g_autofree char *format = NULL;
    g_auto(GStrv) words = NULL;
    const GOptionEntry entries[] = {
        {"format", 'f', 0, G_OPTION_ARG_STRING, &format, "text or json", "FORMAT"},
        {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &words, NULL, NULL},
        G_OPTION_ENTRY_NULL,
    };
    g_autoptr(GPtrArray) addresses = NULL;
    g_autoptr(HeedConfig) config = NULL;
    g_autoptr(HeedDatabase) database = NULL;
    g_autoptr(HeedWhy) why = NULL;
    int chosen;

    if (!heed_invocation_parse(invocation, entries, error) ||
        (chosen = heed_cli_choice("format", format, formats, error)) < 0)
        return EX_USAGE;
    addresses = heed_cli_addresses(words, error);
    if (addresses == NULL)
        return EX_OK;
    if (addresses->len != 1) {
        g_set_error(error, HEED_ERROR, HEED_ERROR_USAGE, "which address? heed why ADDRESS");
        return EX_USAGE;
    }
    database = heed_cli_database_configured(invocation, HEED_ACCESS_INGEST, &config, error);
    if (database == NULL)
        return EX_OK;
    why = heed_why(database, addresses->pdata[0], error);
    if (why == NULL)
        return EX_OK;
    if (chosen == 1)
        print_json(addresses->pdata[0], why);
    else
        print_text(addresses->pdata[0], why);
    return why->suppressed ? EX_OK : WHY_NOT_SUPPRESSED;
}
