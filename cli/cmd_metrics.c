/* SPDX-License-Identifier: Apache-2.0 */
#include "base/atomic_file.h"
#include "base/error.h"
#include "cli/commands.h"
#include "cli/exposition.h"
#include "cli/run.h"
#include "cli/version.h"
#include "db/overview.h"
#include "suppress/metrics.h"

#include <stdio.h>
#include <sysexits.h>

/* A family of what is read, a mailbox or a log: a sample for each that has the value. */
typedef struct ReadingFamily {
    const char *name;
    const char *type;
    const char *help;
    size_t column;
    bool is_error; /* whether there is one */
} ReadingFamily;

typedef struct Reading {
    const char *label;
    const ReadingFamily *families;
    size_t count;
    bool (*is_read)(const HeedConfig *config, const char *name); /* still */
} Reading;

static const ReadingFamily mailbox_families[] = {
    {"heed_mailbox_last_poll_timestamp_seconds", "gauge", "When the mailbox was polled last.",
     HEED_MAILBOX_LAST_POLL, false},
    {"heed_mailbox_last_success_timestamp_seconds", "gauge",
     "When a poll of the mailbox last went well.", HEED_MAILBOX_LAST_SUCCESS, false},
    {"heed_mailbox_last_message_timestamp_seconds", "gauge",
     "When a message of the mailbox was stored last.", HEED_MAILBOX_LAST_MESSAGE, false},
    {"heed_mailbox_failing", "gauge", "Whether the last poll of the mailbox failed.",
     HEED_MAILBOX_LAST_ERROR, true},
    {"heed_mailbox_messages_total", "counter", "Messages of the mailbox that were stored.",
     HEED_MAILBOX_MESSAGES, false},
    {"heed_mailbox_unacknowledged_messages", "gauge",
     "Messages stored and not yet acknowledged on the mailbox's server.", HEED_MAILBOX_OPEN, false},
};

static const ReadingFamily log_families[] = {
    {"heed_log_last_success_timestamp_seconds", "gauge", "When a look at the log last went well.",
     HEED_LOG_COLUMN_LAST_SUCCESS, false},
    {"heed_log_last_line_timestamp_seconds", "gauge",
     "When something new was found in the log last.", HEED_LOG_COLUMN_LAST_LINE, false},
    {"heed_log_failing", "gauge", "Whether something was wrong at the last look at the log.",
     HEED_LOG_COLUMN_LAST_ERROR, true},
    {"heed_log_lines_total", "counter", "Lines of the log that were read.", HEED_LOG_COLUMN_LINES,
     false},
    {"heed_log_unread_lines_total", "counter", "Of these, lines that made no sense.",
     HEED_LOG_COLUMN_UNREAD, false},
    {"heed_log_behind_bytes", "gauge", "Bytes of the log that were not read at the last look.",
     HEED_LOG_COLUMN_BEHIND, false},
};

static const Reading of_mailboxes = {"mailbox", mailbox_families, G_N_ELEMENTS(mailbox_families),
                                     heed_config_reads_mailbox};
static const Reading of_logs = {"log", log_families, G_N_ELEMENTS(log_families),
                                heed_config_reads_log};

/* Labelled by the first column, the name. What is read no more would raise an alarm for ever. */
static void
add_readings(HeedExposition *out,
             const HeedConfig *config,
             const HeedRows *rows,
             const Reading *reading)
{
    for (size_t i = 0; i < reading->count; i++) {
        const ReadingFamily *family = &reading->families[i];

        heed_exposition_family(out, family->name, family->type, family->help);
        for (size_t row = 0; row < heed_rows_count(rows); row++) {
            const char *name = heed_rows_text(rows, row, 0);
            bool is_null = heed_rows_is_null(rows, row, family->column);

            if (reading->is_read(config, name) && (family->is_error || !is_null))
                heed_exposition_sample(
                    out,
                    family->is_error ? !is_null : (double)heed_rows_int(rows, row, family->column),
                    reading->label, name, NULL);
        }
    }
}

