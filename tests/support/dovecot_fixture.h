/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_TESTS_SUPPORT_DOVECOT_FIXTURE_H
#define HEED_TESTS_SUPPORT_DOVECOT_FIXTURE_H

/* Mailboxes on the Dovecot that support/with-dovecot runs. Failing is a failed assertion. */

#include "base/limits.h"
#include "ingest/source.h"
#include "tests/support/source_fixture.h"

#include <stdio.h>
#include <sys/stat.h>

static inline const char *
dovecot_environment(const char *name)
{
    g_autofree char *full = g_strconcat("HEED_TEST_DOVECOT_", name, NULL);
    const char *value = g_getenv(full);

    if (value == NULL)
        g_error("%s is not set: run this test through tests/support/with-dovecot", full);
    return value;
}

/* A mailbox such as dovecot_mailbox("imaps", "user", "localhost"), with the right password. */
static inline HeedMailbox *
dovecot_mailbox(const char *scheme, const char *user, const char *host)
{
    bool is_imap = g_str_has_prefix(scheme, "imap");
    bool is_implicit = g_str_has_suffix(scheme, "s") && !g_str_has_suffix(scheme, "starttls");
    const char *port = dovecot_environment(is_imap ? (is_implicit ? "IMAPS" : "IMAP")
                                                   : (is_implicit ? "POP3S" : "POP3"));
    g_autofree char *url = g_strdup_printf("%s://%s@%s:%s", scheme, user, host, port);
    HeedMailbox *mailbox = heed_mailbox_new("test");
    g_autoptr(GError) error = NULL;

    g_assert_true(heed_mailbox_set_url(mailbox, url, &error));
    mailbox->ca_file = g_strdup(dovecot_environment("CA"));
    mailbox->password_file = g_strdup(dovecot_environment("PASSWORD_FILE"));
    return mailbox;
}

static inline void
dovecot_give(const char *path)
{
    unsigned uid = 0;
    unsigned gid = 0;

    g_assert_cmpint(sscanf(dovecot_environment("OWNER"), "%u:%u", &uid, &gid), ==, 2);
    if (geteuid() == 0)
        g_assert_cmpint(lchown(path, uid, gid), ==, 0);
}

static inline void
dovecot_make_folder(const char *path)
{
    g_assert_cmpint(g_mkdir_with_parents(path, 0700), ==, 0);
    dovecot_give(path);
}

/* Delivers mail to a user as an MTA would: into new/. number orders the messages. */
static inline void
dovecot_deliver(const char *user, unsigned number, const char *content, size_t length)
{
    g_autofree char *home = g_build_filename(dovecot_environment("MAIL"), user, NULL);
    g_autofree char *maildir = g_build_filename(home, "Maildir", NULL);
    g_autofree char *tmp = g_build_filename(maildir, "tmp", NULL);
    g_autofree char *new = g_build_filename(maildir, "new", NULL);
    g_autofree char *cur = g_build_filename(maildir, "cur", NULL);
    g_autofree char *name = g_strdup_printf("%u.M%u.test", 1700000000U + number, number);
    g_autofree char *from = g_build_filename(tmp, name, NULL);
    g_autofree char *to = g_build_filename(new, name, NULL);

    dovecot_make_folder(home);
    dovecot_make_folder(maildir);
    dovecot_make_folder(tmp);
    dovecot_make_folder(new);
    dovecot_make_folder(cur);
    g_assert_true(g_file_set_contents(from, content, (gssize)length, NULL));
    dovecot_give(from);
    g_assert_cmpint(g_rename(from, to), ==, 0);
}

/* Delivers small messages with subjects from first to last. */
static inline void
dovecot_deliver_range(const char *user, unsigned first, unsigned last)
{
    for (unsigned i = first; i <= last; i++) {
        g_autofree char *mail = g_strdup_printf("From: a@example.com\r\nSubject: %u\r\n\r\n"
                                                ".dot\r\nFrom body %u\r\n",
                                                i, i);

        dovecot_deliver(user, i, mail, strlen(mail));
    }
}

/* What a shell command prints, without the last newline. */
static inline char *dovecot_shell(const char *format, ...) G_GNUC_PRINTF(1, 2);

static inline char *
dovecot_shell(const char *format, ...)
{
    char *printed = NULL;
    g_autofree char *line = NULL;
    g_autoptr(GError) error = NULL;
    const char *arguments[] = {"/bin/sh", "-c", NULL, NULL};
    va_list values;

    va_start(values, format);
    line = g_strdup_vprintf(format, values);
    va_end(values);
    arguments[2] = line;
    g_assert_true(g_spawn_sync(NULL, (char **)(uintptr_t)arguments, NULL, G_SPAWN_DEFAULT, NULL,
                               NULL, &printed, NULL, NULL, &error));
    return g_strchomp(printed);
}

/* The server's own tool, with these words behind its configuration. */
static inline void dovecot_doveadm(const char *format, ...) G_GNUC_PRINTF(1, 2);

static inline void
dovecot_doveadm(const char *format, ...)
{
    g_autofree char *words = NULL;
    g_autofree char *printed = NULL;
    va_list values;

    va_start(values, format);
    words = g_strdup_vprintf(format, values);
    va_end(values);
    printed = dovecot_shell("doveadm -c '%s' %s", dovecot_environment("CONF"), words);
}

/* So many messages are in a folder, e.g. "INBOX" or "Heed.Done"; with a search key of doveadm. */
static inline void
dovecot_assert_count(const char *user, const char *folder, const char *key, unsigned want)
{
    g_autofree char *got = dovecot_shell("doveadm -c '%s' search -u '%s' mailbox '%s' %s | wc -l",
                                         dovecot_environment("CONF"), user, folder, key);

    g_assert_cmpuint(g_ascii_strtoull(got, NULL, 10), ==, want);
}

/* Delivers a message of this line again and again, longer than what is read of one. */
static inline GString *
dovecot_deliver_large(const char *user, unsigned number, const char *line)
{
    GString *mail = g_string_new("Subject: large\r\n\r\n");

    while (mail->len < HEED_LIMIT_MESSAGE_BYTES + 100000)
        g_string_append(mail, line);
    dovecot_deliver(user, number, mail->str, mail->len);
    return mail;
}

#endif
