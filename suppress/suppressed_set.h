/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_SUPPRESS_SUPPRESSED_SET_H
#define HEED_SUPPRESS_SUPPRESSED_SET_H

/*
 * The set of clean.h from the inside.
 *
 * An address is hashed to 128 bits under a random key. Half of them say where to look, the other
 * half is what is kept there: 55 bits of it, a mark, and the number of the reason. So a slot is 8
 * bytes, and yet two addresses are taken for one only if both halves agree, with a probability of
 * some 2^-52 for a look into a full table: 10^-9 for a list of two millions.
 *
 * What is kept does not say where it belongs in a larger table, so a table never grows: when four
 * slots in five are taken, another of twice the size is put before it. Sizing the first one well
 * means looking into one only.
 */

#include "suppress/clean.h"

typedef struct HeedAddressKey {
    uint64_t place;
    uint64_t tag;
} HeedAddressKey;

/* Empty, with room for so many addresses at first, and a random key of its own. HEED_ERROR_INTERNAL
 * without randomness. */
HeedSuppressedSet *heed_suppressed_set_new(uint64_t expected, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* The same with the key of another set, so that keys fit both. */
HeedSuppressedSet *heed_suppressed_set_new_like(const HeedSuppressedSet *set, uint64_t expected)
    G_GNUC_WARN_UNUSED_RESULT;

/* Adds a normalised address; one that is in it keeps its first reason. At most 254 different
 * reasons are told apart. True when the address is new. */
bool heed_suppressed_set_add(HeedSuppressedSet *set,
                             const char *address,
                             size_t length,
                             const char *reason);

/* The steps of finding and adding apart, for many addresses at a time: a large table is in no
 * cache, so have it fetched some addresses ahead. */
HeedAddressKey
heed_suppressed_set_key(const HeedSuppressedSet *set, const char *address, size_t length);
void heed_suppressed_set_fetch(const HeedSuppressedSet *set, HeedAddressKey key);
const char *heed_suppressed_set_find_key(const HeedSuppressedSet *set, HeedAddressKey key);
/* Without a reason. True when it is new. */
bool heed_suppressed_set_add_key(HeedSuppressedSet *set, HeedAddressKey key);

/* For many of one reason: its number, and additions that have each other's places fetched. */
unsigned heed_suppressed_set_reason(HeedSuppressedSet *set, const char *reason);
void heed_suppressed_set_add_keys(HeedSuppressedSet *set,
                                  const HeedAddressKey *keys,
                                  size_t count,
                                  unsigned reason);

/* From now on it is found no more, nor counted, whatever is added. */
void heed_suppressed_set_except(HeedSuppressedSet *set, HeedAddressKey key);

#endif
