/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/template.h"

#include <string.h>
#include <time.h>

typedef struct Row {
    const char *name;
    const char *pattern;
    const char *line;
    /* What is found, "address|original|local|host|status|code|subject|reply" with "-" for what is
     * not there; NULL: no match. */
    const char *want;
} Row;

static const Row rows[] = {
    {"literal", "Below this line", "Below this line", "-|-|-|-|-|-|-|-"},
    {"letter-case", "below THIS line", "Below this line", "-|-|-|-|-|-|-|-"},
    {"whole-line", "Below this", "Below this line", NULL},
    {"blank-at-end", "Below", "Below \t\r", "-|-|-|-|-|-|-|-"},
    {"blanks-are-one", "a b", "a \t  b", "-|-|-|-|-|-|-|-"},
    {"blank-needed", "a b", "ab", NULL},
    {"indent-free", "{address}", "   anna@example.org", "anna@example.org|-|-|-|-|-|-|-"},
    {"indent-needed", " {address}", "anna@example.org", NULL},
    {"indent-there", " {address}", "\tanna@example.org", "anna@example.org|-|-|-|-|-|-|-"},
    {"indent-forbidden", "^{address}", " anna@example.org", NULL},
    {"address-bare", "{address}:", "anna@example.org:", "anna@example.org|-|-|-|-|-|-|-"},
    {"address-bracketed", "{address}:", "<anna@example.org>:", "anna@example.org|-|-|-|-|-|-|-"},
    {"address-quoted", "{address}:", "\"anna@example.org\":", "anna@example.org|-|-|-|-|-|-|-"},
    {"address-full-stop", "to {address}.", "to anna@example.org.",
     "anna@example.org|-|-|-|-|-|-|-"},
    {"address-apostrophe", "to '{address}'", "to 'anna@example.org'",
     "anna@example.org|-|-|-|-|-|-|-"},
    {"address-without-domain", "{address}", "anna", NULL},
    {"address-unclosed", "{address}", "<anna@example.org", NULL},
    {"address-empty", "{address}", "<>", NULL},
    {"address-nothing", "{address}", "", NULL},
    {"two-addresses", "{address} <{original}>", "a@example.org <<b@example.org>>",
     "a@example.org|b@example.org|-|-|-|-|-|-"},
    {"original", "{address} (expanded from {original})",
     "a@example.org (expanded from <b@example.org>)", "a@example.org|b@example.org|-|-|-|-|-|-"},
    {"local", " {local} ({reply})", "  anna (user not found)", "-|-|anna|-|-|-|-|user not found"},
    {"local-is-no-address", " {local}", "  anna@example.org", NULL},
    {"host", "{host} said: {reply}", "mx.example.org said: no", "-|-|-|mx.example.org|-|-|-|no"},
    {"host-dot", "by {host} [{*}]", "by mx.example.org. [192.0.2.1]",
     "-|-|-|mx.example.org|-|-|-|-"},
    {"host-colon", "host {host}: {reply}", "host mx.example.org: no",
     "-|-|-|mx.example.org|-|-|-|no"},
    {"host-bracketed", "{host} said: {reply}", "[192.0.2.1] said: no", "-|-|-|192.0.2.1|-|-|-|no"},
    {"host-unclosed", "{host} said", "[192.0.2.1 said", NULL},
    {"codes", "{code} {status} {address}... {reply}", "550 5.1.1 <a@example.org>... User unknown",
     "a@example.org|-|-|-|5.1.1|550|-|User unknown"},
    {"code-is-three-digits", "{code} {reply}", "5500 x", NULL},
    {"code-begins-with", "{code} {reply}", "650 x", NULL},
    {"status-is-no-address", "{status} {reply}", "192.0.2.1 x", NULL},
    {"digits", "(state {n}).", "(state 14).", "-|-|-|-|-|-|-|-"},
    {"subject", "Subject: {subject}", "Subject: Your news", "-|-|-|-|-|-|Your news|-"},
    {"reply-empty", "{address}:{reply}", "<a@example.org>:", "a@example.org|-|-|-|-|-|-|"},
    {"reply-shortest", "{reply} Giving up on {*}", "550 no Giving up on a. Giving up on b.",
     "-|-|-|-|-|-|-|550 no"},
    {"wild-tries-again", "{*}host {host} [{*}]: {reply}",
     "after RCPT TO:<host a@b>: host mx.example.org [192.0.2.1]: 550 no",
     "-|-|-|mx.example.org|-|-|-|550 no"},
    {"wild-before-token", "{*}{host} does not like recipient.{*}",
     "From: <a@example.org> RCPT: <b@example.org> 192.0.2.1 does not like recipient. So",
     "-|-|-|192.0.2.1|-|-|-|-"},
    {"wild-at-both-ends", "{*}not deliver{*}", "could NOT deliver it", "-|-|-|-|-|-|-|-"},
    {"wild-nothing", "{*}", "", "-|-|-|-|-|-|-|-"},
    {"whole-line-is-reply", "={*}is full: {address}", "  Mailbox is full: a@example.org",
     "a@example.org|-|-|-|-|-|-|Mailbox is full: a@example.org"},
    {"whole-line-indented", " =As their {*}", "     As their mailbox is full.",
     "-|-|-|-|-|-|-|As their mailbox is full."},
    {"utf-8-exactly", "Fehler für {address}", "Fehler für a@example.org",
     "a@example.org|-|-|-|-|-|-|-"},
};

