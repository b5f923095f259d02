/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"
#include "db/store.h"
#include "tests/support/arrivals.h"
#include "tests/support/check.h"
#include "tests/support/database.h"

#include <string.h>

#define BOUNCE(n, t, id, to)                                                            \
    {                                                                                   \
        .number = (n), .kind = HEED_KIND_BOUNCE, .trust = (t), .message_id = (id),      \
        .address = (to), .class_ = HEED_CLASS_BAD_MAILBOX, .verdict = HEED_VERDICT_HARD \
    }

typedef bool (*Store)(HeedDatabase *, const GPtrArray *, HeedStored *, GError **);

static HeedTestDatabase *
new_store(void)
{
    HeedTestDatabase *test = heed_test_database_migrated();

    /* All that follows must be allowed to the role it is done by. */
    heed_test_database_do(test->database, "SET ROLE heed_ingest");
    return test;
}

static GPtrArray *
arrivals_of(const HeedTestArrival *rows, size_t count)
{
    GPtrArray *arrivals = g_ptr_array_new_with_free_func((GDestroyNotify)heed_arrival_free);

    for (size_t i = 0; i < count; i++)
        g_ptr_array_add(arrivals, heed_test_arrival(&rows[i]));
    return arrivals;
}

/* In one transaction; what it did as text: new, known, quarantined, events, addresses. */
static char *
store_with(Store store, HeedDatabase *database, const GPtrArray *arrivals)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(HeedTransaction) transaction = heed_transaction_begin(database, &error);
    g_auto(HeedStored) stored = {0};
    g_autoptr(GString) text = g_string_new(NULL);

    g_assert_no_error(error);
    (void)!store(database, arrivals, &stored, &error);
    g_assert_no_error(error);
    (void)!heed_transaction_commit(transaction, &error);
    g_assert_no_error(error);
    g_string_printf(text, "%zu %zu %zu %zu", stored.new_reports, stored.known_reports,
                    stored.quarantined, stored.events);
    for (guint i = 0; i < stored.addresses->len; i++)
        g_string_append_printf(text, " %s", (const char *)g_ptr_array_index(stored.addresses, i));
    return g_string_free(g_steal_pointer(&text), FALSE);
}

static void
assert_stored(Store store,
              HeedDatabase *database,
              const HeedTestArrival *rows,
              size_t count,
              const char *want)
{
    g_autoptr(GPtrArray) arrivals = arrivals_of(rows, count);
    g_autofree char *got = store_with(store, database, arrivals);

    g_assert_cmpstr(got, ==, want);
}

static void
assert_answer(HeedDatabase *database, const char *sql, const char *want)
{
    g_autofree char *got = heed_test_database_get(database, sql);

    g_assert_cmpstr(got, ==, want);
}

#define COUNTS                                                                                 \
    "SELECT concat_ws(' ', (SELECT count(*) FROM heed_data.report_seen),"                      \
    " (SELECT count(*) FROM heed_data.report), (SELECT count(*) FROM heed_data.event),"        \
    " (SELECT count(*) FROM heed_data.failure), (SELECT count(*) FROM heed_data.raw_message)," \
    " (SELECT count(*) FROM heed_data.quarantine),"                                            \
    " (SELECT sum(failures) FROM heed_data.rollup_now),"                                       \
    " (SELECT sum(reports) FROM heed_data.rollup_now))"

