/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/clean_lines.h"

#include "base/limits.h"

#include <glib.h>
#include <inttypes.h>

static const char *
lines_of(uint64_t count)
{
    return count == 1 ? "line" : "lines";
}

static char *
faults_text(const HeedCleanFaults *faults)
{
    return g_strdup_printf("%" PRIu64 " suppressed, %" PRIu64 " invalid, %" PRIu64 " duplicate",
                           faults->suppressed, faults->invalid, faults->duplicate);
}

char **
heed_clean_lines(const char *list_name, const HeedCleaned *cleaned)
{
    g_autoptr(GStrvBuilder) lines = g_strv_builder_new();
    g_autofree char *removed = faults_text(&cleaned->removed);
    g_autofree char *taken = faults_text(&cleaned->taken);
    g_autofree char *counts =
        g_strdup_printf("'%s': %" PRIu64 " %s, %" PRIu64 " kept; removed: %s", list_name,
                        cleaned->lines, lines_of(cleaned->lines), cleaned->kept, removed);
    g_autofree char *shortened =
        g_strdup_printf("'%s': addresses taken out of %" PRIu64 " kept %s: %s", list_name,
                        cleaned->shortened, lines_of(cleaned->shortened), taken);
    g_autofree char *unremembered = g_strdup_printf(
        "'%s': behind the first %u addresses, duplicates of %" PRIu64 " others were not looked for",
        list_name, HEED_LIMIT_LIST_ADDRESSES_SEEN, cleaned->unremembered);

    g_strv_builder_add(lines, counts);
    if (cleaned->shortened > 0)
        g_strv_builder_add(lines, shortened);
    if (cleaned->unremembered > 0)
        g_strv_builder_add(lines, unremembered);
    return g_strv_builder_end(lines);
}
