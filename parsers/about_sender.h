/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_PARSERS_ABOUT_SENDER_H
#define HEED_PARSERS_ABOUT_SENDER_H

/*
 * The envelope senders that a report shows, and whom they name (see parsers/about.h), and the
 * mailto: of the original's List-Unsubscribe (RFC 2369 3.2), which is an address of ours for the
 * same copy and may name its recipient in the same forms. Private to the room.
 */

#include "parsers/reading.h"
#include "parsers/verp.h"

/* How many are looked at. */
#define HEED_ABOUT_SENDERS 12

typedef struct HeedAboutSender {
    char *address; /* normalised, SRS and BATV undone */
    bool ours;     /* its domain is among own.domains */
    bool firm;     /* not written at delivery */
} HeedAboutSender;

typedef struct HeedAboutSenders {
    HeedAboutSender list[HEED_ABOUT_SENDERS];
    size_t count;
    /* Whom they name, or NULL; and how well. */
    char *named;
    HeedVerp scheme;
    bool ours; /* the domain of the sender who names him is */
    bool firm;
} HeedAboutSenders;

/* Collects them. Clear afterwards. */
void heed_about_senders_read(HeedReading *reading, HeedAboutSenders *out);
void heed_about_senders_clear(HeedAboutSenders *senders);

/* Whether they name somebody beyond doubt, whatever others say: firmly in a form of own.verp. */
bool heed_about_senders_are_certain(const HeedAboutSenders *senders);

/* Whether they name somebody well enough to be believed alone: the former, or firmly in a common
 * scheme at a domain of ours. */
bool heed_about_senders_are_believed(const HeedAboutSenders *senders);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(HeedAboutSenders, heed_about_senders_clear)

/* Whom the returned original names in one of own.recipient-headers, or NULL. The caller frees it.
 */
char *heed_about_own_field(HeedReading *reading);

/* Whether one of them ends in this recipient. NULL: false. */
bool heed_about_senders_agree(const HeedAboutSenders *senders, const char *recipient);

#endif
