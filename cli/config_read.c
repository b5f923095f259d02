/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/config_read.h"

#include "base/error.h"
#include "cli/command.h"
#include "parsers/address.h"

#include <stdarg.h>
#include <string.h>

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

int
heed_config_refuse(int line, const char *format, ...)
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
        if (strcmp(option->name, HEED_CONFIG_END) != 0)
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

    if (strcmp(name, HEED_CONFIG_END) == 0) {
        (void)heed_config_refuse(section->line, "the file ends within a section: a } is missing");
        return;
    }
    for (const cfg_opt_t *option = section->opts; option->name != NULL; option++)
        if (strcmp(option->name, HEED_CONFIG_END) != 0)
            names[count++] = option->name;
    meant = heed_suggest(name, names, count);
    if (meant >= 0)
        (void)heed_config_refuse(section->line,
                                 "'%s' is not known here; did you mean '%s'? allowed are: %s", name,
                                 names[meant], allowed);
    else
        (void)heed_config_refuse(section->line, "'%s' is not known here; allowed are: %s", name,
                                 allowed);
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
        (void)heed_config_refuse(section->line, "%s", text);
    }
}

static const cfg_opt_t *
find_option(const cfg_t *section, const char *name)
{
    for (const cfg_opt_t *each = section->opts; each->name != NULL; each++)
        if (strcmp(each->name, name) == 0)
            return each;
    return NULL;
}

/* 0: it was not set, or to an empty list. */
static int
option_line(const cfg_t *section, const char *name)
{
    const cfg_opt_t *option = find_option(section, name);

    return option == NULL ? 0 : GPOINTER_TO_INT(g_hash_table_lookup(reading.lines, option));
}

/* "{}" calls no validator: all it leaves is a list without a default that waits to be emptied. */
static bool
is_emptied(const cfg_opt_t *option)
{
    return (option->flags & CFGF_LIST) != 0 && (option->flags & CFGF_NODEFAULT) != 0 &&
           (option->flags & CFGF_RESET) != 0;
}

int
heed_config_line_of(const cfg_t *section, const char *name)
{
    int line = option_line(section, name);

    return line != 0 ? line : section->line;
}

/* As text, whatever the list is of. */
static char *
first_value(cfg_opt_t *option)
{
    if (cfg_opt_size(option) == 0)
        return g_strdup("");
    return option->type == CFGT_INT ? g_strdup_printf("%ld", cfg_opt_getnint(option, 0))
                                    : g_strdup(cfg_opt_getnstr(option, 0));
}

/* Of a list's size: its end was met. */
#define ENDED 0x80000000U

/*
 * libconfuse calls this for each value of a list and again at its end, where it is no longer than
 * before; and begins a list anew when it is given again: behind its end, or shorter, or with
 * another first value.
 */
static bool
continues_list(cfg_opt_t *option)
{
    unsigned size = cfg_opt_size(option);
    g_autofree char *first = first_value(option);
    const char *began = g_hash_table_lookup(reading.lists, option);
    unsigned was = GPOINTER_TO_UINT(g_hash_table_lookup(reading.sizes, option));

    if (began != NULL && ((was & ENDED) != 0 || size < was || strcmp(first, began) != 0))
        return false;
    g_hash_table_insert(reading.lists, option, g_steal_pointer(&first));
    g_hash_table_insert(reading.sizes, option, GUINT_TO_POINTER(size == was ? size | ENDED : size));
    return true;
}

/* Called whenever an option is set: a second setting would silently replace the first. */
int
heed_config_on_set(cfg_t *section, cfg_opt_t *option)
{
    gpointer earlier = g_hash_table_lookup(reading.lines, option);
    bool is_list = (option->flags & CFGF_LIST) != 0;

    if (is_list ? !continues_list(option) : earlier != NULL)
        return heed_config_refuse(section->line, "'%s' was given in line %d already", option->name,
                                  GPOINTER_TO_INT(earlier));
    if (earlier == NULL)
        g_hash_table_insert(reading.lines, option, GINT_TO_POINTER(MAX(section->line, 1)));
    return 0;
}

