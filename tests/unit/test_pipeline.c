/* SPDX-License-Identifier: Apache-2.0 */
/* The pipeline with its real processes, a store in memory, and nothing that goes wrong but the
 * store. */
#include <string.h>
#include <sys/resource.h>
#include <zstd.h>

#include "base/error.h"
#include "base/limits.h"
#include "tests/support/pipeline.h"

static void
test_order(void)
{
    const size_t count = 20000;
    g_auto(HeedTestBox) box = {0};
    g_auto(HeedTestStore) store = HEED_TEST_STORE_INIT;
    g_auto(HeedTestStore) alone = HEED_TEST_STORE_INIT;
    HeedPipelineOptions options = {.mailbox_count = 1, .workers = 2};
    g_autoptr(GError) error = NULL;

    heed_test_box_mbox(&box, count, 0, NULL);
    options.mailboxes = (const HeedMailbox *const *)&box.mailbox;
    g_assert_true(heed_test_store_run(&store, &options, &error));
    g_assert_no_error(error);
    g_assert_no_error(store.error);
    g_assert_cmpuint(store.finished, ==, 1);
    g_assert_cmpuint(store.acknowledged, ==, count);
    g_assert_cmpuint(store.batches, <, count / 100);
    heed_test_store_check_order(&store, count);

    options.in_process = true;
    g_assert_true(heed_test_store_run(&alone, &options, &error));
    heed_test_store_check_order(&alone, count);
    for (size_t i = 0; i < count; i++) {
        g_assert_cmpint(memcmp(heed_test_store_at(&store, i)->digest,
                               heed_test_store_at(&alone, i)->digest, HEED_DIGEST_BYTES),
                        ==, 0);
        g_assert_cmpint(heed_test_store_at(&store, i)->disposition, ==,
                        HEED_DISPOSITION_UNRECOGNISED);
        g_assert_nonnull(heed_test_store_at(&store, i)->report);
        g_assert_null(heed_test_store_at(&store, i)->compressed);
    }
}

static void
test_kept(void)
{
    static const char want[] = "Subject: 1\n\nnumber 1\n";
    g_auto(HeedTestBox) box = {0};
    g_auto(HeedTestStore) store = HEED_TEST_STORE_INIT;
    HeedPipelineOptions options = {
        .mailbox_count = 1, .workers = 1, .keep_raw = true, .as_json = true, .dry_run = true};
    g_autoptr(GError) error = NULL;
    char got[100];
    size_t length;
    const char *compressed;

    heed_test_box_mbox(&box, 1, 0, NULL);
    options.mailboxes = (const HeedMailbox *const *)&box.mailbox;
    g_assert_true(heed_test_store_run(&store, &options, &error));
    g_assert_no_error(error);
    compressed = g_bytes_get_data(heed_test_store_at(&store, 0)->compressed, &length);
    length = ZSTD_decompress(got, sizeof(got), compressed, length);
    g_assert_cmpuint(length, >=, sizeof(want) - 1);
    g_assert_cmpint(memcmp(got, want, sizeof(want) - 1), ==, 0);
    g_assert_true(g_str_has_prefix(heed_test_store_at(&store, 0)->json, "{\"source\":\""));
    g_assert_null(heed_test_store_at(&store, 0)->report);
    g_assert_cmpuint(store.acknowledged, ==, 0);
}

/* Great mail and a slow store: what waits is bounded, so is the memory. */
static void
test_slow_store(void)
{
    const size_t count = 120;
    g_auto(HeedTestBox) box = {0};
    g_auto(HeedTestStore) store = HEED_TEST_STORE_INIT;
    HeedPipelineOptions options = {.mailbox_count = 1, .workers = 2};
    g_autoptr(GString) body = g_string_new(NULL);
    g_autofree char *fresh = NULL;
    g_autoptr(GError) error = NULL;
    struct rusage usage;

    heed_test_box_maildir(&box, 0);
    fresh = g_build_filename(box.folder, "new", NULL);
    g_string_append(body, "Subject: large\n\n");
    while (body->len < 1024 * 1024)
        g_string_append_printf(body, "line %u\n", g_random_int());
    for (size_t i = 0; i < count; i++) {
        g_autofree char *name = g_strdup_printf("%zu.host", i);

        heed_test_box_write(fresh, name, body->str);
    }
    store.commit_ms = 30;
    options.keep_raw = true;
    options.mailboxes = (const HeedMailbox *const *)&box.mailbox;
    options.batch_messages = 4;
    g_assert_true(heed_test_store_run(&store, &options, &error));
    g_assert_no_error(error);
    g_assert_no_error(store.error);
    g_assert_cmpuint(store.arrivals->len, ==, count);
    g_assert_cmpint(getrusage(RUSAGE_CHILDREN, &usage), ==, 0);
#ifndef HEED_SANITIZED
    g_assert_cmpint(usage.ru_maxrss, <, 64 * 1024);
#endif
}

static void
test_acknowledge(void)
{
    const size_t count = 300;
    g_auto(HeedTestBox) box = {0};
    g_auto(HeedTestStore) store = HEED_TEST_STORE_INIT;
    HeedPipelineOptions options = {.mailbox_count = 1, .workers = 1};
    g_autoptr(GError) error = NULL;

    heed_test_box_maildir(&box, count);
    options.mailboxes = (const HeedMailbox *const *)&box.mailbox;
    box.mailbox->on_done[HEED_DISPOSITION_UNRECOGNISED].what = HEED_ON_DONE_DELETE;
    g_assert_true(heed_test_store_run(&store, &options, &error));
    g_assert_no_error(store.error);
    g_assert_cmpuint(store.arrivals->len, ==, count);
    g_assert_cmpuint(store.acknowledged, ==, count);
    g_assert_cmpuint(heed_test_box_count(&box, "new"), ==, 0);
    for (size_t i = 0; i < count; i++)
        g_assert_true(g_utf8_validate(heed_test_store_at(&store, i)->uid, -1, NULL));
    g_assert_true(heed_test_store_run(&store, &options, &error));
    g_assert_cmpuint(store.arrivals->len, ==, count);
}