static void
test_once(void)
{
    static const HeedTestArrival rows[] = {
        BOUNCE(1, HEED_TRUST_PLAUSIBLE, "1@example.com", "b@example.org"),
        BOUNCE(2, HEED_TRUST_PLAUSIBLE, "1@example.com", "a@example.org"),
        /* Another report of the first failure, and a copy of the first report. */
        BOUNCE(3, HEED_TRUST_PLAUSIBLE, "1@example.com", "b@example.org"),
        BOUNCE(1, HEED_TRUST_PLAUSIBLE, "1@example.com", "b@example.org"),
        {.number = 4, .kind = HEED_KIND_AUTO_REPLY, .address = "c@example.org"},
    };
    g_autoptr(HeedTestDatabase) test = new_store();

    assert_stored(heed_store_insert, test->database, rows, G_N_ELEMENTS(rows),
                  "4 1 0 3 a@example.org b@example.org");
    assert_answer(test->database, COUNTS, "4 4 3 2 4 0 2 3");
    /* Again, nothing. */
    assert_stored(heed_store_insert, test->database, rows, G_N_ELEMENTS(rows), "0 5 0 0");
    assert_answer(test->database, COUNTS, "4 4 3 2 4 0 2 3");
    assert_answer(test->database,
                  "SELECT concat_ws(' ', failures, reports, domain, sender_domain, class)"
                  " FROM heed.bounce_daily",
                  "2 3 example.org example.com bad-mailbox");
    assert_answer(
        test->database,
        "SELECT concat_ws('|', kind, action, class, verdict, trust, address, domain,"
        " address_source, diagnostic, stream, original_from) FROM heed.event_log WHERE address LIKE 'a@%'",
        "bounce|failed|bad-mailbox|hard|plausible|a@example.org|example.org|"
        "original-recipient|550 5.1.1 user unknown|newsletter|News <news@Example.com>");
}

static gpointer
store_in_thread(gpointer data)
{
    const HeedTestDatabase *test = data;
    g_autoptr(HeedDatabase) database = heed_test_database_connect(test);
    g_autoptr(GRand) random = g_rand_new();

    for (unsigned batch = 0; batch < 20; batch++) {
        g_autoptr(GPtrArray) arrivals =
            g_ptr_array_new_with_free_func((GDestroyNotify)heed_arrival_free);
        g_autofree char *got = NULL;

        /* The same reports for all, each in an order of its own. */
        for (unsigned i = 0; i < 100; i++) {
            unsigned number = batch * 100 + (unsigned)g_rand_int_range(random, 0, 100);
            g_autofree char *id = g_strdup_printf("%u@example.com", number / 4);
            HeedTestArrival row = BOUNCE(number, HEED_TRUST_PLAUSIBLE, id, "a@example.org");

            if (g_rand_boolean(random))
                row.trust = HEED_TRUST_AUTHENTICATED;
            g_ptr_array_add(arrivals, heed_test_arrival(&row));
        }
        got = store_with(heed_store_insert, database, arrivals);
    }
    return NULL;
}

/* Stores that meet do not hinder each other, and add nothing twice. */
static void
test_at_once(void)
{
    g_autoptr(HeedTestDatabase) test = new_store();
    GThread *threads[4];

    for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
        threads[i] = g_thread_new("store", store_in_thread, test);
    for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
        (void)g_thread_join(threads[i]);
    assert_answer(
        test->database,
        "SELECT concat_ws(' ', (SELECT count(*) FROM heed_data.report_seen) ="
        " (SELECT count(*) FROM heed_data.event),"
        " (SELECT count(*) FROM heed_data.failure) ="
        " (SELECT sum(failures) FROM heed_data.rollup_now),"
        " (SELECT count(*) FROM heed_data.event) ="
        " (SELECT sum(reports) FROM heed_data.rollup_now),"
        " (SELECT count(*) FROM heed_data.event JOIN heed_data.report_seen USING (digest)"
        "   JOIN heed_data.report USING (digest)"
        "   WHERE event.trust <> report_seen.trust OR report.trust <> report_seen.trust))",
        "t t t 0");
}

static void
test_trust(void)
{
    static const struct {
        HeedTestArrival row;
        const char *want;
        const char *stored;
    } steps[] = {
        {BOUNCE(1, HEED_TRUST_UNPROVEN, "1@example.com", "a@example.org"), "1 0 0 1 a@example.org",
         "1 1 1 f"},
        {BOUNCE(1, HEED_TRUST_AUTHENTICATED, "1@example.com", "a@example.org"),
         "0 1 0 0 a@example.org", "3 3 3 f"},
        {BOUNCE(1, HEED_TRUST_PLAUSIBLE, "1@example.com", "a@example.org"), "0 1 0 0", "3 3 3 f"},
    };

    g_autoptr(HeedTestDatabase) test = new_store();
    HeedTestArrival closed = steps[0].row;

    closed.closed = true;
    for (size_t i = 0; i < G_N_ELEMENTS(steps); i++) {
        assert_stored(heed_store_insert, test->database, &steps[i].row, 1, steps[i].want);
        assert_answer(test->database,
                      "SELECT concat_ws(' ', s.trust, r.trust, e.trust, e.closed)"
                      " FROM heed_data.report_seen s, heed_data.report r, heed_data.event e",
                      steps[i].stored);
    }
    assert_stored(heed_store_insert, test->database, &closed, 1, "0 1 0 0 a@example.org");
    assert_stored(heed_store_insert, test->database, &closed, 1, "0 1 0 0");
    assert_answer(test->database, "SELECT concat_ws(' ', trust, closed) FROM heed_data.event",
                  "3 t");
}

