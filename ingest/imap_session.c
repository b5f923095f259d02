/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/imap_session.h"

#include "base/error.h"
#include "base/limits.h"
#include "ingest/folder_name.h"
#include "ingest/login.h"
#include "ingest/server_text.h"

#include <string.h>

/* A server's free text and lists of capabilities are small; so is the answer to a SELECT. */
#define SMALL_ANSWER_BYTES (1024U * 1024)

void
heed_imap_begin(HeedImap *imap, uint64_t byte_budget)
{
    heed_tls_stream_begin(imap->stream, byte_budget);
}

bool
heed_imap_is_usable(const HeedImap *imap)
{
    return imap->session != NULL && heed_tls_stream_failure(imap->stream) == NULL;
}

/* The server's words of its last answer, made harmless and short. Caller frees. */
static char *
server_text(const HeedImap *imap)
{
    const char *parsed = imap->session->imap_response;

    /* What could not be parsed is still in libetpan's line. */
    return heed_server_text(
        parsed != NULL && *parsed != '\0' ? parsed : imap->session->imap_stream_buffer->str);
}

/* The code in brackets (RFC 5530) that libetpan knows no meaning of, or "". */
static const char *
response_code(const HeedImap *imap)
{
    const struct mailimap_response_info *info = imap->session->imap_response_info;

    return info != NULL && info->rsp_atom != NULL ? info->rsp_atom : "";
}

static HeedError
code_of_refusal(const HeedImap *imap)
{
    const char *code = response_code(imap);

    if (g_ascii_strcasecmp(code, "UNAVAILABLE") == 0 || g_ascii_strcasecmp(code, "INUSE") == 0 ||
        g_ascii_strcasecmp(code, "SERVERBUG") == 0)
        return HEED_ERROR_TEMPORARY;
    if (g_ascii_strcasecmp(code, "NOPERM") == 0 || g_ascii_strcasecmp(code, "OVERQUOTA") == 0)
        return HEED_ERROR_PERMISSION;
    return HEED_ERROR_UNAVAILABLE;
}

bool
heed_imap_check(HeedImap *imap, int result, const char *what, GError **error)
{
    const GError *failure = heed_tls_stream_failure(imap->stream);
    g_autofree char *text = NULL;

    if (failure == NULL &&
        (result == MAILIMAP_NO_ERROR || result == MAILIMAP_NO_ERROR_AUTHENTICATED ||
         result == MAILIMAP_NO_ERROR_NON_AUTHENTICATED))
        return true;
    if (failure != NULL) {
        g_propagate_prefixed_error(error, g_error_copy(failure), "%s: ", what);
        return false;
    }
    text = server_text(imap);
    switch (result) {
    case MAILIMAP_ERROR_STREAM:
    case MAILIMAP_ERROR_PARSE:
    case MAILIMAP_ERROR_PROTOCOL:
    case MAILIMAP_ERROR_NEEDS_MORE_DATA:
    case MAILIMAP_ERROR_BAD_STATE:
    case MAILIMAP_ERROR_MEMORY:
        g_set_error(error, HEED_ERROR, HEED_ERROR_DATA,
                    "%s: what '%s' port %u answers is not IMAP: '%s'", what, imap->mailbox->host,
                    (unsigned)imap->mailbox->port, text);
        break;
    case MAILIMAP_ERROR_FATAL:
    case MAILIMAP_ERROR_DONT_ACCEPT_CONNECTION:
        g_set_error(error, HEED_ERROR, HEED_ERROR_TEMPORARY, "%s: '%s' says good-bye: '%s'", what,
                    imap->mailbox->host, text);
        break;
    default:
        g_set_error(error, HEED_ERROR, (gint)code_of_refusal(imap), "%s: '%s' refuses: '%s'", what,
                    imap->mailbox->host, text);
        return false;
    }
    heed_tls_stream_fail(imap->stream,
                         g_error_new_literal(HEED_ERROR, HEED_ERROR_TEMPORARY, "given up"));
    return false;
}

static bool
has_capability(const HeedImap *imap, const char *wanted)
{
    const struct mailimap_connection_info *info = imap->session->imap_connection_info;

    if (info == NULL || info->imap_capability == NULL)
        return false;
    for (clistiter *at = clist_begin(info->imap_capability->cap_list); at != NULL;
         at = clist_next(at)) {
        const struct mailimap_capability *capability = clist_content(at);

        if (capability->cap_type == MAILIMAP_CAPABILITY_NAME &&
            g_ascii_strcasecmp(capability->cap_data.cap_name, wanted) == 0)
            return true;
    }
    return false;
}

