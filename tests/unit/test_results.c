/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/authres.h"
#include "parsers/trust.h"

#include <glib.h>
#include <string.h>

/* What Authentication-Results say, and which of them are believed. */

/* One field, and the domains that passed. */
typedef struct Results {
    const char *name;
    const char *value;
    const char *id; /* NULL: not read */
    const char *domains;
} Results;

static const Results results[] = {
    {"dkim",
     "mx.example.net; dkim=pass (2048-bit key) header.d=Example.org header.i=@x.example.com",
     "mx.example.net", "example.org"},
    {"dkim-identity", "mx.example.net; dkim=pass header.i=@example.org header.s=s1",
     "mx.example.net", "example.org"},
    /* what a client can put into its own address */
    {"equals-in-local-part", "mx.example.net; spf=pass smtp.mailfrom=gmail.com=x@example.org",
     "mx.example.net", "example.org"},
    {"quoted-local-part", "mx.example.net; spf=pass smtp.mailfrom=\"gmail.com\"@example.org",
     "mx.example.net", "example.org"},
    {"quoted-in-local-part", "mx.example.net; spf=pass smtp.mailfrom=gmail.com.\"x\"@example.org",
     "mx.example.net", "example.org"},
    {"semicolon-in-local-part",
     "mx.example.net; spf=pass smtp.mailfrom=\"a;gmail.com\"@example.org", "mx.example.net",
     "example.org"},
    {"comment-in-local-part", "mx.example.net; spf=pass smtp.mailfrom=gmail.com(x)@example.org",
     "mx.example.net", "example.org"},
    {"whole-address-quoted",
     "mx.example.net; spf=pass smtp.mailfrom=\"\\\"gmail.com \\\"@example.org\"", "mx.example.net",
     "example.org"},
    {"not-a-host", "mx.example.net; spf=pass smtp.mailfrom=gmail.com,x.example.org",
     "mx.example.net", ""},
    {"local-part-ends-comment",
     "mx.example.net; spf=pass (domain of \"a) smtp.mailfrom=gmail.com (\"@example.org designates "
     "192.0.2.1) smtp.mailfrom=example.org",
     NULL, ""},
    {"local-part-ends-result",
     "mx.example.net; spf=pass (domain of \"a) smtp.mailfrom=gmail.com; spf=none (\"@example.org "
     "designates) smtp.mailfrom=example.org",
     NULL, ""},
    {"version", "mx.example.net 1; spf=pass smtp.mailfrom=a@example.org", "mx.example.net",
     "example.org"},
    {"other-version", "mx.example.net 2; spf=pass smtp.mailfrom=a@example.org", NULL, ""},
    {"id-in-comment",
     "(mx.example.net;) evil.example (; mx.example.net); spf=pass smtp.mailfrom=a.example",
     "evil.example", "a.example"},
    {"id-quoted", "\"mx.example.net\"; spf=pass smtp.mailfrom=a.example", "mx.example.net",
     "a.example"},
    {"method-in-quotes", "mx.example.net; \"dkim=pass\" header.d=example.org", "mx.example.net",
     ""},
    {"open-comment", "mx.example.net; dkim=none (; dkim=pass header.d=example.org",
     "mx.example.net", ""},
    {"open-quote", "mx.example.net; dkim=none reason=\"; dkim=pass header.d=example.org",
     "mx.example.net", ""},
    {"helo", "mx.example.net; spf=pass smtp.mailfrom=\"\" smtp.helo=mail.example.org",
     "mx.example.net", "mail.example.org"},
    {"several",
     "mx.example.net;\r\n\tdkim=fail header.d=a.example;\r\n\tdkim=pass header.d=b.example;\r\n\tspf=pass "
     "smtp.mailfrom=c.example; dmarc=pass header.from=d.example",
     "mx.example.net", "b.example c.example d.example"},
    {"dmarc-other-property", "mx.example.net; dmarc=pass header.d=example.org", "mx.example.net",
     ""},
    {"none", "mx.example.net; none", "mx.example.net", ""},
    {"in-comment",
     "mx.example.net; dkim=fail (dkim=pass header.d=example.org) header.d=evil.example",
     "mx.example.net", ""},
    {"in-quotes", "mx.example.net; dkim=fail reason=\"; dkim=pass header.d=example.org\"",
     "mx.example.net", ""},
    {"pass-as-property", "mx.example.net; dkim=fail reason=pass header.d=example.org",
     "mx.example.net", ""},
    {"without-id", "spf=pass smtp.mailfrom=example.org", NULL, ""},
    {"empty", "", NULL, ""},
};

