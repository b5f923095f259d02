/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/pop3_session.h"

#include "base/error.h"
#include "base/limits.h"
#include "ingest/login.h"
#include "ingest/secret.h"
#include "ingest/server_text.h"

#include <string.h>

/* RFC 1939 3: a response line is 512 octets; servers that chat are forgiven. */
#define LINE_BYTES         2048U
#define SMALL_ANSWER_BYTES (64U * 1024)

bool
heed_pop3_is_usable(const HeedPop3 *pop3)
{
    return pop3->session != NULL && heed_tls_stream_failure(pop3->stream) == NULL;
}

static void
give_up(HeedPop3 *pop3)
{
    heed_tls_stream_fail(pop3->stream,
                         g_error_new_literal(HEED_ERROR, HEED_ERROR_TEMPORARY, "given up"));
}

static bool
stream_error(const HeedPop3 *pop3, const char *what, GError **error)
{
    g_propagate_prefixed_error(error, g_error_copy(heed_tls_stream_failure(pop3->stream)),
                               "%s: ", what);
    return false;
}

static bool
no_pop3_error(HeedPop3 *pop3, const char *what, const char *said, GError **error)
{
    g_autofree char *text = heed_server_text(said);

    g_set_error(error, HEED_ERROR, HEED_ERROR_DATA,
                *text != '\0' ? "%s: what '%s' port %u answers is not POP3: '%s'"
                              : "%s: what '%s' port %u answers is not POP3%s",
                what, pop3->mailbox->host, (unsigned)pop3->mailbox->port, text);
    give_up(pop3);
    return false;
}

/* What libetpan's stream has read and nobody has taken yet; reads more when there is nothing. */
static const char *
available(HeedPop3 *pop3, size_t *out_length)
{
    mailstream *above = pop3->session->pop3_stream;

    if (mailstream_feed_read_buffer(above) <= 0)
        return NULL;
    *out_length = above->read_buffer_len;
    return above->read_buffer;
}

static void
take(HeedPop3 *pop3, size_t length)
{
    mailstream *above = pop3->session->pop3_stream;

    above->read_buffer_len -= length;
    memmove(above->read_buffer, above->read_buffer + length, above->read_buffer_len);
}

/* One line without its end; NULL with an error. */
static char *
read_line(HeedPop3 *pop3, const char *what, GError **error)
{
    g_autoptr(GString) line = g_string_new(NULL);

    for (;;) {
        size_t length = 0;
        const char *bytes = available(pop3, &length);
        const char *newline = bytes != NULL ? memchr(bytes, '\n', length) : NULL;

        if (bytes == NULL) {
            (void)stream_error(pop3, what, error);
            return NULL;
        }
        if (newline != NULL)
            length = (size_t)(newline - bytes) + 1;
        g_string_append_len(line, bytes, (gssize)length);
        take(pop3, length);
        if (line->len > LINE_BYTES) {
            (void)no_pop3_error(pop3, what, line->str, error);
            return NULL;
        }
        if (newline != NULL)
            break;
    }
    g_string_set_size(line, strcspn(line->str, "\r\n"));
    return g_string_free(g_steal_pointer(&line), FALSE);
}

static bool
send_line(HeedPop3 *pop3, const char *line, const char *what, uint64_t byte_budget, GError **error)
{
    mailstream *above = pop3->session->pop3_stream;

    heed_tls_stream_begin(pop3->stream, byte_budget != 0 ? byte_budget : SMALL_ANSWER_BYTES);
    if (mailstream_write(above, line, strlen(line)) < 0 ||
        mailstream_write(above, "\r\n", strlen("\r\n")) < 0 || mailstream_flush(above) < 0)
        return stream_error(pop3, what, error);
    return true;
}

/* The response codes that say it may work later (RFC 2449 8.1, RFC 3206 4). */
static bool
is_temporary(const char *answer)
{
    static const char *const codes[] = {"[IN-USE]", "[LOGIN-DELAY]", "[SYS/TEMP]"};

    for (size_t i = 0; i < G_N_ELEMENTS(codes); i++) {
        g_autofree char *upper = g_ascii_strup(answer, -1);

        if (strstr(upper, codes[i]) != NULL)
            return true;
    }
    return false;
}

