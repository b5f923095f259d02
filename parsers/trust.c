/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/trust.h"

#include "parsers/address.h"
#include "parsers/authres.h"
#include "parsers/host.h"
#include "parsers/provider.h"
#include "parsers/received.h"

#include <string.h>

/* What our receivers wrote about the arrival. */
typedef struct Arrival {
    size_t boundary;   /* fields from this index on were brought by the message; 0: none are ours */
    HeedReceived last; /* the lowest hop that our receivers wrote */
    int64_t date;      /* of their topmost one */
    bool handed_on;    /* the last hop is still among ourselves: nothing is below it */
} Arrival;

static bool
field_is(const HeedTrustInput *input, size_t index, const char *name)
{
    return g_ascii_strcasecmp(input->names[index], name) == 0;
}

static bool
is_loopback(const HeedReceived *hop)
{
    return g_str_has_prefix(hop->address, "127.") || strcmp(hop->address, "::1") == 0;
}

static bool
address_is_among(const char *address, const char *const *list)
{
    char canonical[HEED_ADDRESS_TEXT_BYTES];

    for (; address[0] != '\0' && list != NULL && *list != NULL; list++)
        if (heed_address_text(*list, strlen(*list), canonical) && strcmp(canonical, address) == 0)
            return true;
    return false;
}

static bool
client_is_among(const HeedReceived *hop, const char *const *list)
{
    return (hop->name[0] != '\0' && heed_domain_is_among(hop->name, list)) ||
           address_is_among(hop->address, list);
}

/* Whether the hop before this one was written by one of ourselves, too. */
static bool
is_inner_hop(const HeedReceived *hop, const char *const *receivers)
{
    return hop->local || hop->lmtp || is_loopback(hop) || client_is_among(hop, receivers);
}

static bool
is_ours(const HeedReceived *hop, const Arrival *arrival, const char *const *receivers)
{
    if (hop->by[0] == '\0')
        return false;
    /* A content filter on the same host, which calls itself so (amavisd: "by localhost"). */
    if (arrival->boundary > 0 && is_loopback(&arrival->last) && strcmp(hop->by, "localhost") == 0)
        return true;
    return heed_domain_is_among(hop->by, receivers) || address_is_among(hop->by, receivers);
}

/* Follows the Received fields from the top through our own receivers. */
static Arrival
follow(const HeedTrustInput *input)
{
    const char *const *receivers = input->settings->receivers;
    Arrival arrival = {.date = HEED_DATE_UNKNOWN};
    HeedReceived hop;

    for (size_t i = 0; i < input->count; i++) {
        if (!field_is(input, i, "received"))
            continue;
        heed_received_read(input->values[i], &hop);
        if (!is_ours(&hop, &arrival, receivers)) {
            /* Large systems note how they hand on within themselves on top (Google: "by 2002:a05::1
             * with SMTP id x"). A server that takes mail from outside always says from whom. */
            if (arrival.boundary == 0 && !hop.from)
                continue;
            arrival.handed_on = false;
            return arrival;
        }
        if (arrival.boundary == 0)
            arrival.date = hop.date;
        arrival.boundary = i + 1;
        arrival.last = hop;
        arrival.handed_on = is_inner_hop(&hop, receivers);
        if (!arrival.handed_on)
            return arrival;
    }
    return arrival;
}

/* Whether what is below the boundary shows no client but our own relays: mail from outside that a
 * relay only passed on is not its own. */
static bool
made_by_relays(const HeedTrustInput *input, const Arrival *arrival)
{
    HeedReceived hop;

    for (size_t i = arrival->boundary; i < input->count; i++) {
        if (!field_is(input, i, "received"))
            continue;
        heed_received_read(input->values[i], &hop);
        if (!hop.local && !is_loopback(&hop) && !client_is_among(&hop, input->settings->relays))
            return false;
    }
    return true;
}

