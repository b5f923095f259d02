/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/error.h"
#include "ingest/folder_name.h"
#include "ingest/mailbox.h"

#include <string.h>

/* A url that is read, and how it is written again. */
typedef struct GoodUrl {
    const char *name;
    const char *url;
    const char *user;
    const char *host;
    unsigned port;
    const char *folder;
    const char *normal;
} GoodUrl;

static const GoodUrl good_urls[] = {
    {"imaps", "imaps://fbl@mail.example.net", "fbl", "mail.example.net", 993, "INBOX",
     "imaps://fbl@mail.example.net/INBOX"},
    {"imaps-slash", "imaps://fbl@mail.example.net/", "fbl", "mail.example.net", 993, "INBOX",
     "imaps://fbl@mail.example.net/INBOX"},
    {"upper-case", "IMAPS://Fbl@Mail.Example.NET/inbox", "Fbl", "mail.example.net", 993, "INBOX",
     "imaps://Fbl@mail.example.net/INBOX"},
    {"folder", "imaps://fbl@mail.example.net/Heed/Gr%C3%B6%C3%9Fe%20%26", "fbl", "mail.example.net",
     993, "Heed/Größe &", "imaps://fbl@mail.example.net/Heed/Gr%C3%B6%C3%9Fe%20%26"},
    {"port", "imap+starttls://fbl@mail.example.net:1143/INBOX", "fbl", "mail.example.net", 1143,
     "INBOX", "imap+starttls://fbl@mail.example.net:1143/INBOX"},
    {"default-port", "imap+starttls://fbl@mail.example.net:143", "fbl", "mail.example.net", 143,
     "INBOX", "imap+starttls://fbl@mail.example.net/INBOX"},
    {"encoded-at", "pop3s://fbl%40example.com@mail.example.net", "fbl@example.com",
     "mail.example.net", 995, NULL, "pop3s://fbl%40example.com@mail.example.net"},
    {"plain-at", "pop3+starttls://fbl@example.com@mail.example.net", "fbl@example.com",
     "mail.example.net", 110, NULL, "pop3+starttls://fbl%40example.com@mail.example.net"},
    {"ipv6", "imaps://fbl@[2001:DB8::1]:10993/INBOX", "fbl", "2001:db8::1", 10993, "INBOX",
     "imaps://fbl@[2001:db8::1]:10993/INBOX"},
    {"ipv4", "imaps://fbl@192.0.2.1", "fbl", "192.0.2.1", 993, "INBOX",
     "imaps://fbl@192.0.2.1/INBOX"},
    {"maildir", "maildir:/var/mail/fbl/", NULL, NULL, 0, "/var/mail/fbl", "maildir:/var/mail/fbl"},
    {"maildir-slashes", "maildir:///var/mail/fbl", NULL, NULL, 0, "/var/mail/fbl",
     "maildir:/var/mail/fbl"},
    {"mbox", "mbox:mail/50%.mbox", NULL, NULL, 0, "mail/50%.mbox", "mbox:mail/50%.mbox"},
};

static void
test_good_url(gconstpointer data)
{
    const GoodUrl *row = data;
    g_autoptr(HeedMailbox) mailbox = heed_mailbox_new("test");
    g_autoptr(HeedMailbox) again = heed_mailbox_new("test");
    g_autofree char *normal = NULL;
    g_autofree char *second = NULL;
    g_autoptr(GError) error = NULL;

    g_assert_true(heed_mailbox_set_url(mailbox, row->url, &error));
    g_assert_no_error(error);
    g_assert_cmpstr(mailbox->user, ==, row->user);
    g_assert_cmpstr(mailbox->host, ==, row->host);
    g_assert_cmpuint(mailbox->port, ==, row->port);
    g_assert_cmpstr(mailbox->folder, ==, row->folder);
    normal = heed_mailbox_url(mailbox);
    g_assert_cmpstr(normal, ==, row->normal);
    g_assert_true(heed_mailbox_set_url(again, normal, &error));
    second = heed_mailbox_url(again);
    g_assert_cmpstr(second, ==, normal);
}

typedef struct BadUrl {
    const char *name;
    const char *url;
    const char *text; /* of the error */
} BadUrl;

