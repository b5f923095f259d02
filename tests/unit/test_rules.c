/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"
#include "parsers/advice.h"
#include "parsers/rules_check.h"

#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

/* --- what patterns see --- */

typedef struct Fold {
    const char *name;
    const char *text;
    const char *want;
} Fold;

static const Fold folds[] = {
    {"empty", "", ""},
    {"plain", "user unknown", "user unknown"},
    {"code", "550 user unknown", "user unknown"},
    {"code-alone", "550", ""},
    {"code-and-status", "550 5.1.1 user unknown", "user unknown"},
    {"type", "smtp; 550 5.1.1 user unknown", "user unknown"},
    {"hyphens", "550-5.1.1 user unknown", "user unknown"},
    {"hash", "550 #5.1.0 Address rejected.", "Address rejected."},
    {"brackets", "554 (#5.7.1) [TSS04] no", "[TSS04] no"},
    {"status-alone", "#5.1.1 bad", "bad"},
    {"twice", "550 550 5.1.1 nobody", "nobody"},
    {"tag-stays", "421 4.7.0 [TSS04] Messages from 192.0.2.1 deferred",
     "[TSS04] Messages from 0.0.0.0 deferred"},
    {"number-stays", "554 30 Sorry", "30 Sorry"},
    {"continued", "550-5.1.1 The account does\n550-5.1.1 not\r\n550 5.1.1 exist.",
     "The account does not exist."},
    {"continued-on-one-line", "550-5.1.1 The account does 550-5.1.1 not 550 5.1.1 exist.",
     "The account does not exist."},
    {"continued-without-status", "550-The account does\n550-not\n550 exist.",
     "The account does not exist."},
    {"same-number-stays", "552 a file of 552 kilobytes", "a file of 552 kilobytes"},
    {"phone-stays", "550 call 550-1234567", "call 550-1234567"},
    {"said", "host mx.example.net[192.0.2.1] said: 550 5.1.1 <u@example.org>: unknown",
     "host mx.example.net[0.0.0.0] said: <@>: unknown"},
    {"port-stays", "connect to mx.example.net:25: refused",
     "connect to mx.example.net:25: refused"},
    {"blanks", "  mailbox \t\r\n  full  ", "mailbox full"},
    {"underscores", "Remote_host_said:_550_No_such__user", "Remote host said: No such user"},
    {"address", "550 <u.x+y@mail.example.net> unknown", "<@> unknown"},
    {"address-bare", "u@example.net... unknown", "<@>... unknown"},
    {"address-underscore", "user a_b@example.net unknown", "user <@> unknown"},
    {"address-behind-underscores", "said:_550_<u@example.net>_unknown", "said: <@> unknown"},
    {"address-literal", "to <u@[192.0.2.1]> no", "to <@> no"},
    {"address-verp", "b=u=example.org@lists.example.net no", "<@> no"},
    {"address-type", "to rfc822;u@example.net", "to rfc822;<@>"},
    {"address-quoted", "'u@example.net'.", "'<@>'."},
    {"ip", "192.0.2.1 is listed, 198.51.100.255.", "0.0.0.0 is listed, 0.0.0.0."},
    {"ip-in-words", "ip=203.0.113.9&a=[192.0.2.13]:25", "ip=0.0.0.0&a=[0.0.0.0]:25"},
    {"ip-in-name", "13.2.0.192.list.example says no", "0.0.0.0.list.example says no"},
    {"ip-short-stays", "version 10.0.2 1.2.3.", "version 10.0.2 1.2.3."},
    {"ip-long-stays", "1.2.3.4.5 1000.2.3.4 1.2.3.1000 v1.2.3.4 1.2.3.4a 1..2.3.4",
     "1.2.3.4.5 1000.2.3.4 1.2.3.1000 v1.2.3.4 1.2.3.4a 1..2.3.4"},
    {"two-addresses", "a@example.net,b@example.net", "<@>,<@>"},
    {"at-alone", "mail @ example, user@ @example.net", "mail @ example, user@ @example.net"},
    {"utf-8", "550 Postfach voll: \xc3\xbc", "Postfach voll: \xc3\xbc"},
    {"latin-1", "550 Bo\xeete pleine", "Bo\xc3\xaete pleine"},
    {"exim", "550 Empf\\303\\244nger \\320\\275\\320\\265", "Empf\xc3\xa4nger \xd0\xbd\xd0\xb5"},
    {"exim-cut", "550 a\\303\\b \\303", "a\\303\\b \\303"},
    {"cut-utf-8", "550 \xe2\x82", "\xc3\xa2\xc2\x82"},
};

