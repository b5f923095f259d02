/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/log_run.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/log.h"
#include "cli/terminal.h"
#include "db/log_file.h"
#include "ingest/log_clerk.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#define NANOSECONDS 1000000000
#define SHORTER     "has become shorter than it was read: it is read on from its new end"

/* A look that is under way. */
typedef struct Look {
    const HeedLogLook *options;
    HeedLogStore store; /* of its totals those of this look alone */
    HeedLogJob job;
    HeedLogClerk *clerk;
    /* The file before the one in hand, of the same log: */
    char *stem;      /* owned; NULL: there was none */
    int64_t last_id; /* its row */
    bool last_read;  /* it was read now, so that the clerk knows what it said */
    size_t readable; /* files that were read, or had been read before */
    size_t refused;  /* files that could not be read */
    int64_t behind;
    char *trouble; /* owned; the last one, for the log's status */
    int status;
} Look;

static void
look_clear(Look *look)
{
    g_clear_pointer(&look->clerk, heed_log_clerk_free);
    g_clear_error(&look->store.refusal);
    g_free(look->stem);
    g_free(look->trouble);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Look, look_clear)

/* The file in hand. */
typedef struct InHand {
    const HeedLogFile *file;
    HeedFd fd;
    HeedLogLookUp look_up; /* its head borrowed from head */
    GBytes *head;          /* owned */
    bool cut;              /* it is compressed, and ends within it */
    HeedLogCheckpoint checkpoint;
    HeedLogTally tally;
    bool leased;
} InHand;

static void
in_hand_clear(InHand *hand)
{
    heed_fd_clear(&hand->fd);
    g_clear_pointer(&hand->head, g_bytes_unref);
    heed_log_checkpoint_clear(&hand->checkpoint);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(InHand, in_hand_clear)

static bool
is_by_hand(const Look *look)
{
    return look->options->paths != NULL;
}

static void
say_trouble(Look *look, const HeedLogFile *file, HeedLogLevel level, const char *what)
{
    heed_progress_clear();
    heed_log(level, "%s: %s", file->path, what);
    g_free(look->trouble);
    look->trouble = g_strdup_printf("%s: %s", file->path, what);
}

/* A file that cannot be read; the others can. Where a log is polled its old files are what they are
 * the next time too, and are said once more by heed status alone. */
static void
note_trouble(Look *look, const HeedLogFile *file, int status, const char *what)
{
    bool expected = !is_by_hand(look) && file->is_rotated;

    say_trouble(look, file, expected ? HEED_LOG_NOTICE : HEED_LOG_WARNING, what);
    if (!expected)
        look->status = heed_exit_status_worse(look->status, status);
}

/* What is not read again, and not stored. */
static void
note_lost(Look *look, const HeedLogFile *file, int status, const char *what)
{
    say_trouble(look, file, HEED_LOG_WARNING, what);
    look->status = heed_exit_status_worse(look->status, status);
}

/* Whether the error is the file's alone. Then it is noted, and cleared. */
static bool
is_of_file(Look *look, const HeedLogFile *file, GError **reason)
{
    int status = EX_OK;

    if (g_error_matches(*reason, HEED_ERROR, HEED_ERROR_DATA) ||
        g_error_matches(*reason, HEED_ERROR, HEED_ERROR_LIMIT))
        look->refused++;
    else if (g_error_matches(*reason, HEED_ERROR, HEED_ERROR_IO) ||
             g_error_matches(*reason, HEED_ERROR, HEED_ERROR_NO_INPUT) ||
             g_error_matches(*reason, HEED_ERROR, HEED_ERROR_INTERNAL))
        status = heed_error_exit_status(*reason);
    else
        return false;
    note_trouble(look, file, status, (*reason)->message);
    g_clear_error(reason);
    return true;
}

/* Counts what is there behind this place and was not read. */
static void
note_behind(Look *look, int64_t size, uint64_t position, bool is_packed)
{
    look->behind += is_packed ? size : MAX(0, size - (int64_t)position);
}

/* --- opening --- */

static bool
open_file(InHand *hand, GError **error)
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

static bool
is_recent(const InHand *hand)
{
    return g_get_real_time() / G_USEC_PER_SEC - hand->look_up.place.modified / NANOSECONDS <
           HEED_LIMIT_LOG_SETTLE_SECONDS;
}

/* Nobody writes to it any more: its last line is whole. */
static bool
is_settled(const Look *look, const InHand *hand)
{
    return hand->file->is_pipe ||
           ((is_by_hand(look) || hand->file->is_rotated) && !is_recent(hand));
}

/* Whether the file has no more bytes than were looked at: else it has grown meanwhile, and whoever
 * read on in it had more. */
static bool
is_as_looked_up(const InHand *hand)
{
    struct stat status;

    return fstat(hand->fd, &status) == 0 && (size_t)status.st_size == hand->look_up.head_length;
}

/* Whether a part of a file that is known ends in a line that may be another's: they may have no
 * more in common than the names of the columns. Else it is that file's line, cut off. */
static bool
ends_otherwise(const Look *look, const InHand *hand)
{
    uint64_t header = heed_log_format_has_header(look->job.format) ? 1 : 0;

    return hand->checkpoint.position < hand->look_up.head_length && is_settled(look, hand) &&
           hand->checkpoint.lines <= header;
}

/* A part of a file that is known. What was cut down in its place, or ends in another line, is a
 * file of its own from now on; other copies say nothing new. */
static bool
take_part(Look *look, InHand *hand, GError **error)
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
        note_trouble(look, hand->file, EX_OK, SHORTER);
    return true;
}

