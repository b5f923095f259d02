/* SPDX-License-Identifier: Apache-2.0 */
/* Events of a log in, sums and failures out. */
#include <glib.h>
#include <string.h>

#include "base/limits.h"
#include "ingest/log_collect.h"
#include "ingest/log_failure.h"
#include "ingest/log_frames.h"
#include "ingest/log_seen.h"

/* What happens; NULL is unknown. */
typedef struct Happening {
    HeedLogOutcome outcome;
    int64_t time;
    const char *sender;
    const char *recipient;
    const char *original_recipient;
    const char *relay_host;
    const char *message_id;
    const char *reply;
    const char *status;
    bool internal;
    bool untried;
} Happening;

/* Ends with one without recipient. */
typedef struct Row {
    const char *name;
    Happening happenings[4];
    const char *volumes;  /* "HOUR DOMAIN PROVIDER SENDER DELIVERED/FAILED;" */
    const char *attempts; /* "MINUTE DESTINATION CLASS DELIVERED/DEFERRED/FAILED;" */
    const char *failures; /* "KIND ADDRESS SOURCE CLASS VERDICT;" */
} Row;

#define FULL "452 4.2.2 The email account that you tried to reach is over quota"

static const Row rows[] = {
    {"delivered",
     {{HEED_LOG_DELIVERED, 3700, "b@News.Example.com", "A@Shop.example.", NULL, "mx.shop.example",
       "1@x", "250 ok", "2.0.0", false, false}},
     "3600 shop.example  news.example.com 1/0;",
     "",
     ""},
    {"provider-by-host",
     {{HEED_LOG_DELIVERED, 3700, "b@example.com", "a@shop.example", NULL, "aspmx.l.google.com",
       "1@x", "250 ok", "2.0.0", false, false}},
     "3600 shop.example gmail example.com 1/0;",
     "3660 gmail  1/0/0;",
     ""},
    {"minutes-with-trouble",
     {{HEED_LOG_DELIVERED, 61, "b@example.com", "a@shop.example", NULL, "mx.shop.example", "1@x",
       "250 ok", "2.0.0", false, false},
      {HEED_LOG_DEFERRED, 62, "b@example.com", "c@shop.example", NULL, "mx.shop.example", "2@x",
       FULL, "4.2.2", false, false},
      {HEED_LOG_DELIVERED, 121, "b@example.com", "a@shop.example", NULL, "mx.shop.example", "3@x",
       "250 ok", "2.0.0", false, false}},
     "0 shop.example  example.com 2/0;",
     "60 shop.example  1/0/0;60 shop.example mailbox-full 0/1/0;",
     "delay c@shop.example final-recipient mailbox-full soft;"},
    {"deferred-again-then-failed",
     {{HEED_LOG_DEFERRED, 62, "b@example.com", "c@shop.example", NULL, "mx.shop.example", "2@x",
       FULL, "4.2.2", false, false},
      {HEED_LOG_DEFERRED, 63, "b@example.com", "c@shop.example", NULL, "mx.shop.example", "2@x",
       "421 try later", "4.3.2", false, false},
      {HEED_LOG_EXPIRED, 7300, "b@example.com", "c@shop.example", NULL, "mx.shop.example", "2@x",
       FULL, "4.2.2", false, false}},
     "7200 shop.example  example.com 0/1;",
     "60 shop.example mailbox-full 0/1/0;60 shop.example system 0/1/0;",
     "delay c@shop.example final-recipient mailbox-full soft;"
     "bounce c@shop.example final-recipient mailbox-full soft;"},
    {"unasked",
     {{HEED_LOG_DEFERRED, 62, "b@example.com", "c@shop.example", NULL, "mx.shop.example", "2@x",
       "421 try later", "4.3.2", false, false},
      {HEED_LOG_DEFERRED, 63, "b@example.com", "d@shop.example", NULL, NULL, "3@x", "421 try later",
       "4.3.2", false, true}},
     "",
     "60 shop.example system 0/1/0;",
     "delay c@shop.example final-recipient system transient;"
     "delay d@shop.example final-recipient system transient;"},
    {"alias-and-verp",
     {{HEED_LOG_FAILED, 62, "b@example.com", "c@shop.example", "alias@shop.example",
       "mx.shop.example", "2@x", "550 5.1.1 user unknown", "5.1.1", false, false},
      {HEED_LOG_FAILED, 62, "bounces+d=other.example@example.com", "c@shop.example", NULL,
       "mx.shop.example", "3@x", "550 5.1.1 user unknown", "5.1.1", false, false}},
     "0 shop.example  example.com 0/2;",
     "60 shop.example bad-mailbox 0/0/2;",
     "bounce alias@shop.example original-recipient bad-mailbox hard;"
     "bounce d@other.example verp bad-mailbox hard;"},
    {"within-and-in",
     {{HEED_LOG_DELIVERED, 61, "b@example.com", "a@shop.example", NULL, NULL, "1@x", "queued",
       "2.0.0", true, false},
      {HEED_LOG_DELIVERED, 61, "x@elsewhere.example", "me@example.com", NULL, NULL, "1@x",
       "delivered to mailbox", "2.0.0", false, false},
      {HEED_LOG_DELIVERED, 61, "", "me@example.com", NULL, NULL, "1@x", "delivered to mailbox",
       "2.0.0", false, false}},
     "",
     "",
     ""},
    {"to-ourselves-and-from-nobody",
     {{HEED_LOG_DELIVERED, 61, "b@example.com", "me@example.com", NULL, NULL, "1@x", "ok", "2.0.0",
       false, false},
      {HEED_LOG_DELIVERED, 61, NULL, "me@example.com", NULL, NULL, NULL, "ok", "2.0.0", false,
       false},
      {HEED_LOG_DELIVERED, 61, "", "a@shop.example", NULL, NULL, "1@x", "ok", "2.0.0", false,
       false}},
     "0 example.com   1/0;0 example.com  example.com 1/0;0 shop.example   1/0;",
     "",
     ""},
    {"time-to-come",
     {{HEED_LOG_DELIVERED, 9000000, "b@example.com", "a@shop.example", NULL, NULL, "1@x", "ok",
       "2.0.0", false, false}},
     "100800 shop.example  example.com 1/0;",
     "",
     ""},
};