static bool
greet(HeedImap *imap, GError **error)
{
    int result;

    heed_imap_begin(imap, SMALL_ANSWER_BYTES);
    result = mailimap_connect(imap->session, heed_tls_stream_mailstream(imap->stream));
    if (!heed_imap_check(imap, result, "no greeting", error))
        return false;
    if (imap->mailbox->tls != HEED_TLS_STARTTLS)
        return true;
    /* Logged in before TLS: somebody between may have said so to keep us from it (RFC 8314). */
    if (result == MAILIMAP_NO_ERROR_AUTHENTICATED) {
        g_set_error(error, HEED_ERROR, HEED_ERROR_UNAVAILABLE,
                    "'%s' logs in by itself and so without TLS", imap->mailbox->host);
        return false;
    }
    heed_imap_begin(imap, SMALL_ANSWER_BYTES);
    if (!heed_imap_check(imap, mailimap_starttls(imap->session), "no STARTTLS", error) ||
        !heed_tls_stream_start_tls(imap->stream, imap->session->imap_stream, error))
        return false;
    heed_imap_guard_init(&imap->guard);
    return true;
}

static bool
authenticate(HeedImap *imap, GError **error)
{
    const HeedMailbox *mailbox = imap->mailbox;
    g_autoptr(HeedLogin) login = heed_login_load(mailbox, error);
    g_autofree char *text = NULL;
    int result;

    if (login == NULL)
        return false;
    heed_imap_begin(imap, SMALL_ANSWER_BYTES);
    if (login->is_token)
        result = mailimap_oauth2_authenticate(imap->session, mailbox->user, login->secret);
    else
        result = mailimap_login(imap->session, mailbox->user, login->secret);
    if (result != MAILIMAP_ERROR_LOGIN || !heed_imap_is_usable(imap))
        return heed_imap_check(imap, result, "cannot log in", error);
    text = server_text(imap);
    g_set_error(error, HEED_ERROR,
                code_of_refusal(imap) == HEED_ERROR_TEMPORARY ? HEED_ERROR_TEMPORARY
                                                              : HEED_ERROR_PERMISSION,
                "'%s' refuses the login of '%s' (is the %s right?): '%s'", mailbox->host,
                mailbox->user, login->is_token ? "token" : "password", text);
    return false;
}

static bool
learn_capabilities(HeedImap *imap, GError **error)
{
    heed_imap_begin(imap, SMALL_ANSWER_BYTES);
    if (!heed_imap_check(imap, mailimap_custom_command(imap->session, "CAPABILITY"),
                         "cannot ask for capabilities", error))
        return false;
    imap->has_move = has_capability(imap, "MOVE");
    imap->has_uidplus = has_capability(imap, "UIDPLUS");
    imap->has_idle = has_capability(imap, "IDLE");
    return true;
}

/* RFC 9051 6.3.9: LIST of nothing says the delimiter only. */
static bool
learn_delimiter(HeedImap *imap, GError **error)
{
    clist *list = NULL;

    heed_imap_begin(imap, SMALL_ANSWER_BYTES);
    if (!heed_imap_check(imap, mailimap_list(imap->session, "", "", &list), "cannot list folders",
                         error))
        return false;
    if (list != NULL && clist_begin(list) != NULL) {
        const struct mailimap_mailbox_list *entry = clist_content(clist_begin(list));

        imap->delimiter = entry->mb_delimiter;
    }
    if (list != NULL)
        mailimap_list_result_free(list);
    return true;
}

char *
heed_imap_folder_name(const HeedImap *imap, const char *folder)
{
    return heed_folder_name_encode(folder, imap->delimiter);
}

static bool
changes_nothing(const HeedMailbox *mailbox)
{
    for (size_t i = 0; i < G_N_ELEMENTS(mailbox->on_done); i++)
        if (mailbox->on_done[i].what != HEED_ON_DONE_LEAVE)
            return false;
    return true;
}

