/* SPDX-License-Identifier: Apache-2.0 */
/* log "NAME" { … } of the configuration. */
#include "cli/config_read.h"

#include <string.h>

/* The name stands in an index. */
#define LONGEST_NAME_BYTES 255U

void
heed_log_section_free(HeedLogSection *section)
{
    if (section == NULL)
        return;
    g_free(section->name);
    g_free(section->path);
    g_free(section->stream);
    g_free(section->zone);
    g_free(section);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(HeedLogSection, heed_log_section_free)

bool
heed_config_is_zone(const char *zone)
{
    g_autoptr(GTimeZone) found = *zone == '\0' ? NULL : g_time_zone_new_identifier(zone);

    return found != NULL;
}

char *
heed_config_local_zone(void)
{
    g_autoptr(GTimeZone) local = g_time_zone_new_local();

    return g_strdup(g_time_zone_get_identifier(local));
}

/* All formats that there are, for people. Caller frees. */
static char *
format_names(void)
{
    g_autoptr(GString) names = g_string_new(NULL);
    const char *name;

    for (int i = 0; (name = heed_log_format_name((HeedLogFormat)i)) != NULL; i++)
        g_string_append_printf(names, "%s%s", i > 0 ? ", " : "", name);
    return g_strdup(names->str);
}

static int
read_format(cfg_t *section, HeedLogSection *log)
{
    const char *format = cfg_getstr(section, "format");
    g_autofree char *allowed = format_names();

    if (format == NULL)
        return heed_config_refuse(section->line, "log '%s' has no format: allowed are %s",
                                  log->name, allowed);
    if (!heed_log_format_from_name(format, &log->format))
        return heed_config_refuse(heed_config_line_of(section, "format"),
                                  "format = \"%s\": allowed are %s", format, allowed);
    return 0;
}

static int
read_zone(cfg_t *section, HeedLogSection *log)
{
    const char *zone = cfg_getstr(section, "timezone");

    if (zone != NULL && !heed_config_is_zone(zone))
        return heed_config_refuse(heed_config_line_of(section, "timezone"),
                                  "timezone = \"%s\": allowed are names such as Europe/Berlin, "
                                  "UTC, and offsets such as +02:00",
                                  zone);
    log->zone = zone != NULL ? g_strdup(zone) : heed_config_local_zone();
    return 0;
}

static int
read_deliveries(cfg_t *section, HeedLogSection *log)
{
    const char *deliveries = cfg_getstr(section, "deliveries");

    if (deliveries != NULL && strcmp(deliveries, "counts") != 0 &&
        strcmp(deliveries, "addresses") != 0)
        return heed_config_refuse(heed_config_line_of(section, "deliveries"),
                                  "deliveries = \"%s\": allowed are counts and addresses",
                                  deliveries);
    log->deliveries = deliveries != NULL && strcmp(deliveries, "addresses") == 0;
    return 0;
}

/* The end of a log section. */
int
heed_config_on_log(cfg_t *root, cfg_opt_t *option)
{
    cfg_t *section = cfg_opt_getnsec(option, cfg_opt_size(option) - 1);
    g_autoptr(HeedLogSection) log = g_new0(HeedLogSection, 1);

    (void)root;
    log->name = g_strdup(cfg_title(section));
    log->path = heed_config_resolve(cfg_getstr(section, "path"));
    log->stream = g_strdup(cfg_getstr(section, "stream"));
    if (*log->name == '\0' || strlen(log->name) > LONGEST_NAME_BYTES)
        return heed_config_refuse(section->line,
                                  "a log's name has 1 to %u bytes: log \"postfix\" { … }",
                                  LONGEST_NAME_BYTES);
    if (log->path == NULL || *log->path == '\0')
        return heed_config_refuse(section->line,
                                  "log '%s' has no path: path = \"/var/log/mail.log\"", log->name);
    if (log->stream != NULL && !heed_config_is_stream(log->stream))
        return heed_config_refuse(heed_config_line_of(section, "stream"),
                                  "stream is empty or longer than 255 bytes: leave it out, or "
                                  "name it");
    if (read_format(section, log) != 0 || read_zone(section, log) != 0 ||
        read_deliveries(section, log) != 0)
        return -1;
    g_ptr_array_add(heed_config_being_read()->logs, g_steal_pointer(&log));
    return 0;
}

cfg_opt_t heed_config_log_options[] = {
    CFG_STR("path", NULL, CFGF_NODEFAULT),       CFG_STR("format", NULL, CFGF_NODEFAULT),
    CFG_STR("stream", NULL, CFGF_NODEFAULT),     CFG_STR("timezone", NULL, CFGF_NODEFAULT),
    CFG_STR("deliveries", NULL, CFGF_NODEFAULT), CFG_END(),
};
