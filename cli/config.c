/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/config.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/limits.h"
#include "ingest/secret.h"
#include "ingest/streams.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

char *
heed_config_data_dir(const char *given)
{
    const char *named = given != NULL ? given : g_getenv("HEED_DATA");

    if (named != NULL && *named != '\0')
        return g_canonicalize_filename(named, NULL);
    if (geteuid() == 0)
        return g_strdup("/var/lib/heed");
    return g_build_filename(g_get_user_data_dir(), "heed", NULL);
}

/* Where to keep what can be made again; NULL: nowhere. It need not exist. */
static char *
cache_dir(void)
{
    const char *users = g_get_user_cache_dir();
    g_autofree char *above = g_path_get_dirname(users);
    bool exists = g_access(users, F_OK) == 0;
    g_autofree char *data = NULL;

    if (g_access(exists ? users : above, W_OK) == 0)
        return g_build_filename(users, "heed", NULL);
    data = heed_config_data_dir(NULL);
    return g_access(data, W_OK) == 0 ? g_build_filename(data, "cache", NULL) : NULL;
}

HeedConfig *
heed_config_new(void)
{
    HeedConfig *config = g_new0(HeedConfig, 1);

    config->mailboxes = g_ptr_array_new_with_free_func((GDestroyNotify)heed_mailbox_free);
    config->logs = g_ptr_array_new_with_free_func((GDestroyNotify)heed_log_section_free);
    config->streams = g_ptr_array_new_with_free_func((GDestroyNotify)heed_stream_match_free);
    config->policy = heed_policy_new();
    config->retention = (HeedRetention){.raw_days = HEED_CONFIG_RAW_DAYS,
                                        .event_days = HEED_CONFIG_EVENT_DAYS,
                                        .count_days = HEED_CONFIG_COUNT_DAYS};
    config->rules_cache = cache_dir();
    return config;
}

void
heed_config_free(HeedConfig *config)
{
    if (config == NULL)
        return;
    g_clear_pointer(&config->mailboxes, g_ptr_array_unref);
    g_clear_pointer(&config->logs, g_ptr_array_unref);
    g_clear_pointer(&config->domains, g_ptr_array_unref);
    g_clear_pointer(&config->relays, g_ptr_array_unref);
    g_clear_pointer(&config->receivers, g_ptr_array_unref);
    g_clear_pointer(&config->authserv_ids, g_ptr_array_unref);
    g_clear_pointer(&config->verp, g_ptr_array_unref);
    g_clear_pointer(&config->recipient_headers, g_ptr_array_unref);
    g_clear_pointer(&config->streams, g_ptr_array_unref);
    g_clear_pointer(&config->original_headers, g_ptr_array_unref);
    heed_policy_free(config->policy);
    g_clear_pointer(&config->rules, g_ptr_array_unref);
    g_free(config->token_key_file);
    g_free(config->rules_cache);
    g_free(config->path);
    g_free(config->database);
    g_free(config->role_owner);
    g_free(config->role_ingest);
    g_free(config->role_reader);
    g_free(config);
}

#define CONFIG_HERE "./heed.conf"

/* NULL: there is none. What was asked for by name is not tested for existence. */
static char *
find_file(const char *given)
{
    const char *named = given != NULL ? given : g_getenv("HEED_CONFIG");
    g_autofree char *users = NULL;

    if (named != NULL && *named != '\0')
        return g_strdup(named);
    if (g_file_test(CONFIG_HERE, G_FILE_TEST_EXISTS))
        return g_strdup(CONFIG_HERE);
    users = g_build_filename(g_get_user_config_dir(), "heed", "heed.conf", NULL);
    if (g_file_test(users, G_FILE_TEST_EXISTS))
        return g_steal_pointer(&users);
    if (g_file_test("/etc/heed/heed.conf", G_FILE_TEST_EXISTS))
        return g_strdup("/etc/heed/heed.conf");
    return NULL;
}

void
heed_config_add_rules(HeedConfig *config, char **files)
{
    g_autoptr(GPtrArray) rules = g_ptr_array_new_with_free_func(g_free);

    for (; files != NULL && *files != NULL; files++)
        g_ptr_array_add(rules, g_canonicalize_filename(*files, NULL));
    for (guint i = 0; config->rules != NULL && config->rules->pdata[i] != NULL; i++)
        g_ptr_array_add(rules, g_strdup(config->rules->pdata[i]));
    if (rules->len == 0)
        return;
    g_ptr_array_add(rules, NULL);
    g_clear_pointer(&config->rules, g_ptr_array_unref);
    config->rules = g_steal_pointer(&rules);
}

static bool
refuse_file(const char *path, const char *why, GError **error)
{
    g_set_error(error, HEED_ERROR, HEED_ERROR_CONFIG, "configuration '%s': %s", path, why);
    return false;
}

/* A configuration names commands that we run: nobody else may have written it. */
static bool
check_owner(const char *path, const struct stat *status, GError **error)
{
    bool foreign = status->st_uid != geteuid() && status->st_uid != 0;

    if (S_ISDIR(status->st_mode))
        return refuse_file(path, "is a folder, not a file", error);
    if ((status->st_mode & S_IWOTH) != 0)
        return refuse_file(path, "everybody may write to it, and it can name commands: chmod o-w",
                           error);
    if (foreign && strcmp(path, CONFIG_HERE) == 0)
        return refuse_file(path,
                           "belongs to somebody else and can name commands: if you trust it, ask "
                           "for it with --config",
                           error);
    return true;
}

