/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_DB_LOG_FILE_H
#define HEED_DB_LOG_FILE_H

/*
 * How far each file of a log is read. A file is known by a digest of its first bytes, so that it is
 * the same after it was renamed, copied or compressed; where it lies is only a hint that saves
 * opening it. While it has fewer bytes than that, the digest is of those that there are, and grows
 * with them; the digests up to the end of each line tell the file from what it was when it was
 * shorter. Its position moves in the transaction that stores what stands before it.
 */

#include "db/connection.h"

/* Where a file lies and how it looks from outside (stat(2)). */
typedef struct HeedLogPlace {
    int64_t device;
    int64_t inode;
    int64_t size;
    int64_t modified; /* nanoseconds since 1970 */
} HeedLogPlace;

/* A file that is known, and how far it is read. */
typedef struct HeedLogCheckpoint {
    int64_t log_file_id; /* 0: not known, and this was not to make it known */
    uint64_t position;
    uint64_t lines;          /* before it */
    uint64_t state_position; /* of the state; 0 before one was kept */
    GBytes *state;           /* owned; NULL: nothing is known of messages under way */
    bool has_kept;           /* a state was kept of it, though it may have gone over to another */
    bool same_place;         /* it lay at this device and inode when it was last read to its end */
    /* There are fewer bytes than a file has that begins with the same whole lines, and is read
     * beyond them: position and lines are where what is known ends (it may be within its last line,
     * of which that file has the end), and no row is its own. */
    bool part;
} HeedLogCheckpoint;

void heed_log_checkpoint_clear(HeedLogCheckpoint *checkpoint);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(HeedLogCheckpoint, heed_log_checkpoint_clear)

/* Which of these files were read to their end and have not changed since: out is of int64_t, the
 * row of each, or 0. */
bool heed_log_file_unchanged(HeedDatabase *database,
                             const HeedLogPlace *places,
                             size_t count,
                             GArray *out,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* What a file is looked up by. */
typedef struct HeedLogLookUp {
    const char *log;  /* the name of the log that it is of; NULL: read by hand */
    const char *path; /* for people */
    const char *stem; /* the path without what rotation and compression added */
    const uint8_t *head;
    size_t head_length; /* of the first bytes that there are, at most HEED_LIMIT_LOG_HEAD_BYTES */
    HeedLogPlace place;
    bool only_look; /* a dry run: makes nothing known */
} HeedLogLookUp;

/* Finds the file, or makes it known, unless it is a part of one that is. What a file of less than
 * HEED_LIMIT_LOG_HEAD_BYTES has left after it was cut down in its place, and written on, is
 * counted: its position is there. In a transaction of its own. Where it was only to look, position
 * may be that of a file that is not known. */
bool heed_log_file_find(HeedDatabase *database,
                        const HeedLogLookUp *look_up,
                        HeedLogCheckpoint *out,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Makes a part known as a file of its own, of which all before checkpoint's position is counted;
 * checkpoint becomes that file's. */
bool heed_log_file_split(HeedDatabase *database,
                         const HeedLogLookUp *look_up,
                         HeedLogCheckpoint *checkpoint,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Checkpoint as it is now, by its log_file_id. */
bool heed_log_file_reload(HeedDatabase *database,
                          const HeedLogLookUp *look_up,
                          HeedLogCheckpoint *checkpoint,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* What is known of messages under way at the end of this file; NULL with no error: nothing. */
GBytes *heed_log_file_state(HeedDatabase *database, int64_t log_file_id, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* The file of this log and stem that was read last and of whose end something is known; *out_id 0:
 * none. */
bool heed_log_file_last(HeedDatabase *database,
                        const char *log,
                        const char *stem,
                        int64_t *out_id,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* A lease on the file: an advisory lock of this session. False with no error: somebody else reads
 * it. */
bool
heed_log_file_lease(HeedDatabase *database, int64_t log_file_id, bool *out_mine, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Gives it back. */
bool heed_log_file_release(HeedDatabase *database, int64_t log_file_id, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Locks the file's row until the transaction ends, and says where it is. */
bool heed_log_file_lock(HeedDatabase *database,
                        int64_t log_file_id,
                        uint64_t *out_position,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* What was read of a file and is stored now. */
typedef struct HeedLogStretch {
    uint64_t end; /* where in the file */
    uint64_t lines;
    bool told;     /* any attempt to deliver was counted of it */
    GBytes *state; /* of messages under way at its end; NULL: what is known stays; borrowed */
} HeedLogStretch;

/* Moves the position to the end of a stretch, in the transaction that stores it. */
bool heed_log_file_save(HeedDatabase *database,
                        int64_t log_file_id,
                        const HeedLogStretch *stretch,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The file has become shorter: what is written behind its new end is new. 0: all of it is. */
bool
heed_log_file_rewind(HeedDatabase *database, int64_t log_file_id, uint64_t position, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* The file was read to its end, as it lies here. */
bool heed_log_file_finish(HeedDatabase *database,
                          int64_t log_file_id,
                          const HeedLogLookUp *look_up,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* What was known at the end of a file has gone over to the next one. */
bool heed_log_file_forget_state(HeedDatabase *database, int64_t log_file_id, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* --- logs of the configuration --- */

/* What is added to what a log has come to. */
typedef struct HeedLogCount {
    uint64_t lines;
    uint64_t unread;
    uint64_t delivered;
    uint64_t deferred;
    uint64_t failed;
} HeedLogCount;

/* Finds or makes the log's row. A log of which nothing was counted yet is read anew when its format
 * is another one: so far it was misread. What was counted of its files by hand, or under another
 * name, is not. */
bool heed_log_begin(HeedDatabase *database,
                    const char *name,
                    const char *path,
                    const char *format,
                    GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* In the transaction that stores them. */
bool
heed_log_count(HeedDatabase *database, const char *name, const HeedLogCount *count, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* The result of a look: error_text NULL when it went well. */
bool heed_log_finish(HeedDatabase *database,
                     const char *name,
                     const char *error_text,
                     int64_t behind,
                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
