/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/received.h"
#include "parsers/trust.h"

#include <glib.h>
#include <string.h>

/* One Received field, and what it says. */
typedef struct Hop {
    const char *name;
    const char *value;
    const char *by;
    const char *client_name;
    const char *client_address;
    bool local;
} Hop;

static const Hop hops[] = {
    {"postfix",
     "from out1.example.com (out1.example.com [192.0.2.1])\r\n\t(using TLSv1.3 with cipher X (256/256 "
     "bits))\r\n\t(No client certificate requested)\r\n\tby mx.example.net (Postfix) with ESMTPS id A1"
     "\r\n\tfor <b@example.net>; Mon, 23 Nov 2026 10:00:00 +0000 (UTC)",
     "mx.example.net", "out1.example.com", "192.0.2.1", false},
    {"postfix-unknown",
     "from out1.example.com (unknown [203.0.113.9]) by mx.example.net (Postfix) with ESMTP id A1; Mon, "
     "23 Nov 2026 10:00:00 +0000",
     "mx.example.net", "", "203.0.113.9", false},
    {"postfix-v6",
     "from x (x.example.com [IPv6:2001:DB8::1]) by mx.example.net (Postfix) id A1; Mon, 23 Nov 2026 "
     "10:00:00 +0000",
     "mx.example.net", "x.example.com", "2001:db8::1", false},
    {"postfix-bounce",
     "by out1.example.com (Postfix)\r\n\tid B2; Mon, 23 Nov 2026 10:00:00 +0000 (UTC)",
     "out1.example.com", "", "", true},
    {"exim-name",
     "from out1.example.com ([192.0.2.1] helo=liar.example.org) by mx.example.net with esmtps (Exim "
     "4.96) id 1; Mon, 23 Nov 2026 10:00:00 +0000",
     "mx.example.net", "out1.example.com", "192.0.2.1", false},
    {"exim-no-name",
     "from [192.0.2.1] (helo=out1.example.com) by mx.example.net with esmtp (Exim 4.96); Mon, 23 Nov "
     "2026 10:00:00 +0000",
     "mx.example.net", "", "192.0.2.1", false},
    {"exim-helo-literal",
     "from [203.0.113.9] (helo=[192.0.2.1]) by mx.example.net with esmtp (Exim 4.96); Mon, 23 Nov 2026 "
     "10:00:00 +0000",
     "mx.example.net", "", "203.0.113.9", false},
    {"exim-local",
     "from Debian-exim by out1.example.com with local (Exim 4.96) id 1; Mon, 23 Nov 2026 10:00:00 +0000",
     "out1.example.com", "", "", true},
    {"sendmail",
     "from out1.example.com (out1.example.com [192.0.2.1]) by mx.example.net (8.15.2/8.15.2) with ESMTP "
     "id 1; Mon, 23 Nov 2026 10:00:00 +0000",
     "mx.example.net", "out1.example.com", "192.0.2.1", false},
    {"sendmail-forged",
     "from x (out1.example.com [203.0.113.9] (may be forged)) by mx.example.net (8.15.2/8.15.2); Mon, "
     "23 Nov 2026 10:00:00 +0000",
     "mx.example.net", "", "203.0.113.9", false},
    {"sendmail-local",
     "from localhost (localhost) by out1.example.com (8.15.2/8.15.2) id 1; Mon, 23 Nov 2026 10:00:00 "
     "+0000",
     "out1.example.com", "", "", true},
    {"exchange",
     "from out1.example.com (192.0.2.1) by MX.example.net (10.0.0.2) with Microsoft SMTP Server id "
     "15.1; Mon, 23 Nov 2026 10:00:00 +0000",
     "mx.example.net", "", "192.0.2.1", false},
    {"google",
     "from out1.example.com (out1.example.com. [192.0.2.1]) by mx.example.net with ESMTPS id x; Mon, 23 "
     "Nov 2026 02:00:00 -0800 (PST)",
     "mx.example.net", "", "192.0.2.1", false},
    {"qmail",
     "from unknown (HELO [192.0.2.1]) (203.0.113.9) by mx.example.net with SMTP; 23 Nov 2026 10:00:00 "
     "-0000",
     "mx.example.net", "", "203.0.113.9", false},
    {"helo-forges-all",
     "from x (out1.example.com [192.0.2.1]) by mx.example.net (Postfix) (evil.example.org "
     "[203.0.113.9]) by mx.example.net (Postfix) with ESMTP id 1; Mon, 23 Nov 2026 10:00:00 +0000",
     "", "", "", false},
    {"helo-forges-and-opens-comment",
     "from x ([192.0.2.1]) by mx.example.net ( (evil.example.org [203.0.113.9]) by mx.example.net "
     "(Postfix); Mon, 23 Nov 2026 10:00:00 +0000",
     "", "", "", false},
    {"helo-opens-quote",
     "from x ([192.0.2.1]) \" (evil.example.org [203.0.113.9]) by mx.example.net (Postfix); Mon, 23 Nov "
     "2026 10:00:00 +0000",
     "", "", "", false},
    {"helo-opens-comment",
     "from x( (evil.example.org [203.0.113.9]) by mx.example.net (Postfix); Mon, 23 Nov 2026 10:00:00 "
     "+0000",
     "", "", "203.0.113.9", false},
    {"ident-forges",
     "from x (IDENT:a [192.0.2.1]@evil.example.org [203.0.113.9]) by mx.example.net (8.15.2/8.15.2); "
     "Mon, 23 Nov 2026 10:00:00 +0000",
     "mx.example.net", "", "", false},
    {"empty", "", "", "", "", true},
    {"noise", ";;((\"by", "", "", "", true},
};

