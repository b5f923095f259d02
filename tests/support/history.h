/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_TESTS_SUPPORT_HISTORY_H
#define HEED_TESTS_SUPPORT_HISTORY_H

/*
 * Made-up histories of addresses, written straight into the tables, and what became of them. Times
 * are hours since the beginning of 2026.
 */

#include "db/connection.h"
#include "suppress/policy.h"
#include "tests/support/database.h"

typedef struct HeedPastEvent {
    const char *address; /* NULL: "a@example.com" */
    const char *verdict; /* or "delivered", "not-spam" */
    const char *reason;  /* the class; NULL: bad-mailbox, abuse, unsubscribe by the verdict */
    const char *stream;
    const char *status;
    unsigned trust;
    int hour;     /* when it occurred */
    int late;     /* hours until it arrived */
    char message; /* the original's name; NUL: unknown */
    char failure; /* reports with the same one are of one failure; NUL: its own */
    bool closed;
    bool undone;
    uint32_t digest; /* at least 256; 0: the next number */
} HeedPastEvent;

typedef struct HeedPastDecision {
    const char *address; /* NULL: "a@example.com" */
    const char *action;
    const char *scope;
    int hour;
} HeedPastDecision;

/* An empty store with the default policy, established. Caller frees. */
HeedPolicy *heed_history_prepare(HeedTestDatabase *test);

/* Whether it lifts: a delivery, or a complaint withdrawn. */
bool heed_history_is_lift(const HeedPastEvent *event);

void heed_history_add_event(HeedDatabase *database, const HeedPastEvent *event);
/* The same where others may be in the way. */
bool heed_history_try_event(HeedDatabase *database, const HeedPastEvent *event, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
/* A surge of the guard at example.com, its span by receiving; resolution may be NULL. */
void heed_history_add_hold(HeedDatabase *database, int from, int to, const char *resolution);

void heed_history_add_decision(HeedDatabase *database, const HeedPastDecision *decision);

/* Folds one address in a transaction of its own. */
void heed_history_fold(HeedDatabase *database, const HeedPolicy *policy, const char *address);

/*
 * An address's rows, one a line, by scope:
 *     SCOPE suppressed|allowed|waiting VERDICT REASON since HOUR[ until HOUR], COUNT from HOUR to
 * HOUR: RULE with "-" for what is NULL. Caller frees.
 */
char *heed_history_states(HeedDatabase *database, const char *address);

#endif
