/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_PARSERS_ABOUT_TOKEN_H
#define HEED_PARSERS_ABOUT_TOKEN_H

/* What may be signed tokens of ours in what is read. Private to the room. */

#include "parsers/about_sender.h"

/*
 * Gathers them into report->tokens: signed return paths among the senders (not those written at
 * delivery, which are no part of the report), and the Heed-Token fields of the original.
 */
void heed_about_tokens(HeedReading *reading, const HeedAboutSenders *senders);

#endif
