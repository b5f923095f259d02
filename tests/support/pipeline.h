/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_TESTS_SUPPORT_PIPELINE_H
#define HEED_TESTS_SUPPORT_PIPELINE_H

/*
 * The pipeline with its real processes, for tests: the test program is its own fetcher and worker,
 * the store is a list in memory. Failing is a failed assertion.
 *
 * Mail with "X-Test: …" makes the worker that reads it misbehave: crash, exit, socket, nonsense,
 * hang, claim (that it is signed), address (that a token names its recipient); slow takes it 300
 * ms. The environment makes fetchers odd: with TEST_STALL their server answers no acknowledgement,
 * with TEST_HURRY it always has news.
 */

#include "ingest/pipeline.h"

/* Main's first words: when this program was started as a child of the pipeline, its work is done
 * when this comes back, and main returns *out_status. */
bool heed_test_pipeline_child(int argc, char **argv, int *out_status);

/* --- a store in memory --- */

typedef struct HeedTestStore {
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
} HeedTestStore;

void heed_test_store_clear(HeedTestStore *store);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(HeedTestStore, heed_test_store_clear)

#define HEED_TEST_STORE_INIT                                                           \
    {                                                                                  \
        .arrivals = g_ptr_array_new_with_free_func((GDestroyNotify)heed_arrival_free), \
        .known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),         \
    }

/* Runs the pipeline into the store. */
bool heed_test_store_run(HeedTestStore *store, HeedPipelineOptions *options, GError **error);

const HeedArrival *heed_test_store_at(const HeedTestStore *store, size_t index);

/* So many arrivals, message by message in the order of an mbox. */
void heed_test_store_check_order(const HeedTestStore *store, size_t count);

/* --- a mailbox in a folder of its own --- */

typedef struct HeedTestBox {
    char *folder;
    HeedMailbox *mailbox;
} HeedTestBox;

void heed_test_box_clear(HeedTestBox *box);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(HeedTestBox, heed_test_box_clear)

/* An mbox of so many messages; the one numbered `odd` (from 1) has the extra field. */
void heed_test_box_mbox(HeedTestBox *box, size_t count, size_t odd, const char *extra);

/* A Maildir of so many; the name of every seventh is not UTF-8. */
void heed_test_box_maildir(HeedTestBox *box, size_t count);

void heed_test_box_write(const char *folder, const char *name, const char *content);

/* As programs that deliver do it: what stands in new/ is whole (maildir(5)). */
void heed_test_box_deliver(const char *maildir, const char *name, const char *content);

/* How many files stand in a subfolder. */
size_t heed_test_box_count(const HeedTestBox *box, const char *subfolder);

#endif
