/* SPDX-License-Identifier: Apache-2.0 */
/* Limits, truncation and hostile input; what well-formed mail says is in the golden files. */
#include "base/limits.h"
#include "tests/support/parser.h"

#include <string.h>

static HeedReport *
read_exact(const HeedParserSettings *settings, const char *bytes, size_t length)
{
    g_autofree char *exact = g_malloc(MAX(length, 1));
    g_autoptr(HeedParser) parser = heed_test_parser_new(settings);

    g_assert_nonnull(parser);
    if (length > 0)
        memcpy(exact, bytes, length);
    return heed_parser_read(parser, exact, length, NULL);
}

static const HeedRecipient *
recipient_at(const HeedReport *report, guint i)
{
    return &g_array_index(report->recipients, HeedRecipient, i);
}

/* A bounce whose delivery status, and what is in front of it, can be chosen. */
static GString *
bounce(const char *header, const char *status, const char *enclosed)
{
    GString *out = g_string_new("From: MAILER-DAEMON@mx.example.net\n");

    g_string_append(out, header);
    g_string_append(out, "MIME-Version: 1.0\n"
                         "Content-Type: multipart/report; report-type=delivery-status;\n"
                         " boundary=b\n\n--b\nContent-Type: message/delivery-status\n\n");
    g_string_append(out, status);
    g_string_append(out, "\n--b\nContent-Type: message/rfc822\n\n");
    g_string_append(out, enclosed);
    g_string_append(out, "\n--b--\n");
    return out;
}

static const char failed[] = "Final-Recipient: rfc822; user@example.org\n"
                             "Action: failed\nStatus: 5.1.1\n";

static void
expect_failed(const HeedReport *report)
{
    g_assert_cmpint(report->kind, ==, HEED_KIND_BOUNCE);
    g_assert_cmpuint(report->recipients->len, ==, 1);
    g_assert_cmpstr(recipient_at(report, 0)->address, ==, "user@example.org");
}

/* "To: g:g:g:…" overflows GMime's stack, in the message, in an enclosed one, folded or not. */
static void
check_nested_groups(void)
{
    static const char *const names[] = {"To", "Cc", "Bcc", "From", "Reply-To", "Sender"};

    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        for (int folded = 0; folded < 2; folded++) {
            g_autoptr(GString) field = g_string_new(names[i]);
            g_autoptr(GString) outer = NULL;
            g_autoptr(GString) inner = NULL;
            g_autoptr(HeedReport) first = NULL;
            g_autoptr(HeedReport) second = NULL;

            g_string_append_c(field, ':');
            for (size_t n = 0; n < 200000; n++)
                g_string_append(field, folded && n % 30 == 29 ? "g:\n " : "g:");
            g_string_append(field, "\n");
            outer = bounce(field->str, failed, "Subject: x\n\n");
            inner = bounce("", failed, field->str);
            first = read_exact(NULL, outer->str, outer->len);
            second = read_exact(NULL, inner->str, inner->len);
            expect_failed(first);
            expect_failed(second);
        }
    }
}

/* The same where our own reader of fields sees several of them, or none. */
static void
check_disguised_groups(void)
{
    static const struct {
        const char *name;
        const char *between;
    } rows[] = {{"To: g:", "\r"},
                {"To: g:", "\r;;;\r"},
                {"To: g:", "\n\tg:"},
                {"To                                                                            "
                 "                                                                  : g:",
                 ""}};

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GString) header = g_string_new(NULL);
        g_autoptr(GString) message = NULL;
        g_autoptr(HeedReport) report = NULL;

        while (header->len < 8192)
            g_string_append(header, "X-Padding: more\n");
        g_string_append(header, rows[i].name);
        for (size_t n = 0; n < 20000; n++)
            g_string_append_printf(header, "g:g:g:g:g:g:g:g:g:g:%s", rows[i].between);
        g_string_append(header, "\n");
        message = bounce(header->str, failed, "Subject: x\n\n");
        report = read_exact(NULL, message->str, message->len);
        expect_failed(report);
    }
}

static void
check_header_block(void)
{
    g_autoptr(GString) header = g_string_new(NULL);
    g_autoptr(GString) message = NULL;
    g_autoptr(HeedReport) report = NULL;

    while (header->len < 3 * HEED_LIMIT_HEADER_BYTES)
        g_string_append(header, "a:\n");
    message = bounce("", failed, header->str);
    report = read_exact(NULL, message->str, message->len);
    expect_failed(report);
    g_assert_cmpuint(report->warnings->len, ==, 1);
}