/* Old servers send no UIDNEXT: it is one more than the uid of the last message. */
static bool
learn_uid_next(HeedImap *imap, GError **error)
{
    struct mailimap_fetch_type *type;
    struct mailimap_set *set;
    clist *list = NULL;
    int result;

    imap->uid_next = 1;
    if (imap->exists == 0)
        return true;
    set = mailimap_set_new_single(imap->exists);
    type = mailimap_fetch_type_new_fetch_att(mailimap_fetch_att_new_uid());
    heed_imap_begin(imap, SMALL_ANSWER_BYTES);
    result = mailimap_fetch(imap->session, set, type, &list);
    mailimap_set_free(set);
    mailimap_fetch_type_free(type);
    if (!heed_imap_check(imap, result, "cannot find the last message", error))
        return false;
    for (clistiter *at = clist_begin(list); at != NULL; at = clist_next(at)) {
        const struct mailimap_msg_att *message = clist_content(at);

        for (clistiter *of = clist_begin(message->att_list); of != NULL; of = clist_next(of)) {
            const struct mailimap_msg_att_item *item = clist_content(of);

            if (item->att_type == MAILIMAP_MSG_ATT_ITEM_STATIC &&
                item->att_data.att_static->att_type == MAILIMAP_MSG_ATT_UID)
                imap->uid_next = item->att_data.att_static->att_data.att_uid + 1;
        }
    }
    mailimap_fetch_list_free(list);
    return true;
}

bool
heed_imap_select(HeedImap *imap, GError **error)
{
    g_autofree char *name = heed_imap_folder_name(imap, imap->mailbox->folder);
    g_autofree char *what = g_strdup_printf("cannot open folder '%s'", imap->mailbox->folder);
    const struct mailimap_selection_info *info;
    int result;

    heed_imap_begin(imap, SMALL_ANSWER_BYTES);
    result = changes_nothing(imap->mailbox) ? mailimap_examine(imap->session, name)
                                            : mailimap_select(imap->session, name);
    if (!heed_imap_check(imap, result, what, error))
        return false;
    info = imap->session->imap_selection_info;
    if (info == NULL || info->sel_uidvalidity == 0) {
        g_set_error(error, HEED_ERROR, HEED_ERROR_UNAVAILABLE,
                    "%s: '%s' has no lasting message numbers (UIDVALIDITY)", what,
                    imap->mailbox->host);
        return false;
    }
    imap->uid_validity = info->sel_uidvalidity;
    imap->uid_next = info->sel_uidnext;
    imap->exists = info->sel_exists;
    return imap->uid_next != 0 || learn_uid_next(imap, error);
}

bool
heed_imap_open(HeedImap *imap, const HeedMailbox *mailbox, GError **error)
{
    heed_imap_close(imap);
    *imap = (HeedImap){.mailbox = mailbox};
    imap->stream = heed_tls_stream_open(mailbox, error);
    if (imap->stream == NULL)
        return false;
    heed_imap_guard_init(&imap->guard);
    heed_tls_stream_inspect(imap->stream, heed_imap_guard_inspect, &imap->guard);
    imap->session = mailimap_new(0, NULL);
    if (greet(imap, error) && authenticate(imap, error) && learn_capabilities(imap, error) &&
        learn_delimiter(imap, error) && heed_imap_select(imap, error))
        return true;
    heed_imap_close(imap);
    return false;
}

void
heed_imap_close(HeedImap *imap)
{
    if (imap->session != NULL) {
        /* Frees the mailstream too, and sends a LOGOUT while the stream has not failed. */
        heed_imap_begin(imap, SMALL_ANSWER_BYTES);
        mailimap_free(imap->session);
    }
    imap->session = NULL;
    g_clear_pointer(&imap->stream, heed_tls_stream_free);
}

gint
heed_imap_compare_uids(gconstpointer one, gconstpointer other)
{
    const uint32_t *a = one;
    const uint32_t *b = other;

    return *a < *b ? -1 : *a > *b ? 1 : 0;
}

struct mailimap_set *
heed_imap_uid_set(const uint32_t *uids, size_t count)
{
    struct mailimap_set *set = mailimap_set_new_empty();

    for (size_t i = 0; i < count;) {
        size_t last = i;

        while (last + 1 < count && uids[last + 1] <= uids[last] + 1)
            last++;
        (void)mailimap_set_add_interval(set, uids[i], uids[last]);
        i = last + 1;
    }
    return set;
}