/* A message that could not be read once and is no longer there is acknowledged, not stored. */
static void
test_gone(gconstpointer in_process)
{
    g_auto(HeedTestBox) box = {0};
    g_auto(HeedTestStore) store = HEED_TEST_STORE_INIT;
    HeedPipelineOptions options = {.mailbox_count = 1, .workers = 1};
    g_autoptr(GError) error = NULL;

    heed_test_box_maildir(&box, 20);
    store.unreadable = "\1\xc3\xbfgone"; /* "\xff" "gone" on the disk */
    options.in_process = in_process != NULL;
    options.mailboxes = (const HeedMailbox *const *)&box.mailbox;
    g_assert_true(heed_test_store_run(&store, &options, &error));
    g_assert_no_error(store.error);
    g_assert_true(store.is_unreadable_gone);
    g_assert_cmpuint(store.arrivals->len, ==, 20);
    g_assert_cmpuint(store.acknowledged, ==, 21);
}

static void
test_store_fails(void)
{
    g_auto(HeedTestBox) box = {0};
    g_auto(HeedTestStore) store = HEED_TEST_STORE_INIT;
    HeedPipelineOptions options = {.mailbox_count = 1, .workers = 1, .batch_messages = 50};
    g_autoptr(GError) error = NULL;

    heed_test_box_maildir(&box, 300);
    store.fail_at = 2;
    options.mailboxes = (const HeedMailbox *const *)&box.mailbox;
    box.mailbox->on_done[HEED_DISPOSITION_UNRECOGNISED].what = HEED_ON_DONE_DELETE;
    g_assert_false(heed_test_store_run(&store, &options, &error));
    g_assert_error(error, HEED_ERROR, HEED_ERROR_TEMPORARY);
    g_assert_cmpuint(heed_test_box_count(&box, "new") + store.arrivals->len, >=, 300);
}

/* Twenty mailboxes, more than are open at once; one of them does not exist. */
static void
test_many(void)
{
    const size_t count = 20;
    HeedTestBox boxes[20] = {{0}};
    const HeedMailbox *mailboxes[20];
    int64_t ids[20];
    g_auto(HeedTestStore) store = HEED_TEST_STORE_INIT;
    HeedPipelineOptions options = {.mailboxes = mailboxes, .mailbox_ids = ids, .workers = 2};
    g_autoptr(GError) error = NULL;

    options.mailbox_count = count;
    for (size_t i = 0; i < count; i++) {
        heed_test_box_maildir(&boxes[i], 10);
        mailboxes[i] = boxes[i].mailbox;
        ids[i] = (int64_t)i;
    }
    g_free(boxes[3].mailbox->folder);
    boxes[3].mailbox->folder = g_strdup("/nonexistent/heed");
    g_assert_true(heed_test_store_run(&store, &options, &error));
    g_assert_no_error(error);
    g_assert_error(store.error, HEED_ERROR, HEED_ERROR_NO_INPUT);
    g_assert_cmpuint(store.finished, ==, count);
    g_assert_cmpuint(store.arrivals->len, ==, (count - 1) * 10);
    g_assert_cmpuint(store.acknowledged, ==, (count - 1) * 10);
    for (size_t i = 0; i < count; i++)
        heed_test_box_clear(&boxes[i]);
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
    g_auto(HeedTestStore) store = HEED_TEST_STORE_INIT;
    HeedPipelineOptions options = {.local = &own.base, .workers = 1};
    g_autoptr(GError) error = NULL;

    g_assert_true(heed_test_store_run(&store, &options, &error));
    g_assert_no_error(error);
    heed_test_store_check_order(&store, 100);
    g_assert_cmpuint(own.acknowledged, ==, 99);
    g_assert_cmpint(heed_test_store_at(&store, 4)->disposition, ==, HEED_DISPOSITION_UNREADABLE);
    g_assert_cmpstr(heed_test_store_at(&store, 4)->detail, ==, "lost");
    g_assert_true(heed_test_store_at(&store, 0)->closed);
    g_assert_cmpint(heed_test_store_at(&store, 0)->epoch, ==, 7);
    g_assert_cmpstr(heed_test_store_at(&store, 0)->source, ==, "kept");
}

int
main(int argc, char **argv)
{
    int status = 0;

    if (heed_test_pipeline_child(argc, argv, &status))
        return status;
    g_test_init(&argc, &argv, NULL);
    /* First: what is started while this program is large counts as large, for a moment. */
    g_test_add_func("/pipeline/slow-store", test_slow_store);
    g_test_add_func("/pipeline/order", test_order);
    g_test_add_func("/pipeline/kept", test_kept);
    g_test_add_func("/pipeline/acknowledge", test_acknowledge);
    g_test_add_data_func("/pipeline/gone/fetcher", NULL, test_gone);
    g_test_add_data_func("/pipeline/gone/in-process", "here", test_gone);
    g_test_add_func("/pipeline/store-fails", test_store_fails);
    g_test_add_func("/pipeline/many", test_many);
    g_test_add_func("/pipeline/local", test_local);
    return g_test_run();
}