static char *
read_file(const char *path, mode_t *out_mode, GError **error)
{
    g_auto(HeedFd) fd = open(path, O_RDONLY | O_CLOEXEC);
    g_autoptr(GString) text = g_string_new(NULL);
    const unsigned limit = HEED_LIMIT_CONFIG_BYTES;
    struct stat status;
    char block[16384];
    ssize_t got;

    if (fd < 0 || fstat(fd, &status) < 0) {
        (void)refuse_file(path, g_strerror(errno), error);
        return NULL;
    }
    if (!check_owner(path, &status, error))
        return NULL;
    while ((got = read(fd, block, sizeof(block))) > 0) {
        g_string_append_len(text, block, got);
        if (text->len > limit) {
            (void)refuse_file(path, "is larger than 1 MB", error);
            return NULL;
        }
    }
    if (got < 0) {
        (void)refuse_file(path, g_strerror(errno), error);
        return NULL;
    }
    if (!g_utf8_validate(text->str, (gssize)text->len, NULL)) {
        (void)refuse_file(path, "is not UTF-8 text", error);
        return NULL;
    }
    *out_mode = status.st_mode;
    return g_string_free(g_steal_pointer(&text), FALSE);
}

HeedConfig *
heed_config_load(const char *given, GError **error)
{
    g_autofree char *path = find_file(given);
    g_autofree char *text = NULL;
    g_autoptr(HeedConfig) config = NULL;
    mode_t mode = 0;

    if (path == NULL)
        return heed_config_new();
    text = read_file(path, &mode, error);
    if (text == NULL)
        return NULL;
    config = heed_config_parse(text, path, error);
    if (config == NULL)
        return NULL;
    if (config->database != NULL && (mode & (S_IRGRP | S_IROTH)) != 0 &&
        heed_config_conninfo_has_password(config->database)) {
        (void)refuse_file(path,
                          "'database' holds a password that others can read: chmod 600, or keep "
                          "the password in ~/.pgpass",
                          error);
        return NULL;
    }
    return g_steal_pointer(&config);
}

HeedConfig *
heed_config_load_given(const char *given, GError **error)
{
    return given == NULL ? heed_config_new() : heed_config_load(given, error);
}

/* A URI's password stands between ":" and "@" before the first "/"; a key=value list has the key
 * itself. Both may have it as a parameter. */
bool
heed_config_conninfo_has_password(const char *conninfo)
{
    const char *scheme_end = strstr(conninfo, "://");
    const char *key = conninfo;

    if (scheme_end != NULL) {
        const char *authority = scheme_end + strlen("://");
        size_t length = strcspn(authority, "/?#");
        const char *at = memchr(authority, '@', length);
        const char *colon = at == NULL ? NULL : memchr(authority, ':', (size_t)(at - authority));

        if (colon != NULL && colon + 1 < at)
            return true;
    }
    while ((key = strstr(key, "password")) != NULL) {
        const char *after = key + strlen("password");

        if (key == conninfo || strchr(" \t\n?&", key[-1]) != NULL) {
            after += strspn(after, " \t\n");
            if (*after == '=')
                return true;
        }
        key = after;
    }
    return false;
}

static bool
check_ca_file(const char *path, GError **error)
{
    g_auto(HeedFd) fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd >= 0)
        return true;
    g_set_error(error, HEED_ERROR, HEED_ERROR_CONFIG, "ca-file '%s': %s", path, g_strerror(errno));
    return false;
}

bool
heed_config_check_files(const HeedConfig *config, GError **error)
{
    for (size_t i = 0; i < config->mailboxes->len; i++) {
        const HeedMailbox *mailbox = config->mailboxes->pdata[i];

        if ((mailbox->password_file != NULL &&
             !heed_secret_check_file(mailbox->password_file, error)) ||
            (mailbox->token_file != NULL && !heed_secret_check_file(mailbox->token_file, error)) ||
            (mailbox->ca_file != NULL && !check_ca_file(mailbox->ca_file, error))) {
            g_prefix_error(error, "%s: mailbox '%s': ", config->path, mailbox->name);
            return false;
        }
    }
    if (config->token_key_file != NULL && !heed_secret_check_file(config->token_key_file, error)) {
        g_prefix_error(error, "%s: own.token-key-file: ", config->path);
        return false;
    }
    return true;
}

static bool
reads_nothing(const HeedConfig *config)
{
    return config->mailboxes->len == 0 && config->logs->len == 0;
}

bool
heed_config_reads_mailbox(const HeedConfig *config, const char *name)
{
    for (guint i = 0; i < config->mailboxes->len; i++) {
        const HeedMailbox *mailbox = g_ptr_array_index(config->mailboxes, i);

        if (strcmp(mailbox->name, name) == 0)
            return true;
    }
    return reads_nothing(config);
}

bool
heed_config_reads_log(const HeedConfig *config, const char *name)
{
    for (guint i = 0; i < config->logs->len; i++) {
        const HeedLogSection *log = g_ptr_array_index(config->logs, i);

        if (strcmp(log->name, name) == 0)
            return true;
    }
    return reads_nothing(config);
}

bool
heed_config_require_domains(const HeedConfig *config, GError **error)
{
    if (config->domains != NULL)
        return true;
    if (config->path == NULL)
        g_set_error(error, HEED_ERROR, HEED_ERROR_CONFIG,
                    "there is no configuration: no --config, $HEED_CONFIG, ./heed.conf, "
                    "%s/heed/heed.conf or /etc/heed/heed.conf; heed init writes one",
                    g_get_user_config_dir());
    else
        g_set_error(error, HEED_ERROR, HEED_ERROR_CONFIG,
                    "%s: own { domains = {\"example.com\"} } is missing: the domains that you send "
                    "from. Anybody can send a forged bounce, and without them nobody can tell "
                    "whose mail a report is about, so none could be believed",
                    config->path);
    return false;
}