static const BadUrl bad_urls[] = {
    {"no-scheme", "mail.example.net", "must begin with"},
    {"http", "http://mail.example.net", "must begin with"},
    {"empty", "", "must begin with"},
    {"plaintext", "imap://fbl@mail.example.net", "tls = \"none\""},
    {"password", "imaps://fbl:hunter2@mail.example.net", "password"},
    {"no-user", "imaps://mail.example.net", "user is missing"},
    {"empty-user", "imaps://@mail.example.net", "user is empty"},
    {"no-host", "imaps://fbl@", "host is missing"},
    {"bad-host", "imaps://fbl@mail_example!", "host"},
    {"bad-port", "imaps://fbl@mail.example.net:99999", "port"},
    {"zero-port", "imaps://fbl@mail.example.net:0", "port"},
    {"bad-ipv6", "imaps://fbl@[2001:db8::1", "IPv6"},
    {"bad-escape", "imaps://fb%zz@mail.example.net", "encoded"},
    {"newline-in-user", "imaps://fb%0Al@mail.example.net", "encoded"},
    {"newline-in-folder", "imaps://fbl@mail.example.net/a%0d%0ab", "encoded"},
    {"nul-in-folder", "imaps://fbl@mail.example.net/a%00b", "encoded"},
    {"not-utf8", "imaps://fbl@mail.example.net/%ff", "encoded"},
    {"query", "imaps://fbl@mail.example.net/INBOX?UNSEEN", "%3F"},
    {"pop3-folder", "pop3s://fbl@mail.example.net/INBOX", "no folders"},
    {"no-slashes", "imaps:fbl@mail.example.net", "SCHEME://"},
    {"no-path", "maildir:", "path is missing"},
};

static void
test_bad_url(gconstpointer data)
{
    const BadUrl *row = data;
    g_autoptr(HeedMailbox) mailbox = heed_mailbox_new("test");
    g_autoptr(GError) error = NULL;

    g_assert_false(heed_mailbox_set_url(mailbox, row->url, &error));
    g_assert_error(error, HEED_ERROR, HEED_ERROR_CONFIG);
    g_assert_nonnull(strstr(error->message, row->text));
    g_assert_null(strstr(error->message, "hunter2"));
}

static void
test_plaintext_by_name(void)
{
    g_autoptr(HeedMailbox) mailbox = heed_mailbox_new("test");
    g_autoptr(GError) error = NULL;

    mailbox->tls = HEED_TLS_NONE;
    g_assert_true(heed_mailbox_set_url(mailbox, "imap://fbl@mail.example.net", &error));
    g_assert_cmpuint(mailbox->port, ==, 143);
    g_assert_false(heed_mailbox_set_url(mailbox, "imaps://fbl@mail.example.net", &error));
    g_assert_nonnull(strstr(error->message, "contradicts"));
}

static void
test_actions(void)
{
    static const struct {
        const char *text;
        bool good;
        HeedOnDone what;
        const char *folder;
    } rows[] = {
        {"leave", true, HEED_ON_DONE_LEAVE, NULL},
        {"seen", true, HEED_ON_DONE_SEEN, NULL},
        {"delete", true, HEED_ON_DONE_DELETE, NULL},
        {"move:Heed/Done", true, HEED_ON_DONE_MOVE, "Heed/Done"},
        {"move:", false, 0, NULL},
        {"move:/x", false, 0, NULL},
        {"move:x/", false, 0, NULL},
        {"move:a//b", false, 0, NULL},
        {"move:*", false, 0, NULL},
        {"move:a\nb", false, 0, NULL},
        {"Leave it", false, 0, NULL},
        {"", false, 0, NULL},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        HeedAckAction action = {0};
        g_autoptr(GError) error = NULL;

        g_assert_true(heed_ack_action_parse(rows[i].text, &action, &error) == rows[i].good);
        g_assert_true(rows[i].good == (error == NULL));
        if (rows[i].good)
            g_assert_cmpint(action.what, ==, rows[i].what);
        g_assert_cmpstr(action.folder, ==, rows[i].folder);
        g_free(action.folder);
    }
}

/* What each protocol can be told to do. */
static void
test_check(void)
{
    static const struct {
        const char *url;
        const char *action;
        bool good;
    } rows[] = {
        {"imaps://u@h.example", "move:Heed/Done", true},
        {"imaps://u@h.example", "move:inbox", false},
        {"imaps://u@h.example/Reports", "move:Reports", false},
        {"pop3s://u@h.example", "delete", true},
        {"pop3s://u@h.example", "seen", false},
        {"pop3s://u@h.example", "move:x", false},
        {"imaps://u@h.example/iNbOx", "move:Inbox", false},
        {"imaps://u@h.example/INBOX/Reports", "move:inbox/Reports", false},
        {"imaps://u@h.example/Reports", "move:reports", true},
        {"imaps://u@h.example/INBOX/Reports", "move:INBOX/reports", true},
        {"imaps://u@h.example/Reports", "move:Reports/Done", true},
        {"maildir:/m", "move:x", true},
        {"maildir:/m/.Heed.Done", "move:Heed/Done", false},
        {"maildir:/m/.Heed.Done/", "move:Heed.Done", false},
        {"maildir:/m/.Gr&APYA3w-e",
         "move:Gr\xc3\xb6\xc3\x9f"
         "e",
         false},
        {"maildir:/m/.Heed.Done", "move:Heed", true},
        {"maildir:/m/Heed.Done", "move:Heed/Done", true},
        {"mbox:/m", "leave", true},
        {"mbox:/m", "delete", false},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(HeedMailbox) mailbox = heed_mailbox_new("test");
        g_autoptr(GError) error = NULL;

        g_assert_true(heed_mailbox_set_url(mailbox, rows[i].url, NULL));
        mailbox->password_file = g_strdup("/secret");
        g_assert_true(heed_ack_action_parse(rows[i].action, &mailbox->on_done[i % 3], NULL));
        g_assert_true(heed_mailbox_check(mailbox, &error) == rows[i].good);
        if (!rows[i].good)
            g_assert_error(error, HEED_ERROR, HEED_ERROR_CONFIG);
    }
}

