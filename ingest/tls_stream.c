/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/tls_stream.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/limits.h"
#include "ingest/tcp_connect.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>

#define BUFFER_BYTES      (16U * 1024) /* one TLS record */
#define MILLIS_PER_SECOND 1000

struct HeedTlsStream {
    char *host;
    uint16_t port;
    char *ca_file; /* NULL: the system's */
    HeedFd fd;
    SSL *ssl; /* NULL: plaintext, so far */
    unsigned read_seconds;
    unsigned response_seconds;
    int64_t deadline; /* of the command */
    uint64_t bytes_left;
    HeedTlsInspect inspect;
    void *inspect_data;
    GError *failure;
};

typedef SSL_CTX HeedSslContext;

G_DEFINE_AUTOPTR_CLEANUP_FUNC(HeedSslContext, SSL_CTX_free)

void
heed_tls_stream_fail(HeedTlsStream *stream, GError *failure)
{
    if (stream->failure == NULL)
        stream->failure = failure;
    else
        g_error_free(failure);
}

const GError *
heed_tls_stream_failure(const HeedTlsStream *stream)
{
    return stream->failure;
}

static void fail_with(HeedTlsStream *stream, HeedError code, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

static void
fail_with(HeedTlsStream *stream, HeedError code, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    heed_tls_stream_fail(stream, g_error_new_valist(HEED_ERROR, (gint)code, format, arguments));
    va_end(arguments);
}

/* The words for a certificate that does not hold. */
static const char *
describe_certificate(long result)
{
    switch (result) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
        return "has expired";
    case X509_V_ERR_CERT_NOT_YET_VALID:
        return "is not valid yet (is the clock right?)";
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
        return "is self-signed (ca-file can name it if it is yours)";
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        return "comes from an authority that is not trusted here (ca-file can name it if it is yours)";
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        return "is for another name (name mismatch)";
    default:
        return X509_verify_cert_error_string(result);
    }
}

static void
fail_handshake(HeedTlsStream *stream, int ssl_error)
{
    long result = SSL_get_verify_result(stream->ssl);
    const char *reason = ERR_reason_error_string(ERR_peek_error());

    if (result != X509_V_OK)
        fail_with(stream, HEED_ERROR_PERMISSION, "certificate of '%s' %s", stream->host,
                  describe_certificate(result));
    else if (ssl_error == SSL_ERROR_SYSCALL || reason == NULL)
        fail_with(stream, HEED_ERROR_TEMPORARY,
                  "'%s' closed the connection during the TLS handshake", stream->host);
    else
        fail_with(stream, HEED_ERROR_UNAVAILABLE,
                  "no TLS 1.2 or later with '%s' port %u: %s (is it the right port?)", stream->host,
                  (unsigned)stream->port, reason);
}

/* The deadline of one wait: that of silence or that of the command, whichever comes first. */
static bool
wait_for(HeedTlsStream *stream, short events)
{
    int64_t silence = g_get_monotonic_time() + (int64_t)stream->read_seconds * G_USEC_PER_SEC;

    if (heed_tcp_wait(stream->fd, events, MIN(silence, stream->deadline)))
        return true;
    if (silence < stream->deadline)
        fail_with(stream, HEED_ERROR_TEMPORARY, "'%s' timed out: silent for %u seconds",
                  stream->host, stream->read_seconds);
    else
        fail_with(stream, HEED_ERROR_TEMPORARY,
                  "'%s' timed out: no complete answer within %u seconds", stream->host,
                  stream->response_seconds);
    return false;
}

/* What OpenSSL wants before it can go on. False: the stream has failed. */
static bool
satisfy(HeedTlsStream *stream, int ssl_error)
{
    if (ssl_error == SSL_ERROR_WANT_READ)
        return wait_for(stream, POLLIN);
    if (ssl_error == SSL_ERROR_WANT_WRITE)
        return wait_for(stream, POLLOUT);
    if (ssl_error == SSL_ERROR_ZERO_RETURN || ssl_error == SSL_ERROR_SYSCALL ||
        ERR_GET_REASON(ERR_peek_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING)
        fail_with(stream, HEED_ERROR_TEMPORARY, "'%s' closed the connection", stream->host);
    else
        fail_with(stream, HEED_ERROR_TEMPORARY, "TLS trouble with '%s': %s", stream->host,
                  ERR_reason_error_string(ERR_peek_error()));
    return false;
}

static HeedSslContext *
make_context(const HeedTlsStream *stream, GError **error)
{
    g_autoptr(HeedSslContext) context = SSL_CTX_new(TLS_client_method());

    if (context == NULL || SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1) {
        g_set_error(error, HEED_ERROR, HEED_ERROR_INTERNAL, "cannot set up TLS: %s",
                    ERR_reason_error_string(ERR_peek_error()));
        return NULL;
    }
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    (void)SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_RELEASE_BUFFERS);
    if (stream->ca_file != NULL && SSL_CTX_load_verify_file(context, stream->ca_file) != 1) {
        g_set_error(error, HEED_ERROR, HEED_ERROR_CONFIG, "ca-file '%s' cannot be used: %s",
                    stream->ca_file,
                    access(stream->ca_file, R_OK) < 0 ? g_strerror(errno) : "no certificate in it");
        return NULL;
    }
    if (stream->ca_file == NULL)
        (void)SSL_CTX_set_default_verify_paths(context);
    return g_steal_pointer(&context);
}

