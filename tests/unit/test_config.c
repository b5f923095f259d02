/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"
#include "cli/config.h"
#include "cli/init_file.h"

#include <glib/gstdio.h>
#include <string.h>

#define MAILBOX        "mailbox \"fbl\" { url = \"imaps://u@h.example/IN\" password-command = \"x\" "
#define OWN            "own { domains = {\"example.com\"} }\n"
#define OWN_WITH(list) "own { domains = {\"example.com\"} " list " }\n"

static const struct {
    const char *name;
    const char *text;
    const char
        *want; /* the error's text, or its beginning when it ends with an ellipsis; NULL: ok */
} rows[] = {
    {"empty", "", NULL},
    {"comment-only", "# nothing\n", NULL},
    {"byte-order-mark", "\xef\xbb\xbf" OWN, NULL},
    {"byte-order-mark-twice", "\xef\xbb\xbf\xef\xbb\xbf" OWN, "t.conf:1: …"},
    {"whole", OWN MAILBOX "on-done = \"move:Heed/Done\" stream = \"news\" trust = closed }\n",
     NULL},
    {"single-quotes", "database = 'postgresql:///${heed}'\n", NULL},
    {"unknown", "databse = \"x\"\n",
     "t.conf:1: 'databse' is not known here; did you mean 'database'? allowed are: database, "
     "workers, rules, mailbox, log, own, stream, policy, guard, retention, roles"},
    {"unknown-far", "\n\nfrobnicate = 1\n",
     "t.conf:3: 'frobnicate' is not known here; allowed are: …"},
    {"unknown-in-section", OWN "mailbox \"a\" {\n  url = \"mbox:/x\"\n  on-dome = \"seen\"\n}\n",
     "t.conf:4: 'on-dome' is not known here; did you mean 'on-done'? allowed are: url, tls, …"},
    {"later-section", "proxy \"a\" { }\n", "t.conf:1: 'proxy' is not known here; …"},
    {"own-unknown", "own { token-keys = \"k\" }\n", "t.conf:1: 'token-keys' is not known here; …"},
    {"include", "include(\"/etc/passwd\")\n", "t.conf:1: 'include' is not known here; …"},
    {"number", "workers = many\n",
     "t.conf:1: workers = many: allowed is a whole number from 0 to 256"},
    {"retention-short", "retention { event-days = 7 }\n",
     "t.conf:1: event-days = 7: the guard looks back over 30 days; allowed are 0 (for ever) and from 31 on"},
    {"retention-order", "retention { raw-days = 90 event-days = 60 }\n",
     "t.conf:1: raw-days is more than event-days: mail is kept to read its events again"},
    {"number-range", "retention {\n raw-days = 99999 }\n",
     "t.conf:2: raw-days = 99999: allowed is a whole number from 0 to 3650"},
    {"number-trailing", "workers = 3x\n", "t.conf:1: workers = 3x: …"},
    {"twice", "workers = 1\nworkers = 2\n", "t.conf:2: 'workers' was given in line 1 already"},
    {"twice-in-section", "own {\n domains = {\"a.example\"}\n domains = {\"b.example\"}\n}\n",
     "t.conf:3: 'domains' was given in line 2 already"},
    {"twice-longer",
     "own {\n domains = {\"a.example\"}\n domains = {\"a.example\", \"b.example\"}\n}\n",
     "t.conf:3: 'domains' was given in line 2 already"},
    {"twice-longer-unbraced",
     "own {\n domains = \"a.example\"\n domains = {\"a.example\", \"b.example\"}\n}\n",
     "t.conf:3: 'domains' was given in line 2 already"},
    {"list-of-the-same", "own { domains = {\"a.example\", \"a.example\", \"a.example\"} }\n", NULL},
    {"section-twice", OWN "own { relays = {\"a.example\"} }\n", "t.conf:2: …"},
    {"mailbox-twice", OWN MAILBOX "}\n" MAILBOX "}\n", "t.conf:3: …"},
    {"mailbox-untitled", "mailbox { url = \"mbox:/x\" }\n", "t.conf:1: …"},
    {"mailbox-nameless", "mailbox \"\" { url = \"mbox:/x\" }\n",
     "t.conf:1: a mailbox needs a name: …"},
    {"log-pathless", "log \"a\" {\n format = \"postfix\"\n}\n", "t.conf:3: log 'a' has no path: …"},
    {"log-formatless", "log \"a\" {\n path = \"x\"\n}\n", "t.conf:3: log 'a' has no format: …"},
    {"log-format", "log \"a\" { path = \"x\"\n format = \"sendmail\"\n}\n",
     "t.conf:2: format = \"sendmail\": allowed are postfix…"},
    {"log-zone", "log \"a\" { path = \"x\" format = \"postfix\"\n timezone = \"Mars\"\n}\n",
     "t.conf:2: timezone = \"Mars\": …"},
    {"log-deliveries", "log \"a\" { path = \"x\" format = \"postfix\"\n deliveries = \"all\"\n}\n",
     "t.conf:2: deliveries = \"all\": allowed are counts and addresses"},
    {"log-nameless", "log \"\" { path = \"x\" format = \"postfix\" }\n",
     "t.conf:1: a log's name has 1 to 255 bytes: …"},
    {"log-stream", "log \"a\" { path = \"x\" format = \"postfix\"\n stream = \"\"\n}\n",
     "t.conf:2: stream is empty …"},
    {"no-url", "mailbox \"a\" {\n}\n", "t.conf:2: mailbox 'a' has no url: …"},
    {"bad-url", "mailbox \"a\" {\n url = \"ftp://x\"\n}\n",
     "t.conf:2: url = \"ftp…\": must begin with imaps:, …"},
    {"plaintext", "mailbox \"a\" {\n url = \"imap://u@h.example\" password-command = \"x\"\n}\n",
     "t.conf:2: url = \"imap…\": imap: sends the password unprotected; …"},
    {"plaintext-named",
     "mailbox \"a\" { url = \"imap://u@h.example\" tls = \"none\" password-command = \"x\" }\n",
     NULL},
    {"plaintext-contradicted", MAILBOX "tls = \"none\" }\n",
     "t.conf:1: url = \"imaps…\": tls = \"none\" contradicts the scheme; …"},
    {"tls-other", MAILBOX "\n tls = \"maybe\" }\n", "t.conf:2: tls = \"maybe\": …"},
    {"no-password", "mailbox \"a\" { url = \"pop3s://u@h.example\" }\n",
     "t.conf:1: mailbox 'a': exactly one of password-command, …"},
    {"two-passwords", MAILBOX "token-file = \"t\" }\n",
     "t.conf:1: mailbox 'fbl': exactly one of password-command, …"},
    {"password-for-file", "mailbox \"a\" { url = \"mbox:/x\" password-file = \"y\" }\n",
     "t.conf:1: mailbox 'a' is a file or folder and needs no password"},
    {"on-done", MAILBOX "on-done = \"burn\" }\n", "t.conf:1: on-done: …"},
    {"trust", MAILBOX "\n\n trust = \"half\" }\n",
     "t.conf:3: trust = \"half\": allowed are open and closed"},
    {"stream-empty", MAILBOX "stream = \"\" }\n", "t.conf:1: stream is empty or longer …"},
    {"pop3-move",
     "mailbox \"a\" { url = \"pop3s://u@h.example\" password-command = \"x\" on-done = \"move:X\" "
     "}\n",
     "t.conf:1: mailbox 'a': on-done = \"move:X\": with POP3 it can be leave, delete"},
    {"domain", "own { domains = {\"example.com\", \"not a domain\"} }\n",
     "t.conf:1: domains: 'not a domain' is not a domain of yours: allowed are names such as "
     "example.com, not com or co.uk"},
    {"domain-of-all", "own { domains = {\"example.com\", \"Co.UK\"} }\n",
     "t.conf:1: domains: 'Co.UK' is not a domain of yours: …"},
    {"domain-of-one-label", "own { domains = {\"intranet\"} }\n", NULL},
    {"domain-address", "own { domains = {\"a@example.com\"} }\n", "t.conf:1: domains: …"},
    {"relay-network", OWN_WITH("relays = {\"192.0.2.0/24\"}"), "t.conf:1: relays: …"},
    {"relay-mistyped", OWN_WITH("relays = {\"192.0.2.300\"}"), "t.conf:1: relays: …"},
    {"relay-addresses", OWN_WITH("relays = {\"192.0.2.30\", \"2001:db8::1\", \"9.example\"}"),
     NULL},
    {"verp", OWN_WITH("verp = {\"bounces+{local}={domain}@example.com\"}"), NULL},
    {"verp-no-domain", OWN_WITH("\nverp = {\"bounces+{local}@example.com\"}"),
     "t.conf:2: verp: 'bounces+{local}@example.com' is not a pattern: allowed are …"},
    {"recipient-headers", OWN_WITH("recipient-headers = {\"X-Recipient\"}"), NULL},
    {"recipient-headers-colon", OWN_WITH("recipient-headers = {\"X-Recipient:\"}"),
     "t.conf:1: recipient-headers: 'X-Recipient:' is not the name of a header field, …"},
    {"receiver-empty", OWN_WITH("receivers = {\"\"}"), "t.conf:1: receivers: …"},
    {"authserv-ids", OWN_WITH("authserv-ids = {\"mail\"} results-below-received = true"), NULL},
    {"authserv-id-comment", OWN_WITH("\nauthserv-ids = {\"mail (x)\"}"),
     "t.conf:2: authserv-ids: 'mail (x)' is not a name: …"},
    {"results-below-maybe", OWN_WITH("results-below-received = maybe"), "t.conf:1: …"},
    {"database", "database = 'host=/run/postgresql dbname=heed'\n", NULL},
    {"database-other", "\ndatabase = \"mysql://db.example/heed\"\n", "t.conf:2: database: …"},
    {"unterminated", "database = \"x\n", "t.conf:…"},
    {"database-empty", "\ndatabase = \"\"\n", "t.conf:2: database: is not a connection string: …"},
    {"database-word", "database = \"heed\"\n", "t.conf:1: database: is not a connection string: …"},
    {"database-keywords", "database = \"dbname=heed host=a,b\"\n", NULL},
    {"unclosed", "own {\n", "t.conf:3: the file ends within a section: a } is missing"},
    {"unclosed-comment", "workers = 1 /* half", "t.conf:…"},
    {"last-line-comment", "workers = 1 # no newline", NULL},
    {"garbage", "} = {\n", "t.conf:1: …"},
    {"role-empty", "roles { reader = \"\" }\n", "t.conf:1: reader: …"},
};

