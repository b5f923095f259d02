/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/config_policy.h"
#include "db/connection.h"
#include "parsers/host.h"
#include "parsers/verp.h"

#include <string.h>

/* A host's name or address, in lower case; NULL: neither. There are no networks, and what is all
 * digits is an address, so that a mistyped one does not go for a name that never appears. */
static char *
normal_host(const char *text)
{
    bool numeric = text[strspn(text, "0123456789.")] == '\0';

    if (strpbrk(text, " \t/@") != NULL || (numeric && !g_hostname_is_ip_address(text)))
        return NULL;
    return g_ascii_strdown(text, -1);
}

/* Addresses with an address in them; in lower case. */
static char *
normal_verp(const char *text)
{
    const char *why;

    return heed_verp_pattern_check(text, &why) ? g_ascii_strdown(text, -1) : NULL;
}

/* Nobody's domain is "com": it would make everybody's mail our own. */
char *
heed_config_own_domain(const char *text)
{
    g_autofree char *domain = heed_config_domain(text);

    return domain != NULL && !heed_host_is_public_suffix(domain) ? g_steal_pointer(&domain) : NULL;
}

typedef struct OwnList {
    const char *name;
    char *(*normalise)(const char *text);
    const char *allowed;
    size_t offset; /* in HeedConfig */
} OwnList;

static const OwnList own_lists[] = {
    {"domains", heed_config_own_domain, HEED_CONFIG_OWN_DOMAIN, offsetof(HeedConfig, domains)},
    {"relays", normal_host, "a name: allowed are host names such as mx.example.com, and addresses",
     offsetof(HeedConfig, relays)},
    {"receivers", normal_host,
     "a name: allowed are host names such as mx.example.com, and addresses",
     offsetof(HeedConfig, receivers)},
    {"authserv-ids", normal_host, "a name: allowed are names such as mx.example.com",
     offsetof(HeedConfig, authserv_ids)},
    {"verp", normal_verp,
     "a pattern: allowed are addresses with {local}, then {domain}, and perhaps {any}, such as "
     "bounces+{local}={domain}@example.com",
     offsetof(HeedConfig, verp)},
    {"recipient-headers", heed_config_header, "the name of a header field, such as X-Recipient",
     offsetof(HeedConfig, recipient_headers)},
};

/* One list of own; NULL in *out where it is not there or empty. */
static int
read_list(cfg_t *section, const OwnList *own, GPtrArray **out)
{
    const char *name = own->name;
    unsigned count = cfg_size(section, name);
    g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(g_free);

    for (unsigned i = 0; i < count; i++) {
        const char *text = cfg_getnstr(section, name, i);
        char *normal = own->normalise(text);

        if (normal == NULL)
            return heed_config_refuse(heed_config_line_of(section, name), "%s: '%s' is not %s",
                                      name, text, own->allowed);
        g_ptr_array_add(list, normal);
    }
    if (count == 0)
        return 0;
    g_ptr_array_add(list, NULL);
    *out = g_steal_pointer(&list);
    return 0;
}

static int
on_own(cfg_t *root, cfg_opt_t *option)
{
    cfg_t *section = cfg_opt_getnsec(option, 0);
    HeedConfig *config = heed_config_being_read();

    if (heed_config_on_set(root, option) != 0)
        return -1;
    for (size_t i = 0; i < G_N_ELEMENTS(own_lists); i++) {
        GPtrArray **list = (GPtrArray **)((char *)config + own_lists[i].offset);

        if (read_list(section, &own_lists[i], list) != 0)
            return -1;
    }
    config->results_below_received = cfg_getbool(section, "results-below-received");
    config->token_key_file = heed_config_resolve(cfg_getstr(section, "token-key-file"));
    return 0;
}

