/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"
#include "cli/command.h"
#include "cli/config.h"
#include "db/connection.h"
#include "parsers/address.h"
#include "parsers/verp.h"

#include <confuse.h>
#include <stdarg.h>
#include <string.h>

/* libconfuse takes the end of the file for the end of a section, and so would take half a file for
 * a whole one. This is put behind the text: inside a section or a comment it is not what it should
 * be. */
#define END_OF_FILE "end-of-file"

/* What one reading of a file has come to. libconfuse's callbacks carry no data of ours, so it is
 * here; files are read one at a time. */
typedef struct Reading {
    HeedConfig *config;
    const char *path;
    GHashTable *lines; /* cfg_opt_t * → the line where it was set, as a pointer-sized number */
    GHashTable *lists; /* cfg_opt_t * → the first value of that list, owned */
    GHashTable *sizes; /* cfg_opt_t * → how many values it had last */
    GError *error;     /* the first one */
} Reading;

static Reading reading;

static int G_GNUC_PRINTF(2, 3) refuse(int line, const char *format, ...)
{
    g_autofree char *text = NULL;
    va_list arguments;

    va_start(arguments, format);
    text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    if (reading.error == NULL)
        reading.error =
            g_error_new(HEED_ERROR, HEED_ERROR_CONFIG, "%s:%d: %s", reading.path, line, text);
    return -1;
}

/* "database, workers, mailbox, …": what may stand in a section. */
static char *
allowed_names(const cfg_t *section)
{
    GString *names = g_string_new(NULL);

    for (const cfg_opt_t *option = section->opts; option->name != NULL; option++)
        if (strcmp(option->name, END_OF_FILE) != 0)
            g_string_append_printf(names, "%s%s", names->len > 0 ? ", " : "", option->name);
    return g_string_free(names, FALSE);
}

static void
refuse_unknown(const cfg_t *section, const char *name)
{
    g_autofree char *allowed = allowed_names(section);
    g_autofree const char **names = g_new(const char *, cfg_numopts(section->opts));
    size_t count = 0;
    int meant;

    if (strcmp(name, END_OF_FILE) == 0) {
        (void)refuse(section->line, "the file ends within a section: a } is missing");
        return;
    }
    for (const cfg_opt_t *option = section->opts; option->name != NULL; option++)
        if (strcmp(option->name, END_OF_FILE) != 0)
            names[count++] = option->name;
    meant = heed_suggest(name, names, count);
    if (meant >= 0)
        (void)refuse(section->line, "'%s' is not known here; did you mean '%s'? allowed are: %s",
                     name, names[meant], allowed);
    else
        (void)refuse(section->line, "'%s' is not known here; allowed are: %s", name, allowed);
}

/* libconfuse's own complaints, which it would print. */
static void G_GNUC_PRINTF(2, 0) on_error(cfg_t *section, const char *format, va_list arguments)
{
    static const char unknown[] = "no such option '";
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    size_t length = strlen(text);

    if (g_str_has_prefix(text, unknown) && text[length - 1] == '\'') {
        text[length - 1] = '\0';
        refuse_unknown(section, text + strlen(unknown));
    } else {
        (void)refuse(section->line, "%s", text);
    }
}

static int
line_of(const cfg_t *section, const char *name)
{
    const cfg_opt_t *option = NULL;
    gpointer line = NULL;

    for (const cfg_opt_t *each = section->opts; each->name != NULL; each++)
        if (strcmp(each->name, name) == 0)
            option = each;
    if (option != NULL)
        line = g_hash_table_lookup(reading.lines, option);
    return line != NULL ? GPOINTER_TO_INT(line) : section->line;
}

/*
 * libconfuse calls this for each value of a list and again at its end, and begins a list anew when
 * it is given again: then it is shorter than it was, or begins differently.
 */
static bool
continues_list(cfg_opt_t *option)
{
    unsigned size = cfg_opt_size(option);
    const char *first = size > 0 ? cfg_opt_getnstr(option, 0) : "";
    const char *began = g_hash_table_lookup(reading.lists, option);
    unsigned was = GPOINTER_TO_UINT(g_hash_table_lookup(reading.sizes, option));

    if (began != NULL && (size < was || strcmp(first, began) != 0))
        return false;
    g_hash_table_insert(reading.lists, option, g_strdup(first));
    g_hash_table_insert(reading.sizes, option, GUINT_TO_POINTER(size));
    return true;
}