/* Finds out how far the file is read. *out_mine: nobody else reads it now. */
static bool
look_up(Look *look, InHand *hand, bool *out_mine, GError **error)
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

/* What is compressed, and ends before it is complete; false: it may be in the making. */
static bool
note_cut(Look *look, const InHand *hand)
{
    if (!is_by_hand(look) && is_recent(hand))
        return false;
    note_trouble(look, hand->file, EX_OK,
                 g_bytes_get_size(hand->head) > 0
                     ? "is compressed, and ends before it is complete: what there is was read"
                     : "is compressed, and ends before it is complete: nothing of it can be read");
    return true;
}

/* --- reading --- */

static bool
take_batch(HeedLogBatch *batch, void *data, GError **error)
{
    Look *look = data;

    if (!look->options->dry_run)
        return heed_log_store_batch(&look->store, batch, error);
    look->store.totals.new_reports += batch->arrivals->len;
    heed_log_tally_add(&look->store.totals.tally, &batch->tally);
    return true;
}

static bool
continues(const Look *look, const InHand *hand)
{
    return look->stem != NULL && strcmp(look->stem, hand->file->stem) == 0;
}

/* A file that has kept nothing yet (nobody has read it, or whoever did was killed too soon), and
 * the first one of this look: what was known at the end of the one before it, which was read
 * earlier, and may be gone by now. */
