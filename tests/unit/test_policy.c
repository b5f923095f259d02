/* SPDX-License-Identifier: Apache-2.0 */
#include "suppress/policy.h"
#include "tests/support/check.h"
#include "tests/support/history.h"

#include <string.h>

#define MOST_EVENTS    6
#define MOST_DECISIONS 5

typedef struct Row {
    const char *name;
    const char *address; /* NULL: a@example.com */
    HeedPastEvent events[MOST_EVENTS];
    HeedPastDecision decisions[MOST_DECISIONS];
    const char *want;
} Row;

#define HARD(trust_, hour_, message_)                                                \
    {                                                                                \
        .verdict = "hard", .trust = (trust_), .hour = (hour_), .message = (message_) \
    }
#define BAD_DOMAIN(trust_, hour_, message_)                                            \
    {                                                                                  \
        .verdict = "hard", .reason = "bad-domain", .trust = (trust_), .hour = (hour_), \
        .message = (message_)                                                          \
    }
#define SPAM(trust_, hour_, message_, stream_)                                             \
    {                                                                                      \
        .verdict = "complaint", .trust = (trust_), .hour = (hour_), .message = (message_), \
        .stream = (stream_)                                                                \
    }

static const Row rows[] = {
    {.name = "nothing", .want = ""},

    {.name = "hard/authenticated",
     .events = {HARD(3, 5, 'A')},
     .want = " suppressed hard bad-mailbox since 5, 1 from 5 to 5: hard: authenticated report\n"},
    {.name = "hard/signed",
     .events = {HARD(4, 5, '\0')},
     .want = " suppressed hard bad-mailbox since 5, 1 from 5 to 5: hard: signed report\n"},
    {.name = "hard/unproven", .events = {HARD(1, 0, 'A'), HARD(1, 50, 'B')}, .want = ""},
    {.name = "hard/unknown", .events = {HARD(0, 0, 'A'), HARD(0, 50, 'B')}, .want = ""},
    {.name = "hard/plausible-once",
     .events = {HARD(2, 0, 'A')},
     .want = " waiting - - since -, 1 from 0 to 0: not enough evidence yet\n"},
    {.name = "hard/plausible-twice",
     .events = {HARD(2, 0, 'A'), HARD(2, 20, 'B')},
     .want = " suppressed hard bad-mailbox since 20, 2 from 0 to 20: hard: 2 messages 20 h "
             "apart\n"},
    {.name = "hard/plausible-too-close",
     .events = {HARD(2, 0, 'A'), HARD(2, 19, 'B')},
     .want = " waiting - - since -, 2 from 0 to 19: not enough evidence yet\n"},
    {.name = "hard/plausible-one-message",
     .events = {HARD(2, 0, 'A'), HARD(2, 90, 'A')},
     .want = " waiting - - since -, 2 from 0 to 90: not enough evidence yet\n"},
    {.name = "hard/plausible-unidentified",
     .events = {HARD(2, 0, '\0'), HARD(2, 40, '\0'), HARD(2, 80, '\0')},
     .want = " waiting - - since -, 3 from 0 to 80: not enough evidence yet\n"},
    {.name = "hard/plausible-one-unidentified",
     .events = {HARD(2, 0, '\0'), HARD(2, 40, 'A')},
     .want = " suppressed hard bad-mailbox since 40, 2 from 0 to 40: hard: 2 messages 20 h "
             "apart\n"},
    {.name = "hard/plausible-forged-flood",
     .events = {HARD(2, 0, 'A'), HARD(2, 0, 'B'), HARD(2, 1, 'C'), HARD(2, 19, 'D')},
     .want = " waiting - - since -, 4 from 0 to 19: not enough evidence yet\n"},
    {.name = "hard/believed-later-than-plausible",
     .events = {HARD(2, 0, 'A'), HARD(2, 30, 'B'), HARD(3, 60, 'C')},
     .want = " suppressed hard bad-mailbox since 30, 3 from 0 to 60: hard: 2 messages 20 h "
             "apart\n"},
    {.name = "hard/same-failure-thrice",
     .events = {{.verdict = "hard", .trust = 2, .hour = 0, .message = 'A', .failure = 'f'},
                {.verdict = "hard", .trust = 2, .hour = 30, .message = 'B', .failure = 'f'},
                {.verdict = "hard", .trust = 2, .hour = 60, .message = 'C', .failure = 'f'}},
     .want = " waiting - - since -, 1 from 0 to 0: not enough evidence yet\n"},
    {.name = "hard/same-failure-believed-once",
     .events = {{.verdict = "hard", .trust = 2, .hour = 0, .message = 'A', .failure = 'f'},
                {.verdict = "hard", .trust = 3, .hour = 7, .message = 'A', .failure = 'f'}},
     .want = " suppressed hard bad-mailbox since 7, 1 from 7 to 7: hard: authenticated report\n"},
    {.name = "hard/the-trusted-report-speaks",
     .events = {{.verdict = "hard", .trust = 2, .hour = 0, .message = 'A', .failure = 'f'},
                {.verdict = "hard", .trust = 2, .hour = 40, .message = 'B'},
                {.verdict = "soft",
                 .reason = "mailbox-full",
                 .trust = 3,
                 .hour = 1,
                 .message = 'A',
                 .failure = 'f'}},
     .want = " waiting - - since -, 2 from 1 to 40: not enough evidence yet\n"},
    {.name = "hard/an-unproven-report-displaces-nothing",
     .events =
         {{.verdict = "hard", .trust = 3, .hour = 2, .failure = 'f'},
          {.verdict = "soft", .reason = "mailbox-full", .trust = 1, .hour = 1, .failure = 'f'}},
     .want = " suppressed hard bad-mailbox since 2, 1 from 2 to 2: hard: authenticated report\n"},

    {.name = "bad-domain/authenticated-once",
     .events = {BAD_DOMAIN(3, 0, 'A')},
     .want = " waiting - - since -, 1 from 0 to 0: not enough evidence yet\n"},
    {.name = "bad-domain/authenticated-twice",
     .events = {BAD_DOMAIN(3, 0, '\0'), BAD_DOMAIN(3, 72, '\0')},
     .want = " suppressed hard bad-domain since 72, 2 from 0 to 72: bad-domain: 2 reports 72 h "
             "apart\n"},
    {.name = "bad-domain/too-close",
     .events = {BAD_DOMAIN(3, 0, 'A'), BAD_DOMAIN(3, 71, 'B')},
     .want = " waiting - - since -, 2 from 0 to 71: not enough evidence yet\n"},
    {.name = "bad-domain/plausible-twice",
     .events = {BAD_DOMAIN(2, 0, 'A'), BAD_DOMAIN(2, 72, 'B')},
     .want = " suppressed hard bad-domain since 72, 2 from 0 to 72: bad-domain: 2 reports 72 h "
             "apart\n"},
    {.name = "bad-domain/plausible-one-message",
     .events = {BAD_DOMAIN(2, 0, 'A'), BAD_DOMAIN(2, 99, 'A')},
     .want = " waiting - - since -, 2 from 0 to 99: not enough evidence yet\n"},
    {.name = "bad-domain/null-mx",
     .events =
         {{.verdict = "hard", .reason = "bad-domain", .status = "5.1.10", .trust = 3, .hour = 4}},
     .want = " suppressed hard bad-domain since 4, 1 from 4 to 4: bad-domain: null MX\n"},
    {.name = "bad-domain/null-mx-plausible",
     .events =
         {{.verdict = "hard", .reason = "bad-domain", .status = "5.1.10", .trust = 2, .hour = 4}},
     .want = " waiting - - since -, 1 from 4 to 4: not enough evidence yet\n"},
    {.name = "bad-domain/beside-bad-mailbox",
     .events = {BAD_DOMAIN(2, 0, 'A'), HARD(2, 80, 'B')},
     .want = " waiting - - since -, 2 from 0 to 80: not enough evidence yet\n"},

    {.name = "soft/twice",
     .events = {{.verdict = "soft", .reason = "mailbox-full", .trust = 4, .hour = 0},
                {.verdict = "soft", .reason = "mailbox-full", .trust = 4, .hour = 99}},
     .want = " waiting - - since -, 2 from 0 to 99: not enough evidence yet\n"},
    {.name = "soft/thrice",
     .events =
         {{.verdict = "soft", .reason = "mailbox-full", .trust = 2, .hour = 0, .message = 'A'},
          {.verdict = "soft", .reason = "restricted", .trust = 3, .hour = 30, .message = 'B'},
          {.verdict = "soft", .reason = "restricted", .trust = 3, .hour = 60, .message = 'C'}},
     .want =
         " suppressed soft restricted since 60 until 780, 3 from 0 to 60: soft: 3 messages 20 h "
         "apart, for 30 days\n"},
    {.name = "lift/delivered",
     .events = {{.verdict = "soft", .trust = 3, .hour = 0, .message = 'A'},
                {.verdict = "soft", .trust = 3, .hour = 30, .message = 'B'},
                {.verdict = "delivered", .trust = 3, .hour = 50, .message = 'X'},
                {.verdict = "soft", .trust = 3, .hour = 60, .message = 'C'}},
     .want = " waiting - - since -, 3 from 0 to 60: not enough evidence yet\n"},
    {.name = "lift/delivered-says-a-forger",
     .events = {{.verdict = "soft", .trust = 3, .hour = 0, .message = 'A'},
                {.verdict = "soft", .trust = 3, .hour = 30, .message = 'B'},
                {.verdict = "delivered", .trust = 2, .hour = 50, .message = 'X'},
                {.verdict = "soft", .trust = 3, .hour = 60, .message = 'C'}},
     .want = " suppressed soft bad-mailbox since 60 until 780, 3 from 0 to 60: soft: 3 messages 20 "
             "h apart, for 30 days\n"},
    {.name = "lift/not-spam",
     .events = {SPAM(3, 0, 'A', "news"),
                {.verdict = "not-spam", .trust = 3, .hour = 9, .message = 'A'}},
     .want = ""},
    {.name = "lift/not-spam-says-a-forger",
     .events = {SPAM(3, 0, 'A', "news"),
                {.verdict = "not-spam", .trust = 2, .hour = 9, .message = 'A'}},
     .want = "news suppressed complaint abuse since 0, 1 from 0 to 0: complaint: authenticated "
             "report\n"},
    {.name = "lift/delivered-alone",
     .events = {{.verdict = "delivered", .trust = 4, .hour = 9, .message = 'A'}},
     .want = ""},

    {.name = "never/block",
     .events = {{.verdict = "block", .reason = "reputation", .trust = 4, .hour = 0},
                {.verdict = "block", .reason = "bad-mailbox", .trust = 4, .hour = 99}},
     .want = ""},
    {.name = "never/transient",
     .events = {{.verdict = "transient", .reason = "network", .trust = 4, .hour = 0}},
     .want = ""},

    {.name = "complaint/authenticated",
     .events = {SPAM(3, 5, 'A', NULL)},
     .want = " suppressed complaint abuse since 5, 1 from 5 to 5: complaint: authenticated "
             "report\n"},
    {.name = "complaint/in-its-scope",
     .events = {SPAM(3, 5, 'A', "news"), SPAM(2, 6, 'B', "shop")},
     .want = "news suppressed complaint abuse since 5, 1 from 5 to 5: complaint: authenticated "
             "report\n"
             "shop waiting - - since -, 1 from 6 to 6: not enough evidence yet\n"},
    {.name = "complaint/streams-do-not-add-up",
     .events = {SPAM(2, 0, 'A', "news"), SPAM(2, 50, 'B', "shop")},
     .want = "news waiting - - since -, 1 from 0 to 0: not enough evidence yet\n"
             "shop waiting - - since -, 1 from 50 to 50: not enough evidence yet\n"},
    {.name = "complaint/plausible-twice",
     .events = {SPAM(2, 0, 'A', "news"), SPAM(2, 50, 'B', "news")},
     .want = "news suppressed complaint abuse since 50, 2 from 0 to 50: complaint: 2 messages 20 h "
             "apart\n"},
    {.name = "complaint/closed-mailbox",
     .events = {{.verdict = "complaint", .trust = 2, .hour = 5, .closed = true}},
     .want = " suppressed complaint abuse since 5, 1 from 5 to 5: complaint: closed mailbox\n"},
    {.name = "complaint/closed-mailbox-speaks-first",
     .events = {{.verdict = "complaint", .trust = 2, .hour = 4, .message = 'A', .failure = 'f'},
                {.verdict = "complaint",
                 .trust = 2,
                 .hour = 5,
                 .message = 'A',
                 .failure = 'f',
                 .closed = true}},
     .want = " suppressed complaint abuse since 5, 1 from 5 to 5: complaint: closed mailbox\n"},
    {.name = "complaint/closed-but-unproven",
     .events = {{.verdict = "complaint", .trust = 1, .hour = 5, .closed = true}},
     .want = ""},
    {.name = "complaint/role",
     .address = "abuse@example.com",
     .events = {{.address = "abuse@example.com", .verdict = "complaint", .trust = 4, .hour = 5}},
     .want = ""},
    {.name = "complaint/role-may-bounce",
     .address = "abuse@example.com",
     .events = {{.address = "abuse@example.com", .verdict = "hard", .trust = 3, .hour = 5},
                {.address = "abuse@example.com", .verdict = "complaint", .trust = 4, .hour = 5}},
     .want = " suppressed hard bad-mailbox since 5, 1 from 5 to 5: hard: authenticated report\n"},
    {.name = "unsubscribe/authenticated",
     .events = {{.verdict = "unsubscribe", .trust = 3, .hour = 5, .stream = "news"}},
     .want = "news suppressed unsubscribe unsubscribe since 5, 1 from 5 to 5: unsubscribe: "
             "authenticated report\n"},
    {.name = "unsubscribe/closed-is-not-enough",
     .events = {{.verdict = "unsubscribe", .trust = 2, .hour = 5, .closed = true}},
     .want = " waiting - - since -, 1 from 5 to 5: not enough evidence yet\n"},
    {.name = "unsubscribe/complaints-do-not-add-up",
     .events = {{.verdict = "unsubscribe", .trust = 2, .hour = 0, .message = 'A'},
                {.verdict = "complaint", .trust = 2, .hour = 50, .message = 'B'}},
     .want = " waiting - - since -, 2 from 0 to 50: not enough evidence yet\n"},

    {.name = "decision/add",
     .decisions = {{.action = "add", .scope = "", .hour = 3}},
     .want = " suppressed manual manual since 3, 0 from - to -: added by hand\n"},
    {.name = "decision/add-twice",
     .decisions = {{.action = "add", .scope = "news", .hour = 3},
                   {.action = "add", .scope = "news", .hour = 6}},
     .want = "news suppressed manual manual since 3, 0 from - to -: added by hand\n"},
    {.name = "decision/add-and-remove",
     .decisions = {{.action = "add", .scope = "", .hour = 3},
                   {.action = "remove", .scope = "", .hour = 6}},
     .want = ""},
    {.name = "decision/remove-everywhere",
     .events = {SPAM(3, 1, 'A', "shop")},
     .decisions = {{.action = "add", .scope = "news", .hour = 3},
                   {.action = "remove", .scope = "", .hour = 6}},
     .want = ""},
    {.name = "decision/remove-elsewhere",
     .events = {HARD(3, 1, 'A')},
     .decisions = {{.action = "remove", .scope = "news", .hour = 6}},
     .want = " suppressed hard bad-mailbox since 1, 1 from 1 to 1: hard: authenticated report\n"},
    {.name = "decision/remove-then-new-evidence",
     .events = {HARD(3, 1, 'A'), HARD(3, 9, 'B')},
     .decisions = {{.action = "remove", .scope = "", .hour = 6}},
     .want = " suppressed hard bad-mailbox since 9, 1 from 9 to 9: hard: authenticated report\n"},
    {.name = "decision/remove-then-old-claim-arrives",
     .events = {{.verdict = "hard", .trust = 3, .hour = 1, .late = 8, .message = 'B'}},
     .decisions = {{.action = "remove", .scope = "", .hour = 6}},
     .want = " suppressed hard bad-mailbox since 1, 1 from 1 to 1: hard: authenticated report\n"},
    {.name = "decision/remove-then-same-failure-again",
     .events = {{.verdict = "hard", .trust = 2, .hour = 1, .message = 'A', .failure = 'f'},
                {.verdict = "hard", .trust = 3, .hour = 9, .message = 'A', .failure = 'f'}},
     .decisions = {{.action = "remove", .scope = "", .hour = 6}},
     .want = ""},
    {.name = "decision/remove-takes-half-a-pair",
     .events = {HARD(2, 1, 'A'), HARD(2, 40, 'B')},
     .decisions = {{.action = "remove", .scope = "", .hour = 6}},
     .want = " waiting - - since -, 1 from 40 to 40: not enough evidence yet\n"},
    {.name = "decision/allow",
     .events = {HARD(3, 1, 'A')},
     .decisions = {{.action = "allow", .scope = "", .hour = 0}},
     .want = " allowed hard bad-mailbox since 1, 1 from 1 to 1: allowed\n"},
    {.name = "decision/allow-covers-scopes",
     .events = {SPAM(3, 1, 'A', "news")},
     .decisions = {{.action = "allow", .scope = "", .hour = 0}},
     .want = " allowed - - since -, 0 from - to -: allowed\n"
             "news allowed complaint abuse since 1, 1 from 1 to 1: allowed\n"},
    {.name = "decision/allow-in-a-scope",
     .events = {SPAM(3, 1, 'A', "news"), SPAM(3, 1, 'A', "shop")},
     .decisions = {{.action = "allow", .scope = "news", .hour = 0}},
     .want = "news allowed complaint abuse since 1, 1 from 1 to 1: allowed\n"
             "shop suppressed complaint abuse since 1, 1 from 1 to 1: complaint: authenticated "
             "report\n"},
    {.name = "decision/allow-and-disallow",
     .events = {HARD(3, 1, 'A')},
     .decisions = {{.action = "allow", .scope = "", .hour = 2},
                   {.action = "disallow", .scope = "", .hour = 3}},
     .want = " suppressed hard bad-mailbox since 1, 1 from 1 to 1: hard: authenticated report\n"},
    {.name = "decision/allow-beats-add",
     .decisions = {{.action = "allow", .scope = "", .hour = 2},
                   {.action = "add", .scope = "", .hour = 3}},
     .want = " allowed manual manual since 3, 0 from - to -: allowed\n"},
};