static void
test_results(const void *data)
{
    const Results *row = data;
    g_autoptr(GPtrArray) domains = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GString) joined = g_string_new(NULL);
    unsigned methods = 0;
    char id[HEED_HOST_BYTES];

    g_assert_cmpint(heed_authres_read(row->value, id, &methods, domains), ==, row->id != NULL);
    if (row->id != NULL)
        g_assert_cmpstr(id, ==, row->id);
    for (guint i = 0; i < domains->len; i++)
        g_string_append_printf(joined, "%s%s", i > 0 ? " " : "",
                               (const char *)g_ptr_array_index(domains, i));
    g_assert_cmpstr(joined->str, ==, row->domains);

    g_ptr_array_set_size(domains, 0);
    methods = HEED_AUTHRES_DKIM | HEED_AUTHRES_SPF | HEED_AUTHRES_DMARC;
    (void)heed_authres_read(row->value, id, &methods, domains);
    g_assert_cmpuint(domains->len, ==, 0);
}

static void
test_methods(void)
{
    g_autoptr(GPtrArray) domains = g_ptr_array_new_with_free_func(g_free);
    unsigned methods = 0;
    char id[HEED_HOST_BYTES];

    (void)heed_authres_read("mx.example.net; none; iprev=pass", id, &methods, domains);
    g_assert_cmpuint(methods, ==, 0);
    (void)heed_authres_read("mx.example.net; dkim=fail (\")", id, &methods, domains);
    g_assert_cmpuint(methods, ==, 0);
    (void)heed_authres_read("mx.example.net; dkim=fail header.d=a.example; dmarc=none", id,
                            &methods, domains);
    g_assert_cmpuint(methods, ==, HEED_AUTHRES_DKIM | HEED_AUTHRES_DMARC);
    (void)heed_authres_read("mx.example.net; dkim=pass header.d=b.example; spf=pass "
                            "smtp.helo=c.example; spf=pass smtp.helo=d.example",
                            id, &methods, domains);
    g_assert_cmpuint(domains->len, ==, 2);
    g_assert_cmpstr(g_ptr_array_index(domains, 0), ==, "c.example");
}

#define OUTSIDE                                                                                          \
    "from mail.example.org (mail.example.org [203.0.113.7]) by mx.example.net (Postfix) with ESMTPS id " \
    "1; Mon, 23 Nov 2026 10:00:00 +0000"
#define DKIM(domain)  "mx.example.net; dkim=pass header.d=" domain
#define RECEIVED      "Received"
#define RESULTS       "Authentication-Results"
#define FIELDS_OF_ROW 4

/* The header of a bounce by mailer-daemon@example.org about u@example.org, and whether it is
 * believed that example.org sent it. */
typedef struct Row {
    const char *name;
    const char *fields[2 * FIELDS_OF_ROW]; /* name, value, … */
    const char *id;                        /* own.authserv-ids, if any */
    bool below;                            /* own.results-below-received */
    bool believed;
} Row;

