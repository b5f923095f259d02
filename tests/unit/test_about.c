/* SPDX-License-Identifier: Apache-2.0 */
/* Whom a report is about, from combinations of what it may say. */
#include "tests/support/parser.h"

#include <string.h>

typedef enum Config {
    BARE,
    DOMAINS,
    VERP
} Config;

typedef struct Row {
    const char *name;
    Config config;
    const char *header;   /* of the report, beside From: and MIME */
    const char *status;   /* the recipient's fields */
    const char *original; /* the returned message's header */
    const char *want;
    HeedAddressSource source;
} Row;

#define TO(address)      "To: <" address ">\n"
#define FINAL(address)   "Final-Recipient: rfc822; " address "\n"
#define ORCPT(address)   "Original-Recipient: rfc822; " address "\n"
#define PATH(address)    "Return-Path: <" address ">\n"
#define FROM             "From: News <news@example.com>\n"
#define VERP_ANN         "bounces+ann=example.org@example.com"
#define PROVED(address)  "Received: from a by b for <" address ">; Fri, 2 Jan 2026 03:04:05 +0000\n"
#define SOURCE(what)     HEED_ADDRESS_SOURCE_##what
#define FORWARDED_STATUS FINAL("b@example.net")

static const Row rows[] = {
    {"final-alone", BARE, TO("news@example.com"), FINAL("ann@example.org"), FROM, "ann@example.org",
     SOURCE(FINAL_RECIPIENT)},
    {"original-recipient", BARE, TO("news@example.com"), ORCPT("ann@example.org") FORWARDED_STATUS,
     FROM, "ann@example.org", SOURCE(ORIGINAL_RECIPIENT)},
    {"message-proved", BARE, TO("news@example.com"), FORWARDED_STATUS,
     FROM PROVED("ann@example.org") TO("ann@example.org"), "ann@example.org",
     SOURCE(ORIGINAL_MESSAGE)},
    {"message-unproved", BARE, TO("news@example.com"), FORWARDED_STATUS, FROM TO("ann@example.org"),
     "b@example.net", SOURCE(FINAL_RECIPIENT)},
    {"message-unproved-but-verp-agrees", BARE, TO(VERP_ANN), FORWARDED_STATUS,
     FROM TO("ann@example.org"), "ann@example.org", SOURCE(VERP)},
    {"loose-verp-agrees", BARE, TO("b-1-2-ann=example.org@example.com"), FORWARDED_STATUS,
     FROM TO("ann@example.org"), "ann@example.org", SOURCE(VERP)},
    {"loose-verp-with-a-dash", DOMAINS, TO("b-1-2-ann-lee=example.org@example.com"),
     FINAL("ann-lee@example.org"), FROM, "ann-lee@example.org", SOURCE(FINAL_RECIPIENT)},
    {"verp-of-unknown-domain", BARE, TO(VERP_ANN), FORWARDED_STATUS, FROM, "b@example.net",
     SOURCE(FINAL_RECIPIENT)},
    {"verp-of-our-domain", DOMAINS, TO(VERP_ANN), FORWARDED_STATUS, FROM, "ann@example.org",
     SOURCE(VERP)},
    {"verp-over-orcpt-of-a-forwarder", DOMAINS, TO(VERP_ANN),
     ORCPT("b@example.net") FORWARDED_STATUS, FROM, "ann@example.org", SOURCE(VERP)},
    {"verp-of-foreign-domain", DOMAINS, TO("bounces+ann=example.org@list.example.net"),
     FORWARDED_STATUS, FROM, "b@example.net", SOURCE(FINAL_RECIPIENT)},
    {"verp-agrees-with-final", DOMAINS, TO("bounces+spring-ann=example.org@example.com"),
     FINAL("ann@example.org"), FROM, "ann@example.org", SOURCE(FINAL_RECIPIENT)},
    {"verp-in-the-return-path", DOMAINS, TO("news@example.com"), FORWARDED_STATUS,
     PATH(VERP_ANN) FROM, "ann@example.org", SOURCE(VERP)},
    {"verp-within-srs", DOMAINS,
     TO("SRS0=Hh3=T4=example.com=bounces+ann=example.org@forward.example"), FORWARDED_STATUS, FROM,
     "ann@example.org", SOURCE(VERP)},
    {"verp-behind-batv", DOMAINS, TO("prvs=0123456789=" VERP_ANN), FORWARDED_STATUS, FROM,
     "ann@example.org", SOURCE(VERP)},
    {"senders-disagree", DOMAINS, TO(VERP_ANN), FORWARDED_STATUS,
     PATH("bounces+bob=example.org@example.com") FROM, "b@example.net", SOURCE(FINAL_RECIPIENT)},
    {"written-at-delivery-only", DOMAINS, "Delivered-To: " VERP_ANN "\n", FORWARDED_STATUS, FROM,
     "b@example.net", SOURCE(FINAL_RECIPIENT)},
    {"written-at-delivery-nobody-else", DOMAINS, "Delivered-To: " VERP_ANN "\n", "", FROM,
     "ann@example.org", SOURCE(VERP)},
    {"written-at-delivery-agrees", DOMAINS, "X-Original-To: " VERP_ANN "\n", FORWARDED_STATUS,
     FROM TO("ann@example.org"), "ann@example.org", SOURCE(VERP)},
    {"nobody-else", BARE, TO(VERP_ANN), "", FROM, "ann@example.org", SOURCE(VERP)},
    {"nobody-else-foreign", DOMAINS, TO("bounces+ann=example.org@list.example.net"), "", FROM, NULL,
     SOURCE(NONE)},
    {"nobody-but-to", BARE, TO("news@example.com"), "", FROM TO("ann@example.org"),
     "ann@example.org", SOURCE(ORIGINAL_MESSAGE)},
    {"to-is-the-sender", BARE, TO("news@example.com"), "", FROM TO("news@example.com"), NULL,
     SOURCE(NONE)},
    {"several-recipients", DOMAINS, TO(VERP_ANN),
     FINAL("b@example.net") "Action: failed\nStatus: 5.1.1\n\n" FINAL("c@example.net"), FROM,
     "b@example.net", SOURCE(FINAL_RECIPIENT)},
    {"configured", VERP, TO("v7-ann-lee=example.org@b.example.com"), FORWARDED_STATUS, FROM,
     "ann-lee@example.org", SOURCE(VERP)},
    {"configured-over-all", VERP, TO("v7-ann=example.org@b.example.com"),
     ORCPT("c@example.net") FORWARDED_STATUS, FROM, "ann@example.org", SOURCE(VERP)},
    {"own-field", VERP, TO("news@example.com"), FORWARDED_STATUS,
     FROM "X-Recipient: <ann@example.org>\n", "ann@example.org", SOURCE(ORIGINAL_MESSAGE)},
    {"own-field-twice", VERP, TO("news@example.com"), FORWARDED_STATUS,
     FROM "X-Recipient: ann@example.org\nX-Recipient: bob@example.org\n", "b@example.net",
     SOURCE(FINAL_RECIPIENT)},
    {"field-not-ours", DOMAINS, TO("news@example.com"), FORWARDED_STATUS,
     FROM "X-Recipient: <ann@example.org>\n", "b@example.net", SOURCE(FINAL_RECIPIENT)},
    {"xtext-literal", BARE, TO("news@example.com"), ORCPT("ann+3DX@example.org"), FROM,
     "ann+3dx@example.org", SOURCE(ORIGINAL_RECIPIENT)},
    {"xtext-literal-everywhere", BARE, TO("news@example.com"),
     ORCPT("ann+2B7@example.org") FINAL("ann+2B7@example.org"), FROM, "ann+2b7@example.org",
     SOURCE(ORIGINAL_RECIPIENT)},
    {"xtext-final-agrees", BARE, TO("news@example.com"),
     ORCPT("ann+2B7@example.org") FINAL("ann+7@example.org"), FROM, "ann+7@example.org",
     SOURCE(ORIGINAL_RECIPIENT)},
    {"xtext-message-agrees", BARE, TO("news@example.com"), ORCPT("ann+3D7@example.org"),
     FROM TO("ann=7@example.org"), "ann=7@example.org", SOURCE(ORIGINAL_RECIPIENT)},
    {"xtext-not-whole", BARE, TO("news@example.com"),
     ORCPT("ann+2B7+x@example.org") FINAL("ann+7+x@example.org"), FROM, "ann+2b7+x@example.org",
     SOURCE(ORIGINAL_RECIPIENT)},
    {"xtext-no-at", BARE, TO("news@example.com"), ORCPT("ann+40example.org"), FROM,
     "ann@example.org", SOURCE(ORIGINAL_RECIPIENT)},
    {"batv-recipient", BARE, TO("news@example.com"), FINAL("prvs=0123456789=ann@example.org"), FROM,
     "ann@example.org", SOURCE(FINAL_RECIPIENT)},
    {"srs-recipient", BARE, TO("news@example.com"),
     FINAL("SRS0=Hh3=T4=example.org=ann@forward.example"), FROM,
     "srs0=hh3=t4=example.org=ann@forward.example", SOURCE(FINAL_RECIPIENT)},
};

