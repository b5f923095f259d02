/* SPDX-License-Identifier: Apache-2.0 */
#define _DEFAULT_SOURCE /* madvise, MAP_ANONYMOUS */
#include "suppress/suppressed_set.h"

#include <string.h>
#include <sys/mman.h>

/* A slot is the tag of a key with the number of the reason; 0 when it is empty. */
#define REASON_MASK   HEED_KEY_FREE
#define MOST_REASONS  HEED_SUPPRESSED_SET_REASONS
#define LEAST_SLOTS   (UINT64_C(1) << 12)
#define MOST_TABLES   48U
#define OTHER_REASONS "suppressed"

/* The reason of what is excepted; of those beyond MOST_REASONS it is MOST_REASONS. */
#define EXCEPTED UINT64_C(0xff)

/* How far ahead places are fetched. */
#define AHEAD 16U

typedef struct Table {
    uint64_t *slots; /* a power of two of them */
    uint64_t mask;
    uint64_t room; /* how many more it takes */
} Table;

struct HeedSuppressedSet {
    Table tables[MOST_TABLES]; /* the last is the largest, and the one that is filled */
    unsigned table_count;
    uint64_t count;
    GPtrArray *reasons; /* of owned char *; a tag's number is its index */
    HeedKeySecret secret;
    HeedPseudonyms *pseudonyms; /* owned; NULL for none */
    bool borrowed;              /* the table is somebody else's, or in the mapping */
    void *mapping;              /* owned; NULL for none */
    size_t mapping_length;
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
heed_suppressed_set_new(uint64_t expected, bool salted, GError **error)
{
    g_autoptr(HeedSuppressedSet) set = set_new(expected);

    return heed_key_secret_make(salted, &set->secret, error) ? g_steal_pointer(&set) : NULL;
}

HeedSuppressedSet *
heed_suppressed_set_new_like(const HeedSuppressedSet *set, uint64_t expected)
{
    HeedSuppressedSet *other = set_new(expected);

    other->secret = set->secret;
    return other;
}

HeedSuppressedSet *
heed_suppressed_set_of_table(const HeedSuppressedTable *table, void *mapping, size_t mapping_length)
{
    HeedSuppressedSet *set = g_new0(HeedSuppressedSet, 1);

    set->tables[0] = (Table){.slots = table->slots, .mask = table->slot_count - 1};
    set->table_count = 1;
    set->count = table->count;
    set->reasons = table->reasons;
    set->secret = *table->secret;
    if (table->pseudonym_secret != NULL)
        heed_suppressed_set_has_pseudonyms(set, table->pseudonym_secret);
    set->borrowed = true;
    set->mapping = mapping;
    set->mapping_length = mapping_length;
    return set;
}

bool
heed_suppressed_set_table(const HeedSuppressedSet *set, HeedSuppressedTable *out)
{
    if (set->table_count != 1)
        return false;
    *out = (HeedSuppressedTable){.secret = &set->secret,
                                 .slots = set->tables[0].slots,
                                 .slot_count = set->tables[0].mask + 1,
                                 .count = set->count,
                                 .reasons = set->reasons,
                                 .pseudonym_secret = set->pseudonyms != NULL
                                                         ? heed_pseudonyms_secret(set->pseudonyms)
                                                         : NULL};
    return true;
}

const HeedKeySecret *
heed_suppressed_set_secret(const HeedSuppressedSet *set)
{
    return &set->secret;
}

void
heed_suppressed_set_has_pseudonyms(HeedSuppressedSet *set,
                                   const uint8_t secret[HEED_PSEUDONYM_SECRET_BYTES])
{
    heed_pseudonyms_free(set->pseudonyms);
    set->pseudonyms = heed_pseudonyms_new(secret);
}

bool
heed_suppressed_set_has_forgotten(const HeedSuppressedSet *set)
{
    return set->pseudonyms != NULL;
}

void
heed_suppressed_set_free(HeedSuppressedSet *set)
{
    if (set == NULL)
        return;
    for (unsigned i = 0; i < set->table_count && !set->borrowed; i++)
        (void)munmap(set->tables[i].slots, (set->tables[i].mask + 1) * sizeof(uint64_t));
    if (set->mapping != NULL)
        (void)munmap(set->mapping, set->mapping_length);
    g_ptr_array_unref(set->reasons);
    heed_pseudonyms_free(set->pseudonyms);
    g_free(set);
}

uint64_t
heed_suppressed_set_count(const HeedSuppressedSet *set)
{
    return set->count;
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

    while (table->slots[i] != 0 &&
           ((GUINT64_FROM_LE(table->slots[i]) ^ key.tag) & ~REASON_MASK) != 0)
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
    *slot = GUINT64_TO_LE(key.tag);
    set->count++;
    if (--last->room == 0)
        push_table(set, (last->mask + 1) * 2);
    return true;
}

const char *
heed_suppressed_set_find_key(const HeedSuppressedSet *set, HeedAddressKey key)
{
    uint64_t tag = GUINT64_FROM_LE(*look(set, key));
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

    if (*slot == 0 || (GUINT64_FROM_LE(*slot) & REASON_MASK) == EXCEPTED)
        return;
    *slot |= GUINT64_TO_LE(EXCEPTED);
    set->count--;
}

static HeedAddressKey
key_of(const HeedSuppressedSet *set, const char *address, size_t length)
{
    return heed_key_make(&set->secret, address, length);
}

bool
heed_suppressed_set_add(HeedSuppressedSet *set,
                        const char *address,
                        size_t length,
                        const char *reason)
{
    HeedAddressKey key = key_of(set, address, length);

    key.tag |= heed_suppressed_set_reason(set, reason);
    return heed_suppressed_set_add_key(set, key);
}

HeedAddressKey
heed_suppressed_set_key(const HeedSuppressedSet *set, const char *address, size_t length)
{
    if (set->pseudonyms != NULL) {
        char pseudonym[HEED_PSEUDONYM_BYTES];
        HeedAddressKey key;

        heed_pseudonyms_make(set->pseudonyms, address, length, pseudonym);
        key = key_of(set, pseudonym, sizeof(pseudonym));
        if (heed_suppressed_set_find_key(set, key) != NULL)
            return key;
    }
    return key_of(set, address, length);
}

const char *
heed_suppressed_set_find(const HeedSuppressedSet *set, const char *address, size_t length)
{
    return heed_suppressed_set_find_key(set, heed_suppressed_set_key(set, address, length));
}