/* Handed in by one of our relays, or made on a receiver that is a relay as well. */
static bool
handed_in_by_relay(const HeedTrustInput *input, const Arrival *arrival)
{
    const char *const *relays = input->settings->relays;
    bool by_relay = client_is_among(&arrival->last, relays) ||
                    (arrival->handed_on && (arrival->last.local || is_loopback(&arrival->last)) &&
                     heed_domain_is_among(arrival->last.by, relays));

    return arrival->boundary > 0 && by_relay && made_by_relays(input, arrival);
}

static bool
is_our_authserv_id(const char *id, const HeedParserSettings *settings)
{
    if (settings->authserv_ids == NULL)
        return heed_domain_is_among(id, settings->receivers);
    for (const char *const *own = settings->authserv_ids; *own != NULL; own++)
        if (g_ascii_strcasecmp(id, *own) == 0)
            return true;
    return false;
}

/* Adds what the field says when it has one of our authserv-ids; whether it has. */
static bool
take_results(const HeedTrustInput *input, size_t index, unsigned *methods, GPtrArray *domains)
{
    g_autoptr(GPtrArray) passed = g_ptr_array_new_with_free_func(g_free);
    unsigned done = *methods;
    char id[HEED_HOST_BYTES];

    if (!field_is(input, index, "authentication-results"))
        return false;
    (void)heed_authres_read(input->values[index], id, &done, passed);
    if (!is_our_authserv_id(id, input->settings))
        return false;
    *methods = done;
    g_ptr_array_extend_and_steal(domains, g_steal_pointer(&passed));
    return true;
}

/* The domains that our receivers say passed DKIM, SPF or DMARC. */
static GPtrArray *
passed_domains(const HeedTrustInput *input, const Arrival *arrival)
{
    GPtrArray *domains = g_ptr_array_new_with_free_func(g_free);
    unsigned methods = 0;
    bool found = false;

    for (size_t i = 0; i < arrival->boundary; i++)
        found = take_results(input, i, &methods, domains) || found;
    if (arrival->boundary == 0 || !input->settings->results_below_received)
        return domains;
    /* One field and no more: the next may be of the sender's. */
    for (size_t i = arrival->boundary;
         !found && i < input->count && !field_is(input, i, "received"); i++)
        found = take_results(input, i, &methods, domains);
    return domains;
}

/*
 * Whether the sender writes as the domain and not as one of its users, whom it signs for, too. Only
 * names that no provider gives to a user: a role address ("news@", "joe-request@") may be anybody's
 * there.
 */
static bool
speaks_for_domain(const HeedReport *report, const char *from, const char *address)
{
    static const char *const names[] = {
        "mailer-daemon@", "mailerdaemon@", "postmaster@", "abuse@",
        /* what Exchange writes its reports as, the same everywhere */
        "microsoftexchange329e71ec88ae4615bbc36ab6ce41109e@"};

    if (report->kind == HEED_KIND_UNSUBSCRIBE && strcmp(from, address) == 0)
        return true;
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
        if (g_str_has_prefix(from, names[i]))
            return true;
    return false;
}

/* Whether this domain answers for the recipient: it is his own, or his provider's. The report's
 * From must be of the same domain, for whoever may send through a domain can write any other From.
 */
static bool
answers_for(const HeedReport *report, const char *from, const char *address, const char *passed)
{
    const char *domain = heed_address_domain(address);
    const char *provider = heed_provider_of_domain(domain);

    if (!heed_host_same_organisation(heed_address_domain(from), passed) ||
        !speaks_for_domain(report, from, address))
        return false;
    return heed_host_same_organisation(domain, passed) ||
           (provider != NULL && heed_provider_signs(provider, passed));
}

static bool
is_answered_for(const HeedReport *report,
                const char *from,
                const HeedRecipient *recipient,
                const GPtrArray *passed)
{
    if (from == NULL || recipient->address == NULL)
        return false;
    for (guint i = 0; i < passed->len; i++)
        if (answers_for(report, from, recipient->address, g_ptr_array_index(passed, i)))
            return true;
    return false;
}

