/* SPDX-License-Identifier: Apache-2.0 */
/* What becomes of wrong passwords, bad certificates and absent servers, against a real Dovecot: run
 * through tests/support/with-dovecot. */
#include "base/error.h"
#include "ingest/source.h"
#include "tests/support/dovecot_fixture.h"

/* Opening gives this error, or none where text is NULL. */
typedef struct LoginCase {
    const char *name;
    const char *scheme;
    const char *host;
    const char *ca;       /* of the environment; NULL: the system's */
    const char *password; /* of the environment */
    const char *token;    /* of the environment, instead */
    HeedError code;
    const char *text;
} LoginCase;

static const LoginCase cases[] = {
    {"imap/good", "imaps", "localhost", "CA", "PASSWORD_FILE", NULL, 0, NULL},
    {"imap/by-address", "imaps", "127.0.0.1", "CA", "PASSWORD_FILE", NULL, 0, NULL},
    {"imap/token", "imaps", "localhost", "CA", NULL, "TOKEN_FILE", 0, NULL},
    {"imap/bad-token", "imaps", "localhost", "CA", NULL, "WRONG_PASSWORD_FILE",
     HEED_ERROR_PERMISSION, "is the token right?"},
    {"imap/wrong-password", "imaps", "localhost", "CA", "WRONG_PASSWORD_FILE", NULL,
     HEED_ERROR_PERMISSION, "is the password right?"},
    {"imap/expired", "imaps", "127.0.0.2", "CA", "PASSWORD_FILE", NULL, HEED_ERROR_PERMISSION,
     "certificate of '127.0.0.2' has expired"},
    {"imap/wrong-name", "imaps", "127.0.0.3", "CA", "PASSWORD_FILE", NULL, HEED_ERROR_PERMISSION,
     "name mismatch"},
    {"imap/self-signed", "imaps", "127.0.0.4", "CA", "PASSWORD_FILE", NULL, HEED_ERROR_PERMISSION,
     "self-signed"},
    {"imap/unknown-authority", "imaps", "localhost", NULL, "PASSWORD_FILE", NULL,
     HEED_ERROR_PERMISSION, "not trusted here"},
    {"imap/starttls-expired", "imap+starttls", "127.0.0.2", "CA", "PASSWORD_FILE", NULL,
     HEED_ERROR_PERMISSION, "has expired"},
    {"imap/unknown-host", "imaps", "nowhere.invalid", "CA", "PASSWORD_FILE", NULL, 0,
     "nowhere.invalid"},
    {"pop3/good", "pop3s", "localhost", "CA", "PASSWORD_FILE", NULL, 0, NULL},
    {"pop3/token", "pop3s", "localhost", "CA", NULL, "TOKEN_FILE", 0, NULL},
    {"pop3/bad-token", "pop3s", "localhost", "CA", NULL, "WRONG_PASSWORD_FILE",
     HEED_ERROR_PERMISSION, "is the token right?"},
    {"pop3/wrong-password", "pop3s", "localhost", "CA", "WRONG_PASSWORD_FILE", NULL,
     HEED_ERROR_PERMISSION, "is the password right?"},
    {"pop3/expired", "pop3s", "127.0.0.2", "CA", "PASSWORD_FILE", NULL, HEED_ERROR_PERMISSION,
     "has expired"},
    {"pop3/stls-self-signed", "pop3+starttls", "127.0.0.4", "CA", "PASSWORD_FILE", NULL,
     HEED_ERROR_PERMISSION, "self-signed"},
};

static char *
text_of_environment(const char *name)
{
    return name != NULL ? g_strdup(dovecot_environment(name)) : NULL;
}

