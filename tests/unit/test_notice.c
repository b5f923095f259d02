/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What golden files do not show: who may send a notice, every encoding of one text, where the
 * original stands, limits. Formats have their fixtures in tests/fixtures/notice.
 */
#include "parsers/notice_text.h"
#include "tests/support/parser.h"

#include <string.h>
#include <time.h>

static HeedParser *parser;

#define EXIM_TEXT                                                                \
    "This message was created automatically by mail delivery software.\n"        \
    "\n"                                                                         \
    "A message that you sent could not be delivered to one or more of its\n"     \
    "recipients. This is a permanent error. The following address(es) failed:\n" \
    "\n"                                                                         \
    "  anna@example.org\n"                                                       \
    "    SMTP error from remote mail server after RCPT TO:<anna@example.org>:\n" \
    "    host mx.example.org [192.0.2.25]: 550 5.1.1 No such user\n"

#define ORIGINAL                                         \
    "Received: from a by b; 2 Jan 2026 03:04:05 +0000\n" \
    "\tid 1\n"                                           \
    "Message-ID: <1@example.com>\n"                      \
    "From: news@example.com\n"                           \
    "To: anna@example.org\n"                             \
    "Subject: Your news\n"

static HeedReport *
read_bytes(const char *bytes, size_t length)
{
    g_autofree char *exact = g_memdup2(bytes, MAX(length, 1));

    return heed_parser_read(parser, exact, length, NULL);
}

static HeedReport *
read_text(const char *header, const char *text)
{
    g_autofree char *whole = g_strconcat(header, "\n", text, NULL);

    return read_bytes(whole, strlen(whole));
}

static const HeedRecipient *
only_recipient(const HeedReport *report)
{
    g_assert_cmpuint(report->recipients->len, ==, 1);
    return &g_array_index(report->recipients, HeedRecipient, 0);
}

/* The same words, from whom? */
static void
check_senders(void)
{
    static const struct {
        const char *header;
        HeedKind want;
    } rows[] = {
        {"From: MAILER-DAEMON@example.net\n", HEED_KIND_BOUNCE},
        {"From: Mail Delivery System <x@example.net>\n", HEED_KIND_BOUNCE},
        {"Return-Path: <>\nFrom: x@example.net\n", HEED_KIND_BOUNCE},
        {"From: x@example.net\nAuto-Submitted: auto-replied\n", HEED_KIND_AUTO_REPLY},
        {"From: x@example.net\nAuto-Submitted: auto-generated\n", HEED_KIND_BOUNCE},
        {"Return-Path: <MAILER-DAEMON>\nFrom: x@example.net\n", HEED_KIND_BOUNCE},
        {"Return-Path: MAILER-DAEMON@example.org\nFrom: x@example.net\n", HEED_KIND_BOUNCE},
        {"Return-Path: \nFrom: x@example.net\n", HEED_KIND_BOUNCE},
        {"Return-Path: < >\nFrom: x@example.net\n", HEED_KIND_BOUNCE},
        {"Return-Path: <> (null)\nFrom: x@example.net\n", HEED_KIND_BOUNCE},
        {"Return-Path: <null>\nFrom: x@example.net\n", HEED_KIND_BOUNCE},
        {"Return-Path: nullable@example.net\nFrom: x@example.net\n", HEED_KIND_OTHER},
        {"Return-Path: <x@example.net>\nFrom: x@example.net\nAuto-Submitted: auto-generated\n",
         HEED_KIND_OTHER},
        {"Return-Path: <>\nFrom: x@example.net\nList-Id: <list.example.net>\n", HEED_KIND_OTHER},
        {"From: x@example.net\nSubject: Mail delivery failed: returning message to sender\n",
         HEED_KIND_OTHER},
        {"From: Ben <ben@example.net>\nSubject: trouble\n", HEED_KIND_OTHER},
        {"From: Ben <ben@example.net>\nSubject: Re: Mail delivery failed\n", HEED_KIND_OTHER},
        {"From: Ben <ben@example.net>\nSubject: Fwd: Mail delivery failed\n", HEED_KIND_OTHER},
        {"From: Ben <ben@example.net>\nSubject: Mail delivery failed\nIn-Reply-To: <1@example.com>\n",
         HEED_KIND_OTHER},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(HeedReport) report = read_text(rows[i].header, EXIM_TEXT);

        g_assert_cmpint(report->kind, ==, rows[i].want);
        if (rows[i].want == HEED_KIND_BOUNCE)
            g_assert_cmpstr(only_recipient(report)->diagnostic, ==, "550 5.1.1 No such user");
    }
}

