/* SPDX-License-Identifier: Apache-2.0 */
#include "suppress/judge.h"

#include <stdlib.h>
#include <string.h>

#define HOUR (INT64_C(3600) * G_USEC_PER_SEC)

/*
 * A history is words: what, how far believed (0 to 4), of which message ("-" is unknown), and when,
 * in hours: "soft:3A@24". What is a verdict, or VERDICT/CLASS, or "delivered", "not-spam", or a
 * decision ("add@5"). Behind it: "+9" arrived so much later, "!48" held until then, "#news" the
 * stream or scope, "c" in a closed mailbox, "x" null MX.
 */
typedef struct Row {
    const char *name;
    const char *history;
    const char *want;
    void (*change)(HeedPolicy *policy); /* of the default policy; NULL: nothing */
    const char *address;                /* NULL: a@example.com */
} Row;

static HeedPolicyLine *
change_line(HeedPolicy *policy, HeedVerdict verdict, HeedClass class_)
{
    HeedPolicyLine line = *heed_policy_line(policy, verdict, class_);

    line.class_ = class_;
    heed_policy_set_line(policy, &line);
    for (guint i = 0; i < policy->lines->len; i++) {
        HeedPolicyLine *found = &g_array_index(policy->lines, HeedPolicyLine, i);

        if (found->verdict == verdict && found->class_ == class_)
            return found;
    }
    g_assert_not_reached();
}

static void
pause_first(HeedPolicy *policy)
{
    HeedPolicyLine *line = change_line(policy, HEED_VERDICT_HARD, HEED_CLASS_NONE);

    line->lasts_days[0] = 7;
    line->lasts_days[1] = 0;
    line->steps = 2;
    line->cleared_by_delivery = true;
}

static void
full_mailboxes_never(HeedPolicy *policy)
{
    change_line(policy, HEED_VERDICT_SOFT, HEED_CLASS_MAILBOX_FULL)->action = HEED_POLICY_IGNORE;
}

static void
only_what_is_believed(HeedPolicy *policy)
{
    change_line(policy, HEED_VERDICT_HARD, HEED_CLASS_NONE)->plausible = false;
}

static void
doubt_authenticated(HeedPolicy *policy)
{
    policy->believe_authenticated = false;
}

static void
complaints_everywhere(HeedPolicy *policy)
{
    change_line(policy, HEED_VERDICT_COMPLAINT, HEED_CLASS_NONE)->everywhere = true;
}

static void
protect(HeedPolicy *policy)
{
    heed_policy_protect(policy, "example.com");
}

static void
protect_another(HeedPolicy *policy)
{
    heed_policy_protect(policy, "ample.com");
    heed_policy_protect(policy, "b@example.com");
}

static void
exempt_receipts(HeedPolicy *policy)
{
    heed_policy_exempt(policy, "receipts", true, false);
}

static void
exempt_receipts_from_all(HeedPolicy *policy)
{
    complaints_everywhere(policy);
    exempt_receipts(policy);
}

#define WAITING(count_and_span) \
    " waiting - - since -, " count_and_span ": not enough evidence yet\n"
#define SOFT(since_until, count_and_span, days)                            \
    " suppressed soft mailbox-full since " since_until ", " count_and_span \
    ": soft: 3 messages 20 h apart, for " days " days\n"

