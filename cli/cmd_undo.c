/* SPDX-License-Identifier: Apache-2.0 */
#include "suppress/undo.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "cli/commands.h"
#include "cli/json_line.h"
#include "cli/run.h"
#include "cli/terminal.h"
#include "parsers/provider.h"
#include "parsers/report.h"
#include "suppress/policy.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

static const char *const formats[] = {"text", "json", NULL};

/* What was told, which may be begun anew, waits in a file without a name until all is done. */
typedef struct Told {
    FILE *file; /* owned; NULL: only the counts are wanted */
    bool json;
} Told;

static void
told_clear(Told *told)
{
    if (told->file != NULL)
        (void)fclose(told->file);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Told, told_clear)

static bool
told_open(Told *told, GError **error)
{
    told->file = tmpfile();
    if (told->file == NULL)
        g_set_error(error, HEED_ERROR, HEED_ERROR_CANT_CREATE,
                    "cannot make a file for what changes: %s", g_strerror(errno));
    return told->file != NULL;
}

static void
begin_anew(void *data)
{
    Told *told = data;

    if (told->file != NULL &&
        (fseek(told->file, 0, SEEK_SET) != 0 || ftruncate(fileno(told->file), 0) != 0))
        heed_log(HEED_LOG_WARNING, "what changes may be told twice: %s", g_strerror(errno));
}

static const char *
effect_name(HeedUndoEffect effect)
{
    switch (effect) {
    case HEED_UNDO_LIFTED:
        return "lifted";
    case HEED_UNDO_STAYS:
        return "stays";
    case HEED_UNDO_SUPPRESSED:
        return "suppressed";
    }
    g_assert_not_reached();
}

static void
tell_json(const HeedUndoChange *change, FILE *file)
{
    g_autoptr(json_t) json =
        json_pack("{s:s, s:s, s:s, s:s}", "effect", effect_name(change->effect), "address",
                  change->address, "scope", change->scope, "rule", change->rule);

    heed_json_print(json, file);
}

static void
tell(const HeedUndoChange *change, void *data)
{
    const Told *told = data;
    g_autofree char *address = NULL;
    g_autofree char *scope = NULL;
    g_autofree char *rule = NULL;

    if (told->file == NULL)
        return;
    if (told->json) {
        tell_json(change, told->file);
        return;
    }
    address = heed_terminal_clean(change->address);
    scope = heed_terminal_clean(*change->scope == '\0' ? "everywhere" : change->scope);
    rule = heed_terminal_clean(change->rule);
    (void)fprintf(told->file, "%-10s  %s  %s  %s\n", effect_name(change->effect), address, scope,
                  rule);
}

static bool
print_told(const Told *told, GError **error)
{
    char buffer[8192];
    size_t length;

    if (told->file == NULL)
        return true;
    if (fflush(told->file) == 0 && fseek(told->file, 0, SEEK_SET) == 0)
        while ((length = fread(buffer, 1, sizeof(buffer), told->file)) > 0)
            (void)fwrite(buffer, 1, length, stdout);
    if (ferror(told->file) != 0) {
        g_set_error_literal(error, HEED_ERROR, HEED_ERROR_IO,
                            "what changed could not be kept until it was printed; it is done");
        return false;
    }
    return true;
}

static const char *
plural(uint64_t count)
{
    return count == 1 ? "" : "s";
}

static void
say_what_was_undone(const HeedUndone *done, bool dry_run)
{
    heed_log(HEED_LOG_NOTICE,
             "%s%" PRIu64 " event%s about %" PRIu64 " address%s; %" PRIu64
             " suppression%s lifted, %" PRIu64 " stay%s on other evidence",
             dry_run ? "would disregard " : "disregarded ", done->events, plural(done->events),
             done->addresses, done->addresses == 1 ? "" : "es", done->lifted, plural(done->lifted),
             done->stays, done->stays == 1 ? "s" : "");
    if (done->kept_since != HEED_DATE_UNKNOWN) {
        g_autofree char *since = heed_terminal_date(done->kept_since);

        heed_log(HEED_LOG_WARNING,
                 "the selection reaches before %s: of events from before, only those that live "
                 "suppressions rest on are kept",
                 since);
    }
    if (done->undo_id != 0)
        heed_log(HEED_LOG_NOTICE, "to take it back: heed undo revert %" PRId64, done->undo_id);
}