static void
test_row(gconstpointer data)
{
    size_t row = GPOINTER_TO_SIZE(data);
    const char *want = rows[row].want;
    g_autoptr(GError) error = NULL;
    g_autoptr(HeedConfig) config = heed_config_parse(rows[row].text, "t.conf", &error);

    if (want == NULL) {
        g_assert_no_error(error);
        g_assert_nonnull(config);
    } else if (g_str_has_suffix(want, "…")) {
        g_autofree char *start = g_strndup(want, strlen(want) - strlen("…"));

        g_assert_error(error, HEED_ERROR, HEED_ERROR_CONFIG);
        if (!g_str_has_prefix(error->message, start))
            g_error("got: %s", error->message);
    } else {
        g_assert_error(error, HEED_ERROR, HEED_ERROR_CONFIG);
        g_assert_cmpstr(error->message, ==, want);
    }
}

static void
test_values(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(HeedConfig) config = heed_config_parse(
        "database = \"postgresql:///heed\"\nworkers = 3\nretention { raw-days = 0 }\n"
        "roles { ingest = \"feeder\" }\nown { domains = {\"Example.COM\", \"bücher.example\"}\n"
        "  relays = {\"OUT1.example.com\"} }\n"
        "mailbox \"a\" { url = \"pop3s://u@h.example\" password-file = \"secret\" ca-file = "
        "\"/etc/ca\" stream = \"news\" trust = \"closed\" on-done = \"delete\" read-timeout = 5 }\n"
        "mailbox \"b\" { url = \"maildir:Mail\" }\n",
        "/etc/heed/heed.conf", &error);
    const HeedMailbox *one;
    const HeedMailbox *other;

    g_assert_no_error(error);
    g_assert_cmpstr(config->database, ==, "postgresql:///heed");
    g_assert_cmpuint(config->workers, ==, 3);
    g_assert_cmpuint(config->retention.raw_days, ==, 0);
    g_assert_cmpstr(config->role_ingest, ==, "feeder");
    g_assert_null(config->role_owner);
    g_assert_cmpuint(config->domains->len, ==, 3);
    g_assert_cmpstr(config->domains->pdata[0], ==, "example.com");
    g_assert_cmpstr(config->domains->pdata[1], ==, "xn--bcher-kva.example");
    g_assert_null(config->domains->pdata[2]);
    g_assert_cmpstr(config->relays->pdata[0], ==, "out1.example.com");
    g_assert_null(config->receivers);
    g_assert_cmpuint(config->mailboxes->len, ==, 2);
    one = config->mailboxes->pdata[0];
    other = config->mailboxes->pdata[1];
    g_assert_cmpstr(one->name, ==, "a");
    g_assert_cmpstr(one->password_file, ==, "/etc/heed/secret");
    g_assert_cmpstr(one->ca_file, ==, "/etc/ca");
    g_assert_true(one->closed);
    g_assert_cmpint(one->on_done[0].what, ==, HEED_ON_DONE_DELETE);
    g_assert_cmpint(one->on_done[1].what, ==, HEED_ON_DONE_LEAVE);
    g_assert_cmpuint(one->read_seconds, ==, 5);
    g_assert_cmpstr(other->folder, ==, "/etc/heed/Mail");
    g_assert_true(heed_config_require_domains(config, &error));
}

