/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/log_failure.h"

#include <openssl/evp.h>
#include <string.h>

#include "base/error.h"
#include "parsers/address.h"
#include "parsers/classify.h"
#include "parsers/verp.h"

struct HeedLogFailures {
    const HeedLogJob *job;
    HeedRules *rules;
    EVP_MD *sha256;
    EVP_MD_CTX *context;
    char *format; /* of the reports: "postfix-log" */
};

HeedLogFailures *
heed_log_failures_new(const HeedLogJob *job, HeedRules *rules, GError **error)
{
    g_autoptr(HeedLogFailures) failures = g_new0(HeedLogFailures, 1);

    failures->job = job;
    failures->rules = rules;
    failures->format = g_strconcat(heed_log_format_name(job->format), "-log", NULL);
    failures->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    failures->context = EVP_MD_CTX_new();
    if (failures->sha256 != NULL && failures->context != NULL)
        return g_steal_pointer(&failures);
    g_set_error_literal(error, HEED_ERROR, HEED_ERROR_INTERNAL, "OpenSSL has no SHA-256");
    return NULL;
}

void
heed_log_failures_free(HeedLogFailures *failures)
{
    if (failures == NULL)
        return;
    EVP_MD_CTX_free(failures->context);
    EVP_MD_free(failures->sha256);
    g_free(failures->format);
    g_free(failures);
}

/* --- which failure it is --- */

static void
add(HeedLogFailures *failures, const char *name, HeedSpan value)
{
    (void)EVP_DigestUpdate(failures->context, name, strlen(name) + 1);
    if (value.length > 0)
        (void)EVP_DigestUpdate(failures->context, value.at, value.length);
    (void)EVP_DigestUpdate(failures->context, "", 1);
}

/* Letter case of ASCII does not tell two recipients apart. */
static void
add_recipient(HeedLogFailures *failures, HeedSpan recipient)
{
    g_autofree char *lower = g_ascii_strdown(recipient.at, (gssize)recipient.length);

    add(failures, "recipient", (HeedSpan){lower, recipient.length});
}

void
heed_log_failures_digest(HeedLogFailures *failures,
                         const HeedLogEvent *event,
                         uint8_t out[HEED_DIGEST_BYTES])
{
    bool deferred = event->outcome == HEED_LOG_DEFERRED;
    int64_t time = GINT64_TO_LE(event->time);

    (void)EVP_DigestInit_ex2(failures->context, failures->sha256, NULL);
    if (event->message_id.length > 0) {
        add(failures, "log message-id", event->message_id);
    } else if (event->queue_id.length > 0) {
        add(failures, "log queue-id", event->queue_id);
        add(failures, "sender", event->sender);
    } else {
        add(failures, "log time", (HeedSpan){(const char *)&time, sizeof(time)});
    }
    add_recipient(failures, event->recipient);
    add(failures, deferred ? "delayed" : "failed", (HeedSpan){0});
    (void)EVP_DigestFinal_ex(failures->context, out, NULL);
}

/* --- whom the sender had mailed --- */

static bool
is_ours(const HeedLogFailures *failures, const char *address)
{
    return heed_domain_is_among(heed_address_domain(address), failures->job->domains);
}

/* What the envelope's sender says of whom the copy was for, as parsers/about.h believes it of a
 * bounce: a pattern of ours always, a common scheme of a domain of ours. */
static char *
named_by_sender(const HeedLogFailures *failures, const char *sender)
{
    char *named = NULL;
    HeedVerp how = heed_verp_decode(sender, failures->job->verp, &named);

    if (how == HEED_VERP_CONFIGURED || (how == HEED_VERP_COMMON && is_ours(failures, sender)))
        return named;
    g_free(named);
    return NULL;
}

static char *
normalise(HeedSpan span)
{
    return span.length == 0 ? NULL : heed_address_normalise(span.at, (gssize)span.length);
}

static char *
sender_of(const HeedLogEvent *event)
{
    g_autofree char *address = normalise(event->sender);

    return address == NULL ? NULL : heed_verp_undo(address);
}

char *
heed_log_failures_address(const HeedLogFailures *failures,
                          const HeedLogEvent *event,
                          HeedAddressSource *out_source)
{
    g_autofree char *original = normalise(event->original_recipient);
    g_autofree char *final = normalise(event->recipient);
    g_autofree char *sender = sender_of(event);
    g_autofree char *named = NULL;
    char *untagged = NULL;
    const char *best = original != NULL ? original : final;

    *out_source = original != NULL ? HEED_ADDRESS_SOURCE_ORIGINAL_RECIPIENT
                                   : HEED_ADDRESS_SOURCE_FINAL_RECIPIENT;
    if (sender != NULL && (best == NULL || !heed_verp_agrees(sender, best)))
        named = named_by_sender(failures, sender);
    if (named != NULL) {
        best = named;
        *out_source = HEED_ADDRESS_SOURCE_VERP;
    }
    if (best == NULL) {
        *out_source = HEED_ADDRESS_SOURCE_NONE;
        return NULL;
    }
    untagged = heed_verp_untag(best);
    return untagged != NULL ? untagged : g_strdup(best);
}

/* --- */

static const char *
text(HeedReport *report, HeedSpan span)
{
    return span.length == 0 ? NULL : heed_report_text(report, span.at, (gssize)span.length);
}

HeedReport *
heed_log_failures_report(HeedLogFailures *failures, const HeedLogEvent *event)
{
    bool deferred = event->outcome == HEED_LOG_DEFERRED;
    HeedReport *report = heed_report_new();
    HeedRecipient *recipient = heed_report_add_recipient(report);
    g_autofree char *address = NULL;

    report->kind = deferred ? HEED_KIND_DELAY : HEED_KIND_BOUNCE;
    /* Our own server says so, and writes its log itself. */
    report->trust = HEED_TRUST_AUTHENTICATED;
    report->format = heed_report_text(report, failures->format, -1);
    report->date = event->time;
    report->original.message_id = text(report, event->message_id);
    report->original.queue_id = text(report, event->queue_id);
    report->original.return_path = text(report, event->sender);
    /* What a complaint has of it, too: the counts by source address are made of this. */
    if (event->source_ip.length > 0)
        heed_report_feedback(report)->source_ip = text(report, event->source_ip);
    recipient->action = deferred ? HEED_ACTION_DELAYED : HEED_ACTION_FAILED;
    recipient->original_recipient = text(report, event->original_recipient);
    recipient->final_recipient = text(report, event->recipient);
    recipient->status = heed_report_text(report, event->status, -1);
    recipient->code = heed_report_text(report, event->code, -1);
    recipient->diagnostic = text(report, event->reply);
    recipient->remote_mta =
        text(report, event->relay_host.length > 0 ? event->relay_host : event->relay_ip);
    recipient->last_attempt_date = event->time;
    address = heed_log_failures_address(failures, event, &recipient->address_source);
    recipient->address = heed_report_text(report, address, -1);
    heed_classify_recipient(report, recipient, failures->job->relays, failures->rules);
    return report;
}

HeedClass
heed_log_failures_class(HeedLogFailures *failures, const HeedLogEvent *event)
{
    g_autoptr(HeedReport) report = heed_log_failures_report(failures, event);

    return g_array_index(report->recipients, HeedRecipient, 0).class_;
}
