/* SPDX-License-Identifier: Apache-2.0 */
#include "suppress/forget.h"

#include "base/error.h"
#include "db/store.h"
#include "suppress/address_forms.h"
#include "suppress/decide.h"
#include "suppress/export.h"
#include "suppress/policy.h"
#include "suppress/pseudonym.h"
#include "suppress/snapshot.h"
#include "suppress/suppressed_set.h"
#include "tests/support/arrivals.h"
#include "tests/support/check.h"
#include "tests/support/history.h"

#include <string.h>

#define ADA "ada.l@example.com"
#define BOB "bob@example.com"

/* Hours after the beginning of 2026 that will not have passed. */
#define FUTURE 800000

static HeedTestDatabase *test;
static HeedPolicy *policy;

/* --- the store --- */

static void
prepare(void)
{
    heed_test_database_do(
        test->database,
        "TRUNCATE heed_data.event, heed_data.evidence, heed_data.decision, heed_data.kept,"
        " heed_data.report, heed_data.report_seen, heed_data.failure, heed_data.address_state,"
        " heed_data.undone_event, heed_data.undo, heed_data.suppression_change,"
        " heed_data.guard_hold, heed_data.quarantine, heed_data.raw_message RESTART IDENTITY");
}

static void
suppress_one(const char *address, const char *verdict, const char *stream, uint32_t digest)
{
    const HeedPastEvent event = {.address = address,
                                 .verdict = verdict,
                                 .stream = stream,
                                 .trust = 3,
                                 .hour = 5,
                                 .message = 'A',
                                 .digest = digest};

    heed_history_add_event(test->database, &event);
    heed_history_fold(test->database, policy, address);
}

static HeedForgotten
forget(const char *address, bool also_suppress, bool dry_run)
{
    g_autoptr(GPtrArray) addresses = g_ptr_array_new();
    g_autoptr(GError) error = NULL;
    HeedForgetRequest request = {.addresses = addresses,
                                 .who = "ann",
                                 .why = "asked",
                                 .also_suppress = also_suppress,
                                 .dry_run = dry_run};
    HeedForgotten done;

    g_ptr_array_add(addresses, (void *)(uintptr_t)address);
    heed_assert_done(heed_forget(test->database, &request, &done, &error), error);
    return done;
}

static char *
pseudonym_of(const char *address)
{
    g_autofree char *sql = g_strdup_printf("SELECT heed_data.pseudonym('%s')", address);

    return heed_test_database_get(test->database, sql);
}

static char *
states_of_pseudonym(const char *address)
{
    g_autofree char *pseudonym = pseudonym_of(address);

    return heed_history_states(test->database, pseudonym);
}

/* The tables that have a text anywhere. */
static char *
tables_with(const char *text)
{
    g_autofree char *sql = g_strdup_printf(
        "SELECT coalesce(string_agg(tablename, ' ' ORDER BY tablename), '') FROM pg_tables,"
        " LATERAL (SELECT query_to_xml(format('SELECT 1 FROM heed_data.%%I AS r WHERE r::text ILIKE"
        " %%L LIMIT 1', tablename, '%%%s%%'), false, false, '')::text AS found) AS searched"
        " WHERE schemaname = 'heed_data' AND found LIKE '%%<row%%'",
        text);

    return heed_test_database_get(test->database, sql);
}

static void
check_nowhere(const char *text)
{
    g_autofree char *tables = tables_with(text);

    g_assert_cmpstr(tables, ==, "");
}

static void
check_rebuild(const char *address)
{
    g_autofree char *before = states_of_pseudonym(address);
    g_autofree char *after = NULL;
    g_autoptr(GError) error = NULL;
    HeedRebuilt rebuilt;

    heed_assert_done(heed_policy_rebuild(test->database, policy, &rebuilt, &error), error);
    g_assert_cmpuint(rebuilt.changed, ==, 0);
    heed_test_database_do(test->database, "DELETE FROM heed_data.address_state");
    heed_assert_done(heed_policy_rebuild(test->database, policy, &rebuilt, &error), error);
    after = states_of_pseudonym(address);
    g_assert_cmpstr(before, ==, after);
}

