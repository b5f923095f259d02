/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/verp.h"

#include <string.h>

static const char *const patterns[] = {"b-{any}-{local}={domain}@bounce.example.com",
                                       "return+{local}#{domain}@example.com", NULL};

static const struct {
    const char *name;
    const char *sender;
    HeedVerp scheme;
    const char *want;
} decodings[] = {
    {"mailman", "list-bounces+ann=example.org@example.com", HEED_VERP_COMMON, "ann@example.org"},
    {"mailman-bare", "bounces+ann=example.org@example.com", HEED_VERP_COMMON, "ann@example.org"},
    {"mailman-dashes", "a-list-bounces+ann-lee=mail.example.org@example.com", HEED_VERP_COMMON,
     "ann-lee@mail.example.org"},
    {"mailman-tagged", "list-bounces+ann+news=example.org@example.com", HEED_VERP_COMMON,
     "ann+news@example.org"},
    {"postfix", "owner-list+ann=example.org@example.com", HEED_VERP_COMMON, "ann@example.org"},
    {"postfix-owner-behind", "list-owner+ann=example.org@example.com", HEED_VERP_COMMON,
     "ann@example.org"},
    {"ezmlm", "list-return-123-ann-lee=example.org@example.com", HEED_VERP_COMMON,
     "ann-lee@example.org"},
    {"ezmlm-no-number", "list-return-ann=example.org@example.com", HEED_VERP_NONE, NULL},
    {"ezmlm-unsubscribe", "list-unsubscribe-ann-lee=example.org@example.com", HEED_VERP_COMMON,
     "ann-lee@example.org"},
    {"unsubscribe", "unsubscribe+ann=example.org@example.com", HEED_VERP_COMMON, "ann@example.org"},
    {"sendgrid", "bounces+123456-9a0f-ann-lee=example.org@em.example.com", HEED_VERP_COMMON,
     "ann-lee@example.org"},
    {"mailgun", "bounce+2d998f.371096-ann=example.org@mg.example.com", HEED_VERP_COMMON,
     "ann@example.org"},
    {"dash", "bounces-ann=example.org@example.com", HEED_VERP_COMMON, "ann@example.org"},
    {"dash-ambiguous", "bounces-ann-lee=example.org@example.com", HEED_VERP_NONE, NULL},
    {"numbers-ambiguous", "bounce-0002-1115-ann=example.org@example.com", HEED_VERP_NONE, NULL},
    {"record-ambiguous", "list-bounces+12-ann=example.org@example.com", HEED_VERP_NONE, NULL},
    {"user-with-a-tag", "joe+ann=example.org@example.com", HEED_VERP_NONE, NULL},
    {"gmail-forward", "joe+caf_=ann=example.org@gmail.com", HEED_VERP_NONE, NULL},
    {"two-equals", "bounces+a=ann=example.org@example.com", HEED_VERP_NONE, NULL},
    {"no-domain", "bounces+ann=example@example.com", HEED_VERP_NONE, NULL},
    {"a-version", "bounces+news=v1.2@example.com", HEED_VERP_NONE, NULL},
    {"no-user", "bounces+=example.org@example.com", HEED_VERP_NONE, NULL},
    {"no-at-all", "bounces+ann=example.org", HEED_VERP_NONE, NULL},
    {"ses", "0102018a1b2c-5d6e7f80-000000@eu-west-1.amazonses.com", HEED_VERP_NONE, NULL},
    {"plain", "bounces@example.com", HEED_VERP_NONE, NULL},
    {"empty", "", HEED_VERP_NONE, NULL},
    {"pattern", "b-7.x-ann-lee=example.org@bounce.example.com", HEED_VERP_CONFIGURED,
     "ann-lee@example.org"},
    {"pattern-two-equals", "b-7-a=b=example.org@bounce.example.com", HEED_VERP_CONFIGURED,
     "a=b@example.org"},
    {"pattern-other-sign", "return+ann#example.org@example.com", HEED_VERP_CONFIGURED,
     "ann@example.org"},
    {"pattern-other-host", "b-7-ann=example.org@example.com", HEED_VERP_NONE, NULL},
};

static void
check_decoding(const void *data)
{
    const size_t i = GPOINTER_TO_SIZE(data);
    g_autofree char *exact = g_strdup(decodings[i].sender);
    g_autofree char *got = NULL;

    g_assert_cmpint(heed_verp_decode(exact, patterns, &got), ==, decodings[i].scheme);
    g_assert_cmpstr(got, ==, decodings[i].want);
}