static HeedTestDatabase *test;
static HeedPolicy *policy;

static void
empty_store(void)
{
    heed_test_database_do(test->database,
                          "TRUNCATE heed_data.event, heed_data.evidence, heed_data.decision, "
                          "heed_data.guard_hold, heed_data.undo, heed_data.undone_event, "
                          "heed_data.address_state RESTART IDENTITY");
}

static void
test_row(const void *data)
{
    const Row *row = data;
    g_autofree char *got = NULL;

    empty_store();
    for (size_t i = 0; i < MOST_EVENTS && row->events[i].verdict != NULL; i++)
        heed_history_add_event(test->database, &row->events[i]);
    for (size_t i = 0; i < MOST_DECISIONS && row->decisions[i].action != NULL; i++)
        heed_history_add_decision(test->database, &row->decisions[i]);
    heed_history_fold(test->database, policy, row->address);
    got = heed_history_states(test->database, row->address);
    g_assert_cmpstr(got, ==, row->want);
}

/* What moved out of the events before their partition was dropped speaks as before. */
static void
test_evidence(void)
{
    HeedPastEvent first = HARD(2, 0, 'A');
    HeedPastEvent second = HARD(2, 50, 'B');
    g_autofree char *before = NULL;
    g_autofree char *after = NULL;

    empty_store();
    heed_history_add_event(test->database, &first);
    heed_history_add_event(test->database, &second);
    heed_history_fold(test->database, policy, NULL);
    before = heed_history_states(test->database, NULL);
    heed_test_database_do(test->database, "SELECT heed_data.drop_events('2026-01-02')");
    heed_test_database_do(
        test->database, "DO $$ BEGIN ASSERT (SELECT count(*) FROM heed_data.evidence) = 1; ASSERT "
                        "(SELECT count(*) FROM heed_data.event) = 1; END $$");
    heed_history_fold(test->database, policy, NULL);
    after = heed_history_states(test->database, NULL);
    g_assert_cmpstr(before, ==, after);
    g_assert_nonnull(strstr(after, "suppressed"));
}

