/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/log_look_up.h"

#include "base/error.h"
#include "base/limits.h"
#include "cli/log_tell.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NANOSECONDS 1000000000

bool
heed_log_look_up_open(HeedInHand *hand, GError **error)
{
    struct stat status;

    hand->fd = open(hand->file->path, O_RDONLY | O_CLOEXEC);
    if (hand->fd < 0 || fstat(hand->fd, &status) != 0) {
        g_set_error(error, HEED_ERROR, HEED_ERROR_NO_INPUT, "%s", g_strerror(errno));
        return false;
    }
    if (S_ISDIR(status.st_mode)) {
        g_set_error_literal(error, HEED_ERROR, HEED_ERROR_NO_INPUT, "is a folder, and no log");
        return false;
    }
    /* By the descriptor: meanwhile the name may be another file's. */
    hand->look_up.place = (HeedLogPlace){.device = (int64_t)status.st_dev,
                                         .inode = (int64_t)status.st_ino,
                                         .size = (int64_t)status.st_size,
                                         .modified = (int64_t)status.st_mtim.tv_sec * NANOSECONDS +
                                                     (int64_t)status.st_mtim.tv_nsec};
    return true;
}

int64_t
heed_log_look_up_written(const HeedInHand *hand)
{
    return hand->file->is_pipe ? g_get_real_time() / G_USEC_PER_SEC
                               : hand->look_up.place.modified / NANOSECONDS;
}

bool
heed_log_look_up_is_recent(const HeedInHand *hand)
{
    return g_get_real_time() / G_USEC_PER_SEC - heed_log_look_up_written(hand) <
           HEED_LIMIT_LOG_SETTLE_SECONDS;
}

bool
heed_log_look_up_is_settled(const HeedLooking *look, const HeedInHand *hand)
{
    return hand->file->is_pipe || ((heed_looking_is_by_hand(look) || hand->file->is_rotated) &&
                                   !heed_log_look_up_is_recent(hand));
}

/* Whether the file has no more bytes than were looked at: else it has grown meanwhile, and whoever
 * read on in it had more. */
static bool
is_as_looked_up(const HeedInHand *hand)
{
    struct stat status;

    return fstat(hand->fd, &status) == 0 && (size_t)status.st_size == hand->look_up.head_length;
}

/* Whether a part of a file that is known ends in a line that may be another's: they may have no
 * more in common than the names of the columns. Else it is that file's line, cut off. */
static bool
ends_otherwise(const HeedLooking *look, const HeedInHand *hand)
{
    uint64_t header = heed_log_format_has_header(look->job.format) ? 1 : 0;

    return hand->checkpoint.position < hand->look_up.head_length &&
           heed_log_look_up_is_settled(look, hand) && hand->checkpoint.lines <= header;
}

/* A part of a file that is known. What was cut down in its place, or ends in another line, is a
 * file of its own from now on; other copies say nothing new. */
static bool
take_part(HeedLooking *look, HeedInHand *hand, GError **error)
{
    bool shrunk = hand->checkpoint.same_place && !hand->file->is_packed;
    bool other = ends_otherwise(look, hand);

    if (look->options->dry_run || (!shrunk && !other)) {
        hand->checkpoint.part = !other;
        return true;
    }
    if (!heed_log_file_split(look->options->database, &hand->look_up, &hand->checkpoint, error))
        return false;
    hand->checkpoint.part = shrunk && !is_as_looked_up(hand);
    if (shrunk && !hand->checkpoint.part)
        heed_log_tell_shorter(look, hand->file);
    return true;
}

bool
heed_log_look_up_find(HeedLooking *look, HeedInHand *hand, bool *out_mine, GError **error)
{
    HeedDatabase *database = look->options->database;
    bool found;

    *out_mine = true;
    if (database == NULL)
        return true;
    hand->look_up.log = look->store.log;
    hand->look_up.path = hand->file->path;
    hand->look_up.stem = hand->file->stem;
    hand->look_up.only_look = look->options->dry_run;
    hand->look_up.head = g_bytes_get_data(hand->head, &hand->look_up.head_length);
    found = heed_log_file_find(database, &hand->look_up, &hand->checkpoint, error);
    if (found && hand->checkpoint.part)
        found = take_part(look, hand, error);
    if (!found || look->options->dry_run || hand->checkpoint.part)
        return found;
    if (!heed_log_file_lease(database, hand->checkpoint.log_file_id, out_mine, error))
        return false;
    hand->leased = *out_mine;
    if (!*out_mine)
        return true;
    /* As whoever read it last has left it, by whatever first bytes it is known now. */
    return heed_log_file_reload(database, &hand->look_up, &hand->checkpoint, error);
}

/* Whether it still begins as it did when it was looked up: since then it may have been copied away
 * and truncated. */
static bool
begins_as_before(const HeedInHand *hand)
{
    uint8_t now[HEED_LIMIT_LOG_HEAD_BYTES];
    gsize length;
    gconstpointer head = g_bytes_get_data(hand->head, &length);

    return pread(hand->fd, now, length, 0) == (ssize_t)length && memcmp(now, head, length) == 0;
}

bool
heed_log_look_up_is_of_another(const HeedInHand *hand)
{
    return !hand->checkpoint.same_place || !begins_as_before(hand);
}

bool
heed_log_look_up_unchanged(const HeedLooking *look,
                           const GPtrArray *files,
                           GArray *out_ids,
                           GError **error)
{
    g_autofree HeedLogPlace *places = g_new0(HeedLogPlace, files->len);

    for (guint i = 0; i < files->len; i++) {
        const HeedLogFile *file = g_ptr_array_index(files, i);

        places[i] = (HeedLogPlace){.device = file->device,
                                   .inode = file->inode,
                                   .size = file->size,
                                   .modified = file->modified};
    }
    if (look->options->database != NULL)
        return heed_log_file_unchanged(look->options->database, places, files->len, out_ids, error);
    g_array_set_size(out_ids, files->len);
    return true;
}