/* The options' own words; owned. */
typedef struct Words {
    char *domain;
    char *provider;
    char *class_;
    char *verdict;
    char *stream;
    char *mailbox;
    char *mta;
    char *text;
    char *since;
    char *until;
    char *why;
    char *format;
} Words;

static void
words_clear(Words *words)
{
    char **const all[] = {&words->domain, &words->provider, &words->class_, &words->verdict,
                          &words->stream, &words->mailbox,  &words->mta,    &words->text,
                          &words->since,  &words->until,    &words->why,    &words->format};

    for (size_t i = 0; i < G_N_ELEMENTS(all); i++)
        g_free(*all[i]);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Words, words_clear)

static bool
check_words(const Words *words, GError **error)
{
    const struct {
        const char *option;
        const char *word;
    } all[] = {
        {"domain", words->domain},   {"provider", words->provider}, {"class", words->class_},
        {"verdict", words->verdict}, {"stream", words->stream},     {"source", words->mailbox},
        {"mta", words->mta},         {"text", words->text},         {"since", words->since},
        {"until", words->until},     {"why", words->why},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(all); i++)
        if (!heed_cli_is_text(all[i].option, all[i].word, error))
            return false;
    if (words->provider == NULL || heed_provider_exists(words->provider))
        return true;
    g_set_error(error, HEED_ERROR, HEED_ERROR_USAGE, "--provider %s: there is no such provider",
                words->provider);
    return false;
}

/* Names of domains and servers are kept in lower case. */
static void
lower(char **word)
{
    char *lowered = *word == NULL ? NULL : g_ascii_strdown(*word, -1);

    g_free(*word);
    *word = lowered;
}

static int
undo(HeedInvocation *invocation, const Words *words, bool dry_run, GError **error)
{
    const HeedUndoSelection selection = {
        .domain = words->domain,
        .provider = words->provider,
        .class_ = words->class_,
        .verdict = words->verdict,
        .stream = words->stream,
        .mailbox = words->mailbox,
        .mta = words->mta,
        .text = words->text,
        .since = words->since,
        .until = words->until,
    };
    int format = heed_cli_choice("format", words->format, formats, error);
    g_autofree char *who = heed_cli_account();
    g_autoptr(HeedDatabase) database = NULL;
    g_auto(Told) told = {.json = format == 1};
    const HeedUndoTeller teller = {begin_anew, tell, &told};
    HeedUndone done;

    if (format < 0)
        return EX_USAGE;
    /* What an undo did is told in full where it was asked for; a dry run is nothing else. */
    if ((dry_run || told.json) && !told_open(&told, error))
        return EX_OK;
    database = heed_cli_database_decide(invocation, error);
    if (database == NULL ||
        !heed_undo(database, &selection, who, words->why, dry_run, &teller, &done, error))
        return EX_OK;
    if (!print_told(&told, error))
        return EX_OK;
    if (done.events == 0)
        heed_log(HEED_LOG_NOTICE, "nothing that suppresses fits; nothing was done");
    else
        say_what_was_undone(&done, dry_run);
    return EX_OK;
}

