/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/log_read.h"

#include "base/error.h"
#include "base/log.h"
#include "cli/log_look_up.h"
#include "cli/log_tell.h"

#include <string.h>
#include <sysexits.h>

static void
in_hand_clear(HeedInHand *hand)
{
    heed_fd_clear(&hand->fd);
    g_clear_pointer(&hand->head, g_bytes_unref);
    heed_log_checkpoint_clear(&hand->checkpoint);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(HeedInHand, in_hand_clear)

static bool
take_batch(HeedLogBatch *batch, void *data, GError **error)
{
    HeedLooking *look = data;

    if (!look->options->dry_run)
        return heed_log_store_batch(&look->store, batch, error);
    look->store.totals.new_reports += batch->arrivals->len;
    heed_log_tally_add(&look->store.totals.tally, &batch->tally);
    return true;
}

static bool
continues(const HeedLooking *look, const HeedInHand *hand)
{
    return look->stem != NULL && strcmp(look->stem, hand->file->stem) == 0;
}

/* A file that has kept nothing yet (nobody has read it, or whoever did was killed too soon), and
 * the first one of this look: what was known at the end of the one before it, which was read
 * earlier, and may be gone by now. */
static bool
inherit(HeedLooking *look, HeedInHand *hand, GError **error)
{
    HeedDatabase *database = look->options->database;
    bool follows = continues(look, hand);
    g_autoptr(GError) reason = NULL;

    if (!follows)
        look->last_id = 0;
    if (database == NULL || hand->checkpoint.has_kept || (follows && look->last_read))
        return true;
    if (look->last_id == 0 && look->store.log != NULL &&
        !heed_log_file_last(database, look->store.log, hand->file->stem, &look->last_id, error))
        return false;
    if (look->last_id == 0 || look->last_id == hand->checkpoint.log_file_id)
        return true;
    hand->checkpoint.state = heed_log_file_state(database, look->last_id, &reason);
    if (reason == NULL)
        return true;
    g_propagate_error(error, g_steal_pointer(&reason));
    return false;
}

static bool
follow_file(HeedLooking *look, HeedInHand *hand, HeedLogEnd *end, GError **error)
{
    const HeedLogCheckpoint *checkpoint = &hand->checkpoint;
    HeedLogTotals before = look->store.totals;
    HeedLogStart start;
    bool went_well;

    if (!inherit(look, hand, error))
        return false;
    start = (HeedLogStart){
        .position = checkpoint->position,
        .lines = checkpoint->lines,
        .state_position = checkpoint->state_position,
        .state = checkpoint->state,
        .reference = heed_log_look_up_written(hand),
        .anew = !continues(look, hand) || !look->last_read,
        .settled = heed_log_look_up_is_settled(look, hand),
    };
    look->store.log_file_id = checkpoint->log_file_id;
    look->store.position = checkpoint->position;
    look->store.overtaken = false;
    g_clear_error(&look->store.refusal);
    look->store.before_id = 0;
    if (look->last_id != checkpoint->log_file_id)
        look->store.before_id = look->last_id;
    look->store.totals = (HeedLogTotals){0};
    went_well = heed_log_clerk_read(look->clerk, &start, take_batch, look, end, error);
    hand->tally = look->store.totals.tally;
    heed_log_tally_add(&before.tally, &hand->tally);
    before.new_reports += look->store.totals.new_reports;
    before.known += look->store.totals.known;
    look->store.totals = before;
    return went_well;
}

static bool
settle_shrunk(HeedLooking *look, HeedInHand *hand, const HeedLogEnd *end, GError **error)
{
    heed_log_tell_shorter(look, hand->file);
    return heed_log_file_rewind(look->options->database, hand->checkpoint.log_file_id,
                                end->position, error);
}

static bool
tells_of_mail(const HeedLogTally *tally)
{
    return tally->delivered + tally->deferred + tally->failed + tally->passed > 0;
}

/* Whether a file was read by hand from its beginning on, and no line of it was about mail: perhaps
 * it is of another format. Not if what goes on in it made sense so far. */
static bool
says_nothing(const HeedLooking *look, const HeedInHand *hand)
{
    bool goes_on = hand->checkpoint.state != NULL ||
                   (continues(look, hand) && tells_of_mail(&look->store.totals.tally));

    return heed_looking_is_by_hand(look) && !goes_on && hand->checkpoint.position == 0 &&
           hand->tally.lines > 0 && !tells_of_mail(&hand->tally);
}

/* Who names the right format the next time finds all of it new. */
static bool
settle_unknown(HeedLooking *look, HeedInHand *hand, GError **error)
{
    heed_log(HEED_LOG_NOTICE, "%s: no line tells of a delivery; is it the log of %s?",
             hand->file->path, heed_log_format_name(look->job.format));
    if (look->options->dry_run)
        return true;
    hand->look_up.place.size = -1;
    return heed_log_file_rewind(look->options->database, hand->checkpoint.log_file_id, 0, error);
}

/* What is to be noted of the file once it is read. */
static bool
settle(HeedLooking *look, HeedInHand *hand, const HeedLogEnd *end, GError **error)
{
    HeedDatabase *database = look->options->database;

    heed_log_tell_lines(look, hand);
    if (end->trouble != NULL || end->incomplete)
        heed_log_tell_behind(look, hand->look_up.place.size, end->position, hand->file->is_packed);
    if (end->trouble != NULL) {
        look->refused++;
        heed_log_tell_trouble(look, hand->file, EX_OK, end->trouble);
    }
    if (end->cut)
        (void)heed_log_tell_cut(look, hand);
    if (end->incomplete && heed_looking_is_by_hand(look))
        heed_log(HEED_LOG_NOTICE, "%s: its last line has no end yet, and waits", hand->file->path);
    if (says_nothing(look, hand) && !settle_unknown(look, hand, error))
        return false;
    if (look->options->dry_run)
        return true;
    /* One that is still being compressed never becomes shorter. */
    if (end->shrunk && !hand->file->is_packed) {
        if (heed_log_look_up_is_of_another(hand))
            return true;
        if (!settle_shrunk(look, hand, end, error))
            return false;
    }
    /* What is to be looked at again is of no size: then it is opened the next time. */
    if (end->incomplete || (end->cut && heed_log_look_up_is_recent(hand)))
        hand->look_up.place.size = -1;
    return hand->file->is_pipe ||
           heed_log_file_finish(database, hand->checkpoint.log_file_id, &hand->look_up, error);
}

static bool
read_opened(HeedLooking *look, HeedInHand *hand, GError **error)
{
    g_auto(HeedLogEnd) end = {0};
    g_autoptr(GError) reason = NULL;

    if (!follow_file(look, hand, &end, &reason)) {
        heed_log_tell_lines(look, hand);
        heed_log_tell_behind(look, hand->file->size, look->store.position, hand->file->is_packed);
        if (look->store.overtaken) {
            heed_log_tell_trouble(look, hand->file, EX_TEMPFAIL, reason->message);
            return true;
        }
        if (heed_log_tell_if_of_file(look, hand->file, &reason))
            return true;
        g_propagate_error(error, g_steal_pointer(&reason));
        return false;
    }
    if (hand->tally.lines == 0 || hand->tally.troubles[HEED_LOG_FINE] > 0)
        look->readable += end.trouble == NULL || hand->tally.lines > 0;
    else
        look->refused++;
    if (!settle(look, hand, &end, error))
        return false;
    if (g_strcmp0(look->stem, hand->file->stem) != 0) {
        g_free(look->stem);
        look->stem = g_strdup(hand->file->stem);
    }
    look->last_id = hand->checkpoint.log_file_id;
    look->last_read = true;
    return true;
}

/* Nothing of it is new, as far as there is any. Nothing is remembered: it is opened again the next
 * time. */
static void
skip_file(HeedLooking *look, const HeedInHand *hand)
{
    bool unread = hand->cut && g_bytes_get_size(hand->head) == 0;

    if (unread)
        heed_log_tell_behind(look, hand->look_up.place.size, 0, true);
    if (hand->cut && heed_log_tell_cut(look, hand) && unread)
        look->refused++;
    else
        look->readable++;
}

bool
heed_log_read_file(HeedLooking *look, const HeedLogFile *file, GError **error)
{
    g_auto(HeedInHand) hand = {.file = file, .fd = -1};
    g_autoptr(GError) reason = NULL;
    bool mine = false;
    bool went_well;

    if (!heed_log_look_up_open(&hand, &reason) ||
        (hand.head = heed_log_clerk_open(look->clerk, hand.fd, &hand.cut, &reason)) == NULL) {
        heed_log_tell_behind(look, file->size, 0, file->is_packed);
        if (heed_log_tell_if_of_file(look, file, &reason))
            return true;
        g_propagate_error(error, g_steal_pointer(&reason));
        return false;
    }
    if (g_bytes_get_size(hand.head) == 0) {
        skip_file(look, &hand);
        return true;
    }
    if (!heed_log_look_up_find(look, &hand, &mine, error))
        return false;
    if (!mine) {
        heed_log_tell_behind(look, file->size, hand.checkpoint.position, file->is_packed);
        heed_log_tell_trouble(look, file, EX_TEMPFAIL, "is being read by another process");
        return true;
    }
    if (hand.checkpoint.part) {
        skip_file(look, &hand);
        return true;
    }
    if (heed_looking_is_by_hand(look))
        look->store.source = file->path;
    went_well = read_opened(look, &hand, error);
    /* After an error too: who stays connected and tries again would keep it from all others. */
    if (hand.leased && !heed_log_file_release(look->options->database, hand.checkpoint.log_file_id,
                                              went_well ? error : NULL))
        return false;
    return went_well;
}
