/* SPDX-License-Identifier: Apache-2.0 */
/* Mail that harms the worker which reads it: it is kept whole, and nothing else is touched. */
#include <string.h>

#include "base/limits.h"
#include "tests/support/pipeline.h"

typedef struct Harm {
    const char *name;
    const char *field;
    const char *reason;
    const char *detail;
    unsigned worker_seconds; /* 0: as ever */
} Harm;

static const Harm harms[] = {
    {"crash", "X-Test: crash\n", "worker-crash", "killed by signal 9", 0},
    {"exit", "X-Test: exit\n", "worker-crash", "ended with status 3", 0},
    {"socket", "X-Test: socket\n", "worker-crash", "killed by signal 31", 0},
    {"nonsense", "X-Test: nonsense\n", "worker-crash", "a frame is not as it should be", 0},
    {"claim", "X-Test: claim\n", "worker-crash", "claims a valid token", 0},
    {"claim-address", "X-Test: address\n", "worker-crash", "claims a valid token", 0},
    {"hang", "X-Test: hang\n", "timeout", "not read within 1 s", 1},
};

/* The message that harms is quarantined whole; all others are read, in order. */
static void
test_harm(gconstpointer data)
{
    const Harm *harm = (const Harm *)data;
    const size_t count = 500;
    const size_t odd = 77;
    g_auto(HeedTestBox) box = {0};
    g_auto(HeedTestStore) store = HEED_TEST_STORE_INIT;
    HeedPipelineOptions options = {.mailbox_count = 1, .workers = 2};
    g_autoptr(GError) error = NULL;

    options.worker_seconds = harm->worker_seconds;
    heed_test_box_mbox(&box, count, odd, harm->field);
    options.mailboxes = (const HeedMailbox *const *)&box.mailbox;
    g_assert_true(heed_test_store_run(&store, &options, &error));
    g_assert_no_error(error);
    g_assert_no_error(store.error);
    heed_test_store_check_order(&store, count);
    for (size_t i = 0; i < count; i++) {
        const HeedArrival *arrival = heed_test_store_at(&store, i);

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

/* The same for who wants lines: no worker's word makes one signed. */
static void
test_claimed_line(gconstpointer data)
{
    const char *field = (const char *)data;
    g_auto(HeedTestBox) box = {0};
    g_auto(HeedTestStore) store = HEED_TEST_STORE_INIT;
    HeedPipelineOptions options = {.mailbox_count = 1, .workers = 1, .as_json = true};
    g_autoptr(GError) error = NULL;

    heed_test_box_mbox(&box, 3, 2, field);
    options.mailboxes = (const HeedMailbox *const *)&box.mailbox;
    g_assert_true(heed_test_store_run(&store, &options, &error));
    g_assert_no_error(error);
    for (size_t i = 0; i < 3; i++) {
        const HeedArrival *arrival = heed_test_store_at(&store, i);

        g_assert_cmpint(arrival->json != NULL, ==, i != 1);
        g_assert_cmpstr(arrival->reason, ==, i != 1 ? NULL : "worker-crash");
    }
}

static void
test_all_harm(void)
{
    g_auto(HeedTestBox) box = {0};
    g_auto(HeedTestStore) store = HEED_TEST_STORE_INIT;
    HeedPipelineOptions options = {.mailbox_count = 1, .workers = 2};
    g_autofree char *path = NULL;
    g_autoptr(GString) mail = g_string_new(NULL);
    g_autoptr(GError) error = NULL;

    heed_test_box_mbox(&box, 1, 0, NULL);
    for (size_t i = 0; i < 12; i++)
        g_string_append(mail,
                        "From a@example.com Mon Jan  1 00:00:00 2026\nX-Test: crash\n\nx\n\n");
    heed_test_box_write(box.folder, "mbox", mail->str);
    options.mailboxes = (const HeedMailbox *const *)&box.mailbox;
    g_assert_true(heed_test_store_run(&store, &options, &error));
    g_assert_no_error(error);
    heed_test_store_check_order(&store, 12);
    for (size_t i = 0; i < 12; i++)
        g_assert_cmpstr(heed_test_store_at(&store, i)->reason, ==, "worker-crash");
}

static void
test_too_large(void)
{
    g_auto(HeedTestBox) box = {0};
    g_auto(HeedTestStore) store = HEED_TEST_STORE_INIT;
    HeedPipelineOptions options = {.mailbox_count = 1, .workers = 1};
    g_autoptr(GString) mail = g_string_new("Subject: large\n\n");
    g_autoptr(GError) error = NULL;
    const HeedArrival *arrival;

    heed_test_box_mbox(&box, 1, 0, NULL);
    while (mail->len < HEED_LIMIT_MESSAGE_BYTES + 1000)
        g_string_append(mail, "a line of text that is repeated very often\n");
    heed_test_box_write(box.folder, "mbox", mail->str);
    options.mailboxes = (const HeedMailbox *const *)&box.mailbox;
    g_assert_true(heed_test_store_run(&store, &options, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(store.arrivals->len, ==, 1);
    arrival = heed_test_store_at(&store, 0);
    g_assert_cmpint(arrival->disposition, ==, HEED_DISPOSITION_QUARANTINED);
    g_assert_cmpstr(arrival->reason, ==, "too-large");
    g_assert_true(arrival->truncated);
    g_assert_nonnull(arrival->compressed);
    g_assert_null(arrival->report);
}

int
main(int argc, char **argv)
{
    int status = 0;

    if (heed_test_pipeline_child(argc, argv, &status))
        return status;
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(harms); i++) {
        g_autofree char *path = g_strconcat("/pipeline-harm/", harms[i].name, NULL);

        g_test_add_data_func(path, &harms[i], test_harm);
    }
    g_test_add_data_func("/pipeline-harm/line/claim", "X-Test: claim\n", test_claimed_line);
    g_test_add_data_func("/pipeline-harm/line/claim-address", "X-Test: address\n",
                         test_claimed_line);
    g_test_add_func("/pipeline-harm/all", test_all_harm);
    g_test_add_func("/pipeline-harm/too-large", test_too_large);
    return g_test_run();
}
