/* SPDX-License-Identifier: Apache-2.0 */
/* mailbox "NAME" { … } of the configuration. */
#include "cli/config_read.h"

#include <string.h>

static bool
is_word_of(const char *value, const char *one, const char *other)
{
    return strcmp(value, one) == 0 || (other != NULL && strcmp(value, other) == 0);
}

static bool
is_server(const HeedMailbox *mailbox)
{
    return mailbox->protocol == HEED_PROTOCOL_IMAP || mailbox->protocol == HEED_PROTOCOL_POP3;
}

static bool
has_secret(const HeedMailbox *mailbox)
{
    return mailbox->password_command != NULL || mailbox->password_file != NULL ||
           mailbox->token_command != NULL || mailbox->token_file != NULL;
}

/* What the message says behind "KEY: ", with which the room that looked at the value begins it. */
static const char *
without_key(const char *message, const char *key)
{
    size_t length = strlen(key);

    return strncmp(message, key, length) == 0 && strncmp(message + length, ": ", 2) == 0
               ? message + length + 2
               : message;
}

static int
read_url(cfg_t *section, HeedMailbox *mailbox)
{
    const char *url = cfg_getstr(section, "url");
    const char *tls = cfg_getstr(section, "tls");
    g_autoptr(GError) error = NULL;

    if (url == NULL)
        return heed_config_refuse(
            section->line,
            "mailbox '%s' has no url: imaps://USER@HOST/FOLDER, pop3s://USER@HOST, "
            "imap+starttls:, pop3+starttls:, maildir:PATH or mbox:PATH",
            mailbox->name);
    if (tls != NULL && strcmp(tls, "none") != 0)
        return heed_config_refuse(heed_config_line_of(section, "tls"),
                                  "tls = \"%s\": the url says it (imaps:, imap+starttls:, pop3s:, "
                                  "pop3+starttls:); allowed is \"none\", with imap: or pop3: only",
                                  tls);
    if (tls != NULL)
        mailbox->tls = HEED_TLS_NONE;
    /* Only its scheme is repeated: a password in it may be what is wrong. */
    if (!heed_mailbox_set_url(mailbox, url, &error))
        return heed_config_refuse(heed_config_line_of(section, "url"), "url = \"%.*s…\": %s",
                                  (int)strcspn(url, ":/"), url, without_key(error->message, "url"));
    if (mailbox->protocol == HEED_PROTOCOL_MAILDIR || mailbox->protocol == HEED_PROTOCOL_MBOX) {
        char *folder = heed_config_resolve(mailbox->folder);

        g_free(mailbox->folder);
        mailbox->folder = folder;
    }
    return 0;
}

static const char *const action_keys[] = {"on-done", "on-unrecognised", "on-quarantine"};

static int
read_actions(cfg_t *section, HeedMailbox *mailbox)
{
    for (size_t i = 0; i < G_N_ELEMENTS(action_keys); i++) {
        const char *text = cfg_getstr(section, action_keys[i]);
        g_autoptr(GError) error = NULL;

        if (text != NULL && !heed_ack_action_parse(text, &mailbox->on_done[i], &error))
            return heed_config_refuse(heed_config_line_of(section, action_keys[i]), "%s: %s",
                                      action_keys[i], without_key(error->message, action_keys[i]));
    }
    return 0;
}

/* What this protocol cannot do: named with its value and its line where it is one of the actions.
 */
static int
check_mailbox(cfg_t *section, const HeedMailbox *mailbox)
{
    g_autoptr(GError) error = NULL;

    if (heed_mailbox_check(mailbox, &error))
        return 0;
    for (size_t i = 0; i < G_N_ELEMENTS(action_keys); i++) {
        const char *rest = without_key(error->message, action_keys[i]);

        if (rest != error->message && cfg_getstr(section, action_keys[i]) != NULL)
            return heed_config_refuse(heed_config_line_of(section, action_keys[i]),
                                      "mailbox '%s': %s = \"%s\": %s", mailbox->name,
                                      action_keys[i], cfg_getstr(section, action_keys[i]), rest);
    }
    return heed_config_refuse(section->line, "mailbox '%s': %s", mailbox->name, error->message);
}

/* The end of a mailbox section. */
int
heed_config_on_mailbox(cfg_t *root, cfg_opt_t *option)
{
    cfg_t *section = cfg_opt_getnsec(option, cfg_opt_size(option) - 1);
    g_autoptr(HeedMailbox) mailbox = heed_mailbox_new(cfg_title(section));
    const char *trust = cfg_getstr(section, "trust");

    (void)root;
    if (*mailbox->name == '\0')
        return heed_config_refuse(section->line, "a mailbox needs a name: mailbox \"fbl\" { … }");
    if (read_url(section, mailbox) != 0 || read_actions(section, mailbox) != 0)
        return -1;
    if (trust != NULL && !is_word_of(trust, "open", "closed"))
        return heed_config_refuse(heed_config_line_of(section, "trust"),
                                  "trust = \"%s\": allowed are open and closed", trust);
    mailbox->closed = trust != NULL && strcmp(trust, "closed") == 0;
    mailbox->password_command = g_strdup(cfg_getstr(section, "password-command"));
    mailbox->password_file = heed_config_resolve(cfg_getstr(section, "password-file"));
    mailbox->token_command = g_strdup(cfg_getstr(section, "token-command"));
    mailbox->token_file = heed_config_resolve(cfg_getstr(section, "token-file"));
    mailbox->ca_file = heed_config_resolve(cfg_getstr(section, "ca-file"));
    mailbox->stream = g_strdup(cfg_getstr(section, "stream"));
    mailbox->read_seconds = (unsigned)cfg_getint(section, "read-timeout");
    mailbox->response_seconds = (unsigned)cfg_getint(section, "response-timeout");
    if (mailbox->stream != NULL && !heed_config_is_stream(mailbox->stream))
        return heed_config_refuse(heed_config_line_of(section, "stream"),
                                  "stream is empty or longer than 255 bytes: leave it out, or "
                                  "name it");
    if (!is_server(mailbox) && has_secret(mailbox))
        return heed_config_refuse(
            section->line, "mailbox '%s' is a file or folder and needs no password", mailbox->name);
    if (check_mailbox(section, mailbox) != 0)
        return -1;
    g_ptr_array_add(heed_config_being_read()->mailboxes, g_steal_pointer(&mailbox));
    return 0;
}

cfg_opt_t heed_config_mailbox_options[] = {
    CFG_STR("url", NULL, CFGF_NODEFAULT),
    CFG_STR("tls", NULL, CFGF_NODEFAULT),
    CFG_STR("password-command", NULL, CFGF_NODEFAULT),
    CFG_STR("password-file", NULL, CFGF_NODEFAULT),
    CFG_STR("token-command", NULL, CFGF_NODEFAULT),
    CFG_STR("token-file", NULL, CFGF_NODEFAULT),
    CFG_STR("ca-file", NULL, CFGF_NODEFAULT),
    CFG_STR("on-done", NULL, CFGF_NODEFAULT),
    CFG_STR("on-unrecognised", NULL, CFGF_NODEFAULT),
    CFG_STR("on-quarantine", NULL, CFGF_NODEFAULT),
    CFG_STR("stream", NULL, CFGF_NODEFAULT),
    CFG_STR("trust", NULL, CFGF_NODEFAULT),
    CFG_INT_CB("read-timeout", 0, CFGF_NONE, heed_config_on_number),
    CFG_INT_CB("response-timeout", 0, CFGF_NONE, heed_config_on_number),
    CFG_END(),
};
