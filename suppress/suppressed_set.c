/* SPDX-License-Identifier: Apache-2.0 */
#define _DEFAULT_SOURCE /* madvise, MAP_ANONYMOUS */
#include "suppress/suppressed_set.h"

#include "base/error.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <xxhash.h>

/* A slot is a tag, 0 when it is empty: the top bit set, 55 bits of hash, the number of the reason.
 */
#define TAG_TAKEN     (UINT64_C(1) << 63)
#define REASON_MASK   UINT64_C(0xff)
#define LEAST_SLOTS   (UINT64_C(1) << 12)
#define MOST_TABLES   48U
#define MOST_REASONS  254U
#define OTHER_REASONS "suppressed"

/* The reason of what is excepted; of those beyond MOST_REASONS it is MOST_REASONS. */
#define EXCEPTED UINT64_C(0xff)

/* How far ahead places are fetched. */
#define AHEAD 16U

/* Larger than what XXH3 asks for, so that its variants for longer input use all of it. */
#define SECRET_BYTES 192U
G_STATIC_ASSERT(SECRET_BYTES >= XXH3_SECRET_SIZE_MIN);

typedef struct Table {
    uint64_t *slots; /* owned; a power of two of them */
    uint64_t mask;
    uint64_t room; /* how many more it takes */
} Table;

struct HeedSuppressedSet {
    Table tables[MOST_TABLES]; /* the last is the largest, and the one that is filled */
    unsigned table_count;
    uint64_t count;
    GPtrArray *reasons; /* of owned char *; a tag's number is its index */
    uint8_t secret[SECRET_BYTES];
};

/* On huge pages where the system has them: without, each look into a large table costs a walk
 * through the page tables besides. No memory ends the program, as with g_malloc(). */
static void
push_table(HeedSuppressedSet *set, uint64_t slots)
{
    size_t bytes = slots * sizeof(uint64_t);
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    g_assert(memory != MAP_FAILED && set->table_count < MOST_TABLES);
    (void)madvise(memory, bytes, MADV_HUGEPAGE);
    set->tables[set->table_count++] =
        (Table){.slots = memory, .mask = slots - 1, .room = slots / 5 * 4};
}

static HeedSuppressedSet *
set_new(uint64_t expected)
{
    HeedSuppressedSet *set = g_new0(HeedSuppressedSet, 1);
    uint64_t slots = LEAST_SLOTS;

    while (slots / 5 * 4 < expected)
        slots *= 2;
    push_table(set, slots);
    set->reasons = g_ptr_array_new_with_free_func(g_free);
    return set;
}

HeedSuppressedSet *
heed_suppressed_set_new(uint64_t expected, GError **error)
{
    g_autoptr(HeedSuppressedSet) set = set_new(expected);

    /* Up to 256 bytes come whole or not at all: getrandom(2). */
    if (getrandom(set->secret, sizeof(set->secret), 0) != (ssize_t)sizeof(set->secret)) {
        g_set_error(error, HEED_ERROR, HEED_ERROR_INTERNAL, "cannot get random bytes: %s",
                    g_strerror(errno));
        return NULL;
    }
    return g_steal_pointer(&set);
}

HeedSuppressedSet *
heed_suppressed_set_new_like(const HeedSuppressedSet *set, uint64_t expected)
{
    HeedSuppressedSet *other = set_new(expected);

    memcpy(other->secret, set->secret, sizeof(other->secret));
    return other;
}

void
heed_suppressed_set_free(HeedSuppressedSet *set)
{
    if (set == NULL)
        return;
    for (unsigned i = 0; i < set->table_count; i++)
        (void)munmap(set->tables[i].slots, (set->tables[i].mask + 1) * sizeof(uint64_t));
    g_ptr_array_unref(set->reasons);
    g_free(set);
}

uint64_t
heed_suppressed_set_count(const HeedSuppressedSet *set)
{
    return set->count;
}