static bool
inherit(Look *look, InHand *hand, GError **error)
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
follow_file(Look *look, InHand *hand, HeedLogEnd *end, GError **error)
{
    const HeedLogCheckpoint *checkpoint = &hand->checkpoint;
    bool pipe = hand->file->is_pipe;
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
        .reference =
            pipe ? g_get_real_time() / G_USEC_PER_SEC : hand->look_up.place.modified / NANOSECONDS,
        .anew = !continues(look, hand) || !look->last_read,
        .settled = is_settled(look, hand),
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

/* One line for each kind of trouble with lines. */
static void
tell_lines(Look *look, const InHand *hand)
{
    const HeedLogTally *tally = &hand->tally;

    for (size_t i = 0; i < HEED_LOG_TROUBLES; i++) {
        g_autofree char *what = NULL;

        if (i == HEED_LOG_FINE || tally->troubles[i] == 0)
            continue;
        what = g_strdup_printf("%" PRIu64 " %s %s, the first is line %" PRIu64, tally->troubles[i],
                               tally->troubles[i] == 1 ? "line" : "lines",
                               heed_log_trouble_words((HeedLogTrouble)i), tally->first[i]);
        note_trouble(look, hand->file, EX_OK, what);
    }
    if (tally->deadly > 0) {
        g_autofree char *what =
            g_strdup_printf("%" PRIu64 " %s passed over: a process died of each", tally->deadly,
                            tally->deadly == 1 ? "line is" : "lines are");

        note_trouble(look, hand->file, EX_OK, what);
    }
    if (tally->refused > 0) {
        g_autofree char *what = g_strdup_printf(
            "%" PRIu64 " %s refused by the database, first: %s", tally->refused,
            tally->refused == 1 ? "line is" : "lines are", look->store.refusal->message);

        note_lost(look, hand->file, heed_error_exit_status(look->store.refusal), what);
    }
}

/* Whether it still begins as it did when it was looked up: since then it may have been copied away
 * and truncated. */
static bool
begins_as_before(const InHand *hand)
{
    uint8_t now[HEED_LIMIT_LOG_HEAD_BYTES];
    gsize length;
    gconstpointer head = g_bytes_get_data(hand->head, &length);

    return pread(hand->fd, now, length, 0) == (ssize_t)length && memcmp(now, head, length) == 0;
}

/* Whether a file that ends before the place up to which it was read is a copy of it, shorter or not
 * complete yet, or was truncated after copying a moment ago; then it says nothing of that place. */
static bool
is_of_another(const InHand *hand)
{
    return !hand->checkpoint.same_place || !begins_as_before(hand);
}

static bool
settle_shrunk(Look *look, InHand *hand, const HeedLogEnd *end, GError **error)
{
    note_trouble(look, hand->file, EX_OK, SHORTER);
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
says_nothing(const Look *look, const InHand *hand)
{
    bool goes_on = hand->checkpoint.state != NULL ||
                   (continues(look, hand) && tells_of_mail(&look->store.totals.tally));

    return is_by_hand(look) && !goes_on && hand->checkpoint.position == 0 &&
           hand->tally.lines > 0 && !tells_of_mail(&hand->tally);
}

/* Who names the right format the next time finds all of it new. */
static bool
settle_unknown(Look *look, InHand *hand, GError **error)
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
settle(Look *look, InHand *hand, const HeedLogEnd *end, GError **error)
{
    HeedDatabase *database = look->options->database;

    tell_lines(look, hand);
    if (end->trouble != NULL || end->incomplete)
        note_behind(look, hand->look_up.place.size, end->position, hand->file->is_packed);
    if (end->trouble != NULL) {
        look->refused++;
        note_trouble(look, hand->file, EX_OK, end->trouble);
    }
    if (end->cut)
        (void)note_cut(look, hand);
    if (end->incomplete && is_by_hand(look))
        heed_log(HEED_LOG_NOTICE, "%s: its last line has no end yet, and waits", hand->file->path);
    if (says_nothing(look, hand) && !settle_unknown(look, hand, error))
        return false;
    if (look->options->dry_run)
        return true;
    /* One that is still being compressed never becomes shorter. */
    if (end->shrunk && !hand->file->is_packed) {
        if (is_of_another(hand))
            return true;
        if (!settle_shrunk(look, hand, end, error))
            return false;
    }
    /* What is to be looked at again is of no size: then it is opened the next time. */
    if (end->incomplete || (end->cut && is_recent(hand)))
        hand->look_up.place.size = -1;
    return hand->file->is_pipe ||
           heed_log_file_finish(database, hand->checkpoint.log_file_id, &hand->look_up, error);
}

static bool
read_opened(Look *look, InHand *hand, GError **error)
{
    g_auto(HeedLogEnd) end = {0};
    g_autoptr(GError) reason = NULL;

    if (!follow_file(look, hand, &end, &reason)) {
        tell_lines(look, hand);
        note_behind(look, hand->file->size, look->store.position, hand->file->is_packed);
        if (look->store.overtaken) {
            note_trouble(look, hand->file, EX_TEMPFAIL, reason->message);
            return true;
        }
        if (is_of_file(look, hand->file, &reason))
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
skip_file(Look *look, const InHand *hand)
{
    bool unread = hand->cut && g_bytes_get_size(hand->head) == 0;

    if (unread)
        note_behind(look, hand->look_up.place.size, 0, true);
    if (hand->cut && note_cut(look, hand) && unread)
        look->refused++;
    else
        look->readable++;
}

static bool
read_file(Look *look, const HeedLogFile *file, GError **error)
{
    g_auto(InHand) hand = {.file = file, .fd = -1};
    g_autoptr(GError) reason = NULL;
    bool mine = false;
    bool went_well;

    if (!open_file(&hand, &reason) ||
        (hand.head = heed_log_clerk_open(look->clerk, hand.fd, &hand.cut, &reason)) == NULL) {
        note_behind(look, file->size, 0, file->is_packed);
        if (is_of_file(look, file, &reason))
            return true;
        g_propagate_error(error, g_steal_pointer(&reason));
        return false;
    }
    if (g_bytes_get_size(hand.head) == 0) {
        skip_file(look, &hand);
        return true;
    }
    if (!look_up(look, &hand, &mine, error))
        return false;
    if (!mine) {
        note_behind(look, file->size, hand.checkpoint.position, file->is_packed);
        note_trouble(look, file, EX_TEMPFAIL, "is being read by another process");
        return true;
    }
    if (hand.checkpoint.part) {
        skip_file(look, &hand);
        return true;
    }
    if (is_by_hand(look))
        look->store.source = file->path;
    went_well = read_opened(look, &hand, error);
    /* After an error too: who stays connected and tries again would keep it from all others. */
    if (hand.leased && !heed_log_file_release(look->options->database, hand.checkpoint.log_file_id,
                                              went_well ? error : NULL))
        return false;
    return went_well;
}

/* --- the look --- */

static bool
find_unchanged(const Look *look, const GPtrArray *files, GArray *out_ids, GError **error)
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

static bool
read_files(Look *look, const GPtrArray *files, GError **error)
{
    g_autoptr(GArray) ids = g_array_new(FALSE, TRUE, sizeof(int64_t));

    if (!find_unchanged(look, files, ids, error))
        return false;
    for (guint i = 0; i < files->len; i++) {
        const HeedLogFile *file = g_ptr_array_index(files, i);
        int64_t id = file->is_pipe ? 0 : g_array_index(ids, int64_t, i);

        if (id == 0) {
            if (!read_file(look, file, error))
                return false;
            continue;
        }
        look->readable++;
        look->last_id = id;
        look->last_read = false;
        g_free(look->stem);
        look->stem = g_strdup(file->stem);
    }
    return true;
}

static const char *const *
strings(const GPtrArray *list)
{
    return list == NULL ? NULL : (const char *const *)list->pdata;
}

static void
look_init(Look *look, const HeedLogLook *options)
{
    const HeedConfig *config = options->config;
    const HeedLogSection *section = options->section;

    look->options = options;
    look->job = (HeedLogJob){.format = section->format,
                             .zone = section->zone,
                             .domains = strings(config->domains),
                             .relays = strings(config->relays),
                             .verp = strings(config->verp),
                             .rules = strings(config->rules),
                             .rules_cache = config->rules_cache,
                             .deliveries = section->deliveries};
    look->store = (HeedLogStore){.database = options->database,
                                 .config = config,
                                 .log = section->name,
                                 .source = section->name,
                                 .stream = section->stream};
    look->clerk = heed_log_clerk_new(&look->job, options->stop);
}

static bool
look_at_files(Look *look, GError **error)
{
    const HeedLogLook *options = look->options;
    g_autoptr(GError) reason = NULL;
    g_autoptr(GPtrArray) files = NULL;

    if (options->paths != NULL)
        files = heed_log_set_named(options->paths);
    else if ((files = heed_log_set_find(options->section->path, &reason)) == NULL) {
        heed_log(HEED_LOG_WARNING, "%s", reason->message);
        look->trouble = g_strdup(reason->message);
        look->status = heed_error_exit_status(reason);
        return true;
    }
    return read_files(look, files, error);
}

int
heed_cli_look_at_log(const HeedLogLook *options, HeedLogTotals *totals, GError **error)
{
    g_auto(Look) look = {0};
    bool keeps = options->section->name != NULL && !options->dry_run;
    const char *format = heed_log_format_name(options->section->format);

    look_init(&look, options);
    if ((keeps && !heed_log_begin(options->database, options->section->name, options->section->path,
                                  format, error)) ||
        !look_at_files(&look, error))
        return look.status;
    if (look.refused > 0 && look.readable == 0)
        look.status = heed_exit_status_worse(look.status, EX_DATAERR);
    heed_log_tally_add(&totals->tally, &look.store.totals.tally);
    totals->new_reports += look.store.totals.new_reports;
    totals->known += look.store.totals.known;
    if (keeps && !heed_log_finish(options->database, options->section->name, look.trouble,
                                  look.behind, error))
        return look.status;
    return look.status;
}

/* Failures, and deferrals, of which the first one of a message is stored. */
static void
append_stored(GString *text, const HeedLogTotals *totals, bool dry_run)
{
    const char *what = totals->new_reports == 1 ? "report" : "reports";

    if (dry_run)
        g_string_append_printf(text, "%" PRIu64 " %s to store", totals->new_reports, what);
    else
        g_string_append_printf(text, "%" PRIu64 " %s stored now, %" PRIu64 " known already",
                               totals->new_reports, what, totals->known);
}

char *
heed_log_totals_text(const HeedLogTotals *totals, bool dry_run)
{
    const HeedLogTally *tally = &totals->tally;
    GString *text = NULL;

    if (tally->lines == 0)
        return g_strdup("no new lines");
    text = g_string_new(NULL);
    g_string_append_printf(
        text, "%" PRIu64 " %s: %" PRIu64 " delivered, %" PRIu64 " deferred, %" PRIu64 " failed; ",
        tally->lines, tally->lines == 1 ? "line" : "lines", tally->delivered, tally->deferred,
        tally->failed);
    append_stored(text, totals, dry_run);
    if (tally->passed > 0)
        g_string_append_printf(text, "; %" PRIu64 " internal or inbound", tally->passed);
    if (tally->unjoined > 0)
        g_string_append_printf(text, "; of %" PRIu64 " the sender is not known", tally->unjoined);
    if (tally->refused > 0)
        g_string_append_printf(text, "; %" PRIu64 " refused by the database", tally->refused);
    return g_string_free(text, FALSE);
}
