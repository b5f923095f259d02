/* SPDX-License-Identifier: Apache-2.0 */
/* What stream and policy sections of the configuration come to, and what is refused in them. */
#include "base/error.h"
#include "cli/config.h"
#include "ingest/streams.h"

#include <string.h>

#define RULE(title, text)  "policy {\n rule \"" title "\" { " text " }\n}\n"
#define STREAM(name, text) "stream \"" name "\" { " text " }\n"
#define BOX                "mailbox \"fbl\" { url = \"mbox:/x\" }\n"
#define TITLES                                                                                    \
    "hard, soft, complaint, unsubscribe, hard/bad-mailbox, bad-domain, hard/moved, "              \
    "soft/bad-mailbox, soft/bad-domain, soft/moved, inactive-mailbox, mailbox-full, restricted, " \
    "relay-denied, unknown, abuse, fraud, other"

/* --- the lines that sections come to --- */

typedef struct LineRow {
    const char *name;
    const char *text;
    HeedVerdict verdict;
    HeedClass class_;
    /* "ACTION FAILURES/HOURS/DAYS distinct lasts SCOPE cleared plausible" */
    const char *want;
} LineRow;

#define HARD      HEED_VERDICT_HARD, HEED_CLASS_BAD_MAILBOX
#define DOMAIN    HEED_VERDICT_HARD, HEED_CLASS_BAD_DOMAIN
#define SOFT      HEED_VERDICT_SOFT, HEED_CLASS_RESTRICTED
#define FULL      HEED_VERDICT_SOFT, HEED_CLASS_MAILBOX_FULL
#define COMPLAINT HEED_VERDICT_COMPLAINT, HEED_CLASS_ABUSE
#define LEAVE     HEED_VERDICT_UNSUBSCRIBE, HEED_CLASS_UNSUBSCRIBE