/* Complaints: want NULL is unmatched. The status is the feedback report's fields. */
static const Row complaints[] = {
    {"stated", DOMAINS, "", "Original-Rcpt-To: ann@example.org\n", FROM, "ann@example.org",
     SOURCE(ORIGINAL_RECIPIENT)},
    {"stated-is-ours", DOMAINS, "", "Original-Rcpt-To: info@example.com\n", FROM, NULL,
     SOURCE(NONE)},
    {"stated-is-a-role", DOMAINS, "", "Original-Rcpt-To: abuse@example.org\n", FROM, NULL,
     SOURCE(NONE)},
    {"never-to", DOMAINS, "", "", FROM TO("ann@example.org"), NULL, SOURCE(NONE)},
    {"two-stated", DOMAINS, "",
     "Original-Rcpt-To: ann@example.org\nOriginal-Rcpt-To: bob@example.org\n", FROM, NULL,
     SOURCE(NONE)},
    {"two-stated-one-agrees", DOMAINS, "",
     "Original-Rcpt-To: ann@example.org\nOriginal-Rcpt-To: bob@example.org\n",
     FROM PATH("x-9-bob=example.org@example.com"), "bob@example.org", SOURCE(ORIGINAL_RECIPIENT)},
    {"forwarded", DOMAINS, "", "Original-Rcpt-To: b@example.net\n", FROM PATH(VERP_ANN),
     "ann@example.org", SOURCE(VERP)},
    {"redacted-verp-of-ours", DOMAINS, "", "Original-Rcpt-To: redacted@example.org\n",
     FROM PATH(VERP_ANN), "ann@example.org", SOURCE(VERP)},
    {"redacted-verp-of-others", DOMAINS, "", "Original-Rcpt-To: redacted@example.org\n",
     FROM PATH("bounces+ann=example.org@example.net"), NULL, SOURCE(NONE)},
    {"redacted-loose", DOMAINS, "", "Original-Rcpt-To: redacted@example.org\n",
     FROM PATH("x-9-ann=example.org@example.com"), NULL, SOURCE(NONE)},
    {"original-mail-from", DOMAINS, "", "Original-Mail-From: <" VERP_ANN ">\n", FROM,
     "ann@example.org", SOURCE(VERP)},
    {"configured", VERP, "", "Original-Mail-From: <v7-ann=example.org@b.example.com>\n", FROM,
     "ann@example.org", SOURCE(VERP)},
    {"own-field", VERP, "", "Original-Rcpt-To: ***@example.org\n",
     FROM "X-Recipient: ann@example.org\n", "ann@example.org", SOURCE(ORIGINAL_MESSAGE)},
    {"own-field-is-a-role", VERP, "", "", FROM "X-Recipient: postmaster@example.org\n", NULL,
     SOURCE(NONE)},
};

