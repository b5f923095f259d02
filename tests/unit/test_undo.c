/* SPDX-License-Identifier: Apache-2.0 */
#include "suppress/undo.h"

#include "base/error.h"
#include "parsers/report.h"
#include "suppress/policy.h"
#include "tests/support/check.h"
#include "tests/support/history.h"

#include <inttypes.h>
#include <string.h>

static HeedTestDatabase *test;
static HeedPolicy *policy;

/* --- what is told --- */

static void
begin(void *data)
{
    g_string_truncate(data, 0);
}

static void
tell(const HeedUndoChange *change, void *data)
{
    static const char *const names[] = {"lifted", "stays", "suppressed"};

    g_string_append_printf(data, "%s %s%s%s\n", names[change->effect], change->address,
                           *change->scope == '\0' ? "" : " in ", change->scope);
}

static char *
undo_with(const HeedUndoSelection *selection, bool dry_run, HeedUndone *done)
{
    GString *told = g_string_new("not begun");
    const HeedUndoTeller teller = {begin, tell, told};
    g_autoptr(GError) error = NULL;

    heed_assert_done(
        heed_undo(test->database, selection, "ann", "because", dry_run, &teller, done, &error),
        error);
    return g_string_free(told, FALSE);
}

static char *
revert(int64_t undo_id)
{
    GString *told = g_string_new("not begun");
    const HeedUndoTeller teller = {begin, tell, told};
    g_autoptr(GError) error = NULL;
    HeedUndone done;

    heed_assert_done(
        heed_undo_revert(test->database, undo_id, "bob", "an error", &teller, &done, &error),
        error);
    return g_string_free(told, FALSE);
}

/* --- the store --- */

/* Each is one event of trust 3, but where it says so; the hours count from the first of 2026. */
static const HeedPastEvent events[] = {
    {.address = "a@example.com",
     .verdict = "hard",
     .trust = 3,
     .hour = 0,
     .message = 'A',
     .digest = 301},
    {.address = "b@example.com",
     .verdict = "hard",
     .trust = 3,
     .hour = 1,
     .message = 'B',
     .digest = 302},
    {.address = "b@example.com",
     .verdict = "hard",
     .trust = 3,
     .hour = 50,
     .message = 'C',
     .digest = 303},
    {.address = "c@example.com",
     .verdict = "complaint",
     .stream = "news",
     .trust = 3,
     .hour = 2,
     .message = 'D',
     .digest = 304},
    {.address = "d@example.net",
     .verdict = "hard",
     .reason = "bad-domain",
     .trust = 3,
     .hour = 3,
     .message = 'E',
     .status = "5.1.10",
     .digest = 305},
    {.address = "e@example.net",
     .verdict = "delivered",
     .trust = 3,
     .hour = 4,
     .message = 'F',
     .digest = 306},
    {.address = "f@example.net",
     .verdict = "block",
     .reason = "policy",
     .trust = 3,
     .hour = 4,
     .message = 'G',
     .digest = 307},
};

static void
fold_everybody(void)
{
    static const char *const everybody[] = {"a@example.com", "b@example.com", "c@example.com",
                                            "d@example.net", "e@example.net", "f@example.net"};

    for (size_t i = 0; i < G_N_ELEMENTS(everybody); i++)
        heed_history_fold(test->database, policy, everybody[i]);
}

static void
prepare(void)
{
    heed_test_database_do(
        test->database,
        "TRUNCATE heed_data.event, heed_data.evidence, heed_data.decision, heed_data.report,"
        " heed_data.address_state, heed_data.undone_event, heed_data.undo, heed_data.mailbox,"
        " heed_data.mailbox_message, heed_data.quarantine RESTART IDENTITY");
    for (size_t i = 0; i < G_N_ELEMENTS(events); i++)
        heed_history_add_event(test->database, &events[i]);
    heed_test_database_do(
        test->database,
        "UPDATE heed_data.event SET provider = 'gmail', reporter_mta = 'mx.example.com',"
        " diagnostic = '550 5.1.1 No such User' WHERE domain = 'example.com';"
        "INSERT INTO heed_data.mailbox (name, url) VALUES ('fbl', 'imaps://fbl@example.com/');"
        "INSERT INTO heed_data.report (arrived_at, digest, received_at, mailbox_id, closed, kind,"
        " trust, recipient_count, size, truncated) SELECT arrived_at, digest, arrived_at, 1, false,"
        " kind, 3, 1, 1, false FROM heed_data.event WHERE domain = 'example.net'");
    fold_everybody();
}

