/* SPDX-License-Identifier: Apache-2.0 */
#define _DEFAULT_SOURCE /* madvise, MAP_ANONYMOUS */
#include "suppress/suppressed_set.h"

#include "base/error.h"
#include "suppress/queries.h"

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
#define MOST_REASONS  255U
#define OTHER_REASONS "suppressed"

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

    if (tag == 0)
        return NULL;
    return reason < set->reasons->len ? g_ptr_array_index(set->reasons, reason) : OTHER_REASONS;
}

/* The reason's number; the newest is the likeliest. */
static uint64_t
intern(HeedSuppressedSet *set, const char *reason, size_t length)
{
    for (guint i = set->reasons->len; i > 0; i--) {
        const char *known = g_ptr_array_index(set->reasons, i - 1);

        if (strncmp(known, reason, length) == 0 && known[length] == '\0')
            return i - 1;
    }
    if (set->reasons->len >= MOST_REASONS)
        return MOST_REASONS;
    g_ptr_array_add(set->reasons, g_strndup(reason, length));
    return set->reasons->len - 1;
}

bool
heed_suppressed_set_add(HeedSuppressedSet *set,
                        const char *address,
                        size_t length,
                        const char *reason)
{
    HeedAddressKey key = heed_suppressed_set_key(set, address, length);

    key.tag |= intern(set, reason, strlen(reason));
    return heed_suppressed_set_add_key(set, key);
}

const char *
heed_suppressed_set_find(const HeedSuppressedSet *set, const char *address, size_t length)
{
    return heed_suppressed_set_find_key(set, heed_suppressed_set_key(set, address, length));
}

/* Additions on their way to a table that is in no cache. */
#define UNDER_WAY 16U

typedef struct Loader {
    HeedSuppressedSet *set;
    GString *scratch;
    HeedAddressKey under_way[UNDER_WAY]; /* a ring; empty ones are 0 */
    unsigned next;
} Loader;

static void
loader_add(Loader *loader, HeedAddressKey key)
{
    HeedAddressKey *place = &loader->under_way[loader->next++ % UNDER_WAY];

    if (place->tag != 0)
        (void)heed_suppressed_set_add_key(loader->set, *place);
    heed_suppressed_set_fetch(loader->set, key);
    *place = key;
}

static void
loader_finish(Loader *loader)
{
    for (unsigned i = 0; i < UNDER_WAY; i++)
        loader_add(loader, (HeedAddressKey){0});
}

/* "ADDRESS\tVERDICT\tCLASS" in COPY's text format, or the address alone; the latter two are words
 * of ours. */
static bool
load_row(const char *row, size_t length, void *data)
{
    Loader *loader = data;
    const char *tab = memchr(row, '\t', length);
    size_t address_length = tab == NULL ? length : (size_t)(tab - row);
    const char *reason = row + address_length;
    size_t reason_length = length - address_length;
    HeedAddressKey key;

    if (memchr(row, '\\', address_length) != NULL) {
        g_string_truncate(loader->scratch, 0);
        g_string_append_len(loader->scratch, row, (gssize)address_length);
        row = loader->scratch->str;
        address_length = heed_copy_unescape(loader->scratch->str, address_length);
    }
    key = heed_suppressed_set_key(loader->set, row, address_length);
    key.tag |= tab == NULL ? MOST_REASONS : intern(loader->set, reason, reason_length);
    loader_add(loader, key);
    return true;
}

/* "\thard\tbad-mailbox" to "hard bad-mailbox"; "\tmanual\tmanual" to "manual". */
static void
tidy_reasons(GPtrArray *reasons)
{
    for (guint i = 0; i < reasons->len; i++) {
        char *reason = g_ptr_array_index(reasons, i);
        g_auto(GStrv) words = g_strsplit(reason, "\t", 3);
        bool twice = g_strv_length(words) == 3 && g_str_equal(words[1], words[2]);

        g_free(reason);
        g_ptr_array_index(reasons, i) =
            twice ? g_strdup(words[1]) : g_strjoinv(" ", &words[words[0] != NULL]);
    }
}

static bool
estimate(HeedDatabase *database, uint64_t *out_rows, GError **error)
{
    g_autoptr(HeedRows) row =
        heed_database_query_row(database, "estimate the suppressions",
                                heed_suppress_query("suppressed_estimate.sql"), NULL, error);

    if (row == NULL)
        return false;
    *out_rows = (uint64_t)heed_rows_int(row, 0, 0);
    return true;
}

static bool
load(HeedDatabase *database,
     const char *scope,
     bool with_reasons,
     HeedSuppressedSet *set,
     GError **error)
{
    const char *suppressed =
        heed_suppress_query(scope == NULL ? "suppressed_any.sql" : "suppressed_in_scope.sql");
    g_autofree char *query = g_strconcat(with_reasons ? "SELECT address, verdict, reason FROM ("
                                                      : "SELECT address FROM (",
                                         suppressed, ") AS suppressed", NULL);
    g_autoptr(GString) scratch = g_string_new(NULL);
    Loader loader = {.set = set, .scratch = scratch};

    if ((scope != NULL && !heed_database_setting(database, "scope", scope, error)) ||
        !heed_database_copy_out(database, "read the suppressions", query, load_row, &loader, error))
        return false;
    loader_finish(&loader);
    tidy_reasons(set->reasons);
    return true;
}

HeedSuppressedSet *
heed_suppressed_set_load(HeedDatabase *database,
                         const char *scope,
                         bool with_reasons,
                         GError **error)
{
    g_autoptr(HeedTransaction) transaction = heed_transaction_begin_snapshot(database, error);
    g_autoptr(HeedSuppressedSet) set = NULL;
    uint64_t expected;

    if (transaction == NULL || !estimate(database, &expected, error))
        return NULL;
    set = heed_suppressed_set_new(expected, error);
    if (set == NULL || !load(database, scope, with_reasons, set, error) ||
        !heed_transaction_commit(transaction, error))
        return NULL;
    return g_steal_pointer(&set);
}