static void
assert_states(const char *want)
{
    g_autofree char *got = NULL;

    heed_history_fold(test->database, policy, NULL);
    got = heed_history_states(test->database, NULL);
    g_assert_cmpstr(got, ==, want);
}

/* A hold is for what was received in its span, until somebody decides. */
static void
test_holds(void)
{
    HeedPastEvent in_time = HARD(3, 5, 'A');
    HeedPastEvent later = HARD(3, 11, 'B');

    in_time.late = 100;
    empty_store();
    heed_history_add_event(test->database, &in_time);
    heed_history_add_hold(test->database, 5, 11, NULL);
    assert_states(
        " suppressed hard bad-mailbox since 5 until 53, 1 from 5 to 5: hard: held, surge 1\n");
    heed_history_add_event(test->database, &later);
    assert_states(" suppressed hard bad-mailbox since 11, 2 from 5 to 11: hard: authenticated "
                  "report\n");
    heed_test_database_do(test->database, "UPDATE heed_data.guard_hold SET resolution = "
                                          "'released', ended_at = '2027-01-01'");
    assert_states(" suppressed hard bad-mailbox since 5, 2 from 5 to 11: hard: authenticated "
                  "report\n");
    heed_test_database_do(test->database,
                          "UPDATE heed_data.guard_hold SET resolution = 'discarded'");
    assert_states("");
    /* One that is not about it, and one that still waits beside one that was released. */
    heed_test_database_do(test->database, "UPDATE heed_data.guard_hold SET dimension = 'provider'");
    assert_states(" suppressed hard bad-mailbox since 5, 2 from 5 to 11: hard: authenticated "
                  "report\n");
    heed_test_database_do(test->database,
                          "UPDATE heed_data.event SET provider = 'x', reporter_mta = 'y'");
    heed_test_database_do(
        test->database,
        "UPDATE heed_data.guard_hold SET name = 'x', resolution = 'released'; INSERT INTO "
        "heed_data.guard_hold (dimension, name, began_at, placed_at, statistics) VALUES ('mta', "
        "'y', '2026-01-01', '2026-01-01 10:00', '{}')");
    assert_states(
        " suppressed hard bad-mailbox since 11 until 59, 2 from 5 to 11: hard: held, surge 2\n");
}