/* Whose certificate it has to be; and the name in clear for servers of many names (SNI), which
 * RFC 6066 3 forbids for addresses. */
static bool
expect_host(SSL *ssl, const char *host)
{
    unsigned char address[sizeof(struct in6_addr)];
    bool is_address =
        inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1;

    if (is_address)
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) == 1;
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return SSL_set1_host(ssl, host) == 1 &&
           SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                    (void *)(uintptr_t)host) == 1;
}

static bool
handshake(HeedTlsStream *stream, GError **error)
{
    g_autoptr(HeedSslContext) context = NULL;
    int result = 0;

    ERR_clear_error();
    context = make_context(stream, error);
    if (context == NULL)
        return false;
    stream->ssl = SSL_new(context);
    if (stream->ssl == NULL || SSL_set_fd(stream->ssl, stream->fd) != 1 ||
        !expect_host(stream->ssl, stream->host)) {
        g_set_error(error, HEED_ERROR, HEED_ERROR_INTERNAL, "cannot set up TLS with '%s'",
                    stream->host);
        return false;
    }
    heed_tls_stream_begin(stream, 0);
    while (stream->failure == NULL && result != 1) {
        int ssl_error;

        ERR_clear_error();
        result = SSL_connect(stream->ssl);
        ssl_error = SSL_get_error(stream->ssl, result);
        if (result == 1)
            break;
        if (ssl_error == SSL_ERROR_WANT_READ || ssl_error == SSL_ERROR_WANT_WRITE)
            (void)satisfy(stream, ssl_error);
        else
            fail_handshake(stream, ssl_error);
    }
    if (stream->failure != NULL)
        g_propagate_error(error, g_error_copy(stream->failure));
    return stream->failure == NULL;
}

HeedTlsStream *
heed_tls_stream_open(const HeedMailbox *mailbox, GError **error)
{
    g_autoptr(HeedTlsStream) stream = g_new0(HeedTlsStream, 1);

    (void)signal(SIGPIPE, SIG_IGN);
    stream->host = g_strdup(mailbox->host);
    stream->port = mailbox->port;
    stream->ca_file = g_strdup(mailbox->ca_file);
    stream->read_seconds =
        mailbox->read_seconds != 0 ? mailbox->read_seconds : HEED_LIMIT_READ_SECONDS;
    stream->response_seconds =
        mailbox->response_seconds != 0 ? mailbox->response_seconds : HEED_LIMIT_RESPONSE_SECONDS;
    stream->fd = heed_tcp_connect(stream->host, stream->port,
                                  MIN(HEED_LIMIT_CONNECT_SECONDS, stream->response_seconds), error);
    if (stream->fd < 0)
        return NULL;
    if (mailbox->tls == HEED_TLS_IMPLICIT && !handshake(stream, error))
        return NULL;
    heed_tls_stream_begin(stream, 0);
    return g_steal_pointer(&stream);
}

void
heed_tls_stream_free(HeedTlsStream *stream)
{
    if (stream == NULL)
        return;
    SSL_free(stream->ssl);
    heed_fd_clear(&stream->fd);
    g_clear_error(&stream->failure);
    g_free(stream->host);
    g_free(stream->ca_file);
    g_free(stream);
}

bool
heed_tls_stream_start_tls(HeedTlsStream *stream, const mailstream *above, GError **error)
{
    if (above->read_buffer_len > 0) {
        g_set_error(error, HEED_ERROR, HEED_ERROR_PERMISSION,
                    "'%s' sent something unprotected behind its agreement to TLS; is somebody in "
                    "between?",
                    stream->host);
        return false;
    }
    return handshake(stream, error);
}

void
heed_tls_stream_inspect(HeedTlsStream *stream, HeedTlsInspect inspect, void *data)
{
    stream->inspect = inspect;
    stream->inspect_data = data;
}

void
heed_tls_stream_begin(HeedTlsStream *stream, uint64_t byte_budget)
{
    stream->bytes_left = byte_budget != 0 ? byte_budget : HEED_LIMIT_RESPONSE_BYTES;
    stream->deadline = g_get_monotonic_time() + (int64_t)stream->response_seconds * G_USEC_PER_SEC;
}

/* One attempt to read without TLS: the octets, 0 when there are none yet, -1 after a failure. */
static ssize_t
receive(HeedTlsStream *stream, void *buffer, size_t size)
{
    ssize_t count = recv(stream->fd, buffer, size, 0);

    if (count > 0)
        return count;
    if (count < 0 && (errno == EAGAIN || errno == EINTR))
        return wait_for(stream, POLLIN) ? 0 : -1;
    fail_with(stream, HEED_ERROR_TEMPORARY, "'%s' closed the connection", stream->host);
    return -1;
}

