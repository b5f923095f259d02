/* SPDX-License-Identifier: Apache-2.0 */
/* What store and reader of a log say to each other comes out as it went in; and nothing that is cut
 * off or too much is taken. */
#include <glib.h>
#include <string.h>

#include "base/error.h"
#include "ingest/log_frames.h"
#include "parsers/report_json.h"

static HeedFrame
frame_of(GBytes *bytes)
{
    HeedFrame frame;
    size_t length;
    const uint8_t *data = g_bytes_get_data(bytes, &length);

    frame.type = (HeedFrameType)data[HEED_FRAME_HEAD_BYTES - 1];
    frame.payload = data + HEED_FRAME_HEAD_BYTES;
    frame.length = length - HEED_FRAME_HEAD_BYTES;
    return frame;
}

static void
test_start(void)
{
    g_autoptr(GBytes) state = g_bytes_new_static("state", 5);
    g_autoptr(GArray) deadly = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    const uint64_t place = 77;
    HeedLogStart start = {.position = 1000,
                          .lines = 10,
                          .state_position = 900,
                          .state = state,
                          .reference = 1700000000,
                          .settled = true,
                          .careful_until = 2000,
                          .deadly = deadly};
    HeedLogStart read;
    g_autoptr(GBytes) bytes = NULL;
    HeedFrame frame;

    g_array_append_val(deadly, place);
    bytes = heed_log_start_frame(&start);
    frame = frame_of(bytes);
    g_assert_true(heed_log_start_read(&frame, &read, NULL));
    g_assert_cmpuint(read.position, ==, 1000);
    g_assert_cmpuint(read.lines, ==, 10);
    g_assert_cmpuint(read.state_position, ==, 900);
    g_assert_cmpint(read.reference, ==, 1700000000);
    g_assert_true(read.settled && !read.anew);
    g_assert_cmpuint(read.careful_until, ==, 2000);
    g_assert_cmpuint(g_array_index(read.deadly, uint64_t, 0), ==, place);
    g_assert_true(g_bytes_equal(read.state, state));
    g_bytes_unref(read.state);
    g_array_unref((GArray *)(uintptr_t)read.deadly);
    for (size_t length = 0; length < frame.length; length++) {
        HeedFrame cut = {.payload = frame.payload, .length = length};
        g_autoptr(GError) error = NULL;

        g_assert_false(heed_log_start_read(&cut, &read, &error));
        g_assert_error(error, HEED_ERROR, HEED_ERROR_DATA);
    }
}

static void
test_end(void)
{
    const HeedLogEnd end = {
        .position = 5, .shrunk = true, .trouble = (char *)(uintptr_t) "damaged"};
    g_auto(HeedLogEnd) read = {0};
    g_autoptr(GBytes) bytes = heed_log_end_frame(&end);
    HeedFrame frame = frame_of(bytes);

    g_assert_true(heed_log_end_read(&frame, &read, NULL));
    g_assert_cmpuint(read.position, ==, 5);
    g_assert_true(read.shrunk && !read.incomplete && !read.cut);
    g_assert_cmpstr(read.trouble, ==, "damaged");
}

static void
test_failure(void)
{
    static const HeedKind kinds[] = {HEED_KIND_BOUNCE, HEED_KIND_DELAY, HEED_KIND_COMPLAINT,
                                     HEED_KIND_SUCCESS};
    uint8_t digest[HEED_DIGEST_BYTES] = {1, 2, 3};

    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
        g_autoptr(HeedReport) report = heed_report_new();
        g_autoptr(GString) json = g_string_new(NULL);
        g_autoptr(GBytes) bytes = NULL;
        HeedFrame frame;
        g_autoptr(GError) error = NULL;
        g_autoptr(HeedArrival) arrival = NULL;

        report->kind = kinds[i];
        report->trust = HEED_TRUST_SIGNED;
        report->original.message_id = heed_report_text(report, "a@b", -1);
        heed_report_to_json(report, NULL, json);
        bytes = heed_log_failure_frame(digest, 1234, json);
        frame = frame_of(bytes);
        arrival = heed_log_failure_read(&frame, &error);
        if (i >= 2) {
            g_assert_error(error, HEED_ERROR, HEED_ERROR_DATA);
            continue;
        }
        g_assert_no_error(error);
        g_assert_cmpint(arrival->received_at, ==, 1234);
        g_assert_cmpint(memcmp(arrival->digest, digest, sizeof(digest)), ==, 0);
        g_assert_cmpstr(arrival->report->original.message_id, ==, "a@b");
        /* No log is signed. */
        g_assert_cmpint(arrival->report->trust, ==, HEED_TRUST_AUTHENTICATED);
    }
}

