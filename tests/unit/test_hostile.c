/* SPDX-License-Identifier: Apache-2.0 */
/* Servers that drag on, blow up or break off: each ends with an error, soon and in bounded memory.
 */
#include "base/error.h"
#include "base/limits.h"
#include "ingest/source.h"
#include "tests/support/source_fixture.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>

/* AddressSanitizer copies a growing block each time, which the C library does not. */
#ifdef HEED_SANITIZED
#define SOON_SECONDS 60
#else
#define SOON_SECONDS 25
#endif

#ifdef HEED_SANITIZED
const char *__lsan_default_suppressions(void);

/* libetpan 1.9.4 forgets the 48 bytes of a greeting that says BYE. */
const char *
__lsan_default_suppressions(void)
{
    return "leak:mailimap_greeting_new";
}
#endif

/* A server playing one scenario. */
typedef struct Server {
    GPid pid;
    int keep_open; /* it ends when this is closed */
    uint16_t port;
} Server;

static void
server_clear(Server *server)
{
    (void)close(server->keep_open);
    (void)kill(server->pid, SIGKILL);
    (void)waitpid(server->pid, NULL, 0);
    g_spawn_close_pid(server->pid);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Server, server_clear)

static Server
server_start(const char *scenario)
{
    const char *arguments[] = {"/usr/bin/python3",
                               HEED_SOURCE_DIR "/tests/support/hostile_server.py", scenario, NULL};
    Server server = {.keep_open = -1};
    g_autoptr(GError) error = NULL;
    char text[16] = "";
    int out = -1;

    g_assert_true(g_spawn_async_with_pipes(NULL, (char **)(uintptr_t)arguments, NULL,
                                           G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL, &server.pid,
                                           &server.keep_open, &out, NULL, &error));
    for (size_t length = 0; strchr(text, '\n') == NULL; length++)
        g_assert_cmpint(read(out, text + length, 1), ==, 1);
    (void)close(out);
    server.port = (uint16_t)g_ascii_strtoull(text, NULL, 10);
    return server;
}

/* What becomes of a scenario: an error, or items of which some have no bytes. */
typedef struct Case {
    const char *scenario;
    HeedTlsMode tls;
    bool fails;
    HeedError code;
    const char *text; /* of the error, or of the unreadable item */
    unsigned items;
    unsigned unreadable;
} Case;

