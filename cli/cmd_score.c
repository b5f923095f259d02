/* SPDX-License-Identifier: Apache-2.0 */
#include "suppress/reputation.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "cli/commands.h"
#include "cli/run.h"
#include "cli/terminal.h"
#include "parsers/received.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#define DEFAULT_LIMIT 50
/* The exit status that answers "no": a score is below --fail-below. */
#define SCORE_BELOW 1

/* What --by may be, in the order of HeedReputationBy. */
static const char *const dimensions[] = {"recipient-domain", "provider", "sender-domain",
                                         "source-ip", NULL};
static const char *const formats[] = {"text", "json", NULL};
static const char *const span_names[HEED_REPUTATION_SPANS] = {"1d", "7d", "30d"};

typedef struct Scoring {
    char *by;
    char *format;
    char **words;
    int limit;
    int fail_below;
    HeedReputationQuery query;
    char source[HEED_ADDRESS_TEXT_BYTES]; /* an address that is asked for, in the form stored */
    bool json;
} Scoring;

static void
scoring_clear(Scoring *scoring)
{
    g_free(scoring->by);
    g_free(scoring->format);
    g_strfreev(scoring->words);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Scoring, scoring_clear)

static bool
check(Scoring *scoring, GError **error)
{
    int by = heed_cli_choice("by", scoring->by, dimensions, error);
    int format = by < 0 ? -1 : heed_cli_choice("format", scoring->format, formats, error);

    if (format < 0)
        return false;
    if (scoring->words != NULL && g_strv_length(scoring->words) > 1) {
        g_set_error_literal(error, HEED_ERROR, HEED_ERROR_USAGE,
                            "one name at a time: heed score [NAME]");
        return false;
    }
    if (scoring->limit < 0 || scoring->fail_below < 0 || scoring->fail_below > 100) {
        g_set_error_literal(error, HEED_ERROR, HEED_ERROR_USAGE,
                            "--limit is 0 (all) or more, --fail-below 0 to 100");
        return false;
    }
    scoring->query.by = (HeedReputationBy)by;
    scoring->query.name = scoring->words != NULL ? scoring->words[0] : NULL;
    if (scoring->query.by == HEED_REPUTATION_SOURCE_IP && scoring->query.name != NULL &&
        heed_address_text(scoring->query.name, strlen(scoring->query.name), scoring->source))
        scoring->query.name = scoring->source;
    /* The lowest scores come first, so that those below are among them. */
    scoring->query.limit = (unsigned)scoring->limit;
    scoring->json = format == 1;
    return heed_cli_is_text("name", scoring->query.name, error);
}

/* What the counts are called in JSON, and what they are a part of. */
static const struct {
    const char *name;
    const char *title;
    int of; /* -1: of nothing */
} counts[HEED_REPUTATION_COUNTS] = {
    [HEED_REPUTATION_SENT] = {"sent", "sent", -1},
    [HEED_REPUTATION_DELIVERED] = {"delivered", "delivered", HEED_REPUTATION_SENT},
    [HEED_REPUTATION_DEFERRED] = {"deferred", "put off", HEED_REPUTATION_SENT},
    [HEED_REPUTATION_FAILED] = {"failed", "failed", HEED_REPUTATION_SENT},
    [HEED_REPUTATION_HARD] = {"hard", "  hard", HEED_REPUTATION_SENT},
    [HEED_REPUTATION_SOFT] = {"soft", "  soft", HEED_REPUTATION_SENT},
    [HEED_REPUTATION_BLOCK] = {"block", "  block", HEED_REPUTATION_SENT},
    [HEED_REPUTATION_TRANSIENT] = {"transient", "  transient", HEED_REPUTATION_SENT},
    [HEED_REPUTATION_COMPLAINTS] = {"complaints", "complaints", HEED_REPUTATION_DELIVERED},
};

/* A count of a span, or "-" for one of volume where no log tells of it. */
static void
add_count(HeedTable *table,
          const HeedReputation *reputation,
          HeedReputationSpan span,
          HeedReputationCount which)
{
    bool is_volume = which == HEED_REPUTATION_SENT || which == HEED_REPUTATION_DELIVERED;

    if (is_volume && reputation->counts[HEED_REPUTATION_30D][HEED_REPUTATION_SENT] == 0)
        heed_table_text(table, NULL);
    else
        heed_table_int(table, reputation->counts[span][which]);
}