#define NON_REMIS "Your message could not be delivered to\nanna@example.org\n550 No such user\n"
#define COMPLAINER                                                     \
    "Return-Path: <abuse@example.net>\nFrom: complaints@example.net\n" \
    "Auto-Submitted: auto-generated\n"
#define FEEDBACK \
    "Feedback-Type: abuse\nVersion: 1\nUser-Agent: a/1\nOriginal-Rcpt-To: anna@example.org\n"

/* What no description fits is read only where a daemon surely speaks of a failure. */
static void
check_general(void)
{
    static const struct {
        const char *header;
        const char *text;
        HeedKind want;
    } rows[] = {
        {"From: postmaster@example.net\nSubject: Undeliverable mail\n",
         "anna@example.org: no such user\n", HEED_KIND_BOUNCE},
        {"From: postmaster@example.net\nSubject: hello\n",
         "It could not be delivered.\n\n<anna@example.org>: no such user\n", HEED_KIND_BOUNCE},
        {"From: postmaster@example.net\nSubject: Undeliverable mail\n", "Somebody was not there.\n",
         HEED_KIND_OTHER},
        {"From: postmaster@example.net\nSubject: hello\n", "anna@example.org: is a friend\n",
         HEED_KIND_OTHER},
        {"From: System Administrator <it@example.net>\nSubject: Undeliverable\n",
         "anna@example.org: no such user\n", HEED_KIND_BOUNCE},
        /* A name is words, too, of somebody who wants to hear what became of his mail. */
        {"Return-Path: <it@example.net>\nFrom: System Administrator <it@example.net>\n"
         "Subject: Undeliverable\n",
         "anna@example.org: no such user\n", HEED_KIND_OTHER},
        {"From: news@example.net\nSubject: Undeliverable mail\nList-Unsubscribe: <x:y>\n",
         "anna@example.org: no such user\n", HEED_KIND_OTHER},
        {"From: ben@example.net\nReturn-Path: <>\nAuto-Submitted: auto-replied\nSubject: Away\n",
         "My mail could not be delivered, write to\nanna@example.org\n", HEED_KIND_AUTO_REPLY},
        /* A gateway known by its subject; somebody shows what he got from it. */
        {"From: x@example.net\nSubject: News: non remis (delivery failed)\n", NON_REMIS,
         HEED_KIND_BOUNCE},
        {"From: x@example.net\nSubject: Fwd: News: non remis (delivery failed)\n",
         "Look:\n\n" NON_REMIS, HEED_KIND_OTHER},
        {"From: x@example.net\nSubject: Fwd: News: non remis (delivery failed)\n",
         "-------- Forwarded --------\nFrom: y@example.net\n\n" NON_REMIS, HEED_KIND_OTHER},
        /* Complaints have return paths, and need not be labelled as such. */
        {COMPLAINER, FEEDBACK, HEED_KIND_COMPLAINT},
        {COMPLAINER "List-Unsubscribe: <x:y>\n", FEEDBACK, HEED_KIND_OTHER},
        {"Return-Path: <ben@example.net>\nFrom: ben@example.net\n", FEEDBACK, HEED_KIND_OTHER},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(HeedReport) report = read_text(rows[i].header, rows[i].text);

        g_assert_cmpint(report->kind, ==, rows[i].want);
    }
}

#define SENDMAIL8                                                          \
    "   ----- The following addresses had permanent fatal errors -----\n"  \
    "<anna@example.org>\n\n   ----- Transcript of session follows -----\n" \
    "... while talking to mx.example.org.:\n"
#define SENDMAIL8_TWO                                                     \
    "   ----- The following addresses had permanent fatal errors -----\n" \
    "<anna@example.org>\n<ben@example.net>\n\n"                           \
    "   ----- Transcript of session follows -----\n"                      \
    "... while talking to mx.example.org.:\n"
#define SENDMAIL5                                    \
    "   ----- Transcript of session follows -----\n" \
    "While talking to mx.example.org:\n"
#define RCPT        ">>> RCPT To:<anna@example.org>\n"
#define UNKNOWN     "550 5.1.1 <anna@example.org>... User unknown\n"
#define UNAVAILABLE "554 5.0.0 Service unavailable\n"

