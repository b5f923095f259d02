/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_DB_PQ_CLEANUP_H
#define HEED_DB_PQ_CLEANUP_H

/* Cleanups for libpq's objects. */

#include <glib.h>
#include <libpq-fe.h>

G_DEFINE_AUTOPTR_CLEANUP_FUNC(PGconn, PQfinish)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PGresult, PQclear)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PGcancel, PQfreeCancel)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PQconninfoOption, PQconninfoFree)

#endif