/* What is undone never arrived, until that is reverted. */
static void
test_undone(void)
{
    HeedPastEvent first = HARD(3, 5, 'A');
    HeedPastEvent second = HARD(2, 40, 'B');

    first.digest = 300;
    empty_store();
    heed_history_add_event(test->database, &first);
    heed_history_add_event(test->database, &second);
    heed_test_database_do(
        test->database,
        "INSERT INTO heed_data.undo (decided_by, selection) VALUES ('me', '{}'); "
        "INSERT INTO heed_data.undone_event (arrived_at, digest, ordinal, undo_id, address) "
        "SELECT arrived_at, digest, ordinal, 1, address FROM heed_data.event WHERE trust = 3");
    assert_states(" waiting - - since -, 1 from 40 to 40: not enough evidence yet\n");
    heed_test_database_do(test->database, "UPDATE heed_data.undo SET reverted_at = now()");
    assert_states(" suppressed hard bad-mailbox since 5, 2 from 5 to 40: hard: authenticated "
                  "report\n");
}

static void
test_rebuild(void)
{
    HeedPastEvent event = HARD(3, 0, 'A');
    g_autoptr(GError) error = NULL;
    g_autofree char *got = NULL;
    HeedRebuilt rebuilt;

    empty_store();
    heed_history_add_event(test->database, &event);
    heed_test_database_do(test->database,
                          "INSERT INTO heed_data.address_state (scope, address, domain, "
                          "suppressed, rule, policy_version) VALUES ('news', 'b@example.com', "
                          "'example.com', true, 'nobody knows', 1)");
    heed_assert_done(heed_policy_rebuild(test->database, policy, &rebuilt, &error), error);
    g_assert_cmpuint(rebuilt.addresses, ==, 2);
    g_assert_cmpuint(rebuilt.changed, ==, 2);
    got = heed_test_database_get(test->database, "SELECT string_agg(scope || address, ',') FROM "
                                                 "heed_data.address_state");
    g_assert_cmpstr(got, ==, "a@example.com");
    heed_assert_done(heed_policy_rebuild(test->database, policy, &rebuilt, &error), error);
    g_assert_cmpuint(rebuilt.addresses, ==, 1);
    g_assert_cmpuint(rebuilt.changed, ==, 0);
}

