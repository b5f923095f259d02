/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_INGEST_TCP_CONNECT_H
#define HEED_INGEST_TCP_CONNECT_H

/* Names resolved and connections made, within a time. */

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * Tries each address of the host in the resolver's order until one answers. The socket does not
 * block and is closed on exec. -1 with HEED_ERROR_UNAVAILABLE for a host that does not exist;
 * HEED_ERROR_TEMPORARY when the name servers fail, nobody answers in time or the port is refused
 * (a mail server that restarts refuses, too).
 */
int heed_tcp_connect(const char *host, uint16_t port, unsigned seconds, GError **error);

/* Waits for events of poll(2) until the deadline (of g_get_monotonic_time). False: it has passed.
 */
bool heed_tcp_wait(int fd, short events, int64_t deadline);

#endif