static void
test_fold(const void *data)
{
    const Fold *fold = data;
    size_t length = strlen(fold->text);
    g_autofree char *text = g_memdup2(fold->text, length); /* without room behind it */
    char out[256];
    size_t used = heed_rules_normalise(text, length, out, sizeof(out));
    g_autofree char *got = g_strndup(out, used);

    g_assert_cmpstr(got, ==, fold->want);
    /* Any room will do, and what comes out is UTF-8. */
    for (size_t size = 0; size < sizeof(out); size++) {
        g_autofree char *small = g_malloc(size);

        used = heed_rules_normalise(text, length, small, size);
        g_assert_cmpuint(used, <=, size);
        g_assert_true(used == 0 || g_utf8_validate(small, (gssize)used, NULL));
    }
}

/* --- files --- */

static char *
write_rules(const char *text)
{
    char *path = NULL;
    int fd = g_file_open_tmp("heed-XXXXXX.rules", &path, NULL);

    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(close(fd), ==, 0);
    g_assert_true(g_file_set_contents(path, text, -1, NULL));
    return path;
}

static HeedRules *
load_text(const char *text, GError **error)
{
    g_autofree char *path = write_rules(text);
    const char *const files[] = {path, NULL};
    const HeedRulesOptions options = {.files = files, .no_built_in = true};
    HeedRules *rules = heed_rules_load(&options, error);

    g_assert_cmpint(g_unlink(path), ==, 0);
    return rules;
}

/* What is wrong, and what the message says behind the file's name. */
typedef struct Wrong {
    const char *name;
    const char *text;
    const char *want;
} Wrong;

#define WHOLE "class policy\ntext b\nexample b\n"

static const Wrong wrongs[] = {
    {"before-rule", "\n# c\nclass policy\n", ":3: 'class' stands before the first rule"},
    {"unknown-key", "rule a\nclas policy\n", ":2: 'clas' is not known here"},
    {"bad-id", "rule A b\n" WHOLE, ":1: rule 'A b': a name"},
    {"no-id", "rule\n", ":1: rule ''"},
    {"twice", "rule a\n" WHOLE "rule a\n" WHOLE, ":5: rule a is there already"},
    {"no-class", "rule a\ntext b\nexample b\n", ":1: rule a has no class"},
    {"bad-class", "rule a\nclass abuse\n", ":2: 'abuse' is not a class of failures"},
    {"two-classes", "rule a\nclass policy\nclass policy\n", ":3: a second 'class'"},
    {"no-example", "rule a\nclass policy\ntext b\nrule b\n" WHOLE, ":1: rule a has no example"},
    {"no-source", "rule a\nprovider yahoo\n" WHOLE, ":1: rule a is about a provider"},
    {"no-pattern", "rule a\nclass policy\ncode 550\nexample b\n", ":1: rule a has neither text"},
    {"no-value", "rule a\ntext\n", ":2: 'text' has no value"},
    {"weak-value", "rule a\nweak yes\n", ":2: 'weak' has no value"},
    {"weak-tag", "rule a\nweak\ntag b\nclass policy\nexample b\n", ":1: rule a: a weak rule"},
    {"bad-code", "rule a\ncode 550 3xx\n", ":2: code '3xx'"},
    {"bad-status", "rule a\nstatus 5.1\n", ":2: status '5.1'"},
    {"bad-when", "rule a\nwhen always\n", ":2: when 'always'"},
    {"bad-wait", "rule a\nwait 2w\n", ":2: wait '2w'"},
    {"bad-cause", "rule a\ncause weather\n", ":2: cause 'weather'"},
    {"bad-at", "rule a\nat nobody\n", ":2: at 'nobody'"},
    {"bad-contact", "rule a\ncontact example.net\n", ":2: contact 'example.net'"},
    {"underscore", "rule a\ntext user_unknown\n", ":2: a pattern never sees '_'"},
    {"bad-pattern", "rule a\nclass policy\nexample b\ntext b\ntext (b\n", ":5: the pattern '(b'"},
    {"empty-pattern", "rule a\nclass policy\nexample b\ntext b*\n", ":4: the pattern 'b*'"},
    {"lookahead", "rule a\nclass policy\nexample b\ntext b(?!c)\n", ":4: the pattern"},
    {"control", "rule a\nmeans \033[31mred\n", ":2: a control character"},
    {"not-utf-8", "rule a\nnote \xff\n", ":1: the file is not UTF-8"},
};