static void
test_login(gconstpointer data)
{
    const LoginCase *row = data;
    g_autoptr(HeedMailbox) mailbox =
        dovecot_mailbox(row->scheme, row->token != NULL ? "token" : "login", row->host);
    g_autoptr(HeedSource) source = NULL;
    g_autoptr(GError) error = NULL;
    int64_t epoch = 0;
    bool opened;

    g_free(mailbox->ca_file);
    g_free(mailbox->password_file);
    mailbox->ca_file = text_of_environment(row->ca);
    mailbox->password_file = text_of_environment(row->password);
    mailbox->token_file = text_of_environment(row->token);
    source = heed_source_new(mailbox, NULL);
    opened = source->ops->open(source, &epoch, &error);
    if (row->text == NULL) {
        g_assert_no_error(error);
        g_assert_true(opened);
        return;
    }
    g_assert_false(opened);
    g_assert_nonnull(error);
    g_test_message("%s", error->message);
    g_assert_nonnull(strstr(error->message, row->text));
    /* A resolver that cannot be reached says "later", one that can says "never". */
    if (row->code != 0)
        g_assert_error(error, HEED_ERROR, (gint)row->code);
    else
        g_assert_true(error->code == HEED_ERROR_UNAVAILABLE || error->code == HEED_ERROR_TEMPORARY);
    g_assert_null(strstr(error->message, dovecot_environment("PASSWORD")));
}

static void
check_error(HeedMailbox *mailbox, HeedError code, const char *text)
{
    g_autoptr(HeedSource) source = heed_source_new(mailbox, NULL);
    g_autoptr(GError) error = NULL;
    int64_t epoch = 0;

    g_assert_false(source->ops->open(source, &epoch, &error));
    g_test_message("%s", error->message);
    g_assert_error(error, HEED_ERROR, (gint)code);
    g_assert_nonnull(strstr(error->message, text));
}

static void
test_refused_port(void)
{
    g_autoptr(HeedMailbox) mailbox = dovecot_mailbox("imaps", "login", "localhost");

    mailbox->port = 1;
    check_error(mailbox, HEED_ERROR_TEMPORARY, "Connection refused");
}

/* TLS spoken to a port without it, and the other way round. */
static void
test_wrong_port(void)
{
    g_autoptr(HeedMailbox) tls = dovecot_mailbox("imaps", "login", "localhost");
    g_autoptr(HeedMailbox) plain = dovecot_mailbox("imap+starttls", "login", "localhost");
    g_autoptr(HeedMailbox) other = dovecot_mailbox("imap+starttls", "login", "localhost");
    uint16_t tls_port = tls->port;

    tls->port = plain->port;
    check_error(tls, HEED_ERROR_UNAVAILABLE, "is it the right port?");
    plain->port = tls_port;
    plain->read_seconds = 1;
    check_error(plain, HEED_ERROR_TEMPORARY, "silent for 1 seconds");
    other->port = (uint16_t)g_ascii_strtoull(dovecot_environment("POP3"), NULL, 10);
    check_error(other, HEED_ERROR_DATA, "is not IMAP");
}

static void
test_ca_file_missing(void)
{
    g_autoptr(HeedMailbox) mailbox = dovecot_mailbox("imaps", "login", "localhost");

    g_free(mailbox->ca_file);
    mailbox->ca_file = g_strdup("/nonexistent/ca.pem");
    check_error(mailbox, HEED_ERROR_CONFIG, "/nonexistent/ca.pem");
}

static void
test_unknown_folder(void)
{
    g_autoptr(HeedMailbox) mailbox = dovecot_mailbox("imaps", "login", "localhost");

    g_free(mailbox->folder);
    mailbox->folder = g_strdup("No such folder");
    check_error(mailbox, HEED_ERROR_UNAVAILABLE, "No such folder");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strconcat("/login/", cases[i].name, NULL);

        g_test_add_data_func(path, &cases[i], test_login);
    }
    g_test_add_func("/login/refused-port", test_refused_port);
    g_test_add_func("/login/wrong-port", test_wrong_port);
    g_test_add_func("/login/ca-file-missing", test_ca_file_missing);
    g_test_add_func("/login/unknown-folder", test_unknown_folder);
    return g_test_run();
}