/* --- */

static HeedSpan
span(const char *text)
{
    return (HeedSpan){text, text != NULL ? strlen(text) : 0};
}

static HeedLogEvent
event_of(const Happening *happening)
{
    HeedLogEvent event = HEED_LOG_EVENT_UNKNOWN;

    event.outcome = happening->outcome;
    event.time = happening->time;
    event.sender = span(happening->sender);
    event.recipient = span(happening->recipient);
    event.original_recipient = span(happening->original_recipient);
    event.relay_host = span(happening->relay_host);
    event.message_id = span(happening->message_id);
    event.reply = span(happening->reply);
    g_strlcpy(event.status, happening->status, sizeof(event.status));
    event.internal = happening->internal;
    event.untried = happening->untried;
    return event;
}

static HeedRules *
load_rules(void)
{
    const HeedRulesOptions options = {.cache_folder = HEED_TEST_RULES_CACHE};
    g_autoptr(GError) error = NULL;
    HeedRules *rules = heed_rules_load(&options, &error);

    g_assert_no_error(error);
    return rules;
}

static const char *const domains[] = {"example.com", NULL};
static const HeedLogJob job = {.format = HEED_LOG_POSTFIX, .domains = domains};

static void
take_failure(const uint8_t digest[HEED_DIGEST_BYTES],
             const HeedReport *report,
             int64_t time,
             void *data)
{
    const HeedRecipient *recipient = &g_array_index(report->recipients, HeedRecipient, 0);

    (void)digest;
    g_assert_cmpint(time, ==, report->date);
    g_assert_cmpstr(report->format, ==, "postfix-log");
    g_string_append_printf(data, "%s %s %s %s %s;", heed_kind_name(report->kind),
                           recipient->address, heed_address_source_name(recipient->address_source),
                           heed_class_name(recipient->class_),
                           heed_verdict_name(recipient->verdict));
}

static int
by_text(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Tables have no order. */
static char *
sorted(GPtrArray *lines)
{
    GString *text = g_string_new(NULL);

    g_ptr_array_sort(lines, by_text);
    for (guint i = 0; i < lines->len; i++)
        g_string_append(text, g_ptr_array_index(lines, i));
    return g_string_free(text, FALSE);
}

static char *
volumes_of(const HeedLogSums *sums)
{
    g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);

    for (guint i = 0; i < sums->volumes->len; i++) {
        const HeedLogVolume *volume = &g_array_index(sums->volumes, HeedLogVolume, i);

        g_ptr_array_add(lines,
                        g_strdup_printf("%" G_GINT64_FORMAT " %s %s %s %" G_GUINT64_FORMAT
                                        "/%" G_GUINT64_FORMAT ";",
                                        volume->hour, volume->domain, volume->provider,
                                        volume->sender_domain, volume->delivered, volume->failed));
    }
    return sorted(lines);
}