/* Called whenever an option is set: a second setting would silently replace the first. */
static int
on_set(cfg_t *section, cfg_opt_t *option)
{
    gpointer earlier = g_hash_table_lookup(reading.lines, option);
    bool is_list = (option->flags & CFGF_LIST) != 0;

    if (is_list ? !continues_list(option) : earlier != NULL)
        return refuse(section->line, "'%s' was given in line %d already", option->name,
                      GPOINTER_TO_INT(earlier));
    if (earlier == NULL)
        g_hash_table_insert(reading.lines, option, GINT_TO_POINTER(MAX(section->line, 1)));
    return 0;
}

/* Numbers with their range. */
static int
on_number(cfg_t *section, cfg_opt_t *option, const char *value, void *result)
{
    static const struct {
        const char *name;
        long least;
        long most;
    } ranges[] = {{"raw-days", 0, 3650},
                  {"read-timeout", 1, 3600},
                  {"response-timeout", 1, 86400},
                  {"workers", 0, 256}};

    char *end = NULL;
    long number = strtol(value, &end, 10);

    for (size_t i = 0; i < G_N_ELEMENTS(ranges); i++) {
        if (strcmp(ranges[i].name, option->name) != 0)
            continue;
        if (end == value || *end != '\0' || number < ranges[i].least || number > ranges[i].most)
            return refuse(section->line, "%s = %s: allowed is a whole number from %ld to %ld",
                          option->name, value, ranges[i].least, ranges[i].most);
    }
    *(long *)result = number;
    return 0;
}

/* Where something that the file names is: relative to the file's folder, wherever we are started.
 */
static char *
resolve(const char *named)
{
    g_autofree char *folder = NULL;

    if (named == NULL || g_path_is_absolute(named))
        return g_strdup(named);
    folder = g_path_get_dirname(reading.path);
    return g_build_filename(folder, named, NULL);
}

static bool
is_word_of(const char *value, const char *one, const char *other)
{
    return strcmp(value, one) == 0 || (other != NULL && strcmp(value, other) == 0);
}

static bool
is_server(const HeedMailbox *mailbox)
{
    return mailbox->protocol == HEED_PROTOCOL_IMAP || mailbox->protocol == HEED_PROTOCOL_POP3;
}

static bool
has_secret(const HeedMailbox *mailbox)
{
    return mailbox->password_command != NULL || mailbox->password_file != NULL ||
           mailbox->token_command != NULL || mailbox->token_file != NULL;
}

/* What the message says behind "KEY: ", with which the room that looked at the value begins it. */
static const char *
without_key(const char *message, const char *key)
{
    size_t length = strlen(key);

    return strncmp(message, key, length) == 0 && strncmp(message + length, ": ", 2) == 0
               ? message + length + 2
               : message;
}

static int
read_url(cfg_t *section, HeedMailbox *mailbox)
{
    const char *url = cfg_getstr(section, "url");
    const char *tls = cfg_getstr(section, "tls");
    g_autoptr(GError) error = NULL;

    if (url == NULL)
        return refuse(section->line,
                      "mailbox '%s' has no url: imaps://USER@HOST/FOLDER, pop3s://USER@HOST, "
                      "imap+starttls:, pop3+starttls:, maildir:PATH or mbox:PATH",
                      mailbox->name);
    if (tls != NULL && strcmp(tls, "none") != 0)
        return refuse(line_of(section, "tls"),
                      "tls = \"%s\": the url says it (imaps:, imap+starttls:, pop3s:, "
                      "pop3+starttls:); allowed is \"none\", with imap: or pop3: only",
                      tls);
    if (tls != NULL)
        mailbox->tls = HEED_TLS_NONE;
    /* Only its scheme is repeated: a password in it may be what is wrong. */
    if (!heed_mailbox_set_url(mailbox, url, &error))
        return refuse(line_of(section, "url"), "url = \"%.*s…\": %s", (int)strcspn(url, ":/"), url,
                      without_key(error->message, "url"));
    if (mailbox->protocol == HEED_PROTOCOL_MAILDIR || mailbox->protocol == HEED_PROTOCOL_MBOX) {
        char *folder = resolve(mailbox->folder);

        g_free(mailbox->folder);
        mailbox->folder = folder;
    }
    return 0;
}

