/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_INGEST_FLOW_H
#define HEED_INGEST_FLOW_H

/*
 * The store's side of the pipeline, in parts over one state; for this room only.
 *
 *     feed.c   mailboxes: starts fetchers, takes what they send, tells them what is stored
 *     feed_known.c   says what of a mailbox is stored, or on its way
 *     local.c  mailboxes that are read in this process
 *     crew.c   parse workers: hands out messages, takes answers, replaces those that die
 *     batch.c  puts answers back into each mailbox's order, acknowledges what is stored
 *     storing.c  the caller's sink: commits beside the rest
 *     pipeline.c  the loop over all of them
 *
 * A message is a HeedJob from when it is received until its arrival stands in the batch.
 */

#include "base/limits.h"
#include "ingest/child.h"
#include "ingest/keeper.h"
#include "ingest/pipeline.h"

typedef enum HeedFeedState {
    HEED_FEED_CLOSED,    /* not begun, or to be opened again at reopen_at */
    HEED_FEED_OPENING,   /* its fetcher connects */
    HEED_FEED_READING,   /* more may come at any time */
    HEED_FEED_IDLE,      /* nothing more now */
    HEED_FEED_FINISHING, /* everything is stored, the fetcher does the last of its work */
    HEED_FEED_BROKEN,    /* has no fetcher any more; what it handed over is still in work */
    HEED_FEED_ENDED
} HeedFeedState;

typedef struct HeedFlow HeedFlow;

typedef struct HeedFeed {
    HeedFlow *flow;
    size_t index; /* of the options' mailboxes */
    const HeedMailbox *mailbox;
    int64_t mailbox_id;
    HeedFeedState state;
    HeedChild child;          /* its fetcher; or */
    HeedSource *source;       /* read in this process */
    bool source_is_ours;      /* to free */
    HeedMailbox *own_mailbox; /* owned; a copy for a dry run, or NULL */
    int64_t epoch;
    GQueue jobs;           /* of HeedJob *, owned: not yet in the batch, in the order fetched */
    size_t in_hand;        /* messages received and not yet committed */
    GQueue unacknowledged; /* of char *, owned: the fetcher was asked to acknowledge, in order */
    bool rested;           /* the sink knows that it is idle */
    bool stop_sent;
    bool cut_short; /* stopped before it had nothing more */
    GError *error;  /* owned; why it is broken */
    int64_t reopen_at;
    unsigned reopen_seconds;
} HeedFeed;

typedef struct HeedJob {
    HeedFeed *feed;
    HeedArrival *arrival; /* owned */
    GBytes *bytes;        /* owned; until answered */
    uint64_t number;
    size_t cost; /* its share of flow->held */
    bool answered;
    bool tried; /* a worker has died or hung over it once */
} HeedJob;

typedef struct HeedWorker {
    HeedChild child;
    bool ready;
    bool alone;    /* has a message in hand that another worker died of: gets no other */
    GQueue tasks;  /* of HeedJob *, borrowed from their feeds: sent, not answered, in order */
    size_t bytes;  /* of them */
    int64_t since; /* heed_flow_clock() of its last sign of life, or of its first task */
} HeedWorker;

/* The batch that the caller's sink has: only one at a time. */
typedef struct HeedStoring {
    GPtrArray *batch; /* of HeedArrival *, owned; NULL: none */
    GPtrArray *feeds; /* of HeedFeed *, for each of them */
    size_t cost;
    GThread *thread; /* at work; NULL: it has ended, or there was none */
    GError *error;   /* of the commit */
    int ended;       /* an eventfd, readable when the thread has ended */
} HeedStoring;

struct HeedFlow {
    const HeedPipelineOptions *options;
    const HeedSink *callers; /* never to be called but by storing.c */
    HeedSink sink;           /* the same, save for commit; waits for the batch being stored */
    HeedStoring storing;
    HeedFeed *feeds; /* owned; feed_count */
    size_t feed_count;
    HeedWorker *workers; /* owned; worker_count, not all of them started */
    size_t worker_count;
    unsigned starts_in_vain; /* workers that died without ever being ready */
    GQueue waiting;          /* of HeedJob *, borrowed: for any worker */
    GQueue suspects;         /* of HeedJob *, borrowed: tried once, for an idle worker */
    size_t unanswered;       /* jobs with workers or waiting for them */
    uint64_t next_number;
    HeedKeeper *keeper;
    HeedParser *parser;     /* in_process only */
    GPtrArray *batch;       /* of HeedArrival *, owned */
    GPtrArray *batch_feeds; /* of HeedFeed *, for each of them */
    size_t batch_cost;
    int64_t batch_since; /* when its first message came into it */
    size_t held;         /* bytes in flight, see HEED_LIMIT_IN_FLIGHT_BYTES */
    int64_t away;        /* microseconds spent in the sink, not listening to anybody */
    bool stopping;
    int64_t stopped_at;
};

/* A monotonic clock, microseconds, that stands still while the sink works: a worker is not silent
 * because nobody listens. */
