/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pipeline with its real processes: this program is its own fetcher and worker. The store is a
 * list in memory. Mail with "X-Test: …" makes the worker misbehave (__wrap_heed_parser_read).
 */
#include <glib.h>
#include <glib/gstdio.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zstd.h>

#include "base/error.h"
#include "base/limits.h"
#include "ingest/pipeline.h"

/* --- a worker that mail can harm --- */

HeedReport *__real_heed_parser_read(HeedParser *parser,
                                    const void *bytes,
                                    size_t length,
                                    const HeedParseContext *context);
HeedReport *__wrap_heed_parser_read(HeedParser *parser,
                                    const void *bytes,
                                    size_t length,
                                    const HeedParseContext *context);

HeedReport *
__wrap_heed_parser_read(HeedParser *parser,
                        const void *bytes,
                        size_t length,
                        const HeedParseContext *context)
{
    if (g_strstr_len(bytes, MIN((gssize)length, 200), "X-Test: crash") != NULL)
        (void)raise(SIGKILL); /* what a sanitizer does not catch */
    if (g_strstr_len(bytes, MIN((gssize)length, 200), "X-Test: exit") != NULL)
        _exit(3);
    if (g_strstr_len(bytes, MIN((gssize)length, 200), "X-Test: slow") != NULL)
        (void)poll(NULL, 0, 300);
    if (g_strstr_len(bytes, MIN((gssize)length, 200), "X-Test: slow") != NULL)
        (void)poll(NULL, 0, 300);
    if (g_strstr_len(bytes, MIN((gssize)length, 200), "X-Test: socket") != NULL)
        (void)socket(AF_INET, SOCK_STREAM, 0);
    if (g_strstr_len(bytes, MIN((gssize)length, 200), "X-Test: nonsense") != NULL)
        g_assert_cmpint(write(HEED_CHILD_FD, "\5\0\0\0\4{}\n.", 9), ==, 9);
    while (g_strstr_len(bytes, MIN((gssize)length, 200), "X-Test: hang") != NULL)
        (void)poll(NULL, 0, 1000);
    return __real_heed_parser_read(parser, bytes, length, context);
}

/* --- a fetcher whose server answers no more, or always has news --- */

HeedSource *__real_heed_source_new(const HeedMailbox *mailbox, const HeedSourceHost *host);
HeedSource *__wrap_heed_source_new(const HeedMailbox *mailbox, const HeedSourceHost *host);

static bool
stall(HeedSource *source, const HeedAck *acks, size_t count, GError **error)
{
    (void)source;
    (void)acks;
    (void)count;
    (void)error;
    while (poll(NULL, 0, 1000) == 0)
        continue;
    return false;
}

static const HeedSourceOps *real_ops;

static bool
hurry(HeedSource *source, unsigned seconds, int wake_fd, GError **error)
{
    (void)seconds;
    (void)poll(NULL, 0, 10);
    return real_ops->wait(source, 0, wake_fd, error);
}

HeedSource *
__wrap_heed_source_new(const HeedMailbox *mailbox, const HeedSourceHost *host)
{
    HeedSource *source = __real_heed_source_new(mailbox, host);
    static HeedSourceOps odd;

    real_ops = source->ops;
    odd = *source->ops;
    if (g_getenv("TEST_STALL") != NULL)
        odd.acknowledge = stall;
    if (g_getenv("TEST_HURRY") != NULL)
        odd.wait = hurry;
    source->ops = &odd;
    return source;
}

/* --- a store in memory --- */

typedef struct Store {
    GPtrArray *arrivals; /* of HeedArrival *, owned */
    GHashTable *known;   /* of char *, owned: "mailbox/uid" */
    size_t acknowledged;
    size_t batches;
    size_t finished;
    GError *error;      /* of the mailbox that ended last with one */
    unsigned commit_ms; /* how long a commit takes */
    size_t fail_at;     /* the batch that cannot be committed; 0: none */
    size_t stop_at;     /* messages after which to stop; 0: never */
    int stop;
    const char *unreadable; /* a uid to ask for again, or NULL */
    bool is_unreadable_gone;
    const char *deliver_to; /* a Maildir that gets one more message in the first commit */
} Store;

static void
store_clear(Store *store)
{
    g_ptr_array_unref(store->arrivals);
    g_hash_table_unref(store->known);
    g_clear_error(&store->error);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Store, store_clear)

