/* SPDX-License-Identifier: Apache-2.0 */
#include "suppress/throttle_advice.h"

#include "base/atomic_file.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "cli/commands.h"
#include "cli/json_line.h"
#include "cli/run.h"
#include "cli/terminal.h"
#include "cli/throttle_entries.h"
#include "parsers/advice.h"
#include "parsers/explain.h"
#include "parsers/provider.h"
#include "parsers/received.h"
#include "suppress/throttle.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

/* What --format may be: for people and programs, then those of HeedThrottleFormat in its order. */
static const char *const formats[] = {"text", "json", "postfix", "exim", "kumomta", NULL};

enum {
    FORMAT_TEXT,
    FORMAT_JSON,
    FORMAT_CONFIGURATIONS
};

/* Logs whose newest minute is older are worth a word. */
#define STALE_SECONDS 3600

typedef struct Throttling {
    char *format;
    char *part;
    char *source_ip;
    char source[HEED_ADDRESS_TEXT_BYTES]; /* the same, in the form that is stored */
    char *output;
    int chosen;       /* of formats */
    int chosen_part;  /* -1: all */
    HeedRules *rules; /* owned */
    GPtrArray *list;  /* owned; HeedThrottleAdvice * */
    int64_t known_until;
    unsigned left_out; /* names that are none of hosts */
} Throttling;