static bool
is_refused(const char *address)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(HeedWhy) why = heed_why(test->database, address, &error);
    g_autoptr(HeedSuppressedSet) set = NULL;
    bool found;

    g_assert_no_error(error);
    set = heed_suppressed_set_load(test->database, NULL, HEED_LIST_OF_ADDRESSES, true, &error);
    g_assert_no_error(error);
    found = heed_suppressed_set_find(set, address, strlen(address)) != NULL;
    g_assert_cmpint(found, ==, why->suppressed);
    return found;
}

/* --- what stays --- */

static void
test_suppressed(void)
{
    HeedForgotten done;
    g_autofree char *states = NULL;

    prepare();
    suppress_one(ADA, "hard", NULL, 301);
    suppress_one(BOB, "hard", NULL, 302);
    done = forget(ADA, false, false);
    g_assert_cmpuint(done.events, ==, 1);
    g_assert_cmpuint(done.kept, ==, 1);
    check_nowhere("ada.l");
    states = states_of_pseudonym(ADA);
    g_assert_cmpstr(states, ==,
                    " suppressed hard bad-mailbox since 5, 1 from 5 to 5: kept: hard: "
                    "authenticated report\n");
    check_rebuild(ADA);
    g_assert_true(is_refused(ADA));
    g_assert_true(is_refused(BOB));
    g_assert_false(is_refused("carl@example.com"));
}

static void
test_nothing_suppressed(void)
{
    HeedForgotten done;

    prepare();
    suppress_one(ADA, "soft", NULL, 301);
    done = forget(ADA, false, false);
    g_assert_cmpuint(done.events, ==, 1);
    g_assert_cmpuint(done.kept, ==, 0);
    check_nowhere("ada.l");
    g_assert_false(is_refused(ADA));
    /* Of whom nothing is kept, something may be known again. */
    suppress_one(ADA, "hard", NULL, 303);
    g_assert_true(is_refused(ADA));
}

static void
test_also_suppress(void)
{
    g_autofree char *states = NULL;

    prepare();
    g_assert_cmpuint(forget(ADA, true, false).kept, ==, 1);
    states = states_of_pseudonym(ADA);
    g_assert_true(g_str_has_prefix(states, " suppressed manual manual since "));
    g_assert_true(g_str_has_suffix(states, ", 0 from - to -: kept: forgotten\n"));
    check_rebuild(ADA);
    g_assert_true(is_refused(ADA));
}

static void
test_scope_and_end(void)
{
    static const int hours[] = {0, 24, 48};
    g_autofree char *states = NULL;

    prepare();
    suppress_one(ADA, "complaint", "news", 301);
    for (guint i = 0; i < G_N_ELEMENTS(hours); i++) {
        const HeedPastEvent event = {.address = ADA,
                                     .verdict = "soft",
                                     .trust = 3,
                                     .hour = FUTURE + hours[i],
                                     .message = (char)('B' + i),
                                     .digest = 310 + i};

        heed_history_add_event(test->database, &event);
    }
    heed_history_fold(test->database, policy, ADA);
    g_assert_cmpuint(forget(ADA, false, false).kept, ==, 1);
    states = states_of_pseudonym(ADA);
    g_assert_cmpstr(
        states, ==,
        " suppressed soft bad-mailbox since 800048 until 800768, 3 from 800000 to 800048: "
        "kept: soft: 3 messages 20 h apart, for 30 days\n"
        "news suppressed complaint abuse since 5, 1 from 5 to 5: kept: complaint: "
        "authenticated report\n");
    check_rebuild(ADA);
}