static ssize_t
receive_tls(HeedTlsStream *stream, void *buffer, size_t size)
{
    size_t count = 0;

    ERR_clear_error();
    if (SSL_read_ex(stream->ssl, buffer, size, &count) == 1)
        return (ssize_t)count;
    return satisfy(stream, SSL_get_error(stream->ssl, 0)) ? 0 : -1;
}

static bool
accept_bytes(HeedTlsStream *stream, const char *bytes, size_t length)
{
    GError *refused = NULL;

    if (length > stream->bytes_left) {
        fail_with(stream, HEED_ERROR_LIMIT, "'%s' answers with more than it was asked for",
                  stream->host);
        return false;
    }
    stream->bytes_left -= length;
    if (stream->inspect == NULL || stream->inspect(stream->inspect_data, bytes, length, &refused))
        return true;
    heed_tls_stream_fail(stream, refused);
    return false;
}

/* libetpan 1.9.4 takes 0 for "try again" and spins: never 0. */
static ssize_t
driver_read(mailstream_low *low, void *buffer, size_t size)
{
    HeedTlsStream *stream = low->data;
    ssize_t count = 0;

    while (count == 0 && stream->failure == NULL) {
        /* A server that trickles never lets a wait time out. */
        if (g_get_monotonic_time() >= stream->deadline)
            fail_with(stream, HEED_ERROR_TEMPORARY,
                      "'%s' timed out: no complete answer within %u seconds", stream->host,
                      stream->response_seconds);
        else
            count = stream->ssl != NULL ? receive_tls(stream, buffer, size)
                                        : receive(stream, buffer, size);
    }
    if (stream->failure != NULL || !accept_bytes(stream, buffer, (size_t)count))
        return -1;
    return count;
}

static ssize_t
transmit(HeedTlsStream *stream, const void *bytes, size_t length)
{
    ssize_t count = send(stream->fd, bytes, length, MSG_NOSIGNAL);

    if (count > 0)
        return count;
    if (count < 0 && (errno == EAGAIN || errno == EINTR))
        return wait_for(stream, POLLOUT) ? 0 : -1;
    fail_with(stream, HEED_ERROR_TEMPORARY, "'%s' closed the connection", stream->host);
    return -1;
}

static ssize_t
transmit_tls(HeedTlsStream *stream, const void *bytes, size_t length)
{
    size_t count = 0;

    ERR_clear_error();
    if (SSL_write_ex(stream->ssl, bytes, length, &count) == 1)
        return (ssize_t)count;
    return satisfy(stream, SSL_get_error(stream->ssl, 0)) ? 0 : -1;
}

static ssize_t
driver_write(mailstream_low *low, const void *bytes, size_t length)
{
    HeedTlsStream *stream = low->data;
    ssize_t count = 0;

    if (length == 0)
        return 0;
    while (count == 0 && stream->failure == NULL)
        count = stream->ssl != NULL ? transmit_tls(stream, bytes, length)
                                    : transmit(stream, bytes, length);
    return stream->failure != NULL ? -1 : count;
}

static int
driver_close(mailstream_low *low)
{
    HeedTlsStream *stream = low->data;

    /* The alert that nothing follows; whether it arrives does not matter any more. */
    if (stream->ssl != NULL && stream->failure == NULL)
        (void)SSL_shutdown(stream->ssl);
    if (stream->failure == NULL)
        fail_with(stream, HEED_ERROR_TEMPORARY, "the connection to '%s' is closed", stream->host);
    return 0;
}

static int
driver_get_fd(mailstream_low *low)
{
    const HeedTlsStream *stream = low->data;

    return stream->fd;
}

/* libetpan allocated it with malloc(3) and leaves the freeing to the driver. */
static void
driver_free(mailstream_low *low)
{
    free(low);
}

static struct mailstream_cancel *
driver_get_cancel(mailstream_low *low)
{
    (void)low;
    return NULL;
}

mailstream *
heed_tls_stream_mailstream(HeedTlsStream *stream)
{
    static mailstream_low_driver driver = {
        .mailstream_read = driver_read,
        .mailstream_write = driver_write,
        .mailstream_close = driver_close,
        .mailstream_get_fd = driver_get_fd,
        .mailstream_free = driver_free,
        .mailstream_get_cancel = driver_get_cancel,
    };

    return mailstream_new(mailstream_low_new(stream, &driver), BUFFER_BYTES);
}

HeedTlsWait
heed_tls_stream_wait(HeedTlsStream *stream, const mailstream *above, unsigned seconds, int wake_fd)
{
    struct pollfd waits[] = {{.fd = stream->fd, .events = POLLIN},
                             {.fd = wake_fd, .events = POLLIN}};
    unsigned at_most = INT32_MAX / MILLIS_PER_SECOND;

    if (above->read_buffer_len > 0 || (stream->ssl != NULL && SSL_pending(stream->ssl) > 0))
        return HEED_TLS_WAIT_NEWS;
    (void)poll(waits, G_N_ELEMENTS(waits), (int)MIN(seconds, at_most) * MILLIS_PER_SECOND);
    if (waits[1].revents != 0)
        return HEED_TLS_WAIT_WOKEN;
    return waits[0].revents != 0 ? HEED_TLS_WAIT_NEWS : HEED_TLS_WAIT_TIME;
}