static void
test_wrong(const void *data)
{
    const Wrong *wrong = data;
    g_autoptr(GError) error = NULL;
    g_autoptr(HeedRules) rules = load_text(wrong->text, &error);

    g_assert_null(rules);
    g_assert_error(error, HEED_ERROR, HEED_ERROR_CONFIG);
    if (strstr(error->message, wrong->want) == NULL)
        g_error("wanted '%s' in '%s'", wrong->want, error->message);
}

static void
test_no_file(void)
{
    const char *const files[] = {"/nonexistent/a.rules", NULL};
    const HeedRulesOptions options = {.files = files, .cache_folder = HEED_TEST_RULES_CACHE};
    g_autoptr(GError) error = NULL;
    g_autoptr(HeedRules) rules = heed_rules_load(&options, &error);

    g_assert_null(rules);
    g_assert_error(error, HEED_ERROR, HEED_ERROR_CONFIG);
}

static void
test_members(void)
{
    g_autoptr(HeedRules) rules = load_text("rule a.b\n"
                                           "class reputation\n"
                                           "provider yahoo\n"
                                           "tag [T]\n"
                                           "example 421 [T] x\n"
                                           "example 421 [T] y\n"
                                           "wait 2h\n"
                                           "cause reputation\n"
                                           "means What it means.\n"
                                           "do What to do.\n"
                                           "contact https://example.net/\n"
                                           "source https://example.net/a\n"
                                           "source https://example.net/b\n",
                                           NULL);
    const HeedRule *rule;

    g_assert_nonnull(rules);
    rule = heed_rules_get(rules, 0);
    g_assert_cmpstr(rule->id, ==, "a.b");
    g_assert_cmpuint(rule->line, ==, 1);
    g_assert_cmpint((int)rule->tier, ==, HEED_RULE_TIER_TAG);
    g_assert_cmpint((int)rule->class_, ==, HEED_CLASS_REPUTATION);
    g_assert_cmpstr(rule->provider, ==, "yahoo");
    g_assert_cmpint(rule->wait, ==, 7200);
    g_assert_cmpstr(rule->cause, ==, "reputation");
    g_assert_cmpstr(rule->means, ==, "What it means.");
    g_assert_cmpstr(rule->remedy, ==, "What to do.");
    g_assert_cmpstr(rule->contact, ==, "https://example.net/");
    g_assert_cmpstr(rule->source, ==, "https://example.net/a");
    g_assert_cmpstr(rule->examples[1], ==, "421 [T] y");
    g_assert_null(rule->examples[2]);
    g_assert_null(heed_rules_get(rules, 1));
}

/* --- matching --- */