static const LineRow line_rows[] = {
    {"defaults-hard", "", HARD, "suppress 0/0/0 [0] everywhere plausible"},
    {"defaults-domain", "", DOMAIN, "count 2/72/0 [0] everywhere plausible"},
    {"defaults-soft", "", SOFT,
     "count 3/20/180 distinct [30 90 180 0] everywhere cleared plausible"},
    {"defaults-complaint", "", COMPLAINT, "suppress 0/0/0 [0] stream plausible"},
    {"defaults-unsubscribe", "", LEAVE, "suppress 0/0/0 [0] stream plausible"},
    {"empty-policy", "policy { }\n", SOFT,
     "count 3/20/180 distinct [30 90 180 0] everywhere cleared plausible"},
    {"empty-rule", RULE("soft", ""), SOFT,
     "count 3/20/180 distinct [30 90 180 0] everywhere cleared plausible"},
    {"failures", RULE("soft", "failures = 5"), SOFT,
     "count 5/20/180 distinct [30 90 180 0] everywhere cleared plausible"},
    {"apart", RULE("soft", "apart-hours = 0"), SOFT,
     "count 3/0/180 distinct [30 90 180 0] everywhere cleared plausible"},
    {"within", RULE("soft", "within-days = 0"), SOFT,
     "count 3/20/0 distinct [30 90 180 0] everywhere cleared plausible"},
    {"distinct", RULE("soft", "distinct = false"), SOFT,
     "count 3/20/180 [30 90 180 0] everywhere cleared plausible"},
    {"lasts", RULE("soft", "lasts-days = {7, 14}"), SOFT,
     "count 3/20/180 distinct [7 14] everywhere cleared plausible"},
    {"lasts-one", RULE("soft", "lasts-days = {0}"), SOFT,
     "count 3/20/180 distinct [0] everywhere cleared plausible"},
    {"cleared", RULE("soft", "cleared-by-delivery = false"), SOFT,
     "count 3/20/180 distinct [30 90 180 0] everywhere plausible"},
    {"plausible", RULE("soft", "plausible = \"ignore\""), SOFT,
     "count 3/20/180 distinct [30 90 180 0] everywhere cleared"},
    {"scope", RULE("complaint", "scope = \"everywhere\""), COMPLAINT,
     "suppress 0/0/0 [0] everywhere plausible"},
    {"scope-stream", RULE("hard", "scope = \"stream\""), HARD,
     "suppress 0/0/0 [0] stream plausible"},
    {"soft-ignored", RULE("soft", "action = \"ignore\""), SOFT,
     "ignore 3/20/180 distinct [30 90 180 0] everywhere cleared plausible"},
    {"soft-at-once", RULE("soft", "action = \"suppress\""), SOFT,
     "suppress 0/0/180 [30 90 180 0] everywhere cleared plausible"},
    {"hard-counted", RULE("hard", "action = \"count\" failures = 2 apart-hours = 24"), HARD,
     "count 2/24/0 [0] everywhere plausible"},
    {"pause", RULE("hard", "pause-days = 7"), HARD, "suppress 0/0/0 [7 0] everywhere plausible"},
    {"pause-within", RULE("hard", "pause-days = 7 within-days = 90"), HARD,
     "suppress 0/0/90 [7 0] everywhere plausible"},
    {"pause-lasts", RULE("hard", "pause-days = 7 lasts-days = {365, 0}"), HARD,
     "suppress 0/0/0 [7 365 0] everywhere plausible"},
    {"verdict-leaves-class", RULE("hard", "pause-days = 7"), DOMAIN,
     "count 2/72/0 [0] everywhere plausible"},
    {"class-alone", RULE("bad-domain", "failures = 3"), DOMAIN,
     "count 3/72/0 [0] everywhere plausible"},
    {"class-long", RULE("hard/bad-domain", "failures = 3"), DOMAIN,
     "count 3/72/0 [0] everywhere plausible"},
    {"class-of-verdict", RULE("mailbox-full", "failures = 6"), FULL,
     "count 6/20/180 distinct [30 90 180 0] everywhere cleared plausible"},
    {"class-leaves-verdict", RULE("mailbox-full", "failures = 6"), SOFT,
     "count 3/20/180 distinct [30 90 180 0] everywhere cleared plausible"},
    {"class-before-verdict",
     "policy { rule \"mailbox-full\" { failures = 6 }\nrule \"soft\" { within-days = 90 } }\n",
     FULL, "count 6/20/90 distinct [30 90 180 0] everywhere cleared plausible"},
    {"class-inherits-pause",
     "policy { rule \"hard\" { pause-days = 7 }\nrule \"hard/bad-mailbox\" { scope = stream } }\n",
     HARD, "suppress 0/0/0 [7 0] stream plausible"},
    {"class-changes-pause",
     "policy { rule \"hard\" { pause-days = 7 }\nrule \"hard/bad-mailbox\" { pause-days = 3 } }\n",
     HARD, "suppress 0/0/0 [3 0] everywhere plausible"},
    {"class-drops-pause",
     "policy { rule \"hard\" { pause-days = 7 }\nrule \"hard/bad-mailbox\" { lasts-days = {0} } }\n",
     HARD, "suppress 0/0/0 [0] everywhere plausible"},
    {"complaint-class", RULE("fraud", "action = \"ignore\""), HEED_VERDICT_COMPLAINT,
     HEED_CLASS_FRAUD, "ignore 0/0/0 [0] stream plausible"},
};

static char *
describe(const HeedPolicyLine *line)
{
    static const char *const actions[] = {"suppress", "count", "ignore"};
    GString *text = g_string_new(NULL);

    g_string_append_printf(text, "%s %u/%u/%u%s [", actions[line->action], line->failures,
                           line->apart_hours, line->within_days, line->distinct ? " distinct" : "");
    for (unsigned i = 0; i < line->steps; i++)
        g_string_append_printf(text, "%s%u", i > 0 ? " " : "", line->lasts_days[i]);
    g_string_append_printf(text, "] %s%s%s", line->everywhere ? "everywhere" : "stream",
                           line->cleared_by_delivery ? " cleared" : "",
                           line->plausible ? " plausible" : "");
    return g_string_free(text, FALSE);
}