static char *
attempts_of(const HeedLogSums *sums)
{
    g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);

    for (guint i = 0; i < sums->attempts->len; i++) {
        const HeedLogAttempt *attempt = &g_array_index(sums->attempts, HeedLogAttempt, i);

        g_assert_true((attempt->reply == NULL) == (*attempt->class_ == '\0'));
        g_ptr_array_add(lines,
                        g_strdup_printf("%" G_GINT64_FORMAT " %s %s %" G_GUINT64_FORMAT
                                        "/%" G_GUINT64_FORMAT "/%" G_GUINT64_FORMAT ";",
                                        attempt->minute, attempt->destination, attempt->class_,
                                        attempt->delivered, attempt->deferred, attempt->failed));
    }
    return sorted(lines);
}

static void
test_row(gconstpointer data)
{
    const Row *row = data;
    g_autoptr(HeedRules) rules = load_rules();
    g_autoptr(HeedLogCollector) collector = heed_log_collector_new(&job, rules, NULL);
    g_autoptr(GString) failures = g_string_new(NULL);
    HeedLogTally tally;

    heed_log_collector_to(collector, take_failure, failures);
    heed_log_collector_refer(collector, 102000);
    /* Twice: after it was handed over, it begins anew, but tells no failure again. */
    for (int round = 0; round < 2; round++) {
        g_autoptr(HeedLogSums) sums = NULL;
        g_autofree char *volumes = NULL;
        g_autofree char *attempts = NULL;

        for (size_t i = 0; row->happenings[i].recipient != NULL; i++) {
            HeedLogEvent event = event_of(&row->happenings[i]);

            heed_log_collector_take(&event, collector);
        }
        sums = heed_log_collector_finish(collector, &tally);
        volumes = volumes_of(sums);
        attempts = attempts_of(sums);
        g_assert_cmpstr(volumes, ==, row->volumes);
        g_assert_cmpstr(attempts, ==, row->attempts);
        g_assert_cmpstr(failures->str, ==, row->failures);
    }
}

/* Stored: must never change. */
static void
test_digest(void)
{
    g_autoptr(HeedLogFailures) failures = heed_log_failures_new(&job, NULL, NULL);
    Happening happening = {
        HEED_LOG_FAILED, 61,   "b@example.com", "A@shop.example", NULL, "mx", "1@x", "550", "5.1.1",
        false,           false};
    static const char want[] = "bff2d94aadffc003afddc90f92a6719393da0e58f9e34de33cb230e9372e07e8";
    uint8_t digest[HEED_DIGEST_BYTES];
    uint8_t other[HEED_DIGEST_BYTES];
    HeedLogEvent event = event_of(&happening);
    g_autoptr(GString) hex = g_string_new(NULL);

    heed_log_failures_digest(failures, &event, digest);
    for (size_t i = 0; i < sizeof(digest); i++)
        g_string_append_printf(hex, "%02x", digest[i]);
    g_assert_cmpstr(hex->str, ==, want);
    /* Neither time nor reply, letter case nor an expiry in place of a refusal makes another. */
    happening.time = 5000;
    happening.recipient = "a@SHOP.example";
    happening.reply = "551";
    happening.outcome = HEED_LOG_EXPIRED;
    event = event_of(&happening);
    event.queue_id = span("Q");
    heed_log_failures_digest(failures, &event, other);
    g_assert_cmpint(memcmp(other, digest, sizeof(digest)), ==, 0);
    happening.outcome = HEED_LOG_DEFERRED;
    event = event_of(&happening);
    heed_log_failures_digest(failures, &event, other);
    g_assert_cmpint(memcmp(other, digest, sizeof(digest)), !=, 0);
}

