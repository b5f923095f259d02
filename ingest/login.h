/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_INGEST_LOGIN_H
#define HEED_INGEST_LOGIN_H

/* The secret of a mailbox, from wherever its configuration says. */

#include "ingest/mailbox.h"

typedef struct HeedLogin {
    char *secret;  /* owned; wiped when freed */
    bool is_token; /* for XOAUTH2, else a password */
} HeedLogin;

/* The errors of ingest/secret.h. Read anew for each connection: tokens expire. */
HeedLogin *heed_login_load(const HeedMailbox *mailbox, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void heed_login_free(HeedLogin *login);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HeedLogin, heed_login_free)

#endif
