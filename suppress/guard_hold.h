/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_SUPPRESS_GUARD_HOLD_H
#define HEED_SUPPRESS_GUARD_HOLD_H

/*
 * The holds as the guard's parts share them: guard.c places, moves and ends them, people decide
 * them (guard.h).
 */

#include "db/connection.h"

/* From here to the transaction's end nobody else folds, or changes a hold. */
bool heed_guard_lock_alone(HeedDatabase *database, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Appends the first column of the rows to addresses (owned char *). */
void heed_guard_add_addresses(const HeedRows *rows, GPtrArray *addresses);

/* Appends whose failures the holds hold. */
bool heed_guard_add_held(HeedDatabase *database,
                         const int64_t *holds,
                         size_t count,
                         GPtrArray *addresses,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
