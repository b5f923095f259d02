/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_SUPPRESS_SUPPRESSED_SET_H
#define HEED_SUPPRESS_SUPPRESSED_SET_H

/*
 * The set of clean.h from the inside: how it is filled. 16 bytes a slot, at most four slots in five
 * taken, doubled when that is passed: 20 to 40 bytes an address, 60 for the moment of a doubling.
 */

#include "suppress/clean.h"

/* Empty, with a random key of its own. HEED_ERROR_INTERNAL without randomness. */
HeedSuppressedSet *heed_suppressed_set_new(GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Adds a normalised address; one that is in it keeps its first reason. The reason is interned: at
 * most 255 different ones are told apart. True when the address is new. */
bool heed_suppressed_set_add(HeedSuppressedSet *set,
                             const char *address,
                             size_t length,
                             const char *reason);

#endif