/* As it is configured, and as it comes back from the database. */
static void
test_line(gconstpointer data)
{
    const LineRow *row = data;
    g_autoptr(GError) error = NULL;
    g_autoptr(HeedConfig) config = heed_config_parse(row->text, "t.conf", &error);
    g_autofree char *here = NULL;
    g_autofree char *there = NULL;
    g_autofree char *json = NULL;
    g_autoptr(HeedPolicy) again = NULL;

    g_assert_no_error(error);
    here = describe(heed_policy_line(config->policy, row->verdict, row->class_));
    g_assert_cmpstr(here, ==, row->want);
    json = heed_policy_to_json(config->policy);
    again = heed_policy_from_json(json, &error);
    g_assert_no_error(error);
    there = describe(heed_policy_line(again, row->verdict, row->class_));
    g_assert_cmpstr(there, ==, row->want);
}

/* --- what is refused --- */

static const struct {
    const char *name;
    const char *text;
    const char *want; /* or its beginning, when it ends with an ellipsis */
} refused[] = {
    /* Rules. */
    {"title-block", RULE("block", ""),
     "t.conf:2: rule \"block\": never suppresses: it says nothing lasting about the address, or is "
     "about the sender; allowed are: " TITLES},
    {"title-transient", RULE("transient", ""), "t.conf:2: rule \"transient\": never suppresses: …"},
    {"title-block-class", RULE("reputation", ""),
     "t.conf:2: rule \"reputation\": never suppresses: …"},
    {"title-not-spam", RULE("not-spam", ""), "t.conf:2: rule \"not-spam\": never suppresses: …"},
    {"title-two-verdicts", RULE("moved", ""),
     "t.conf:2: rule \"moved\": is of two verdicts: allowed are hard/moved and soft/moved"},
    {"title-wrong-pair", RULE("hard/mailbox-full", ""),
     "t.conf:2: rule \"hard/mailbox-full\" is not known; …"},
    {"title-block-pair", RULE("block/reputation", ""),
     "t.conf:2: rule \"block/reputation\" is not known; …"},
    {"title-mistyped", RULE("mailbox-ful", ""),
     "t.conf:2: rule \"mailbox-ful\" is not known; did you mean \"mailbox-full\"? …"},
    {"title-empty", RULE("", ""), "t.conf:2: rule \"\" is not known; allowed are: " TITLES},
    {"title-missing", "policy { rule { } }\n", "t.conf:1: …"},
    {"title-twice", "policy {\n rule \"soft\" { }\n rule \"soft\" { }\n}\n", "t.conf:3: …"},
    {"title-twice-otherwise",
     "policy {\n rule \"bad-domain\" { }\n rule \"hard/bad-domain\" { }\n}\n",
     "t.conf:3: rule \"hard/bad-domain\" was given already"},
    {"rule-unknown", RULE("soft", "failure = 3"),
     "t.conf:2: 'failure' is not known here; did you mean 'failures'? allowed are: …"},
    {"rule-outside", "rule \"soft\" { }\n", "t.conf:1: 'rule' is not known here; …"},
    {"action", RULE("soft", "action = \"drop\""),
     "t.conf:2: action = \"drop\": allowed are suppress, count, ignore"},
    {"scope-other", RULE("soft", "scope = \"here\""),
     "t.conf:2: scope = \"here\": allowed are stream, everywhere"},
    {"plausible-other", RULE("soft", "plausible = \"yes\""),
     "t.conf:2: plausible = \"yes\": allowed are ignore, count"},
    {"failures-none", RULE("soft", "failures = 0"),
     "t.conf:2: failures = 0: allowed is a whole number from 2 to 100"},
    {"failures-one", RULE("soft", "failures = 1"),
     "t.conf:2: failures = 1: allowed is a whole number from 2 to 100"},
    {"failures-many", RULE("soft", "failures = 101"), "t.conf:2: failures = 101: …"},
    {"failures-negative", RULE("soft", "failures = -3"), "t.conf:2: failures = -3: …"},
    {"apart-many", RULE("soft", "apart-hours = 8785"),
     "t.conf:2: apart-hours = 8785: allowed is a whole number from 0 to 8784"},
    {"within-many", RULE("soft", "within-days = 3661"),
     "t.conf:2: within-days = 3661: allowed is a whole number from 0 to 3660"},
    {"pause-none", RULE("hard", "pause-days = 0"),
     "t.conf:2: pause-days = 0: allowed is a whole number from 1 to 3660"},
    {"lasts-many", RULE("soft", "lasts-days = {30, 3661}"),
     "t.conf:2: lasts-days = 3661: allowed is a whole number from 0 to 3660"},
    {"lasts-word", RULE("soft", "lasts-days = {forever}"), "t.conf:2: lasts-days = forever: …"},
    {"lasts-after-end", RULE("soft", "lasts-days = {0, 30}"),
     "t.conf:2: lasts-days: 0 is without end, so nothing comes after it"},
    {"lasts-nine", RULE("soft", "lasts-days = {1,2,3,4,5,6,7,8,9}"),
     "t.conf:2: lasts-days: allowed are 1 to 8 durations"},
    {"lasts-none", RULE("soft", "lasts-days = {}"),
     "t.conf:2: lasts-days: allowed are 1 to 8 durations"},
    {"lasts-none-in-the-end", RULE("soft", "lasts-days = {1} lasts-days = {}"),
     "t.conf:2: lasts-days: allowed are 1 to 8 durations"},
    {"lasts-none-ignored", RULE("soft", "action = \"ignore\" lasts-days = {}"),
     "t.conf:2: lasts-days: allowed are 1 to 8 durations"},
    {"lasts-nine-with-pause", RULE("soft", "\npause-days = 1 lasts-days = {1,2,3,4,5,6,7,8}"),
     "t.conf:3: pause-days: with it there are more than 8 durations"},
    {"lasts-twice", RULE("soft", "lasts-days = {1}\n lasts-days = {2}"),
     "t.conf:3: 'lasts-days' was given in line 2 already"},
    {"suppress-failures", RULE("hard", "\nfailures = 3"),
     "t.conf:3: rule \"hard\": failures says nothing where action is suppress: allowed with count"},
    {"suppress-apart", RULE("soft", "action = \"suppress\" apart-hours = 3"),
     "t.conf:2: rule \"soft\": apart-hours says nothing where action is suppress: …"},
    {"suppress-distinct", RULE("hard", "distinct = true"),
     "t.conf:2: rule \"hard\": distinct says nothing where action is suppress: …"},
    {"suppress-within", RULE("hard", "within-days = 3"),
     "t.conf:2: rule \"hard\": within-days says nothing where action is suppress and there is one "
     "duration"},
    {"ignore-lasts", RULE("soft", "action = \"ignore\" lasts-days = {1}"),
     "t.conf:2: rule \"soft\": lasts-days says nothing where action is ignore"},
    {"ignore-scope", RULE("soft", "action = \"ignore\" scope = \"stream\""),
     "t.conf:2: rule \"soft\": scope says nothing where action is ignore"},
    {"count-without", RULE("hard", "action = \"count\""),
     "t.conf:2: rule \"hard\": action = \"count\" needs failures = 2 or more"},
    {"count-never", RULE("soft", "failures = 10 apart-hours = 48 within-days = 10"),
     "t.conf:2: rule \"soft\": 10 failures 48 hours apart never fit into 10 days"},
    {"count-plausible-never", RULE("soft", "failures = 3 apart-hours = 1 within-days = 1"),
     "t.conf:2: rule \"soft\": 3 plausible reports 20 hours apart never fit into 1 days: allowed …"},
    {"complaint-cleared", RULE("complaint", "cleared-by-delivery = true"),
     "t.conf:2: rule \"complaint\": cleared-by-delivery says nothing here: …"},
    /* The rest of the policy. */
    {"messages-none", "policy { plausible-messages = 0 }\n",
     "t.conf:1: plausible-messages = 0: allowed is a whole number from 1 to 100"},
    {"messages-apart", "policy { plausible-messages = 1\n plausible-apart-hours = 3 }\n",
     "t.conf:2: plausible-apart-hours says nothing where plausible-messages is 1: …"},
    {"hold-none", "policy { hold-hours = 0 }\n",
     "t.conf:1: hold-hours = 0: allowed is a whole number from 1 to 8784"},
    {"authenticated", "policy {\n authenticated = \"yes\" }\n",
     "t.conf:2: authenticated = \"yes\": allowed are believe and count"},
    {"closed-complaints", "policy { closed-complaints = maybe }\n", "t.conf:1: …"},
    {"protect", "policy { protect = {\"a b\"} }\n",
     "t.conf:1: protect: 'a b' is neither: allowed are addresses such as …"},
    {"protect-at", "policy { protect = {\"@example.com\"} }\n",
     "t.conf:1: protect: '@example.com' …"},
    {"policy-twice", "policy { }\npolicy { }\n", "t.conf:2: …"},
    {"policy-unknown", "policy { hold-hour = 2 }\n",
     "t.conf:1: 'hold-hour' is not known here; did you mean 'hold-hours'? allowed are: …"},
    /* Streams. */
    {"stream-nameless", "stream \"\" { exempt = {\"complaint\"} }\n",
     "t.conf:1: a stream's name has 1 to 255 bytes: …"},
    {"stream-untitled", "stream { }\n", "t.conf:1: …"},
    {"stream-empty", STREAM("a", ""), "t.conf:1: stream 'a' says nothing: allowed are mailbox, …"},
    {"stream-twice", STREAM("a", "list-id = {\"x\"}") STREAM("a", "list-id = {\"y\"}"),
     "t.conf:2: …"},
    {"stream-mailbox", BOX STREAM("a", "\nmailbox = {\"fbi\"}"),
     "t.conf:3: stream 'a': mailbox = \"fbi\": there is no mailbox section of this name"},
    {"stream-domain", STREAM("a", "sender-domain = {\"*.example.com\"}"),
     "t.conf:1: stream 'a': sender-domain = \"*.example.com\": allowed are domains …"},
    {"stream-header", STREAM("a", "header = {\"X-Campaign\"}"),
     "t.conf:1: stream 'a': header = \"X-Campaign\": allowed is a field's name and its value, …"},
    {"stream-header-blank", STREAM("a", "header = {\"X Campaign: a\"}"),
     "t.conf:1: stream 'a': header = \"X Campaign: a\": …"},
    {"stream-header-valueless", STREAM("a", "header = {\"X-Campaign: \"}"),
     "t.conf:1: stream 'a': header = \"X-Campaign: \": is empty: …"},
    {"stream-list-empty", STREAM("a", "list-id = {\"\"}"),
     "t.conf:1: stream 'a': list-id = \"\": is empty: …"},
    {"stream-exempt", STREAM("a", "exempt = {\"hard\"}"),
     "t.conf:1: stream 'a': exempt = \"hard\": allowed are complaint and unsubscribe: …"},
    {"stream-unknown", STREAM("a", "domain = {\"x\"}"), "t.conf:1: 'domain' is not known here; …"},
};