/* What is computed anew differs in nothing. */
static void
assert_rebuilt(void)
{
    g_autoptr(GError) error = NULL;
    HeedRebuilt rebuilt;

    heed_assert_done(heed_policy_rebuild(test->database, policy, &rebuilt, &error), error);
    g_assert_cmpuint(rebuilt.changed, ==, 0);
}

/* --- tests --- */

static const struct {
    const char *name;
    HeedUndoSelection selection;
    uint64_t count;
    const char *told;
} rows[] = {
    {"domain",
     {.domain = "example.com"},
     4,
     "lifted a@example.com\nlifted b@example.com\nlifted c@example.com in news\n"},
    {"other-domain", {.domain = "example.net"}, 1, "lifted d@example.net\n"},
    {"no-domain", {.domain = "example.org"}, 0, ""},
    {"provider",
     {.provider = "gmail"},
     4,
     "lifted a@example.com\nlifted b@example.com\nlifted c@example.com in news\n"},
    {"class", {.class_ = "bad-domain"}, 1, "lifted d@example.net\n"},
    {"verdict", {.verdict = "complaint"}, 1, "lifted c@example.com in news\n"},
    {"stream", {.stream = "news"}, 1, "lifted c@example.com in news\n"},
    {"no-stream", {.stream = "", .domain = "example.net"}, 1, "lifted d@example.net\n"},
    {"text",
     {.text = "no such user"},
     4,
     "lifted a@example.com\nlifted b@example.com\nlifted c@example.com in news\n"},
    {"pattern",
     {.text = "^550 5\\.1\\.1 .*(user|box)$", .verdict = "hard"},
     3,
     "lifted a@example.com\nlifted b@example.com\n"},
    {"mta", {.mta = "mx.example.com", .verdict = "complaint"}, 1, "lifted c@example.com in news\n"},
    {"mailbox", {.mailbox = "fbl"}, 1, "lifted d@example.net\n"},
    {"until", {.until = "2026-01-01 01:30"}, 2, "lifted a@example.com\nstays b@example.com\n"},
    {"since", {.since = "2026-01-02", .domain = "example.com"}, 1, "stays b@example.com\n"},
    {"span",
     {.since = "2026-01-01 01:00", .until = "2026-01-01 01:00:01"},
     1,
     "stays b@example.com\n"},
    {"zone",
     {.since = "2026-01-01 02:00+01", .until = "2026-01-01 02:01+01"},
     1,
     "stays b@example.com\n"},
    {"all",
     {.since = "2000-01-01"},
     5,
     "lifted a@example.com\nlifted b@example.com\nlifted c@example.com in news\nlifted d@example.net\n"},
};

/* A dry run says what an undo does, and does nothing; what is taken back is as it was. */
static void
test_row(const void *data)
{
    size_t i = GPOINTER_TO_SIZE(data);
    g_autofree char *before = NULL;
    g_autofree char *dry = NULL;
    g_autofree char *told = NULL;
    g_autofree char *untouched = NULL;
    g_autofree char *taken_back = NULL;
    g_autofree char *after = NULL;
    static const char states[] =
        "SELECT coalesce(string_agg(concat_ws(' ', address, scope, suppressed, rule), ', ' ORDER BY"
        " address, scope), '') FROM heed_data.address_state";
    HeedUndone done;

    prepare();
    before = heed_test_database_get(test->database, states);
    dry = undo_with(&rows[i].selection, true, &done);
    g_assert_cmpstr(dry, ==, rows[i].told);
    g_assert_cmpuint(done.events, ==, rows[i].count);
    g_assert_cmpint(done.undo_id, ==, 0);
    untouched = heed_test_database_get(test->database, states);
    g_assert_cmpstr(untouched, ==, before);
    told = undo_with(&rows[i].selection, false, &done);
    g_assert_cmpstr(told, ==, rows[i].told);
    g_assert_cmpuint(done.events, ==, rows[i].count);
    assert_rebuilt();
    if (rows[i].count == 0) {
        g_assert_cmpint(done.undo_id, ==, 0);
        return;
    }
    taken_back = revert(done.undo_id);
    after = heed_test_database_get(test->database, states);
    g_assert_cmpstr(after, ==, before);
    assert_rebuilt();
}

