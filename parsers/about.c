/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/about.h"

#include "parsers/about_complaint.h"
#include "parsers/about_token.h"
#include "parsers/address.h"
#include "parsers/original.h"
#include "parsers/typed.h"

#include <string.h>

/* What is known of one recipient, normalised; NULL is unknown. */
typedef struct Evidence {
    const HeedAboutSenders *senders;
    char *original;
    char *final;
    char *notice;
    char *field;    /* a field of ours in the original */
    char *message;  /* the original's header, proved */
    char *unproved; /* its To: */
    bool is_only;   /* the report is about no one else */
} Evidence;

static void
evidence_clear(Evidence *evidence)
{
    g_free(evidence->original);
    g_free(evidence->final);
    g_free(evidence->notice);
    g_free(evidence->field);
    g_free(evidence->message);
    g_free(evidence->unproved);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Evidence, evidence_clear)

static bool
is_same(const char *one, const char *other)
{
    return one != NULL && other != NULL && strcmp(one, other) == 0;
}

/* Whether anything but the two fields of the recipient itself has this address. */
static bool
is_known_otherwise(const Evidence *evidence, const char *address)
{
    return is_same(evidence->field, address) || is_same(evidence->message, address) ||
           is_same(evidence->unproved, address) || is_same(evidence->notice, address) ||
           (evidence->is_only && heed_about_senders_agree(evidence->senders, address));
}

/* Undoes xtext in one of the recipient's fields where other evidence has what comes out. */
static void
decode_xtext(HeedReading *reading, Evidence *evidence, const char **field, char **normal)
{
    char **other = normal == &evidence->original ? &evidence->final : &evidence->original;
    g_autoptr(GString) text = NULL;
    g_autofree char *decoded = NULL;

    if (*normal == NULL || strchr(*normal, '+') == NULL)
        return;
    text = g_string_new(*field);
    if (!heed_xtext_decode(text))
        return;
    decoded = heed_address_normalise(text->str, (gssize)text->len);
    if (decoded == NULL || (!is_same(*other, decoded) && !is_known_otherwise(evidence, decoded)))
        return;
    *field = heed_report_text(reading->report, text->str, (gssize)text->len);
    g_free(*normal);
    *normal = g_steal_pointer(&decoded);
}

/* What a mailing addressed to itself, its readers in Bcc:, has in To:. */
static bool
is_own_address(const HeedReading *reading, const char *address)
{
    const HeedOriginal *original = &reading->report->original;
    g_autofree char *from =
        original->from == NULL ? NULL : heed_address_normalise(original->from, -1);
    g_autofree char *path =
        original->return_path == NULL ? NULL : heed_address_normalise(original->return_path, -1);

    return is_same(from, address) || is_same(path, address);
}

static void
gather(HeedReading *reading, HeedRecipient *recipient, Evidence *evidence)
{
    evidence->original = heed_typed_normalise(recipient->original_recipient);
    evidence->final = heed_typed_normalise(recipient->final_recipient);
    evidence->notice =
        recipient->address == NULL ? NULL : heed_address_normalise(recipient->address, -1);
    if (evidence->is_only) {
        evidence->field = heed_about_own_field(reading);
        evidence->message = heed_original_recipient(reading);
        evidence->unproved = heed_original_only_recipient(reading);
        if (is_own_address(reading, evidence->unproved))
            g_clear_pointer(&evidence->unproved, g_free);
    }
    decode_xtext(reading, evidence, &recipient->original_recipient, &evidence->original);
    decode_xtext(reading, evidence, &recipient->final_recipient, &evidence->final);
}

/* One address that could be the answer, and what it would be called. */
typedef struct Candidate {
    const char *address;
    HeedAddressSource source;
} Candidate;

/* The first of them that the envelope's sender ends in. */
static Candidate
agreed(const Evidence *evidence, const Candidate *candidates, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (heed_about_senders_agree(evidence->senders, candidates[i].address))
            return candidates[i];
    return (Candidate){0};
}

static Candidate
first(const Candidate *candidates, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (candidates[i].address != NULL)
            return candidates[i];
    return (Candidate){0};
}

/*
 * Alone, and against what the report says. What came to an address that asks to be unsubscribed
 * was made for it, so there a common scheme is enough where nothing says which domains are ours.
 */
static bool
is_believed(const HeedReading *reading, const HeedAboutSenders *senders)
{
    return heed_about_senders_are_believed(senders) ||
           (reading->report->kind == HEED_KIND_UNSUBSCRIBE && senders->named != NULL &&
            senders->firm && reading->settings->domains == NULL);
}

/* The order of about.h. */
static Candidate
choose(const HeedReading *reading, const Evidence *evidence)
{
    const HeedAboutSenders *senders = evidence->senders;
    Candidate verp = {senders->named, HEED_ADDRESS_SOURCE_VERP};
    Candidate stated[] = {
        {evidence->original, HEED_ADDRESS_SOURCE_ORIGINAL_RECIPIENT},
        {is_same(evidence->message, evidence->final) ? NULL : evidence->message,
         HEED_ADDRESS_SOURCE_ORIGINAL_MESSAGE},
        {evidence->final, HEED_ADDRESS_SOURCE_FINAL_RECIPIENT},
        {evidence->notice, HEED_ADDRESS_SOURCE_NOTICE},
        {evidence->unproved, HEED_ADDRESS_SOURCE_VERP},
    };
    /* The unproved To: is only believed in agreement. */
    size_t certain = G_N_ELEMENTS(stated) - 1;
    Candidate best;

    if (!evidence->is_only)
        return first(stated, certain);
    if (heed_about_senders_are_certain(senders))
        return verp;
    if (evidence->field != NULL)
        return (Candidate){evidence->field, HEED_ADDRESS_SOURCE_ORIGINAL_MESSAGE};
    best = agreed(evidence, stated, G_N_ELEMENTS(stated));
    if (best.address == NULL && is_believed(reading, senders))
        best = verp;
    if (best.address == NULL)
        best = first(stated, certain);
    if (best.address == NULL && (senders->ours || reading->settings->domains == NULL))
        best = verp;
    if (best.address == NULL)
        best = (Candidate){evidence->unproved, HEED_ADDRESS_SOURCE_ORIGINAL_MESSAGE};
    return best;
}

static void
resolve_recipient(HeedReading *reading, HeedRecipient *recipient, const HeedAboutSenders *senders)
{
    g_auto(Evidence) evidence = {.senders = senders,
                                 .is_only = reading->report->recipients->len == 1};
    g_autofree char *untagged = NULL;
    Candidate best;

    gather(reading, recipient, &evidence);
    best = choose(reading, &evidence);
    recipient->address = NULL;
    recipient->address_source = HEED_ADDRESS_SOURCE_NONE;
    if (best.address == NULL)
        return;
    untagged = heed_verp_untag(best.address);
    recipient->address =
        heed_report_text(reading->report, untagged != NULL ? untagged : best.address, -1);
    recipient->address_source = best.source;
}

void
heed_about_resolve(HeedReading *reading)
{
    HeedReport *report = reading->report;
    g_auto(HeedAboutSenders) senders = {0};

    if (report->recipients->len == 0)
        return;
    if (report->recipients->len == 1) {
        heed_about_senders_read(reading, &senders);
        heed_about_tokens(reading, &senders);
    }
    for (guint i = 0; i < report->recipients->len; i++) {
        HeedRecipient *recipient = &g_array_index(report->recipients, HeedRecipient, i);

        if (report->feedback != NULL)
            heed_about_complaint(reading, recipient, &senders);
        else
            resolve_recipient(reading, recipient, &senders);
    }
}