#define STORE_INIT                                                                     \
    {                                                                                  \
        .arrivals = g_ptr_array_new_with_free_func((GDestroyNotify)heed_arrival_free), \
        .known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),         \
    }

static char *
key_of(size_t mailbox, const char *uid)
{
    return g_strdup_printf("%zu/%s", mailbox, uid);
}

static void
write_file(const char *folder, const char *name, const char *content)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);
    g_autoptr(GError) error = NULL;

    (void)g_file_set_contents(path, content, -1, &error);
    g_assert_no_error(error);
}

/* As programs that deliver do it: what stands in new/ is whole (maildir(5)). */
static void
deliver(const char *maildir, const char *name, const char *content)
{
    g_autofree char *tmp = g_build_filename(maildir, "tmp", NULL);
    g_autofree char *from = g_build_filename(tmp, name, NULL);
    g_autofree char *to = g_build_filename(maildir, "new", name, NULL);

    write_file(tmp, name, content);
    g_assert_cmpint(g_rename(from, to), ==, 0);
}

static bool
store_commit(void *data, const GPtrArray *arrivals, GError **error)
{
    Store *store = (Store *)data;

    store->batches++;
    if (store->commit_ms > 0)
        g_usleep(store->commit_ms * 1000UL);
    if (store->batches == store->fail_at) {
        g_set_error_literal(error, HEED_ERROR, HEED_ERROR_TEMPORARY, "the store is gone");
        return false;
    }
    for (size_t i = 0; i < arrivals->len; i++) {
        HeedArrival *from = (HeedArrival *)arrivals->pdata[i];
        HeedArrival *kept = heed_arrival_new();
        char *key = key_of((size_t)from->mailbox_id, from->uid);

        g_assert_nonnull(from->uid);
        g_assert_true(g_hash_table_add(store->known, key)); /* nothing comes twice */
        *kept = *from;
        kept->uid = g_strdup(from->uid);
        kept->source = g_strdup(from->source);
        kept->stream = g_strdup(from->stream);
        from->json = from->reason = from->detail = NULL; /* the list has them now */
        from->compressed = NULL;
        from->report = NULL;
        g_ptr_array_add(store->arrivals, kept);
    }
    if (store->stop_at != 0 && store->arrivals->len >= store->stop_at)
        store->stop = 1;
    if (store->deliver_to != NULL) {
        deliver(store->deliver_to, "late", "Subject: late\n\nx\n");
        store->deliver_to = NULL;
    }
    return true;
}

static bool
store_known(void *data, size_t mailbox, const GPtrArray *uids, GArray *out_known, GError **error)
{
    const Store *store = (const Store *)data;

    (void)error;
    for (size_t i = 0; i < uids->len; i++) {
        g_autofree char *key = key_of(mailbox, (const char *)uids->pdata[i]);
        bool known = g_hash_table_contains(store->known, key);

        g_array_append_val(out_known, known);
    }
    return true;
}

static bool
store_resume(
    void *data, size_t mailbox, int64_t epoch, HeedResume *out, GPtrArray *out_open, GError **error)
{
    const Store *store = (const Store *)data;

    (void)out_open;
    (void)error;
    out->epoch = epoch;
    if (store->unreadable == NULL)
        return true;
    out->unreadable = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(out->unreadable, g_strdup(store->unreadable));
    (void)g_hash_table_add(store->known, key_of(mailbox, store->unreadable));
    return true;
}

static bool
store_acknowledged(void *data, size_t mailbox, const GPtrArray *uids, GError **error)
{
    Store *store = (Store *)data;

    (void)error;
    for (size_t i = 0; i < uids->len; i++) {
        g_autofree char *key = key_of(mailbox, (const char *)uids->pdata[i]);

        g_assert_true(g_hash_table_contains(store->known, key)); /* stored before */
        if (g_strcmp0((const char *)uids->pdata[i], store->unreadable) == 0)
            store->is_unreadable_gone = true;
    }
    store->acknowledged += uids->len;
    return true;
}

static void
store_finished(void *data, size_t mailbox, const GError *error)
{
    Store *store = (Store *)data;

    (void)mailbox;
    store->finished++;
    if (error != NULL) {
        g_clear_error(&store->error);
        store->error = g_error_copy(error);
    }
}