static void
test_words(void)
{
    static const struct {
        HeedUndoSelection selection;
        const char *says;
    } wrong[] = {
        {{0}, "undo what?"},
        {{.class_ = "bad-weather"}, "--class bad-weather"},
        {{.mailbox = "other"}, "--source other"},
        {{.verdict = "block"}, "--verdict block"},
        {{.verdict = "harsh"}, "--verdict harsh"},
        {{.text = "(user"}, "--text (user"},
        {{.text = ""}, "--text"},
        {{.since = "2026-02-02", .until = "2026-02-01"}, "--since 2026-02-02"},
        {{.since = "soon"}, "--since soon"},
        {{.until = "2026-13-01"}, "--until 2026-13-01"},
    };

    prepare();
    for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_autoptr(GError) error = NULL;
        HeedUndone done;

        g_assert_false(heed_undo(test->database, &wrong[i].selection, "ann", NULL, false, NULL,
                                 &done, &error));
        g_assert_error(error, HEED_ERROR, HEED_ERROR_USAGE);
        g_assert_nonnull(strstr(error->message, wrong[i].says));
    }
}

/* Each undo holds by itself: what two disregard counts again when both are taken back. */
static void
test_two(void)
{
    const HeedUndoSelection domain = {.domain = "example.net"};
    const HeedUndoSelection class_ = {.class_ = "bad-domain"};
    g_autofree char *first = NULL;
    g_autofree char *second = NULL;
    g_autofree char *still = NULL;
    g_autofree char *back = NULL;
    g_autoptr(HeedRows) list = NULL;
    g_autoptr(GError) error = NULL;
    HeedUndone one;
    HeedUndone two;

    prepare();
    first = undo_with(&domain, false, &one);
    second = undo_with(&class_, false, &two);
    g_assert_cmpstr(second, ==, "");
    g_assert_cmpuint(two.events, ==, 1);
    still = revert(one.undo_id);
    g_assert_cmpstr(still, ==, "");
    back = revert(two.undo_id);
    g_assert_cmpstr(back, ==, "suppressed d@example.net\n");
    g_assert_false(heed_undo_revert(test->database, two.undo_id, "bob", NULL, NULL, &two, &error));
    g_assert_error(error, HEED_ERROR, HEED_ERROR_NO_INPUT);
    g_clear_error(&error);
    list = heed_undo_list(test->database, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(heed_rows_count(list), ==, 2);
    g_assert_cmpstr(heed_rows_text(list, 0, 2), ==, "ann");
    g_assert_cmpstr(heed_rows_text(list, 0, 4), ==, "{\"domain\": \"example.net\"}");
    g_assert_cmpint(heed_rows_int(list, 0, 5), ==, 1);
    g_assert_cmpstr(heed_rows_text(list, 1, 7), ==, "bob");
    g_assert_cmpstr(heed_rows_text(list, 1, 8), ==, "an error");
}

/* What a person decided stays, and so does what comes later. */
static void
test_others(void)
{
    const HeedUndoSelection domain = {.domain = "example.com"};
    const HeedPastDecision add = {
        .address = "c@example.com", .action = "add", .scope = "", .hour = 60};
    const HeedPastEvent later = {.address = "a@example.com",
                                 .verdict = "hard",
                                 .trust = 3,
                                 .hour = 0,
                                 .late = 99,
                                 .message = 'Z'};
    g_autofree char *told = NULL;
    g_autofree char *after = NULL;
    HeedUndone done;

    prepare();
    heed_history_add_decision(test->database, &add);
    fold_everybody();
    told = undo_with(&domain, false, &done);
    g_assert_cmpstr(told, ==,
                    "lifted a@example.com\nlifted b@example.com\nstays c@example.com\n"
                    "lifted c@example.com in news\n");
    heed_history_add_event(test->database, &later);
    heed_history_fold(test->database, policy, "a@example.com");
    after = heed_history_states(test->database, "a@example.com");
    g_assert_true(g_str_has_prefix(after, " suppressed hard"));
    assert_rebuilt();
}

/* Of dropped events, what was kept of them is undone like others; and it is said that there were
 * more. */
static void
test_dropped(void)
{
    const HeedUndoSelection all = {.domain = "example.com"};
    const HeedUndoSelection young = {.domain = "example.com", .since = "2026-01-04"};
    g_autofree char *told = NULL;
    g_autofree char *later = NULL;
    HeedUndone done;

    prepare();
    heed_test_database_do(test->database,
                          "INSERT INTO heed_data.evidence SELECT * FROM heed_data.event WHERE"
                          " arrived_at < '2026-01-02';"
                          "DELETE FROM heed_data.event WHERE arrived_at < '2026-01-02'");
    later = undo_with(&young, true, &done);
    g_assert_cmpint(done.kept_since, ==, HEED_DATE_UNKNOWN);
    told = undo_with(&all, false, &done);
    g_assert_true(g_str_has_prefix(told, "lifted a@example.com\n"));
    g_assert_cmpint(done.kept_since, !=, HEED_DATE_UNKNOWN);
    assert_rebuilt();
}

/* More addresses than a page; in order. */
static void
test_many(void)
{
    const HeedUndoSelection domain = {.domain = "example.org"};
    g_autoptr(GError) error = NULL;
    g_autofree char *told = NULL;
    g_autofree char *left = NULL;
    HeedRebuilt rebuilt;
    HeedUndone done;

    prepare();
    heed_test_database_do(
        test->database,
        "INSERT INTO heed_data.event (arrived_at, digest, ordinal, occurred_at, closed, trust, kind,"
        " class, verdict, address, domain, original_key, failure_key) SELECT '2026-01-01',"
        " int4send(i + 100000), 0, '2026-01-01', false, 3, 'bounce', 'bad-mailbox', 'hard',"
        " 'u' || i || '@example.org', 'example.org', int4send(i), int4send(i)"
        " FROM generate_series(1, 2500) AS i");
    heed_assert_done(heed_policy_rebuild(test->database, policy, &rebuilt, &error), error);
    told = undo_with(&domain, false, &done);
    g_assert_cmpuint(done.lifted, ==, 2500);
    g_assert_true(g_str_has_prefix(told, "lifted u1000@example.org\nlifted u1001@example.org\n"));
    left = heed_test_database_get(test->database, "SELECT count(*) FROM heed_data.address_state "
                                                  "WHERE suppressed AND domain = 'example.org'");
    g_assert_cmpstr(left, ==, "0");
    assert_rebuilt();
}

/* --- a race --- */

static void *
undo_in_thread(void *data)
{
    const HeedUndoSelection all = {.domain = "example.com"};
    g_autoptr(GError) error = NULL;
    HeedUndone done;

    heed_assert_done(heed_undo(data, &all, "ann", NULL, false, NULL, &done, &error), error);
    return NULL;
}

/* A batch folds an address while it is undone: whoever is last sees both. */
static void
test_race(void)
{
    const HeedPastEvent another = {
        .address = "b@example.com", .verdict = "hard", .trust = 3, .hour = 70, .message = 'Y'};
    g_autoptr(HeedDatabase) other = heed_test_database_connect(test);
    g_autoptr(HeedDatabase) third = heed_test_database_connect(test);
    g_autoptr(GPtrArray) addresses = g_ptr_array_new();
    g_autoptr(GError) error = NULL;
    g_autofree char *after = NULL;
    char address[] = "b@example.com";
    HeedTransaction *transaction;
    GThread *thread;

    prepare();
    g_ptr_array_add(addresses, address);
    transaction = heed_transaction_begin(test->database, &error);
    g_assert_no_error(error);
    heed_history_add_event(test->database, &another);
    heed_assert_done(heed_policy_fold(test->database, policy, addresses, &error), error);
    thread = g_thread_new("undo", undo_in_thread, other);
    for (unsigned tries = 0;; tries++) {
        g_autofree char *waiting =
            heed_test_database_get(third, "SELECT count(*) FROM pg_locks WHERE NOT granted");

        if (!g_str_equal(waiting, "0"))
            break;
        g_assert_cmpuint(tries, <, 2000);
        g_usleep(5000);
    }
    heed_assert_done(heed_transaction_commit(transaction, &error), error);
    heed_transaction_free(transaction);
    (void)g_thread_join(thread);
    after = heed_history_states(test->database, "b@example.com");
    g_assert_true(g_str_has_prefix(after, " suppressed hard bad-mailbox since 70"));
    assert_rebuilt();
}

int
main(int argc, char **argv)
{
    int status;

    g_test_init(&argc, &argv, NULL);
    test = heed_test_database_new();
    policy = heed_history_prepare(test);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *path = g_strdup_printf("/undo/%s", rows[i].name);

        g_test_add_data_func(path, GSIZE_TO_POINTER(i), test_row);
    }
    g_test_add_func("/undo/words", test_words);
    g_test_add_func("/undo/two", test_two);
    g_test_add_func("/undo/others", test_others);
    g_test_add_func("/undo/dropped", test_dropped);
    g_test_add_func("/undo/many", test_many);
    g_test_add_func("/undo/race", test_race);
    status = g_test_run();
    heed_test_database_free(test);
    heed_policy_free(policy);
    return status;
}