static void
test_refused(gconstpointer data)
{
    size_t row = GPOINTER_TO_SIZE(data);
    const char *want = refused[row].want;
    g_autofree char *start = g_strdup(want);
    g_autoptr(GError) error = NULL;
    g_autoptr(HeedConfig) config = heed_config_parse(refused[row].text, "t.conf", &error);

    g_assert_error(error, HEED_ERROR, HEED_ERROR_CONFIG);
    if (g_str_has_suffix(want, "…"))
        start[strlen(want) - strlen("…")] = '\0';
    if (g_str_has_suffix(want, "…") ? !g_str_has_prefix(error->message, start)
                                    : strcmp(error->message, want) != 0)
        g_error("got: %s", error->message);
    g_assert_null(config);
}

/* --- the rest --- */

static void
test_settings(void)
{
    g_autoptr(GError) error = NULL;
    const char *name = NULL;
    g_autoptr(HeedConfig) config = heed_config_parse(
        "policy { plausible-messages = 3 plausible-apart-hours = 48 authenticated = \"count\"\n"
        "  closed-complaints = false hold-hours = 24\n"
        "  protect = {\"Boss@Example.NET\", \"bücher.example\", \"example.com\"} }\n"
        "own { domains = {\"example.com\", \"news.example\"} }\n",
        "t.conf", &error);
    const HeedPolicy *policy;

    g_assert_no_error(error);
    policy = config->policy;
    g_assert_cmpuint(policy->plausible_messages, ==, 3);
    g_assert_cmpuint(policy->plausible_apart_hours, ==, 48);
    g_assert_false(policy->believe_authenticated);
    g_assert_false(policy->closed_complaints);
    g_assert_cmpuint(policy->hold_hours, ==, 24);
    g_assert_cmpuint(policy->protected_names->len, ==, 4); /* none twice */
    g_assert_true(heed_policy_protects(policy, "boss@example.net", &name));
    g_assert_cmpstr(name, ==, "boss@example.net");
    g_assert_false(heed_policy_protects(policy, "ann@example.net", &name));
    g_assert_true(heed_policy_protects(policy, "ann@xn--bcher-kva.example", &name));
    g_assert_true(heed_policy_protects(policy, "ann@mail.news.example", &name));
    g_assert_cmpstr(name, ==, "news.example");
    g_assert_true(heed_policy_protects(policy, "postmaster@example.org", &name));
    g_assert_cmpstr(name, ==, "postmaster");
    g_assert_false(heed_policy_protects(policy, "ann@notexample.com", &name));
    g_assert_false(heed_policy_protects(policy, "ann@com", &name));
}