int64_t heed_flow_clock(const HeedFlow *flow);

/* Whether so much is under way that fetchers are not listened to. */
static inline bool
heed_flow_is_full(const HeedFlow *flow)
{
    return flow->held >= HEED_LIMIT_IN_FLIGHT_BYTES;
}

/* --- feed.c --- */

/* Opens mailboxes whose turn it is; ends those whose work is done. */
void heed_feed_tend(HeedFlow *flow);

/* Takes what the fetcher has sent. False only when the sink fails. */
bool heed_feed_read(HeedFlow *flow, HeedFeed *feed, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Ends its fetcher; takes the error. The mailbox ends when what it handed over is stored. */
void heed_feed_break(HeedFeed *feed, GError *error);

/* Asks the sink where to go on. Out_open: HeedArrival * to acknowledge first; none in a dry run or
 * after a change of epoch. The caller clears out->unreadable. */
bool heed_feed_resume(HeedFlow *flow,
                      HeedFeed *feed,
                      HeedResume *out,
                      GPtrArray *out_open,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/*
 * Which of these uids (const char *) are not to be read: out_known gets a bool for each. Those that
 * the sink has, and those that are on their way to it: a mailbox is looked at again, or shows a
 * message at two places while it is moved, before the commit.
 */
bool heed_feed_known(HeedFlow *flow,
                     HeedFeed *feed,
                     const GPtrArray *uids,
                     GArray *out_known,
                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The mailbox has been asked about from its first message to its last. */
bool heed_feed_listed(HeedFlow *flow, HeedFeed *feed, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* One message has come, not a gone one; takes what the item holds. */
void heed_feed_take_item(HeedFlow *flow, HeedFeed *feed, HeedItem *item);

/* Has the fetcher (or the source) acknowledge these (of HeedAck, uids as the store has them). False
 * only when the sink fails. */
bool heed_feed_acknowledge(HeedFlow *flow, HeedFeed *feed, const GArray *acks, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Of these uids (const char *), tells the sink that they are done. */
bool heed_feed_acknowledged(HeedFlow *flow, HeedFeed *feed, const GPtrArray *uids, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Ends it; its mail that nobody has taken is dropped. */
void heed_feed_clear(HeedFeed *feed);

/* --- local.c --- */

/* Opens the source of a mailbox that is read here. */
void heed_local_open(HeedFlow *flow, HeedFeed *feed);

/* Reads some messages, if there is room for them. False only when the sink fails. */
bool heed_local_read(HeedFlow *flow, HeedFeed *feed, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Has the source acknowledge these (of HeedAck), and tells the sink. False only when the sink
 * fails. */
bool heed_local_acknowledge(HeedFlow *flow, HeedFeed *feed, const GArray *acks, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* --- crew.c --- */

/* A job that has bytes: to be read by a worker, or here and now (in_process). */
void heed_crew_submit(HeedFlow *flow, HeedJob *job);

/* Hands out what waits. HEED_ERROR_INTERNAL: no worker can be started. */
bool heed_crew_dispatch(HeedFlow *flow, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Takes the worker's answers; one that is dead or talks nonsense is replaced. */
bool heed_crew_read(HeedFlow *flow, HeedWorker *worker, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Replaces those that have been silent for too long. */
bool heed_crew_check(HeedFlow *flow, GError **error) G_GNUC_WARN_UNUSED_RESULT;

void heed_crew_clear(HeedWorker *worker);

/* --- batch.c --- */

/* An empty batch in place of what was there. */
void heed_batch_begin(HeedFlow *flow);

/* The job's arrival is complete: it goes into the batch as soon as those before it have. The job
 * may be gone afterwards. */
void heed_batch_settle(HeedFlow *flow, HeedJob *job);

/* Milliseconds until the batch is due: 0 now, -1 when something else has happened (it is empty, or
 * there is room in it and another is being stored). */
int heed_batch_wait(const HeedFlow *flow);

/* Has the batch stored: begins it, while there is more to be done meanwhile, or waits for the end.
 */
bool heed_batch_commit(HeedFlow *flow, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Has acknowledged what has been stored since. */
bool heed_batch_reap(HeedFlow *flow, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* With its arrival and bytes. */
void heed_job_free(HeedJob *job);

/* --- storing.c --- */

/*
 * A commit is work of the database and waiting for its disk; meanwhile there is mail to be taken
 * and handed out. So the sink commits in a thread of its own, and nothing else is asked of it until
 * it has.
 */
bool heed_storing_init(HeedFlow *flow, const HeedSink *sink, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
void heed_storing_clear(HeedFlow *flow);

/* Commits flow->storing.batch, in a thread or here and now. */
void heed_storing_begin(HeedFlow *flow, bool aside);

/* Returns when no thread is at work. */
void heed_storing_wait(HeedFlow *flow);

/* Whether none is; does not wait. */
bool heed_storing_has_ended(HeedFlow *flow);

#endif