static void
throttling_clear(Throttling *throttling)
{
    g_free(throttling->format);
    g_free(throttling->part);
    g_free(throttling->source_ip);
    g_free(throttling->output);
    heed_rules_free(throttling->rules);
    g_clear_pointer(&throttling->list, g_ptr_array_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Throttling, throttling_clear)

static bool
check(Throttling *throttling, GError **error)
{
    throttling->chosen = heed_cli_choice("format", throttling->format, formats, error);
    throttling->chosen_part = -1;
    if (throttling->chosen < 0)
        return false;
    if (g_strcmp0(throttling->output, "-") == 0)
        g_clear_pointer(&throttling->output, g_free);
    if (throttling->part != NULL) {
        if (throttling->chosen < FORMAT_CONFIGURATIONS) {
            g_set_error_literal(error, HEED_ERROR, HEED_ERROR_USAGE,
                                "--part is for --format postfix, exim and kumomta");
            return false;
        }
        throttling->chosen_part = heed_cli_choice(
            "part", throttling->part,
            heed_throttle_parts((HeedThrottleFormat)(throttling->chosen - FORMAT_CONFIGURATIONS)),
            error);
        if (throttling->chosen_part < 0)
            return false;
    }
    if (throttling->source_ip != NULL &&
        !heed_address_text(throttling->source_ip, strlen(throttling->source_ip),
                           throttling->source)) {
        g_set_error_literal(error, HEED_ERROR, HEED_ERROR_USAGE,
                            "--source-ip is no IP address, such as 192.0.2.1");
        return false;
    }
    return true;
}

/* --- what the rules and tables say --- */

/* Some host or domain of a destination, for rules that hold for one provider alone. */
static const char *
server_of(const char *destination)
{
    size_t at = 0;
    const char *host;

    if (!heed_provider_exists(destination))
        return destination;
    host = heed_provider_next_host(destination, &at);
    at = 0;
    return host != NULL ? host : heed_provider_next_domain(destination, &at);
}

static int64_t
find_wait(
    void *data, const char *destination, HeedClass class_, const char *reply, bool *documented)
{
    const Throttling *throttling = data;
    int64_t usual = heed_advice_of(class_)->wait_temporary;

    *documented = false;
    if (reply != NULL) {
        HeedExplanation explanation;
        const HeedRule *rule;

        heed_explain(throttling->rules, reply, server_of(destination), &explanation);
        rule = heed_explain_rule(&explanation.result);
        if (rule != NULL && rule->class_ == class_ && rule->wait > 0) {
            *documented = true;
            return rule->wait;
        }
    }
    return MAX(usual, 0);
}

static unsigned
find_connections(void *data, const char *destination)
{
    const HeedLimits *limits = heed_limits_of(destination);

    (void)data;
    return limits != NULL ? limits->connections : 0;
}

/* --- for people and programs --- */

static void
add_limit(HeedTable *table, int64_t limit)
{
    if (limit > 0)
        heed_table_int(table, limit);
    else
        heed_table_text(table, NULL);
}

static void
print_advice(HeedTable *table, const HeedThrottleAdvice *advice)
{
    g_autofree char *step = advice->step > 0 ? g_strdup_printf("%s, %u of %u", advice->phase,
                                                               advice->step, heed_throttle_rungs())
                                             : g_strdup(advice->phase);

    heed_table_text(table, advice->destination);
    heed_table_text(table, advice->source_ip[0] != '\0' ? advice->source_ip : NULL);
    heed_table_date(table, advice->paused_until);
    add_limit(table, advice->messages);
    add_limit(table, advice->connections);
    heed_table_text(table, step);
    heed_table_date(table, advice->next_step_at);
    heed_table_date(table, advice->since);
    heed_table_text(table, advice->why);
}

static void
print_text(const Throttling *throttling, FILE *out)
{
    static const char *const titles[] = {"DESTINATION",  "FROM OUR", "PAUSE UNTIL", ">A MINUTE",
                                         ">CONNECTIONS", "STEP",     "NEXT STEP",   "SINCE",
                                         "WHY",          NULL};
    g_autoptr(HeedTable) table = heed_table_new(titles);

    for (size_t i = 0; i < throttling->list->len; i++)
        print_advice(table, throttling->list->pdata[i]);
    if (heed_table_rows(table) > 0)
        heed_table_print(table, out);
    else if (throttling->known_until == HEED_DATE_UNKNOWN)
        (void)fputs(
            "Nothing is known of what destinations did with mail: no log of a mail server was "
            "read yet.\n",
            out);
    else
        (void)fputs("No destination needs a limit.\n", out);
}

static json_t *
json_limit(int64_t limit)
{
    return limit > 0 ? json_integer(limit) : json_null();
}

static void
print_json(const HeedThrottleAdvice *advice, FILE *out)
{
    g_autoptr(json_t) json = json_pack(
        "{s:s, s:s?, s:o, s:o, s:o, s:s, s:i, s:s, s:s, s:s?, s:I, s:I}", "destination",
        advice->destination, "source_ip", advice->source_ip[0] != '\0' ? advice->source_ip : NULL,
        "connections", json_limit(advice->connections), "messages_a_minute",
        json_limit(advice->messages), "paused_until", heed_json_date(advice->paused_until), "phase",
        advice->phase, "step", (int)advice->step, "why", advice->why, "class", advice->class_,
        "reply", advice->reply, "refused", (json_int_t)advice->refused, "attempts",
        (json_int_t)advice->attempts);

    (void)json_object_set_new(json, "since", heed_json_date(advice->since));
    (void)json_object_set_new(json, "last_refused_at", heed_json_date(advice->last_refused_at));
    (void)json_object_set_new(json, "next_step_at", heed_json_date(advice->next_step_at));
    (void)json_object_set_new(json, "as_of", heed_json_date(advice->as_of));
    heed_json_print(json, out);
}

/* --- the command --- */

static bool
print(Throttling *throttling, HeedDatabase *database, FILE *out, GError **error)
{
    g_autoptr(GPtrArray) entries = NULL;
    HeedThrottleWriting writing = {.part = throttling->chosen_part, .now = (int64_t)time(NULL)};

    if (throttling->chosen == FORMAT_TEXT) {
        print_text(throttling, out);
        return true;
    }
    if (throttling->chosen == FORMAT_JSON) {
        for (size_t i = 0; i < throttling->list->len; i++)
            print_json(throttling->list->pdata[i], out);
        return true;
    }
    entries = heed_throttle_entries(throttling->list, database, &throttling->left_out, error);
    if (entries == NULL)
        return false;
    writing.entries = entries;
    heed_throttle_write((HeedThrottleFormat)(throttling->chosen - FORMAT_CONFIGURATIONS), &writing,
                        out);
    return true;
}

static bool
write_out(Throttling *throttling, HeedDatabase *database, GError **error)
{
    g_autoptr(HeedAtomicFile) file = NULL;

    if (throttling->output == NULL)
        return print(throttling, database, stdout, error) && heed_output_flush(error);
    file = heed_atomic_file_open_output(throttling->output, 0644, error);
    return file != NULL && print(throttling, database, file->stream, error) &&
           heed_atomic_file_commit(file, error);
}

static void
warn(const Throttling *throttling)
{
    if (throttling->left_out > 0)
        heed_log(HEED_LOG_WARNING,
                 "left out: %u name%s that cannot be of a host, or %s too long for a configuration",
                 throttling->left_out, throttling->left_out == 1 ? "" : "s",
                 throttling->left_out == 1 ? "is" : "are");
    if (throttling->known_until != HEED_DATE_UNKNOWN &&
        throttling->known_until < (int64_t)time(NULL) - STALE_SECONDS) {
        g_autofree char *date = heed_terminal_date(throttling->known_until);

        heed_log(
            HEED_LOG_WARNING,
            "no log tells of anything after %s: limits rise as if nothing had been put off since",
            date);
    }
}

/* Takes out what is about another of our addresses than the one asked for. */
static void
keep_wanted(const Throttling *throttling)
{
    if (throttling->source_ip == NULL)
        return;
    for (guint i = throttling->list->len; i > 0; i--) {
        const HeedThrottleAdvice *advice = throttling->list->pdata[i - 1];

        if (strcmp(throttling->source, advice->source_ip) != 0)
            (void)g_ptr_array_remove_index(throttling->list, i - 1);
    }
}

static void
advise(HeedInvocation *invocation, Throttling *throttling, GError **error)
{
    const HeedThrottleExpert expert = {find_wait, find_connections, throttling};
    g_autoptr(HeedConfig) config = heed_config_load(invocation->config, error);
    g_autoptr(HeedDatabase) database = NULL;

    if (config == NULL)
        return;
    throttling->rules = heed_cli_rules(config, error);
    if (throttling->rules == NULL)
        return;
    database = heed_cli_database(invocation, config, HEED_ACCESS_INGEST, error);
    if (database == NULL ||
        !heed_throttle_update(database, &expert, &throttling->known_until, error))
        return;
    throttling->list = heed_throttle_list(database, error);
    if (throttling->list == NULL)
        return;
    keep_wanted(throttling);
    if (write_out(throttling, database, error))
        warn(throttling);
}

int
heed_cmd_throttle(HeedInvocation *invocation, GError **error)
{
    g_auto(Throttling) throttling = {0};
    const GOptionEntry entries[] = {
        {"format", 'f', 0, G_OPTION_ARG_STRING, &throttling.format,
         "text, json, or the configuration of postfix, exim or kumomta", "FORMAT"},
        {"part", 0, 0, G_OPTION_ARG_STRING, &throttling.part,
         "Only this part of it: main, master, transport (postfix); main, acl, routers, transports "
         "(exim); shaping (kumomta)",
         "PART"},
        {"source-ip", 0, 0, G_OPTION_ARG_STRING, &throttling.source_ip,
         "Only for mail from this address of ours; else the strictest for all", "ADDRESS"},
        {"output", 'o', 0, G_OPTION_ARG_FILENAME, &throttling.output,
         "Write FILE, whole or not at all, instead of standard output", "FILE"},
        G_OPTION_ENTRY_NULL,
    };

    if (!heed_invocation_parse(invocation, entries, error) || !check(&throttling, error))
        return EX_USAGE;
    advise(invocation, &throttling, error);
    return EX_OK;
}
