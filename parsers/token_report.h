/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_PARSERS_TOKEN_REPORT_H
#define HEED_PARSERS_TOKEN_REPORT_H

/*
 * Signed tokens in a report. Who reads the mail has no keys and only notes what may be one; who has
 * the keys, and looks into no mail, verifies it afterwards.
 */

#include "parsers/report.h"
#include "parsers/token.h"

/* How many are noted and looked at: a report has two, its own recipient and the original's field.
 */
#define HEED_TOKENS_MOST 8U

/* Adds one to report->tokens, once; none that is too long, and not more than HEED_TOKENS_MOST. */
void heed_token_note(HeedReport *report, const char *text);

/*
 * Believes the report as far as report->tokens go. With a valid one, and none that is valid for
 * somebody else, its recipient is the token's (source token) and its trust is signed. It takes a
 * report about one recipient: a token says nothing of the others. A complaint's recipient is
 * nobody at the own domains (NULL-terminated, or NULL) and no role, whatever is signed. Each token
 * that fails is warned of, and changes nothing else.
 *
 * A token is known to everybody who has seen the mail. So what is signed is whom we had mailed, not
 * what the report says of him: by then it is about nobody but himself.
 */
void heed_token_believe(HeedReport *report,
                        const HeedTokenKeys *keys,
                        const char *const *own_domains,
                        int64_t now);

#endif