/* What was decided about an address is void, and names it no more. */
static void
test_decisions(void)
{
    const HeedPastDecision allowed = {.address = ADA, .action = "allow", .scope = "", .hour = 1};
    const HeedPastDecision added = {.address = BOB, .action = "add", .scope = "shop", .hour = 2};
    g_autofree char *ada = NULL;
    g_autofree char *bob = NULL;
    g_autofree char *ledger = NULL;

    prepare();
    suppress_one(ADA, "hard", NULL, 301);
    heed_history_add_decision(test->database, &allowed);
    heed_history_add_decision(test->database, &added);
    heed_history_fold(test->database, policy, ADA);
    heed_history_fold(test->database, policy, BOB);
    (void)forget(ADA, false, false);
    (void)forget(BOB, false, false);
    check_nowhere("ada.l");
    check_nowhere("bob");
    ada = states_of_pseudonym(ADA);
    bob = states_of_pseudonym(BOB);
    g_assert_cmpstr(ada, ==, "");
    g_assert_cmpstr(bob, ==,
                    "shop suppressed manual manual since 2, 0 from - to -: kept: added by hand\n");
    ledger = heed_test_database_get(
        test->database, "SELECT string_agg(concat_ws(' ', action, decided_by, why), ', '"
                        " ORDER BY decision_id) FROM heed_data.decision");
    g_assert_cmpstr(ledger, ==,
                    "allow test, add test, forget ann asked, forget ann asked, keep ann");
}

static bool
decide(HeedDecisionAction action, const char *address)
{
    g_autoptr(GError) error = NULL;
    bool changed = false;

    heed_assert_done(
        heed_decide(test->database, action, "", address, "ann", NULL, &changed, &error), error);
    return changed;
}

static void
test_decided_later(void)
{
    prepare();
    suppress_one(ADA, "hard", NULL, 301);
    (void)forget(ADA, false, false);
    g_assert_false(decide(HEED_DECISION_ADD, ADA));
    check_nowhere("ada.l");
    g_assert_true(decide(HEED_DECISION_REMOVE, ADA));
    g_assert_false(is_refused(ADA));
    suppress_one(ADA, "hard", NULL, 302);
    heed_test_database_do(test->database,
                          "UPDATE heed_data.event SET arrived_at = now() + interval '1 s'");
    heed_history_fold(test->database, policy, ADA);
    g_assert_true(is_refused(ADA));
    (void)forget(ADA, false, false);
    g_assert_true(decide(HEED_DECISION_ALLOW, ADA));
    g_assert_false(is_refused(ADA));
    check_rebuild(ADA);
}

/* A program that was to say whom says nobody: nothing is blotted out. */
static void
test_nobody(void)
{
    g_autoptr(GPtrArray) nobody = g_ptr_array_new();
    const HeedForgetRequest request = {.addresses = nobody, .who = "ann"};
    g_autoptr(GError) error = NULL;
    g_autofree char *why = NULL;
    HeedForgotten done;

    prepare();
    heed_test_database_do(test->database,
                          "INSERT INTO heed_data.decision (decided_by, why, action, scope, address)"
                          " VALUES ('ann', 'because, she says', 'add', '', 'x@example.com')");
    heed_assert_done(heed_forget(test->database, &request, &done, &error), error);
    g_assert_cmpuint(done.texts, ==, 0);
    why = heed_test_database_get(test->database, "SELECT why FROM heed_data.decision");
    g_assert_cmpstr(why, ==, "because, she says");
}

static void
test_twice(void)
{
    g_autofree char *once = NULL;
    g_autofree char *twice = NULL;

    prepare();
    suppress_one(ADA, "hard", NULL, 301);
    (void)forget(ADA, false, false);
    once = states_of_pseudonym(ADA);
    g_assert_cmpuint(forget(ADA, false, false).kept, ==, 1);
    twice = states_of_pseudonym(ADA);
    g_assert_cmpstr(once, ==, twice);
    check_rebuild(ADA);
}

static void
test_dry_run(void)
{
    g_autofree char *before = NULL;
    g_autofree char *after = NULL;
    HeedForgotten done;

    prepare();
    suppress_one(ADA, "hard", NULL, 301);
    before = tables_with("ada.l");
    done = forget(ADA, false, true);
    g_assert_cmpuint(done.events, ==, 1);
    g_assert_cmpuint(done.kept, ==, 1);
    after = tables_with("ada.l");
    g_assert_cmpstr(before, ==, after);
    g_assert_true(is_refused(ADA));
}

/* --- reports that come later --- */

