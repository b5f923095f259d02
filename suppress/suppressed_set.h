/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_SUPPRESS_SUPPRESSED_SET_H
#define HEED_SUPPRESS_SUPPRESSED_SET_H

/*
 * The set of clean.h from the inside.
 *
 * An address is hashed to 128 bits (address_key.h). Half of them say where to look, the other half
 * is what is kept there: 55 bits of it, a mark, and the number of the reason. So a slot is 8 bytes
 * (little-endian, as in a file), and yet two addresses are taken for one only if both halves agree,
 * with a probability of some 2^-52 for a look into a full table: 10^-9 for a list of two millions.
 *
 * What is kept does not say where it belongs in a larger table, so a table never grows: when four
 * slots in five are taken, another of twice the size is put before it. Sizing the first one well
 * means looking into one only.
 */

#include "suppress/address_key.h"
#include "suppress/clean.h"
#include "suppress/pseudonym.h"

/* Reasons that are told apart. */
#define HEED_SUPPRESSED_SET_REASONS 254U

/* Empty, with room for so many addresses at first, and a random secret of its own; salted: for a
 * file. HEED_ERROR_INTERNAL without randomness. */
HeedSuppressedSet *heed_suppressed_set_new(uint64_t expected, bool salted, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* The same with the secret of another set, so that keys fit both. */
HeedSuppressedSet *heed_suppressed_set_new_like(const HeedSuppressedSet *set, uint64_t expected)
    G_GNUC_WARN_UNUSED_RESULT;

/* What a set is when it is in a file. */
typedef struct HeedSuppressedTable {
    const HeedKeySecret *secret;
    uint64_t *slots;     /* little-endian */
    uint64_t slot_count; /* a power of two, and some of them are 0 */
    uint64_t count;      /* of addresses */
    GPtrArray *reasons;  /* of char * */
    /* HEED_PSEUDONYM_SECRET_BYTES, copied; NULL: nobody in it was forgotten */
    const uint8_t *pseudonym_secret;
} HeedSuppressedTable;

/* A set of what is somewhere already; nothing is added to it. It takes over a reference of reasons;
 * the rest is borrowed, but for a mapping (munmap()), which it takes over; NULL for none. */
HeedSuppressedSet *heed_suppressed_set_of_table(const HeedSuppressedTable *table,
                                                void *mapping,
                                                size_t mapping_length) G_GNUC_WARN_UNUSED_RESULT;

/* The other way round, all of it borrowed. False when the set has several tables. */
bool heed_suppressed_set_table(const HeedSuppressedSet *set, HeedSuppressedTable *out);

/* What its keys are made with (address_key.h); borrowed. */
const HeedKeySecret *heed_suppressed_set_secret(const HeedSuppressedSet *set);

/* Pseudonyms are among its addresses, under this secret: an address is in it, too, when its
 * pseudonym is. */
void heed_suppressed_set_has_pseudonyms(HeedSuppressedSet *set,
                                        const uint8_t secret[HEED_PSEUDONYM_SECRET_BYTES]);

/* The key of a normalised address; of one whose pseudonym is in the set, the pseudonym's. By any
 * number of threads while nothing is added. */
HeedAddressKey
heed_suppressed_set_key(const HeedSuppressedSet *set, const char *address, size_t length);

/* How heed_suppressed_set_load() goes about it. */
typedef struct HeedSuppressedQuery {
    const char *scope; /* as there, and the next */
    HeedListKind kind;
    bool with_reasons;
    bool salted;
    uint64_t expected; /* so many addresses at least */
} HeedSuppressedQuery;

/* The same, saying of what moment the set is, in seconds since 1970 (the server's clock). */
HeedSuppressedSet *heed_suppressed_set_query(HeedDatabase *database,
                                             const HeedSuppressedQuery *query,
                                             int64_t *out_moment,
                                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Adds a normalised address; one that is in it keeps its first reason. At most
 * HEED_SUPPRESSED_SET_REASONS different reasons are told apart. True when the address is new. */
bool heed_suppressed_set_add(HeedSuppressedSet *set,
                             const char *address,
                             size_t length,
                             const char *reason);

/* The steps of finding and adding apart, for many addresses at a time: a large table is in no
 * cache, so have it fetched some addresses ahead. */
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
