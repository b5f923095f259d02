/* SPDX-License-Identifier: Apache-2.0 */
#include "suppress/snapshot.h"

#include <stdint.h>
#include <string.h>
#include <xxhash.h>

#define HEAD_BYTES 104U
#define PAGE_BYTES 4096U
#define AT_SLOTS   32U
#define AT_SUM     64U

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
read_and_look(const void *bytes, size_t length)
{
    static const char *const addresses[] = {"a@example.com", "gone@example.com", ""};
    g_auto(HeedSnapshotInfo) info = {0};
    g_autoptr(GError) error = NULL;
    g_autoptr(HeedSuppressedSet) set = heed_snapshot_read(bytes, length, &info, &error);

    g_assert_true((set == NULL) == (error != NULL));
    for (size_t i = 0; set != NULL && i < G_N_ELEMENTS(addresses); i++) {
        const char *reason = heed_suppressed_set_find(set, addresses[i], strlen(addresses[i]));

        g_assert_true(reason == NULL || g_utf8_validate(reason, -1, NULL));
    }
}

/* The input as it is; then as head and slots of a file with the sizes and the checksum it should
 * have, which chance does not find. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t start[] = {'H', 'E', 'E', 'D', 'S', 'N', 'A', 'P', 2, 0, 0, 0};

    g_autofree uint8_t *bytes = g_memdup2(data, MAX(size, 1));
    size_t head = MIN(size, 600);
    uint64_t slots = 1;
    uint64_t number;
    size_t length;

    read_and_look(bytes, size);
    if (size < HEAD_BYTES)
        return 0;
    while (slots * 2 * 8 <= size - head)
        slots *= 2;
    length = PAGE_BYTES + slots * 8;
    g_free(bytes);
    bytes = g_malloc0(length);
    memcpy(bytes, data, head);
    memcpy(bytes + PAGE_BYTES, data + head, MIN(slots * 8, size - head));
    memcpy(bytes, start, sizeof(start));
    number = GUINT64_TO_LE(slots);
    memcpy(bytes + AT_SLOTS, &number, 8);
    memset(bytes + AT_SUM, 0, 8);
    number = GUINT64_TO_LE(XXH3_64bits(bytes, length));
    memcpy(bytes + AT_SUM, &number, 8);
    read_and_look(bytes, length);
    return 0;
}