static void
store(const HeedTestArrival *what)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) arrivals =
        g_ptr_array_new_with_free_func((GDestroyNotify)heed_arrival_free);
    g_autoptr(HeedTransaction) transaction = heed_transaction_begin(test->database, &error);
    g_auto(HeedStored) stored = {0};
    HeedArrival *arrival = heed_test_arrival(what);
    HeedReport *report = arrival->report;

    g_assert_no_error(error);
    report->original.return_path =
        heed_report_text(report, "news-ada.l=example.com@sender.example", -1);
    report->original.subject = heed_report_text(report, "For ada.l", -1);
    g_array_index(report->recipients, HeedRecipient, 0).diagnostic =
        heed_report_text(report, "550 5.1.1 <" ADA ">", -1);
    g_bytes_unref(arrival->compressed);
    arrival->compressed = g_bytes_new("ada", 3);
    g_ptr_array_add(arrivals, arrival);
    heed_assert_done(heed_store_insert(test->database, arrivals, &stored, &error), error);
    heed_assert_done(heed_policy_fold(test->database, policy, stored.addresses, &error), error);
    heed_assert_done(heed_transaction_commit(transaction, &error), error);
}

static void
test_later_reports(void)
{
    HeedTestArrival again = {.number = 7,
                             .kind = HEED_KIND_BOUNCE,
                             .trust = HEED_TRUST_AUTHENTICATED,
                             .message_id = "<m@sender.example>",
                             .address = ADA,
                             .class_ = HEED_CLASS_BAD_MAILBOX,
                             .verdict = HEED_VERDICT_HARD};
    g_autofree char *states = NULL;
    g_autofree char *events = NULL;

    prepare();
    suppress_one(ADA, "hard", NULL, 301);
    (void)forget(ADA, false, false);
    store(&again);
    again.number = 8;
    again.kind = HEED_KIND_COMPLAINT;
    again.class_ = HEED_CLASS_ABUSE;
    again.verdict = HEED_VERDICT_COMPLAINT;
    store(&again);
    check_nowhere("ada.l");
    events = heed_test_database_get(
        test->database, "SELECT count(*) || ' ' || count(address) || ' ' || count(address_source)"
                        " FROM heed_data.event");
    g_assert_cmpstr(events, ==, "2 0 2");
    g_free(events);
    events = heed_test_database_get(test->database,
                                    "SELECT (SELECT count(*) FROM heed.unmatched_complaint) || ' '"
                                    " || (SELECT count(*) FROM heed_data.raw_message)");
    g_assert_cmpstr(events, ==, "0 0");
    states = states_of_pseudonym(ADA);
    g_assert_true(g_str_has_prefix(states, " suppressed hard bad-mailbox since 5, 1 from 5 to 5:"));
    check_rebuild(ADA);
}

/* Who is kept in one stream only, and fails in others, must be known where he fails. */
static void
test_later_elsewhere(void)
{
    const HeedTestArrival bounce = {.number = 9,
                                    .kind = HEED_KIND_BOUNCE,
                                    .trust = HEED_TRUST_AUTHENTICATED,
                                    .message_id = "<n@sender.example>",
                                    .address = ADA,
                                    .class_ = HEED_CLASS_BAD_MAILBOX,
                                    .verdict = HEED_VERDICT_HARD};
    g_autofree char *states = NULL;

    prepare();
    suppress_one(ADA, "complaint", "news", 301);
    (void)forget(ADA, false, false);
    store(&bounce);
    states = heed_history_states(test->database, ADA);
    g_assert_true(g_str_has_prefix(states, " suppressed hard bad-mailbox"));
    g_assert_cmpuint(forget(ADA, false, false).kept, ==, 1);
    check_nowhere("ada.l");
    g_free(states);
    states = states_of_pseudonym(ADA);
    g_assert_nonnull(strstr(states, "news suppressed complaint"));
    g_assert_true(g_str_has_prefix(states, " suppressed hard bad-mailbox"));
}

/* --- what else names it --- */