/* Numbers with their range. */
int
heed_config_on_number(cfg_t *section, cfg_opt_t *option, const char *value, void *result)
{
    static const struct {
        const char *name;
        long least;
        long most;
    } ranges[] = {{"raw-days", 0, 3650},
                  {"event-days", 0, 3650},
                  {"count-days", 0, 3650},
                  {"plausible-messages", 1, HEED_POLICY_MOST_FAILURES},
                  {"plausible-apart-hours", 0, HEED_POLICY_MOST_HOURS},
                  {"hold-hours", 1, HEED_POLICY_MOST_HOURS},
                  {"addresses", 10, 1000000},
                  {"times", 2, 1000},
                  {"failures", 2, HEED_POLICY_MOST_FAILURES},
                  {"apart-hours", 0, HEED_POLICY_MOST_HOURS},
                  {"within-days", 0, HEED_POLICY_MOST_DAYS},
                  {"pause-days", 1, HEED_POLICY_MOST_DAYS},
                  {"lasts-days", 0, HEED_POLICY_MOST_DAYS},
                  {"read-timeout", 1, 3600},
                  {"response-timeout", 1, 86400},
                  {"workers", 0, 256}};

    char *end = NULL;
    long number = strtol(value, &end, 10);

    for (size_t i = 0; i < G_N_ELEMENTS(ranges); i++) {
        if (strcmp(ranges[i].name, option->name) != 0)
            continue;
        if (end == value || *end != '\0' || number < ranges[i].least || number > ranges[i].most)
            return heed_config_refuse(section->line,
                                      "%s = %s: allowed is a whole number from %ld to %ld",
                                      option->name, value, ranges[i].least, ranges[i].most);
    }
    *(long *)result = number;
    return 0;
}

/* Where something that the file names is: relative to the file's folder, wherever we are started.
 */
char *
heed_config_resolve(const char *named)
{
    g_autofree char *folder = NULL;

    if (named == NULL || g_path_is_absolute(named))
        return g_strdup(named);
    folder = g_path_get_dirname(reading.path);
    return g_build_filename(folder, named, NULL);
}

char *
heed_config_domain(const char *text)
{
    g_autofree char *address = g_strconcat("x@", text, NULL);
    g_autofree char *normal = heed_address_normalise(address, -1);

    return normal == NULL || strchr(text, '@') != NULL ? NULL
                                                       : g_strdup(heed_address_domain(normal));
}

char *
heed_config_header(const char *text)
{
    for (const char *c = text; *c != '\0'; c++)
        if (!g_ascii_isgraph(*c) || *c == ':')
            return NULL;
    return text[0] == '\0' ? NULL : g_ascii_strdown(text, -1);
}

HeedConfig *
heed_config_being_read(void)
{
    return reading.config;
}

bool
heed_config_is_set(const cfg_t *section, const char *name)
{
    const cfg_opt_t *option = find_option(section, name);

    return option_line(section, name) != 0 || (option != NULL && is_emptied(option));
}

void
heed_config_watch(cfg_t *root, const char *section, const cfg_opt_t *options)
{
    for (; options->name != NULL; options++) {
        g_autofree char *path = section == NULL ? g_strdup(options->name)
                                                : g_strdup_printf("%s|%s", section, options->name);

        (void)cfg_set_validate_func(root, path, heed_config_on_set);
    }
}

void
heed_config_read_begin(HeedConfig *config, const char *path)
{
    reading = (Reading){.config = config,
                        .path = path,
                        .lines = g_hash_table_new(NULL, NULL),
                        .lists = g_hash_table_new_full(NULL, NULL, NULL, g_free),
                        .sizes = g_hash_table_new(NULL, NULL)};
}

void
heed_config_read_text(cfg_t *root, const char *text)
{
    const char *begin = g_str_has_prefix(text, "\xef\xbb\xbf") ? text + 3 : text;
    g_autofree char *whole = g_strconcat(begin, "\n" HEED_CONFIG_END " = true\n", NULL);

    (void)cfg_set_error_function(root, on_error);
    if (cfg_parse_buf(root, whole) != CFG_SUCCESS && reading.error == NULL)
        (void)heed_config_refuse(root->line, "cannot be read");
    if (reading.error == NULL && !cfg_getbool(root, HEED_CONFIG_END))
        (void)heed_config_refuse(
            root->line, "the file ends within a comment or a text: a */ or a quote is missing");
}

bool
heed_config_read_failed(void)
{
    return reading.error != NULL;
}

bool
heed_config_read_end(GError **error)
{
    bool is_read = reading.error == NULL;

    if (!is_read)
        g_propagate_error(error, g_steal_pointer(&reading.error));
    g_hash_table_unref(reading.lines);
    g_hash_table_unref(reading.lists);
    g_hash_table_unref(reading.sizes);
    reading = (Reading){0};
    return is_read;
}
