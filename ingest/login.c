/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/login.h"

#include "base/error.h"
#include "ingest/secret.h"

HeedLogin *
heed_login_load(const HeedMailbox *mailbox, GError **error)
{
    g_autoptr(HeedLogin) login = g_new0(HeedLogin, 1);

    login->is_token = mailbox->token_file != NULL || mailbox->token_command != NULL;
    if (mailbox->password_file != NULL)
        login->secret = heed_secret_from_file(mailbox->password_file, error);
    else if (mailbox->password_command != NULL)
        login->secret = heed_secret_from_command(mailbox->password_command, error);
    else if (mailbox->token_file != NULL)
        login->secret = heed_secret_from_file(mailbox->token_file, error);
    else if (mailbox->token_command != NULL)
        login->secret = heed_secret_from_command(mailbox->token_command, error);
    else
        g_set_error(error, HEED_ERROR, HEED_ERROR_CONFIG,
                    "neither a password nor a token is configured");
    return login->secret != NULL ? g_steal_pointer(&login) : NULL;
}

void
heed_login_free(HeedLogin *login)
{
    if (login == NULL)
        return;
    heed_secret_free(login->secret);
    g_free(login);
}