/* What the server said in Sendmail's transcript, not what Sendmail makes of it. */
static void
check_transcripts(void)
{
    static const struct {
        const char *text;
        const char *want; /* the first recipient's; NULL for none */
        HeedClass class_;
        const char *second; /* where there are two */
    } rows[] = {
        {SENDMAIL8 RCPT "<<< 550 5.7.1 not from this network\n" UNKNOWN,
         "550 5.7.1 not from this network", HEED_CLASS_POLICY, NULL},
        {SENDMAIL8 RCPT "<<< 550 refused as spam\n" UNKNOWN, "550 refused as spam",
         HEED_CLASS_SPAM_CONTENT, NULL},
        {SENDMAIL8 RCPT "<<< 550-SPF check failed\n<<< 550 for example.com\n" UNKNOWN,
         "550-SPF check failed 550 for example.com", HEED_CLASS_AUTH_FAILURE, NULL},
        {SENDMAIL8 ">>> RCPT To:<anna@example.org> NOTIFY=FAILURE\n<<< 552 5.2.2 full\n" UNKNOWN,
         "552 5.2.2 full", HEED_CLASS_MAILBOX_FULL, NULL},
        {SENDMAIL8 RCPT "<<< 450 4.7.1 Greylisted\n... while talking to mx2.example.org.:\n" RCPT
                        "<<< 550 5.1.1 No such user\n" UNKNOWN,
         "550 5.1.1 No such user", HEED_CLASS_BAD_MAILBOX, NULL},
        {SENDMAIL8 ">>> DATA\n<<< 552 5.2.2 Mailbox full\n" UNAVAILABLE, "552 5.2.2 Mailbox full",
         HEED_CLASS_MAILBOX_FULL, NULL},
        {SENDMAIL8 "<<< 554 5.7.1 Your address is on a blocklist\n" UNAVAILABLE,
         "554 5.7.1 Your address is on a blocklist", HEED_CLASS_REPUTATION, NULL},
        {SENDMAIL8_TWO RCPT "<<< 550 5.7.1 refused as spam\n" UNKNOWN
                            ">>> RCPT To:<ben@example.net>\n<<< 550 5.1.1 No such user\n"
                            "550 5.1.1 <ben@example.net>... User unknown\n",
         "550 5.7.1 refused as spam", HEED_CLASS_SPAM_CONTENT, "550 5.1.1 No such user"},
        {SENDMAIL8 ">>> DATA\n<<< 550 refused as spam\n" UNKNOWN "<<< 503 RCPT first\n",
         "550 refused as spam", HEED_CLASS_SPAM_CONTENT, NULL},
        {SENDMAIL8_TWO ">>> DATA\n<<< 550 5.7.1 refused as spam\n" UNKNOWN
                       "550 5.1.2 <ben@example.net>... Host unknown\n",
         "550 5.7.1 refused as spam", HEED_CLASS_SPAM_CONTENT,
         "550 5.1.2 <ben@example.net>... Host unknown"},
        {SENDMAIL8_TWO ">>> DATA\n<<< 550 5.7.1 refused as spam\n" UNAVAILABLE
                       "550 5.1.1 <ben@example.net>... User unknown\n",
         NULL, HEED_CLASS_UNKNOWN, "550 5.1.1 <ben@example.net>... User unknown"},
        /* Of which of the two? */
        {SENDMAIL8_TWO ">>> DATA\n<<< 550 5.1.1 No such user\n" UNAVAILABLE, NULL,
         HEED_CLASS_UNKNOWN, NULL},
        {SENDMAIL8 UNKNOWN, "550 5.1.1 <anna@example.org>... User unknown", HEED_CLASS_BAD_MAILBOX,
         NULL},
        {SENDMAIL5 RCPT "<<< 550 refused as spam\n550 <anna@example.org>... User unknown\n",
         "550 refused as spam", HEED_CLASS_SPAM_CONTENT, NULL},
        {SENDMAIL5 RCPT "<<< 550 5.7.1 refused\n" UNKNOWN, "550 5.7.1 refused", HEED_CLASS_POLICY,
         NULL},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(HeedReport) report = read_text("From: MAILER-DAEMON@example.net\n", rows[i].text);
        const HeedRecipient *recipients = &g_array_index(report->recipients, HeedRecipient, 0);

        g_assert_cmpuint(report->recipients->len, >, 0);
        g_assert_cmpstr(recipients[0].diagnostic, ==, rows[i].want);
        g_assert_cmpint(recipients[0].class_, ==, rows[i].class_);
        if (rows[i].second != NULL)
            g_assert_cmpstr(recipients[1].diagnostic, ==, rows[i].second);
    }
}