static void
test_unmatched(void)
{
    static const HeedTestArrival rows[] = {
        /* Two complaints of one list message: two, since nobody knows whose they are. */
        {.number = 1, .kind = HEED_KIND_COMPLAINT, .message_id = "list@example.com"},
        {.number = 2, .kind = HEED_KIND_COMPLAINT, .message_id = "list@example.com"},
        {.number = 3, .kind = HEED_KIND_OTHER},
    };
    g_autoptr(HeedTestDatabase) test = new_store();

    assert_stored(heed_store_insert, test->database, rows, G_N_ELEMENTS(rows), "3 0 0 2");
    assert_answer(test->database, COUNTS, "3 3 2 2 3 0 2 2");
    assert_answer(test->database,
                  "SELECT concat_ws(' ', count(*), min(class), min(source_ip),"
                  " min(original_message_id)) FROM heed.unmatched_complaint",
                  "2 abuse 192.0.2.1 list@example.com");
    assert_answer(
        test->database,
        "SELECT concat_ws(' ', sum(complaints), min(source_ip)) FROM heed.complaint_daily",
        "2 192.0.2.1");
}

static void
test_dates(void)
{
    static const HeedTestArrival rows[] = {
        {.number = 1,
         .kind = HEED_KIND_BOUNCE,
         .address = "a@example.org",
         .received_at = 1767323045,
         .class_ = HEED_CLASS_UNKNOWN,
         .verdict = HEED_VERDICT_NONE},
        {.number = 2,
         .kind = HEED_KIND_BOUNCE,
         .address = "b@example.org",
         .received_at = INT64_C(99999999999),
         .class_ = HEED_CLASS_UNKNOWN,
         .verdict = HEED_VERDICT_NONE},
        {.number = 3,
         .kind = HEED_KIND_BOUNCE,
         .address = "c@example.org",
         .received_at = -5,
         .class_ = HEED_CLASS_UNKNOWN,
         .verdict = HEED_VERDICT_NONE},
    };
    g_autoptr(HeedTestDatabase) test = new_store();
    g_autoptr(GPtrArray) arrivals = arrivals_of(rows, G_N_ELEMENTS(rows));
    HeedArrival *first = g_ptr_array_index(arrivals, 0);
    g_autofree char *got = NULL;

    first->report->date = INT64_MAX;
    first->report->original.date = INT64_MIN + 1;
    got = store_with(heed_store_insert, test->database, arrivals);
    assert_answer(test->database,
                  "SELECT string_agg(CASE WHEN occurred_at > now() - interval '1 minute'"
                  " AND occurred_at <= now() THEN 'now' ELSE occurred_at::text END, ',' ORDER BY"
                  " address) FROM heed_data.event",
                  "2026-01-02 03:04:05+00,now,1970-01-01 00:00:00+00");
    assert_answer(test->database,
                  "SELECT concat_ws(' ', reported_at, original_date) FROM heed_data.report"
                  " ORDER BY received_at DESC OFFSET 1 LIMIT 1",
                  "2026-01-02 03:04:05+00 1970-01-01 00:00:00+00");
    assert_answer(test->database, "SELECT reply || ' ' || count FROM heed.unclassified_reply",
                  "# # user unknown 3");
}