static const Row rows[] = {
    {"nothing", "", "", NULL, NULL},
    {"soft/three", "soft:3A@0 soft:3B@20 soft:3C@40", SOFT("40 until 760", "3 from 0 to 40", "30"),
     NULL, NULL},
    {"soft/two", "soft:3A@0 soft:3B@20", WAITING("2 from 0 to 20"), NULL, NULL},
    {"soft/plausible", "soft:2A@0 soft:2B@20 soft:2C@40",
     SOFT("40 until 760", "3 from 0 to 40", "30"), NULL, NULL},
    {"soft/too-close", "soft:3A@0 soft:3B@19 soft:3C@38", WAITING("3 from 0 to 38"), NULL, NULL},
    {"soft/one-too-close", "soft:3A@0 soft:3B@19 soft:3C@21 soft:3D@41",
     SOFT("41 until 761", "4 from 0 to 41", "30"), NULL, NULL},
    {"soft/one-message", "soft:3A@0 soft:3A@30 soft:3B@60", WAITING("3 from 0 to 60"), NULL, NULL},
    {"soft/unknown-messages-are-one", "soft:3-@0 soft:3-@30 soft:3-@60", WAITING("3 from 0 to 60"),
     NULL, NULL},
    {"soft/span", "soft:3A@0 soft:3B@4000 soft:3C@4321", WAITING("3 from 0 to 4321"), NULL, NULL},
    {"soft/span-just", "soft:3A@0 soft:3B@4000 soft:3C@4320",
     SOFT("4320 until 5040", "3 from 0 to 4320", "30"), NULL, NULL},
    {"soft/delivery-between", "soft:3A@0 soft:3B@20 delivered:3X@30 soft:3C@40",
     WAITING("3 from 0 to 40"), NULL, NULL},
    {"soft/delivery-that-came-back",
     "delivered:3A@0 soft:3A@1 delivered:3B@24 soft:3B@25 delivered:3C@48 soft:3C@49",
     SOFT("49 until 769", "3 from 1 to 49", "30"), NULL, NULL},
    {"soft/delivery-lifts", "soft:3A@0 soft:3B@20 soft:3C@40 delivered:3X@100",
     WAITING("3 from 0 to 40"), NULL, NULL},
    {"soft/second-time",
     "soft:3A@0 soft:3B@20 soft:3C@40 soft:3D@100 soft:3E@760 soft:3F@780 soft:3G@800",
     SOFT("800 until 2960", "7 from 0 to 800", "90"), NULL, NULL},
    {"soft/second-time-after-a-delivery",
     "soft:3A@0 soft:3B@20 soft:3C@40 delivered:3X@770 soft:3E@780 soft:3F@800 soft:3G@820",
     SOFT("820 until 1540", "6 from 0 to 820", "30"), NULL, NULL},
    {"soft/second-time-long-after",
     "soft:3A@0 soft:3B@20 soft:3C@40 soft:3E@5081 soft:3F@5101 soft:3G@5121",
     SOFT("5121 until 5841", "6 from 0 to 5121", "30"), NULL, NULL},
    {"soft/fourth-time-without-end",
     "soft:3A@0 soft:3B@20 soft:3C@40 soft:3A@1000 soft:3B@1020 soft:3C@1040 soft:3A@4000 "
     "soft:3B@4020 soft:3C@4040 soft:3A@9000 soft:3B@9020 soft:3C@9040",
     " suppressed soft mailbox-full since 9040, 12 from 0 to 9040: soft: 3 messages 20 h apart\n",
     NULL, NULL},
    {"soft/true-ones-despite-forged", "soft:3A@0 soft:2F@10 soft:3B@20 soft:2G@30 soft:3C@40",
     SOFT("40 until 760", "5 from 0 to 40", "30"), NULL, NULL},
    {"soft/removed", "soft:3A@0 soft:3B@20 remove@30 soft:3C@40", WAITING("1 from 40 to 40"), NULL,
     NULL},
    {"soft/and-hard", "soft:3A@0 soft:3B@20 soft:3C@40 hard:3D@50",
     " suppressed hard bad-mailbox since 50, 4 from 0 to 50: hard: authenticated report\n", NULL,
     NULL},
    {"soft/ignored-class", "soft/mailbox-full:3A@0 soft/mailbox-full:3B@20 soft/mailbox-full:3C@40",
     "", full_mailboxes_never, NULL},
    {"soft/other-class", "soft/restricted:3A@0 soft/mailbox-full:3B@20", WAITING("1 from 0 to 0"),
     full_mailboxes_never, NULL},

    {"hard/delivery-lifts-nothing", "hard:3A@0 delivered:4B@50",
     " suppressed hard bad-mailbox since 0, 1 from 0 to 0: hard: authenticated report\n", NULL,
     NULL},
    {"hard/plausible-ignored", "hard:2A@0 hard:2B@50", "", only_what_is_believed, NULL},
    {"hard/authenticated-doubted", "hard:3A@0", WAITING("1 from 0 to 0"), doubt_authenticated,
     NULL},
    {"hard/authenticated-doubted-twice", "hard:3A@0 hard:3B@20",
     " suppressed hard bad-mailbox since 20, 2 from 0 to 20: hard: 2 messages 20 h apart\n",
     doubt_authenticated, NULL},
    {"hard/signed-never-doubted", "hard:4A@0",
     " suppressed hard bad-mailbox since 0, 1 from 0 to 0: hard: signed report\n",
     doubt_authenticated, NULL},
    {"soft/doubted-delivery-clears-nothing", "soft:4A@0 soft:4B@20 delivered:3X@30 soft:4C@40",
     SOFT("40 until 760", "3 from 0 to 40", "30"), doubt_authenticated, NULL},
    {"soft/signed-delivery-clears", "soft:4A@0 soft:4B@20 delivered:4X@30 soft:4C@40",
     WAITING("3 from 0 to 40"), doubt_authenticated, NULL},
    {"not-spam/plausible", "complaint:3A@0 not-spam:2A@5",
     " suppressed complaint abuse since 0, 1 from 0 to 0: complaint: authenticated report\n", NULL,
     NULL},
    {"not-spam/doubted", "complaint:4A@0 not-spam:3A@5",
     " suppressed complaint abuse since 0, 1 from 0 to 0: complaint: signed report\n",
     doubt_authenticated, NULL},
    {"pause/first", "hard:3A@0",
     " suppressed hard bad-mailbox since 0 until 168, 1 from 0 to 0: hard: authenticated report, "
     "for 7 days\n",
     pause_first, NULL},
    {"pause/under-way", "hard:3A@0 hard:3B@20",
     " suppressed hard bad-mailbox since 0 until 168, 2 from 0 to 20: hard: authenticated report, "
     "for 7 days\n",
     pause_first, NULL},
    {"pause/for-good", "hard:3A@0 hard:3B@168",
     " suppressed hard bad-mailbox since 168, 2 from 0 to 168: hard: authenticated report\n",
     pause_first, NULL},
    {"pause/delivery", "hard:3A@0 delivered:3B@170 hard:3C@200",
     " suppressed hard bad-mailbox since 200 until 368, 2 from 0 to 200: hard: authenticated "
     "report, for 7 days\n",
     pause_first, NULL},

    {"held/pauses", "hard:3A@5!53",
     " suppressed hard bad-mailbox since 5 until 53, 1 from 5 to 5: hard: held, surge 7\n", NULL,
     NULL},
    {"held/again", "hard:3A@5!53 hard:3B@10!58",
     " suppressed hard bad-mailbox since 10 until 58, 2 from 5 to 10: hard: held, surge 7\n", NULL,
     NULL},
    {"held/new-failure", "hard:3A@5!53 hard:3B@60",
     " suppressed hard bad-mailbox since 60, 2 from 5 to 60: hard: authenticated report\n", NULL,
     NULL},
    {"held/plausible-once", "hard:2A@5!53", WAITING("1 from 5 to 5"), NULL, NULL},
    {"held/plausible-is-no-company", "hard:2A@5!53 hard:2B@60", WAITING("2 from 5 to 60"), NULL,
     NULL},
    {"held/plausible-twice", "hard:2A@5!53 hard:2B@30!78",
     " suppressed hard bad-mailbox since 30 until 78, 2 from 5 to 30: hard: held, surge 7\n", NULL,
     NULL},
    {"held/before-it-was-suppressed", "hard:3A@1 hard:3B@5!53",
     " suppressed hard bad-mailbox since 1, 2 from 1 to 5: hard: authenticated report\n", NULL,
     NULL},

    {"not-spam/withdraws", "complaint:3A@0 not-spam:3A@5", "", NULL, NULL},
    {"not-spam/another-message", "complaint:3A@0 not-spam:3B@5",
     " suppressed complaint abuse since 0, 1 from 0 to 0: complaint: authenticated report\n", NULL,
     NULL},
    {"not-spam/unknown-message", "complaint:3-@0 not-spam:3-@5",
     " suppressed complaint abuse since 0, 1 from 0 to 0: complaint: authenticated report\n", NULL,
     NULL},
    {"not-spam/before", "not-spam:3A@0 complaint:3A@5",
     " suppressed complaint abuse since 5, 1 from 5 to 5: complaint: authenticated report\n", NULL,
     NULL},
    {"not-spam/not-of-bounces", "hard:3A@0 not-spam:3A@5",
     " suppressed hard bad-mailbox since 0, 1 from 0 to 0: hard: authenticated report\n", NULL,
     NULL},

    {"scope/everywhere", "complaint:3A@0#news",
     " suppressed complaint abuse since 0, 1 from 0 to 0: complaint: authenticated report\n",
     complaints_everywhere, NULL},
    {"scope/hard-is-everywhere", "hard:3A@0#news",
     " suppressed hard bad-mailbox since 0, 1 from 0 to 0: hard: authenticated report\n", NULL,
     NULL},
    {"exempt/complaint", "complaint:3A@0",
     " suppressed complaint abuse since 0, 1 from 0 to 0: complaint: authenticated report\n"
     "receipts allowed - - since -, 0 from - to -: exempt from what was said elsewhere\n",
     exempt_receipts, NULL},
    {"exempt/own-complaint", "complaint:3A@0 complaint:3B@9#receipts",
     " suppressed complaint abuse since 0, 1 from 0 to 0: complaint: authenticated report\n"
     "receipts suppressed complaint abuse since 9, 1 from 9 to 9: complaint: authenticated "
     "report\n",
     exempt_receipts, NULL},
    {"exempt/others-complaint-everywhere", "complaint:3A@0#news",
     " suppressed complaint abuse since 0, 1 from 0 to 0: complaint: authenticated report\n"
     "receipts allowed - - since -, 0 from - to -: exempt from what was said elsewhere\n",
     exempt_receipts_from_all, NULL},
    {"exempt/own-complaint-everywhere", "complaint:3A@0#news complaint:3B@9#receipts",
     " suppressed complaint abuse since 0, 2 from 0 to 9: complaint: authenticated report\n",
     exempt_receipts_from_all, NULL},
    {"exempt/own-complaint-everywhere-in-company", "complaint:2A@0#news complaint:2B@20#receipts",
     " suppressed complaint abuse since 20, 2 from 0 to 20: complaint: 2 messages 20 h apart\n"
     "receipts allowed - - since -, 0 from - to -: exempt from what was said elsewhere\n",
     exempt_receipts_from_all, NULL},
    {"exempt/hard-too", "complaint:3A@0 hard:3B@9",
     " suppressed complaint abuse since 0, 2 from 0 to 9: complaint: authenticated report\n",
     exempt_receipts, NULL},
    {"exempt/soft-too", "complaint:3X@0 soft:3A@0 soft:3B@20 soft:3C@40",
     " suppressed complaint abuse since 0, 4 from 0 to 40: complaint: authenticated report\n"
     "receipts allowed - - since -, 0 from - to -: exempt from what was said elsewhere\n",
     exempt_receipts, NULL},
    {"exempt/unsubscribe-is-not", "unsubscribe:3A@0",
     " suppressed unsubscribe unsubscribe since 0, 1 from 0 to 0: unsubscribe: authenticated "
     "report\n",
     exempt_receipts, NULL},
    {"exempt/by-hand-is-not", "complaint:3A@0 add@5",
     " suppressed manual manual since 5, 1 from 0 to 0: added by hand\n", exempt_receipts, NULL},

    {"protected/domain", "hard:4A@0",
     " allowed hard bad-mailbox since 0, 1 from 0 to 0: protected: example.com\n", protect, NULL},
    {"protected/subdomain", "hard:4A@0",
     " allowed hard bad-mailbox since 0, 1 from 0 to 0: protected: example.com\n", protect,
     "a@mail.example.com"},
    {"protected/not-another", "hard:4A@0",
     " suppressed hard bad-mailbox since 0, 1 from 0 to 0: hard: signed report\n", protect_another,
     NULL},
    {"protected/postmaster", "hard:4A@0",
     " allowed hard bad-mailbox since 0, 1 from 0 to 0: protected: postmaster\n", NULL,
     "postmaster@example.org"},
    {"protected/by-hand-all-the-same", "hard:4A@0 add@5",
     " suppressed manual manual since 5, 1 from 0 to 0: added by hand\n", protect, NULL},
};