static char *
in_charset(const char *charset)
{
    gsize length = 0;
    char *text = g_convert("Это письмо создано автоматически.\n\n" EXIM_TEXT, -1, charset, "UTF-8",
                           NULL, &length, NULL);

    g_assert_nonnull(text);
    g_assert_cmpuint(strlen(text), ==, length);
    return text;
}

static void
check_encodings(void)
{
    static const char *const charsets[] = {"utf-8", "koi8-r", "windows-1251", "iso-8859-5"};

    for (size_t i = 0; i < G_N_ELEMENTS(charsets); i++) {
        g_autofree char *text = in_charset(charsets[i]);
        g_autofree char *coded = g_base64_encode((const guchar *)text, strlen(text));
        g_autofree char *header =
            g_strdup_printf("From: MAILER-DAEMON@example.net\nMIME-Version: 1.0\n"
                            "Content-Type: text/plain; charset=%s\n"
                            "Content-Transfer-Encoding: base64\n",
                            charsets[i]);
        g_autoptr(HeedReport) report = read_text(header, coded);

        g_assert_cmpstr(only_recipient(report)->address, ==, "anna@example.org");
        g_assert_cmpstr(only_recipient(report)->remote_mta, ==, "mx.example.org");
    }
}

/* The original: as it was, quoted, indented, cut short, or not there. */
static void
check_originals(void)
{
    static const struct {
        const char *marker;
        const char *prefix;
        size_t bytes; /* of it are there; 0: all */
        bool found;
    } rows[] = {
        {"------ This is a copy of the message, including all the headers. ------\n\n", "", 0,
         true},
        {"------ This is a copy of the message, including all the headers. ------\n\n", "> ", 0,
         true},
        {"------ This is a copy of the message, including all the headers. ------\n\n", ">", 0,
         true},
        {"------ This is a copy of the message, including all the headers. ------\n\n", "    ", 0,
         true},
        {"------ This is a copy of the message, including all the headers. ------\n\n", "| ", 110,
         true},
        {"Your message was:\n\n", "", 0, true},
        {"Your message was:\n\n", "> ", 0, true},
        {"------ This is a copy of the message, including all the headers. ------\n\n", "", 20,
         false},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_auto(GStrv) lines = g_strsplit(ORIGINAL, "\n", -1);
        g_autoptr(GString) text = g_string_new(NULL);
        g_autofree char *whole = NULL;
        g_autoptr(HeedReport) report = NULL;

        for (size_t j = 0; lines[j] != NULL && lines[j][0] != '\0'; j++)
            g_string_append_printf(text, "%s%s\n", rows[i].prefix, lines[j]);
        if (rows[i].bytes > 0)
            g_string_truncate(text, rows[i].bytes);
        whole = g_strconcat(EXIM_TEXT, "\n", rows[i].marker, text->str, NULL);
        report = read_text("From: MAILER-DAEMON@example.net\n", whole);
        g_assert_cmpint(report->kind, ==, HEED_KIND_BOUNCE);
        g_assert_cmpstr(report->original.message_id, ==, rows[i].found ? "1@example.com" : NULL);
    }
}

