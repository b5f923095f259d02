/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/jmrp.h"

#include "parsers/received.h"

#include <string.h>

static const char subject_begin[] = "complaint about message from ";

static bool
has_field(const GArray *fields)
{
    for (guint i = 0; i < fields->len; i++)
        if (heed_field_is(&g_array_index(fields, HeedField, i), "x-hmxmroriginalrecipient"))
            return true;
    return false;
}

/* The subject with the address of the server, from the programme's own sender. */
static bool
has_subject(const HeedReading *reading)
{
    const HeedField *subject = heed_message_field(reading->message, "subject");
    const char *from = reading->report->reporter_from;

    return subject != NULL && from != NULL && strcmp(from, "staff@hotmail.com") == 0 &&
           heed_span_starts(heed_span_trim(subject->value), subject_begin);
}

static void
read_source(HeedReading *reading, HeedFeedback *feedback)
{
    const HeedField *subject = heed_message_field(reading->message, "subject");
    GString *scratch = reading->scratch;
    size_t begin = sizeof(subject_begin) - 1;
    char canonical[HEED_ADDRESS_TEXT_BYTES];

    if (subject == NULL || !heed_span_starts(heed_span_trim(subject->value), subject_begin))
        return;
    heed_field_unfold(subject->value, scratch);
    if (heed_address_text(scratch->str + begin, scratch->len - begin, canonical))
        feedback->source_ip = heed_report_text(reading->report, canonical, -1);
}

bool
heed_jmrp_read(HeedReading *reading)
{
    HeedReport *report = reading->report;
    HeedRecipient *recipient;

    if (!has_field(reading->original) && !has_field(reading->message->header) &&
        !has_subject(reading))
        return false;
    read_source(reading, heed_report_feedback(report));
    recipient = heed_report_add_recipient(report);
    recipient->class_ = HEED_CLASS_ABUSE;
    recipient->verdict = HEED_VERDICT_COMPLAINT;
    recipient->rule = heed_report_text(report, "jmrp", -1);
    report->kind = HEED_KIND_COMPLAINT;
    report->format = heed_report_text(report, "jmrp", -1);
    return true;
}