static bool
run(Store *store, HeedPipelineOptions *options, GError **error)
{
    HeedSink sink = {.resume = store_resume,
                     .known = store_known,
                     .commit = store_commit,
                     .acknowledged = store_acknowledged,
                     .finished = store_finished,
                     .data = store};

    options->stop = &store->stop;
    return heed_pipeline_run(options, &sink, error);
}

/* --- mail --- */

typedef struct Box {
    char *folder;
    HeedMailbox *mailbox;
} Box;

static void
remove_all(const char *path)
{
    g_autoptr(GDir) folder = g_dir_open(path, 0, NULL);
    const char *name;

    while (folder != NULL && (name = g_dir_read_name(folder)) != NULL) {
        g_autofree char *below = g_build_filename(path, name, NULL);

        remove_all(below);
    }
    (void)g_remove(path);
}

static void
box_clear(Box *box)
{
    remove_all(box->folder);
    g_free(box->folder);
    heed_mailbox_free(box->mailbox);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Box, box_clear)

/* An mbox of so many messages; the one numbered `odd` (from 1) has the extra field. */
static void
mbox_init(Box *box, size_t count, size_t odd, const char *extra)
{
    g_autoptr(GString) mail = g_string_new(NULL);

    box->folder = g_dir_make_tmp("heed-pipeline-XXXXXX", NULL);
    for (size_t i = 1; i <= count; i++)
        g_string_append_printf(mail,
                               "From a@example.com Mon Jan  1 00:00:00 2026\n%sSubject: %zu\n\n"
                               "number %zu\n\n",
                               i == odd ? extra : "", i, i);
    write_file(box->folder, "mbox", mail->str);
    box->mailbox = heed_mailbox_new("box");
    box->mailbox->protocol = HEED_PROTOCOL_PATHS;
    box->mailbox->paths = g_new0(char *, 2);
    box->mailbox->paths[0] = g_build_filename(box->folder, "mbox", NULL);
}

static void
maildir_init(Box *box, size_t count)
{
    static const char *const subfolders[] = {"new", "cur", "tmp"};
    g_autofree char *fresh = NULL;

    box->folder = g_dir_make_tmp("heed-pipeline-XXXXXX", NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(subfolders); i++) {
        g_autofree char *path = g_build_filename(box->folder, subfolders[i], NULL);

        g_assert_cmpint(g_mkdir(path, 0700), ==, 0);
    }
    fresh = g_build_filename(box->folder, "new", NULL);
    for (size_t i = 0; i < count; i++) {
        g_autofree char *name = g_strdup_printf("%zu.host%s", i, i % 7 == 0 ? "\xff" : "");
        g_autofree char *mail = g_strdup_printf("Subject: %zu\n\nnumber %zu\n", i, i);

        write_file(fresh, name, mail);
    }
    box->mailbox = heed_mailbox_new("box");
    box->mailbox->protocol = HEED_PROTOCOL_MAILDIR;
    box->mailbox->folder = g_strdup(box->folder);
}

static size_t
count_files(const Box *box, const char *subfolder)
{
    g_autofree char *path = g_build_filename(box->folder, subfolder, NULL);
    g_autoptr(GDir) folder = g_dir_open(path, 0, NULL);
    size_t count = 0;

    while (g_dir_read_name(folder) != NULL)
        count++;
    return count;
}

static const HeedArrival *
arrival_at(const Store *store, size_t index)
{
    return (const HeedArrival *)store->arrivals->pdata[index];
}

/* Message by message in the order of the mbox. */
static void
check_order(const Store *store, size_t count)
{
    g_assert_cmpuint(store->arrivals->len, ==, count);
    for (size_t i = 0; i < count; i++) {
        g_autofree char *end = g_strdup_printf("#%zu", i + 1);

        g_assert_true(g_str_has_suffix(arrival_at(store, i)->uid, end));
    }
}

/* --- tests --- */