static void
test_check_secrets(void)
{
    g_autoptr(HeedMailbox) mailbox = heed_mailbox_new("test");

    g_assert_false(heed_mailbox_check(mailbox, NULL));
    g_assert_true(heed_mailbox_set_url(mailbox, "imaps://u@h.example", NULL));
    g_assert_false(heed_mailbox_check(mailbox, NULL));
    mailbox->password_file = g_strdup("/secret");
    g_assert_true(heed_mailbox_check(mailbox, NULL));
    mailbox->token_command = g_strdup("token");
    g_assert_false(heed_mailbox_check(mailbox, NULL));
}

static void
test_json(void)
{
    g_autoptr(HeedMailbox) mailbox = heed_mailbox_new("fbl");
    g_autoptr(HeedMailbox) copy = NULL;
    g_autoptr(json_t) json = NULL;
    g_autoptr(json_t) again = NULL;
    g_autoptr(GError) error = NULL;
    static const char *const paths[] = {"a", "latin\xe9", NULL};

    g_assert_true(heed_mailbox_set_url(mailbox, "imaps://u@h.example/Reports", NULL));
    g_assert_true(heed_ack_action_parse("move:Heed/Done", &mailbox->on_done[0], NULL));
    mailbox->password_command = g_strdup("pass show \"x\"");
    mailbox->stream = g_strdup("newsletter");
    mailbox->closed = true;
    mailbox->read_seconds = 7;
    mailbox->paths = g_strdupv((char **)(uintptr_t)paths);
    json = heed_mailbox_to_json(mailbox);
    copy = heed_mailbox_from_json(json, &error);
    g_assert_no_error(error);
    again = heed_mailbox_to_json(copy);
    g_assert_true(json_equal(json, again));
    g_assert_cmpstr(copy->paths[1], ==, "latin\xe9");
    g_assert_cmpstr(copy->on_done[0].folder, ==, "Heed/Done");
    g_assert_cmpuint(copy->port, ==, 993);
    g_assert_true(copy->closed);
    json_object_set_new(json, "port", json_integer(70000));
    g_assert_null(heed_mailbox_from_json(json, NULL));
}

static void
test_folder_names(void)
{
    /* The third is RFC 3501 5.1.3's own example. */
    static const struct {
        const char *name;
        char delimiter;
        const char *want;
    } rows[] = {
        {"Heed/Done", '/', "Heed/Done"},
        {"Heed/Done", '.', "Heed.Done"},
        {"~peter/mail/\xe5\x8f\xb0\xe5\x8c\x97/\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e", '/',
         "~peter/mail/&U,BTFw-/&ZeVnLIqe-"},
        {"R&D", '/', "R&-D"},
        {"\xf0\x9f\x93\xac", '/', "&2D3c7A-"},
        {"a/b", '\0', "a/b"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *got = heed_folder_name_encode(rows[i].name, rows[i].delimiter);

        g_assert_cmpstr(got, ==, rows[i].want);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(good_urls); i++) {
        g_autofree char *path = g_strconcat("/mailbox/url/good/", good_urls[i].name, NULL);

        g_test_add_data_func(path, &good_urls[i], test_good_url);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(bad_urls); i++) {
        g_autofree char *path = g_strconcat("/mailbox/url/bad/", bad_urls[i].name, NULL);

        g_test_add_data_func(path, &bad_urls[i], test_bad_url);
    }
    g_test_add_func("/mailbox/plaintext-by-name", test_plaintext_by_name);
    g_test_add_func("/mailbox/actions", test_actions);
    g_test_add_func("/mailbox/check", test_check);
    g_test_add_func("/mailbox/check-secrets", test_check_secrets);
    g_test_add_func("/mailbox/json", test_json);
    g_test_add_func("/mailbox/folder-names", test_folder_names);
    return g_test_run();
}