static const char *const domains[] = {"example.com", NULL};
static const char *const verp[] = {"v{any}-{local}={domain}@b.example.com", NULL};
static const char *const headers[] = {"x-recipient", NULL};

static HeedParser *
make_parser(Config config)
{
    HeedParserSettings settings = {
        .domains = config == BARE ? NULL : domains,
        .verp = config == VERP ? verp : NULL,
        .recipient_headers = config == VERP ? headers : NULL,
    };

    return heed_test_parser_new(&settings);
}

static void
check(const void *data)
{
    const Row *row = data;
    g_autoptr(HeedParser) parser = make_parser(row->config);
    g_autofree char *mail = g_strdup_printf(
        "From: MAILER-DAEMON@mx.example.net\n%sMIME-Version: 1.0\nContent-Type: multipart/report;\n"
        " report-type=delivery-status; boundary=b\n\n--b\nContent-Type: message/delivery-status\n\n"
        "Reporting-MTA: dns; mx.example.net\n\n%sAction: failed\nStatus: 5.1.1\n\n--b\n"
        "Content-Type: text/rfc822-headers\n\n%sSubject: x\n\n--b--\n",
        row->header, row->status, row->original);
    g_autofree char *exact = g_memdup2(mail, strlen(mail));
    g_autoptr(HeedReport) report = heed_parser_read(parser, exact, strlen(mail), NULL);
    const HeedRecipient *recipient;

    g_assert_cmpint(report->kind, ==, HEED_KIND_BOUNCE);
    recipient = &g_array_index(report->recipients, HeedRecipient, 0);
    g_assert_cmpstr(recipient->address, ==, row->want);
    g_assert_cmpint(recipient->address_source, ==, row->source);
    g_assert_cmpint(recipient->class_, !=, HEED_CLASS_NONE);
}