static char *
describe(const HeedTemplateMatch *match)
{
    const HeedSpan *const spans[] = {&match->address, &match->original, &match->local,
                                     &match->host,    &match->status,   &match->code,
                                     &match->subject, &match->reply};
    GString *out = g_string_new(NULL);

    for (size_t i = 0; i < G_N_ELEMENTS(spans); i++) {
        if (i > 0)
            g_string_append_c(out, '|');
        if (spans[i]->at == NULL)
            g_string_append_c(out, '-');
        else
            g_string_append_len(out, spans[i]->at, (gssize)spans[i]->length);
    }
    return g_string_free(out, FALSE);
}

static void
check_row(gconstpointer data)
{
    const Row *row = data;
    size_t length = strlen(row->line);
    g_autofree char *exact = g_memdup2(row->line, MAX(length, 1));
    HeedTemplateMatch match = {0};
    g_autofree char *got = NULL;

    g_assert_true(heed_template_is_valid(row->pattern));
    if (row->want == NULL) {
        g_assert_false(heed_template_match(row->pattern, (HeedSpan){exact, length}, NULL));
        return;
    }
    g_assert_true(heed_template_match(row->pattern, (HeedSpan){exact, length}, &match));
    got = describe(&match);
    g_assert_cmpstr(got, ==, row->want);
}

static void
check_valid(void)
{
    static const char *const bad[] = {"", "{adress}", "{address", "address}", "{reply}}", "{}"};

    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
        g_assert_false(heed_template_is_valid(bad[i]));
}

static void
check_any(void)
{
    static const char *const templates[] = {"{code} {reply}", "{reply}", NULL};
    HeedTemplateMatch match;

    g_assert_null(heed_template_match_any(NULL, (HeedSpan){"x", 1}, &match));
    g_assert_true(heed_template_match_any(templates, (HeedSpan){"550 x", 5}, NULL) == templates[0]);
    g_assert_true(heed_template_match_any(templates, (HeedSpan){"x", 1}, &match) == templates[1]);
    g_assert_cmpuint(match.reply.length, ==, 1);
}

/* A line that nearly matches at each of its bytes takes no more than its length times the
 * template's. */
static void
check_hostile(void)
{
    g_autoptr(GString) line = g_string_new(NULL);
    clock_t begin;

    while (line->len < 1024U * 1024)
        g_string_append(line, "host a [b]: hosthost ");
    begin = clock();
    for (int i = 0; i < 100; i++)
        g_assert_false(heed_template_match("{*}host {host} [{*}]: {*}{address} {code} x",
                                           (HeedSpan){line->str, line->len}, NULL));
    g_assert_cmpint((clock() - begin) / CLOCKS_PER_SEC, <, 2);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *path = g_strdup_printf("/template/%s", rows[i].name);

        g_test_add_data_func(path, &rows[i], check_row);
    }
    g_test_add_func("/template/valid", check_valid);
    g_test_add_func("/template/any", check_any);
    g_test_add_func("/template/hostile", check_hostile);
    return g_test_run();
}