static const char *const action_keys[] = {"on-done", "on-unrecognised", "on-quarantine"};

static int
read_actions(cfg_t *section, HeedMailbox *mailbox)
{
    for (size_t i = 0; i < G_N_ELEMENTS(action_keys); i++) {
        const char *text = cfg_getstr(section, action_keys[i]);
        g_autoptr(GError) error = NULL;

        if (text != NULL && !heed_ack_action_parse(text, &mailbox->on_done[i], &error))
            return refuse(line_of(section, action_keys[i]), "%s: %s", action_keys[i],
                          without_key(error->message, action_keys[i]));
    }
    return 0;
}

/* What this protocol cannot do: named with its value and its line where it is one of the actions.
 */
static int
check_mailbox(cfg_t *section, const HeedMailbox *mailbox)
{
    g_autoptr(GError) error = NULL;

    if (heed_mailbox_check(mailbox, &error))
        return 0;
    for (size_t i = 0; i < G_N_ELEMENTS(action_keys); i++) {
        const char *rest = without_key(error->message, action_keys[i]);

        if (rest != error->message && cfg_getstr(section, action_keys[i]) != NULL)
            return refuse(line_of(section, action_keys[i]), "mailbox '%s': %s = \"%s\": %s",
                          mailbox->name, action_keys[i], cfg_getstr(section, action_keys[i]), rest);
    }
    return refuse(section->line, "mailbox '%s': %s", mailbox->name, error->message);
}

/* The end of a mailbox section. */
static int
on_mailbox(cfg_t *root, cfg_opt_t *option)
{
    cfg_t *section = cfg_opt_getnsec(option, cfg_opt_size(option) - 1);
    g_autoptr(HeedMailbox) mailbox = heed_mailbox_new(cfg_title(section));
    const char *trust = cfg_getstr(section, "trust");

    (void)root;
    if (*mailbox->name == '\0')
        return refuse(section->line, "a mailbox needs a name: mailbox \"fbl\" { … }");
    if (read_url(section, mailbox) != 0 || read_actions(section, mailbox) != 0)
        return -1;
    if (trust != NULL && !is_word_of(trust, "open", "closed"))
        return refuse(line_of(section, "trust"), "trust = \"%s\": allowed are open and closed",
                      trust);
    mailbox->closed = trust != NULL && strcmp(trust, "closed") == 0;
    mailbox->password_command = g_strdup(cfg_getstr(section, "password-command"));
    mailbox->password_file = resolve(cfg_getstr(section, "password-file"));
    mailbox->token_command = g_strdup(cfg_getstr(section, "token-command"));
    mailbox->token_file = resolve(cfg_getstr(section, "token-file"));
    mailbox->ca_file = resolve(cfg_getstr(section, "ca-file"));
    mailbox->stream = g_strdup(cfg_getstr(section, "stream"));
    mailbox->read_seconds = (unsigned)cfg_getint(section, "read-timeout");
    mailbox->response_seconds = (unsigned)cfg_getint(section, "response-timeout");
    if (mailbox->stream != NULL && *mailbox->stream == '\0')
        return refuse(line_of(section, "stream"), "stream is empty: leave it out, or name it");
    if (!is_server(mailbox) && has_secret(mailbox))
        return refuse(section->line, "mailbox '%s' is a file or folder and needs no password",
                      mailbox->name);
    if (check_mailbox(section, mailbox) != 0)
        return -1;
    g_ptr_array_add(reading.config->mailboxes, g_steal_pointer(&mailbox));
    return 0;
}

/* A domain in the normal form in which addresses are compared; NULL: it is none. */
static char *
normal_domain(const char *text)
{
    g_autofree char *address = g_strconcat("x@", text, NULL);
    g_autofree char *normal = heed_address_normalise(address, -1);

    return normal == NULL || strchr(text, '@') != NULL ? NULL
                                                       : g_strdup(heed_address_domain(normal));
}

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