/* Text that no parser of ours lets through, and that would abort a batch if one did. */
static void
test_wild_text(void)
{
    static const HeedTestArrival row =
        BOUNCE(1, HEED_TRUST_SIGNED, "1@example.com", "a@example.org");
    g_autoptr(HeedTestDatabase) test = new_store();
    g_autoptr(GPtrArray) arrivals = arrivals_of(&row, 1);
    HeedArrival *arrival = g_ptr_array_index(arrivals, 0);
    HeedRecipient *recipient = &g_array_index(arrival->report->recipients, HeedRecipient, 0);
    g_autofree char *longest = g_strnfill(100000, 'x');
    g_autofree char *cut = g_strconcat(longest + 100000 - 4095, "\xc3\xa4", NULL);
    g_autofree char *got = NULL;

    recipient->diagnostic = cut;
    recipient->remote_mta = "\xff\xfe";
    recipient->status = longest;
    arrival->report->original.subject = longest;
    heed_report_warn(arrival->report, "one\ntwo");
    got = store_with(heed_store_insert, test->database, arrivals);
    g_assert_cmpstr(got, ==, "1 0 0 1 a@example.org");
    assert_answer(test->database,
                  "SELECT concat_ws(' ', octet_length(diagnostic), length(remote_mta),"
                  " length(status), length(original_subject), warnings)"
                  " FROM heed_data.event JOIN heed_data.report USING (digest)",
                  "4095 2 64 1024 {\"one two\"}");
}

static void
test_quarantine(void)
{
    static const HeedTestArrival good =
        BOUNCE(1, HEED_TRUST_SIGNED, "1@example.com", "a@example.org");
    g_autoptr(HeedTestDatabase) test = new_store();
    g_autoptr(GPtrArray) bad = g_ptr_array_new_with_free_func((GDestroyNotify)heed_arrival_free);
    g_autoptr(GPtrArray) mended = arrivals_of(&good, 1);
    g_autofree char *first = NULL;
    g_autofree char *again = NULL;
    g_autofree char *retried = NULL;
    g_autofree char *read = NULL;
    g_autofree char *late = NULL;

    g_ptr_array_add(bad, heed_test_arrival_quarantined(1));
    g_ptr_array_add(bad, heed_test_arrival_quarantined(2));
    g_ptr_array_add(bad, heed_test_arrival_quarantined(1));
    first = store_with(heed_store_insert, test->database, bad);
    g_assert_cmpstr(first, ==, "0 1 2 0");
    again = store_with(heed_store_insert, test->database, bad);
    g_assert_cmpstr(again, ==, "0 3 0 0");
    retried = store_with(heed_store_replace, test->database, bad);
    g_assert_cmpstr(retried, ==, "0 1 2 0");
    assert_answer(test->database,
                  "SELECT string_agg(attempts::text, ' ') FROM heed_data.quarantine", "2 2");
    read = store_with(heed_store_replace, test->database, mended);
    g_assert_cmpstr(read, ==, "1 0 0 1 a@example.org");
    assert_answer(test->database,
                  "SELECT concat_ws(' ', count(*), count(resolved_at)) FROM heed_data.quarantine",
                  "2 1");
    /* It arrived when it was quarantined, not when it was read. */
    assert_answer(test->database,
                  "SELECT count(*) FROM heed_data.event JOIN heed_data.quarantine"
                  " USING (digest, arrived_at)",
                  "1");
    late = store_with(heed_store_insert, test->database, bad);
    g_assert_cmpstr(late, ==, "0 3 0 0");
}

