/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/pipeline.h"

#include <glib/gstdio.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "parsers/rules.h"
#include "tests/support/source_fixture.h"

/* --- rules that are compiled once, as for a heed that is installed --- */

#define FILL_ARGUMENT "--fill-rules-cache"

static int
fill_rules_cache(void)
{
    const HeedRulesOptions options = {.cache_folder = HEED_TEST_RULES_CACHE};
    g_autoptr(HeedRules) rules = heed_rules_load(&options, NULL);

    return rules != NULL ? 0 : 1;
}

/* Compiling takes memory, which is not to be found with this program or its children: so it is done
 * by a process that is nobody's child. */
static const char *
rules_cache(void)
{
    static const char *const command[] = {"/proc/self/exe", FILL_ARGUMENT, NULL};
    static bool is_filled;
    g_autoptr(GError) error = NULL;
    char byte;
    int out = -1;

    if (is_filled)
        return HEED_TEST_RULES_CACHE;
    is_filled = g_spawn_async_with_pipes(NULL, (char **)(uintptr_t)command, NULL, G_SPAWN_DEFAULT,
                                         NULL, NULL, NULL, NULL, &out, NULL, &error);
    g_assert_no_error(error);
    g_assert_cmpint(read(out, &byte, 1), ==, 0); /* it has ended */
    (void)close(out);
    return HEED_TEST_RULES_CACHE;
}

bool
heed_test_pipeline_child(int argc, char **argv, int *out_status)
{
    if (argc == 2 && strcmp(argv[1], FILL_ARGUMENT) == 0) {
        *out_status = fill_rules_cache();
        return true;
    }
    if (argc != 3 || strcmp(argv[1], HEED_CHILD_ARGUMENT) != 0)
        return false;
    *out_status = heed_pipeline_child(argv[2]);
    return true;
}

/* --- a worker that mail can harm --- */

HeedReport *__real_heed_parser_read(HeedParser *parser,
                                    const void *bytes,
                                    size_t length,
                                    const HeedParseContext *context);
HeedReport *__wrap_heed_parser_read(HeedParser *parser,
                                    const void *bytes,
                                    size_t length,
                                    const HeedParseContext *context);

static bool
has_test(const void *bytes, size_t length, const char *word)
{
    g_autofree char *field = g_strconcat("X-Test: ", word, "\n", NULL);

    return g_strstr_len(bytes, (gssize)MIN(length, 200), field) != NULL;
}

HeedReport *
__wrap_heed_parser_read(HeedParser *parser,
                        const void *bytes,
                        size_t length,
                        const HeedParseContext *context)
{
    HeedReport *report;

    if (has_test(bytes, length, "crash"))
        (void)raise(SIGKILL); /* what a sanitizer does not catch */
    if (has_test(bytes, length, "exit"))
        _exit(3);
    if (has_test(bytes, length, "slow"))
        (void)poll(NULL, 0, 300);
    if (has_test(bytes, length, "socket"))
        (void)socket(AF_INET, SOCK_STREAM, 0);
    if (has_test(bytes, length, "nonsense"))
        g_assert_cmpint(write(HEED_CHILD_FD, "\5\0\0\0\4{}\n.", 9), ==, 9);
    while (has_test(bytes, length, "hang"))
        (void)poll(NULL, 0, 1000);
    report = __real_heed_parser_read(parser, bytes, length, context);
    if (has_test(bytes, length, "claim"))
        report->trust = HEED_TRUST_SIGNED;
    if (has_test(bytes, length, "address"))
        heed_report_add_recipient(report)->address_source = HEED_ADDRESS_SOURCE_TOKEN;
    return report;
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

/* --- a mailbox in a folder of its own --- */

void
heed_test_box_write(const char *folder, const char *name, const char *content)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);
    g_autoptr(GError) error = NULL;

    (void)g_file_set_contents(path, content, -1, &error);
    g_assert_no_error(error);
}

void
heed_test_box_deliver(const char *maildir, const char *name, const char *content)
{
    g_autofree char *tmp = g_build_filename(maildir, "tmp", NULL);
    g_autofree char *from = g_build_filename(tmp, name, NULL);
    g_autofree char *to = g_build_filename(maildir, "new", name, NULL);

    heed_test_box_write(tmp, name, content);
    g_assert_cmpint(g_rename(from, to), ==, 0);
}

