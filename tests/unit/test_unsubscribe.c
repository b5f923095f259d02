/* SPDX-License-Identifier: Apache-2.0 */
/* What is a request to be unsubscribed and what is not; whole mails are in the golden files. */
#include "parsers/unsubscribe.h"
#include "tests/support/parser.h"

#include <string.h>

static const struct {
    const char *text;
    const char *argument; /* NULL: no command */
    bool strong;
} commands[] = {
    {"unsubscribe", "", true},
    {"  UNSUBSCRIBE.  ", "", true},
    {"Unsubscribe!", "", true},
    {"unsubscribe me", "me", true},
    {"unsubscribe news", "news", true},
    {"unsubscribe: ann@example.org", "ann@example.org", true},
    {"unsubscribe=7Qx", "7Qx", true},
    {"list-unsubscribe", "", true},
    {"opt-out 7Qx", "7Qx", false},
    {"leave", "", false},
    {"D\xc3\xa9sabonnement", "", false},
    {"d\xc3\xa9sabonnement", "", false},
    {"unsubscribed", NULL, false},
    {"unsubscribe me please", NULL, false},
    {"please unsubscribe", NULL, false},
    {"Unsubscribe link broken", NULL, false},
    {"stop sending me this", NULL, false},
    {"", NULL, false},
};

static void
check_commands(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(commands); i++) {
        size_t length = strlen(commands[i].text);
        g_autofree char *exact = g_memdup2(commands[i].text, MAX(length, 1));
        g_autofree char *got = NULL;
        HeedSpan argument = {"", 0};
        bool strong = false;
        bool is_command = heed_unsubscribe_command((HeedSpan){exact, length}, &strong, &argument);

        g_test_message("%s", commands[i].text);
        g_assert_cmpint(is_command, ==, commands[i].argument != NULL);
        if (!is_command)
            continue;
        g_assert_cmpint(strong, ==, commands[i].strong);
        got = g_strndup(argument.at, argument.length);
        g_assert_cmpstr(got, ==, commands[i].argument);
    }
}

