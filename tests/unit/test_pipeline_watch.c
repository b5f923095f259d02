/* SPDX-License-Identifier: Apache-2.0 */
/* The pipeline that stays and waits for new mail. */
#include "tests/support/pipeline.h"

static void
test_watch(void)
{
    g_auto(HeedTestBox) box = {0};
    g_auto(HeedTestStore) store = HEED_TEST_STORE_INIT;
    HeedPipelineOptions options = {
        .mailbox_count = 1, .workers = 1, .watch = true, .watch_seconds = 1};
    g_autoptr(GError) error = NULL;

    heed_test_box_maildir(&box, 3);
    store.deliver_to = box.folder;
    store.stop_at = 4;
    options.mailboxes = (const HeedMailbox *const *)&box.mailbox;
    g_assert_true(heed_test_store_run(&store, &options, &error));
    g_assert_no_error(error);
    g_assert_no_error(store.error);
    g_assert_cmpuint(store.arrivals->len, ==, 4);
    g_assert_cmpuint(store.acknowledged, ==, 4);
}

/* The mailbox is looked at again and again while its mail is still being read. */
static void
test_watch_in_flight(void)
{
    g_auto(HeedTestBox) box = {0};
    g_auto(HeedTestStore) store = HEED_TEST_STORE_INIT;
    HeedPipelineOptions options = {.mailbox_count = 1, .workers = 1, .watch = true};
    g_autoptr(GError) error = NULL;

    heed_test_box_maildir(&box, 0);
    for (size_t i = 0; i < 5; i++) {
        g_autofree char *name = g_strdup_printf("%zu.host", i);

        heed_test_box_deliver(box.folder, name, "X-Test: slow\n\nx\n");
    }
    store.stop_at = 5;
    options.mailboxes = (const HeedMailbox *const *)&box.mailbox;
    g_assert_true(g_setenv("TEST_HURRY", "1", TRUE));
    g_assert_true(heed_test_store_run(&store, &options, &error));
    g_unsetenv("TEST_HURRY");
    g_assert_no_error(error);
    g_assert_no_error(store.error);
    g_assert_cmpuint(store.arrivals->len, ==, 5);
    g_assert_cmpuint(store.acknowledged, ==, 5);
}

int
main(int argc, char **argv)
{
    int status = 0;

    if (heed_test_pipeline_child(argc, argv, &status))
        return status;
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pipeline-watch/late", test_watch);
    g_test_add_func("/pipeline-watch/in-flight", test_watch_in_flight);
    return g_test_run();
}
