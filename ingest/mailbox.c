/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/mailbox.h"

#include "base/error.h"
#include "ingest/folder_name.h"

#include <string.h>

#define NUMBER_OF_ACTIONS 3U

/* The schemes of mail servers; the same table reads and writes urls. */
typedef struct Scheme {
    const char *name;
    HeedProtocol protocol;
    HeedTlsMode tls;
    uint16_t port;
} Scheme;

static const Scheme schemes[] = {
    {"imaps", HEED_PROTOCOL_IMAP, HEED_TLS_IMPLICIT, 993},
    {"imap+starttls", HEED_PROTOCOL_IMAP, HEED_TLS_STARTTLS, 143},
    {"imap", HEED_PROTOCOL_IMAP, HEED_TLS_NONE, 143},
    {"pop3s", HEED_PROTOCOL_POP3, HEED_TLS_IMPLICIT, 995},
    {"pop3+starttls", HEED_PROTOCOL_POP3, HEED_TLS_STARTTLS, 110},
    {"pop3", HEED_PROTOCOL_POP3, HEED_TLS_NONE, 110},
};

HeedMailbox *
heed_mailbox_new(const char *name)
{
    HeedMailbox *mailbox = g_new0(HeedMailbox, 1);

    mailbox->name = g_strdup(name);
    return mailbox;
}

void
heed_mailbox_free(HeedMailbox *mailbox)
{
    if (mailbox == NULL)
        return;
    g_free(mailbox->name);
    g_free(mailbox->user);
    g_free(mailbox->host);
    g_free(mailbox->folder);
    g_strfreev(mailbox->paths);
    g_free(mailbox->password_command);
    g_free(mailbox->password_file);
    g_free(mailbox->token_command);
    g_free(mailbox->token_file);
    g_free(mailbox->ca_file);
    g_free(mailbox->stream);
    for (size_t i = 0; i < NUMBER_OF_ACTIONS; i++)
        g_free(mailbox->on_done[i].folder);
    g_free(mailbox);
}