/* More addresses than a slice holds. */
static void
test_rebuild_slices(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *got = NULL;
    HeedRebuilt rebuilt;

    empty_store();
    heed_test_database_do(
        test->database,
        "INSERT INTO heed_data.event (arrived_at, digest, ordinal, occurred_at, closed, trust, "
        "kind, class, verdict, address, domain, failure_key) "
        "SELECT now(), int4send(n), 0, now(), false, 3, 'bounce', 'bad-mailbox', 'hard', "
        "'user' || n % 2500 || '@example.com', 'example.com', int4send(n) "
        "FROM generate_series(1, 5000) AS n");
    heed_assert_done(heed_policy_rebuild(test->database, policy, &rebuilt, &error), error);
    g_assert_cmpuint(rebuilt.addresses, ==, 2500);
    g_assert_cmpuint(rebuilt.changed, ==, 2500);
    got =
        heed_test_database_get(test->database, "SELECT count(*) || ' ' || sum(evidence_count) FROM "
                                               "heed_data.address_state WHERE suppressed");
    g_assert_cmpstr(got, ==, "2500 5000");
}

static bool
is_stale(void)
{
    g_autoptr(GError) error = NULL;
    bool stale = false;

    heed_assert_done(heed_policy_is_stale(test->database, &stale, &error), error);
    return stale;
}

