/* SPDX-License-Identifier: Apache-2.0 */
/* stream "NAME" { … } of the configuration. */
#include "cli/config_policy.h"
#include "ingest/streams.h"
#include "parsers/report.h"

#include <string.h>

/* A stream is part of an index, and shown in tables. */
#define LONGEST_NAME_BYTES 255U

cfg_opt_t heed_config_stream_options[] = {
    CFG_STR_LIST("mailbox", NULL, CFGF_NODEFAULT),
    CFG_STR_LIST("list-id", NULL, CFGF_NODEFAULT),
    CFG_STR_LIST("feedback-id", NULL, CFGF_NODEFAULT),
    CFG_STR_LIST("sender-domain", NULL, CFGF_NODEFAULT),
    CFG_STR_LIST("header", NULL, CFGF_NODEFAULT),
    CFG_STR_LIST("exempt", NULL, CFGF_NODEFAULT),
    CFG_END(),
};

bool
heed_config_is_stream(const char *name)
{
    return *name != '\0' && strlen(name) <= LONGEST_NAME_BYTES;
}

static bool
is_mailbox(const HeedConfig *config, const char *name)
{
    for (guint i = 0; i < config->mailboxes->len; i++) {
        const HeedMailbox *mailbox = config->mailboxes->pdata[i];

        if (strcmp(mailbox->name, name) == 0)
            return true;
    }
    return false;
}

/* "X-Campaign: promo*" into its two parts; NULL: it is no such thing. */
static char *
split_header(const char *text, const char **out_pattern)
{
    const char *colon = strchr(text, ':');
    g_autofree char *name = colon == NULL ? NULL : g_strndup(text, (gsize)(colon - text));
    char *normal = name == NULL ? NULL : heed_config_header(name);

    if (normal == NULL)
        return NULL;
    *out_pattern = colon + 1 + strspn(colon + 1, " \t");
    return normal;
}

/* Asks the parser for a field, once. */
static void
want_header(HeedConfig *config, const char *name)
{
    if (config->original_headers == NULL)
        config->original_headers = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < config->original_headers->len; i++)
        if (strcmp(config->original_headers->pdata[i], name) == 0)
            return;
    g_ptr_array_add(config->original_headers, g_strdup(name));
}

/* What is wrong with a value of an option. */
static int
refuse_value(const cfg_t *section, const char *option, const char *value, const char *allowed)
{
    return heed_config_refuse(heed_config_line_of(section, option), "stream '%s': %s = \"%s\": %s",
                              cfg_title((cfg_t *)(uintptr_t)section), option, value, allowed);
}

static int
read_match(cfg_t *section, HeedStreamBy by, const char *option, const char *value)
{
    HeedConfig *config = heed_config_being_read();
    g_autofree char *domain = NULL;
    g_autofree char *name = NULL;
    const char *pattern = value;

    if (by == HEED_STREAM_BY_MAILBOX && !is_mailbox(config, value))
        return refuse_value(section, option, value, "there is no mailbox section of this name");
    if (by == HEED_STREAM_BY_SENDER_DOMAIN) {
        pattern = domain = heed_config_domain(value);
        if (domain == NULL)
            return refuse_value(section, option, value,
                                "allowed are domains such as news.example.com");
    }
    if (by == HEED_STREAM_BY_HEADER) {
        name = split_header(value, &pattern);
        if (name == NULL)
            return refuse_value(section, option, value,
                                "allowed is a field's name and its value, such as "
                                "\"X-Campaign: promo*\"");
        want_header(config, name);
    }
    if (*pattern == '\0')
        return refuse_value(section, option, value,
                            "is empty: allowed is a value, in which * stands for anything");
    g_ptr_array_add(config->streams, heed_stream_match_new(by, cfg_title(section), name, pattern));
    return 0;
}

static int
read_exempt(cfg_t *section)
{
    bool complaint = false;
    bool unsubscribe = false;

    for (unsigned i = 0; i < cfg_size(section, "exempt"); i++) {
        const char *word = cfg_getnstr(section, "exempt", i);

        complaint |= strcmp(word, "complaint") == 0;
        unsubscribe |= strcmp(word, "unsubscribe") == 0;
        if (strcmp(word, "complaint") != 0 && strcmp(word, "unsubscribe") != 0)
            return refuse_value(section, "exempt", word,
                                "allowed are complaint and unsubscribe: no stream can be exempt "
                                "from an address that does not work");
    }
    if (complaint || unsubscribe)
        heed_policy_exempt(heed_config_being_read()->policy, cfg_title(section), complaint,
                           unsubscribe);
    return 0;
}

static int
read_stream(cfg_t *section)
{
    static const struct {
        const char *option;
        HeedStreamBy by;
    } options[] = {{"mailbox", HEED_STREAM_BY_MAILBOX},
                   {"list-id", HEED_STREAM_BY_LIST_ID},
                   {"feedback-id", HEED_STREAM_BY_FEEDBACK_ID},
                   {"sender-domain", HEED_STREAM_BY_SENDER_DOMAIN},
                   {"header", HEED_STREAM_BY_HEADER}};

    unsigned values = cfg_size(section, "exempt");

    if (!heed_config_is_stream(cfg_title(section)))
        return heed_config_refuse(section->line,
                                  "a stream's name has 1 to %u bytes: stream \"receipts\" { … }",
                                  LONGEST_NAME_BYTES);
    for (size_t i = 0; i < G_N_ELEMENTS(options); i++) {
        unsigned count = cfg_size(section, options[i].option);

        values += count;
        for (unsigned j = 0; j < count; j++)
            if (read_match(section, options[i].by, options[i].option,
                           cfg_getnstr(section, options[i].option, j)) != 0)
                return -1;
    }
    if (values == 0)
        return heed_config_refuse(section->line,
                                  "stream '%s' says nothing: allowed are mailbox, list-id, "
                                  "feedback-id, sender-domain, header and exempt",
                                  cfg_title(section));
    return read_exempt(section);
}

void
heed_config_read_streams(cfg_t *root)
{
    HeedConfig *config = heed_config_being_read();

    for (unsigned i = 0; i < cfg_size(root, "stream"); i++)
        if (read_stream(cfg_getnsec(root, "stream", i)) != 0)
            return;
    if (config->original_headers == NULL)
        return;
    if (config->original_headers->len > HEED_ORIGINAL_HEADERS_MOST)
        (void)heed_config_refuse(root->line, "the streams look at more than %u header fields",
                                 HEED_ORIGINAL_HEADERS_MOST);
    g_ptr_array_add(config->original_headers, NULL);
}
