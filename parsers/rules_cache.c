/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/limits.h"
#include "parsers/rules_set.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <hs/hs.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/*
 * A file is "rules-DIGEST.hs": the digest in hexadecimal again, then what libhs made. The digest is
 * over everything that the compiled form depends on, and not over the compiled bytes: libhs has a
 * checksum of its own over them against accidents, and against others there is the folder's owner.
 */
#define DIGEST_CHARACTERS 64U
#define NAME_BYTES        (sizeof("rules-") + DIGEST_CHARACTERS + sizeof(".hs"))

/* Files of that age are of earlier versions or of other rules; who still needs one makes it anew.
 */
#define OLD_SECONDS (60 * 24 * 3600)

static char *
digest_of(const HeedRuleSet *set, HeedRuleStage stage)
{
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
    const char *version = hs_version();

    g_checksum_update(sum, (const guchar *)version, (gssize)strlen(version) + 1);
    for (guint i = 0; i < set->patterns->len; i++) {
        const HeedRulePattern *pattern = &g_array_index(set->patterns, HeedRulePattern, i);
        guint32 numbers[2] = {pattern->flags, i};

        if (heed_rule_stage(pattern) != stage)
            continue;
        g_checksum_update(sum, (const guchar *)numbers, sizeof(numbers));
        g_checksum_update(sum, (const guchar *)pattern->expression,
                          (gssize)strlen(pattern->expression) + 1);
    }
    return g_strdup(g_checksum_get_string(sum));
}

/* Whether nobody else can have written it. */
static bool
is_ours(const struct stat *status)
{
    return status->st_uid == geteuid() && (status->st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

/* The folder, or -1. */
static int
open_folder(const char *path)
{
    g_auto(HeedFd) folder = -1;
    struct stat status;

    if (g_mkdir_with_parents(path, S_IRWXU) != 0)
        return -1;
    folder = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (folder < 0 || fstat(folder, &status) != 0 || !is_ours(&status))
        return -1;
    return heed_fd_steal(&folder);
}

static bool
read_all(int fd, char *out, size_t length)
{
    while (length > 0) {
        ssize_t got = read(fd, out, length);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        out += got;
        length -= (size_t)got;
    }
    return true;
}

static bool
write_all(int fd, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t put = write(fd, bytes, length);

        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return false;
        bytes += put;
        length -= (size_t)put;
    }
    return true;
}

static HeedRulesDatabase *
load(int folder, const char *name, const char *digest)
{
    g_auto(HeedFd) fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    g_autofree char *bytes = NULL;
    hs_database_t *database = NULL;
    struct stat status;
    size_t length;

    if (fd < 0 || fstat(fd, &status) != 0 || !S_ISREG(status.st_mode) || !is_ours(&status) ||
        status.st_size <= (off_t)DIGEST_CHARACTERS ||
        status.st_size > (off_t)HEED_LIMIT_RULES_COMPILED_BYTES)
        return NULL;
    length = (size_t)status.st_size;
    bytes = g_malloc(length);
    if (!read_all(fd, bytes, length) || memcmp(bytes, digest, DIGEST_CHARACTERS) != 0 ||
        hs_deserialize_database(bytes + DIGEST_CHARACTERS, length - DIGEST_CHARACTERS, &database) !=
            HS_SUCCESS)
        return NULL;
    return database;
}

/* Removes what nobody has made anew for long. */
static void
remove_old(int folder, time_t now)
{
    g_auto(HeedFd) copy = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *listing = copy < 0 ? NULL : fdopendir(copy);
    const struct dirent *entry;

    if (listing == NULL)
        return;
    copy = -1;
    /* Each thread has a listing of its own. */
    while ((entry = readdir(listing)) != NULL) { /* NOLINT(concurrency-mt-unsafe) */
        struct stat status;

        if (g_str_has_prefix(entry->d_name, "rules-") &&
            fstatat(folder, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
            S_ISREG(status.st_mode) && status.st_mtime < now - OLD_SECONDS)
            (void)unlinkat(folder, entry->d_name, 0);
    }
    (void)closedir(listing);
}

/* Appears whole or not at all; one that a crash of the machine has cut is no longer what libhs
 * wrote, and is made again. */
static void
store(int folder, const char *name, const char *digest, const HeedRulesDatabase *database)
{
    g_autofree char *temporary = g_strdup_printf("%s.%ld", name, (long)getpid());
    g_auto(HeedFd) fd = -1;
    char *bytes = NULL;
    size_t length = 0;
    struct stat status;

    if (hs_serialize_database(database, &bytes, &length) != HS_SUCCESS)
        return;
    (void)unlinkat(folder, temporary, 0);
    fd = openat(folder, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                S_IRUSR | S_IWUSR);
    if (fd >= 0 && write_all(fd, digest, DIGEST_CHARACTERS) && write_all(fd, bytes, length) &&
        fstat(fd, &status) == 0 && renameat(folder, temporary, folder, name) == 0)
        remove_old(folder, status.st_mtime);
    else if (fd >= 0)
        (void)unlinkat(folder, temporary, 0);
    /* libhs's own allocator is malloc(). */
    free(bytes); /* NOLINT(clang-analyzer-unix.Malloc) */
}

bool
heed_rule_set_compile_cached(const HeedRuleSet *set,
                             HeedRuleStage stage,
                             const char *folder,
                             HeedRulesDatabase **out,
                             GError **error)
{
    g_auto(HeedFd) fd = folder == NULL ? -1 : open_folder(folder);
    g_autofree char *digest = NULL;
    char name[NAME_BYTES];

    if (fd < 0)
        return heed_rule_set_compile(set, stage, out, error);
    digest = digest_of(set, stage);
    (void)g_snprintf(name, sizeof(name), "rules-%s.hs", digest);
    *out = load(fd, name, digest);
    if (*out != NULL)
        return true;
    if (!heed_rule_set_compile(set, stage, out, error))
        return false;
    if (*out != NULL)
        store(fd, name, digest, *out);
    return true;
}
