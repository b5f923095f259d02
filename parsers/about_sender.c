/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/about_sender.h"

#include "parsers/address.h"

#include <string.h>

static void
add(HeedReading *reading, HeedAboutSenders *senders, const char *text, bool firm)
{
    g_autofree char *address = text == NULL ? NULL : heed_address_normalise(text, -1);
    char *undone;

    if (address == NULL || senders->count == HEED_ABOUT_SENDERS)
        return;
    undone = heed_verp_undo(address);
    for (size_t i = 0; i < senders->count; i++) {
        if (strcmp(senders->list[i].address, undone) != 0)
            continue;
        senders->list[i].firm = senders->list[i].firm || firm;
        g_free(undone);
        return;
    }
    senders->list[senders->count++] = (HeedAboutSender){
        .address = undone,
        .ours = heed_domain_is_among(heed_address_domain(undone), reading->settings->domains),
        .firm = firm,
    };
}

static bool
is_written_at_delivery(const HeedField *field)
{
    static const char *const names[] = {"delivered-to", "x-delivered-to", "x-original-to",
                                        "envelope-to",  "x-envelope-to",  "x-rcpt-to"};

    for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
        if (heed_field_is(field, names[i]))
            return true;
    return false;
}

/* To: fields, or those written at delivery. */
static void
add_own_recipients(HeedReading *reading, HeedAboutSenders *senders, bool firm)
{
    const GArray *header = reading->message == NULL ? NULL : reading->message->header;

    for (guint i = 0; header != NULL && i < header->len; i++) {
        const HeedField *field = &g_array_index(header, HeedField, i);

        if (firm ? !heed_field_is(field, "to") : !is_written_at_delivery(field))
            continue;
        heed_field_unfold(field->strict, reading->scratch);
        add(reading, senders, reading->scratch->str, firm);
    }
}

/* Firm senders that name different people name nobody. */
static void
decode(HeedReading *reading, HeedAboutSenders *senders)
{
    for (size_t i = 0; i < senders->count; i++) {
        const HeedAboutSender *sender = &senders->list[i];
        g_autofree char *named = NULL;
        HeedVerp scheme = heed_verp_decode(sender->address, reading->settings->verp, &named);

        if (scheme == HEED_VERP_NONE)
            continue;
        if (senders->named == NULL) {
            senders->named = g_steal_pointer(&named);
            senders->scheme = scheme;
            senders->ours = sender->ours;
            senders->firm = sender->firm;
        } else if (strcmp(senders->named, named) == 0) {
            senders->scheme = MAX(senders->scheme, scheme);
            senders->ours = senders->ours || sender->ours;
        } else if (sender->firm) {
            heed_report_warn(reading->report, "its envelope senders name different recipients");
            g_clear_pointer(&senders->named, g_free);
            senders->scheme = HEED_VERP_NONE;
            return;
        }
    }
}

/* "<mailto:unsubscribe+user=example.org@example.com?subject=x>, <https://…>" */
static void
add_list_unsubscribe(HeedReading *reading, HeedAboutSenders *senders)
{
    for (guint i = 0; i < reading->original->len; i++) {
        const HeedField *field = &g_array_index(reading->original, HeedField, i);
        g_autofree char *address = NULL;
        const char *mailto;

        if (!heed_field_is(field, "list-unsubscribe"))
            continue;
        heed_field_unfold(field->strict, reading->scratch);
        mailto = strstr(reading->scratch->str, "<mailto:");
        if (mailto == NULL)
            continue;
        mailto += strlen("<mailto:");
        address = g_uri_unescape_segment(mailto, mailto + strcspn(mailto, "?>,"), NULL);
        add(reading, senders, address, true);
    }
}

void
heed_about_senders_read(HeedReading *reading, HeedAboutSenders *out)
{
    const HeedReport *report = reading->report;

    *out = (HeedAboutSenders){0};
    add(reading, out, report->original.return_path, true);
    if (report->feedback != NULL)
        add(reading, out, report->feedback->original_mail_from, true);
    add_own_recipients(reading, out, true);
    add_list_unsubscribe(reading, out);
    add_own_recipients(reading, out, false);
    decode(reading, out);
}

void
heed_about_senders_clear(HeedAboutSenders *senders)
{
    for (size_t i = 0; i < senders->count; i++)
        g_free(senders->list[i].address);
    g_free(senders->named);
    *senders = (HeedAboutSenders){0};
}

bool
heed_about_senders_are_certain(const HeedAboutSenders *senders)
{
    return senders->named != NULL && senders->firm && senders->scheme == HEED_VERP_CONFIGURED;
}

bool
heed_about_senders_are_believed(const HeedAboutSenders *senders)
{
    return heed_about_senders_are_certain(senders) ||
           (senders->named != NULL && senders->firm && senders->ours);
}

bool
heed_about_senders_agree(const HeedAboutSenders *senders, const char *recipient)
{
    if (recipient == NULL)
        return false;
    if (senders->named != NULL && strcmp(senders->named, recipient) == 0)
        return true;
    for (size_t i = 0; i < senders->count; i++)
        if (heed_verp_agrees(senders->list[i].address, recipient))
            return true;
    return false;
}

static bool
is_own_field(const HeedReading *reading, const HeedField *field)
{
    const char *const *names = reading->settings->recipient_headers;

    for (; names != NULL && *names != NULL; names++)
        if (heed_field_is(field, *names))
            return true;
    return false;
}

char *
heed_about_own_field(HeedReading *reading)
{
    g_autofree char *found = NULL;

    for (guint i = 0; i < reading->original->len; i++) {
        const HeedField *field = &g_array_index(reading->original, HeedField, i);
        g_autofree char *address = NULL;

        if (!is_own_field(reading, field))
            continue;
        heed_field_unfold(field->strict, reading->scratch);
        address = heed_address_normalise(reading->scratch->str, (gssize)reading->scratch->len);
        if (address == NULL || (found != NULL && strcmp(found, address) != 0))
            return NULL;
        g_free(found);
        found = g_steal_pointer(&address);
    }
    return g_steal_pointer(&found);
}