/* The same in many small blocks. */
static void
check_field_count(void)
{
    g_autoptr(GString) message = bounce("", failed, "Subject: x\n\n");
    g_autoptr(HeedReport) report = NULL;

    g_string_truncate(message, message->len - strlen("--b--\n"));
    for (int part = 0; part < 20; part++) {
        g_string_append(message, "--b\nContent-Type: message/rfc822\n\n");
        for (unsigned i = 0; i < HEED_LIMIT_HEADER_FIELDS / 10; i++)
            g_string_append(message, "a:\n");
        g_string_append(message, "\n");
    }
    report = read_exact(NULL, message->str, message->len);
    expect_failed(report);
    g_assert_cmpuint(report->warnings->len, ==, 1);
}

static void
check_recipient_limit(void)
{
    static const HeedParserSettings settings = {.max_recipients = 3};
    g_autoptr(GString) status = g_string_new(NULL);
    g_autoptr(GString) message = NULL;
    g_autoptr(HeedReport) report = NULL;

    for (int i = 0; i < 10; i++)
        g_string_append_printf(status,
                               "Final-Recipient: rfc822; user%d@example.org\n"
                               "Action: failed\nStatus: 5.1.1\n\n",
                               i);
    message = bounce("", status->str, "Subject: x\n\n");
    report = read_exact(&settings, message->str, message->len);
    g_assert_cmpuint(report->recipients->len, ==, 3);
    g_assert_cmpstr(report->warnings->pdata[0], ==, "it has more than 3 recipients");
}

static void
check_many_recipients(void)
{
    g_autoptr(GString) status = g_string_new(NULL);
    g_autoptr(GString) message = NULL;
    g_autoptr(HeedReport) report = NULL;

    for (unsigned i = 0; i < HEED_LIMIT_RECIPIENTS; i++)
        g_string_append_printf(status,
                               "Final-Recipient: rfc822; u%u@example.org\nAction: failed\n\n", i);
    message = bounce("", status->str, "Subject: x\n\n");
    report = read_exact(NULL, message->str, message->len);
    g_assert_cmpuint(report->recipients->len, ==, HEED_LIMIT_RECIPIENTS);
    g_assert_cmpuint(report->warnings->len, ==, 0);
}

/* A delivery status that speaks of no recipient: a bounce still, of whom the original was for if
 * that is beyond doubt. */
static void
check_no_group(void)
{
    static const struct {
        const char *status;
        const char *enclosed;
        const char *address;
    } rows[] = {
        {"", "To: Kim <kim@example.org>\nSubject: x\n\n", "kim@example.org"},
        {"Reporting-MTA: dns; mx.example.net\n\n", "Subject: x\nTo: kim@example.org\n\n",
         "kim@example.org"},
        {"Reporting-MTA: dns; mx.example.net\n", "To: a@example.org, b@example.org\n\n", NULL},
        {"", "To: kim@example.org\nTo: b@example.org\n\n", NULL},
        {"", "To: kim@example.org\nCc: b@example.org\n\n", NULL},
        {"", "To: kim@example.org\nBcc: b@example.org\n\n", NULL},
        {"", "To: talk@example.org\nList-Post: <mailto:talk@example.org>\n\n", NULL},
        {"", "Subject: x\n\n", NULL},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GString) message = bounce("", rows[i].status, rows[i].enclosed);
        g_autoptr(HeedReport) report = read_exact(NULL, message->str, message->len);
        const HeedRecipient *recipient = recipient_at(report, 0);

        g_assert_cmpint(report->kind, ==, HEED_KIND_BOUNCE);
        g_assert_cmpuint(report->recipients->len, ==, 1);
        g_assert_cmpuint(report->warnings->len, ==, 1);
        g_assert_cmpstr(recipient->address, ==, rows[i].address);
        g_assert_cmpint(recipient->address_source, ==,
                        rows[i].address == NULL ? HEED_ADDRESS_SOURCE_NONE
                                                : HEED_ADDRESS_SOURCE_ORIGINAL_MESSAGE);
        g_assert_cmpint(recipient->class_, ==, HEED_CLASS_UNKNOWN);
        g_assert_cmpint(recipient->verdict, ==, HEED_VERDICT_NONE);
    }
}

/* Multiparts in each other, `depth` of them, with a delivery status in the innermost. */
static GString *
nested(unsigned depth)
{
    GString *out = g_string_new("From: MAILER-DAEMON@mx.example.net\nMIME-Version: 1.0\n");

    for (unsigned i = 0; i < depth; i++)
        g_string_append_printf(out, "Content-Type: multipart/report; boundary=b%u\n\n--b%u\n", i,
                               i);
    g_string_append(out, "Content-Type: message/delivery-status\n\n");
    g_string_append(out, failed);
    return out;
}