static void
check_complaint(const void *data)
{
    const Row *row = data;
    g_autoptr(HeedParser) parser = make_parser(row->config);
    g_autofree char *mail = g_strdup_printf(
        "From: fbl@provider.example\n%sMIME-Version: 1.0\nContent-Type: multipart/report;\n"
        " report-type=feedback-report; boundary=b\n\n--b\nContent-Type: message/feedback-report\n\n"
        "Feedback-Type: abuse\n%s\n--b\nContent-Type: text/rfc822-headers\n\n%sSubject: x\n\n"
        "--b--\n",
        row->header, row->status, row->original);
    g_autofree char *exact = g_memdup2(mail, strlen(mail));
    g_autoptr(HeedReport) report = heed_parser_read(parser, exact, strlen(mail), NULL);
    const HeedRecipient *recipient = &g_array_index(report->recipients, HeedRecipient, 0);

    g_assert_cmpint(report->kind, ==, HEED_KIND_COMPLAINT);
    g_assert_cmpuint(report->recipients->len, ==, 1);
    g_assert_cmpstr(recipient->address, ==, row->want);
    g_assert_cmpint(recipient->address_source, ==, row->source);
    g_assert_cmpint(recipient->verdict, ==, HEED_VERDICT_COMPLAINT);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *path = g_strdup_printf("/about/%s", rows[i].name);

        g_test_add_data_func(path, &rows[i], check);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(complaints); i++) {
        g_autofree char *path = g_strdup_printf("/about/complaint/%s", complaints[i].name);

        g_test_add_data_func(path, &complaints[i], check_complaint);
    }
    return g_test_run();
}
