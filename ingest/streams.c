/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/streams.h"

#include "ingest/mailbox.h"
#include "parsers/address.h"

#include <string.h>

HeedStreamMatch *
heed_stream_match_new(HeedStreamBy by, const char *stream, const char *name, const char *pattern)
{
    HeedStreamMatch *match = g_new0(HeedStreamMatch, 1);

    match->by = by;
    match->stream = g_strdup(stream);
    match->name = g_strdup(name);
    match->pattern = g_strdup(pattern);
    return match;
}

void
heed_stream_match_free(HeedStreamMatch *match)
{
    if (match == NULL)
        return;
    g_free(match->stream);
    g_free(match->name);
    g_free(match->pattern);
    g_free(match);
}

/* Whether the pattern fits all of the text. Tries no star again once a later one was met, so that
 * the time is at most that of length times length. */
static bool
fits(const char *pattern, const char *text, size_t length)
{
    const char *end = text + length;
    const char *star = NULL;   /* the last one met */
    const char *resume = NULL; /* what it has not swallowed yet */

    while (text < end) {
        if (*pattern == '*') {
            star = pattern++;
            resume = text;
        } else if (*pattern != '\0' && g_ascii_tolower(*pattern) == g_ascii_tolower(*text)) {
            pattern++;
            text++;
        } else if (star != NULL) {
            pattern = star + 1;
            text = ++resume;
        } else {
            return false;
        }
    }
    while (*pattern == '*')
        pattern++;
    return *pattern == '\0';
}

static bool
fits_text(const char *pattern, const char *text)
{
    return text != NULL && fits(pattern, text, strlen(text));
}

/* "CAMPAIGN:CUSTOMER:MAIL-TYPE:SENDER": parts may be left out. */
static bool
fits_feedback_id(const char *pattern, const char *id)
{
    if (id == NULL || strchr(pattern, ':') != NULL)
        return fits_text(pattern, id);
    for (;;) {
        size_t length = strcspn(id, ":");
        size_t lead = strspn(id, " ");
        size_t size = length;

        lead = MIN(lead, length);
        while (size > lead && id[size - 1] == ' ')
            size--;
        if (fits(pattern, id + lead, size - lead))
            return true;
        if (id[length] == '\0')
            return false;
        id += length + 1;
    }
}

static bool
is_at_domain(const char *domain, const char *sender)
{
    const char *const domains[] = {domain, NULL};
    g_autofree char *normal = sender == NULL ? NULL : heed_address_normalise(sender, -1);

    return normal != NULL && heed_domain_is_among(heed_address_domain(normal), domains);
}

static bool
fits_sender(const char *domain, const HeedReport *report)
{
    return is_at_domain(domain, report->original.from) ||
           is_at_domain(domain, report->original.return_path) ||
           (report->feedback != NULL && is_at_domain(domain, report->feedback->original_mail_from));
}

static bool
fits_header(const HeedStreamMatch *match, const HeedReport *report)
{
    size_t length = strlen(match->name);

    for (guint i = 0; report->original_headers != NULL && i < report->original_headers->len; i++) {
        const char *line = report->original_headers->pdata[i];

        if (strncmp(line, match->name, length) == 0 && line[length] == ':' &&
            fits_text(match->pattern, line + length + 1))
            return true;
    }
    return false;
}

static bool
fits_report(const HeedStreamMatch *match, const char *mailbox, const HeedReport *report)
{
    switch (match->by) {
    case HEED_STREAM_BY_MAILBOX:
        return g_strcmp0(mailbox, match->pattern) == 0;
    case HEED_STREAM_BY_LIST_ID:
        return fits_text(match->pattern, report->original.list_id);
    case HEED_STREAM_BY_FEEDBACK_ID:
        return fits_feedback_id(match->pattern, report->original.feedback_id);
    case HEED_STREAM_BY_SENDER_DOMAIN:
        return fits_sender(match->pattern, report);
    case HEED_STREAM_BY_HEADER:
        return fits_header(match, report);
    }
    return false;
}

const char *
heed_stream_find(const GPtrArray *matches, const char *mailbox, const HeedReport *report)
{
    for (guint i = 0; i < matches->len; i++) {
        const HeedStreamMatch *match = matches->pdata[i];

        if (fits_report(match, mailbox, report))
            return match->stream;
    }
    return NULL;
}

static const HeedMailbox *
find_mailbox(const GPtrArray *configured, const char *name)
{
    for (guint i = 0; name != NULL && i < configured->len; i++) {
        const HeedMailbox *mailbox = configured->pdata[i];

        if (strcmp(mailbox->name, name) == 0)
            return mailbox;
    }
    return NULL;
}

void
heed_stream_decide(const GPtrArray *matches, const GPtrArray *configured, HeedArrival *arrival)
{
    const HeedMailbox *mailbox = find_mailbox(configured, arrival->mailbox);
    const char *stream = NULL;

    if (arrival->report != NULL)
        stream = heed_stream_find(matches, arrival->mailbox, arrival->report);
    if (stream == NULL && mailbox == NULL && arrival->mailbox != NULL)
        return;
    if (stream == NULL && mailbox != NULL)
        stream = mailbox->stream;
    g_free(arrival->stream);
    arrival->stream = g_strdup(stream);
}
