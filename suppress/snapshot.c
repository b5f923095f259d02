/* SPDX-License-Identifier: Apache-2.0 */
#define _DEFAULT_SOURCE /* MAP_POPULATE */
#include "suppress/snapshot.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "suppress/suppressed_set.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <xxhash.h>

#define MAGIC      "HEEDSNAP"
#define VERSION    2U
#define PAGE_BYTES 4096U

/* The scope and 254 reasons of some words; a hostile file's would be held in memory. */
#define MOST_TEXT_BYTES (64U * 1024)

/* How many slots in a row may be taken. In a table that is full to four fifths there are some
 * hundred at most; in one made to keep us busy there would be all. */
#define LONGEST_RUN 16384U

typedef struct Header {
    char magic[8];
    uint32_t version;
    uint32_t text_bytes;
    uint64_t moment;
    uint64_t count;
    uint64_t slot_count;
    uint8_t salt[HEED_KEY_SALT_BYTES];
    uint32_t scoped;
    uint32_t reason_count;
    uint64_t checksum;
    uint8_t pseudonym_secret[HEED_PSEUDONYM_SECRET_BYTES];
} Header;

G_STATIC_ASSERT(sizeof(Header) == 104);
G_STATIC_ASSERT(sizeof(MAGIC) - 1 == sizeof(((Header *)NULL)->magic));

void
heed_snapshot_info_clear(HeedSnapshotInfo *info)
{
    g_clear_pointer(&info->scope, g_free);
}