static const struct {
    const char *name;
    const char *header;
    const char *body;
    const char *want; /* NULL: no request */
    HeedAddressSource source;
} mails[] = {
    {"word-address-any-text", "To: unsubscribe@example.com\nSubject: unsubscribe\n",
     "I do not want this any more.\n", "ann@example.org", HEED_ADDRESS_SOURCE_NOTICE},
    {"weak-command-to-ordinary-address", "To: news@example.com\nSubject: leave\n", "", NULL,
     HEED_ADDRESS_SOURCE_NONE},
    {"weak-command-to-its-address", "To: news-leave@example.com\nSubject: leave\n", "",
     "ann@example.org", HEED_ADDRESS_SOURCE_NOTICE},
    {"strong-command-with-words", "To: news@example.com\nSubject: unsubscribe\n",
     "Dear editors, and what about my colleague?\n", NULL, HEED_ADDRESS_SOURCE_NONE},
    {"answer-by-subject", "To: unsubscribe@example.com\nSubject: Re: unsubscribe\n", "", NULL,
     HEED_ADDRESS_SOURCE_NONE},
    {"answer-by-reference",
     "To: unsubscribe@example.com\nSubject: unsubscribe\nReferences: <1@example.com>\n", "", NULL,
     HEED_ADDRESS_SOURCE_NONE},
    {"verp-of-ours", "To: bounces+bob=example.net@example.com\nSubject: unsubscribe\n", "",
     "bob@example.net", HEED_ADDRESS_SOURCE_VERP},
    {"verp-of-others", "To: unsubscribe+bob=example.net@example.edu\nSubject: unsubscribe\n", "",
     "ann@example.org", HEED_ADDRESS_SOURCE_NOTICE},
    {"pattern-of-ours", "To: u7-bob=example.net@example.com\nSubject: unsubscribe\n", "x\n",
     "bob@example.net", HEED_ADDRESS_SOURCE_VERP},
    {"address-in-command", "To: news-leave@example.com\nSubject: unsubscribe bob@example.net\n", "",
     "bob@example.net", HEED_ADDRESS_SOURCE_NOTICE},
    {"token-at-our-domain",
     "To: news-leave@example.com\nSubject: unsubscribe k3-7Qx@lists.example.com\n", "",
     "ann@example.org", HEED_ADDRESS_SOURCE_NOTICE},
    {"token-that-looks-like-an-address",
     "To: news-leave@example.com\n"
     "Subject: unsubscribe 6F1C2A34-9b1d-4c8e-8f00-2f6d0b7c9e11@esp.example.net\n",
     "", "ann@example.org", HEED_ADDRESS_SOURCE_NOTICE},
    {"empty-to-its-address", "To: list-unsubscribe-bob=example.net@example.com\n", "",
     "bob@example.net", HEED_ADDRESS_SOURCE_VERP},
    {"empty-to-a-token", "To: unsubscribe+x7f3@example.com\nSubject:\n", " \n\n", "ann@example.org",
     HEED_ADDRESS_SOURCE_NOTICE},
    {"empty-to-a-return-path", "To: bounces+bob=example.net@example.com\n", "", NULL,
     HEED_ADDRESS_SOURCE_NONE},
    {"empty-of-a-program", "Return-Path: <>\nTo: unsubscribe+x7f3@example.com\n", "", NULL,
     HEED_ADDRESS_SOURCE_NONE},
    {"empty-to-anybody", "To: news@example.com\n", "", NULL, HEED_ADDRESS_SOURCE_NONE},
    {"words-to-its-address", "To: unsubscribe@example.com\n", "Who are you?\n", NULL,
     HEED_ADDRESS_SOURCE_NONE},
    {"bounce-to-its-address",
     "To: unsubscribe@example.com\nSubject: unsubscribe\nMIME-Version: 1.0\n"
     "Content-Type: multipart/report; report-type=delivery-status; boundary=b\n",
     "--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; a.example\n\n"
     "Final-Recipient: rfc822; bob@example.net\nAction: failed\nStatus: 5.1.1\n--b--\n",
     NULL, HEED_ADDRESS_SOURCE_NONE},
};

static void
check_mail(const void *data)
{
    static const char *const domains[] = {"example.com", NULL};
    static const char *const verp[] = {"u{any}-{local}={domain}@example.com", NULL};
    static const HeedParserSettings settings = {.domains = domains, .verp = verp};
    const size_t i = GPOINTER_TO_SIZE(data);
    g_autofree char *mail =
        g_strconcat("From: Ann <ann@example.org>\n", mails[i].header, "\n", mails[i].body, NULL);
    g_autofree char *exact = g_memdup2(mail, strlen(mail));
    g_autoptr(HeedParser) parser = heed_test_parser_new(&settings);
    g_autoptr(HeedReport) report = heed_parser_read(parser, exact, strlen(mail), NULL);
    const HeedRecipient *recipient;

    g_assert_cmpint(report->kind == HEED_KIND_UNSUBSCRIBE, ==, mails[i].want != NULL);
    if (mails[i].want == NULL)
        return;
    g_assert_cmpuint(report->recipients->len, ==, 1);
    recipient = &g_array_index(report->recipients, HeedRecipient, 0);
    g_assert_cmpstr(recipient->address, ==, mails[i].want);
    g_assert_cmpint(recipient->address_source, ==, mails[i].source);
    g_assert_cmpint(recipient->verdict, ==, HEED_VERDICT_UNSUBSCRIBE);
    g_assert_cmpint(recipient->class_, ==, HEED_CLASS_UNSUBSCRIBE);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/unsubscribe/commands", check_commands);
    for (size_t i = 0; i < G_N_ELEMENTS(mails); i++) {
        g_autofree char *path = g_strdup_printf("/unsubscribe/%s", mails[i].name);

        g_test_add_data_func(path, GSIZE_TO_POINTER(i), check_mail);
    }
    return g_test_run();
}