static int
on_retention(cfg_t *root, cfg_opt_t *option)
{
    cfg_t *section = cfg_opt_getnsec(option, 0);

    HeedRetention *retention = &heed_config_being_read()->retention;

    retention->raw_days = (unsigned)cfg_getint(section, "raw-days");
    retention->event_days = (unsigned)cfg_getint(section, "event-days");
    retention->count_days = (unsigned)cfg_getint(section, "count-days");
    if (retention->event_days > 0 && retention->event_days < HEED_CONFIG_LEAST_EVENT_DAYS)
        return heed_config_refuse(heed_config_line_of(section, "event-days"),
                                  "event-days = %u: the guard looks back over 30 days; allowed are "
                                  "0 (for ever) and from %u on",
                                  retention->event_days, HEED_CONFIG_LEAST_EVENT_DAYS);
    if (retention->event_days > 0 && retention->raw_days > retention->event_days)
        return heed_config_refuse(heed_config_line_of(section, "raw-days"),
                                  "raw-days is more than event-days: mail is kept to read its "
                                  "events again");
    return heed_config_on_set(root, option);
}

static int
on_guard(cfg_t *root, cfg_opt_t *option)
{
    cfg_t *section = cfg_opt_getnsec(option, 0);
    HeedConfig *config = heed_config_being_read();

    config->guard.off = !cfg_getbool(section, "enabled");
    if (heed_config_is_set(section, "addresses"))
        config->guard.addresses = (unsigned)cfg_getint(section, "addresses");
    if (heed_config_is_set(section, "times"))
        config->guard.times = (unsigned)cfg_getint(section, "times");
    return heed_config_on_set(root, option);
}

static int
on_roles(cfg_t *root, cfg_opt_t *option)
{
    static const char *const names[] = {"owner", "ingest", "reader"};
    cfg_t *section = cfg_opt_getnsec(option, 0);

    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        const char *role = cfg_getstr(section, names[i]);

        if (role != NULL && (*role == '\0' || strlen(role) > 63))
            return heed_config_refuse(
                heed_config_line_of(section, names[i]),
                "%s: a role's name has 1 to 63 bytes (PostgreSQL's NAMEDATALEN)", names[i]);
    }
    heed_config_being_read()->role_owner = g_strdup(cfg_getstr(section, "owner"));
    heed_config_being_read()->role_ingest = g_strdup(cfg_getstr(section, "ingest"));
    heed_config_being_read()->role_reader = g_strdup(cfg_getstr(section, "reader"));
    return heed_config_on_set(root, option);
}

static cfg_opt_t own_options[] = {
    CFG_STR_LIST("domains", NULL, CFGF_NODEFAULT),
    CFG_STR_LIST("relays", NULL, CFGF_NODEFAULT),
    CFG_STR_LIST("receivers", NULL, CFGF_NODEFAULT),
    CFG_STR_LIST("authserv-ids", NULL, CFGF_NODEFAULT),
    CFG_BOOL("results-below-received", cfg_false, CFGF_NONE),
    CFG_STR_LIST("verp", NULL, CFGF_NODEFAULT),
    CFG_STR_LIST("recipient-headers", NULL, CFGF_NODEFAULT),
    CFG_STR("token-key-file", NULL, CFGF_NODEFAULT),
    CFG_END(),
};

static cfg_opt_t retention_options[] = {
    CFG_INT_CB("raw-days", HEED_CONFIG_RAW_DAYS, CFGF_NONE, heed_config_on_number),
    CFG_INT_CB("event-days", HEED_CONFIG_EVENT_DAYS, CFGF_NONE, heed_config_on_number),
    CFG_INT_CB("count-days", HEED_CONFIG_COUNT_DAYS, CFGF_NONE, heed_config_on_number),
    CFG_END(),
};

static cfg_opt_t guard_options[] = {
    CFG_BOOL("enabled", cfg_true, CFGF_NONE),
    CFG_INT_CB("addresses", 0, CFGF_NONE, heed_config_on_number),
    CFG_INT_CB("times", 0, CFGF_NONE, heed_config_on_number),
    CFG_END(),
};

