/* SPDX-License-Identifier: Apache-2.0 */
/* The end before everything is done: a fetcher is killed, or the pipeline is told to stop. */
#include <string.h>

#include "base/error.h"
#include "tests/support/pipeline.h"

/* What a fetcher that is killed had handed over is stored; the next run gets the rest. */
static void
test_fetcher_killed(gconstpointer data)
{
    const char *step = (const char *)data;
    const size_t count = 300;
    g_auto(HeedTestBox) box = {0};
    g_auto(HeedTestStore) store = HEED_TEST_STORE_INIT;
    HeedPipelineOptions options = {.mailbox_count = 1, .workers = 1};
    g_autoptr(GError) error = NULL;

    heed_test_box_maildir(&box, count);
    options.mailboxes = (const HeedMailbox *const *)&box.mailbox;
    box.mailbox->on_done[HEED_DISPOSITION_UNRECOGNISED].what = HEED_ON_DONE_DELETE;
    g_assert_true(g_setenv("HEED_FAULT", step, TRUE));
    g_assert_true(heed_test_store_run(&store, &options, &error));
    g_unsetenv("HEED_FAULT");
    g_assert_no_error(error);
    g_assert_error(store.error, HEED_ERROR, HEED_ERROR_INTERNAL);
    g_assert_nonnull(strstr(store.error->message, "killed by signal 9"));
    g_assert_cmpuint(heed_test_box_count(&box, "new") + store.arrivals->len, >=, count);

    g_clear_error(&store.error);
    g_assert_true(heed_test_store_run(&store, &options, &error));
    g_assert_no_error(store.error);
    g_assert_cmpuint(store.arrivals->len, ==, count);
}

static void
test_stop(void)
{
    g_auto(HeedTestBox) box = {0};
    g_auto(HeedTestStore) store = HEED_TEST_STORE_INIT;
    HeedPipelineOptions options = {.mailbox_count = 1, .workers = 1, .batch_messages = 100};
    g_autoptr(GError) error = NULL;

    heed_test_box_mbox(&box, 20000, 0, NULL);
    store.stop_at = 100;
    store.commit_ms = 5;
    options.mailboxes = (const HeedMailbox *const *)&box.mailbox;
    g_assert_true(heed_test_store_run(&store, &options, &error));
    g_assert_no_error(error);
    g_assert_error(store.error, HEED_ERROR, HEED_ERROR_CANCELLED);
    g_assert_cmpuint(store.arrivals->len, <, 20000);
    g_assert_cmpuint(store.acknowledged, ==, store.arrivals->len);
    heed_test_store_check_order(&store, store.arrivals->len);
}

/* Told to stop while a server does not answer acknowledgements: soon over, and they are left. */
static void
test_stop_stalled(gconstpointer watch)
{
    g_auto(HeedTestBox) box = {0};
    g_auto(HeedTestStore) store = HEED_TEST_STORE_INIT;
    HeedPipelineOptions options = {
        .mailbox_count = 1, .workers = 1, .batch_messages = 50, .stop_seconds = 1};
    g_autoptr(GError) error = NULL;
    int64_t start = g_get_monotonic_time();

    heed_test_box_maildir(&box, 100);
    store.stop_at = 50;
    options.watch = watch != NULL;
    options.mailboxes = (const HeedMailbox *const *)&box.mailbox;
    g_assert_true(g_setenv("TEST_STALL", "1", TRUE));
    g_assert_true(heed_test_store_run(&store, &options, &error));
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

int
main(int argc, char **argv)
{
    static const char *const steps[] = {"fetcher.after-open", "fetcher.before-send:50",
                                        "fetcher.after-send:50", "fetcher.before-acknowledge",
                                        "fetcher.after-acknowledge"};
    int status = 0;

    if (heed_test_pipeline_child(argc, argv, &status))
        return status;
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(steps); i++) {
        g_autofree char *path = g_strconcat("/pipeline-stop/killed/", steps[i], NULL);

        g_test_add_data_func(path, steps[i], test_fetcher_killed);
    }
    g_test_add_func("/pipeline-stop/told", test_stop);
    g_test_add_data_func("/pipeline-stop/stalled/once", NULL, test_stop_stalled);
    g_test_add_data_func("/pipeline-stop/stalled/watch", "watch", test_stop_stalled);
    return g_test_run();
}