static void
check_html(void)
{
    static const struct {
        const char *html;
        const char *want;
    } rows[] = {
        {"plain", "plain"},
        {"a<br>b", "a\nb"},
        {"<P>a\nb</p>c", "\na b\nc"},
        {"x &lt;a@example.org&gt;&nbsp;&amp;&copy;", "x <a@example.org> &&copy;"},
        {"a<style>p { }</style>b<!-- c -->d", "abd"},
        {"a < b", "a < b"},
        {"a <b", "a "},
        {"<a href=\"mailto:x\">a@example.org</a>", "a@example.org"},
        {"<br>\n   a", "\na"},
        {"<!-- unclosed", ""},
        {"<style>unclosed", ""},
        {"&", "&"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        size_t length = strlen(rows[i].html);
        g_autofree char *exact = g_memdup2(rows[i].html, length);
        g_autoptr(GString) out = g_string_new(NULL);

        heed_notice_text_from_html((HeedSpan){exact, length}, out);
        g_assert_cmpstr(out->str, ==, rows[i].want);
    }
}

/* A delivery status that says all is left as it is, whatever the words say. */
static void
check_complete_is_left_alone(void)
{
    g_autoptr(HeedReport) report =
        read_text("From: MAILER-DAEMON@example.net\nMIME-Version: 1.0\n"
                  "Content-Type: multipart/report; report-type=delivery-status; boundary=x\n",
                  "--x\n\n" EXIM_TEXT "\n--x\nContent-Type: message/delivery-status\n\n"
                  "Final-Recipient: rfc822; anna@example.org\nAction: failed\nStatus: 5.2.2\n"
                  "Diagnostic-Code: smtp; 552 5.2.2 Full\n\n--x--\n");

    g_assert_cmpstr(report->format, ==, "rfc3464");
    g_assert_cmpstr(only_recipient(report)->status, ==, "5.2.2");
    g_assert_cmpstr(only_recipient(report)->diagnostic, ==, "552 5.2.2 Full");
}

/* As many recipients as the settings allow, and no more. */
static void
check_limit(void)
{
    static const HeedParserSettings settings = {.max_recipients = 10};
    g_autoptr(GString) text =
        g_string_new("From: MAILER-DAEMON@example.net\n\n"
                     "Hi. This is the qmail-send program at example.net.\n\n");
    HeedParser *small = heed_test_parser_new(&settings);
    g_autoptr(HeedReport) report = NULL;

    for (int i = 0; i < 100; i++)
        g_string_append_printf(text, "<u%d@example.org>:\nno such user\n\n", i);
    report = heed_parser_read(small, text->str, text->len, NULL);
    g_assert_cmpuint(report->recipients->len, ==, 10);
    heed_parser_free(small);
}

/* Each of many recipients is named three times: that is one, and the server's words stand. */
static void
check_many(void)
{
    const guint count = 300;
    g_autoptr(GString) text =
        g_string_new("From: MAILER-DAEMON@example.net\n\n"
                     "   ----- The following addresses had permanent fatal errors -----\n");
    g_autoptr(HeedReport) report = NULL;

    for (guint i = 0; i < count; i++)
        g_string_append_printf(text, "<u%u@example.org>\n", i);
    g_string_append(text, "\n   ----- Transcript of session follows -----\n");
    for (guint i = 0; i < count; i++)
        g_string_append_printf(text,
                               ">>> RCPT To:<u%u@example.org>\n<<< 552 5.2.2 Mailbox full\n"
                               "550 5.1.1 <u%u@example.org>... User unknown\n",
                               i, i);
    report = read_bytes(text->str, text->len);
    g_assert_cmpuint(report->recipients->len, ==, count);
    for (guint i = 0; i < count; i++)
        g_assert_cmpint(g_array_index(report->recipients, HeedRecipient, i).class_, ==,
                        HEED_CLASS_MAILBOX_FULL);
}

/* A notice of the largest size with a recipient in each line, and one of nothing but near hits. */
static void
check_hostile(void)
{
    static const char *const lines[] = {"<u%d@example.org>:\n", "host host host %d [\n",
                                        "> > > From: %d: {*}\n",
                                        "  550 5.1.1 %d@example.org... said: said: said:\n"};

    for (size_t i = 0; i < G_N_ELEMENTS(lines); i++) {
        g_autoptr(GString) text =
            g_string_new("From: MAILER-DAEMON@example.net\nSubject: Undeliverable\n\n");
        clock_t begin = clock();
        g_autoptr(HeedReport) report = NULL;

        for (int n = 0; text->len < 1024U * 1024; n++) {
            g_auto(GStrv) parts = g_strsplit(lines[i], "%d", 2);

            g_string_append_printf(text, "%s%d%s", parts[0], n, parts[1]);
        }
        report = read_bytes(text->str, text->len);
        g_assert_cmpint((clock() - begin) / CLOCKS_PER_SEC, <, 5);
    }
}

int
main(int argc, char **argv)
{
    int status;

    g_test_init(&argc, &argv, NULL);
    parser = heed_test_parser_new(NULL);
    g_assert_nonnull(parser);
    g_test_add_func("/notice/senders", check_senders);
    g_test_add_func("/notice/general", check_general);
    g_test_add_func("/notice/transcripts", check_transcripts);
    g_test_add_func("/notice/encodings", check_encodings);
    g_test_add_func("/notice/originals", check_originals);
    g_test_add_func("/notice/html", check_html);
    g_test_add_func("/notice/complete-is-left-alone", check_complete_is_left_alone);
    g_test_add_func("/notice/limit", check_limit);
    g_test_add_func("/notice/many", check_many);
    g_test_add_func("/notice/hostile", check_hostile);
    status = g_test_run();
    heed_parser_free(parser);
    return status;
}