/* The name of a header field (RFC 5322 2.2), in lower case. */
static char *
normal_header(const char *text)
{
    for (const char *c = text; *c != '\0'; c++)
        if (!g_ascii_isgraph(*c) || *c == ':')
            return NULL;
    return text[0] == '\0' ? NULL : g_ascii_strdown(text, -1);
}

typedef struct OwnList {
    const char *name;
    char *(*normalise)(const char *text);
    const char *allowed;
    size_t offset; /* in HeedConfig */
} OwnList;

static const OwnList own_lists[] = {
    {"domains", normal_domain, "a name: allowed are domains such as example.com",
     offsetof(HeedConfig, domains)},
    {"relays", normal_host, "a name: allowed are host names such as mx.example.com, and addresses",
     offsetof(HeedConfig, relays)},
    {"receivers", normal_host,
     "a name: allowed are host names such as mx.example.com, and addresses",
     offsetof(HeedConfig, receivers)},
    {"verp", normal_verp,
     "a pattern: allowed are addresses with {local}, then {domain}, and perhaps {any}, such as "
     "bounces+{local}={domain}@example.com",
     offsetof(HeedConfig, verp)},
    {"recipient-headers", normal_header, "the name of a header field, such as X-Recipient",
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
            return refuse(line_of(section, name), "%s: '%s' is not %s", name, text, own->allowed);
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
    HeedConfig *config = reading.config;

    if (on_set(root, option) != 0)
        return -1;
    for (size_t i = 0; i < G_N_ELEMENTS(own_lists); i++) {
        GPtrArray **list = (GPtrArray **)((char *)config + own_lists[i].offset);

        if (read_list(section, &own_lists[i], list) != 0)
            return -1;
    }
    config->token_key_file = resolve(cfg_getstr(section, "token-key-file"));
    return 0;
}

static int
on_retention(cfg_t *root, cfg_opt_t *option)
{
    cfg_t *section = cfg_opt_getnsec(option, 0);

    reading.config->raw_days = (unsigned)cfg_getint(section, "raw-days");
    return on_set(root, option);
}

static int
on_roles(cfg_t *root, cfg_opt_t *option)
{
    static const char *const names[] = {"owner", "ingest", "reader"};
    cfg_t *section = cfg_opt_getnsec(option, 0);

    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        const char *role = cfg_getstr(section, names[i]);

        if (role != NULL && (*role == '\0' || strlen(role) > 63))
            return refuse(line_of(section, names[i]),
                          "%s: a role's name has 1 to 63 bytes (PostgreSQL's NAMEDATALEN)",
                          names[i]);
    }
    reading.config->role_owner = g_strdup(cfg_getstr(section, "owner"));
    reading.config->role_ingest = g_strdup(cfg_getstr(section, "ingest"));
    reading.config->role_reader = g_strdup(cfg_getstr(section, "reader"));
    return on_set(root, option);
}

static cfg_opt_t mailbox_options[] = {
    CFG_STR("url", NULL, CFGF_NODEFAULT),
    CFG_STR("tls", NULL, CFGF_NODEFAULT),
    CFG_STR("password-command", NULL, CFGF_NODEFAULT),
    CFG_STR("password-file", NULL, CFGF_NODEFAULT),
    CFG_STR("token-command", NULL, CFGF_NODEFAULT),
    CFG_STR("token-file", NULL, CFGF_NODEFAULT),
    CFG_STR("ca-file", NULL, CFGF_NODEFAULT),
    CFG_STR("on-done", NULL, CFGF_NODEFAULT),
    CFG_STR("on-unrecognised", NULL, CFGF_NODEFAULT),
    CFG_STR("on-quarantine", NULL, CFGF_NODEFAULT),
    CFG_STR("stream", NULL, CFGF_NODEFAULT),
    CFG_STR("trust", NULL, CFGF_NODEFAULT),
    CFG_INT_CB("read-timeout", 0, CFGF_NONE, on_number),
    CFG_INT_CB("response-timeout", 0, CFGF_NONE, on_number),
    CFG_END(),
};