static void
read_what(const char *what, HeedFact *out)
{
    g_auto(GStrv) parts = g_strsplit(what, "/", 2);
    HeedClass usual = HEED_CLASS_BAD_MAILBOX;

    if (g_str_equal(what, "delivered") || g_str_equal(what, "not-spam")) {
        out->kind = what[0] == 'd' ? HEED_FACT_DELIVERY : HEED_FACT_WITHDRAWAL;
        return;
    }
    g_assert_true(heed_verdict_from_name(parts[0], &out->verdict));
    if (out->verdict == HEED_VERDICT_COMPLAINT)
        usual = HEED_CLASS_ABUSE;
    else if (out->verdict == HEED_VERDICT_UNSUBSCRIBE)
        usual = HEED_CLASS_UNSUBSCRIBE;
    else if (out->verdict == HEED_VERDICT_SOFT)
        usual = HEED_CLASS_MAILBOX_FULL;
    out->class_ = usual;
    if (parts[1] != NULL)
        g_assert_true(heed_class_from_name(parts[1], &out->class_));
}

/* What stands behind the hour. */
static void
read_tail(const char *tail, HeedFact *out)
{
    char *end = NULL;

    while (*tail != '\0') {
        switch (*tail++) {
        case '+':
            out->first_arrived_at += strtol(tail, &end, 10) * HOUR;
            tail = end;
            break;
        case '!':
            out->held_until = strtol(tail, &end, 10) * HOUR;
            out->hold_id = 7;
            tail = end;
            break;
        case 'c':
            out->closed = true;
            break;
        case 'x':
            out->null_mx = true;
            break;
        case '#':
            out->stream = tail;
            return;
        default:
            g_assert_not_reached();
        }
    }
}

