/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "suppress/clean.h"
#include "suppress/suppressed_set.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const HeedSuppressedSet *
suppressed(void)
{
    static HeedSuppressedSet *set;

    if (set == NULL) {
        set = heed_suppressed_set_new(0, false, NULL);
        g_assert_nonnull(set);
        (void)heed_suppressed_set_add(set, "gone@example.com", 16, "hard bad-mailbox");
    }
    return set;
}

/* Cleans; NULL when the list was refused. Caller frees with free(). */
static char *
clean(
    const void *data, size_t size, const char *const *columns, size_t *out_length, HeedCleaned *out)
{
    char *kept = NULL;
    bool done;

    {
        g_autoptr(HeedFile) list = fmemopen((void *)(uintptr_t)data, size, "r");
        g_autoptr(HeedFile) removed = fopen("/dev/null", "w");
        g_autoptr(HeedFile) result = open_memstream(&kept, out_length);
        const HeedCleanOptions options = {.list_name = "fuzz",
                                          .columns = columns,
                                          .list = list,
                                          .out = result,
                                          .removed = removed};

        done = heed_clean(suppressed(), &options, out, NULL);
    }
    if (!done)
        g_clear_pointer(&kept, free);
    return kept;
}

/* Each record is kept or counted as removed, and nothing is added. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[][3] = {
        {NULL}, {"email", NULL}, {"2", NULL}, {"1", "2", NULL}, {"3", "email", NULL}};

    const char *const *columns;
    HeedCleaned counts;
    size_t length = 0;
    char *kept;

    if (size == 0)
        return 0;
    columns = names[data[size - 1] % G_N_ELEMENTS(names)];
    kept = clean(data, size, columns[0] != NULL ? columns : NULL, &length, &counts);
    if (kept == NULL)
        return 0;
    g_assert_cmpuint(counts.lines, ==,
                     counts.kept + counts.removed.suppressed + counts.removed.invalid +
                         counts.removed.duplicate);
    g_assert_cmpuint(length, <=, size);
    g_assert_true(counts.kept < counts.lines || counts.shortened > 0 ||
                  (length == size && memcmp(kept, data, size) == 0));
    free(kept);
    return 0;
}