static size_t
slots_offset(size_t text_bytes)
{
    return (sizeof(Header) + text_bytes + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
}

/* What stands before the slots, whose own checksum is 0, and the slots. */
static uint64_t
checksum(const void *head, size_t head_bytes, const void *slots, size_t slot_bytes)
{
    XXH3_state_t *state = XXH3_createState();
    uint64_t sum;

    g_assert(state != NULL);
    (void)XXH3_64bits_reset(state);
    (void)XXH3_64bits_update(state, head, head_bytes);
    (void)XXH3_64bits_update(state, slots, slot_bytes);
    sum = XXH3_64bits_digest(state);
    (void)XXH3_freeState(state);
    return sum;
}

static void
append_text(GString *head, const char *text)
{
    g_string_append_len(head, text, (gssize)strlen(text) + 1);
}

/* All that stands before the slots. */
static GString *
make_head(const HeedSuppressedTable *table, const char *scope, int64_t moment)
{
    GString *head = g_string_new(NULL);
    Header header = {.version = GUINT32_TO_LE(VERSION),
                     .moment = GUINT64_TO_LE((uint64_t)moment),
                     .count = GUINT64_TO_LE(table->count),
                     .slot_count = GUINT64_TO_LE(table->slot_count),
                     .scoped = GUINT32_TO_LE(scope != NULL ? 1U : 0U),
                     .reason_count = GUINT32_TO_LE(table->reasons->len)};

    memcpy(header.magic, MAGIC, sizeof(header.magic));
    memcpy(header.salt, table->secret->bytes, sizeof(header.salt));
    if (table->pseudonym_secret != NULL)
        memcpy(header.pseudonym_secret, table->pseudonym_secret, sizeof(header.pseudonym_secret));
    g_string_append_len(head, (const char *)&header, sizeof(header));
    append_text(head, scope != NULL ? scope : "");
    for (guint i = 0; i < table->reasons->len; i++)
        append_text(head, g_ptr_array_index(table->reasons, i));
    header.text_bytes = GUINT32_TO_LE((uint32_t)(head->len - sizeof(header)));
    while (head->len % PAGE_BYTES != 0)
        g_string_append_c(head, '\0');
    memcpy(head->str, &header, sizeof(header));
    header.checksum = GUINT64_TO_LE(
        checksum(head->str, head->len, table->slots, table->slot_count * sizeof(*table->slots)));
    memcpy(head->str, &header, sizeof(header));
    return head;
}

static bool
write_table(
    const HeedSuppressedTable *table, const char *scope, int64_t moment, FILE *out, GError **error)
{
    g_autoptr(GString) head = make_head(table, scope, moment);

    if (fwrite(head->str, 1, head->len, out) == head->len &&
        fwrite(table->slots, sizeof(*table->slots), table->slot_count, out) == table->slot_count &&
        fflush(out) == 0)
        return true;
    g_set_error(error, HEED_ERROR, HEED_ERROR_IO, "cannot write the snapshot: %s",
                g_strerror(errno));
    return false;
}

bool
heed_snapshot_write(
    HeedDatabase *database, const char *scope, FILE *out, uint64_t *out_count, GError **error)
{
    HeedSuppressedQuery query = {.scope = scope, .with_reasons = true, .salted = true};
    g_autoptr(HeedSuppressedSet) set = NULL;
    HeedSuppressedTable table;
    int64_t moment;

    /* A file has one table. Where the estimate was too low, we know better now. */
    do {
        g_clear_pointer(&set, heed_suppressed_set_free);
        set = heed_suppressed_set_query(database, &query, &moment, error);
        if (set == NULL)
            return false;
        query.expected = heed_suppressed_set_count(set) + 1;
    } while (!heed_suppressed_set_table(set, &table));
    if (!write_table(&table, scope, moment, out, error))
        return false;
    *out_count = table.count;
    return true;
}

static bool
refuse(const char *why, GError **error)
{
    g_set_error_literal(error, HEED_ERROR, HEED_ERROR_DATA, why);
    return false;
}

/* The header in our byte order, when the bytes are as many as it says. */
static bool
read_header(const void *bytes, size_t length, Header *out, GError **error)
{
    Header header;
    size_t offset;

    if (length < sizeof(header) || memcmp(bytes, MAGIC, sizeof(header.magic)) != 0)
        return refuse("no snapshot of heed export", error);
    memcpy(&header, bytes, sizeof(header));
    header.version = GUINT32_FROM_LE(header.version);
    header.text_bytes = GUINT32_FROM_LE(header.text_bytes);
    header.moment = GUINT64_FROM_LE(header.moment);
    header.count = GUINT64_FROM_LE(header.count);
    header.slot_count = GUINT64_FROM_LE(header.slot_count);
    header.scoped = GUINT32_FROM_LE(header.scoped);
    header.reason_count = GUINT32_FROM_LE(header.reason_count);
    header.checksum = GUINT64_FROM_LE(header.checksum);
    if (header.version != VERSION) {
        g_set_error(error, HEED_ERROR, HEED_ERROR_DATA,
                    "a snapshot of version %u, and this program reads %u", header.version, VERSION);
        return false;
    }
    offset = header.text_bytes <= MOST_TEXT_BYTES ? slots_offset(header.text_bytes) : 0;
    if (offset == 0 || header.slot_count == 0 ||
        (header.slot_count & (header.slot_count - 1)) != 0 || length < offset ||
        (length - offset) % sizeof(uint64_t) != 0 ||
        (length - offset) / sizeof(uint64_t) != header.slot_count)
        return refuse("a damaged snapshot: it has another size than it says", error);
    if (header.scoped > 1 || header.reason_count > HEED_SUPPRESSED_SET_REASONS ||
        header.moment > INT64_MAX)
        return refuse("a damaged snapshot", error);
    *out = header;
    return true;
}

static bool
check_sum(const void *bytes, const Header *header, const uint64_t *slots, GError **error)
{
    size_t head_bytes = slots_offset(header->text_bytes);
    g_autofree char *head = g_malloc(head_bytes);

    memcpy(head, bytes, head_bytes);
    memset(head + offsetof(Header, checksum), 0, sizeof(header->checksum));
    return checksum(head, head_bytes, slots, header->slot_count * sizeof(*slots)) ==
               header->checksum ||
           refuse("a damaged snapshot: its checksum does not fit", error);
}

/* Who makes a file can make its checksum too: the table must not keep us busy for ever. */
static bool
check_slots(const uint64_t *slots, uint64_t slot_count, GError **error)
{
    uint64_t run = 0;
    uint64_t longest = 0;
    uint64_t taken = 0;

    for (uint64_t i = 0; i < slot_count; i++) {
        run = slots[i] != 0 ? run + 1 : 0;
        longest = MAX(longest, run);
        taken += slots[i] != 0;
    }
    return (longest < LONGEST_RUN && taken < slot_count) ||
           refuse("a damaged snapshot: its table is too full", error);
}

/* The next text; NULL when there is none that is ended and can be shown. */
static const char *
next_text(const char **position, const char *end)
{
    const char *text = *position;
    const char *stop = memchr(text, '\0', (size_t)(end - text));

    if (stop == NULL || !g_utf8_validate(text, stop - text, NULL))
        return NULL;
    for (const char *c = text; c < stop; c++) {
        if (g_ascii_iscntrl(*c))
            return NULL;
    }
    *position = stop + 1;
    return text;
}

static bool
read_texts(const void *bytes,
           const Header *header,
           HeedSnapshotInfo *info,
           GPtrArray *reasons,
           GError **error)
{
    const char *position = (const char *)bytes + sizeof(*header);
    const char *end = position + header->text_bytes;
    const char *text = next_text(&position, end);

    if (text == NULL)
        return refuse("a damaged snapshot: its texts are none", error);
    info->scope = header->scoped != 0 ? g_strdup(text) : NULL;
    for (uint32_t i = 0; i < header->reason_count; i++) {
        text = next_text(&position, end);
        if (text == NULL)
            return refuse("a damaged snapshot: its texts are none", error);
        g_ptr_array_add(reasons, g_strdup(text));
    }
    return true;
}

/* Takes the mapping over, if it is one, but not when it fails. */
static HeedSuppressedSet *
read_snapshot(
    void *bytes, size_t length, bool is_mapping, HeedSnapshotInfo *out_info, GError **error)
{
    g_autoptr(GPtrArray) reasons = g_ptr_array_new_with_free_func(g_free);
    g_auto(HeedSnapshotInfo) info = {0};
    static const uint8_t no_secret[HEED_PSEUDONYM_SECRET_BYTES];
    HeedKeySecret secret = {.salted = true};
    HeedSuppressedTable table = {.secret = &secret};
    Header header = {0};

    if (!read_header(bytes, length, &header, error))
        return NULL;
    table.slots = (uint64_t *)(void *)((char *)bytes + slots_offset(header.text_bytes));
    table.slot_count = header.slot_count;
    table.count = header.count;
    if (!check_sum(bytes, &header, table.slots, error) ||
        !check_slots(table.slots, table.slot_count, error) ||
        !read_texts(bytes, &header, &info, reasons, error))
        return NULL;
    memcpy(secret.bytes, header.salt, sizeof(header.salt));
    if (memcmp(header.pseudonym_secret, no_secret, sizeof(no_secret)) != 0)
        table.pseudonym_secret = header.pseudonym_secret;
    info.moment = (int64_t)header.moment;
    *out_info = info;
    info = (HeedSnapshotInfo){0};
    table.reasons = g_steal_pointer(&reasons);
    return heed_suppressed_set_of_table(&table, is_mapping ? bytes : NULL, length);
}

HeedSuppressedSet *
heed_snapshot_read(const void *bytes, size_t length, HeedSnapshotInfo *out_info, GError **error)
{
    return read_snapshot((void *)(uintptr_t)bytes, length, false, out_info, error);
}

static HeedSuppressedSet *
open_mapping(HeedFd fd, size_t length, HeedSnapshotInfo *out_info, GError **error)
{
    /* All of it is wanted, for the checksum and then in no order. */
    void *bytes = mmap(NULL, length, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
    HeedSuppressedSet *set;

    if (bytes == MAP_FAILED) {
        g_set_error(error, HEED_ERROR, HEED_ERROR_NO_INPUT, "cannot map it: %s", g_strerror(errno));
        return NULL;
    }
    set = read_snapshot(bytes, length, true, out_info, error);
    if (set == NULL)
        (void)munmap(bytes, length);
    return set;
}

HeedSuppressedSet *
heed_snapshot_open(const char *path, HeedSnapshotInfo *out_info, GError **error)
{
    g_auto(HeedFd) fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    HeedSuppressedSet *set = NULL;
    struct stat status;

    if (fd < 0 || fstat(fd, &status) != 0)
        g_set_error(error, HEED_ERROR, HEED_ERROR_NO_INPUT, "%s", g_strerror(errno));
    else if (!S_ISREG(status.st_mode))
        g_set_error(error, HEED_ERROR, HEED_ERROR_NO_INPUT, "not a file");
    else if (status.st_size == 0)
        (void)refuse("no snapshot of heed export", error);
    else
        set = open_mapping(fd, (size_t)status.st_size, out_info, error);
    if (set == NULL)
        g_prefix_error(error, "'%s': ", path);
    return set;
}