/* A count of 30 days as a rate: "0.42 %", or "-" where nothing says of how much. */
static void
add_rate(HeedTable *table, const HeedReputation *reputation, HeedReputationCount which)
{
    const int64_t *month = reputation->counts[HEED_REPUTATION_30D];
    int64_t of = counts[which].of < 0 ? 0 : month[counts[which].of];
    g_autofree char *text =
        of > 0 ? g_strdup_printf("%.2f %%", 100.0 * (double)month[which] / (double)of) : NULL;

    heed_table_text(table, text);
}

static void
print_list(const GPtrArray *list, uint64_t total)
{
    static const char *const titles[] = {"NAME",
                                         ">SCORE",
                                         "BAND",
                                         ">SENT",
                                         ">FAILED",
                                         ">COMPLAINED",
                                         ">HARD",
                                         ">BLOCK",
                                         ">PUT OFF",
                                         ">COMPLAINTS",
                                         "WHAT PULLS IT DOWN",
                                         NULL};
    g_autoptr(HeedTable) table = heed_table_new(titles);

    for (size_t i = 0; i < list->len; i++) {
        const HeedReputation *reputation = list->pdata[i];

        heed_table_text(table, reputation->name);
        if (reputation->score < 0)
            heed_table_text(table, NULL);
        else
            heed_table_int(table, reputation->score);
        heed_table_text(table, reputation->band);
        add_count(table, reputation, HEED_REPUTATION_30D, HEED_REPUTATION_SENT);
        add_count(table, reputation, HEED_REPUTATION_30D, HEED_REPUTATION_FAILED);
        add_count(table, reputation, HEED_REPUTATION_30D, HEED_REPUTATION_COMPLAINTS);
        add_rate(table, reputation, HEED_REPUTATION_HARD);
        add_rate(table, reputation, HEED_REPUTATION_BLOCK);
        add_rate(table, reputation, HEED_REPUTATION_DEFERRED);
        add_rate(table, reputation, HEED_REPUTATION_COMPLAINTS);
        heed_table_text(table, reputation->reason);
    }
    if (list->len == 0) {
        (void)puts("Nothing was counted in 30 days.");
        return;
    }
    heed_table_print(table, stdout);
    if (total > list->len)
        (void)printf("the lowest %u of %" PRIu64 " (--limit 0: all); counts and rates of 30 days\n",
                     list->len, total);
}

/* One name, in all spans. */
static void
print_one(const HeedReputation *reputation)
{
    static const char *const titles[] = {"COUNTED",  ">TODAY",      ">7 DAYS",
                                         ">30 DAYS", ">RATE OF 30", NULL};
    g_autoptr(HeedTable) table = heed_table_new(titles);
    g_autofree char *name = heed_terminal_clean(reputation->name);

    if (reputation->score >= 0)
        (void)printf("%s: %d of 100, %s; confidence %d %%\n", name, reputation->score,
                     reputation->band, reputation->confidence);
    else
        (void)printf("%s: no score\n", name);
    (void)printf("  %s\n\n", reputation->reason);
    for (size_t i = 0; i < HEED_REPUTATION_COUNTS; i++) {
        heed_table_text(table, counts[i].title);
        for (size_t j = 0; j < HEED_REPUTATION_SPANS; j++)
            add_count(table, reputation, (HeedReputationSpan)j, (HeedReputationCount)i);
        add_rate(table, reputation, (HeedReputationCount)i);
    }
    heed_table_print(table, stdout);
}

static void
print_json(const Scoring *scoring, const HeedReputation *reputation)
{
    g_autoptr(json_t) json = json_object();
    g_autofree char *text = NULL;

    (void)json_object_set_new(json, "by", json_string(dimensions[scoring->query.by]));
    (void)json_object_set_new(json, "name", json_string(reputation->name));
    (void)json_object_set_new(
        json, "score", reputation->score < 0 ? json_null() : json_integer(reputation->score));
    (void)json_object_set_new(json, "band", json_string(reputation->band));
    (void)json_object_set_new(json, "confidence", json_real(reputation->confidence / 100.0));
    (void)json_object_set_new(json, "reason", json_string(reputation->reason));
    for (size_t i = 0; i < HEED_REPUTATION_SPANS; i++) {
        json_t *span = json_object();

        for (size_t j = 0; j < HEED_REPUTATION_COUNTS; j++)
            (void)json_object_set_new(span, counts[j].name,
                                      json_integer((json_int_t)reputation->counts[i][j]));
        (void)json_object_set_new(json, span_names[i], span);
    }
    text = json_dumps(json, JSON_COMPACT | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(2));
    (void)puts(text);
}

