/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_SUPPRESS_UNDO_H
#define HEED_SUPPRESS_UNDO_H

/*
 * Undoing: a selection of events is disregarded, as if they had never arrived, and the addresses
 * they speak of are folded again. The events stay; an undo is recorded, and can be taken back.
 *
 * All of it is one transaction: nobody ever sees half of an undo, and a crash leaves nothing.
 * Events that arrive later are not undone, whatever they look like.
 */

#include "db/connection.h"

/* Events of failures, complaints and unsubscribe requests that fit all that is not NULL. */
typedef struct HeedUndoSelection {
    const char *domain;   /* of the recipient */
    const char *provider; /* its mailbox provider */
    const char *class_;
    const char *verdict;
    const char *stream;
    const char *mailbox; /* the name of the one it was fetched from */
    const char *mta;     /* the server that made the report */
    const char *text;    /* a regular expression of PostgreSQL, found in the reply in any case */
    const char *since;   /* by arrival, as PostgreSQL reads a time, UTC where no zone is given */
    const char *until;
} HeedUndoSelection;

typedef enum HeedUndoEffect {
    HEED_UNDO_LIFTED,    /* not suppressed any more */
    HEED_UNDO_STAYS,     /* suppressed still, on other evidence or by hand */
    HEED_UNDO_SUPPRESSED /* suppressed now, and not before: when an undo is taken back */
} HeedUndoEffect;

/* What became of an address in a scope. All borrowed, during the call. */
typedef struct HeedUndoChange {
    const char *address;
    const char *scope; /* "" is everywhere */
    HeedUndoEffect effect;
    const char *rule; /* what suppresses it; of one that was lifted, what did */
} HeedUndoChange;

/* Who is told, in order of the addresses. A transaction that lost a race begins again, and so do
 * they: begin() forgets what was told before. */
typedef struct HeedUndoTeller {
    void (*begin)(void *data);
    void (*tell)(const HeedUndoChange *change, void *data);
    void *data;
} HeedUndoTeller;

typedef struct HeedUndone {
    int64_t undo_id; /* also of a dry run, where nothing has it in the end */
    uint64_t events;
    uint64_t addresses;
    uint64_t lifted;
    uint64_t stays;
    uint64_t suppressed;
    int64_t kept_since; /* events before were dropped, but for what live suppressions rest on;
                           HEED_DATE_UNKNOWN: none were, or the selection does not reach there */
} HeedUndone;

/* Undoes; a dry run does it all and takes it back. Who: the account; why may be NULL. An undo of
 * no events is not recorded, and its undo_id 0. HEED_ERROR_USAGE for an empty selection, and for a
 * word that cannot be: which, and why. */
bool heed_undo(HeedDatabase *database,
               const HeedUndoSelection *selection,
               const char *who,
               const char *why,
               bool dry_run,
               const HeedUndoTeller *teller,
               HeedUndone *out,
               GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Takes an undo back: its events count again. HEED_ERROR_NO_INPUT when there is no such undo, or it
 * was taken back already. */
bool heed_undo_revert(HeedDatabase *database,
                      int64_t undo_id,
                      const char *who,
                      const char *why,
                      const HeedUndoTeller *teller,
                      HeedUndone *out,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* All undos, the oldest first: undo_id, decided_at, decided_by, why, selection (JSON), events,
 * reverted_at, reverted_by, revert_why; times in seconds since 1970. */
HeedRows *heed_undo_list(HeedDatabase *database, GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
