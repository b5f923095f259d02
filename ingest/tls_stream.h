/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_INGEST_TLS_STREAM_H
#define HEED_INGEST_TLS_STREAM_H

/*
 * The connection to a mail server, below libetpan: our own driver over OpenSSL, since libetpan's
 * stock drivers verify no certificate, know no total deadline and spin on a closed connection.
 *
 * TLS 1.2 at least; the certificate chain and the host's name (or IP address) must hold; no
 * falling back. Everything a server can drag out or blow up is bounded: silence, the time of one
 * command, the octets of one command. After the first failure every call fails at once, so that
 * libetpan ends whatever it is doing.
 *
 * What goes wrong is a GError for people, by this rule: a certificate that does not hold is
 * HEED_ERROR_PERMISSION (the server failed to authenticate itself, and asking again does not help);
 * an unknown host or a server without TLS is UNAVAILABLE; refused, closed, silent or slow is
 * TEMPORARY; an exceeded budget is LIMIT; a CA file that cannot be read is CONFIG.
 *
 * Order: open → mailstream → (begin → commands of libetpan)* → free. One thread. open() has the
 * process ignore SIGPIPE, for a closed connection would end it.
 */

#include "ingest/mailbox.h"

#include <libetpan/libetpan.h>

typedef struct HeedTlsStream HeedTlsStream;

/* Looks at every octet that arrives, before libetpan does; false ends the connection. */
typedef bool (*HeedTlsInspect)(void *data, const char *bytes, size_t length, GError **error);

typedef enum HeedTlsWait {
    HEED_TLS_WAIT_NEWS,  /* the server has something to say, or has gone */
    HEED_TLS_WAIT_WOKEN, /* wake_fd is readable */
    HEED_TLS_WAIT_TIME   /* neither, for so long */
} HeedTlsWait;

/* Connects to the mailbox's host, and with HEED_TLS_IMPLICIT shakes hands. */
HeedTlsStream *heed_tls_stream_open(const HeedMailbox *mailbox, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Accepts NULL. libetpan's stream over it must have been closed, or never be used again. */
void heed_tls_stream_free(HeedTlsStream *stream);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HeedTlsStream, heed_tls_stream_free)

/* A new libetpan stream over the connection, which the libetpan session frees with itself. */
mailstream *heed_tls_stream_mailstream(HeedTlsStream *stream);

/* After the server has agreed to STARTTLS or STLS. Refuses plaintext that came behind the answer
 * (it could have been put there by somebody between). */
bool heed_tls_stream_start_tls(HeedTlsStream *stream, const mailstream *above, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* data is borrowed. */
void heed_tls_stream_inspect(HeedTlsStream *stream, HeedTlsInspect inspect, void *data);

/* A command begins: its time and its octets count from here. 0: HEED_LIMIT_RESPONSE_BYTES. */
void heed_tls_stream_begin(HeedTlsStream *stream, uint64_t byte_budget);

/* The first failure, or NULL while all is well. Borrowed. */
const GError *heed_tls_stream_failure(const HeedTlsStream *stream);

/* Makes every further call fail with this error; for answers that are no protocol any more. Takes
 * the error over. */
void heed_tls_stream_fail(HeedTlsStream *stream, GError *failure);

/* Waits for the server to say something unasked. */
HeedTlsWait
heed_tls_stream_wait(HeedTlsStream *stream, const mailstream *above, unsigned seconds, int wake_fd);

#endif