static const Row rows[] = {
    {"dmarc",
     {RESULTS, "mx.example.net; dmarc=pass header.from=example.org", RECEIVED, OUTSIDE},
     NULL,
     false,
     true},
    {"dmarc-none",
     {RESULTS, "mx.example.net; dmarc=none header.from=example.org", RECEIVED, OUTSIDE},
     NULL,
     false,
     false},
    {"two-programs",
     {RESULTS, "mx.example.net; dmarc=none header.from=example.org", RESULTS, DKIM("example.org"),
      RECEIVED, OUTSIDE},
     NULL,
     false,
     true},
    {"topmost-of-method",
     {RESULTS, "mx.example.net; dkim=fail header.d=example.org", RESULTS, DKIM("example.org"),
      RECEIVED, OUTSIDE},
     NULL,
     false,
     false},
    {"other-id-on-top",
     {RESULTS, "other.example; dkim=fail header.d=example.org", RESULTS, DKIM("example.org"),
      RECEIVED, OUTSIDE},
     NULL,
     false,
     true},
    {"id-configured",
     {RESULTS, "mail; dkim=pass header.d=example.org", RECEIVED, OUTSIDE},
     "mail",
     false,
     true},
    {"id-not-configured", {RESULTS, DKIM("example.org"), RECEIVED, OUTSIDE}, "mail", false, false},
    {"id-below-configured",
     {RESULTS, "x.mail.example; dkim=pass header.d=example.org", RECEIVED, OUTSIDE},
     "mail.example",
     false,
     false},
    {"below", {RECEIVED, OUTSIDE, RESULTS, DKIM("example.org")}, NULL, true, true},
    {"below-topmost",
     {RECEIVED, OUTSIDE, RESULTS, "mx.example.net; dkim=none", RESULTS, DKIM("example.org")},
     NULL,
     true,
     false},
    {"below-other-method",
     {RECEIVED, OUTSIDE, RESULTS, "mx.example.net; dkim=none", RESULTS,
      "mx.example.net; spf=pass smtp.helo=mail.example.org"},
     NULL,
     true,
     false},
    {"below-other-id",
     {RECEIVED, OUTSIDE, RESULTS, "other.example; dkim=none", RESULTS, DKIM("example.org")},
     NULL,
     true,
     true},
    {"below-unreadable",
     {RECEIVED, OUTSIDE, RESULTS, "mx.example.net; dkim=none (\")", RESULTS, DKIM("example.org")},
     NULL,
     true,
     false},
    {"below-and-above",
     {RESULTS, "mx.example.net; spf=none", RECEIVED, OUTSIDE, RESULTS, DKIM("example.org")},
     NULL,
     true,
     false},
    {"below-next-hop",
     {RECEIVED, OUTSIDE, RECEIVED, OUTSIDE, RESULTS, DKIM("example.org")},
     NULL,
     true,
     false},
    {"below-without-hop", {RESULTS, DKIM("example.org")}, NULL, true, false},
    {"below-foreign-hop",
     {RECEIVED, "from a (a [192.0.2.1]) by evil.example", RESULTS, DKIM("example.org")},
     NULL,
     true,
     false},
};

static void
test_row(const void *data)
{
    static const char *const domains[] = {"example.com", NULL};
    static const char *const receivers[] = {"mx.example.net", NULL};
    const Row *row = data;
    const char *const ids[] = {row->id, NULL};
    const HeedParserSettings settings = {.domains = domains,
                                         .receivers = receivers,
                                         .authserv_ids = row->id == NULL ? NULL : ids,
                                         .results_below_received = row->below};
    g_autoptr(HeedReport) report = heed_report_new();
    const char *names[FIELDS_OF_ROW];
    const char *values[FIELDS_OF_ROW];
    const HeedTrustInput input = {names, values, FIELDS_OF_ROW, report, &settings, false};
    int64_t date = 0;

    for (size_t i = 0; i < FIELDS_OF_ROW; i++) {
        bool given = row->fields[2 * i] != NULL;

        names[i] = given ? row->fields[2 * i] : "X-Other";
        values[i] = given ? row->fields[2 * i + 1] : "";
    }
    report->kind = HEED_KIND_BOUNCE;
    report->reporter_from = "mailer-daemon@example.org";
    heed_report_add_recipient(report)->address = "u@example.org";
    g_assert_cmpstr(heed_trust_name(heed_trust_assess(&input, &date)), ==,
                    row->believed ? "authenticated" : "unproven");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(results); i++) {
        g_autofree char *path = g_strconcat("/results/field/", results[i].name, NULL);

        g_test_add_data_func(path, &results[i], test_results);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *path = g_strconcat("/results/believed/", rows[i].name, NULL);

        g_test_add_data_func(path, &rows[i], test_row);
    }
    g_test_add_func("/results/methods", test_methods);
    return g_test_run();
}