static void
test_hop(const void *data)
{
    const Hop *row = data;
    HeedReceived hop;

    heed_received_read(row->value, &hop);
    g_assert_cmpstr(hop.by, ==, row->by);
    g_assert_cmpstr(hop.name, ==, row->client_name);
    g_assert_cmpstr(hop.address, ==, row->client_address);
    g_assert_cmpint(hop.local, ==, row->local);
    if (strstr(row->value, "2026") != NULL)
        g_assert_cmpint(hop.date, ==, 1795428000);
}

#define OUTSIDE                                                                                          \
    "from mail.example.org (mail.example.org [203.0.113.7]) by mx.example.net (Postfix) with ESMTPS id " \
    "1; Mon, 23 Nov 2026 10:00:00 +0000"
#define RELAY                                                                                             \
    "from out1.example.com (out1.example.com [192.0.2.1]) by mx.example.net (Postfix) with ESMTPS id 1; " \
    "Mon, 23 Nov 2026 10:00:00 +0000"
#define RELAY_BOUNCE  "by out1.example.com (Postfix) id 2; Mon, 23 Nov 2026 09:59:59 +0000"
#define DKIM(domain)  "mx.example.net; dkim=pass header.d=" domain
#define RECEIVED      "Received"
#define RESULTS       "Authentication-Results"
#define MAILER        "mailer-daemon@example.org"
#define FIELDS_OF_ROW 6

/* A whole report: its header, who it is about, and how far it is believed. */
typedef struct Row {
    const char *name;
    const char *fields[2 * FIELDS_OF_ROW]; /* name, value, … */
    HeedKind kind;
    const char *from;
    const char *recipients; /* with a blank between */
    const char *original_from;
    HeedTrust want;
} Row;

