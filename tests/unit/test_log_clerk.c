/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store's side with its real reader: this program is its own reader, which dies of lines with
 * "deadly" in them and hangs over none. What is found, and that the rest goes on.
 */
#define _GNU_SOURCE /* memfd_create(2), memmem */
#include <fcntl.h>
#include <glib.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/limits.h"
#include "ingest/log_clerk.h"
#include "ingest/pipeline.h"

HeedLogTrouble __real_heed_log_reader_line(HeedLogReader *reader, const char *line, size_t length);
HeedLogTrouble __wrap_heed_log_reader_line(HeedLogReader *reader, const char *line, size_t length);

HeedLogTrouble
__wrap_heed_log_reader_line(HeedLogReader *reader, const char *line, size_t length)
{
    if (memmem(line, length, "deadly", 6) != NULL)
        (void)raise(SIGKILL); /* what a sanitizer does not catch */
    return __real_heed_log_reader_line(reader, line, length);
}

static const HeedLogJob job = {.format = HEED_LOG_POSTFIX, .rules_cache = HEED_TEST_RULES_CACHE};

static int
file_of(const char *text)
{
    int fd = memfd_create("log", 0);

    g_assert_cmpint(write(fd, text, strlen(text)), ==, (ssize_t)strlen(text));
    return fd;
}

static void
add_message(GString *log, unsigned number, bool failed)
{
    g_string_append_printf(
        log,
        "2026-01-02T03:04:05Z mx postfix/cleanup[1]: 4AAAAA%05u: message-id=<%u@example.com>\n"
        "2026-01-02T03:04:05Z mx postfix/qmgr[1]: 4AAAAA%05u: from=<b@example.com>, size=1, "
        "nrcpt=1 (queue active)\n"
        "2026-01-02T03:04:06Z mx postfix/smtp[1]: 4AAAAA%05u: to=<a%u@example.org>, "
        "relay=mx.example.org[192.0.2.7]:25, delay=1, dsn=%s, status=%s (host "
        "mx.example.org[192.0.2.7] said: 550 5.1.1 unknown (in reply to RCPT TO command))\n",
        number, number, number, number, number, failed ? "5.1.1" : "2.0.0",
        failed ? "bounced" : "sent");
}

/* What came. */
typedef struct Taken {
    HeedLogTally tally;
    size_t failures;
    size_t batches;
    uint64_t position;
    bool joined; /* each failure has its Message-ID */
    GBytes *state;
} Taken;

static bool
take(HeedLogBatch *batch, void *data, GError **error)
{
    Taken *taken = data;

    (void)error;
    heed_log_tally_add(&taken->tally, &batch->tally);
    taken->failures += batch->arrivals->len;
    taken->batches++;
    g_assert_cmpuint(batch->position, >, taken->position);
    taken->position = batch->position;
    for (guint i = 0; i < batch->arrivals->len; i++) {
        const HeedArrival *arrival = g_ptr_array_index(batch->arrivals, i);

        taken->joined &= arrival->report->original.message_id != NULL;
    }
    if (batch->state != NULL) {
        g_clear_pointer(&taken->state, g_bytes_unref);
        taken->state = g_bytes_ref(batch->state);
    }
    return true;
}