static void
test_order(void)
{
    const size_t count = 20000;
    g_auto(Box) box = {0};
    g_auto(Store) store = STORE_INIT;
    g_auto(Store) alone = STORE_INIT;
    HeedPipelineOptions options = {.mailbox_count = 1, .workers = 2};
    g_autoptr(GError) error = NULL;

    mbox_init(&box, count, 0, NULL);
    options.mailboxes = (const HeedMailbox *const *)&box.mailbox;
    g_assert_true(run(&store, &options, &error));
    g_assert_no_error(error);
    g_assert_no_error(store.error);
    g_assert_cmpuint(store.finished, ==, 1);
    g_assert_cmpuint(store.acknowledged, ==, count);
    g_assert_cmpuint(store.batches, <, count / 100);
    check_order(&store, count);

    options.in_process = true;
    g_assert_true(run(&alone, &options, &error));
    check_order(&alone, count);
    for (size_t i = 0; i < count; i++) {
        g_assert_cmpint(
            memcmp(arrival_at(&store, i)->digest, arrival_at(&alone, i)->digest, HEED_DIGEST_BYTES),
            ==, 0);
        g_assert_cmpint(arrival_at(&store, i)->disposition, ==, HEED_DISPOSITION_UNRECOGNISED);
        g_assert_nonnull(arrival_at(&store, i)->report);
        g_assert_null(arrival_at(&store, i)->compressed);
    }
}

typedef struct Harm {
    const char *name;
    const char *field;
    const char *reason;
    const char *detail;
} Harm;

static const Harm harms[] = {
    {"crash", "X-Test: crash\n", "worker-crash", "killed by signal 9"},
    {"exit", "X-Test: exit\n", "worker-crash", "ended with status 3"},
    {"socket", "X-Test: socket\n", "worker-crash", "killed by signal 31"},
    {"nonsense", "X-Test: nonsense\n", "worker-crash", "a frame is not as it should be"},
    {"hang", "X-Test: hang\n", "timeout", "not read within 1 s"},
};

/* The message that harms is quarantined whole; all others are read, in order. */
static void
test_harm(gconstpointer data)
{
    const Harm *harm = (const Harm *)data;
    const size_t count = 500;
    const size_t odd = 77;
    g_auto(Box) box = {0};
    g_auto(Store) store = STORE_INIT;
    HeedPipelineOptions options = {.mailbox_count = 1, .workers = 2, .worker_seconds = 1};
    g_autoptr(GError) error = NULL;

    mbox_init(&box, count, odd, harm->field);
    options.mailboxes = (const HeedMailbox *const *)&box.mailbox;
    g_assert_true(run(&store, &options, &error));
    g_assert_no_error(error);
    g_assert_no_error(store.error);
    check_order(&store, count);
    for (size_t i = 0; i < count; i++) {
        const HeedArrival *arrival = arrival_at(&store, i);

        if (i + 1 != odd) {
            g_assert_cmpint(arrival->disposition, ==, HEED_DISPOSITION_UNRECOGNISED);
            continue;
        }
        g_assert_cmpint(arrival->disposition, ==, HEED_DISPOSITION_QUARANTINED);
        g_assert_cmpstr(arrival->reason, ==, harm->reason);
        g_assert_nonnull(strstr(arrival->detail, harm->detail));
        g_assert_null(arrival->report);
        g_assert_nonnull(arrival->compressed);
    }
}

static void
test_all_harm(void)
{
    g_auto(Box) box = {0};
    g_auto(Store) store = STORE_INIT;
    HeedPipelineOptions options = {.mailbox_count = 1, .workers = 2};
    g_autofree char *path = NULL;
    g_autoptr(GString) mail = g_string_new(NULL);
    g_autoptr(GError) error = NULL;

    mbox_init(&box, 1, 0, NULL);
    for (size_t i = 0; i < 12; i++)
        g_string_append(mail,
                        "From a@example.com Mon Jan  1 00:00:00 2026\nX-Test: crash\n\nx\n\n");
    write_file(box.folder, "mbox", mail->str);
    options.mailboxes = (const HeedMailbox *const *)&box.mailbox;
    g_assert_true(run(&store, &options, &error));
    g_assert_no_error(error);
    check_order(&store, 12);
    for (size_t i = 0; i < 12; i++)
        g_assert_cmpstr(arrival_at(&store, i)->reason, ==, "worker-crash");
}