static const Row rows[] = {
    {"relay",
     {RECEIVED, RELAY, RECEIVED, RELAY_BOUNCE},
     HEED_KIND_BOUNCE,
     "mailer-daemon@example.com",
     "u@example.org",
     NULL,
     HEED_TRUST_AUTHENTICATED},
    {"relay-by-address",
     {RECEIVED,
      "from x (unknown [198.51.100.2]) by mx.example.net (Postfix); Mon, 23 Nov 2026 10:00:00 "
      "+0000"},
     HEED_KIND_BOUNCE,
     MAILER,
     "u@example.org",
     NULL,
     HEED_TRUST_AUTHENTICATED},
    {"relay-is-receiver",
     {RECEIVED, "by mx.example.net (Postfix) id 2; Mon, 23 Nov 2026 10:00:00 +0000"},
     HEED_KIND_BOUNCE,
     MAILER,
     "u@example.org",
     NULL,
     HEED_TRUST_AUTHENTICATED},
    {"relay-behind-lmtp",
     {RECEIVED,
      "from mx.example.net by mx.example.net with LMTP id 1; Mon, 23 Nov 2026 10:00:00 +0000",
      RECEIVED, RELAY, RECEIVED, RELAY_BOUNCE},
     HEED_KIND_BOUNCE,
     MAILER,
     "u@example.org",
     NULL,
     HEED_TRUST_AUTHENTICATED},
    {"relay-behind-filter",
     {RECEIVED,
      "from localhost (localhost [127.0.0.1]) by mx.example.net (Postfix); Mon, 23 Nov 2026 "
      "10:00:00 +0000",
      RECEIVED,
      "from mx.example.net ([127.0.0.1]) by localhost (amavisd-new); Mon, 23 Nov 2026 10:00:00 "
      "+0000",
      RECEIVED, RELAY, RECEIVED, RELAY_BOUNCE},
     HEED_KIND_BOUNCE,
     MAILER,
     "u@example.org",
     NULL,
     HEED_TRUST_AUTHENTICATED},
    {"relay-passed-on",
     {RECEIVED, RELAY, RECEIVED,
      "from evil.example (evil.example [203.0.113.66]) by out1.example.com (Postfix); Mon, 23 Nov 2026 "
      "09:00:00 +0000"},
     HEED_KIND_BOUNCE,
     MAILER,
     "u@example.org",
     NULL,
     HEED_TRUST_UNPROVEN},
    {"relay-complaint",
     {RECEIVED, RELAY},
     HEED_KIND_COMPLAINT,
     MAILER,
     "u@example.org",
     NULL,
     HEED_TRUST_UNPROVEN},
    {"relay-forged-below",
     {RECEIVED, OUTSIDE, RECEIVED, RELAY},
     HEED_KIND_BOUNCE,
     MAILER,
     "u@example.org",
     NULL,
     HEED_TRUST_UNPROVEN},
    {"relay-helo-only",
     {RECEIVED,
      "from out1.example.com (unknown [203.0.113.66]) by mx.example.net (Postfix); Mon, 23 Nov "
      "2026 10:00:00 +0000"},
     HEED_KIND_BOUNCE,
     MAILER,
     "u@example.org",
     NULL,
     HEED_TRUST_UNPROVEN},
    {"receiver-unknown",
     {RECEIVED,
      "from out1.example.com (out1.example.com [192.0.2.1]) by other.example (Postfix); Mon, 23 "
      "Nov 2026 10:00:00 +0000",
      RECEIVED, RELAY},
     HEED_KIND_BOUNCE,
     MAILER,
     "u@example.org",
     NULL,
     HEED_TRUST_UNPROVEN},

    {"dkim",
     {RESULTS, DKIM("example.org"), RECEIVED, OUTSIDE},
     HEED_KIND_BOUNCE,
     MAILER,
     "u@example.org",
     NULL,
     HEED_TRUST_AUTHENTICATED},
    {"dkim-below-inner-hop",
     {RECEIVED, "by 2002:a05::1 with SMTP id 1; Mon, 23 Nov 2026 10:00:00 +0000", RESULTS,
      DKIM("example.org"), RECEIVED, OUTSIDE},
     HEED_KIND_BOUNCE,
     MAILER,
     "u@example.org",
     NULL,
     HEED_TRUST_AUTHENTICATED},
    {"spf-helo",
     {RESULTS, "mx.example.net; spf=pass smtp.helo=mail.example.org", RECEIVED, OUTSIDE},
     HEED_KIND_BOUNCE,
     "MAILER-DAEMON@mail.example.org",
     "u@example.org",
     NULL,
     HEED_TRUST_AUTHENTICATED},
    {"dkim-forged-below",
     {RECEIVED, OUTSIDE, RESULTS, DKIM("example.org")},
     HEED_KIND_BOUNCE,
     MAILER,
     "u@example.org",
     NULL,
     HEED_TRUST_UNPROVEN},
    {"dkim-wrong-id",
     {RESULTS, "mx.evil.example; dkim=pass header.d=example.org", RECEIVED, OUTSIDE},
     HEED_KIND_BOUNCE,
     MAILER,
     "u@example.org",
     NULL,
     HEED_TRUST_UNPROVEN},
    {"dkim-without-hop",
     {RESULTS, DKIM("example.org")},
     HEED_KIND_BOUNCE,
     MAILER,
     "u@example.org",
     NULL,
     HEED_TRUST_UNPROVEN},
    {"dkim-of-attacker",
     {RESULTS, DKIM("evil.example"), RECEIVED, OUTSIDE},
     HEED_KIND_BOUNCE,
     "mailer-daemon@evil.example",
     "u@example.org",
     NULL,
     HEED_TRUST_UNPROVEN},
    {"dkim-of-lookalike",
     {RESULTS, DKIM("notexample.org"), RECEIVED, OUTSIDE},
     HEED_KIND_BOUNCE,
     "mailer-daemon@notexample.org",
     "u@example.org",
     NULL,
     HEED_TRUST_UNPROVEN},
    {"dkim-failed",
     {RESULTS, "mx.example.net; dkim=fail header.d=example.org", RECEIVED, OUTSIDE},
     HEED_KIND_BOUNCE,
     MAILER,
     "u@example.org",
     NULL,
     HEED_TRUST_UNPROVEN},
    {"dkim-of-user",
     {RESULTS, DKIM("example.org"), RECEIVED, OUTSIDE},
     HEED_KIND_BOUNCE,
     "someone@example.org",
     "u@example.org",
     NULL,
     HEED_TRUST_UNPROVEN},
    {"dkim-other-from",
     {RESULTS, DKIM("gmail.com"), RECEIVED, OUTSIDE},
     HEED_KIND_BOUNCE,
     "mailer-daemon@evil.example",
     "u@gmail.com",
     NULL,
     HEED_TRUST_UNPROVEN},
    {"dkim-subdomain",
     {RESULTS, DKIM("bounces.example.co.uk"), RECEIVED, OUTSIDE},
     HEED_KIND_BOUNCE,
     "postmaster@example.co.uk",
     "u@mail.example.co.uk",
     NULL,
     HEED_TRUST_AUTHENTICATED},
    {"dkim-public-suffix",
     {RESULTS, DKIM("evil.co.uk"), RECEIVED, OUTSIDE},
     HEED_KIND_BOUNCE,
     "postmaster@evil.co.uk",
     "u@example.co.uk",
     NULL,
     HEED_TRUST_UNPROVEN},
    {"dkim-provider",
     {RESULTS, DKIM("googlemail.com"), RECEIVED, OUTSIDE},
     HEED_KIND_BOUNCE,
     "mailer-daemon@googlemail.com",
     "u@gmail.com",
     NULL,
     HEED_TRUST_AUTHENTICATED},
    {"dkim-other-provider",
     {RESULTS, DKIM("googlemail.com"), RECEIVED, OUTSIDE},
     HEED_KIND_BOUNCE,
     "mailer-daemon@googlemail.com",
     "u@yahoo.com",
     NULL,
     HEED_TRUST_UNPROVEN},
    {"weakest-recipient",
     {RESULTS, DKIM("example.org"), RECEIVED, OUTSIDE},
     HEED_KIND_BOUNCE,
     MAILER,
     "u@example.org victim@other.example",
     NULL,
     HEED_TRUST_UNPROVEN},
    {"all-recipients",
     {RESULTS, DKIM("example.org"), RECEIVED, OUTSIDE},
     HEED_KIND_BOUNCE,
     MAILER,
     "u@example.org v@example.org",
     NULL,
     HEED_TRUST_AUTHENTICATED},
    {"no-recipient",
     {RESULTS, DKIM("example.org"), RECEIVED, OUTSIDE},
     HEED_KIND_BOUNCE,
     MAILER,
     "",
     NULL,
     HEED_TRUST_UNPROVEN},

    {"loop",
     {RESULTS, DKIM("arf.mail.yahoo.com"), RECEIVED, OUTSIDE},
     HEED_KIND_COMPLAINT,
     "feedback@arf.mail.yahoo.com",
     "",
     NULL,
     HEED_TRUST_AUTHENTICATED},
    {"loop-bounces",
     {RESULTS, DKIM("arf.mail.yahoo.com"), RECEIVED, OUTSIDE},
     HEED_KIND_BOUNCE,
     "feedback@arf.mail.yahoo.com",
     "u@example.org",
     NULL,
     HEED_TRUST_UNPROVEN},
    {"loop-user",
     {RESULTS, DKIM("hotmail.com"), RECEIVED, OUTSIDE},
     HEED_KIND_COMPLAINT,
     "someone@hotmail.com",
     "u@hotmail.com",
     NULL,
     HEED_TRUST_UNPROVEN},
    {"unsubscribe-self",
     {RESULTS, DKIM("gmail.com"), RECEIVED, OUTSIDE},
     HEED_KIND_UNSUBSCRIBE,
     "u@gmail.com",
     "u@gmail.com",
     NULL,
     HEED_TRUST_AUTHENTICATED},
    {"unsubscribe-other",
     {RESULTS, DKIM("gmail.com"), RECEIVED, OUTSIDE},
     HEED_KIND_UNSUBSCRIBE,
     "evil@gmail.com",
     "u@gmail.com",
     NULL,
     HEED_TRUST_UNPROVEN},

    {"user-request",
     {RESULTS, DKIM("outlook.com"), RECEIVED, OUTSIDE},
     HEED_KIND_BOUNCE,
     "joe-request@outlook.com",
     "u@outlook.com",
     NULL,
     HEED_TRUST_UNPROVEN},
    {"user-bounces",
     {RESULTS, DKIM("outlook.com"), RECEIVED, OUTSIDE},
     HEED_KIND_BOUNCE,
     "joe-bounces@outlook.com",
     "u@outlook.com",
     NULL,
     HEED_TRUST_UNPROVEN},
    {"user-owner",
     {RESULTS, DKIM("outlook.com"), RECEIVED, OUTSIDE},
     HEED_KIND_BOUNCE,
     "owner-joe@outlook.com",
     "u@outlook.com",
     NULL,
     HEED_TRUST_UNPROVEN},
    {"user-noreply",
     {RESULTS, DKIM("outlook.com"), RECEIVED, OUTSIDE},
     HEED_KIND_BOUNCE,
     "do-not-reply@outlook.com",
     "u@outlook.com",
     NULL,
     HEED_TRUST_UNPROVEN},
    {"user-like-exchange",
     {RESULTS, DKIM("outlook.com"), RECEIVED, OUTSIDE},
     HEED_KIND_BOUNCE,
     "microsoftexchange1@outlook.com",
     "u@outlook.com",
     NULL,
     HEED_TRUST_UNPROVEN},
    {"exchange",
     {RESULTS, DKIM("outlook.com"), RECEIVED, OUTSIDE},
     HEED_KIND_BOUNCE,
     "microsoftexchange329e71ec88ae4615bbc36ab6ce41109e@outlook.com",
     "u@outlook.com",
     NULL,
     HEED_TRUST_AUTHENTICATED},
    {"other-tenant",
     {RESULTS, DKIM("evil.onmicrosoft.com"), RECEIVED, OUTSIDE},
     HEED_KIND_BOUNCE,
     "postmaster@evil.onmicrosoft.com",
     "u@victim.onmicrosoft.com",
     NULL,
     HEED_TRUST_UNPROVEN},
    {"other-tenant-routing",
     {RESULTS, DKIM("evil.mail.onmicrosoft.com"), RECEIVED, OUTSIDE},
     HEED_KIND_BOUNCE,
     "postmaster@evil.mail.onmicrosoft.com",
     "u@victim.mail.onmicrosoft.com",
     NULL,
     HEED_TRUST_UNPROVEN},
    {"same-tenant",
     {RESULTS, DKIM("example.onmicrosoft.com"), RECEIVED, OUTSIDE},
     HEED_KIND_BOUNCE,
     "postmaster@mx.example.onmicrosoft.com",
     "u@example.onmicrosoft.com",
     NULL,
     HEED_TRUST_AUTHENTICATED},
    {"loop-two-from",
     {RESULTS, DKIM("hotmail.com"), RECEIVED, OUTSIDE, "From", "staff@hotmail.com", "From",
      "evil@hotmail.com"},
     HEED_KIND_COMPLAINT,
     "staff@hotmail.com",
     "u@hotmail.com",
     NULL,
     HEED_TRUST_UNPROVEN},
    {"two-from",
     {RESULTS, DKIM("example.org"), RECEIVED, OUTSIDE, "From", "mailer-daemon@example.org", "From",
      "evil@example.org"},
     HEED_KIND_BOUNCE,
     "mailer-daemon@example.org",
     "u@example.org",
     NULL,
     HEED_TRUST_UNPROVEN},
    {"replayed",
     {RESULTS, DKIM("example.org"), RECEIVED, OUTSIDE, "To", " <evil@evil.example>"},
     HEED_KIND_BOUNCE,
     "mailer-daemon@example.org",
     "u@example.org",
     NULL,
     HEED_TRUST_UNPROVEN},
    {"to-us",
     {RESULTS, DKIM("example.org"), RECEIVED, OUTSIDE, "To",
      " \"News\"\r\n <bounce+1@news.example.com>"},
     HEED_KIND_BOUNCE,
     "mailer-daemon@example.org",
     "u@example.org",
     NULL,
     HEED_TRUST_AUTHENTICATED},

    {"plausible",
     {RECEIVED, OUTSIDE},
     HEED_KIND_BOUNCE,
     MAILER,
     "u@example.org",
     "news@example.com",
     HEED_TRUST_PLAUSIBLE},
    {"plausible-subdomain",
     {NULL},
     HEED_KIND_BOUNCE,
     MAILER,
     "u@example.org",
     "n@news.example.com",
     HEED_TRUST_PLAUSIBLE},
    {"implausible",
     {RECEIVED, OUTSIDE},
     HEED_KIND_BOUNCE,
     MAILER,
     "u@example.org",
     "news@other.example",
     HEED_TRUST_UNPROVEN},
};