static void
add_events(HeedExposition *out, const HeedRows *rows)
{
    heed_exposition_family(out, "heed_reports", "gauge",
                           "Recipients of reports that are stored; a failure may have several.");
    for (size_t row = 0; row < heed_rows_count(rows); row++)
        heed_exposition_sample(out, (double)heed_rows_int(rows, row, 3), "kind",
                               heed_rows_text(rows, row, 0), "class", heed_rows_text(rows, row, 1),
                               "verdict", heed_rows_text(rows, row, 2), NULL);
    heed_exposition_family(out, "heed_failures", "gauge",
                           "Failures, deferrals and complaints that are stored, each once.");
    for (size_t row = 0; row < heed_rows_count(rows); row++)
        heed_exposition_sample(out, (double)heed_rows_int(rows, row, 4), "kind",
                               heed_rows_text(rows, row, 0), "class", heed_rows_text(rows, row, 1),
                               "verdict", heed_rows_text(rows, row, 2), NULL);
}

static void
add_suppressions(HeedExposition *out, const HeedRows *rows)
{
    heed_exposition_family(
        out, "heed_suppressions", "gauge",
        "Suppressions now: addresses, once for each scope they are suppressed in.");
    for (size_t row = 0; row < heed_rows_count(rows); row++)
        heed_exposition_sample(out, (double)heed_rows_int(rows, row, 2), "verdict",
                               heed_rows_text(rows, row, 0), "reason", heed_rows_text(rows, row, 1),
                               NULL);
}

static void
add_gauge(HeedExposition *out, const char *name, const char *help, int64_t value)
{
    heed_exposition_family(out, name, "gauge", help);
    heed_exposition_sample(out, (double)value, NULL);
}

static void
add_state(HeedExposition *out, const HeedMetrics *metrics)
{
    const HeedRows *state = metrics->state;

    heed_exposition_family(out, "heed_sent_messages", "gauge",
                           "Messages of the last 24 whole hours, by the logs of mail servers.");
    heed_exposition_sample(out, (double)heed_rows_int(state, 0, HEED_METRICS_DELIVERED), "outcome",
                           "delivered", NULL);
    heed_exposition_sample(out, (double)heed_rows_int(state, 0, HEED_METRICS_FAILED), "outcome",
                           "failed", NULL);
    add_gauge(out, "heed_unmatched_complaints", "Complaints of 30 days that name no recipient.",
              heed_rows_int(state, 0, HEED_METRICS_UNMATCHED));
    add_gauge(out, "heed_unclassified_failures", "Failures of 30 days that no rule knows.",
              heed_rows_int(state, 0, HEED_METRICS_UNCLASSIFIED));
    add_gauge(out, "heed_guard_holds", "Surges of failures that last and are held.",
              heed_rows_int(state, 0, HEED_METRICS_HOLDS));
    add_gauge(out, "heed_guard_held_addresses", "Addresses that are paused by holds.",
              heed_rows_int(state, 0, HEED_METRICS_HELD));
    add_gauge(out, "heed_quarantined_messages", "Messages that could not be read.",
              heed_rows_int(metrics->database, 0, HEED_STORE_QUARANTINED));
    add_gauge(out, "heed_database_size_bytes", "The size of the database.",
              heed_rows_int(metrics->database, 0, HEED_STORE_BYTES));
    heed_exposition_family(out, "heed_database_info", "gauge", "The version of the server.");
    heed_exposition_sample(out, 1, "server_version",
                           heed_rows_text(metrics->database, 0, HEED_STORE_SERVER_VERSION), NULL);
}

/* What a family of counts of reputations is called, by what is counted. */
static const struct {
    HeedReputationCount count;
    const char *outcome;
} outcomes[] = {
    {HEED_REPUTATION_DELIVERED, "delivered"},
    {HEED_REPUTATION_DEFERRED, "deferred"},
    {HEED_REPUTATION_HARD, "hard"},
    {HEED_REPUTATION_SOFT, "soft"},
    {HEED_REPUTATION_BLOCK, "block"},
    {HEED_REPUTATION_TRANSIENT, "transient"},
    {HEED_REPUTATION_COMPLAINTS, "complaint"},
};