static bool
judge(HeedPop3 *pop3, const char *answer, const char *what, GError **error)
{
    g_autofree char *text = NULL;

    if (g_str_has_prefix(answer, "+OK"))
        return true;
    if (!g_str_has_prefix(answer, "-ERR"))
        return no_pop3_error(pop3, what, answer, error);
    text = heed_server_text(answer + strlen("-ERR"));
    g_set_error(error, HEED_ERROR,
                is_temporary(text) ? HEED_ERROR_TEMPORARY : HEED_ERROR_UNAVAILABLE,
                "%s: '%s' refuses: '%s'", what, pop3->mailbox->host, text);
    return false;
}

bool
heed_pop3_command(HeedPop3 *pop3,
                  const char *line,
                  const char *what,
                  uint64_t byte_budget,
                  char **out_text,
                  GError **error)
{
    g_autofree char *answer = NULL;

    if (!send_line(pop3, line, what, byte_budget, error))
        return false;
    answer = read_line(pop3, what, error);
    if (answer == NULL || !judge(pop3, answer, what, error))
        return false;
    if (out_text != NULL)
        *out_text = g_strdup(answer + strlen("+OK") + (answer[strlen("+OK")] == ' ' ? 1 : 0));
    return true;
}

/* Where in a multi-line answer we are (RFC 1939 3: a line of "." ends it, "." in front of a line
 * is doubled). */
typedef enum Place {
    LINE_START,
    BEHIND_DOT,
    BEHIND_DOT_CR,
    WITHIN_LINE
} Place;

/* Passes a piece on. Returns how much of it was used; *place is LINE_START with *out_end at the
 * end. */
static size_t
unstuff(
    const char *bytes, size_t length, Place *place, bool *out_end, HeedPop3Sink sink, void *data)
{
    size_t at = 0;

    while (at < length && !*out_end) {
        const char *newline;
        size_t rest;

        if (*place == LINE_START && bytes[at] == '.') {
            *place = BEHIND_DOT;
            at++;
            continue;
        }
        if (*place == BEHIND_DOT && bytes[at] == '\r') {
            *place = BEHIND_DOT_CR;
            at++;
            continue;
        }
        if ((*place == BEHIND_DOT || *place == BEHIND_DOT_CR) && bytes[at] == '\n') {
            *out_end = true;
            at++;
            break;
        }
        if (*place == BEHIND_DOT_CR)
            sink(data, "\r", 1);
        newline = memchr(bytes + at, '\n', length - at);
        rest = newline != NULL ? (size_t)(newline + 1 - (bytes + at)) : length - at;
        sink(data, bytes + at, rest);
        *place = newline != NULL ? LINE_START : WITHIN_LINE;
        at += rest;
    }
    return at;
}

bool
heed_pop3_read_lines(HeedPop3 *pop3, HeedPop3Sink sink, void *data, GError **error)
{
    Place place = LINE_START;
    bool end = false;

    while (!end) {
        size_t length = 0;
        const char *bytes = available(pop3, &length);

        if (bytes == NULL)
            return stream_error(pop3, "answer broken off", error);
        take(pop3, unstuff(bytes, length, &place, &end, sink, data));
    }
    return true;
}

/* A refused login: whose fault is it? */
static void
blame_login(const HeedPop3 *pop3, bool is_token, GError **error)
{
    if (error == NULL || *error == NULL || !heed_pop3_is_usable(pop3) ||
        (*error)->code != HEED_ERROR_UNAVAILABLE)
        return;
    (*error)->code = HEED_ERROR_PERMISSION;
    g_prefix_error(error, "login of '%s' (is the %s right?): ", pop3->mailbox->user,
                   is_token ? "token" : "password");
}

static bool
login_with_password(HeedPop3 *pop3, const char *password, GError **error)
{
    g_autofree char *user = g_strconcat("USER ", pop3->mailbox->user, NULL);
    char *pass = g_strconcat("PASS ", password, NULL);
    bool done = heed_pop3_command(pop3, user, "USER", 0, NULL, error) &&
                heed_pop3_command(pop3, pass, "PASS", 0, NULL, error);

    heed_secret_free(pass);
    return done;
}

/* Google's and Microsoft's XOAUTH2: the token goes in a line of its own, since it may be longer
 * than a command may be; a refusal comes as a challenge first, to be answered by an empty line. */
