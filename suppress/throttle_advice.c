/* SPDX-License-Identifier: Apache-2.0 */
#include "suppress/throttle_advice.h"

#include "base/limits.h"
#include "suppress/queries.h"
#include "suppress/throttle.h"

#include <inttypes.h>

/* Columns of throttle_minutes.sql. */
enum {
    MINUTE_DESTINATION,
    MINUTE_SOURCE,
    MINUTE_AT,
    MINUTE_CLASS,
    MINUTE_REPLY,
    MINUTE_DELIVERED,
    MINUTE_DEFERRED,
    MINUTE_FAILED
};

/* Columns of throttle_list.sql. */
enum {
    LIST_DESTINATION,
    LIST_SOURCE,
    LIST_CONNECTIONS,
    LIST_MESSAGES,
    LIST_PAUSED_UNTIL,
    LIST_PHASE,
    LIST_STEP,
    LIST_WHY,
    LIST_CLASS,
    LIST_REPLY,
    LIST_REFUSED,
    LIST_ATTEMPTS,
    LIST_SINCE,
    LIST_LAST,
    LIST_NEXT,
    LIST_AS_OF
};

/* The arrays of throttle_write.sql, in its order. */
typedef struct Writing {
    HeedArrayParam *destinations;
    HeedArrayParam *sources;
    HeedArrayParam *classes;
    HeedArrayParam *refused;
    HeedArrayParam *attempts;
    HeedArrayParam *since;
    HeedArrayParam *last;
    HeedArrayParam *replies;
    HeedArrayParam *paused_until;
    HeedArrayParam *whys;
    HeedArrayParam *step_destinations;
    HeedArrayParam *step_sources;
    HeedArrayParam *from;
    HeedArrayParam *until;
    HeedArrayParam *phases;
    HeedArrayParam *rungs;
    HeedArrayParam *connections;
    HeedArrayParam *messages;
} Writing;

/* One destination at a time is gathered, planned and written down. */
typedef struct Update {
    const HeedThrottleExpert *expert;
    int64_t now;            /* minute */
    char *destination;      /* owned; NULL before the first */
    char *source_ip;        /* owned */
    char *reply;            /* owned; the newest, of several the last by its bytes */
    int64_t replied_at;     /* minute */
    GArray *rows;           /* owned; HeedThrottleRow */
    HeedThrottlePlan *plan; /* owned */
    HeedParams *params;     /* owned */
    Writing writing;
} Update;

