/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_PARSERS_READING_H
#define HEED_PARSERS_READING_H

/* What the readers of this room share while one message is read. Private to the room. */

#include "parsers/message.h"
#include "parsers/rules.h"

typedef struct HeedReading {
    HeedReport *report;
    const HeedParserSettings *settings;
    HeedMessage *message;
    /* The header of the message that the report is about, of HeedField; empty when not enclosed. */
    GArray *original;
    /* Overwritten by whoever needs it. */
    GString *scratch;
    HeedRules *rules;
} HeedReading;

#endif
