/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/report.h"
#include "suppress/decide.h"
#include "tests/support/check.h"
#include "tests/support/history.h"

static HeedTestDatabase *test;
static HeedPolicy *policy;

#define ADDRESS "a@example.com"

static void
empty_store(void)
{
    heed_test_database_do(test->database, "TRUNCATE heed_data.event, heed_data.decision, "
                                          "heed_data.address_state RESTART IDENTITY");
}

static bool
decide(HeedDecisionAction action, const char *scope)
{
    g_autoptr(GError) error = NULL;
    bool changed = false;

    heed_assert_done(
        heed_decide(test->database, action, scope, ADDRESS, "ann", "because", &changed, &error),
        error);
    return changed;
}

static HeedWhy *
why(const char *address)
{
    g_autoptr(GError) error = NULL;
    HeedWhy *story = heed_why(test->database, address, &error);

    g_assert_no_error(error);
    return story;
}

static bool
is_suppressed(void)
{
    g_autoptr(HeedWhy) story = why(ADDRESS);

    return story->suppressed;
}

/* A soft suppression that has ended long ago becomes one by hand: that changed something. */
static void
test_add_after_end(void)
{
    empty_store();
    for (int i = 0; i < 3; i++) {
        const HeedPastEvent event = {.verdict = "soft",
                                     .reason = "mailbox-full",
                                     .trust = HEED_TRUST_AUTHENTICATED,
                                     .hour = i * 24,
                                     .message = (char)('a' + i)};

        heed_history_add_event(test->database, &event);
    }
    heed_history_fold(test->database, policy, ADDRESS);
    heed_test_database_do(test->database,
                          "UPDATE heed_data.address_state SET until = now() - interval '1 day'");
    g_assert_false(is_suppressed());
    g_assert_true(decide(HEED_DECISION_ADD, ""));
    g_assert_true(is_suppressed());
}

static void
test_add_and_remove(void)
{
    empty_store();
    g_assert_false(is_suppressed());
    g_assert_true(decide(HEED_DECISION_ADD, ""));
    g_assert_true(is_suppressed());
    g_assert_false(decide(HEED_DECISION_ADD, ""));
    g_assert_false(decide(HEED_DECISION_REMOVE, "news"));
    g_assert_true(is_suppressed());
    g_assert_true(decide(HEED_DECISION_REMOVE, ""));
    g_assert_false(is_suppressed());
    g_assert_false(decide(HEED_DECISION_REMOVE, ""));
}

static void
test_allow(void)
{
    HeedPastEvent event = {.verdict = "hard", .trust = 3, .hour = 1};

    empty_store();
    heed_history_add_event(test->database, &event);
    heed_history_fold(test->database, policy, NULL);
    g_assert_true(is_suppressed());
    g_assert_true(decide(HEED_DECISION_ALLOW, ""));
    g_assert_false(is_suppressed());
    g_assert_false(decide(HEED_DECISION_ADD, ""));
    g_assert_true(decide(HEED_DECISION_DISALLOW, ""));
    g_assert_true(is_suppressed());
}

/* A removal holds against what was known, by the server's clock, and not against what comes. */
static void
test_new_evidence(void)
{
    HeedPastEvent known = {.verdict = "hard", .trust = 3, .hour = 1};
    HeedPastEvent later = {.verdict = "hard", .trust = 3, .hour = 2, .late = 24 * 365 * 50};

    empty_store();
    heed_history_add_event(test->database, &known);
    heed_history_fold(test->database, policy, NULL);
    g_assert_true(decide(HEED_DECISION_REMOVE, ""));
    heed_history_fold(test->database, policy, NULL);
    g_assert_false(is_suppressed());
    heed_history_add_event(test->database, &later);
    heed_history_fold(test->database, policy, NULL);
    g_assert_true(is_suppressed());
}

static void
check_line(const HeedWhy *story, guint index, bool decision, const char *what, const char *trust)
{
    const HeedStoryLine *line = g_ptr_array_index(story->story, index);

    g_assert_true(line->decision == decision);
    g_assert_cmpstr(line->what, ==, what);
    g_assert_cmpstr(line->trust, ==, trust);
    g_assert_cmpstr(line->source, ==, decision ? "ann" : NULL);
    g_assert_cmpstr(line->detail, ==, decision ? "because" : NULL);
    g_assert_true((line->digest == NULL) == decision);
}