static void
check_depth_limit(void)
{
    g_autoptr(GString) allowed = nested(HEED_LIMIT_MIME_DEPTH);
    g_autoptr(GString) deeper = nested(HEED_LIMIT_MIME_DEPTH + 1);
    g_autoptr(GString) much_deeper = nested(20000);
    g_autoptr(HeedReport) first = read_exact(NULL, allowed->str, allowed->len);
    g_autoptr(HeedReport) second = read_exact(NULL, deeper->str, deeper->len);
    g_autoptr(HeedReport) third = read_exact(NULL, much_deeper->str, much_deeper->len);

    expect_failed(first);
    g_assert_cmpuint(first->warnings->len, ==, 0);
    /* Below the limit parts are not looked for, but their text may still be read. */
    g_assert_cmpstr(second->warnings->pdata[0], ==, "parts are nested deeper than 32");
    g_assert_cmpstr(third->warnings->pdata[1], ==, "parts are nested deeper than 32");
}

static void
check_part_limit(void)
{
    g_autoptr(GString) message =
        g_string_new("From: MAILER-DAEMON@mx.example.net\nMIME-Version: 1.0\n"
                     "Content-Type: multipart/report; boundary=b\n\n");
    g_autoptr(HeedReport) report = NULL;

    for (unsigned i = 0; i < HEED_LIMIT_MIME_PARTS; i++)
        g_string_append(message, "--b\nContent-Type: text/html\n\nx\n");
    g_string_append_printf(message, "--b\nContent-Type: message/delivery-status\n\n%s", failed);
    report = read_exact(NULL, message->str, message->len);
    g_assert_cmpint(report->kind, ==, HEED_KIND_OTHER);
    g_assert_cmpstr(report->warnings->pdata[0], ==, "it has more than 1000 parts");
}

/* Parts by the hundred thousand, of which GMime keeps each: the report in front of them is read,
 * and not much more. */
static void
check_delimiter_limit(void)
{
    g_autoptr(GString) message = bounce("", failed, "Subject: x\n\n");
    g_autoptr(HeedReport) report = NULL;

    g_string_truncate(message, message->len - strlen("--b--\n"));
    while (message->len < HEED_LIMIT_MESSAGE_BYTES - 10)
        g_string_append(message, "--b\n\n");
    report = read_exact(NULL, message->str, message->len);
    expect_failed(report);
    g_assert_cmpstr(report->warnings->pdata[0], ==, "it has too many parts, its end is not read");
}

static void
check_size_limit(void)
{
    g_autoptr(GString) message = bounce("", failed, "Subject: x\n\n");
    g_autoptr(HeedReport) report = NULL;

    while (message->len < HEED_LIMIT_MESSAGE_BYTES + 10)
        g_string_append(message, "the original was large\n");
    report = read_exact(NULL, message->str, message->len);
    expect_failed(report);
    g_assert_cmpuint(report->warnings->len, ==, 1);
}

static void
check_truncated_context(void)
{
    static const HeedParseContext context = {.truncated = true};
    g_autoptr(GString) message = bounce("", failed, "Subject: x\n\n");
    g_autoptr(HeedParser) parser = heed_test_parser_new(NULL);
    g_autoptr(HeedReport) report = heed_parser_read(parser, message->str, message->len, &context);

    expect_failed(report);
    g_assert_cmpuint(report->warnings->len, ==, 1);
}

/* Text with CR alone as line end behind a header with LF: reading it must not take square time. */
static void
check_many_lines(void)
{
    g_autoptr(GString) message = g_string_new("From: MAILER-DAEMON@mx.example.net\n"
                                              "MIME-Version: 1.0\nContent-Type: text/plain\n\n");
    g_autoptr(HeedReport) report = NULL;

    while (message->len < HEED_LIMIT_MESSAGE_BYTES)
        g_string_append(message, message->len % 3 == 0 ? "a:\r" : " \r");
    report = read_exact(NULL, message->str, message->len);
    g_assert_cmpint(report->kind, ==, HEED_KIND_OTHER);
}

/* Cut behind each byte: it must not crash, and what has been read stays. */
static void
check_truncation(gconstpointer data)
{
    g_autofree char *path =
        g_build_filename(HEED_SOURCE_DIR "/tests/fixtures", (const char *)data, NULL);
    g_autoptr(HeedParser) parser = heed_test_parser_new(NULL);
    g_autofree char *bytes = NULL;
    size_t length = 0;

    g_assert_true(g_file_get_contents(path, &bytes, &length, NULL));
    for (size_t cut = 0; cut <= length; cut++) {
        g_autofree char *exact = g_malloc(MAX(cut, 1));
        g_autoptr(HeedReport) report = NULL;

        memcpy(exact, bytes, cut);
        report = heed_parser_read(parser, exact, cut, NULL);
        g_assert_nonnull(report);
        g_assert_cmpuint(report->recipients->len, <=, 3);
    }
}