static void
add_reputation(HeedExposition *out, const HeedMetrics *metrics, HeedReputationBy by)
{
    static const char *const windows[HEED_REPUTATION_SPANS] = {"1d", "7d", "30d"};
    const GPtrArray *list = metrics->reputations[by];

    for (unsigned i = 0; i < list->len; i++) {
        const HeedReputation *reputation = list->pdata[i];

        for (size_t span = 0; span < HEED_REPUTATION_SPANS; span++)
            for (size_t j = 0; j < G_N_ELEMENTS(outcomes); j++)
                heed_exposition_sample(out, (double)reputation->counts[span][outcomes[j].count],
                                       "by", heed_reputation_dimension(by), "name",
                                       reputation->name, "outcome", outcomes[j].outcome, "window",
                                       windows[span], NULL);
    }
}

static void
add_reputations(HeedExposition *out, const HeedMetrics *metrics)
{
    heed_exposition_family(out, "heed_score", "gauge",
                           "How mail fares, from 0, bad, to 100, good (docs/reputation.md).");
    for (HeedReputationBy by = HEED_REPUTATION_PROVIDER; by < HEED_REPUTATION_DIMENSIONS; by++)
        for (unsigned i = 0; i < metrics->reputations[by]->len; i++) {
            const HeedReputation *reputation = metrics->reputations[by]->pdata[i];

            if (reputation->score >= 0)
                heed_exposition_sample(out, reputation->score, "by", heed_reputation_dimension(by),
                                       "name", reputation->name, NULL);
        }
    heed_exposition_family(out, "heed_outcomes", "gauge",
                           "What became of messages, in days of UTC that end today.");
    for (HeedReputationBy by = HEED_REPUTATION_PROVIDER; by < HEED_REPUTATION_DIMENSIONS; by++)
        add_reputation(out, metrics, by);
}

/* Metrics NULL: the database could not be asked, which is worth telling. */
static void
add_all(HeedExposition *out, const HeedConfig *config, const HeedMetrics *metrics)
{
    heed_exposition_family(out, "heed_build_info", "gauge", "The version of Heed.");
    heed_exposition_sample(out, 1, "version", HEED_VERSION, NULL);
    add_gauge(out, "heed_database_up", "Whether the database answered.", metrics != NULL);
    if (metrics == NULL)
        return;
    add_readings(out, config, metrics->mailboxes, &of_mailboxes);
    add_readings(out, config, metrics->logs, &of_logs);
    add_events(out, metrics->events);
    add_suppressions(out, metrics->suppressions);
    add_state(out, metrics);
    add_reputations(out, metrics);
}

static bool
write_out(const char *output, const GString *text, GError **error)
{
    g_autoptr(HeedAtomicFile) file = NULL;

    if (output == NULL || g_str_equal(output, "-")) {
        (void)fwrite(text->str, 1, text->len,
                     stdout); /* the flush at the end says whether it could */
        return true;
    }
    file = heed_atomic_file_open_output(output, 0644, error);
    if (file == NULL)
        return false;
    (void)fwrite(text->str, 1, text->len, file->stream); /* as the commit does here */
    return heed_atomic_file_commit(file, error);
}

int
heed_cmd_metrics(HeedInvocation *invocation, GError **error)
{
    g_autofree char *output = NULL;
    const GOptionEntry entries[] = {
        {"output", 'o', 0, G_OPTION_ARG_FILENAME, &output,
         "Write FILE, whole or not at all, instead of standard output", "FILE"},
        G_OPTION_ENTRY_NULL,
    };
    g_auto(HeedExposition) out = {.text = NULL};
    g_autoptr(HeedConfig) config = NULL;
    g_autoptr(HeedDatabase) database = NULL;
    g_autoptr(HeedMetrics) metrics = NULL;
    g_autoptr(GError) trouble = NULL;

    if (!heed_invocation_parse(invocation, entries, error))
        return EX_USAGE;
    config = heed_config_load(invocation->config, error);
    if (config == NULL)
        return EX_CONFIG;
    database = heed_cli_database(invocation, config, HEED_ACCESS_INGEST, &trouble);
    metrics = database == NULL ? NULL : heed_metrics_read(database, &trouble);
    out.text = g_string_new(NULL);
    add_all(&out, config, metrics);
    if (write_out(output, out.text, error) && trouble != NULL)
        g_propagate_error(error, g_steal_pointer(&trouble));
    return EX_OK;
}