static void
test_why(void)
{
    HeedPastEvent events[] = {
        {.verdict = "hard", .trust = 3, .hour = 10},
        {.verdict = "soft", .reason = "mailbox-full", .trust = 1, .hour = 2},
        {.verdict = "complaint", .trust = 2, .hour = 20, .stream = "news"},
    };
    g_autoptr(HeedWhy) story = NULL;
    const HeedState *state;

    empty_store();
    for (size_t i = 0; i < G_N_ELEMENTS(events); i++)
        heed_history_add_event(test->database, &events[i]);
    heed_history_fold(test->database, policy, NULL);
    g_assert_false(decide(HEED_DECISION_ALLOW, "shop"));
    story = why(ADDRESS);
    g_assert_true(story->suppressed);
    g_assert_cmpuint(story->states->len, ==, 3);
    state = g_ptr_array_index(story->states, 0);
    g_assert_cmpstr(state->scope, ==, "");
    g_assert_true(state->suppressed);
    g_assert_cmpstr(state->reason, ==, "bad-mailbox");
    g_assert_cmpstr(state->verdict, ==, "hard");
    g_assert_cmpstr(state->rule, ==, "hard: authenticated report");
    g_assert_cmpint(state->since, ==, 1767225600 + 36000);
    g_assert_cmpint(state->until, ==, HEED_DATE_UNKNOWN);
    g_assert_cmpint(state->evidence_count, ==, 1);
    state = g_ptr_array_index(story->states, 1);
    g_assert_cmpstr(state->scope, ==, "news");
    g_assert_false(state->suppressed);
    g_assert_cmpint(state->since, ==, HEED_DATE_UNKNOWN);
    state = g_ptr_array_index(story->states, 2);
    g_assert_true(state->allowed);
    g_assert_cmpuint(story->story->len, ==, 4);
    g_assert_cmpuint(story->story_length, ==, 4);
    check_line(story, 0, false, "bounce soft mailbox-full", "unproven");
    check_line(story, 1, false, "bounce hard bad-mailbox", "authenticated");
    check_line(story, 2, false, "complaint abuse", "plausible");
    check_line(story, 3, true, "allow", NULL);
}

static void
test_why_nobody(void)
{
    g_autoptr(HeedWhy) story = why("nobody@example.com");

    g_assert_false(story->suppressed);
    g_assert_cmpuint(story->states->len, ==, 0);
    g_assert_cmpuint(story->story->len, ==, 0);
    g_assert_cmpuint(story->story_length, ==, 0);
}

static void
test_long_story(void)
{
    g_autoptr(HeedWhy) story = NULL;
    const HeedStoryLine *line;

    empty_store();
    heed_test_database_do(test->database,
                          "INSERT INTO heed_data.event (arrived_at, digest, ordinal, occurred_at, "
                          "closed, trust, kind, class, verdict, address, domain, failure_key) "
                          "SELECT '2026-01-01', int4send(n), 0, to_timestamp(n), false, 1, "
                          "'delay', 'network', 'transient', '" ADDRESS "', 'example.com', "
                          "int4send(n) FROM generate_series(1, 1000) AS n");
    story = why(ADDRESS);
    g_assert_cmpuint(story->story->len, ==, HEED_WHY_LINES);
    g_assert_cmpuint(story->story_length, ==, 1000);
    line = g_ptr_array_index(story->story, 0);
    g_assert_cmpint(line->at, ==, 801);
    line = g_ptr_array_index(story->story, HEED_WHY_LINES - 1);
    g_assert_cmpint(line->at, ==, 1000);
    g_assert_cmpstr(line->what, ==, "delay transient network");
}

/* A decision may be the first thing that ever happens. */
static void
test_without_policy(void)
{
    empty_store();
    heed_test_database_do(test->database, "TRUNCATE heed_data.policy CASCADE");
    g_assert_true(decide(HEED_DECISION_ADD, ""));
    g_assert_true(is_suppressed());
}

int
main(int argc, char **argv)
{
    int status;

    g_test_init(&argc, &argv, NULL);
    test = heed_test_database_new();
    policy = heed_history_prepare(test);
    g_test_add_func("/decide/add-after-end", test_add_after_end);
    g_test_add_func("/decide/add-and-remove", test_add_and_remove);
    g_test_add_func("/decide/allow", test_allow);
    g_test_add_func("/decide/new-evidence", test_new_evidence);
    g_test_add_func("/decide/why", test_why);
    g_test_add_func("/decide/why-nobody", test_why_nobody);
    g_test_add_func("/decide/long-story", test_long_story);
    g_test_add_func("/decide/without-policy", test_without_policy);
    status = g_test_run();
    heed_test_database_free(test);
    return status;
}