/* One of our own is never the recipient of a complaint. */
static void
check_own_domain(void)
{
    static const char *const domains[] = {"example.org", NULL};
    static const HeedParserSettings settings = {.domains = domains};
    static const char text[] =
        "From: fbl@provider.example\nMIME-Version: 1.0\n"
        "Content-Type: multipart/report; report-type=feedback-report; boundary=b\n\n"
        "--b\nContent-Type: message/feedback-report\n\n"
        "Feedback-Type: abuse\nOriginal-Rcpt-To: list@lists.example.org\n--b--\n";
    g_autoptr(HeedReport) theirs = read_exact(NULL, text, sizeof(text) - 1);
    g_autoptr(HeedReport) ours = read_exact(&settings, text, sizeof(text) - 1);

    g_assert_cmpstr(recipient_at(theirs, 0)->address, ==, "list@lists.example.org");
    g_assert_null(recipient_at(ours, 0)->address);
    g_assert_cmpint(ours->kind, ==, HEED_KIND_COMPLAINT);
}

/* What is ours decides the trust; without that there is none. */
static void
check_trust(void)
{
    static const char *const domains[] = {"example.com", NULL};
    static const char *const receivers[] = {"mx.example.com", NULL};
    static const HeedParserSettings settings = {.domains = domains, .receivers = receivers};
    static const char received[] =
        "Received: from mx.example.net (mx.example.net [192.0.2.1])\n by mx.example.com;"
        " Fri, 2 Jan 2026 03:04:05 +0000\n";
    g_autoptr(GString) text = bounce("", failed, "From: news@example.com\n\n");
    g_autoptr(HeedReport) unknown = read_exact(NULL, text->str, text->len);
    g_autoptr(HeedReport) plausible = NULL;
    g_autoptr(HeedReport) unproven = NULL;
    g_autoptr(GString) other = bounce("", failed, "From: news@example.net\n\n");

    g_string_prepend(text, received);
    plausible = read_exact(&settings, text->str, text->len);
    unproven = read_exact(&settings, other->str, other->len);
    g_assert_cmpint(unknown->trust, ==, HEED_TRUST_UNKNOWN);
    g_assert_cmpint(plausible->trust, ==, HEED_TRUST_PLAUSIBLE);
    g_assert_cmpint(plausible->receiver_date, ==, 1767323045);
    g_assert_cmpint(unproven->trust, ==, HEED_TRUST_UNPROVEN);
    g_assert_cmpint(unproven->receiver_date, ==, HEED_DATE_UNKNOWN);
}

/* A line that is no field and not indented does not say who a report is from. */
static void
check_sender_is_strict(void)
{
    static const char text[] = "From: evil@hotmail.com\n<staff@hotmail.com>\nSubject: x\n\nx\n";
    g_autoptr(HeedReport) report = read_exact(NULL, text, sizeof(text) - 1);

    g_assert_cmpstr(report->reporter_from, ==, "evil@hotmail.com");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/parser/nested-groups", check_nested_groups);
    g_test_add_func("/parser/disguised-groups", check_disguised_groups);
    g_test_add_func("/parser/header-block", check_header_block);
    g_test_add_func("/parser/field-count", check_field_count);
    g_test_add_func("/parser/recipient-limit", check_recipient_limit);
    g_test_add_func("/parser/many-recipients", check_many_recipients);
    g_test_add_func("/parser/no-group", check_no_group);
    g_test_add_func("/parser/depth-limit", check_depth_limit);
    g_test_add_func("/parser/part-limit", check_part_limit);
    g_test_add_func("/parser/delimiter-limit", check_delimiter_limit);
    g_test_add_func("/parser/size-limit", check_size_limit);
    g_test_add_func("/parser/many-lines", check_many_lines);
    g_test_add_func("/parser/truncated-context", check_truncated_context);
    g_test_add_func("/parser/own-domain", check_own_domain);
    g_test_add_func("/parser/trust", check_trust);
    g_test_add_func("/parser/sender-is-strict", check_sender_is_strict);
    g_test_add_data_func("/parser/truncation/dsn", "dsn/002-postfix-several-recipients.eml",
                         check_truncation);
    g_test_add_data_func("/parser/truncation/arf", "arf/008-auth-failure-dkim.eml",
                         check_truncation);
    g_test_add_data_func("/parser/truncation/base64", "dsn/033-base64-global-status.eml",
                         check_truncation);
    g_test_add_data_func("/parser/truncation/charset", "broken/011-unknown-charset.eml",
                         check_truncation);
    g_test_add_data_func("/parser/truncation/lost-header",
                         "broken/013-header-lost-body-is-mime.eml", check_truncation);
    return g_test_run();
}
