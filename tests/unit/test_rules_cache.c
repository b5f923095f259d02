/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/rules.h"

#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

typedef struct Cache {
    char *folder;
    HeedRulesOptions options;
} Cache;

static const char *const few_rules[] = {HEED_SOURCE_DIR "/parsers/rules/weak.rules", NULL};

static void
cache_set_up(Cache *cache, const void *data)
{
    (void)data;
    cache->folder = g_dir_make_tmp("heed-XXXXXX", NULL);
    g_assert_nonnull(cache->folder);
    /* A few rules: the built-in ones take a second to compile. */
    cache->options =
        (HeedRulesOptions){.cache_folder = cache->folder, .files = few_rules, .no_built_in = true};
}

/* The first file in the folder; NULL: there is none. */
static char *
cached(const Cache *cache)
{
    g_autoptr(GDir) folder = g_dir_open(cache->folder, 0, NULL);
    const char *name = g_dir_read_name(folder);

    if (name == NULL)
        return NULL;
    g_assert_true(g_str_has_prefix(name, "rules-") && g_str_has_suffix(name, ".hs"));
    return g_build_filename(cache->folder, name, NULL);
}

static void
cache_tear_down(Cache *cache, const void *data)
{
    char *path;

    (void)data;
    g_assert_cmpint(g_chmod(cache->folder, 0700), ==, 0);
    while ((path = cached(cache)) != NULL) {
        g_assert_cmpint(g_unlink(path), ==, 0);
        g_free(path);
    }
    g_assert_cmpint(g_rmdir(cache->folder), ==, 0);
    g_free(cache->folder);
}

/* Whatever lies there, loading works and the rules are right. */
static void
load_and_try(const Cache *cache)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(HeedRules) rules = heed_rules_load(&cache->options, &error);
    const HeedRuleQuery query = {.text = "550 over quota", .length = 14, .code = "550"};
    HeedRuleMatch match;

    g_assert_no_error(error);
    g_assert_true(heed_rules_match(rules, &query, &match));
    g_assert_nonnull(match.contradicted);
    g_assert_cmpstr(match.contradicted->id, ==, "weak.mailbox-full");
}

static char *
contents(const char *path, size_t *out_length)
{
    char *bytes = NULL;

    g_assert_true(g_file_get_contents(path, &bytes, out_length, NULL));
    return bytes;
}

static void
test_cache(Cache *cache, const void *data)
{
    g_autofree char *path = NULL;
    struct stat first;
    struct stat second;

    (void)data;
    load_and_try(cache);
    path = cached(cache);
    g_assert_nonnull(path);
    g_assert_cmpint(stat(path, &first), ==, 0);
    g_assert_cmpuint(first.st_mode & 0777, ==, 0600);
    load_and_try(cache);
    g_assert_cmpint(stat(path, &second), ==, 0);
    g_assert_true(first.st_ino == second.st_ino); /* not made again */
}

/* A file that is not what was written is passed over and made again. */
static void
test_cache_damaged(Cache *cache, const void *data)
{
    g_autofree char *path = NULL;
    g_autofree char *whole = NULL;
    size_t length;
    const char *const which[] = {"empty", "cut", "digest", "header", "bytes"};

    (void)data;
    load_and_try(cache);
    path = cached(cache);
    whole = contents(path, &length);
    for (size_t i = 0; i < G_N_ELEMENTS(which); i++) {
        const size_t lengths[] = {0, length / 2, length, length, length};
        const size_t changed[] = {0, 0, 3, 66, length / 2};
        g_autofree char *damaged = g_memdup2(whole, length);
        g_autofree char *mended = NULL;
        size_t mended_length;

        if (changed[i] != 0)
            damaged[changed[i]] ^= 1;
        g_assert_true(g_file_set_contents(path, damaged, (gssize)lengths[i], NULL));
        g_assert_cmpint(g_chmod(path, 0600), ==, 0);
        load_and_try(cache);
        mended = contents(path, &mended_length);
        if (mended_length != length || memcmp(mended, whole, length) != 0)
            g_error("%s: not made again", which[i]);
    }
}

/* What others may write to is neither read nor written. */
static void
test_cache_unsafe(Cache *cache, const void *data)
{
    g_autofree char *path = NULL;
    g_autofree char *none = NULL;
    struct stat before;
    struct stat after;

    (void)data;
    g_assert_cmpint(g_chmod(cache->folder, 0770), ==, 0);
    load_and_try(cache);
    none = cached(cache);
    g_assert_null(none);
    g_assert_cmpint(g_chmod(cache->folder, 0700), ==, 0);
    load_and_try(cache);
    path = cached(cache);
    g_assert_cmpint(g_chmod(path, 0620), ==, 0);
    g_assert_cmpint(stat(path, &before), ==, 0);
    load_and_try(cache);
    g_assert_cmpint(stat(path, &after), ==, 0);
    g_assert_true(before.st_ino != after.st_ino); /* not believed, made again */
    g_assert_cmpuint(after.st_mode & 0777, ==, 0600);
}

/* No folder can be made in a file. */
static void
test_cache_impossible(Cache *cache, const void *data)
{
    (void)data;
    cache->options.cache_folder = "/dev/null/heed";
    load_and_try(cache);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add("/rules-cache/kept", Cache, NULL, cache_set_up, test_cache, cache_tear_down);
    g_test_add("/rules-cache/damaged", Cache, NULL, cache_set_up, test_cache_damaged,
               cache_tear_down);
    g_test_add("/rules-cache/unsafe", Cache, NULL, cache_set_up, test_cache_unsafe,
               cache_tear_down);
    g_test_add("/rules-cache/impossible", Cache, NULL, cache_set_up, test_cache_impossible,
               cache_tear_down);
    return g_test_run();
}
