/* SPDX-License-Identifier: Apache-2.0 */
#include "suppress/suppressed_set.h"

#include "base/error.h"
#include "suppress/queries.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <xxhash.h>

/* A hash with the number of its reason in the low byte of high. high has its top bit set, so that 0
 * is an empty slot: 119 bits of hash are left. */
typedef struct Slot {
    uint64_t low;
    uint64_t high;
} Slot;

#define HIGH_TAKEN    (UINT64_C(1) << 63)
#define REASON_MASK   UINT64_C(0xff)
#define FIRST_SLOTS   (UINT64_C(1) << 12)
#define MOST_REASONS  255U
#define OTHER_REASONS "suppressed"

/* Larger than what XXH3 asks for, so that its longer-input variants use all of it. */
#define SECRET_BYTES 192U
G_STATIC_ASSERT(SECRET_BYTES >= XXH3_SECRET_SIZE_MIN);

struct HeedSuppressedSet {
    Slot *slots; /* owned */
    uint64_t mask;
    uint64_t count;
    GPtrArray *reasons; /* of owned char *; the slot's number is its index */
    uint8_t secret[SECRET_BYTES];
};

HeedSuppressedSet *
heed_suppressed_set_new(GError **error)
{
    g_autoptr(HeedSuppressedSet) set = g_new0(HeedSuppressedSet, 1);

    set->slots = g_new0(Slot, FIRST_SLOTS);
    set->mask = FIRST_SLOTS - 1;
    set->reasons = g_ptr_array_new_with_free_func(g_free);
    /* Up to 256 bytes come whole or not at all: getrandom(2). */
    if (getrandom(set->secret, sizeof(set->secret), 0) != (ssize_t)sizeof(set->secret)) {
        g_set_error(error, HEED_ERROR, HEED_ERROR_INTERNAL, "cannot get random bytes: %s",
                    g_strerror(errno));
        return NULL;
    }
    return g_steal_pointer(&set);
}

void
heed_suppressed_set_free(HeedSuppressedSet *set)
{
    if (set == NULL)
        return;
    g_free(set->slots);
    g_ptr_array_unref(set->reasons);
    g_free(set);
}

uint64_t
heed_suppressed_set_count(const HeedSuppressedSet *set)
{
    return set->count;
}

static Slot
slot_for(const HeedSuppressedSet *set, const char *address, size_t length)
{
    XXH128_hash_t hash = XXH3_128bits_withSecret(address, length, set->secret, sizeof(set->secret));

    return (Slot){hash.low64, (hash.high64 | HIGH_TAKEN) & ~REASON_MASK};
}

/* The slot that holds the hash, or the empty one where it belongs. */
static Slot *
probe(Slot *slots, uint64_t mask, Slot wanted)
{
    uint64_t i = wanted.low & mask;

    while (slots[i].high != 0 &&
           (slots[i].low != wanted.low || ((slots[i].high ^ wanted.high) & ~REASON_MASK) != 0))
        i = (i + 1) & mask;
    return &slots[i];
}

static void
grow(HeedSuppressedSet *set)
{
    uint64_t mask = set->mask * 2 + 1;
    Slot *slots = g_new0(Slot, mask + 1);

    for (uint64_t i = 0; i <= set->mask; i++) {
        if (set->slots[i].high != 0)
            *probe(slots, mask, set->slots[i]) = set->slots[i];
    }
    g_free(set->slots);
    set->slots = slots;
    set->mask = mask;
}

/* The reason's number; the newest is the likeliest. */
static uint64_t
intern(HeedSuppressedSet *set, const char *reason)
{
    for (guint i = set->reasons->len; i > 0; i--) {
        if (strcmp(g_ptr_array_index(set->reasons, i - 1), reason) == 0)
            return i - 1;
    }
    if (set->reasons->len >= MOST_REASONS)
        return MOST_REASONS;
    g_ptr_array_add(set->reasons, g_strdup(reason));
    return set->reasons->len - 1;
}

bool
heed_suppressed_set_add(HeedSuppressedSet *set,
                        const char *address,
                        size_t length,
                        const char *reason)
{
    Slot wanted = slot_for(set, address, length);
    Slot *slot = probe(set->slots, set->mask, wanted);

    if (slot->high != 0)
        return false;
    *slot = (Slot){wanted.low, wanted.high | intern(set, reason)};
    set->count++;
    if (set->count > (set->mask + 1) / 5 * 4)
        grow(set);
    return true;
}

const char *
heed_suppressed_set_find(const HeedSuppressedSet *set, const char *address, size_t length)
{
    const Slot *slot = probe(set->slots, set->mask, slot_for(set, address, length));
    uint64_t reason = slot->high & REASON_MASK;

    if (slot->high == 0)
        return NULL;
    return reason < set->reasons->len ? g_ptr_array_index(set->reasons, reason) : OTHER_REASONS;
}

typedef struct Loader {
    HeedSuppressedSet *set;
    GString *row;
} Loader;

/* "ADDRESS\tVERDICT CLASS" in COPY's text format. */
static bool
load_row(const char *row, size_t length, void *data)
{
    Loader *loader = data;
    GString *copy = loader->row;
    char *tab;

    g_string_truncate(copy, 0);
    g_string_append_len(copy, row, (gssize)length);
    tab = memchr(copy->str, '\t', copy->len);
    if (tab == NULL)
        return true;
    *tab = '\0';
    (void)heed_suppressed_set_add(
        loader->set, copy->str, heed_copy_unescape(copy->str, (size_t)(tab - copy->str)), tab + 1);
    return true;
}

HeedSuppressedSet *
heed_suppressed_set_load(HeedDatabase *database, const char *scope, GError **error)
{
    const char *suppressed =
        heed_suppress_query(scope == NULL ? "suppressed_any.sql" : "suppressed_in_scope.sql");
    g_autofree char *query =
        g_strconcat("SELECT address, concat_ws(' ', verdict, nullif(reason, verdict)) FROM (",
                    suppressed, ") AS suppressed", NULL);
    g_autoptr(HeedTransaction) transaction = heed_transaction_begin_snapshot(database, error);
    g_autoptr(HeedSuppressedSet) set = heed_suppressed_set_new(error);
    g_autoptr(GString) row = g_string_new(NULL);
    Loader loader = {set, row};

    if (transaction == NULL || set == NULL ||
        (scope != NULL && !heed_database_setting(database, "scope", scope, error)) ||
        !heed_database_copy_out(database, "read the suppressions", query, load_row, &loader,
                                error) ||
        !heed_transaction_commit(transaction, error))
        return NULL;
    return g_steal_pointer(&set);
}