static const char matching[] = "rule general.first\nclass policy\ntext alpha\nexample alpha\n"
                               "rule general.second\nclass content\ntext alpha|beta\nexample beta\n"
                               "rule at.gmail\nclass restricted\nat gmail\ntext alpha|gamma\n"
                               "example alpha\nsource x\n"
                               "rule bare\nclass greylisted\nat yahoo\nstatus 5.7.606 x.0.0 none\n"
                               "example x\nsource x\n"
                               "rule tagged\nclass reputation\ntag [X1]\nexample [X1]\n"
                               "rule word\nclass virus\ntag AB1\nexample AB1\n"
                               "rule and\nclass too-big\ntext delta\nand epsilon\nnot zeta|eta\n"
                               "example delta epsilon\n"
                               "rule code\nclass tls\ntext theta\ncode 42x 550\nexample theta\n"
                               "rule status\nclass content\ntext iota\nstatus 5.7.x\nexample iota\n"
                               "rule dead\nclass bad-mailbox\ntext rho\nstatus 5.1.1\nexample rho\n"
                               "rule temporary\nclass system\ntext kappa\nwhen temporary\n"
                               "example kappa\n"
                               "rule utf8\nclass network\ntext \xc3\xbc"
                               "ber.voll\nexample x\n"
                               "rule anchored\nclass expired\ntext ^lambda <@>$\nexample x\n"
                               "rule weak.dead\nweak\nclass bad-mailbox\ntext mu\nexample mu\n"
                               "rule weak.full\nweak\nclass mailbox-full\ntext nu\nexample nu\n"
                               "rule weak.block\nweak\nclass policy\ntext xi\nexample xi\n";

typedef struct Row {
    const char *name;
    HeedRuleQuery query; /* without length */
    const char *want;
    const char *want_confirmed;
    const char *want_contradicted;
    bool want_mixed;
} Row;

static const Row rows[] = {
    {"nothing", {.text = "omega"}, NULL, NULL, NULL, false},
    {"no-text", {.text = NULL}, NULL, NULL, NULL, false},
    {"first-wins", {.text = "alpha"}, "general.first", NULL, NULL, false},
    {"case", {.text = "BETA"}, "general.second", NULL, NULL, false},
    {"at-before-general",
     {.text = "alpha", .domain_provider = "gmail"},
     "at.gmail",
     NULL,
     NULL,
     false},
    {"at-host", {.text = "alpha", .host_provider = "gmail"}, "at.gmail", NULL, NULL, false},
    {"at-not",
     {.text = "gamma", .host_provider = "yahoo", .status = "5.1.1"},
     NULL,
     NULL,
     NULL,
     false},
    {"tag-before-all",
     {.text = "alpha [X1]", .host_provider = "gmail"},
     "tagged",
     NULL,
     NULL,
     false},
    {"tag-case", {.text = "[x1]"}, NULL, NULL, NULL, false},
    {"tag-word", {.text = "(AB1)"}, "word", NULL, NULL, false},
    {"tag-within-word", {.text = "CAB1 AB12"}, NULL, NULL, NULL, false},
    {"bare",
     {.text = "x", .host_provider = "yahoo", .status = "5.7.606"},
     "bare",
     NULL,
     NULL,
     false},
    {"bare-none", {.text = "x", .host_provider = "yahoo"}, "bare", NULL, NULL, false},
    {"bare-generic",
     {.text = "x", .host_provider = "yahoo", .status = "4.0.0"},
     "bare",
     NULL,
     NULL,
     false},
    {"bare-other",
     {.text = "x", .host_provider = "yahoo", .status = "5.7.1"},
     NULL,
     NULL,
     NULL,
     false},
    {"and", {.text = "delta epsilon"}, "and", NULL, NULL, false},
    {"and-missing", {.text = "delta"}, NULL, NULL, NULL, false},
    {"not", {.text = "delta epsilon eta"}, NULL, NULL, NULL, false},
    {"code", {.text = "theta", .code = "421"}, "code", NULL, NULL, false},
    {"code-exact", {.text = "theta", .code = "550"}, "code", NULL, NULL, false},
    {"code-not", {.text = "theta", .code = "450"}, NULL, NULL, NULL, false},
    {"code-missing", {.text = "theta"}, NULL, NULL, NULL, false},
    {"status", {.text = "iota", .status = "5.7.26"}, "status", NULL, NULL, false},
    {"status-other",
     {.text = "iota", .status = "5.1.1", .other_status = "5.7.1"},
     "status",
     NULL,
     NULL,
     false},
    {"status-of-the-dead",
     {.text = "rho", .status = "5.1.1", .other_status = "5.7.1"},
     "dead",
     NULL,
     NULL,
     false},
    {"status-other-of-the-dead",
     {.text = "rho", .status = "5.7.1", .other_status = "5.1.1"},
     NULL,
     NULL,
     NULL,
     false},
    {"status-not", {.text = "iota", .status = "4.7.1"}, NULL, NULL, NULL, false},
    {"temporary", {.text = "kappa"}, "temporary", NULL, NULL, false},
    {"temporary-not", {.text = "kappa", .permanent = true}, NULL, NULL, NULL, false},
    {"utf8-caseless",
     {.text = "550 \xc3\x9c"
              "BER \xc3\xa9 VOLL \xc3\x9c"
              "BER VOLL"},
     "utf8",
     NULL,
     NULL,
     false},
    {"anchored", {.text = "550 5.1.1 lambda <u@example.net>"}, "anchored", NULL, NULL, false},
    {"anchored-not", {.text = "a lambda u@example.net"}, NULL, NULL, NULL, false},
    {"weak-dead", {.text = "mu"}, NULL, "weak.dead", NULL, false},
    {"weak-full", {.text = "nu"}, NULL, NULL, "weak.full", false},
    {"weak-all", {.text = "xi nu mu"}, NULL, "weak.dead", "weak.full", true},
    {"weak-beside", {.text = "xi nu mu alpha"}, "general.first", NULL, NULL, false},
    {"weak-beside-condition", {.text = "xi nu mu delta epsilon"}, "and", NULL, NULL, false},
};