static void
test_quoted(void)
{
    HeedForgotten done;
    g_autofree char *diagnostic = NULL;
    g_autofree char *undone = NULL;

    prepare();
    suppress_one(ADA, "hard", NULL, 301);
    suppress_one(BOB, "hard", NULL, 302);
    heed_test_database_do(
        test->database,
        "UPDATE heed_data.event SET diagnostic = 'from <Ada.L@Example.com>: xada.l@example.com no',"
        " final_recipient = 'ADA.L@example.com' WHERE address = 'bob@example.com';"
        "INSERT INTO heed_data.undo (decided_by, why, selection)"
        " VALUES ('ann', 'for ada.l@example.com', '{\"text\": \"<ada.l@example.com>\"}');"
        "INSERT INTO heed_data.undone_event (arrived_at, digest, ordinal, undo_id, address)"
        " SELECT arrived_at, digest, ordinal, 1, address FROM heed_data.event;"
        "INSERT INTO heed_data.report (arrived_at, digest, received_at, closed, kind, trust,"
        " reporter_from, original_return_path, feedback, warnings, recipient_count, size, truncated)"
        " SELECT arrived_at, digest, arrived_at, false, 'bounce', 3, 'ada.l@example.com',"
        " 'list-ada.l=example.com@sender.example', '{\"x\": \"ada.l@example.com\"}',"
        " '{\"a ada.l@example.com\",b}', 1, 1, false"
        " FROM heed_data.event WHERE address = 'bob@example.com';"
        "INSERT INTO heed_data.policy (version, settings)"
        " SELECT 0, '{\"protect\": [\"ada.l@example.com\"]}'");
    done = forget(ADA, false, false);
    g_assert_cmpuint(done.texts, ==, 4);
    diagnostic = heed_test_database_get(
        test->database, "SELECT diagnostic || '|' || final_recipient FROM heed_data.event");
    g_assert_cmpstr(diagnostic, ==, "from <[forgotten]>: xada.l@example.com no|[forgotten]");
    undone = heed_test_database_get(test->database,
                                    "SELECT string_agg(address, ',') FROM heed_data.undone_event");
    g_assert_cmpstr(undone, ==, BOB);
    heed_test_database_do(test->database, "UPDATE heed_data.event SET diagnostic = NULL");
    check_nowhere("ada.l");
    heed_test_database_do(test->database, "DELETE FROM heed_data.policy WHERE version = 0");
}

/* A report of two recipients stays for the other one, without what tells of this one. */
static void
test_shared_report(void)
{
    g_autofree char *report = NULL;
    HeedForgotten done;

    prepare();
    suppress_one(ADA, "hard", NULL, 301);
    suppress_one(BOB, "hard", NULL, 302);
    heed_test_database_do(
        test->database,
        "UPDATE heed_data.event SET digest = '\\x01', ordinal = length(address);"
        "INSERT INTO heed_data.report (arrived_at, digest, received_at, closed, kind, trust,"
        " original_subject, original_from, recipient_count, size, truncated)"
        " SELECT DISTINCT arrived_at, digest, arrived_at, false, 'bounce'::heed_data.kind, 3,"
        " 'Dear ada.l', 'us@sender.example', 2, 1, false FROM heed_data.event;"
        "INSERT INTO heed_data.raw_message SELECT arrived_at, digest, '' FROM heed_data.report");
    done = forget(ADA, false, false);
    g_assert_cmpuint(done.events, ==, 1);
    g_assert_cmpuint(done.reports, ==, 0);
    g_assert_cmpuint(done.mails, ==, 1);
    report = heed_test_database_get(
        test->database,
        "SELECT concat_ws(' ', original_subject, original_from) FROM heed_data.report");
    g_assert_cmpstr(report, ==, "us@sender.example");
    g_assert_cmpuint(forget(BOB, false, false).reports, ==, 1);
}

/* --- lists --- */

static char *
export_text(HeedExportOptions options, HeedExported *out)
{
    char *text = NULL;
    size_t length = 0;
    g_autoptr(GError) error = NULL;
    FILE *file = open_memstream(&text, &length);

    heed_assert_done(heed_export(test->database, &options, file, out, &error), error);
    g_assert_cmpint(fclose(file), ==, 0);
    return text;
}