static void
test_domains_required(void)
{
    g_autoptr(HeedConfig) config = heed_config_parse("", "t.conf", NULL);
    g_autoptr(GError) error = NULL;

    g_assert_false(heed_config_require_domains(config, &error));
    g_assert_error(error, HEED_ERROR, HEED_ERROR_CONFIG);
    g_assert_nonnull(strstr(error->message, "t.conf: own { domains = {\"example.com\"} }"));
    g_assert_nonnull(strstr(error->message, "none could be believed"));
}

static void
test_conninfo_password(void)
{
    static const struct {
        const char *conninfo;
        bool want;
    } cases[] = {
        {"postgresql:///heed", false},
        {"postgresql://u@h:5432/heed", false},
        {"postgresql://u:pw@h/heed", true},
        {"postgresql://u:@h/heed", false},
        {"postgresql://h/heed?password=x", true},
        {"postgresql://h/heed?user=a&password=x", true},
        {"host=h password=x", true},
        {"password = x", true},
        {"host=h passfile=/p require_auth=password", false},
        {"host=h dbname=password", false},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
        if (heed_config_conninfo_has_password(cases[i].conninfo) != cases[i].want)
            g_error("%s", cases[i].conninfo);
}

/* A file in a folder of the test's own, read with heed_config_load(). */
static void
check_file(const char *text, mode_t mode, const char *want)
{
    g_autofree char *folder = g_dir_make_tmp("heed-config-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, "heed.conf", NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(HeedConfig) config = NULL;

    g_assert_true(g_file_set_contents(path, text, -1, NULL));
    g_assert_cmpint(g_chmod(path, mode), ==, 0);
    config = heed_config_load(path, &error);
    if (want == NULL) {
        g_assert_no_error(error);
    } else {
        g_assert_error(error, HEED_ERROR, HEED_ERROR_CONFIG);
        if (strstr(error->message, want) == NULL)
            g_error("got: %s", error->message);
    }
    g_assert_cmpint(g_unlink(path), ==, 0);
    g_assert_cmpint(g_rmdir(folder), ==, 0);
}

static void
test_files(void)
{
    g_autoptr(GError) error = NULL;

    check_file("workers = 1\n", 0644, NULL);
    check_file("workers = 1\n", 0666, "everybody may write to it");
    check_file("database = \"postgresql://u:pw@h/d\"\n", 0600, NULL);
    check_file("database = \"postgresql://u:pw@h/d\"\n", 0640, "chmod 600");
    check_file("database = \"\xff\"\n", 0600, "UTF-8");
    g_assert_null(heed_config_load("/nonexistent/heed.conf", &error));
    g_assert_error(error, HEED_ERROR, HEED_ERROR_CONFIG);
}

static void
test_example(void)
{
    g_autofree char *path = g_build_filename(HEED_SOURCE_DIR, "heed.conf.example", NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(HeedConfig) config = heed_config_load(path, &error);

    g_assert_no_error(error);
    g_assert_cmpuint(config->mailboxes->len, ==, 2);
    g_assert_true(heed_config_require_domains(config, NULL));
}

/* What init writes can be read again, whatever the answers hold. */
static void
test_init_file(void)
{
    HeedInitAnswers answers = {.url = g_strdup("imaps://u@h.example/A \\B"),
                               .password = g_strdup("printf '%s' \"${HOME}\" # \\n"),
                               .domains = g_strdup("example.com, example.net"),
                               .database = g_strdup("private")};
    g_autofree char *text = heed_init_file(&answers);
    g_autoptr(GError) error = NULL;
    g_autoptr(HeedConfig) config = heed_config_parse(text, "t.conf", &error);
    const HeedMailbox *mailbox;

    g_assert_no_error(error);
    mailbox = config->mailboxes->pdata[0];
    g_assert_cmpstr(mailbox->password_command, ==, answers.password);
    g_assert_cmpstr(mailbox->folder, ==, "A \\B");
    g_assert_cmpuint(config->domains->len, ==, 3);
    g_assert_null(config->database);
    heed_init_answers_clear(&answers);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *path = g_strconcat("/config/text/", rows[i].name, NULL);

        g_test_add_data_func(path, GSIZE_TO_POINTER(i), test_row);
    }
    g_test_add_func("/config/values", test_values);
    g_test_add_func("/config/domains-required", test_domains_required);
    g_test_add_func("/config/conninfo-password", test_conninfo_password);
    g_test_add_func("/config/files", test_files);
    g_test_add_func("/config/example", test_example);
    g_test_add_func("/config/init-file", test_init_file);
    return g_test_run();
}
