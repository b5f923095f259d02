/* SPDX-License-Identifier: Apache-2.0 */
/* policy { … } of the configuration, without its rules. */
#include "cli/config_policy.h"

#include "parsers/address.h"

#include <string.h>

cfg_opt_t heed_config_policy_options[] = {
    CFG_INT_CB("plausible-messages", 0, CFGF_NONE, heed_config_on_number),
    CFG_INT_CB("plausible-apart-hours", 0, CFGF_NONE, heed_config_on_number),
    CFG_STR("authenticated", NULL, CFGF_NODEFAULT),
    CFG_BOOL("closed-complaints", cfg_true, CFGF_NONE),
    CFG_INT_CB("hold-hours", 0, CFGF_NONE, heed_config_on_number),
    CFG_STR_LIST("protect", NULL, CFGF_NODEFAULT),
    CFG_SEC("rule", heed_config_rule_options, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES),
    CFG_END(),
};

/* Sections that are read when all of the file is known. */
static int
on_section(cfg_t *parent, cfg_opt_t *option)
{
    (void)parent;
    (void)option;
    return 0;
}

void
heed_config_watch_policy(cfg_t *root)
{
    heed_config_watch(root, "policy", heed_config_policy_options);
    heed_config_watch(root, "policy|rule", heed_config_rule_options);
    heed_config_watch(root, "stream", heed_config_stream_options);
    (void)cfg_set_validate_func(root, "policy|rule", on_section);
    (void)cfg_set_validate_func(root, "stream", on_section);
}

static void
read_number(const cfg_t *section, const char *name, unsigned *out)
{
    if (heed_config_is_set(section, name))
        *out = (unsigned)cfg_getint((cfg_t *)(uintptr_t)section, name);
}

static int
read_protected(cfg_t *section, HeedPolicy *policy)
{
    for (unsigned i = 0; i < cfg_size(section, "protect"); i++) {
        const char *text = cfg_getnstr(section, "protect", i);
        g_autofree char *name =
            strchr(text, '@') != NULL ? heed_address_normalise(text, -1) : heed_config_domain(text);

        if (name == NULL)
            return heed_config_refuse(heed_config_line_of(section, "protect"),
                                      "protect: '%s' is neither: allowed are addresses such as "
                                      "ceo@example.com and domains such as example.com",
                                      text);
        heed_policy_protect(policy, name);
    }
    return 0;
}

static int
read_settings(cfg_t *section, HeedPolicy *policy)
{
    const char *authenticated = cfg_getstr(section, "authenticated");

    read_number(section, "plausible-messages", &policy->plausible_messages);
    read_number(section, "plausible-apart-hours", &policy->plausible_apart_hours);
    read_number(section, "hold-hours", &policy->hold_hours);
    policy->closed_complaints = cfg_getbool(section, "closed-complaints");
    if (authenticated != NULL && strcmp(authenticated, "believe") != 0 &&
        strcmp(authenticated, "count") != 0)
        return heed_config_refuse(heed_config_line_of(section, "authenticated"),
                                  "authenticated = \"%s\": allowed are believe and count",
                                  authenticated);
    policy->believe_authenticated = authenticated == NULL || strcmp(authenticated, "believe") == 0;
    if (policy->plausible_messages == 1 && heed_config_is_set(section, "plausible-apart-hours"))
        return heed_config_refuse(heed_config_line_of(section, "plausible-apart-hours"),
                                  "plausible-apart-hours says nothing where plausible-messages "
                                  "is 1: there is no other to be apart from");
    return read_protected(section, policy);
}

void
heed_config_read_policy(cfg_t *root)
{
    HeedConfig *config = heed_config_being_read();
    cfg_t *section = cfg_size(root, "policy") > 0 ? cfg_getsec(root, "policy") : NULL;

    if (section != NULL && (read_settings(section, config->policy) != 0 ||
                            heed_config_read_rules(section, config->policy) != 0))
        return;
    for (guint i = 0; config->domains != NULL && config->domains->pdata[i] != NULL; i++)
        heed_policy_protect(config->policy, config->domains->pdata[i]);
}