static const char *
id_of(const HeedRule *rule)
{
    return rule == NULL ? NULL : rule->id;
}

static void
test_match(const void *data)
{
    const Row *row = data;
    g_autoptr(HeedRules) rules = load_text(matching, NULL);
    HeedRuleQuery query = row->query;
    HeedRuleMatch match;

    query.length = query.text == NULL ? 0 : strlen(query.text);
    /* Twice: nothing stays behind. */
    for (int i = 0; i < 2; i++) {
        g_assert_true(
            heed_rules_match(rules, &query, &match) ==
            (row->want != NULL || row->want_confirmed != NULL || row->want_contradicted != NULL));
        g_assert_cmpstr(id_of(match.rule), ==, row->want);
        g_assert_cmpstr(id_of(match.confirmed), ==, row->want_confirmed);
        g_assert_cmpstr(id_of(match.contradicted), ==, row->want_contradicted);
        g_assert_true(match.mixed == row->want_mixed);
    }
}

/* The user's own go before the built-in ones of the same tier, in their order. */
static void
test_users_first(void)
{
    g_autofree char *one =
        write_rules("rule own.one\nclass policy\ntext user unknown\nexample x\n");
    g_autofree char *two = write_rules("rule own.two\nclass tls\ntext user unknown\nexample x\n");
    const char *const files[] = {one, two, NULL};
    const HeedRulesOptions options = {.files = files, .cache_folder = HEED_TEST_RULES_CACHE};
    g_autoptr(HeedRules) rules = heed_rules_load(&options, NULL);
    const HeedRuleQuery query = {.text = "550 user unknown", .length = 16, .code = "550"};
    HeedRuleMatch match;

    g_assert_true(heed_rules_match(rules, &query, &match));
    g_assert_cmpstr(id_of(match.rule), ==, "own.one");
    g_assert_cmpint(g_unlink(one), ==, 0);
    g_assert_cmpint(g_unlink(two), ==, 0);
}

/* --- the built-in rules --- */

/* Each example is decided by the rule that has it. */
static void
test_built_in(void)
{
    g_autoptr(GError) error = NULL;
    const HeedRulesOptions options = {.cache_folder = HEED_TEST_RULES_CACHE};
    g_autoptr(HeedRules) rules = heed_rules_load(&options, &error);
    g_autoptr(GString) wrong = g_string_new(NULL);

    g_assert_no_error(error);
    (void)heed_rules_check(rules, wrong);
    g_assert_cmpstr(wrong->str, ==, "");
}

/* --- the checker --- */