/* A delivery is about whom a failure would be about, or it could not clear what that counted. */
static void
test_delivered_address(void)
{
    static const HeedLogJob telling = {
        .format = HEED_LOG_POSTFIX, .domains = domains, .deliveries = true};
    static const char *const cases[][4] = {
        /* sender, recipient, the one before aliases, whom it is about */
        {"b@example.com", "Ann+News@shop.example", NULL, "ann+news@shop.example"},
        {"b@example.com", "c@shop.example", "alias@shop.example", "alias@shop.example"},
        {"bounces+ann=shop.example@example.com", "ann+news@shop.example", NULL, "ann@shop.example"},
        {"bounces+d=other.example@example.com", "c@shop.example", NULL, "d@other.example"},
        {"bounces+d=other.example@stranger.example", "c@shop.example", NULL, "c@shop.example"},
        {"b@example.com", "prvs=0123456789=ann@shop.example", NULL, "ann@shop.example"}};
    g_autoptr(HeedRules) rules = load_rules();
    g_autoptr(HeedLogCollector) collector = heed_log_collector_new(&telling, rules, NULL);
    g_autoptr(HeedLogSums) sums = NULL;
    HeedLogTally tally;

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        HeedLogEvent event =
            event_of(&(Happening){HEED_LOG_DELIVERED, 61, cases[i][0], cases[i][1], cases[i][2],
                                  "mx.shop.example", "1@x", "250 ok", "2.0.0", false, false});

        heed_log_collector_take(&event, collector);
    }
    sums = heed_log_collector_finish(collector, &tally);
    g_assert_cmpuint(sums->deliveries->len, ==, G_N_ELEMENTS(cases));
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
        g_assert_cmpstr(g_array_index(sums->deliveries, HeedLogDelivery, i).address, ==,
                        cases[i][3]);
}

/* Whatever is logged, what is handed over fits into a frame. */
static void
test_fits(void)
{
    static const HeedLogJob telling = {.format = HEED_LOG_POSTFIX, .deliveries = true};
    g_autoptr(HeedLogCollector) collector = heed_log_collector_new(&telling, NULL, NULL);
    g_autoptr(GString) failures = g_string_new(NULL);
    g_autofree char *label = g_strnfill(60, 'x');
    g_autofree char *id = g_strnfill(3000, (gchar)0xe9);
    HeedLogTally tally;
    g_autoptr(HeedLogSums) sums = NULL;
    g_autoptr(GBytes) frame = NULL;
    unsigned count = 0;

    heed_log_collector_to(collector, take_failure, failures);
    while (!heed_log_collector_is_full(collector)) {
        g_autofree char *recipient =
            g_strdup_printf("a%u@%s.%s.%s.example", count, label, label, label);
        g_autofree char *sender = g_strdup_printf("b@%s.%s.n%u.example", label, label, count);
        HeedLogEvent event =
            event_of(&(Happening){HEED_LOG_DELIVERED, 60 * (int64_t)count, sender, recipient, NULL,
                                  "mx", id, "250 ok", "2.0.0", false, false});

        heed_log_collector_take(&event, collector);
        count++;
    }
    g_assert_cmpuint(count, >, 100);
    sums = heed_log_collector_finish(collector, &tally);
    frame = heed_log_batch_frame(1, &tally, sums);
    g_assert_cmpuint(g_bytes_get_size(frame), <, HEED_LIMIT_FRAME_BYTES);
}

static void
test_seen(void)
{
    g_autoptr(HeedLogSeen) seen = heed_log_seen_new(16);
    uint8_t digest[HEED_DIGEST_BYTES] = {0};

    for (uint8_t round = 0; round < 2; round++)
        for (uint8_t i = 1; i <= 12; i++) {
            digest[0] = i & 1;
            digest[9] = i;
            g_assert_cmpint(heed_log_seen_add(seen, digest), ==, round == 0);
        }
    /* One too many: all is forgotten, but this one. */
    digest[9] = 13;
    g_assert_true(heed_log_seen_add(seen, digest));
    g_assert_false(heed_log_seen_add(seen, digest));
    digest[9] = 1;
    g_assert_true(heed_log_seen_add(seen, digest));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *path = g_strconcat("/log-collect/", rows[i].name, NULL);

        g_test_add_data_func(path, &rows[i], test_row);
    }
    g_test_add_func("/log-collect/delivered-address", test_delivered_address);
    g_test_add_func("/log-collect/digest", test_digest);
    g_test_add_func("/log-collect/fits", test_fits);
    g_test_add_func("/log-collect/seen", test_seen);
    return g_test_run();
}