static void
update_clear(Update *update)
{
    g_free(update->destination);
    g_free(update->source_ip);
    g_free(update->reply);
    g_free(update->plan);
    g_clear_pointer(&update->rows, g_array_unref);
    g_clear_pointer(&update->params, heed_params_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Update, update_clear)

static void
open_arrays(Update *update)
{
    HeedParams *params = update->params;

    update->writing = (Writing){.destinations = heed_params_text_array(params),
                                .sources = heed_params_text_array(params),
                                .classes = heed_params_text_array(params),
                                .refused = heed_params_int_array(params),
                                .attempts = heed_params_int_array(params),
                                .since = heed_params_time_array(params),
                                .last = heed_params_time_array(params),
                                .replies = heed_params_text_array(params),
                                .paused_until = heed_params_time_array(params),
                                .whys = heed_params_text_array(params),
                                .step_destinations = heed_params_text_array(params),
                                .step_sources = heed_params_text_array(params),
                                .from = heed_params_time_array(params),
                                .until = heed_params_time_array(params),
                                .phases = heed_params_text_array(params),
                                .rungs = heed_params_int_array(params),
                                .connections = heed_params_int_array(params),
                                .messages = heed_params_int_array(params)};
}

/* --- why, in words --- */

static const struct {
    HeedClass class_;
    const char *words;
} causes[HEED_THROTTLE_CAUSES] = {
    [HEED_THROTTLE_NONE] = {HEED_CLASS_NONE, ""},
    [HEED_THROTTLE_RATE] = {HEED_CLASS_RATE_LIMIT, "because of too much mail in a time"},
    [HEED_THROTTLE_STANDING] = {HEED_CLASS_REPUTATION, "because of the sender's reputation"},
    [HEED_THROTTLE_CONNECTIONS] = {HEED_CLASS_TOO_MANY_CONNECTIONS,
                                   "because of too many connections"},
    [HEED_THROTTLE_OVERLOAD] = {HEED_CLASS_SYSTEM, "because the receiver is in trouble itself"},
};

/* "90 minutes", "4 hours" */
static char *
duration(int64_t seconds)
{
    int64_t minutes = (seconds + 59) / 60;

    if (minutes % 60 == 0)
        return g_strdup_printf("%" PRId64 " hour%s", minutes / 60, minutes == 60 ? "" : "s");
    return g_strdup_printf("%" PRId64 " minute%s", minutes, minutes == 1 ? "" : "s");
}

static char *
say_why(const HeedThrottlePlan *plan, unsigned published)
{
    GString *why = g_string_new(NULL);

    g_string_append_printf(why,
                           "%" PRIu64 " of %" PRIu64
                           " attempts in 24 hours were put off or refused, most of them %s",
                           plan->refused, plan->attempts, causes[plan->cause].words);
    if (plan->documented) {
        g_autofree char *wait = duration(plan->wait);

        g_string_append_printf(why, "; after the newest reply one is to wait %s", wait);
    }
    if (published > 0)
        g_string_append_printf(why, "; it publishes a limit of %u connections", published);
    return g_string_free(why, FALSE);
}

/* --- one destination --- */

static void
add_limit(HeedArrayParam *array, uint64_t limit)
{
    if (limit == 0)
        heed_array_add_null(array);
    else
        heed_array_add_int(array, (int64_t)limit);
}

static void
write_step(Update *update, size_t which)
{
    const HeedThrottlePlan *plan = update->plan;
    const HeedThrottleStep *step = &plan->steps[which];
    Writing *writing = &update->writing;
    int64_t until = which + 1 < plan->count ? plan->steps[which + 1].from : plan->end;

    heed_array_add_text(writing->step_destinations, update->destination);
    heed_array_add_text(writing->step_sources, update->source_ip);
    heed_array_add_time(writing->from, step->from * 60);
    heed_array_add_time(writing->until, until * 60);
    heed_array_add_text(writing->phases, heed_throttle_phase_name(step->phase));
    heed_array_add_int(writing->rungs, step->rung);
    add_limit(writing->connections, step->connections);
    add_limit(writing->messages, step->messages);
}

static void
write_advice(Update *update, unsigned published)
{
    const HeedThrottlePlan *plan = update->plan;
    Writing *writing = &update->writing;
    g_autofree char *why = say_why(plan, published);

    heed_array_add_text(writing->destinations, update->destination);
    heed_array_add_text(writing->sources, update->source_ip);
    heed_array_add_text(writing->classes, heed_class_name(causes[plan->cause].class_));
    heed_array_add_int(writing->refused, (int64_t)plan->refused);
    heed_array_add_int(writing->attempts, (int64_t)plan->attempts);
    heed_array_add_time(writing->since, plan->since * 60);
    heed_array_add_time(writing->last, plan->last * 60);
    heed_array_add_text(writing->replies, update->reply);
    heed_array_add_time(writing->paused_until,
                        plan->pause_until == 0 ? HEED_DATE_UNKNOWN : plan->pause_until * 60);
    heed_array_add_text(writing->whys, why);
    for (size_t i = 0; i < plan->count; i++)
        write_step(update, i);
}

/* Plans what was gathered, and makes ready for the next. */
static void
finish_destination(Update *update)
{
    unsigned published;

    if (update->destination == NULL)
        return;
    published = update->expert->connections(update->expert->data, update->destination);
    heed_throttle_plan((const HeedThrottleRow *)(const void *)update->rows->data, update->rows->len,
                       update->now, published, update->plan);
    if (update->plan->count > 0)
        write_advice(update, published);
    g_array_set_size(update->rows, 0);
    g_clear_pointer(&update->reply, g_free);
}

static void
keep_newest_reply(Update *update, const char *reply, int64_t minute)
{
    bool is_newer = update->reply == NULL || minute > update->replied_at ||
                    (minute == update->replied_at && g_strcmp0(reply, update->reply) > 0);

    if (reply == NULL || !is_newer)
        return;
    g_free(update->reply);
    update->reply = g_strdup(reply);
    update->replied_at = minute;
}

static void
take_minute(const HeedRows *row, void *data)
{
    Update *update = data;
    const char *destination = heed_rows_text(row, 0, MINUTE_DESTINATION);
    const char *source_ip = heed_rows_text(row, 0, MINUTE_SOURCE);
    const char *reply = heed_rows_text(row, 0, MINUTE_REPLY);
    uint64_t failed = (uint64_t)heed_rows_int(row, 0, MINUTE_FAILED);
    HeedThrottleRow minute = {.minute = heed_rows_int(row, 0, MINUTE_AT) / 60,
                              .taken = (uint64_t)heed_rows_int(row, 0, MINUTE_DELIVERED)};
    HeedClass class_ = HEED_CLASS_NONE;

    if (g_strcmp0(destination, update->destination) != 0 ||
        g_strcmp0(source_ip, update->source_ip) != 0) {
        finish_destination(update);
        g_free(update->destination);
        g_free(update->source_ip);
        update->destination = g_strdup(destination);
        update->source_ip = g_strdup(source_ip);
    }
    if (heed_class_from_name(heed_rows_text(row, 0, MINUTE_CLASS), &class_))
        minute.cause = heed_throttle_cause(class_);
    if (minute.cause == HEED_THROTTLE_NONE) {
        /* Who answers that there is no such user has dealt with the attempt; who greylists has not.
         */
        minute.taken += failed;
    } else {
        minute.refused = (uint64_t)heed_rows_int(row, 0, MINUTE_DEFERRED) + failed;
        minute.wait = update->expert->wait(update->expert->data, destination, class_, reply,
                                           &minute.documented);
        keep_newest_reply(update, reply, minute.minute);
    }
    g_array_append_val(update->rows, minute);
}

/* --- all of them --- */

static void
add_classes(HeedParams *params)
{
    HeedArrayParam *classes = heed_params_text_array(params);

    for (size_t i = 0; i < G_N_ELEMENTS(causes); i++)
        if (i != HEED_THROTTLE_NONE)
            heed_array_add_text(classes, heed_class_name(causes[i].class_));
}

static bool
read_minutes(HeedDatabase *database, Update *update, GError **error)
{
    g_autoptr(HeedParams) params = heed_params_new();

    add_classes(params);
    heed_params_int(params, HEED_THROTTLE_LEAST);
    heed_params_int(params, HEED_LIMIT_THROTTLED);
    heed_params_int(params, HEED_THROTTLE_MINUTES);
    if (!heed_database_query_each(database, "read the attempts",
                                  heed_suppress_query("throttle_minutes.sql"), params, take_minute,
                                  update, error))
        return false;
    finish_destination(update);
    return true;
}

static bool
read_known_until(HeedDatabase *database, int64_t *out, GError **error)
{
    g_autoptr(HeedRows) rows =
        heed_database_query_row(database, "read how far the logs reach",
                                heed_suppress_query("throttle_logs.sql"), NULL, error);

    if (rows == NULL)
        return false;
    *out = heed_rows_time(rows, 0, 0);
    return true;
}

bool
heed_throttle_update(HeedDatabase *database,
                     const HeedThrottleExpert *expert,
                     int64_t *out_known_until,
                     GError **error)
{
    g_auto(Update) update = {.expert = expert,
                             .rows = g_array_new(FALSE, FALSE, sizeof(HeedThrottleRow)),
                             .plan = g_new0(HeedThrottlePlan, 1),
                             .params = heed_params_new()};
    g_autoptr(HeedTransaction) transaction = heed_transaction_begin(database, error);
    g_autoptr(HeedRows) now = NULL;

    if (transaction == NULL)
        return false;
    now = heed_database_query_row(database, "lock the advice",
                                  heed_suppress_query("throttle_lock.sql"), NULL, error);
    if (now == NULL)
        return false;
    update.now = heed_rows_time(now, 0, 0) / 60;
    open_arrays(&update);
    return read_known_until(database, out_known_until, error) &&
           read_minutes(database, &update, error) &&
           heed_database_run(database, "clear the advice",
                             heed_suppress_query("throttle_clear.sql"), NULL, error) &&
           heed_database_run(database, "write the advice",
                             heed_suppress_query("throttle_write.sql"), update.params, error) &&
           heed_transaction_commit(transaction, error);
}

/* --- reading it --- */

static void
advice_free(void *data)
{
    HeedThrottleAdvice *advice = data;

    g_free(advice->destination);
    g_free(advice->source_ip);
    g_free(advice->phase);
    g_free(advice->why);
    g_free(advice->class_);
    g_free(advice->reply);
    g_free(advice);
}

static HeedThrottleAdvice *
read_advice(const HeedRows *rows, size_t row)
{
    HeedThrottleAdvice *advice = g_new0(HeedThrottleAdvice, 1);

    advice->destination = g_strdup(heed_rows_text(rows, row, LIST_DESTINATION));
    advice->source_ip = g_strdup(heed_rows_text(rows, row, LIST_SOURCE));
    advice->connections = heed_rows_int(rows, row, LIST_CONNECTIONS);
    advice->messages = heed_rows_int(rows, row, LIST_MESSAGES);
    advice->paused_until = heed_rows_time(rows, row, LIST_PAUSED_UNTIL);
    advice->phase = g_strdup(heed_rows_text(rows, row, LIST_PHASE));
    advice->step = (unsigned)heed_rows_int(rows, row, LIST_STEP);
    advice->why = g_strdup(heed_rows_text(rows, row, LIST_WHY));
    advice->class_ = g_strdup(heed_rows_text(rows, row, LIST_CLASS));
    advice->reply = g_strdup(heed_rows_text(rows, row, LIST_REPLY));
    advice->refused = heed_rows_int(rows, row, LIST_REFUSED);
    advice->attempts = heed_rows_int(rows, row, LIST_ATTEMPTS);
    advice->since = heed_rows_time(rows, row, LIST_SINCE);
    advice->last_refused_at = heed_rows_time(rows, row, LIST_LAST);
    advice->next_step_at = heed_rows_time(rows, row, LIST_NEXT);
    advice->as_of = heed_rows_time(rows, row, LIST_AS_OF);
    return advice;
}

GPtrArray *
heed_throttle_list(HeedDatabase *database, GError **error)
{
    g_autoptr(HeedRows) rows = heed_database_query(
        database, "read the advice", heed_suppress_query("throttle_list.sql"), NULL, error);
    GPtrArray *list;

    if (rows == NULL)
        return NULL;
    list = g_ptr_array_new_with_free_func(advice_free);
    for (size_t row = 0; row < heed_rows_count(rows); row++)
        g_ptr_array_add(list, read_advice(rows, row));
    return list;
}

GPtrArray *
heed_throttle_domains(HeedDatabase *database, const char *provider, GError **error)
{
    g_autoptr(HeedParams) params = heed_params_new();
    g_autoptr(HeedRows) rows = NULL;
    GPtrArray *domains;

    heed_params_text(params, provider);
    heed_params_int(params, HEED_LIMIT_THROTTLED_DOMAINS);
    rows = heed_database_query(database, "read the domains of a provider",
                               heed_suppress_query("throttle_domains.sql"), params, error);
    if (rows == NULL)
        return NULL;
    domains = g_ptr_array_new_with_free_func(g_free);
    for (size_t row = 0; row < heed_rows_count(rows); row++)
        g_ptr_array_add(domains, g_strdup(heed_rows_text(rows, row, 0)));
    return domains;
}
