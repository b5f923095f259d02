/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/provider.h"
#include "parsers/status.h"

#include <glib.h>
#include <string.h>

/* The tables are searched by halves: an unsorted row would not be found. */
typedef struct Key {
    unsigned number;
    const char *name;
} Key;

#define HEED_STATUS(subject, detail, permanent, temporary) \
    {(subject)*1000 + (detail), #subject "." #detail},
static const Key statuses[] = {
#include "parsers/rules/status.def"
};
#undef HEED_STATUS

#define HEED_REPLY(code, class_) {(code), #code},
static const Key replies[] = {
#include "parsers/rules/replies.def"
};
#undef HEED_REPLY

#define HEED_PROVIDER(domain, provider, flags) {0, domain},
static const Key providers[] = {
#include "parsers/rules/providers.def"
};
#undef HEED_PROVIDER

#define HEED_CONTACT(provider, title, page) {0, provider},
static const Key contacts[] = {
#include "parsers/rules/contacts.def"
};
#undef HEED_CONTACT

#define HEED_LIMITS(provider, connections, messages, source) {0, provider},
static const Key limits[] = {
#include "parsers/rules/limits.def"
};
#undef HEED_LIMITS

static void
test_sorted(void)
{
    for (size_t i = 1; i < G_N_ELEMENTS(statuses); i++)
        g_assert_cmpuint(statuses[i - 1].number, <, statuses[i].number);
    for (size_t i = 1; i < G_N_ELEMENTS(replies); i++)
        g_assert_cmpuint(replies[i - 1].number, <, replies[i].number);
    for (size_t i = 1; i < G_N_ELEMENTS(providers); i++)
        g_assert_cmpstr(providers[i - 1].name, <, providers[i].name);
    for (size_t i = 1; i < G_N_ELEMENTS(contacts); i++)
        g_assert_cmpstr(contacts[i - 1].name, <, contacts[i].name);
    for (size_t i = 1; i < G_N_ELEMENTS(limits); i++)
        g_assert_cmpstr(limits[i - 1].name, <, limits[i].name);
}

static void
test_every_code_found(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(replies); i++)
        g_assert_cmpint(heed_code_class(replies[i].name), !=, HEED_CLASS_NONE);
    g_assert_cmpint((int)heed_status_class("5.1.10", true), ==, HEED_CLASS_BAD_DOMAIN);
    g_assert_cmpint((int)heed_status_class("5.7.30", true), ==, HEED_CLASS_TLS);
}

typedef struct Row {
    const char *status;
    HeedClass permanent;
    HeedClass temporary;
    HeedClass subject;
    bool generic;
} Row;

static const Row rows[] = {
    {"5.1.1", HEED_CLASS_BAD_MAILBOX, HEED_CLASS_BAD_MAILBOX, HEED_CLASS_UNKNOWN, false},
    {"4.1.2", HEED_CLASS_BAD_DOMAIN, HEED_CLASS_DNS_FAILURE, HEED_CLASS_UNKNOWN, false},
    {"5.7.27", HEED_CLASS_BAD_SENDER, HEED_CLASS_BAD_SENDER, HEED_CLASS_POLICY, false},
    {"5.0.0", HEED_CLASS_NONE, HEED_CLASS_NONE, HEED_CLASS_NONE, true},
    {"5.2.0", HEED_CLASS_NONE, HEED_CLASS_NONE, HEED_CLASS_INACTIVE_MAILBOX, true},
    {"5.7.509", HEED_CLASS_NONE, HEED_CLASS_NONE, HEED_CLASS_POLICY, false},
    {"5.8.1", HEED_CLASS_NONE, HEED_CLASS_NONE, HEED_CLASS_NONE, false},
    {"5.999.999", HEED_CLASS_NONE, HEED_CLASS_NONE, HEED_CLASS_NONE, false},
    {"", HEED_CLASS_NONE, HEED_CLASS_NONE, HEED_CLASS_NONE, false},
    {"5.1", HEED_CLASS_NONE, HEED_CLASS_NONE, HEED_CLASS_NONE, false},
    {"words", HEED_CLASS_NONE, HEED_CLASS_NONE, HEED_CLASS_NONE, false},
};

static void
test_row(gconstpointer data)
{
    const Row *row = data;

    g_assert_cmpint((int)heed_status_class(row->status, true), ==, (int)row->permanent);
    g_assert_cmpint((int)heed_status_class(row->status, false), ==, (int)row->temporary);
    g_assert_cmpint((int)heed_status_subject_class(row->status), ==, (int)row->subject);
    g_assert_cmpint(heed_status_is_generic(row->status), ==, row->generic);
}

static void
test_nothing(void)
{
    g_assert_cmpint((int)heed_status_class(NULL, true), ==, HEED_CLASS_NONE);
    g_assert_cmpint((int)heed_code_class(NULL), ==, HEED_CLASS_NONE);
    g_assert_cmpint((int)heed_code_class("599"), ==, HEED_CLASS_NONE);
}

static void
test_provider(void)
{
    size_t at = 0;

    g_assert_cmpstr(heed_provider_of_domain("googlemail.com"), ==, "gmail");
    g_assert_cmpstr(heed_provider_of_domain("contoso.onmicrosoft.com"), ==, "microsoft365");
    g_assert_null(heed_provider_of_domain("mail.gmail.com"));
    g_assert_cmpstr(heed_provider_next_domain("gmail", &at), ==, "gmail.com");
    g_assert_cmpstr(heed_provider_next_domain("gmail", &at), ==, "googlemail.com");
    g_assert_null(heed_provider_next_domain("gmail", &at));
    at = 0;
    g_assert_cmpstr(heed_provider_next_host("yahoo", &at), ==, "aol.com");
    g_assert_null(heed_provider_of_domain("yahoodns.net"));
    g_assert_null(heed_provider_of_domain("example.com"));
    g_assert_cmpstr(heed_provider_of_host("dns; GMAIL-SMTP-IN.L.Google.com."), ==, "gmail");
    g_assert_cmpstr(heed_provider_of_host("example-com.mail.protection.outlook.com"), ==,
                    "microsoft365");
    g_assert_cmpstr(heed_provider_of_host("hotmail-com.olc.protection.outlook.com (192.0.2.1)"), ==,
                    "outlook");
    g_assert_null(heed_provider_of_host("notgoogle.com"));
    g_assert_null(heed_provider_of_host(""));
    g_assert_true(heed_provider_signs("gmail", "googlemail.com"));
    g_assert_false(heed_provider_signs("yahoo", "googlemail.com"));
    g_assert_false(heed_provider_signs("gmail", "google.com"));
    g_assert_true(heed_provider_is_feedback("bounce.mailstream.senderscore.net", NULL));
    g_assert_true(heed_provider_is_feedback("arf.mail.yahoo.com", "feedback@arf.mail.yahoo.com"));
    g_assert_true(heed_provider_is_feedback("hotmail.com", "staff@hotmail.com"));
    g_assert_false(heed_provider_is_feedback("hotmail.com", "someone@hotmail.com"));
    g_assert_false(heed_provider_is_feedback("example.com", "staff@hotmail.com"));
    g_assert_false(heed_provider_is_feedback("mail.yahoo.com", NULL));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/status/sorted", test_sorted);
    g_test_add_func("/status/every-code-found", test_every_code_found);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *path = g_strconcat("/status/classes/", rows[i].status, NULL);

        g_test_add_data_func(*rows[i].status != '\0' ? path : "/status/classes/empty", &rows[i],
                             test_row);
    }
    g_test_add_func("/status/nothing", test_nothing);
    g_test_add_func("/status/provider", test_provider);
    return g_test_run();
}