/* Words are borrowed by what they become. */
static void
read_word(char *word, GArray *facts, GArray *decisions)
{
    static const char *const actions[] = {"add", "remove", "allow", "disallow"};
    char *at = strchr(word, '@');
    char *colon = strchr(word, ':');
    char *tail = NULL;
    int64_t time = strtol(at + 1, &tail, 10) * HOUR;
    HeedFact fact = {
        .occurred_at = time, .first_arrived_at = time, .held_until = HEED_TIME_NONE, .stream = ""};

    *at = '\0';
    if (colon == NULL) {
        HeedDecided decided = {.decided_at = time, .scope = tail[0] == '#' ? tail + 1 : ""};

        for (size_t i = 0; i < G_N_ELEMENTS(actions); i++)
            if (g_str_equal(word, actions[i]))
                decided.kind = (HeedDecisionKind)i;
        g_array_append_val(decisions, decided);
        return;
    }
    *colon = '\0';
    read_what(word, &fact);
    fact.trust = (HeedTrust)(colon[1] - '0');
    fact.original = g_str_equal(colon + 2, "-") ? "" : colon + 2;
    read_tail(tail, &fact);
    g_array_append_val(facts, fact);
}

static void
describe_time(GString *out, const char *before, int64_t time, int64_t none)
{
    if (time == none)
        g_string_append_printf(out, "%s-", before);
    else
        g_string_append_printf(out, "%s%d", before, (int)(time / HOUR));
}