static void
test_batch(void)
{
    g_autoptr(HeedLogSums) sums = heed_log_sums_new();
    const HeedLogVolume volume = {3600, "example.org", "gmail", "example.com", "", 5, 1};
    const HeedLogAttempt attempt = {60, "gmail", "192.0.2.1", "greylisted", "451 later", 0, 2, 0};
    const HeedLogAttempt delivered = {60, "gmail", "192.0.2.1", "", NULL, 7, 0, 0};
    const HeedLogDelivery delivery = {"a@example.org", 61, "id@x", NULL};
    HeedLogTally tally = {.lines = 9, .delivered = 5, .failed = 1};
    g_auto(HeedLogBatch) read = {0};
    g_autoptr(GBytes) bytes = NULL;
    HeedFrame frame;

    g_array_append_val(sums->volumes, volume);
    g_array_append_val(sums->attempts, attempt);
    g_array_append_val(sums->attempts, delivered);
    g_array_append_val(sums->deliveries, delivery);
    tally.troubles[HEED_LOG_TIME] = 2;
    tally.first[HEED_LOG_TIME] = 4;
    bytes = heed_log_batch_frame(4711, &tally, sums);
    frame = frame_of(bytes);
    g_assert_true(heed_log_batch_read(&frame, &read, NULL));
    g_assert_cmpuint(read.position, ==, 4711);
    g_assert_cmpint(memcmp(&read.tally, &tally, sizeof(tally)), ==, 0);
    g_assert_cmpstr(g_array_index(read.sums->volumes, HeedLogVolume, 0).provider, ==, "gmail");
    g_assert_cmpuint(g_array_index(read.sums->volumes, HeedLogVolume, 0).delivered, ==, 5);
    g_assert_cmpstr(g_array_index(read.sums->attempts, HeedLogAttempt, 0).reply, ==, "451 later");
    g_assert_null(g_array_index(read.sums->attempts, HeedLogAttempt, 1).reply);
    g_assert_cmpstr(g_array_index(read.sums->deliveries, HeedLogDelivery, 0).message_id, ==,
                    "id@x");
    for (size_t length = 0; length < frame.length; length++) {
        HeedFrame cut = {.payload = frame.payload, .length = length};
        g_auto(HeedLogBatch) none = {0};

        g_assert_false(heed_log_batch_read(&cut, &none, NULL));
        g_assert_null(none.sums);
    }
}

static void
test_tally(void)
{
    HeedLogTally one = {.lines = 1, .deadly = 1};
    HeedLogTally two = {.lines = 2, .delivered = 3};

    two.troubles[HEED_LOG_NUL] = 2;
    two.troubles[HEED_LOG_FINE] = 9;
    two.first[HEED_LOG_NUL] = 8;
    heed_log_tally_add(&one, &two);
    two.first[HEED_LOG_NUL] = 1;
    heed_log_tally_add(&one, &two);
    g_assert_cmpuint(one.lines, ==, 5);
    g_assert_cmpuint(one.delivered, ==, 6);
    g_assert_cmpuint(one.first[HEED_LOG_NUL], ==, 8);
    g_assert_cmpuint(heed_log_tally_unread(&one), ==, 5);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/log-frames/start", test_start);
    g_test_add_func("/log-frames/end", test_end);
    g_test_add_func("/log-frames/failure", test_failure);
    g_test_add_func("/log-frames/batch", test_batch);
    g_test_add_func("/log-frames/tally", test_tally);
    return g_test_run();
}
