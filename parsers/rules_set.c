/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/rules_set.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

static void
free_array(GArray *array)
{
    if (array != NULL)
        g_array_unref(array);
}

static void
free_pointers(GPtrArray *array)
{
    if (array != NULL)
        g_ptr_array_unref(array);
}

static void
entry_free(HeedRuleEntry *entry)
{
    free_array(entry->codes);
    free_array(entry->statuses);
    free_array(entry->conditions);
    free_pointers(entry->at);
    free_pointers(entry->examples);
    g_free(entry);
}

HeedRuleSet *
heed_rule_set_new(void)
{
    HeedRuleSet *set = g_new0(HeedRuleSet, 1);

    set->entries = g_ptr_array_new_with_free_func((GDestroyNotify)entry_free);
    set->patterns = g_array_new(FALSE, FALSE, sizeof(HeedRulePattern));
    set->ids = g_hash_table_new(g_str_hash, g_str_equal);
    set->text = g_string_chunk_new(64U * 1024);
    return set;
}

void
heed_rule_set_free(HeedRuleSet *set)
{
    if (set == NULL)
        return;
    g_ptr_array_unref(set->entries);
    g_array_unref(set->patterns);
    g_hash_table_unref(set->ids);
    g_string_chunk_free(set->text);
    g_free(set);
}

bool
heed_rule_set_read_file(HeedRuleSet *set, const char *path, GError **error)
{
    g_auto(HeedFd) fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    g_autofree char *text = g_malloc(HEED_LIMIT_RULES_FILE_BYTES + 1);
    struct stat status;
    size_t length = 0;
    ssize_t got = 0;

    if (fd < 0 || fstat(fd, &status) < 0) {
        g_set_error(error, HEED_ERROR, HEED_ERROR_CONFIG, "rules '%s': %s", path,
                    g_strerror(errno));
        return false;
    }
    if (!S_ISREG(status.st_mode)) {
        g_set_error(error, HEED_ERROR, HEED_ERROR_CONFIG, "rules '%s': is not a file", path);
        return false;
    }
    while (length <= HEED_LIMIT_RULES_FILE_BYTES &&
           (got = read(fd, text + length, HEED_LIMIT_RULES_FILE_BYTES + 1 - length)) > 0)
        length += (size_t)got;
    if (got < 0) {
        g_set_error(error, HEED_ERROR, HEED_ERROR_CONFIG, "rules '%s': %s", path,
                    g_strerror(errno));
        return false;
    }
    return heed_rule_set_read(set, path, text, length, error);
}

static int
compare_entries(const void *one, const void *other)
{
    const HeedRuleEntry *a = *(HeedRuleEntry *const *)one;
    const HeedRuleEntry *b = *(HeedRuleEntry *const *)other;

    if (a->rule.tier != b->rule.tier)
        return a->rule.tier < b->rule.tier ? -1 : 1;
    return a->order < b->order ? -1 : a->order > b->order;
}

void
heed_rule_set_sort(HeedRuleSet *set)
{
    g_ptr_array_sort(set->entries, compare_entries);
    for (guint i = 0; i < set->entries->len; i++)
        ((HeedRuleEntry *)set->entries->pdata[i])->rule.number = i;
}
