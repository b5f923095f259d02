/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/tcp_connect.h"

#include "base/cleanup.h"
#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#define MICROS_PER_MILLI 1000

typedef struct addrinfo HeedAddresses;

G_DEFINE_AUTOPTR_CLEANUP_FUNC(HeedAddresses, freeaddrinfo)

bool
heed_tcp_wait(int fd, short events, int64_t deadline)
{
    for (;;) {
        struct pollfd wait = {.fd = fd, .events = events};
        int64_t left = deadline - g_get_monotonic_time();
        int count;

        if (left <= 0)
            return false;
        count = poll(&wait, 1, (int)MIN(left / MICROS_PER_MILLI + 1, INT32_MAX));
        if (count > 0 || (count < 0 && errno != EINTR))
            return true; /* what is wrong with it shows when it is used */
    }
}

static HeedAddresses *
resolve(const char *host, uint16_t port, GError **error)
{
    struct addrinfo hints = {
        .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    g_autofree char *service = g_strdup_printf("%u", (unsigned)port);
    HeedAddresses *addresses = NULL;
    int result = getaddrinfo(host, service, &hints, &addresses);

    if (result == 0)
        return addresses;
    if (result == EAI_AGAIN || result == EAI_SYSTEM || result == EAI_MEMORY)
        g_set_error(error, HEED_ERROR, HEED_ERROR_TEMPORARY, "cannot look up host '%s' now: %s",
                    host, result == EAI_SYSTEM ? g_strerror(errno) : gai_strerror(result));
    else
        g_set_error(error, HEED_ERROR, HEED_ERROR_UNAVAILABLE, "unknown host '%s': %s", host,
                    gai_strerror(result));
    return NULL;
}

/* The errno of an attempt, 0 when it is connected. */
static int
try_address(const struct addrinfo *address, int64_t deadline, HeedFd *out_fd)
{
    g_auto(HeedFd) fd = socket(address->ai_family, address->ai_socktype, address->ai_protocol);
    int one = 1;
    int reason = 0;
    socklen_t length = sizeof(reason);

    if (fd < 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 || fcntl(fd, F_SETFL, O_NONBLOCK) < 0)
        return errno;
    if (connect(fd, address->ai_addr, address->ai_addrlen) < 0) {
        if (errno != EINPROGRESS)
            return errno;
        if (!heed_tcp_wait(fd, POLLOUT, deadline))
            return ETIMEDOUT;
        if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &reason, &length) < 0)
            return errno;
    }
    if (reason != 0)
        return reason;
    /* Commands are short and wait for their answers. */
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    (void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one));
    *out_fd = heed_fd_steal(&fd);
    return 0;
}

int
heed_tcp_connect(const char *host, uint16_t port, unsigned seconds, GError **error)
{
    g_autoptr(HeedAddresses) addresses = resolve(host, port, error);
    g_auto(HeedFd) fd = -1;
    int64_t now = g_get_monotonic_time();
    int64_t end = now + (int64_t)seconds * G_USEC_PER_SEC;
    int64_t left_to_try = 0;
    int reason = ETIMEDOUT;

    if (addresses == NULL)
        return -1;
    for (const HeedAddresses *address = addresses; address != NULL; address = address->ai_next)
        left_to_try++;
    /* An address that swallows everything leaves time for those behind it. */
    for (const HeedAddresses *address = addresses; address != NULL && fd < 0;
         address = address->ai_next, left_to_try--) {
        now = g_get_monotonic_time();
        reason = try_address(address, now + (end - now) / left_to_try, &fd);
    }
    if (fd >= 0)
        return heed_fd_steal(&fd);
    if (reason == ETIMEDOUT)
        g_set_error(error, HEED_ERROR, HEED_ERROR_TEMPORARY,
                    "cannot connect to '%s' port %u: no answer within %u seconds", host,
                    (unsigned)port, seconds);
    else
        g_set_error(error, HEED_ERROR, HEED_ERROR_TEMPORARY, "cannot connect to '%s' port %u: %s",
                    host, (unsigned)port, g_strerror(reason));
    return -1;
}