void
heed_test_box_clear(HeedTestBox *box)
{
    folder_remove(box->folder);
    g_free(box->folder);
    heed_mailbox_free(box->mailbox);
}

void
heed_test_box_mbox(HeedTestBox *box, size_t count, size_t odd, const char *extra)
{
    g_autoptr(GString) mail = g_string_new(NULL);

    box->folder = g_dir_make_tmp("heed-pipeline-XXXXXX", NULL);
    for (size_t i = 1; i <= count; i++)
        g_string_append_printf(mail,
                               "From a@example.com Mon Jan  1 00:00:00 2026\n%sSubject: %zu\n\n"
                               "number %zu\n\n",
                               i == odd ? extra : "", i, i);
    heed_test_box_write(box->folder, "mbox", mail->str);
    box->mailbox = heed_mailbox_new("box");
    box->mailbox->protocol = HEED_PROTOCOL_PATHS;
    box->mailbox->paths = g_new0(char *, 2);
    box->mailbox->paths[0] = g_build_filename(box->folder, "mbox", NULL);
}

void
heed_test_box_maildir(HeedTestBox *box, size_t count)
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

        heed_test_box_write(fresh, name, mail);
    }
    box->mailbox = heed_mailbox_new("box");
    box->mailbox->protocol = HEED_PROTOCOL_MAILDIR;
    box->mailbox->folder = g_strdup(box->folder);
}

size_t
heed_test_box_count(const HeedTestBox *box, const char *subfolder)
{
    g_autofree char *path = g_build_filename(box->folder, subfolder, NULL);
    g_autoptr(GDir) folder = g_dir_open(path, 0, NULL);
    size_t count = 0;

    while (g_dir_read_name(folder) != NULL)
        count++;
    return count;
}

/* --- a store in memory --- */

void
heed_test_store_clear(HeedTestStore *store)
{
    g_ptr_array_unref(store->arrivals);
    g_hash_table_unref(store->known);
    g_clear_error(&store->error);
}

static char *
key_of(size_t mailbox, const char *uid)
{
    return g_strdup_printf("%zu/%s", mailbox, uid);
}

static bool
store_commit(void *data, const GPtrArray *arrivals, GError **error)
{
    HeedTestStore *store = (HeedTestStore *)data;

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
        kept->mailbox = g_strdup(from->mailbox);
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
        heed_test_box_deliver(store->deliver_to, "late", "Subject: late\n\nx\n");
        store->deliver_to = NULL;
    }
    return true;
}

static bool
store_known(void *data, size_t mailbox, const GPtrArray *uids, GArray *out_known, GError **error)
{
    const HeedTestStore *store = (const HeedTestStore *)data;

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
    const HeedTestStore *store = (const HeedTestStore *)data;

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
    HeedTestStore *store = (HeedTestStore *)data;

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
    HeedTestStore *store = (HeedTestStore *)data;

    (void)mailbox;
    store->finished++;
    if (error != NULL) {
        g_clear_error(&store->error);
        store->error = g_error_copy(error);
    }
}

bool
heed_test_store_run(HeedTestStore *store, HeedPipelineOptions *options, GError **error)
{
    HeedSink sink = {.resume = store_resume,
                     .known = store_known,
                     .commit = store_commit,
                     .acknowledged = store_acknowledged,
                     .finished = store_finished,
                     .data = store};

    options->stop = &store->stop;
    options->parser.rules_cache = rules_cache();
    return heed_pipeline_run(options, &sink, error);
}

const HeedArrival *
heed_test_store_at(const HeedTestStore *store, size_t index)
{
    return (const HeedArrival *)store->arrivals->pdata[index];
}

void
heed_test_store_check_order(const HeedTestStore *store, size_t count)
{
    g_assert_cmpuint(store->arrivals->len, ==, count);
    for (size_t i = 0; i < count; i++) {
        g_autofree char *end = g_strdup_printf("#%zu", i + 1);

        g_assert_true(g_str_has_suffix(heed_test_store_at(store, i)->uid, end));
    }
}