static HeedPolicy *
establish(unsigned messages)
{
    HeedPolicy *made = heed_policy_new();
    g_autoptr(GError) error = NULL;

    made->plausible_messages = messages;
    heed_assert_done(heed_policy_establish(test->database, made, &error), error);
    return made;
}

static void
test_versions(void)
{
    HeedPastEvent event = HARD(2, 0, 'A');
    g_autoptr(GError) error = NULL;
    g_autofree char *got = NULL;
    HeedRebuilt rebuilt;
    g_autoptr(HeedPolicy) same = NULL;
    g_autoptr(HeedPolicy) second = NULL;
    g_autoptr(HeedPolicy) third = NULL;

    empty_store();
    g_assert_false(is_stale());
    heed_history_add_event(test->database, &event);
    heed_history_fold(test->database, policy, NULL);
    same = establish(2);
    g_assert_cmpint(same->version, ==, policy->version);
    g_assert_false(is_stale());
    second = establish(1);
    g_assert_cmpint(second->version, >, policy->version);
    g_assert_true(is_stale());
    heed_assert_done(heed_policy_rebuild(test->database, second, &rebuilt, &error), error);
    g_assert_false(is_stale());
    got = heed_history_states(test->database, NULL);
    g_assert_cmpstr(
        got, ==, " suppressed hard bad-mailbox since 0, 1 from 0 to 0: hard: plausible report\n");
    third = establish(2);
    g_assert_cmpint(third->version, >, second->version);
    policy->version = third->version;
}

int
main(int argc, char **argv)
{
    int status;

    g_test_init(&argc, &argv, NULL);
    test = heed_test_database_new();
    policy = heed_history_prepare(test);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *path = g_strdup_printf("/policy/fold/%s", rows[i].name);

        g_test_add_data_func(path, &rows[i], test_row);
    }
    g_test_add_func("/policy/evidence", test_evidence);
    g_test_add_func("/policy/holds", test_holds);
    g_test_add_func("/policy/undone", test_undone);
    g_test_add_func("/policy/rebuild", test_rebuild);
    g_test_add_func("/policy/rebuild-slices", test_rebuild_slices);
    g_test_add_func("/policy/versions", test_versions);
    status = g_test_run();
    heed_test_database_free(test);
    return status;
}