static const Case cases[] = {
    {"imap-good", HEED_TLS_NONE, false, 0, NULL, 2, 0},
    {"imap-garbage", HEED_TLS_NONE, true, HEED_ERROR_DATA, "is not IMAP", 0, 0},
    {"imap-silent", HEED_TLS_NONE, true, HEED_ERROR_TEMPORARY, "silent for 1", 0, 0},
    {"imap-close", HEED_TLS_NONE, true, HEED_ERROR_TEMPORARY, "closed the connection", 0, 0},
    {"imap-bye-greeting", HEED_TLS_NONE, true, HEED_ERROR_TEMPORARY, "", 0, 0},
    {"imap-endless-greeting", HEED_TLS_NONE, true, HEED_ERROR_LIMIT, "longer than", 0, 0},
    {"imap-trickle-greeting", HEED_TLS_NONE, true, HEED_ERROR_TEMPORARY, "within 2 seconds", 0, 0},
    {"imap-preauth", HEED_TLS_STARTTLS, true, HEED_ERROR_UNAVAILABLE, "without TLS", 0, 0},
    {"imap-injects", HEED_TLS_STARTTLS, true, 0, "", 0, 0},
    {"imap-no-capability", HEED_TLS_NONE, false, 0, NULL, 2, 0},
    {"imap-list-literal", HEED_TLS_NONE, false, 0, NULL, 2, 0},
    {"imap-close-in-literal", HEED_TLS_NONE, true, HEED_ERROR_TEMPORARY, "closed", 0, 1},
    {"imap-bye", HEED_TLS_NONE, true, HEED_ERROR_TEMPORARY, "", 0, 1},
    {"imap-huge-literal", HEED_TLS_NONE, true, HEED_ERROR_LIMIT, "more than it was asked", 0, 1},
    {"imap-endless-line", HEED_TLS_NONE, true, HEED_ERROR_LIMIT, "longer than", 0, 1},
    {"imap-nested", HEED_TLS_NONE, true, HEED_ERROR_LIMIT, "parentheses", 0, 1},
    {"imap-nested-behind-fake-literal", HEED_TLS_NONE, true, HEED_ERROR_LIMIT, "parentheses", 0, 1},
    {"imap-nested-in-pieces", HEED_TLS_NONE, true, HEED_ERROR_LIMIT, "parentheses", 0, 1},
    {"imap-many-responses", HEED_TLS_NONE, true, HEED_ERROR_LIMIT, "more than it was asked", 0, 1},
    {"imap-trickle", HEED_TLS_NONE, true, HEED_ERROR_TEMPORARY, "within 2 seconds", 0, 1},
    {"imap-refuses-one", HEED_TLS_NONE, false, 0, "message 2: ", 2, 1},
    {"imap-left-out", HEED_TLS_NONE, false, 0, "left it out", 2, 2},
    {"pop3-good", HEED_TLS_NONE, false, 0, NULL, 2, 0},
    {"pop3-garbage", HEED_TLS_NONE, true, HEED_ERROR_DATA, "is not POP3", 0, 0},
    {"pop3-silent", HEED_TLS_NONE, true, HEED_ERROR_TEMPORARY, "silent for 1", 0, 0},
    {"pop3-close", HEED_TLS_NONE, true, HEED_ERROR_TEMPORARY, "closed the connection", 0, 0},
    {"pop3-endless-greeting", HEED_TLS_NONE, true, HEED_ERROR_LIMIT, "more than", 0, 0},
    {"pop3-injects", HEED_TLS_STARTTLS, true, 0, "", 0, 0},
    {"pop3-no-uidl", HEED_TLS_NONE, true, HEED_ERROR_UNAVAILABLE, "UIDL", 0, 0},
    {"pop3-endless-list", HEED_TLS_NONE, true, HEED_ERROR_LIMIT, "more than", 0, 0},
    {"pop3-endless-list-line", HEED_TLS_NONE, true, HEED_ERROR_LIMIT, "more than", 0, 0},
    {"pop3-close-in-retr", HEED_TLS_NONE, true, HEED_ERROR_TEMPORARY, "closed", 0, 1},
    {"pop3-endless-retr", HEED_TLS_NONE, true, HEED_ERROR_LIMIT, "more than", 0, 1},
    {"pop3-trickle", HEED_TLS_NONE, true, HEED_ERROR_TEMPORARY, "within 2 seconds", 0, 1},
    {"pop3-same-uidl", HEED_TLS_NONE, false, 0, NULL, 3, 0},
    {"pop3-gap", HEED_TLS_NONE, true, HEED_ERROR_DATA, "message 2", 0, 0},
    {"pop3-long-uidl", HEED_TLS_NONE, false, 0, NULL, 2, 0},
    {"pop3-refuses-one", HEED_TLS_NONE, false, 0, "message 11: ", 2, 1},
};

static HeedMailbox *
mailbox_at(const Server *server, const Case *row, const Folder *folder)
{
    HeedMailbox *mailbox = heed_mailbox_new("hostile");

    mailbox->protocol =
        g_str_has_prefix(row->scenario, "imap") ? HEED_PROTOCOL_IMAP : HEED_PROTOCOL_POP3;
    mailbox->tls = row->tls;
    mailbox->host = g_strdup("127.0.0.1");
    mailbox->port = server->port;
    mailbox->user = g_strdup("user");
    mailbox->folder = g_strdup("INBOX");
    folder_write(folder, "password", "secret\n");
    mailbox->password_file = folder_path_of(folder, "password");
    g_assert_cmpint(g_chmod(mailbox->password_file, 0600), ==, 0);
    mailbox->read_seconds = 1;
    /* Where the octets are to run out, the time must not. */
    mailbox->response_seconds = row->code == HEED_ERROR_LIMIT ? 20 : 2;
    return mailbox;
}