static void
test_replace(void)
{
    static const HeedTestArrival before[] = {
        BOUNCE(1, HEED_TRUST_AUTHENTICATED, "1@example.com", "a@example.org"),
        BOUNCE(2, HEED_TRUST_PLAUSIBLE, "2@example.com", "b@example.org"),
    };
    static const HeedTestArrival after[] = {
        {.number = 1,
         .kind = HEED_KIND_BOUNCE,
         .trust = HEED_TRUST_PLAUSIBLE,
         .message_id = "1@example.com",
         .address = "c@example.net",
         .class_ = HEED_CLASS_MAILBOX_FULL,
         .verdict = HEED_VERDICT_SOFT},
    };
    g_autoptr(HeedTestDatabase) test = new_store();
    g_autofree char *arrived = NULL;

    assert_stored(heed_store_insert, test->database, before, G_N_ELEMENTS(before),
                  "2 0 0 2 a@example.org b@example.org");
    arrived = heed_test_database_get(test->database,
                                     "SELECT string_agg(arrived_at::text, ' ' ORDER BY digest)"
                                     " FROM heed_data.report");
    assert_stored(heed_store_replace, test->database, after, 1,
                  "0 1 0 1 a@example.org c@example.net");
    assert_answer(test->database, COUNTS, "2 2 2 2 2 0 2 2");
    assert_answer(test->database,
                  "SELECT string_agg(arrived_at::text, ' ' ORDER BY digest) FROM heed_data.report",
                  arrived);
    assert_answer(test->database,
                  "SELECT string_agg(concat_ws(' ', domain, class, failures, reports), ', '"
                  " ORDER BY domain, class) FROM heed.bounce_daily WHERE reports <> 0",
                  "example.net mailbox-full 1 1, example.org bad-mailbox 1 1");
    /* The trust that was proven stays. */
    assert_answer(test->database,
                  "SELECT max(trust) FROM heed_data.event WHERE class = 'mailbox-full'", "3");
    assert_stored(heed_store_replace, test->database, after, 1, "0 1 0 1 c@example.net");
    assert_answer(test->database, COUNTS, "2 2 2 2 2 0 2 2");
}

/* The author's domain stands behind what is kept of the field. */
static void
test_replace_long_author(void)
{
    static const HeedTestArrival row =
        BOUNCE(1, HEED_TRUST_PLAUSIBLE, "1@example.com", "a@example.org");
    g_autoptr(HeedTestDatabase) test = new_store();
    g_autofree char *name = g_strnfill(3000, 'x');
    g_autofree char *author = g_strconcat("\"", name, "\" <news@example.com>", NULL);
    const Store stores[] = {heed_store_insert, heed_store_replace};

    for (size_t i = 0; i < G_N_ELEMENTS(stores); i++) {
        g_autoptr(GPtrArray) arrivals = arrivals_of(&row, 1);
        g_autofree char *done = NULL;

        ((HeedArrival *)g_ptr_array_index(arrivals, 0))->report->original.from = author;
        done = store_with(stores[i], test->database, arrivals);
        g_assert_cmpstr(done, ==, i == 0 ? "1 0 0 1 a@example.org" : "0 1 0 1 a@example.org");
    }
    assert_answer(test->database,
                  "SELECT string_agg(failures || ' ' || reports, ', ') FROM heed.bounce_daily"
                  " WHERE failures <> 0 OR reports <> 0",
                  "1 1");
}

/* A month that is over is dropped with its reports; a copy that comes later adds nothing. What the
 * state of an address rests on stays. */
static void
test_retention(void)
{
    const HeedRetention retention = {.raw_days = 30, .event_days = 31, .count_days = 31};
    static const HeedTestArrival rows[] = {
        BOUNCE(1, HEED_TRUST_SIGNED, "1@example.com", "a@example.org"),
        BOUNCE(2, HEED_TRUST_SIGNED, "2@example.com", "b@example.org")};
    g_autoptr(HeedTestDatabase) test = new_store();
    g_autoptr(GError) error = NULL;

    assert_stored(heed_store_insert, test->database, rows, 2,
                  "2 0 0 2 a@example.org b@example.org");
    heed_test_database_do(
        test->database,
        "RESET ROLE; SET ROLE heed_owner;"
        "SELECT heed_data.make_partition(parent, '202601', '2026-01-01 00:00Z', '2026-02-01 00:00Z')"
        " FROM unnest(ARRAY['event', 'report']) AS parent;"
        "UPDATE heed_data.event SET arrived_at = '2026-01-05';"
        "UPDATE heed_data.report SET arrived_at = '2026-01-05';"
        "UPDATE heed_data.failure SET arrived_at = '2026-01-05';"
        "INSERT INTO heed_data.address_state (scope, address, domain, suppressed, policy_version)"
        " VALUES ('', 'a@example.org', 'example.org', true, 1);"
        "SELECT heed_data.fold_rollups(); UPDATE heed_data.rollup SET day = '2026-01-05';"
        "SET ROLE heed_ingest");
    heed_assert_done(heed_store_maintain(test->database, &retention, &error), error);
    assert_answer(
        test->database,
        "SELECT concat_ws(' ', to_regclass('heed_data.event_202601') IS NULL,"
        " to_regclass('heed_data.report_202601') IS NULL,"
        " (SELECT count(*) FROM heed_data.event), (SELECT count(*) FROM heed_data.report),"
        " (SELECT count(*) FROM heed_data.failure),"
        " (SELECT count(*) FROM heed_data.rollup),"
        " (SELECT string_agg(address, ',') FROM heed_data.evidence),"
        " (SELECT count(*) FROM heed_data.report_seen))",
        "t t 0 0 0 0 a@example.org 2");
    assert_stored(heed_store_insert, test->database, rows, 2, "0 2 0 0");
    assert_answer(test->database, "SELECT count(*) FROM heed_data.event", "0");
}