static cfg_opt_t own_options[] = {
    CFG_STR_LIST("domains", NULL, CFGF_NODEFAULT),
    CFG_STR_LIST("relays", NULL, CFGF_NODEFAULT),
    CFG_STR_LIST("receivers", NULL, CFGF_NODEFAULT),
    CFG_STR_LIST("verp", NULL, CFGF_NODEFAULT),
    CFG_STR_LIST("recipient-headers", NULL, CFGF_NODEFAULT),
    CFG_STR("token-key-file", NULL, CFGF_NODEFAULT),
    CFG_END(),
};

static cfg_opt_t retention_options[] = {
    CFG_INT_CB("raw-days", HEED_CONFIG_RAW_DAYS, CFGF_NONE, on_number),
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
    CFG_INT_CB("workers", 0, CFGF_NONE, on_number),
    CFG_STR_LIST("rules", NULL, CFGF_NODEFAULT),
    CFG_SEC("mailbox", mailbox_options, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES),
    CFG_SEC("own", own_options, CFGF_NODEFAULT),
    CFG_SEC("retention", retention_options, CFGF_NODEFAULT),
    CFG_SEC("roles", role_options, CFGF_NODEFAULT),
    CFG_BOOL(END_OF_FILE, cfg_false, CFGF_NONE),
    CFG_END(),
};

static void
watch_options(cfg_t *root, const char *section, const cfg_opt_t *members)
{
    for (; members->name != NULL; members++) {
        g_autofree char *path = section == NULL ? g_strdup(members->name)
                                                : g_strdup_printf("%s|%s", section, members->name);

        (void)cfg_set_validate_func(root, path, on_set);
    }
}

static void
watch(cfg_t *root)
{
    watch_options(root, NULL, options);
    watch_options(root, "mailbox", mailbox_options);
    watch_options(root, "own", own_options);
    watch_options(root, "retention", retention_options);
    watch_options(root, "roles", role_options);
    (void)cfg_set_validate_func(root, "mailbox", on_mailbox);
    (void)cfg_set_validate_func(root, "own", on_own);
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
        g_autofree char *path = resolve(cfg_getnstr(root, "rules", i));

        g_ptr_array_add(config->rules, g_canonicalize_filename(path, NULL));
    }
    g_ptr_array_add(config->rules, NULL);
}

HeedConfig *
heed_config_parse(const char *text, const char *path, GError **error)
{
    g_autofree char *whole = g_strconcat(text, "\n" END_OF_FILE " = true\n", NULL);
    g_autoptr(HeedConfig) config = heed_config_new();
    g_autoptr(GHashTable) lines = g_hash_table_new(NULL, NULL);
    g_autoptr(GHashTable) lists = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    g_autoptr(GHashTable) sizes = g_hash_table_new(NULL, NULL);
    cfg_t *root = cfg_init(options, CFGF_NONE);

    reading =
        (Reading){.config = config, .path = path, .lines = lines, .lists = lists, .sizes = sizes};
    (void)cfg_set_error_function(root, on_error);
    watch(root);
    if (cfg_parse_buf(root, whole) != CFG_SUCCESS && reading.error == NULL)
        (void)refuse(root->line, "cannot be read");
    if (reading.error == NULL && !cfg_getbool(root, END_OF_FILE))
        (void)refuse(root->line,
                     "the file ends within a comment or a text: a */ or a quote is missing");
    config->path = g_strdup(path);
    config->database = g_strdup(cfg_getstr(root, "database"));
    config->workers = (unsigned)cfg_getint(root, "workers");
    read_rules(root, config);
    if (reading.error == NULL && config->database != NULL &&
        !heed_database_is_conninfo(config->database))
        (void)refuse(line_of(root, "database"),
                     "database: is not a connection string: postgresql://USER@HOST:PORT/NAME or "
                     "KEYWORD=VALUE …; without it, Heed runs a database of its own");
    (void)cfg_free(root);
    if (reading.error != NULL) {
        g_propagate_error(error, g_steal_pointer(&reading.error));
        return NULL;
    }
    return g_steal_pointer(&config);
}