/* A user or folder goes into commands of a line-based protocol: no control characters. */
static bool
is_plain_text(const char *text)
{
    if (!g_utf8_validate(text, -1, NULL))
        return false;
    for (const char *c = text; *c != '\0'; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            return false;
    return true;
}

/* Undoes percent-encoding; NULL for a bad escape or text that a command cannot carry. */
static char *
decode_component(const char *text, size_t length)
{
    g_autofree char *encoded = g_strndup(text, length);
    g_autofree char *decoded = g_uri_unescape_string(encoded, NULL);

    if (decoded == NULL || !is_plain_text(decoded))
        return NULL;
    return g_steal_pointer(&decoded);
}

static bool
url_error(GError **error, const char *reason)
{
    g_set_error(error, HEED_ERROR, HEED_ERROR_CONFIG, "url: %s", reason);
    return false;
}

/* What stands between "//" and "@". */
static bool
set_user(HeedMailbox *mailbox, const char *text, size_t length, GError **error)
{
    g_autofree char *user = NULL;

    if (memchr(text, ':', length) != NULL)
        return url_error(error, "a password does not belong here; use password-command or "
                                "password-file (a ':' in the user is written %3A)");
    user = decode_component(text, length);
    if (user == NULL || *user == '\0')
        return url_error(error, "the user is empty or not well encoded ('%' is written %25)");
    g_free(mailbox->user);
    mailbox->user = g_steal_pointer(&user);
    return true;
}

static bool
is_host(const char *host)
{
    size_t length = strlen(host);

    /* RFC 1035 3.1: 255 octets; names of other scripts are written in their xn-- form. */
    if (length == 0 || length > 255 || *host == '-' || *host == '.')
        return false;
    return strspn(host, "abcdefghijklmnopqrstuvwxyz0123456789.-_") == length;
}

static bool
set_port(HeedMailbox *mailbox, const char *text, GError **error)
{
    guint64 port = 0;

    if (*text == '\0')
        return true;
    if (!g_ascii_string_to_unsigned(text, 10, 1, UINT16_MAX, &port, NULL))
        return url_error(error, "the port must be a number from 1 to 65535");
    mailbox->port = (uint16_t)port;
    return true;
}

/* "host", "host:port", "[2001:db8::1]:port". The address is kept without its brackets. */
static bool
set_host(HeedMailbox *mailbox, const char *text, size_t length, GError **error)
{
    g_autofree char *whole = g_ascii_strdown(text, (gssize)length);
    char *host = whole;
    char *end;

    if (*whole == '[') {
        host = whole + 1;
        end = strchr(host, ']');
        if (end == NULL)
            return url_error(error, "an IPv6 address is written [2001:db8::1]");
        *end++ = '\0';
        if (!g_hostname_is_ip_address(host) || strchr(host, ':') == NULL)
            return url_error(error, "an IPv6 address is written [2001:db8::1]");
    } else {
        end = host + strcspn(host, ":");
    }
    if (*end != '\0' && *end != ':')
        return url_error(error, "what follows the host must be ':PORT' or '/FOLDER'");
    if (*end == ':') {
        *end = '\0';
        if (!set_port(mailbox, end + 1, error))
            return false;
    }
    if (*whole != '[' && !is_host(host))
        return url_error(error, "the host is missing or is not a host name");
    g_free(mailbox->host);
    mailbox->host = g_strdup(host);
    return true;
}

static bool
set_folder(HeedMailbox *mailbox, const char *text, GError **error)
{
    g_autofree char *folder = NULL;

    if (mailbox->protocol == HEED_PROTOCOL_POP3 && text[strspn(text, "/")] != '\0')
        return url_error(error, "POP3 has no folders; leave out what follows the host");
    if (mailbox->protocol == HEED_PROTOCOL_POP3)
        return true;
    if (strpbrk(text, "?#;") != NULL)
        return url_error(error, "in a folder '?', '#' and ';' are written %3F, %23 and %3B");
    folder = decode_component(text, strlen(text));
    if (folder == NULL)
        return url_error(error, "the folder is not well encoded ('%' is written %25)");
    for (size_t length = strlen(folder); length > 0 && folder[length - 1] == '/'; length--)
        folder[length - 1] = '\0';
    if (*folder == '\0') {
        g_free(folder);
        folder = g_strdup("INBOX");
    }
    /* RFC 9051 5.1: INBOX in any case is the same folder. */
    if (g_ascii_strcasecmp(folder, "INBOX") == 0)
        memcpy(folder, "INBOX", strlen("INBOX"));
    g_free(mailbox->folder);
    mailbox->folder = g_steal_pointer(&folder);
    return true;
}

static bool
set_server(HeedMailbox *mailbox, const Scheme *scheme, const char *rest, GError **error)
{
    const char *slash;
    const char *at;
    size_t length;

    if (scheme->tls == HEED_TLS_NONE && mailbox->tls != HEED_TLS_NONE) {
        g_set_error(error, HEED_ERROR, HEED_ERROR_CONFIG,
                    "url: %s: sends the password unprotected; use %ss: or %s+starttls:, "
                    "or add tls = \"none\" if that is what you want",
                    scheme->name, scheme->name, scheme->name);
        return false;
    }
    if (scheme->tls != HEED_TLS_NONE && mailbox->tls == HEED_TLS_NONE)
        return url_error(error,
                         "tls = \"none\" contradicts the scheme; use imap: or pop3: with it");
    if (!g_str_has_prefix(rest, "//"))
        return url_error(error, "a mail server is written SCHEME://USER@HOST");
    rest += strlen("//");
    mailbox->protocol = scheme->protocol;
    mailbox->tls = scheme->tls;
    mailbox->port = scheme->port;
    /* The analyzer takes g_str_has_prefix() for one that lets NULL pass. */
    slash = strchr(rest, '/'); /* NOLINT(clang-analyzer-core.NonNullParamChecker) */
    length = slash != NULL ? (size_t)(slash - rest) : strlen(rest);
    /* People write their address as the user without encoding its "@": the last one counts. */
    at = g_strrstr_len(rest, (gssize)length, "@");
    if (at == NULL)
        return url_error(error, "the user is missing: SCHEME://USER@HOST");
    return set_user(mailbox, rest, (size_t)(at - rest), error) &&
           set_host(mailbox, at + 1, length - (size_t)(at + 1 - rest), error) &&
           set_folder(mailbox, slash != NULL ? slash + 1 : "", error);
}

static bool
set_local(HeedMailbox *mailbox, HeedProtocol protocol, const char *path, GError **error)
{
    size_t length;

    while (g_str_has_prefix(path, "//"))
        path++; /* an empty authority, as in file:///path */
    length = strlen(path);
    while (length > 1 && path[length - 1] == '/')
        length--;
    if (length == 0)
        return url_error(error, "the path is missing");
    mailbox->protocol = protocol;
    mailbox->tls = HEED_TLS_NONE;
    mailbox->port = 0;
    g_free(mailbox->folder);
    mailbox->folder = g_strndup(path, length);
    return true;
}

bool
heed_mailbox_set_url(HeedMailbox *mailbox, const char *url, GError **error)
{
    const char *colon = strchr(url, ':');
    g_autofree char *name = colon != NULL ? g_ascii_strdown(url, colon - url) : g_strdup("");

    for (size_t i = 0; i < G_N_ELEMENTS(schemes); i++)
        if (g_str_equal(name, schemes[i].name))
            return set_server(mailbox, &schemes[i], colon + 1, error);
    if (g_str_equal(name, "maildir"))
        return set_local(mailbox, HEED_PROTOCOL_MAILDIR, colon + 1, error);
    if (g_str_equal(name, "mbox"))
        return set_local(mailbox, HEED_PROTOCOL_MBOX, colon + 1, error);
    return url_error(error, "must begin with imaps:, imap+starttls:, pop3s:, pop3+starttls:, "
                            "maildir: or mbox: (or imap: or pop3: with tls = \"none\")");
}

static void
append_encoded(GString *url, const char *text, const char *allowed)
{
    g_autofree char *encoded = g_uri_escape_string(text, allowed, FALSE);

    g_string_append(url, encoded);
}

static char *
server_url(const HeedMailbox *mailbox, const Scheme *scheme)
{
    g_autoptr(GString) url = g_string_new(scheme->name);
    bool is_ipv6 = strchr(mailbox->host, ':') != NULL;

    g_string_append(url, "://");
    append_encoded(url, mailbox->user, NULL);
    g_string_append_printf(url, is_ipv6 ? "@[%s]" : "@%s", mailbox->host);
    if (mailbox->port != scheme->port)
        g_string_append_printf(url, ":%u", (unsigned)mailbox->port);
    if (mailbox->protocol == HEED_PROTOCOL_IMAP) {
        g_string_append_c(url, '/');
        append_encoded(url, mailbox->folder, "/");
    }
    return g_string_free(g_steal_pointer(&url), FALSE);
}

char *
heed_mailbox_url(const HeedMailbox *mailbox)
{
    if (mailbox->protocol == HEED_PROTOCOL_MAILDIR)
        return g_strconcat("maildir:", mailbox->folder, NULL);
    if (mailbox->protocol == HEED_PROTOCOL_MBOX)
        return g_strconcat("mbox:", mailbox->folder, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(schemes); i++)
        if (schemes[i].protocol == mailbox->protocol && schemes[i].tls == mailbox->tls)
            return server_url(mailbox, &schemes[i]);
    return g_strdup("paths:");
}

bool
heed_ack_action_parse(const char *text, HeedAckAction *out, GError **error)
{
    static const char move[] = "move:";
    const char *folder;

    if (g_str_equal(text, "leave") || g_str_equal(text, "seen") || g_str_equal(text, "delete")) {
        out->what = *text == 'l'   ? HEED_ON_DONE_LEAVE
                    : *text == 's' ? HEED_ON_DONE_SEEN
                                   : HEED_ON_DONE_DELETE;
        out->folder = NULL;
        return true;
    }
    if (!g_str_has_prefix(text, move)) {
        g_set_error(error, HEED_ERROR, HEED_ERROR_CONFIG,
                    "'%s' is not one of leave, seen, move:FOLDER, delete", text);
        return false;
    }
    folder = text + strlen(move);
    /* "*" and "%" are wildcards of LIST (RFC 9051 6.3.9.1): no server lets them be created. */
    if (!is_plain_text(folder) || strpbrk(folder, "*%") != NULL || *folder == '/' ||
        *folder == '\0' || g_str_has_suffix(folder, "/") || strstr(folder, "//") != NULL) {
        g_set_error(error, HEED_ERROR, HEED_ERROR_CONFIG,
                    "'%s': move: needs a folder such as Heed/Done", text);
        return false;
    }
    out->what = HEED_ON_DONE_MOVE;
    out->folder = g_strdup(folder);
    return true;
}

/* What can be done with a server's copy, by protocol and action. */
static const struct {
    const char *name;
    bool can[4];
    const char *list;
} abilities[] = {
    [HEED_PROTOCOL_IMAP] = {"IMAP", {true, true, true, true}, "leave, seen, move:FOLDER, delete"},
    [HEED_PROTOCOL_POP3] = {"POP3", {true, false, false, true}, "leave, delete"},
    [HEED_PROTOCOL_MAILDIR] = {"a Maildir",
                               {true, true, true, true},
                               "leave, seen, move:FOLDER, delete"},
    [HEED_PROTOCOL_MBOX] = {"an mbox", {true, false, false, false}, "leave"},
    [HEED_PROTOCOL_PATHS] = {"local files", {true, false, false, false}, "leave"},
};

/* Moved into the folder it came from, a message would be new again, for ever. Folders of a Maildir
 * stand in the outermost one, as ".Heed.Done" (Maildir++). */
static bool
is_own_folder(const HeedMailbox *mailbox, const char *folder)
{
    g_autofree char *encoded = NULL;
    g_autofree char *dotted = NULL;
    g_autofree char *own = NULL;

    if (mailbox->protocol == HEED_PROTOCOL_IMAP)
        return heed_folder_name_is_same(folder, mailbox->folder, '/');
    encoded = heed_folder_name_encode(folder, '.');
    dotted = g_strconcat(".", encoded, NULL);
    own = g_path_get_basename(mailbox->folder);
    return g_str_equal(dotted, own);
}

static bool
check_actions(const HeedMailbox *mailbox, GError **error)
{
    static const char *const keys[NUMBER_OF_ACTIONS] = {"on-done", "on-unrecognised",
                                                        "on-quarantine"};

    for (size_t i = 0; i < NUMBER_OF_ACTIONS; i++) {
        const HeedAckAction *action = &mailbox->on_done[i];

        if (!abilities[mailbox->protocol].can[action->what]) {
            g_set_error(error, HEED_ERROR, HEED_ERROR_CONFIG, "%s: with %s it can be %s", keys[i],
                        abilities[mailbox->protocol].name, abilities[mailbox->protocol].list);
            return false;
        }
        if (action->what == HEED_ON_DONE_MOVE && is_own_folder(mailbox, action->folder)) {
            g_set_error(error, HEED_ERROR, HEED_ERROR_CONFIG,
                        "%s: '%s' is the folder that mail is read from; name another one, "
                        "such as move:Heed/Done, or use leave, seen or delete",
                        keys[i], action->folder);
            return false;
        }
    }
    return true;
}

bool
heed_mailbox_check(const HeedMailbox *mailbox, GError **error)
{
    const char *const secrets[] = {mailbox->password_command, mailbox->password_file,
                                   mailbox->token_command, mailbox->token_file};
    size_t given = 0;
    bool is_server =
        mailbox->protocol == HEED_PROTOCOL_IMAP || mailbox->protocol == HEED_PROTOCOL_POP3;

    for (size_t i = 0; i < G_N_ELEMENTS(secrets); i++)
        given += secrets[i] != NULL ? 1 : 0;
    if (is_server && (mailbox->host == NULL || mailbox->user == NULL))
        return url_error(error, "is missing");
    if (is_server && given != 1) {
        g_set_error(error, HEED_ERROR, HEED_ERROR_CONFIG,
                    "exactly one of password-command, password-file, token-command and token-file "
                    "is needed");
        return false;
    }
    if (!is_server && mailbox->protocol != HEED_PROTOCOL_PATHS && mailbox->folder == NULL)
        return url_error(error, "is missing");
    return check_actions(mailbox, error);
}