/* Reads until the end or an error, counting. */
static bool
read_on(HeedSource *source,
        unsigned *out_items,
        unsigned *out_unreadable,
        GString *details,
        GError **error)
{
    int64_t epoch = 0;

    if (!source->ops->open(source, &epoch, error))
        return false;
    for (;;) {
        g_auto(HeedItem) item = {.received_at = HEED_DATE_UNKNOWN};
        HeedNext next = source->ops->next(source, &item, error);

        if (next != HEED_NEXT_ITEM)
            return next == HEED_NEXT_END;
        ++*out_items;
        if (item.bytes == NULL) {
            ++*out_unreadable;
            g_string_append(details, item.detail);
        }
    }
}

static void
test_scenario(gconstpointer data)
{
    const Case *row = data;
    g_auto(Folder) folder = folder_make();
    g_auto(Server) server = server_start(row->scenario);
    g_autoptr(HeedMailbox) mailbox = mailbox_at(&server, row, &folder);
    g_autoptr(HeedSource) source = heed_source_new(mailbox, NULL);
    g_autoptr(GString) details = g_string_new(NULL);
    g_autoptr(GError) error = NULL;
    int64_t start = g_get_monotonic_time();
    unsigned items = 0;
    unsigned unreadable = 0;
    bool ended = read_on(source, &items, &unreadable, details, &error);

    if (error != NULL)
        g_test_message("%s", error->message);
    g_assert_cmpint(g_get_monotonic_time() - start, <, (int64_t)SOON_SECONDS * G_USEC_PER_SEC);
    g_assert_true(ended == !row->fails);
    g_assert_true((error != NULL) == row->fails);
    g_assert_cmpuint(unreadable, ==, row->unreadable);
    if (row->fails && row->code != 0)
        g_assert_error(error, HEED_ERROR, (gint)row->code);
    if (row->fails)
        g_assert_nonnull(strstr(error->message, row->text));
    else
        g_assert_cmpuint(items, ==, row->items);
    if (!row->fails && row->text != NULL)
        g_assert_nonnull(strstr(details->str, row->text));
}

/* A QUIT that fails means that nothing is sure to be deleted. */
static void
test_quit_fails(void)
{
    static const Case row = {"pop3-quit-fails", HEED_TLS_NONE, false, 0, NULL, 2, 0};
    g_auto(Folder) folder = folder_make();
    g_auto(Server) server = server_start(row.scenario);
    g_autoptr(HeedMailbox) mailbox = mailbox_at(&server, &row, &folder);
    g_autoptr(HeedSource) source = NULL;
    g_autoptr(GPtrArray) items = NULL;
    g_autoptr(GError) error = NULL;
    HeedAck ack = {.uid = "11", .disposition = HEED_DISPOSITION_DONE};

    mailbox->on_done[0].what = HEED_ON_DONE_DELETE;
    source = source_opened(mailbox, NULL, NULL);
    items = source_drain(source);
    g_assert_cmpuint(items->len, ==, 2);
    g_assert_false(source->ops->acknowledge(source, &ack, 1, &error));
    g_assert_nonnull(strstr(error->message, "not removed"));
}