static bool
login_with_token(HeedPop3 *pop3, const char *token, GError **error)
{
    char *plain = g_strdup_printf("user=%s\001auth=Bearer %s\001\001", pop3->mailbox->user, token);
    char *encoded = g_base64_encode((const guchar *)plain, strlen(plain));
    g_autofree char *first = NULL;
    g_autofree char *second = NULL;
    bool sent;

    heed_secret_free(plain);
    sent = send_line(pop3, "AUTH XOAUTH2", "AUTH", 0, error) &&
           (first = read_line(pop3, "AUTH", error)) != NULL;
    if (sent && *first != '+') {
        heed_secret_free(encoded);
        return judge(pop3, first, "AUTH", error);
    }
    sent = sent && send_line(pop3, encoded, "AUTH", 0, error) &&
           (second = read_line(pop3, "AUTH", error)) != NULL;
    heed_secret_free(encoded);
    if (sent && g_str_has_prefix(second, "+ ")) {
        g_clear_pointer(&second, g_free);
        sent = send_line(pop3, "", "AUTH", 0, error) &&
               (second = read_line(pop3, "AUTH", error)) != NULL;
    }
    return sent && judge(pop3, second, "AUTH", error);
}

static bool
authenticate(HeedPop3 *pop3, GError **error)
{
    g_autoptr(HeedLogin) login = heed_login_load(pop3->mailbox, error);
    g_autoptr(GError) refused = NULL;
    bool done;

    if (login == NULL)
        return false;
    done = login->is_token ? login_with_token(pop3, login->secret, &refused)
                           : login_with_password(pop3, login->secret, &refused);
    if (done)
        return true;
    blame_login(pop3, login->is_token, &refused);
    g_propagate_error(error, g_steal_pointer(&refused));
    return false;
}

static bool
greet(HeedPop3 *pop3, GError **error)
{
    int result;

    heed_tls_stream_begin(pop3->stream, SMALL_ANSWER_BYTES);
    result = mailpop3_connect(pop3->session, heed_tls_stream_mailstream(pop3->stream));
    if (heed_tls_stream_failure(pop3->stream) != NULL)
        return stream_error(pop3, "no greeting", error);
    if (result != MAILPOP3_NO_ERROR)
        return no_pop3_error(pop3, "no greeting", pop3->session->pop3_stream_buffer->str, error);
    if (pop3->mailbox->tls != HEED_TLS_STARTTLS)
        return true;
    heed_tls_stream_begin(pop3->stream, SMALL_ANSWER_BYTES);
    if (mailpop3_stls(pop3->session) != MAILPOP3_NO_ERROR) {
        if (heed_tls_stream_failure(pop3->stream) != NULL)
            return stream_error(pop3, "no STLS", error);
        g_set_error(error, HEED_ERROR, HEED_ERROR_UNAVAILABLE,
                    "'%s' port %u does not offer TLS (STLS)", pop3->mailbox->host,
                    (unsigned)pop3->mailbox->port);
        return false;
    }
    return heed_tls_stream_start_tls(pop3->stream, pop3->session->pop3_stream, error);
}

bool
heed_pop3_open(HeedPop3 *pop3, const HeedMailbox *mailbox, GError **error)
{
    heed_pop3_close(pop3);
    *pop3 = (HeedPop3){.mailbox = mailbox};
    pop3->stream = heed_tls_stream_open(mailbox, error);
    if (pop3->stream == NULL)
        return false;
    pop3->session = mailpop3_new(0, NULL);
    if (greet(pop3, error) && authenticate(pop3, error))
        return true;
    heed_pop3_close(pop3);
    return false;
}

void
heed_pop3_close(HeedPop3 *pop3)
{
    if (pop3->session != NULL) {
        /* Dovecot marks what was retrieved as seen at QUIT, and RSET makes it forget that.
         * libetpan's own RSET would not be sent: libetpan does not know of the login. */
        if (pop3->is_marked ||
            (heed_pop3_is_usable(pop3) && !heed_pop3_command(pop3, "RSET", "RSET", 0, NULL, NULL)))
            give_up(pop3);
        heed_tls_stream_begin(pop3->stream, SMALL_ANSWER_BYTES);
        /* Sends a QUIT while the stream has not failed. */
        mailpop3_free(pop3->session);
    }
    pop3->session = NULL;
    g_clear_pointer(&pop3->stream, heed_tls_stream_free);
}