static char *
describe(const GArray *judgements)
{
    GString *out = g_string_new(NULL);

    for (guint i = 0; i < judgements->len; i++) {
        const HeedJudgement *one = &g_array_index(judgements, HeedJudgement, i);

        g_string_append_printf(out, "%s %s %s %s", one->scope,
                               one->suppressed ? "suppressed"
                               : one->allowed  ? "allowed"
                                               : "waiting",
                               one->verdict != NULL ? one->verdict : "-",
                               one->reason != NULL ? one->reason : "-");
        describe_time(out, " since ", one->since, HEED_TIME_NONE);
        if (one->until != HEED_TIME_WITHOUT_END)
            describe_time(out, " until ", one->until, HEED_TIME_WITHOUT_END);
        g_string_append_printf(out, ", %u", one->evidence_count);
        describe_time(out, " from ", one->first_event_at, HEED_TIME_NONE);
        describe_time(out, " to ", one->last_event_at, HEED_TIME_NONE);
        g_string_append_printf(out, ": %s\n", one->rule);
    }
    return g_string_free(out, FALSE);
}

static void
test_row(const void *data)
{
    const Row *row = data;
    g_autoptr(HeedPolicy) policy = heed_policy_new();
    g_autoptr(GArray) facts = g_array_new(FALSE, FALSE, sizeof(HeedFact));
    g_autoptr(GArray) decisions = g_array_new(FALSE, FALSE, sizeof(HeedDecided));
    g_auto(GStrv) words = g_strsplit(row->history, " ", -1);
    g_autoptr(GArray) judgements = NULL;
    g_autofree char *got = NULL;
    HeedCase the_case = {.address = row->address != NULL ? row->address : "a@example.com"};

    if (row->change != NULL)
        row->change(policy);
    for (size_t i = 0; words[i] != NULL && words[i][0] != '\0'; i++)
        read_word(words[i], facts, decisions);
    the_case.facts = (const HeedFact *)(const void *)facts->data;
    the_case.fact_count = facts->len;
    the_case.decisions = (const HeedDecided *)(const void *)decisions->data;
    the_case.decision_count = decisions->len;
    judgements = heed_judge(policy, &the_case);
    got = describe(judgements);
    g_assert_cmpstr(got, ==, row->want);
}