/* Two messages of one UIDL (RFC 1939 7 allows it for copies): one acknowledgement deletes one. */
static void
test_same_uidl(void)
{
    static const Case row = {"pop3-same-uidl", HEED_TLS_NONE, false, 0, NULL, 3, 0};
    g_auto(Folder) folder = folder_make();
    g_auto(Server) server = server_start(row.scenario);
    g_autoptr(HeedMailbox) mailbox = mailbox_at(&server, &row, &folder);
    g_autoptr(HeedSource) source = NULL;
    g_autoptr(GPtrArray) items = NULL;
    g_autoptr(GError) error = NULL;
    HeedAck ack = {.uid = "11", .disposition = HEED_DISPOSITION_DONE};

    mailbox->on_done[0].what = HEED_ON_DONE_DELETE;
    source = source_opened(mailbox, NULL, NULL);
    items = source_drain(source);
    g_assert_cmpuint(items->len, ==, 3);
    g_assert_true(source->ops->acknowledge(source, &ack, 1, &error));
    g_assert_no_error(error);
}

/* Of two with one UIDL nobody can say which one an earlier run has stored: both stay. */
static void
test_same_uidl_resumed(void)
{
    static const Case row = {"pop3-same-uidl-resumed", HEED_TLS_NONE, false, 0, NULL, 3, 0};
    g_auto(Folder) folder = folder_make();
    g_auto(Server) server = server_start(row.scenario);
    g_autoptr(HeedMailbox) mailbox = mailbox_at(&server, &row, &folder);
    g_autoptr(HeedSource) source = NULL;
    g_autoptr(GError) error = NULL;
    HeedAck ack = {.uid = "11", .disposition = HEED_DISPOSITION_DONE};

    mailbox->on_done[0].what = HEED_ON_DONE_DELETE;
    source = source_opened(mailbox, NULL, NULL);
    g_assert_true(source->ops->acknowledge(source, &ack, 1, &error));
    g_assert_no_error(error);
}

/* Each message costs the connection. One that an earlier run has given up costs it again, and must
 * not keep this run from the next one for ever. */
static void
test_goes_past_poison(gconstpointer scenario)
{
    const Case row = {scenario, HEED_TLS_NONE, false, 0, NULL, 2, 2};
    g_auto(Folder) folder = folder_make();
    g_auto(Server) server = server_start(row.scenario);
    g_autoptr(HeedMailbox) mailbox = mailbox_at(&server, &row, &folder);
    char *given_up = g_strdup(g_str_has_prefix(scenario, "imap") ? "1" : "11");
    g_autoptr(GPtrArray) unreadable = g_ptr_array_new_with_free_func(g_free);
    HeedResume resume = {.epoch = 7, .position = 1, .unreadable = unreadable};
    g_autoptr(HeedSource) source = source_opened(mailbox, NULL, NULL);
    g_autoptr(GPtrArray) items = NULL;

    g_ptr_array_add(unreadable, given_up);
    source->ops->resume(source, &resume);
    items = source_drain(source);
    g_assert_cmpuint(items->len, ==, 2);
    for (size_t i = 0; i < items->len; i++)
        g_assert_null(((const HeedItem *)g_ptr_array_index(items, i))->bytes);
}

/* After all of the above. The sanitizers' own memory is theirs. */
static void
test_memory(void)
{
    struct rusage usage;

    g_assert_cmpint(getrusage(RUSAGE_SELF, &usage), ==, 0);
    g_test_message("largest resident size: %ld KB", usage.ru_maxrss);
#ifndef HEED_SANITIZED
    g_assert_cmpint(usage.ru_maxrss, <, 64 * 1024);
#endif
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strconcat("/hostile/a/", cases[i].scenario, NULL);

        g_test_add_data_func(path, &cases[i], test_scenario);
    }
    g_test_add_func("/hostile/b/quit-fails", test_quit_fails);
    g_test_add_func("/hostile/b/same-uidl", test_same_uidl);
    g_test_add_func("/hostile/b/same-uidl-resumed", test_same_uidl_resumed);
    g_test_add_data_func("/hostile/b/imap-poison", "imap-close-in-literal", test_goes_past_poison);
    g_test_add_data_func("/hostile/b/pop3-poison", "pop3-close-in-retr", test_goes_past_poison);
    g_test_add_func("/hostile/c/memory", test_memory);
    return g_test_run();
}