static const char *const own_domains[] = {"example.com", NULL};
static const char *const own_relays[] = {"out1.example.com", "198.51.100.2", "mx.example.net",
                                         NULL};
static const char *const own_receivers[] = {"mx.example.net", NULL};

static HeedTrust
assess(const Row *row, const HeedParserSettings *settings, bool closed, int64_t *out_date)
{
    g_autoptr(HeedReport) report = heed_report_new();
    g_auto(GStrv) recipients = g_strsplit(row->recipients, " ", -1);
    const char *names[FIELDS_OF_ROW];
    const char *values[FIELDS_OF_ROW];
    size_t count = 0;

    for (; count < FIELDS_OF_ROW && row->fields[2 * count] != NULL; count++) {
        names[count] = row->fields[2 * count];
        values[count] = row->fields[2 * count + 1];
    }
    report->kind = row->kind;
    report->reporter_from = heed_report_text(report, row->from, -1);
    report->original.from = heed_report_text(report, row->original_from, -1);
    for (char **address = recipients; *address != NULL; address++)
        heed_report_add_recipient(report)->address = heed_report_text(report, *address, -1);
    return heed_trust_assess(&(HeedTrustInput){names, values, count, report, settings, closed},
                             out_date);
}

static void
test_row(const void *data)
{
    const HeedParserSettings settings = {
        .domains = own_domains, .relays = own_relays, .receivers = own_receivers};
    const HeedParserSettings nothing = {0};
    const Row *row = data;
    int64_t date = 0;
    HeedTrust got = assess(row, &settings, false, &date);

    g_assert_cmpstr(heed_trust_name(got), ==, heed_trust_name(row->want));
    g_assert_cmpint((int)assess(row, &settings, true, &date), >=, HEED_TRUST_PLAUSIBLE);
    g_assert_cmpint((int)assess(row, &nothing, true, &date), ==, HEED_TRUST_UNKNOWN);
    g_assert_cmpint((int)assess(row, NULL, false, &date), ==, HEED_TRUST_UNKNOWN);
}

static void
test_date(void)
{
    const HeedParserSettings settings = {.receivers = own_receivers};
    const Row ours = {"",
                      {RESULTS, "x", RECEIVED, OUTSIDE, RECEIVED, RELAY_BOUNCE},
                      HEED_KIND_BOUNCE,
                      MAILER,
                      "",
                      NULL,
                      HEED_TRUST_UNKNOWN};
    const Row foreign = {"",   {RECEIVED, RELAY_BOUNCE}, HEED_KIND_BOUNCE, MAILER, "",
                         NULL, HEED_TRUST_UNKNOWN};
    int64_t date = 0;

    (void)assess(&ours, &settings, false, &date);
    g_assert_cmpint(date, ==, 1795428000);
    (void)assess(&foreign, &settings, false, &date);
    g_assert_cmpint(date, ==, HEED_DATE_UNKNOWN);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(hops); i++) {
        g_autofree char *path = g_strconcat("/trust/received/", hops[i].name, NULL);

        g_test_add_data_func(path, &hops[i], test_hop);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *path = g_strconcat("/trust/assess/", rows[i].name, NULL);

        g_test_add_data_func(path, &rows[i], test_row);
    }
    g_test_add_func("/trust/date", test_date);
    return g_test_run();
}