static void
print(const Scoring *scoring, const GPtrArray *list, uint64_t total)
{
    if (scoring->json)
        for (size_t i = 0; i < list->len; i++)
            print_json(scoring, list->pdata[i]);
    else if (scoring->query.name == NULL)
        print_list(list, total);
    else if (list->len > 0)
        print_one(list->pdata[0]);
    else
        (void)puts("Nothing was counted of it in 30 days.");
}

/* Says which are below what was asked for: for cron, which mails what stands on standard error. The
 * lowest are the first. Where there is no score at all it says that too, or silence would look as
 * if all were well. Returns how many. */
static unsigned
tell_below(const Scoring *scoring, const GPtrArray *list)
{
    unsigned below = 0;

    if (list->len == 0 || ((const HeedReputation *)list->pdata[0])->score < 0)
        heed_log(HEED_LOG_WARNING, "--fail-below %d: there is no score to judge",
                 scoring->fail_below);
    for (; below < list->len; below++) {
        const HeedReputation *reputation = list->pdata[below];
        g_autofree char *name = NULL;

        if (reputation->score < 0 || reputation->score >= scoring->fail_below)
            break;
        name = heed_terminal_clean(reputation->name);
        heed_log(HEED_LOG_WARNING, "%s: %d of 100, below %d: %s", name, reputation->score,
                 scoring->fail_below, reputation->reason);
    }
    return below;
}

static GPtrArray *
read_scores(HeedInvocation *invocation, const Scoring *scoring, uint64_t *out_total, GError **error)
{
    g_autoptr(HeedConfig) config = NULL;
    g_autoptr(HeedDatabase) database =
        heed_cli_database_configured(invocation, HEED_ACCESS_INGEST, &config, error);
    g_autoptr(HeedTransaction) transaction = NULL;
    g_autoptr(GPtrArray) list = NULL;

    transaction = database == NULL ? NULL : heed_transaction_begin_snapshot(database, error);
    list = transaction == NULL ? NULL
                               : heed_reputation_list(database, &scoring->query, out_total, error);
    if (list == NULL || !heed_transaction_commit(transaction, error))
        return NULL;
    return g_steal_pointer(&list);
}

int
heed_cmd_score(HeedInvocation *invocation, GError **error)
{
    g_auto(Scoring) scoring = {.limit = DEFAULT_LIMIT};
    const GOptionEntry entries[] = {
        {"by", 'b', 0, G_OPTION_ARG_STRING, &scoring.by,
         "recipient-domain, provider, sender-domain or source-ip", "DIMENSION"},
        {"limit", 'n', 0, G_OPTION_ARG_INT, &scoring.limit, "at most so many, 50; 0: all", "N"},
        {"fail-below", 0, 0, G_OPTION_ARG_INT, &scoring.fail_below,
         "exit with status 1 when a score is lower", "N"},
        {"format", 'f', 0, G_OPTION_ARG_STRING, &scoring.format, "text or json", "FORMAT"},
        {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_STRING_ARRAY, &scoring.words, NULL, NULL},
        G_OPTION_ENTRY_NULL,
    };
    g_autoptr(GPtrArray) list = NULL;
    uint64_t total = 0;

    if (!heed_invocation_parse(invocation, entries, error) || !check(&scoring, error))
        return EX_USAGE;
    list = read_scores(invocation, &scoring, &total, error);
    if (list == NULL)
        return EX_OK;
    /* A cron job asks a question, and wants to hear of what is wrong alone. */
    if (scoring.fail_below == 0 || heed_log_level() >= HEED_LOG_NOTICE)
        print(&scoring, list, total);
    return scoring.fail_below > 0 && tell_below(&scoring, list) > 0 ? SCORE_BELOW : EX_OK;
}