static void
taken_clear(Taken *taken)
{
    g_clear_pointer(&taken->state, g_bytes_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Taken, taken_clear)

static bool
read_all(
    HeedLogClerk *clerk, const char *text, const HeedLogStart *start, Taken *taken, GError **error)
{
    g_auto(HeedFd) fd = file_of(text);
    bool cut = true;
    g_autoptr(GBytes) head = heed_log_clerk_open(clerk, fd, &cut, error);
    g_auto(HeedLogEnd) end = {0};

    taken->joined = true;
    if (head == NULL)
        return false;
    g_assert_false(cut);
    g_assert_cmpuint(g_bytes_get_size(head), ==, MIN(strlen(text), HEED_LIMIT_LOG_HEAD_BYTES));
    if (!heed_log_clerk_read(clerk, start, take, taken, &end, error))
        return false;
    g_assert_cmpuint(end.position, ==, strlen(text));
    return true;
}

static void
test_reads(void)
{
    g_autoptr(HeedLogClerk) clerk = heed_log_clerk_new(&job, NULL);
    g_autoptr(GString) log = g_string_new(NULL);
    g_autoptr(GError) error = NULL;
    g_auto(Taken) taken = {0};
    const HeedLogStart start = {.anew = true, .reference = 1800000000};

    /* More failures than a batch has. */
    for (unsigned i = 0; i < HEED_LIMIT_LOG_BATCH_FAILURES + 500; i++)
        add_message(log, i, true);
    g_assert_true(read_all(clerk, log->str, &start, &taken, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(taken.failures, ==, HEED_LIMIT_LOG_BATCH_FAILURES + 500);
    g_assert_cmpuint(taken.batches, ==, 2);
    g_assert_true(taken.joined);
}

/* Lines of which readers die: in the middle, two behind each other, in a second batch. */
static void
test_deadly(void)
{
    g_autoptr(HeedLogClerk) clerk = heed_log_clerk_new(&job, NULL);
    g_autoptr(GString) log = g_string_new(NULL);
    g_autoptr(GError) error = NULL;
    g_auto(Taken) taken = {0};
    const HeedLogStart start = {.anew = true, .reference = 1800000000};

    for (unsigned i = 0; i < 60; i++) {
        add_message(log, i, i % 2 == 0);
        if (i == 20)
            g_string_append(log, "2026-01-02T03:04:05Z mx postfix/smtp[1]: deadly\n");
        if (i == 40)
            g_string_append(log, "deadly\ndeadly too\n");
    }
    g_assert_true(read_all(clerk, log->str, &start, &taken, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(taken.tally.lines, ==, 183);
    g_assert_cmpuint(taken.tally.deadly, ==, 3);
    g_assert_cmpuint(taken.tally.delivered, ==, 30);
    g_assert_cmpuint(taken.tally.failed, ==, 30);
    g_assert_cmpuint(taken.failures, ==, 30);
    g_assert_true(taken.joined);
}

/* So many that it is not the lines: an error, and what was taken before stays taken. */
static void
test_too_deadly(void)
{
    g_autoptr(HeedLogClerk) clerk = heed_log_clerk_new(&job, NULL);
    g_autoptr(GString) log = g_string_new(NULL);
    g_autoptr(GError) error = NULL;
    g_auto(Taken) taken = {0};
    const HeedLogStart start = {.anew = true, .reference = 1800000000};

    for (unsigned i = 0; i <= HEED_LIMIT_LOG_DEADLY_LINES + 1; i++)
        g_string_append(log, "deadly\n");
    g_assert_false(read_all(clerk, log->str, &start, &taken, &error));
    g_assert_error(error, HEED_ERROR, HEED_ERROR_INTERNAL);
    g_assert_cmpuint(taken.batches, ==, 0);
    /* The clerk reads the next file all the same. */
    g_clear_error(&error);
    g_string_truncate(log, 0);
    add_message(log, 1, true);
    g_assert_true(read_all(clerk, log->str, &start, &taken, &error));
    g_assert_cmpuint(taken.failures, ==, 1);
}

/* What one file said of a message holds for the next one, also when a reader dies between. */
static void
test_goes_over(void)
{
    static const char *const seconds[] = {"", "deadly\n"};
    g_autoptr(GString) log = g_string_new(NULL);
    size_t half;

    add_message(log, 1, true);
    half = (size_t)(strstr(log->str, "2026-01-02T03:04:06Z") - log->str);
    for (size_t i = 0; i < G_N_ELEMENTS(seconds); i++) {
        g_autoptr(HeedLogClerk) clerk = heed_log_clerk_new(&job, NULL);
        g_autofree char *first = g_strndup(log->str, half);
        g_autofree char *second = g_strconcat(seconds[i], log->str + half, NULL);
        g_autoptr(GError) error = NULL;
        g_auto(Taken) one = {0};
        g_auto(Taken) two = {0};
        g_auto(Taken) again = {0};
        const HeedLogStart anew = {.anew = true, .reference = 1800000000};
        const HeedLogStart on = {.reference = 1800000000};
        HeedLogStart kept = on;

        g_assert_true(read_all(clerk, first, &anew, &one, &error));
        g_assert_true(read_all(clerk, second, &on, &two, &error));
        g_assert_no_error(error);
        g_assert_cmpuint(two.failures, ==, 1);
        g_assert_true(two.joined);
        /* And by what was kept of it, for a clerk that knows nothing. */
        kept.anew = true;
        kept.state = one.state;
        g_assert_true(read_all(clerk, second, &kept, &again, &error));
        g_assert_true(again.joined);
    }
}

/* From the middle: what is before it is read again for its messages, and counted nowhere. */
static void
test_goes_on(void)
{
    g_autoptr(HeedLogClerk) clerk = heed_log_clerk_new(&job, NULL);
    g_autoptr(GString) log = g_string_new(NULL);
    g_autoptr(GError) error = NULL;
    g_auto(Taken) taken = {0};
    HeedLogStart start = {.anew = true, .reference = 1800000000, .lines = 2};

    add_message(log, 1, true);
    start.position = (uint64_t)(strstr(log->str, "2026-01-02T03:04:06Z") - log->str);
    g_assert_true(read_all(clerk, log->str, &start, &taken, &error));
    g_assert_cmpuint(taken.tally.lines, ==, 1);
    g_assert_cmpuint(taken.failures, ==, 1);
    g_assert_true(taken.joined);
}

static void
test_refused(void)
{
    g_autoptr(HeedLogClerk) clerk = heed_log_clerk_new(&job, NULL);
    g_autoptr(GError) error = NULL;
    g_auto(Taken) taken = {0};
    const HeedLogStart start = {.anew = true};

    g_assert_false(read_all(clerk, "BZh91AY&SY", &start, &taken, &error));
    g_assert_error(error, HEED_ERROR, HEED_ERROR_DATA);
    g_clear_error(&error);
    g_assert_true(read_all(clerk, "x\n", &start, &taken, &error));
    g_assert_no_error(error);
}

int
main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], HEED_CHILD_ARGUMENT) == 0)
        return heed_pipeline_child(argv[2]);
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/log-clerk/reads", test_reads);
    g_test_add_func("/log-clerk/deadly", test_deadly);
    g_test_add_func("/log-clerk/too-deadly", test_too_deadly);
    g_test_add_func("/log-clerk/goes-over", test_goes_over);
    g_test_add_func("/log-clerk/goes-on", test_goes_on);
    g_test_add_func("/log-clerk/refused", test_refused);
    return g_test_run();
}