static void
test_check(void)
{
    static const char text[] =
        "rule a\nclass policy\ntext alpha|beta\nexample alpha\nexample gamma\n"
        "rule b\nclass content\ntext alpha\nexample beta alpha\n"
        "rule c\nclass policy\ntext beta\nexample beta\n"
        "rule d\nclass tls\ntext delta\nexample delta\n";
    g_autoptr(HeedRules) rules = load_text(text, NULL);
    g_autoptr(GString) wrong = g_string_new(NULL);
    g_auto(GStrv) lines = NULL;
    const char *const want[] = {
        ":1: rule a: does not match its example 'gamma'",
        ":6: rule b can never win, by its examples",
        ":6: rule b: contradicts rule a (",
        ":10: rule c can never win, by its examples",
        ":10: rule c: rule a (",
        "",
    };

    g_assert_cmpuint(heed_rules_check(rules, wrong), ==, G_N_ELEMENTS(want) - 1);
    lines = g_strsplit(wrong->str, "\n", -1);
    g_assert_cmpuint(g_strv_length(lines), ==, G_N_ELEMENTS(want));
    for (size_t i = 0; i < G_N_ELEMENTS(want); i++)
        if (strstr(lines[i], want[i]) == NULL)
            g_error("wanted '%s' in '%s'", want[i], lines[i]);
}

/* A user's rule that wins over built-in ones is meant to. */
static void
test_check_users(void)
{
    g_autofree char *path = write_rules("rule own\nclass policy\ntext .\nexample x\n");
    const char *const files[] = {path, NULL};
    const HeedRulesOptions options = {.files = files, .cache_folder = HEED_TEST_RULES_CACHE};
    g_autoptr(HeedRules) rules = heed_rules_load(&options, NULL);
    g_autoptr(GString) wrong = g_string_new(NULL);

    g_assert_cmpint(g_unlink(path), ==, 0);
    g_assert_nonnull(rules);
    (void)heed_rules_check(rules, wrong);
    g_assert_cmpstr(wrong->str, ==, "");
}

/* --- advice --- */

static void
test_advice(void)
{
    for (int class_ = HEED_CLASS_BAD_MAILBOX; class_ <= HEED_CLASS_UNKNOWN; class_++) {
        const HeedAdvice *advice = heed_advice_of((HeedClass)class_);

        g_assert_true(class_ == HEED_CLASS_UNKNOWN || advice != heed_advice_of(HEED_CLASS_UNKNOWN));
        g_assert_true(heed_cause_exists(advice->cause));
        g_assert_nonnull(advice->means);
        g_assert_nonnull(advice->remedy);
    }
    g_assert_true(heed_advice_of(HEED_CLASS_ABUSE) == heed_advice_of(HEED_CLASS_UNKNOWN));
    g_assert_cmpstr(heed_contact_of("yahoo")->provider, ==, "yahoo");
    g_assert_null(heed_contact_of("nobody"));
    g_assert_null(heed_contact_of(NULL));
    g_assert_cmpuint(heed_limits_of("comcast")->connections, ==, 25);
    g_assert_cmpuint(heed_limits_of("yahoo")->messages, ==, 20);
    g_assert_null(heed_limits_of("nobody"));
    g_assert_false(heed_cause_exists("weather"));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(folds); i++) {
        g_autofree char *path = g_strconcat("/rules/fold/", folds[i].name, NULL);

        g_test_add_data_func(path, &folds[i], test_fold);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(wrongs); i++) {
        g_autofree char *path = g_strconcat("/rules/wrong/", wrongs[i].name, NULL);

        g_test_add_data_func(path, &wrongs[i], test_wrong);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *path = g_strconcat("/rules/match/", rows[i].name, NULL);

        g_test_add_data_func(path, &rows[i], test_match);
    }
    g_test_add_func("/rules/no-file", test_no_file);
    g_test_add_func("/rules/members", test_members);
    g_test_add_func("/rules/users-first", test_users_first);
    g_test_add_func("/rules/built-in", test_built_in);
    g_test_add_func("/rules/check", test_check);
    g_test_add_func("/rules/check-users", test_check_users);
    g_test_add_func("/rules/advice", test_advice);
    return g_test_run();
}