/* What is stored with a version is what was meant. */
static void
test_settings(void)
{
    g_autoptr(HeedPolicy) policy = heed_policy_new();
    g_autoptr(HeedPolicy) again = NULL;
    g_autoptr(HeedPolicy) old = NULL;
    g_autofree char *json = NULL;
    g_autofree char *json_again = NULL;
    g_autoptr(GError) error = NULL;

    pause_first(policy);
    full_mailboxes_never(policy);
    protect_another(policy);
    exempt_receipts(policy);
    doubt_authenticated(policy);
    policy->hold_hours = 7;
    json = heed_policy_to_json(policy);
    again = heed_policy_from_json(json, &error);
    g_assert_no_error(error);
    json_again = heed_policy_to_json(again);
    g_assert_cmpstr(json, ==, json_again);
    /* Written before lines were data. */
    old = heed_policy_from_json("{\"rules\": 2, \"plausible_messages\": 5}", &error);
    g_assert_no_error(error);
    g_assert_cmpuint(old->plausible_messages, ==, 5);
    g_assert_nonnull(heed_policy_line(old, HEED_VERDICT_SOFT, HEED_CLASS_MAILBOX_FULL));
    g_assert_null(heed_policy_line(old, HEED_VERDICT_BLOCK, HEED_CLASS_REPUTATION));
}

static void
test_foreign_settings(void)
{
    static const char *const texts[] = {
        "",
        "[]",
        "{\"lines\": 1}",
        "{\"lines\": [{}]}",
        "{\"plausible_messages\": -1}",
        "{\"plausible_messages\": 101}",
        "{\"hold_hours\": \"x\"}",
        "{\"lines\": [{\"verdict\": \"hard\", \"class\": null, \"action\": \"suppress\", "
        "\"lasts_days\": []}]}",
        "{\"lines\": [{\"verdict\": \"hard\", \"class\": null, \"action\": \"shout\", "
        "\"lasts_days\": [0]}]}",
        "{\"protected\": [1]}",
        "{\"exemptions\": [{}]}",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(HeedPolicy) policy = heed_policy_from_json(texts[i], &error);

        g_assert_null(policy);
        g_assert_nonnull(error);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *path = g_strdup_printf("/judge/row/%s", rows[i].name);

        g_test_add_data_func(path, &rows[i], test_row);
    }
    g_test_add_func("/judge/settings", test_settings);
    g_test_add_func("/judge/foreign-settings", test_foreign_settings);
    return g_test_run();
}