static void
test_defaults(void)
{
    g_autoptr(HeedConfig) config = heed_config_parse("", "t.conf", NULL);
    g_autoptr(HeedPolicy) defaults = heed_policy_new();
    g_autofree char *here = heed_policy_to_json(config->policy);
    g_autofree char *there = heed_policy_to_json(defaults);

    g_assert_cmpstr(here, ==, there);
    g_assert_cmpuint(config->streams->len, ==, 0);
    g_assert_null(config->original_headers);
}

/* The order of the file is that of the matches. */
static void
test_streams(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(HeedConfig) config = heed_config_parse(
        STREAM("receipts", "sender-domain = {\"Pay.Example.COM\"} exempt = {\"complaint\"}")
            STREAM("promo", "header = \"X-Campaign: promo*\" list-id = {\"a\", \"b\"}")
                STREAM("fbl", "mailbox = \"fbl\" header = {\"x-campaign:  y\"}") BOX,
        "t.conf", &error);
    static const char *const want[] = {
        "receipts pay.example.com", "promo a", "promo b", "promo promo*", "fbl fbl", "fbl y"};
    const HeedPolicyExemption *exemption;

    g_assert_no_error(error);
    g_assert_cmpuint(config->streams->len, ==, G_N_ELEMENTS(want));
    for (guint i = 0; i < config->streams->len; i++) {
        const HeedStreamMatch *match = config->streams->pdata[i];
        g_autofree char *got = g_strconcat(match->stream, " ", match->pattern, NULL);

        g_assert_cmpstr(got, ==, want[i]);
    }
    g_assert_cmpuint(config->original_headers->len, ==, 2);
    g_assert_cmpstr(config->original_headers->pdata[0], ==, "x-campaign");
    g_assert_null(config->original_headers->pdata[1]);
    g_assert_cmpuint(config->policy->exemptions->len, ==, 1);
    exemption = &g_array_index(config->policy->exemptions, HeedPolicyExemption, 0);
    g_assert_cmpstr(exemption->stream, ==, "receipts");
    g_assert_true(exemption->complaint);
    g_assert_false(exemption->unsubscribe);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(line_rows); i++) {
        g_autofree char *path = g_strconcat("/config-policy/line/", line_rows[i].name, NULL);

        g_test_add_data_func(path, &line_rows[i], test_line);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(refused); i++) {
        g_autofree char *path = g_strconcat("/config-policy/refused/", refused[i].name, NULL);

        g_test_add_data_func(path, GSIZE_TO_POINTER(i), test_refused);
    }
    g_test_add_func("/config-policy/settings", test_settings);
    g_test_add_func("/config-policy/defaults", test_defaults);
    g_test_add_func("/config-policy/streams", test_streams);
    return g_test_run();
}