/* Rows that came before their partition are moved into it; old mail goes; counts stay. */
static void
test_maintain(void)
{
    const HeedRetention retention = {.raw_days = 30};
    static const HeedTestArrival row =
        BOUNCE(1, HEED_TRUST_SIGNED, "1@example.com", "a@example.org");
    g_autoptr(HeedTestDatabase) test = new_store();
    g_autoptr(GError) error = NULL;

    heed_test_database_do(
        test->database,
        "RESET ROLE; DO $$DECLARE name regclass; BEGIN FOR name IN"
        " SELECT inhrelid FROM pg_inherits WHERE inhparent IN"
        " ('heed_data.event'::regclass, 'heed_data.report'::regclass,"
        " 'heed_data.raw_message'::regclass) AND inhrelid::regclass::text ~ '[0-9]$'"
        " LOOP EXECUTE format('DROP TABLE %s', name); END LOOP; END$$;"
        "SET ROLE heed_ingest");
    assert_stored(heed_store_insert, test->database, &row, 1, "1 0 0 1 a@example.org");
    assert_answer(test->database, "SELECT count(*) FROM heed_data.event_default", "1");
    g_assert_true(heed_store_maintain(test->database, &retention, &error));
    g_assert_no_error(error);
    assert_answer(test->database,
                  "SELECT concat_ws(' ', (SELECT count(*) FROM heed_data.event_default),"
                  " (SELECT count(*) FROM heed_data.raw_message_default),"
                  " (SELECT count(*) FROM heed_data.rollup_delta),"
                  " (SELECT sum(failures) FROM heed_data.rollup))",
                  "0 0 0 1");
    assert_answer(test->database, COUNTS, "1 1 1 1 1 0 1 1");
    g_assert_true(heed_store_maintain(test->database, &retention, &error));
    assert_stored(heed_store_insert, test->database, &row, 1, "0 1 0 0");
    /* A week of long ago. */
    heed_test_database_do(
        test->database,
        "RESET ROLE; SELECT heed_data.make_partition('raw_message', '20200106',"
        " '2020-01-06', '2020-01-13'); INSERT INTO heed_data.raw_message VALUES"
        " ('2020-01-07', 'x', 'y'), ('2019-01-01', 'x', 'y'); SET ROLE heed_ingest");
    g_assert_true(heed_store_maintain(test->database, &retention, &error));
    assert_answer(test->database,
                  "SELECT concat_ws(' ', count(*), to_regclass('heed_data.raw_message_20200106'))"
                  " FROM heed_data.raw_message",
                  "1");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/store/once", test_once);
    g_test_add_func("/store/at-once", test_at_once);
    g_test_add_func("/store/trust", test_trust);
    g_test_add_func("/store/unmatched", test_unmatched);
    g_test_add_func("/store/dates", test_dates);
    g_test_add_func("/store/wild-text", test_wild_text);
    g_test_add_func("/store/quarantine", test_quarantine);
    g_test_add_func("/store/replace", test_replace);
    g_test_add_func("/store/replace-long-author", test_replace_long_author);
    g_test_add_func("/store/maintain", test_maintain);
    g_test_add_func("/store/retention", test_retention);
    return g_test_run();
}