static void
test_lists(void)
{
    g_auto(HeedExported) full = {0};
    g_auto(HeedExported) delta = {0};
    HeedExportOptions options = {.format = HEED_EXPORT_TEXT, .with_cursor = true};
    char *text;
    uint64_t count = 0;
    g_autoptr(GError) error = NULL;

    prepare();
    suppress_one(ADA, "hard", NULL, 301);
    suppress_one(BOB, "hard", NULL, 302);
    text = export_text(options, &full);
    g_assert_cmpstr(text, ==, ADA "\n" BOB "\n");
    free(text);
    (void)forget(ADA, false, false);
    options.since = &full.cursor;
    text = export_text(options, &delta);
    g_assert_cmpstr(text, ==, "");
    free(text);
    options.since = NULL;
    for (int scoped = 0; scoped < 2; scoped++) {
        g_auto(HeedExported) again = {0};

        options.scope = scoped == 0 ? NULL : "news";
        text = export_text(options, &again);
        g_assert_cmpstr(text, ==, BOB "\n");
        free(text);
        heed_assert_done(heed_forgotten_count(test->database, options.scope, &count, &error),
                         error);
        g_assert_cmpuint(count, ==, 1);
    }
}

static void
test_snapshot(void)
{
    char *bytes = NULL;
    size_t length = 0;
    uint64_t count = 0;
    g_autoptr(GError) error = NULL;
    FILE *file = open_memstream(&bytes, &length);
    g_auto(HeedSnapshotInfo) info = {0};
    g_autoptr(HeedSuppressedSet) set = NULL;

    prepare();
    suppress_one(ADA, "hard", NULL, 301);
    suppress_one(BOB, "hard", NULL, 302);
    (void)forget(ADA, false, false);
    heed_assert_done(heed_snapshot_write(test->database, NULL, file, &count, &error), error);
    g_assert_cmpint(fclose(file), ==, 0);
    set = heed_snapshot_read(bytes, length, &info, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(heed_suppressed_set_find(set, ADA, strlen(ADA)), ==, "hard bad-mailbox");
    g_assert_cmpstr(heed_suppressed_set_find(set, BOB, strlen(BOB)), ==, "hard bad-mailbox");
    g_assert_null(heed_suppressed_set_find(set, "c@example.com", 13));
    g_clear_pointer(&set, heed_suppressed_set_free);
    free(bytes);
}

/* --- who may --- */

static void
test_only_the_owner(void)
{
    g_autoptr(HeedTestDatabase) shared = heed_test_database_migrated();
    g_autoptr(HeedDatabase) ingest = heed_test_database_connect(shared);
    g_autoptr(GPtrArray) addresses = g_ptr_array_new();
    g_autoptr(GError) error = NULL;
    const HeedForgetRequest request = {.addresses = addresses, .who = "mallory"};
    HeedForgotten done;

    g_ptr_array_add(addresses, (void *)(uintptr_t)ADA);
    heed_assert_done(heed_database_become(ingest, "heed_ingest", &error), error);
    g_assert_false(heed_forget(ingest, &request, &done, &error));
    g_assert_error(error, HEED_ERROR, HEED_ERROR_PERMISSION);
    g_clear_error(&error);
    heed_assert_done(heed_database_become(ingest, "heed_owner", &error), error);
    heed_assert_done(heed_forget(ingest, &request, &done, &error), error);
    heed_assert_done(heed_database_become(ingest, "heed_reader", &error), error);
    g_assert_false(
        heed_database_run(ingest, "read the key", "TABLE heed_data.forget_key", NULL, &error));
    g_assert_error(error, HEED_ERROR, HEED_ERROR_PERMISSION);
}

/* --- the hash, and the forms --- */

/* RFC 4231, test case 1; a shorter key is one that ends with zeros. */
static void
test_vector(void)
{
    uint8_t secret[HEED_PSEUDONYM_SECRET_BYTES] = {0};
    g_autoptr(HeedPseudonyms) pseudonyms = NULL;
    char out[HEED_PSEUDONYM_BYTES + 1] = {0};

    memset(secret, 0x0b, 20);
    pseudonyms = heed_pseudonyms_new(secret);
    heed_pseudonyms_make(pseudonyms, "Hi There", 8, out);
    g_assert_cmpstr(out, ==,
                    "hmac:b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
}

/* The server and the program hash alike. */
static void
test_alike(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(HeedRows) row = heed_database_query_row(
        test->database, "read the key", "SELECT secret FROM heed_data.forget_key", NULL, &error);
    g_autoptr(GBytes) secret = NULL;
    g_autoptr(HeedPseudonyms) pseudonyms = NULL;
    char out[HEED_PSEUDONYM_BYTES + 1] = {0};
    g_autofree char *want = pseudonym_of(ADA);

    g_assert_no_error(error);
    secret = heed_rows_bytes(row, 0, 0);
    pseudonyms = heed_pseudonyms_new(g_bytes_get_data(secret, NULL));
    heed_pseudonyms_make(pseudonyms, ADA, strlen(ADA), out);
    g_assert_cmpstr(out, ==, want);
}

static const struct {
    const char *name;
    const char *text;
    bool occurs;
} texts[] = {
    {"plain", "to ada.l@example.com", true},
    {"case", "<ADA.L@Example.COM>", true},
    {"verp", "news-ada.l=example.com@sender.example", true},
    {"full-stop", "ada.l@example.com.", true},
    {"behind-plus", "b+ada.l@example.com", true},
    {"longer-word", "dada.l@example.com", false},
    {"other-letter", "adaxl@example.com", false},
    {"below", "ada.l@example.com.au", false},
    {"hyphen", "ada.l@example.com-not", false},
    {"first-not-second", "xada.l@example.com ada.l@example.com", true},
    {"domain-only", "example.com", false},
    {"empty", "", false},
};

static void
test_forms(const void *data)
{
    size_t i = GPOINTER_TO_SIZE(data);
    g_autoptr(GPtrArray) forms = g_ptr_array_new_with_free_func(g_free);
    size_t length = strlen(texts[i].text);
    g_autofree char *block = g_memdup2(texts[i].text, length);
    g_autofree char *pattern = NULL;
    g_autofree char *sql = NULL;
    g_autofree char *found = NULL;

    heed_forms_add(forms, ADA);
    g_assert_cmpint(heed_forms_occur(forms, block, length), ==, texts[i].occurs);
    pattern = heed_forms_pattern(forms);
    sql = g_strdup_printf("SELECT '%s' ~* '%s'", texts[i].text, pattern);
    found = heed_test_database_get(test->database, sql);
    g_assert_cmpstr(found, ==, texts[i].occurs ? "t" : "f");
}

static void
test_international_form(void)
{
    g_autoptr(GPtrArray) forms = g_ptr_array_new_with_free_func(g_free);

    heed_forms_add(forms, "a@xn--bcher-kva.example");
    g_assert_cmpuint(forms->len, ==, 4);
    g_assert_true(heed_forms_occur(forms,
                                   "<a@b\xc3\xbc"
                                   "cher.example>",
                                   19));
}

int
main(int argc, char **argv)
{
    int result;

    g_test_init(&argc, &argv, NULL);
    test = heed_test_database_new();
    policy = heed_history_prepare(test);
    g_test_add_func("/forget/suppressed", test_suppressed);
    g_test_add_func("/forget/nothing-suppressed", test_nothing_suppressed);
    g_test_add_func("/forget/also-suppress", test_also_suppress);
    g_test_add_func("/forget/scope-and-end", test_scope_and_end);
    g_test_add_func("/forget/decisions", test_decisions);
    g_test_add_func("/forget/decided-later", test_decided_later);
    g_test_add_func("/forget/twice", test_twice);
    g_test_add_func("/forget/nobody", test_nobody);
    g_test_add_func("/forget/dry-run", test_dry_run);
    g_test_add_func("/forget/later-reports", test_later_reports);
    g_test_add_func("/forget/later-elsewhere", test_later_elsewhere);
    g_test_add_func("/forget/quoted", test_quoted);
    g_test_add_func("/forget/shared-report", test_shared_report);
    g_test_add_func("/forget/lists", test_lists);
    g_test_add_func("/forget/snapshot", test_snapshot);
    g_test_add_func("/forget/only-the-owner", test_only_the_owner);
    g_test_add_func("/forget/vector", test_vector);
    g_test_add_func("/forget/alike", test_alike);
    g_test_add_func("/forget/international-form", test_international_form);
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autofree char *path = g_strconcat("/forget/forms/", texts[i].name, NULL);

        g_test_add_data_func(path, GSIZE_TO_POINTER(i), test_forms);
    }
    result = g_test_run();
    heed_policy_free(policy);
    heed_test_database_free(test);
    return result;
}