int
heed_cmd_undo(HeedInvocation *invocation, GError **error)
{
    g_auto(Words) words = {0};
    gboolean dry_run = FALSE;
    const GOptionEntry entries[] = {
        {"domain", 0, 0, G_OPTION_ARG_FILENAME, &words.domain, "the recipients' domain", "DOMAIN"},
        {"provider", 0, 0, G_OPTION_ARG_FILENAME, &words.provider, "their mailbox provider",
         "NAME"},
        {"class", 0, 0, G_OPTION_ARG_FILENAME, &words.class_, "the class, such as bad-mailbox",
         "CLASS"},
        {"verdict", 0, 0, G_OPTION_ARG_FILENAME, &words.verdict,
         "hard, soft, complaint or unsubscribe", "VERDICT"},
        {"text", 0, 0, G_OPTION_ARG_FILENAME, &words.text,
         "a regular expression (PostgreSQL's) found in the reply, in any case", "PATTERN"},
        {"since", 0, 0, G_OPTION_ARG_FILENAME, &words.since,
         "arrived at this time or later; UTC, or with a zone", "TIME"},
        {"until", 0, 0, G_OPTION_ARG_FILENAME, &words.until, "arrived before this time", "TIME"},
        {"source", 0, 0, G_OPTION_ARG_FILENAME, &words.mailbox, "fetched from this mailbox",
         "MAILBOX"},
        {"mta", 0, 0, G_OPTION_ARG_FILENAME, &words.mta, "reported by this server", "HOST"},
        {"stream", 0, 0, G_OPTION_ARG_FILENAME, &words.stream, "about mail of this stream",
         "STREAM"},
        {"why", 0, 0, G_OPTION_ARG_FILENAME, &words.why, "the reason, kept with the undo", "TEXT"},
        {"dry-run", 'n', 0, G_OPTION_ARG_NONE, &dry_run,
         "say what would be lifted and what stays; change nothing", NULL},
        {"format", 'f', 0, G_OPTION_ARG_STRING, &words.format, "text or json", "FORMAT"},
        G_OPTION_ENTRY_NULL,
    };

    if (!heed_invocation_parse(invocation, entries, error) || !check_words(&words, error))
        return EX_USAGE;
    lower(&words.domain);
    lower(&words.mta);
    return undo(invocation, &words, dry_run, error);
}

int
heed_cmd_undo_revert(HeedInvocation *invocation, GError **error)
{
    g_autofree char *why = NULL;
    g_auto(GStrv) words = NULL;
    const GOptionEntry entries[] = {
        {"why", 0, 0, G_OPTION_ARG_FILENAME, &why, "the reason, kept with the undo", "TEXT"},
        {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &words, NULL, NULL},
        G_OPTION_ENTRY_NULL,
    };
    g_autofree char *who = heed_cli_account();
    g_autoptr(HeedDatabase) database = NULL;
    HeedUndone done;
    gint64 undo_id = 0;

    if (!heed_invocation_parse(invocation, entries, error) || !heed_cli_is_text("why", why, error))
        return EX_USAGE;
    if (words == NULL || words[0] == NULL || words[1] != NULL ||
        !g_ascii_string_to_signed(words[0], 10, 1, G_MAXINT64, &undo_id, NULL)) {
        g_set_error_literal(error, HEED_ERROR, HEED_ERROR_USAGE,
                            "which undo? heed undo revert NUMBER; heed undo list has the numbers");
        return EX_USAGE;
    }
    database = heed_cli_database_decide(invocation, error);
    if (database == NULL || !heed_undo_revert(database, undo_id, who, why, NULL, &done, error))
        return EX_OK;
    heed_log(HEED_LOG_NOTICE,
             "%" PRIu64 " event%s count again; %" PRIu64 " suppression%s came back", done.events,
             plural(done.events), done.suppressed, plural(done.suppressed));
    return EX_OK;
}

int
heed_cmd_undo_list(HeedInvocation *invocation, GError **error)
{
    static const char *const titles[] = {">UNDO",   "WHEN",       "WHO", "WHY", "SELECTION",
                                         ">EVENTS", "TAKEN BACK", "BY",  NULL};
    g_autoptr(HeedTable) table = heed_table_new(titles);
    g_autoptr(HeedDatabase) database = NULL;
    g_autoptr(HeedRows) rows = NULL;

    if (!heed_invocation_parse(invocation, NULL, error))
        return EX_USAGE;
    database = heed_cli_database_decide(invocation, error);
    rows = database == NULL ? NULL : heed_undo_list(database, error);
    if (rows == NULL)
        return EX_OK;
    for (size_t row = 0; row < heed_rows_count(rows); row++) {
        heed_table_int(table, heed_rows_int(rows, row, 0));
        heed_table_date(table, heed_rows_int(rows, row, 1));
        heed_table_text(table, heed_rows_text(rows, row, 2));
        heed_table_text(table, heed_rows_text(rows, row, 3));
        heed_table_text(table, heed_rows_text(rows, row, 4));
        heed_table_int(table, heed_rows_int(rows, row, 5));
        heed_table_date(table, heed_rows_time(rows, row, 6));
        heed_table_text(table, heed_rows_text(rows, row, 7));
    }
    if (heed_table_rows(table) > 0)
        heed_table_print(table, stdout);
    else
        (void)puts("Nothing was undone.");
    return EX_OK;
}
