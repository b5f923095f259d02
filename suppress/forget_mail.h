/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_SUPPRESS_FORGET_MAIL_H
#define HEED_SUPPRESS_FORGET_MAIL_H

/* The mail of forget.h: all that is kept is searched, as it came. An address that is written in
 * base64, or broken over two lines, is not found; mail about its recipient goes with its events. */

#include "suppress/forget.h"

/* Deletes kept mail and mail in quarantine that holds one of the forms (address_forms.h), and
 * counts it. */
bool heed_forget_mail(HeedDatabase *database,
                      const GPtrArray *forms,
                      bool dry_run,
                      HeedForgotten *out,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