static void
check_undo(void)
{
    static const struct {
        const char *sender;
        const char *want;
    } rows[] = {
        {"prvs=1234abcdef=ann@example.com", "ann@example.com"},
        {"prvs=1234abcdef=bounces+ann=example.org@example.com",
         "bounces+ann=example.org@example.com"},
        {"btv1==054fc70c6ae==ann@example.com", "ann@example.com"},
        {"msprvs1=17586abcdef=bounces-1@example.com", "bounces-1@example.com"},
        {"prvs=ann@example.com", "prvs=ann@example.com"},
        {"prvs==ann@example.com", "prvs==ann@example.com"},
        {"srs0=hhhh=tt=example.com=ann@forward.example", "ann@example.com"},
        {"srs0+hhhh=tt=example.com=b+ann=example.org@forward.example",
         "b+ann=example.org@example.com"},
        {"srs0-hhhh=tt=example.com=ann@forward.example", "ann@example.com"},
        {"srs1=gggg=first.example==hhhh=tt=example.com=ann@forward.example", "ann@example.com"},
        {"srs1=gggg=first.example=-hhhh=tt=example.com=ann@forward.example", "ann@example.com"},
        {"srs0=h1=tt=second.example=srs0=h2=tt=example.com=ann@forward.example", "ann@example.com"},
        {"srs0=hhhh=tt=example.com=prvs=1234abcdef=ann@forward.example", "ann@example.com"},
        {"srs0=hhhh=tt=ann@forward.example", "srs0=hhhh=tt=ann@forward.example"},
        {"srs0=hhhh=tt=example.com=@forward.example", "srs0=hhhh=tt=example.com=@forward.example"},
        {"srs0==tt=example.com=ann@forward.example", "srs0==tt=example.com=ann@forward.example"},
        {"srs1=gggg@forward.example", "srs1=gggg@forward.example"},
        {"srs0@example.com", "srs0@example.com"},
        {"ann@example.com", "ann@example.com"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *exact = g_strdup(rows[i].sender);
        g_autofree char *got = heed_verp_undo(exact);

        g_assert_cmpstr(got, ==, rows[i].want);
    }
}

static void
check_agreement(void)
{
    static const struct {
        const char *sender;
        const char *recipient;
        bool want;
    } rows[] = {
        {"bounce-12-34-ann-lee=example.org@example.com", "ann-lee@example.org", true},
        {"bounce-12-34-ann-lee=example.org@example.com", "lee@example.org", true},
        {"bounce-12-34-ann-lee=example.org@example.com", "nn-lee@example.org", false},
        {"bounce-12-34-ann-lee=example.org@example.com", "ann-lee@example.net", false},
        {"bounce-12-34-ann-lee=example.org@example.com", "ann-lee@example.or", false},
        {"ann=example.org@example.com", "ann@example.org", false},
        {"a", "ann@example.org", false},
        {"x+ann=example.org@example.com", "ann", false},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        g_assert_cmpint(heed_verp_agrees(rows[i].sender, rows[i].recipient), ==, rows[i].want);
}

static void
check_patterns(void)
{
    static const struct {
        const char *pattern;
        bool want;
    } rows[] = {
        {"bounces+{local}={domain}@example.com", true},
        {"b-{any}-{any}.{local}={domain}@bounce.example.com", true},
        {"bounces+{local}{domain}@example.com", false},
        {"{local}={domain}@example.com", false},
        {"bounces+{domain}={local}@example.com", false},
        {"bounces+{local}@{domain}", false},
        {"bounces+{local}={domain}", false},
        {"bounces+{local}={local}={domain}@example.com", false},
        {"bounces+{user}={domain}@example.com", false},
        {"bounces+{local}={domain@example.com", false},
        {"bounces+{local}={domain}@", false},
        {"bounces@example.com", false},
        {"", false},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        const char *why = NULL;

        g_test_message("%s", rows[i].pattern);
        g_assert_cmpint(heed_verp_pattern_check(rows[i].pattern, &why), ==, rows[i].want);
        g_assert_nonnull(why);
    }
}

/* Many readings of one address must not take for ever. */
static void
check_cost(void)
{
    static const char *const costly[] = {
        "a{any}a{any}a{any}a{any}a{any}a{local}a{domain}@example.com", NULL};
    g_autofree char *run = g_strnfill(240, 'a');
    g_autofree char *sender = g_strconcat(run, "@example.net", NULL);
    g_autofree char *got = NULL;

    g_assert_cmpint(heed_verp_decode(sender, costly, &got), ==, HEED_VERP_NONE);
    g_assert_null(got);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(decodings); i++) {
        g_autofree char *path = g_strdup_printf("/verp/%s", decodings[i].name);

        g_test_add_data_func(path, GSIZE_TO_POINTER(i), check_decoding);
    }
    g_test_add_func("/verp/undo", check_undo);
    g_test_add_func("/verp/agreement", check_agreement);
    g_test_add_func("/verp/patterns", check_patterns);
    g_test_add_func("/verp/cost", check_cost);
    return g_test_run();
}