static cfg_opt_t role_options[] = {
    CFG_STR("owner", NULL, CFGF_NODEFAULT),
    CFG_STR("ingest", NULL, CFGF_NODEFAULT),
    CFG_STR("reader", NULL, CFGF_NODEFAULT),
    CFG_END(),
};

static cfg_opt_t options[] = {
    CFG_STR("database", NULL, CFGF_NODEFAULT),
    CFG_INT_CB("workers", 0, CFGF_NONE, heed_config_on_number),
    CFG_STR_LIST("rules", NULL, CFGF_NODEFAULT),
    CFG_SEC("mailbox", heed_config_mailbox_options, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES),
    CFG_SEC("log", heed_config_log_options, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES),
    CFG_SEC("own", own_options, CFGF_NODEFAULT),
    CFG_SEC("stream", heed_config_stream_options, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES),
    CFG_SEC("policy", heed_config_policy_options, CFGF_NODEFAULT),
    CFG_SEC("guard", guard_options, CFGF_NODEFAULT),
    CFG_SEC("retention", retention_options, CFGF_NODEFAULT),
    CFG_SEC("roles", role_options, CFGF_NODEFAULT),
    CFG_BOOL(HEED_CONFIG_END, cfg_false, CFGF_NONE),
    CFG_END(),
};

static void
watch(cfg_t *root)
{
    heed_config_watch(root, NULL, options);
    heed_config_watch(root, "mailbox", heed_config_mailbox_options);
    heed_config_watch(root, "log", heed_config_log_options);
    heed_config_watch(root, "own", own_options);
    heed_config_watch(root, "guard", guard_options);
    heed_config_watch(root, "retention", retention_options);
    heed_config_watch(root, "roles", role_options);
    heed_config_watch_policy(root);
    (void)cfg_set_validate_func(root, "mailbox", heed_config_on_mailbox);
    (void)cfg_set_validate_func(root, "log", heed_config_on_log);
    (void)cfg_set_validate_func(root, "own", on_own);
    (void)cfg_set_validate_func(root, "guard", on_guard);
    (void)cfg_set_validate_func(root, "retention", on_retention);
    (void)cfg_set_validate_func(root, "roles", on_roles);
}

/* Relative to the file's folder. */
static void
read_rules(cfg_t *root, HeedConfig *config)
{
    unsigned count = cfg_size(root, "rules");

    if (count == 0)
        return;
    config->rules = g_ptr_array_new_with_free_func(g_free);
    for (unsigned i = 0; i < count; i++) {
        g_autofree char *path = heed_config_resolve(cfg_getnstr(root, "rules", i));

        g_ptr_array_add(config->rules, g_canonicalize_filename(path, NULL));
    }
    g_ptr_array_add(config->rules, NULL);
}

HeedConfig *
heed_config_parse(const char *text, const char *path, GError **error)
{
    g_autoptr(HeedConfig) config = heed_config_new();
    cfg_t *root = cfg_init(options, CFGF_NONE);

    heed_config_read_begin(config, path);
    watch(root);
    heed_config_read_text(root, text);
    config->path = g_strdup(path);
    config->database = g_strdup(cfg_getstr(root, "database"));
    config->workers = (unsigned)cfg_getint(root, "workers");
    read_rules(root, config);
    if (!heed_config_read_failed()) {
        heed_config_read_policy(root);
        heed_config_read_streams(root);
    }
    if (config->database != NULL && !heed_database_is_conninfo(config->database))
        (void)heed_config_refuse(
            heed_config_line_of(root, "database"),
            "database: is not a connection string: postgresql://USER@HOST:PORT/NAME or "
            "KEYWORD=VALUE …; without it, Heed runs a database of its own");
    (void)cfg_free(root);
    return heed_config_read_end(error) ? g_steal_pointer(&config) : NULL;
}
