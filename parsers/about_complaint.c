/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/about_complaint.h"

#include "parsers/address.h"
#include "parsers/typed.h"

#include <string.h>

/* How many stated addresses are looked at. */
#define STATED_LIMIT 100

/* An address that its provider made unreadable in a way that can be seen. */
static bool
is_redacted(const char *address)
{
    static const char *const words[] = {"redacted", "anonymous", "anonymized", "hidden",
                                        "undisclosed"};
    size_t stars = strspn(address, "*x");

    for (size_t i = 0; i < G_N_ELEMENTS(words); i++)
        if (g_str_has_prefix(address, words[i]))
            return true;
    return (stars > 2 && address[stars] == '@') || strchr(address, '*') != NULL;
}

static bool
is_of_mailing(const HeedReading *reading, const char *address)
{
    const char *from = reading->report->original.from;
    g_autofree char *normal = from == NULL ? NULL : heed_address_normalise(from, -1);

    return normal != NULL && strcmp(normal, address) == 0;
}

static bool
is_person(const HeedReading *reading, const char *address)
{
    return !is_redacted(address) && !heed_address_is_role(address) &&
           !heed_domain_is_among(heed_address_domain(address), reading->settings->domains) &&
           !is_of_mailing(reading, address);
}

/* Adds an address that the provider states, once. */
static void
state(GPtrArray *stated, const char *text)
{
    g_autofree char *address = heed_typed_normalise(text);

    if (address == NULL || stated->len >= STATED_LIMIT)
        return;
    for (guint i = 0; i < stated->len; i++)
        if (strcmp(stated->pdata[i], address) == 0)
            return;
    g_ptr_array_add(stated, g_steal_pointer(&address));
}

static void
state_fields(HeedReading *reading, GPtrArray *stated, const GArray *fields)
{
    for (guint i = 0; fields != NULL && i < fields->len; i++) {
        const HeedField *field = &g_array_index(fields, HeedField, i);

        if (!heed_field_is(field, "x-hmxmroriginalrecipient"))
            continue;
        heed_field_unfold(field->strict, reading->scratch);
        state(stated, reading->scratch->str);
    }
}

static GPtrArray *
read_stated(HeedReading *reading)
{
    const HeedFeedback *feedback = reading->report->feedback;
    GPtrArray *stated = g_ptr_array_new_with_free_func(g_free);

    for (guint i = 0; i < feedback->original_rcpt_to->len; i++)
        state(stated, feedback->original_rcpt_to->pdata[i]);
    for (guint i = 0; i < feedback->field_names->len; i++)
        if (g_ascii_strcasecmp(feedback->field_names->pdata[i], "removal-recipient") == 0)
            state(stated, feedback->field_values->pdata[i]);
    state_fields(reading, stated, reading->original);
    if (reading->message != NULL)
        state_fields(reading, stated, reading->message->header);
    return stated;
}

/* The one of them that the envelope's sender ends in. */
static const char *
agreed(const GPtrArray *stated, const HeedAboutSenders *senders)
{
    for (guint i = 0; i < stated->len; i++)
        if (heed_about_senders_agree(senders, stated->pdata[i]))
            return stated->pdata[i];
    return NULL;
}

/* An address that could be the answer, and what it would be called. */
typedef struct Answer {
    const char *address;
    HeedAddressSource source;
} Answer;

/* The order of about_complaint.h; field is that of own.recipient-headers, or NULL. */
static Answer
choose(const HeedAboutSenders *senders, const GPtrArray *stated, const char *field)
{
    const Answer verp = {senders->named, HEED_ADDRESS_SOURCE_VERP};
    const char *both = agreed(stated, senders);

    if (heed_about_senders_are_certain(senders))
        return verp;
    if (field != NULL)
        return (Answer){field, HEED_ADDRESS_SOURCE_ORIGINAL_MESSAGE};
    if (both != NULL)
        return (Answer){both, HEED_ADDRESS_SOURCE_ORIGINAL_RECIPIENT};
    if (heed_about_senders_are_believed(senders))
        return verp;
    return (Answer){stated->len == 1 ? stated->pdata[0] : NULL,
                    HEED_ADDRESS_SOURCE_ORIGINAL_RECIPIENT};
}

void
heed_about_complaint(HeedReading *reading,
                     HeedRecipient *recipient,
                     const HeedAboutSenders *senders)
{
    g_autoptr(GPtrArray) stated = read_stated(reading);
    g_autofree char *field = heed_about_own_field(reading);
    bool may_be_ours = senders->ours || reading->settings->domains == NULL;
    Answer answer = choose(senders, stated, field);

    recipient->address = NULL;
    recipient->address_source = HEED_ADDRESS_SOURCE_NONE;
    /* What is stated but hidden leaves it to the sender. */
    if ((answer.address == NULL || !is_person(reading, answer.address)) && may_be_ours &&
        stated->len <= 1)
        answer = (Answer){senders->named, HEED_ADDRESS_SOURCE_VERP};
    if (answer.address == NULL || !is_person(reading, answer.address))
        return;
    recipient->address = heed_report_text(reading->report, answer.address, -1);
    recipient->address_source = answer.source;
    if (recipient->original_recipient == NULL &&
        answer.source == HEED_ADDRESS_SOURCE_ORIGINAL_RECIPIENT)
        recipient->original_recipient = recipient->address;
}