static void
test_too_large(void)
{
    g_auto(Box) box = {0};
    g_auto(Store) store = STORE_INIT;
    HeedPipelineOptions options = {.mailbox_count = 1, .workers = 1};
    g_autoptr(GString) mail = g_string_new("Subject: large\n\n");
    g_autoptr(GError) error = NULL;
    const HeedArrival *arrival;

    mbox_init(&box, 1, 0, NULL);
    while (mail->len < HEED_LIMIT_MESSAGE_BYTES + 1000)
        g_string_append(mail, "a line of text that is repeated very often\n");
    write_file(box.folder, "mbox", mail->str);
    options.mailboxes = (const HeedMailbox *const *)&box.mailbox;
    g_assert_true(run(&store, &options, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(store.arrivals->len, ==, 1);
    arrival = arrival_at(&store, 0);
    g_assert_cmpint(arrival->disposition, ==, HEED_DISPOSITION_QUARANTINED);
    g_assert_cmpstr(arrival->reason, ==, "too-large");
    g_assert_true(arrival->truncated);
    g_assert_nonnull(arrival->compressed);
    g_assert_null(arrival->report);
}

static void
test_kept(void)
{
    static const char want[] = "Subject: 1\n\nnumber 1\n";
    g_auto(Box) box = {0};
    g_auto(Store) store = STORE_INIT;
    HeedPipelineOptions options = {
        .mailbox_count = 1, .workers = 1, .keep_raw = true, .as_json = true, .dry_run = true};
    g_autoptr(GError) error = NULL;
    char got[100];
    size_t length;
    const char *compressed;

    mbox_init(&box, 1, 0, NULL);
    options.mailboxes = (const HeedMailbox *const *)&box.mailbox;
    g_assert_true(run(&store, &options, &error));
    g_assert_no_error(error);
    compressed = g_bytes_get_data(arrival_at(&store, 0)->compressed, &length);
    length = ZSTD_decompress(got, sizeof(got), compressed, length);
    g_assert_cmpuint(length, >=, sizeof(want) - 1);
    g_assert_cmpint(memcmp(got, want, sizeof(want) - 1), ==, 0);
    g_assert_true(g_str_has_prefix(arrival_at(&store, 0)->json, "{\"source\":\""));
    g_assert_null(arrival_at(&store, 0)->report);
    g_assert_cmpuint(store.acknowledged, ==, 0);
}

/* Great mail and a slow store: what waits is bounded, so is the memory. */
static void
test_slow_store(void)
{
    const size_t count = 120;
    g_auto(Box) box = {0};
    g_auto(Store) store = STORE_INIT;
    HeedPipelineOptions options = {.mailbox_count = 1, .workers = 2};
    g_autoptr(GString) body = g_string_new(NULL);
    g_autofree char *fresh = NULL;
    g_autoptr(GError) error = NULL;
    struct rusage usage;

    maildir_init(&box, 0);
    fresh = g_build_filename(box.folder, "new", NULL);
    g_string_append(body, "Subject: large\n\n");
    while (body->len < 1024 * 1024)
        g_string_append_printf(body, "line %u\n", g_random_int());
    for (size_t i = 0; i < count; i++) {
        g_autofree char *name = g_strdup_printf("%zu.host", i);

        write_file(fresh, name, body->str);
    }
    store.commit_ms = 30;
    options.keep_raw = true;
    options.mailboxes = (const HeedMailbox *const *)&box.mailbox;
    options.batch_messages = 4;
    g_assert_true(run(&store, &options, &error));
    g_assert_no_error(error);
    g_assert_no_error(store.error);
    g_assert_cmpuint(store.arrivals->len, ==, count);
    g_assert_cmpint(getrusage(RUSAGE_CHILDREN, &usage), ==, 0);
#ifndef HEED_SANITIZED
    g_assert_cmpint(usage.ru_maxrss, <, 64 * 1024);
#endif
}

/* What a fetcher that is killed had handed over is stored; the next run gets the rest. */
static void
test_fetcher_killed(gconstpointer data)
{
    const char *step = (const char *)data;
    const size_t count = 300;
    g_auto(Box) box = {0};
    g_auto(Store) store = STORE_INIT;
    HeedPipelineOptions options = {.mailbox_count = 1, .workers = 1};
    g_autoptr(GError) error = NULL;

    maildir_init(&box, count);
    options.mailboxes = (const HeedMailbox *const *)&box.mailbox;
    box.mailbox->on_done[HEED_DISPOSITION_UNRECOGNISED].what = HEED_ON_DONE_DELETE;
    g_assert_true(g_setenv("HEED_FAULT", step, TRUE));
    g_assert_true(run(&store, &options, &error));
    g_unsetenv("HEED_FAULT");
    g_assert_no_error(error);
    g_assert_error(store.error, HEED_ERROR, HEED_ERROR_INTERNAL);
    g_assert_nonnull(strstr(store.error->message, "killed by signal 9"));
    g_assert_cmpuint(count_files(&box, "new") + store.arrivals->len, >=, count);

    g_clear_error(&store.error);
    g_assert_true(run(&store, &options, &error));
    g_assert_no_error(store.error);
    g_assert_cmpuint(store.arrivals->len, ==, count);
}

static void
test_acknowledge(void)
{
    const size_t count = 300;
    g_auto(Box) box = {0};
    g_auto(Store) store = STORE_INIT;
    HeedPipelineOptions options = {.mailbox_count = 1, .workers = 1};
    g_autoptr(GError) error = NULL;

    maildir_init(&box, count);
    options.mailboxes = (const HeedMailbox *const *)&box.mailbox;
    box.mailbox->on_done[HEED_DISPOSITION_UNRECOGNISED].what = HEED_ON_DONE_DELETE;
    g_assert_true(run(&store, &options, &error));
    g_assert_no_error(store.error);
    g_assert_cmpuint(store.arrivals->len, ==, count);
    g_assert_cmpuint(store.acknowledged, ==, count);
    g_assert_cmpuint(count_files(&box, "new"), ==, 0);
    for (size_t i = 0; i < count; i++)
        g_assert_true(g_utf8_validate(arrival_at(&store, i)->uid, -1, NULL));
    g_assert_true(run(&store, &options, &error));
    g_assert_cmpuint(store.arrivals->len, ==, count);
}

/* A message that could not be read once and is no longer there is acknowledged, not stored. */
static void
test_gone(gconstpointer in_process)
{
    g_auto(Box) box = {0};
    g_auto(Store) store = STORE_INIT;
    HeedPipelineOptions options = {.mailbox_count = 1, .workers = 1};
    g_autoptr(GError) error = NULL;

    maildir_init(&box, 20);
    store.unreadable = "\1\xc3\xbfgone"; /* "\xff" "gone" on the disk */
    options.in_process = in_process != NULL;
    options.mailboxes = (const HeedMailbox *const *)&box.mailbox;
    g_assert_true(run(&store, &options, &error));
    g_assert_no_error(store.error);
    g_assert_true(store.is_unreadable_gone);
    g_assert_cmpuint(store.arrivals->len, ==, 20);
    g_assert_cmpuint(store.acknowledged, ==, 21);
}

static void
test_store_fails(void)
{
    g_auto(Box) box = {0};
    g_auto(Store) store = STORE_INIT;
    HeedPipelineOptions options = {.mailbox_count = 1, .workers = 1, .batch_messages = 50};
    g_autoptr(GError) error = NULL;

    maildir_init(&box, 300);
    store.fail_at = 2;
    options.mailboxes = (const HeedMailbox *const *)&box.mailbox;
    box.mailbox->on_done[HEED_DISPOSITION_UNRECOGNISED].what = HEED_ON_DONE_DELETE;
    g_assert_false(run(&store, &options, &error));
    g_assert_error(error, HEED_ERROR, HEED_ERROR_TEMPORARY);
    g_assert_cmpuint(count_files(&box, "new") + store.arrivals->len, >=, 300);
}

/* Twenty mailboxes, more than are open at once; one of them does not exist. */
static void
test_many(void)
{
    const size_t count = 20;
    Box boxes[20] = {{0}};
    const HeedMailbox *mailboxes[20];
    int64_t ids[20];
    g_auto(Store) store = STORE_INIT;
    HeedPipelineOptions options = {.mailboxes = mailboxes, .mailbox_ids = ids, .workers = 2};
    g_autoptr(GError) error = NULL;

    options.mailbox_count = count;
    for (size_t i = 0; i < count; i++) {
        maildir_init(&boxes[i], 10);
        mailboxes[i] = boxes[i].mailbox;
        ids[i] = (int64_t)i;
    }
    g_free(boxes[3].mailbox->folder);
    boxes[3].mailbox->folder = g_strdup("/nonexistent/heed");
    g_assert_true(run(&store, &options, &error));
    g_assert_no_error(error);
    g_assert_error(store.error, HEED_ERROR, HEED_ERROR_NO_INPUT);
    g_assert_cmpuint(store.finished, ==, count);
    g_assert_cmpuint(store.arrivals->len, ==, (count - 1) * 10);
    g_assert_cmpuint(store.acknowledged, ==, (count - 1) * 10);
    for (size_t i = 0; i < count; i++)
        box_clear(&boxes[i]);
}

static void
test_stop(void)
{
    g_auto(Box) box = {0};
    g_auto(Store) store = STORE_INIT;
    HeedPipelineOptions options = {.mailbox_count = 1, .workers = 1, .batch_messages = 100};
    g_autoptr(GError) error = NULL;

    mbox_init(&box, 20000, 0, NULL);
    store.stop_at = 100;
    store.commit_ms = 5;
    options.mailboxes = (const HeedMailbox *const *)&box.mailbox;
    g_assert_true(run(&store, &options, &error));
    g_assert_no_error(error);
    g_assert_error(store.error, HEED_ERROR, HEED_ERROR_CANCELLED);
    g_assert_cmpuint(store.arrivals->len, <, 20000);
    g_assert_cmpuint(store.acknowledged, ==, store.arrivals->len);
    check_order(&store, store.arrivals->len);
}

/* Told to stop while a server does not answer acknowledgements: soon over, and they are left. */
static void
test_stop_stalled(gconstpointer watch)
{
    g_auto(Box) box = {0};
    g_auto(Store) store = STORE_INIT;
    HeedPipelineOptions options = {
        .mailbox_count = 1, .workers = 1, .batch_messages = 50, .stop_seconds = 1};
    g_autoptr(GError) error = NULL;
    int64_t start = g_get_monotonic_time();

    maildir_init(&box, 100);
    store.stop_at = 50;
    options.watch = watch != NULL;
    options.mailboxes = (const HeedMailbox *const *)&box.mailbox;
    g_assert_true(g_setenv("TEST_STALL", "1", TRUE));
    g_assert_true(run(&store, &options, &error));
    g_unsetenv("TEST_STALL");
    g_assert_no_error(error);
    if (options.watch)
        g_assert_no_error(store.error);
    else
        g_assert_error(store.error, HEED_ERROR, HEED_ERROR_CANCELLED);
    g_assert_cmpint(g_get_monotonic_time() - start, <, 15 * G_USEC_PER_SEC);
    g_assert_cmpuint(store.finished, ==, 1);
    g_assert_cmpuint(store.arrivals->len, >=, 50);
    g_assert_cmpuint(store.acknowledged, ==, 0);
}

static void
test_watch(void)
{
    g_auto(Box) box = {0};
    g_auto(Store) store = STORE_INIT;
    HeedPipelineOptions options = {
        .mailbox_count = 1, .workers = 1, .watch = true, .watch_seconds = 1};
    g_autoptr(GError) error = NULL;

    maildir_init(&box, 3);
    store.deliver_to = box.folder;
    store.stop_at = 4;
    options.mailboxes = (const HeedMailbox *const *)&box.mailbox;
    g_assert_true(run(&store, &options, &error));
    g_assert_no_error(error);
    g_assert_no_error(store.error);
    g_assert_cmpuint(store.arrivals->len, ==, 4);
    g_assert_cmpuint(store.acknowledged, ==, 4);
}

/* The mailbox is looked at again and again while its mail is still being read. */
static void
test_watch_in_flight(void)
{
    g_auto(Box) box = {0};
    g_auto(Store) store = STORE_INIT;
    HeedPipelineOptions options = {.mailbox_count = 1, .workers = 1, .watch = true};
    g_autoptr(GError) error = NULL;

    maildir_init(&box, 0);
    for (size_t i = 0; i < 5; i++) {
        g_autofree char *name = g_strdup_printf("%zu.host", i);

        deliver(box.folder, name, "X-Test: slow\n\nx\n");
    }
    store.stop_at = 5;
    options.mailboxes = (const HeedMailbox *const *)&box.mailbox;
    g_assert_true(g_setenv("TEST_HURRY", "1", TRUE));
    g_assert_true(run(&store, &options, &error));
    g_unsetenv("TEST_HURRY");
    g_assert_no_error(error);
    g_assert_no_error(store.error);
    g_assert_cmpuint(store.arrivals->len, ==, 5);
    g_assert_cmpuint(store.acknowledged, ==, 5);
}

/* A source of the caller's own, with real workers. */
typedef struct Own {
    HeedSource base;
    size_t given;
    size_t acknowledged;
} Own;

static bool
own_open(HeedSource *source, int64_t *out_epoch, GError **error)
{
    (void)source;
    (void)error;
    *out_epoch = 7;
    return true;
}

static HeedNext
own_next(HeedSource *source, HeedItem *out, GError **error)
{
    Own *own = (Own *)source;

    (void)error;
    if (own->given == 100)
        return HEED_NEXT_END;
    out->uid = g_strdup_printf("#%zu", ++own->given);
    out->source = g_strdup("kept");
    out->closed = true;
    if (own->given == 5)
        out->detail = g_strdup("lost");
    else
        out->bytes = g_bytes_new_static("Subject: x\n\ny\n", 14);
    return HEED_NEXT_ITEM;
}

static bool
own_acknowledge(HeedSource *source, const HeedAck *acks, size_t count, GError **error)
{
    (void)acks;
    (void)error;
    ((Own *)source)->acknowledged += count;
    return true;
}

static void
test_local(void)
{
    static const HeedSourceOps ops = {
        .open = own_open, .next = own_next, .acknowledge = own_acknowledge};
    Own own = {.base = {.ops = &ops}};
    g_auto(Store) store = STORE_INIT;
    HeedPipelineOptions options = {.local = &own.base, .workers = 1};
    g_autoptr(GError) error = NULL;

    g_assert_true(run(&store, &options, &error));
    g_assert_no_error(error);
    check_order(&store, 100);
    g_assert_cmpuint(own.acknowledged, ==, 99);
    g_assert_cmpint(arrival_at(&store, 4)->disposition, ==, HEED_DISPOSITION_UNREADABLE);
    g_assert_cmpstr(arrival_at(&store, 4)->detail, ==, "lost");
    g_assert_true(arrival_at(&store, 0)->closed);
    g_assert_cmpint(arrival_at(&store, 0)->epoch, ==, 7);
    g_assert_cmpstr(arrival_at(&store, 0)->source, ==, "kept");
}

int
main(int argc, char **argv)
{
    static const char *const steps[] = {"fetcher.after-open", "fetcher.before-send:50",
                                        "fetcher.after-send:50", "fetcher.before-acknowledge",
                                        "fetcher.after-acknowledge"};

    if (argc == 3 && strcmp(argv[1], HEED_CHILD_ARGUMENT) == 0)
        return heed_pipeline_child(argv[2]);
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pipeline/order", test_order);
    for (size_t i = 0; i < G_N_ELEMENTS(harms); i++) {
        g_autofree char *path = g_strconcat("/pipeline/harm/", harms[i].name, NULL);

        g_test_add_data_func(path, &harms[i], test_harm);
    }
    g_test_add_func("/pipeline/all-harm", test_all_harm);
    g_test_add_func("/pipeline/too-large", test_too_large);
    g_test_add_func("/pipeline/kept", test_kept);
    g_test_add_func("/pipeline/slow-store", test_slow_store);
    for (size_t i = 0; i < G_N_ELEMENTS(steps); i++) {
        g_autofree char *path = g_strconcat("/pipeline/killed/", steps[i], NULL);

        g_test_add_data_func(path, steps[i], test_fetcher_killed);
    }
    g_test_add_func("/pipeline/acknowledge", test_acknowledge);
    g_test_add_data_func("/pipeline/gone/fetcher", NULL, test_gone);
    g_test_add_data_func("/pipeline/gone/in-process", "here", test_gone);
    g_test_add_func("/pipeline/store-fails", test_store_fails);
    g_test_add_func("/pipeline/many", test_many);
    g_test_add_func("/pipeline/stop", test_stop);
    g_test_add_data_func("/pipeline/stop-stalled/once", NULL, test_stop_stalled);
    g_test_add_data_func("/pipeline/stop-stalled/watch", "watch", test_stop_stalled);
    g_test_add_func("/pipeline/watch", test_watch);
    g_test_add_func("/pipeline/watch-in-flight", test_watch_in_flight);
    g_test_add_func("/pipeline/local", test_local);
    return g_test_run();
}