HeedAddressKey
heed_suppressed_set_key(const HeedSuppressedSet *set, const char *address, size_t length)
{
    XXH128_hash_t hash = XXH3_128bits_withSecret(address, length, set->secret, sizeof(set->secret));

    return (HeedAddressKey){hash.low64, (hash.high64 | TAG_TAKEN) & ~REASON_MASK};
}

void
heed_suppressed_set_fetch(const HeedSuppressedSet *set, HeedAddressKey key)
{
    const Table *table = &set->tables[set->table_count - 1];

    __builtin_prefetch(&table->slots[key.place & table->mask], 1);
}

/* The slot that holds the key, or the empty one where it would be. */
static uint64_t *
probe(const Table *table, HeedAddressKey key)
{
    uint64_t i = key.place & table->mask;

    while (table->slots[i] != 0 && ((table->slots[i] ^ key.tag) & ~REASON_MASK) != 0)
        i = (i + 1) & table->mask;
    return &table->slots[i];
}

/* The key's slot in whatever table, else the empty one in the last. */
static uint64_t *
look(const HeedSuppressedSet *set, HeedAddressKey key)
{
    uint64_t *last = probe(&set->tables[set->table_count - 1], key);

    if (*last != 0)
        return last;
    for (unsigned i = set->table_count - 1; i > 0; i--) {
        uint64_t *slot = probe(&set->tables[i - 1], key);

        if (*slot != 0)
            return slot;
    }
    return last;
}

bool
heed_suppressed_set_add_key(HeedSuppressedSet *set, HeedAddressKey key)
{
    uint64_t *slot = look(set, key);
    Table *last = &set->tables[set->table_count - 1];

    if (*slot != 0)
        return false;
    *slot = key.tag;
    set->count++;
    if (--last->room == 0)
        push_table(set, (last->mask + 1) * 2);
    return true;
}

const char *
heed_suppressed_set_find_key(const HeedSuppressedSet *set, HeedAddressKey key)
{
    uint64_t tag = *look(set, key);
    uint64_t reason = tag & REASON_MASK;

    if (tag == 0 || reason == EXCEPTED)
        return NULL;
    return reason < set->reasons->len ? g_ptr_array_index(set->reasons, reason) : OTHER_REASONS;
}

unsigned
heed_suppressed_set_reason(HeedSuppressedSet *set, const char *reason)
{
    /* The newest is the likeliest. */
    for (guint i = set->reasons->len; i > 0; i--) {
        if (strcmp(g_ptr_array_index(set->reasons, i - 1), reason) == 0)
            return i - 1;
    }
    if (set->reasons->len >= MOST_REASONS)
        return MOST_REASONS;
    g_ptr_array_add(set->reasons, g_strdup(reason));
    return set->reasons->len - 1;
}

void
heed_suppressed_set_add_keys(HeedSuppressedSet *set,
                             const HeedAddressKey *keys,
                             size_t count,
                             unsigned reason)
{
    for (size_t i = 0; i < MIN(count, AHEAD); i++)
        heed_suppressed_set_fetch(set, keys[i]);
    for (size_t i = 0; i < count; i++) {
        if (i + AHEAD < count)
            heed_suppressed_set_fetch(set, keys[i + AHEAD]);
        (void)heed_suppressed_set_add_key(set,
                                          (HeedAddressKey){keys[i].place, keys[i].tag | reason});
    }
}

void
heed_suppressed_set_except(HeedSuppressedSet *set, HeedAddressKey key)
{
    uint64_t *slot = look(set, key);

    if (*slot == 0 || (*slot & REASON_MASK) == EXCEPTED)
        return;
    *slot |= EXCEPTED;
    set->count--;
}

bool
heed_suppressed_set_add(HeedSuppressedSet *set,
                        const char *address,
                        size_t length,
                        const char *reason)
{
    HeedAddressKey key = heed_suppressed_set_key(set, address, length);

    key.tag |= heed_suppressed_set_reason(set, reason);
    return heed_suppressed_set_add_key(set, key);
}

const char *
heed_suppressed_set_find(const HeedSuppressedSet *set, const char *address, size_t length)
{
    return heed_suppressed_set_find_key(set, heed_suppressed_set_key(set, address, length));
}