static bool
is_delivery_report(const HeedReport *report)
{
    return report->kind == HEED_KIND_BOUNCE || report->kind == HEED_KIND_DELAY ||
           report->kind == HEED_KIND_SUCCESS;
}

static bool
is_from_feedback_loop(const HeedReport *report, const char *from, const GPtrArray *passed)
{
    if (report->kind != HEED_KIND_COMPLAINT && report->kind != HEED_KIND_NOT_SPAM &&
        report->kind != HEED_KIND_AUTH_FAILURE)
        return false;
    for (guint i = 0; i < passed->len; i++)
        if (heed_provider_is_feedback(g_ptr_array_index(passed, i), from))
            return true;
    return false;
}

static size_t
count_fields(const HeedTrustInput *input, const char *name)
{
    size_t count = 0;

    for (size_t i = 0; i < input->count; i++)
        count += field_is(input, i, name) ? 1 : 0;
    return count;
}

/*
 * Who the report is from, normalised; NULL when that is not certain. A signature also holds where
 * others send the message on, and need not cover a second From: that they put on top (RFC
 * 6376 8.15).
 */
static char *
certain_sender(const HeedTrustInput *input)
{
    const char *from = input->report->reporter_from;

    if (from == NULL || count_fields(input, "from") > 1)
        return NULL;
    return heed_address_normalise(from, -1);
}

/*
 * Whether the report was made for somebody else. Sent on to us, its signature still holds, and need
 * not cover Content-Type: another boundary makes a part of it, the copy of what he had sent, into a
 * report of its own.
 */
static bool
is_for_others(const HeedTrustInput *input)
{
    for (size_t i = 0; i < input->count; i++) {
        g_autofree char *address = NULL;

        if (!field_is(input, i, "to"))
            continue;
        address = heed_address_normalise(input->values[i], -1);
        if (address == NULL ||
            !heed_domain_is_among(heed_address_domain(address), input->settings->domains))
            return true;
    }
    return false;
}

static bool
is_authenticated(const HeedTrustInput *input, const Arrival *arrival)
{
    const HeedReport *report = input->report;
    g_autoptr(GPtrArray) passed = NULL;
    g_autofree char *from = NULL;

    if (is_delivery_report(report) && handed_in_by_relay(input, arrival))
        return true;
    passed = passed_domains(input, arrival);
    if (passed->len == 0)
        return false;
    from = certain_sender(input);
    if (is_from_feedback_loop(report, from, passed))
        return true;
    if (is_for_others(input))
        return false;
    for (guint i = 0; i < report->recipients->len; i++)
        if (!is_answered_for(report, from, &g_array_index(report->recipients, HeedRecipient, i),
                             passed))
            return false;
    return report->recipients->len > 0;
}

static bool
is_our_address(const char *address, const char *const *domains)
{
    g_autofree char *normal = address == NULL ? NULL : heed_address_normalise(address, -1);

    return normal != NULL && heed_domain_is_among(heed_address_domain(normal), domains);
}

HeedTrust
heed_trust_assess(const HeedTrustInput *input, int64_t *out_receiver_date)
{
    const HeedParserSettings *settings = input->settings;
    const HeedOriginal *original = &input->report->original;
    Arrival arrival;

    *out_receiver_date = HEED_DATE_UNKNOWN;
    if (settings == NULL)
        return HEED_TRUST_UNKNOWN;
    arrival = follow(input);
    *out_receiver_date = arrival.date;
    if (settings->domains == NULL)
        return HEED_TRUST_UNKNOWN;
    if (is_authenticated(input, &arrival))
        return HEED_TRUST_AUTHENTICATED;
    /* The returned message's Message-ID is no evidence: anybody who ever got a mail of ours knows
     * its form. Its From is hardly more, which is why this level needs two of them. */
    if (input->closed || is_our_address(original->from, settings->domains) ||
        is_our_address(original->return_path, settings->domains))
        return HEED_TRUST_PLAUSIBLE;
    return HEED_TRUST_UNPROVEN;
}
