/* SPDX-License-Identifier: Apache-2.0 */
/* policy { rule "TITLE" { … } } of the configuration. */
#include "cli/config_policy.h"

#include "cli/command.h"
#include "parsers/report.h"

#include <string.h>

cfg_opt_t heed_config_rule_options[] = {
    CFG_STR("action", NULL, CFGF_NODEFAULT),
    CFG_INT_CB("failures", 0, CFGF_NONE, heed_config_on_number),
    CFG_INT_CB("apart-hours", 0, CFGF_NONE, heed_config_on_number),
    CFG_INT_CB("within-days", 0, CFGF_NONE, heed_config_on_number),
    CFG_BOOL("distinct", cfg_false, CFGF_NONE),
    CFG_INT_CB("pause-days", 0, CFGF_NONE, heed_config_on_number),
    CFG_INT_LIST_CB("lasts-days", NULL, CFGF_NODEFAULT, heed_config_on_number),
    CFG_STR("scope", NULL, CFGF_NODEFAULT),
    CFG_BOOL("cleared-by-delivery", cfg_false, CFGF_NONE),
    CFG_STR("plausible", NULL, CFGF_NODEFAULT),
    CFG_END(),
};

/* The classes that have the verdicts which may suppress (docs/rules.md). */
static const struct {
    HeedVerdict verdict;
    HeedClass class_;
    bool alone; /* the class alone says which verdict is meant */
} pairs[] = {
    {HEED_VERDICT_HARD, HEED_CLASS_BAD_MAILBOX, false},
    {HEED_VERDICT_HARD, HEED_CLASS_BAD_DOMAIN, true},
    {HEED_VERDICT_HARD, HEED_CLASS_MOVED, false},
    {HEED_VERDICT_SOFT, HEED_CLASS_BAD_MAILBOX, false},
    {HEED_VERDICT_SOFT, HEED_CLASS_BAD_DOMAIN, false},
    {HEED_VERDICT_SOFT, HEED_CLASS_MOVED, false},
    {HEED_VERDICT_SOFT, HEED_CLASS_INACTIVE_MAILBOX, true},
    {HEED_VERDICT_SOFT, HEED_CLASS_MAILBOX_FULL, true},
    {HEED_VERDICT_SOFT, HEED_CLASS_RESTRICTED, true},
    {HEED_VERDICT_SOFT, HEED_CLASS_RELAY_DENIED, true},
    {HEED_VERDICT_SOFT, HEED_CLASS_UNKNOWN, true},
    {HEED_VERDICT_COMPLAINT, HEED_CLASS_ABUSE, true},
    {HEED_VERDICT_COMPLAINT, HEED_CLASS_FRAUD, true},
    {HEED_VERDICT_COMPLAINT, HEED_CLASS_OTHER, true},
};

static const HeedVerdict verdicts[] = {HEED_VERDICT_HARD, HEED_VERDICT_SOFT, HEED_VERDICT_COMPLAINT,
                                       HEED_VERDICT_UNSUBSCRIBE};

/* One section while it is read. */
typedef struct Rule {
    cfg_t *section;
    HeedPolicyLine line;
    bool begins_with_pause; /* the first of its durations is one */
} Rule;

/* What may be a title, one to a pair; ended by NULL. */
static GPtrArray *
titles(void)
{
    GPtrArray *all = g_ptr_array_new_with_free_func(g_free);

    for (size_t i = 0; i < G_N_ELEMENTS(verdicts); i++)
        g_ptr_array_add(all, g_strdup(heed_verdict_name(verdicts[i])));
    for (size_t i = 0; i < G_N_ELEMENTS(pairs); i++)
        g_ptr_array_add(all, pairs[i].alone ? g_strdup(heed_class_name(pairs[i].class_))
                                            : g_strconcat(heed_verdict_name(pairs[i].verdict), "/",
                                                          heed_class_name(pairs[i].class_), NULL));
    g_ptr_array_add(all, NULL);
    return all;
}

static int
refuse_title(const Rule *rule, const char *title)
{
    g_autoptr(GPtrArray) all = titles();
    g_autofree char *allowed = g_strjoinv(", ", (char **)all->pdata);
    int meant = heed_suggest(title, (const char *const *)all->pdata, all->len - 1);
    HeedVerdict verdict;
    HeedClass class_;

    if (heed_verdict_from_name(title, &verdict) ||
        (heed_class_from_name(title, &class_) && meant < 0))
        return heed_config_refuse(rule->section->line,
                                  "rule \"%s\": never suppresses: it says nothing lasting about "
                                  "the address, or is about the sender; allowed are: %s",
                                  title, allowed);
    if (meant >= 0)
        return heed_config_refuse(rule->section->line,
                                  "rule \"%s\" is not known; did you mean \"%s\"? allowed are: %s",
                                  title, (const char *)all->pdata[meant], allowed);
    return heed_config_refuse(rule->section->line, "rule \"%s\" is not known; allowed are: %s",
                              title, allowed);
}

/* Whose failures the section is about, from its title. */
static int
read_title(Rule *rule)
{
    const char *title = cfg_title(rule->section);
    const char *slash = strchr(title, '/');
    g_autofree char *first = slash == NULL ? NULL : g_strndup(title, (gsize)(slash - title));

    for (size_t i = 0; i < G_N_ELEMENTS(verdicts); i++) {
        if (strcmp(title, heed_verdict_name(verdicts[i])) == 0) {
            rule->line.verdict = verdicts[i];
            rule->line.class_ = HEED_CLASS_NONE;
            return 0;
        }
    }
    for (size_t i = 0; i < G_N_ELEMENTS(pairs); i++) {
        const char *class_ = heed_class_name(pairs[i].class_);

        if (slash == NULL ? pairs[i].alone && strcmp(title, class_) == 0
                          : strcmp(first, heed_verdict_name(pairs[i].verdict)) == 0 &&
                                strcmp(slash + 1, class_) == 0) {
            rule->line.verdict = pairs[i].verdict;
            rule->line.class_ = pairs[i].class_;
            return 0;
        }
        if (slash == NULL && strcmp(title, class_) == 0)
            return heed_config_refuse(rule->section->line,
                                      "rule \"%s\": is of two verdicts: allowed are hard/%s and "
                                      "soft/%s",
                                      title, class_, class_);
    }
    return refuse_title(rule, title);
}

/* The index of an option's word; the index `otherwise` where it is not given; -1: refused. */
static int
read_word(const Rule *rule, const char *option, const char *const *words, int otherwise)
{
    const char *word = cfg_getstr(rule->section, option);
    g_autofree char *allowed = NULL;

    if (word == NULL)
        return otherwise;
    for (int i = 0; words[i] != NULL; i++)
        if (strcmp(word, words[i]) == 0)
            return i;
    allowed = g_strjoinv(", ", (char **)(uintptr_t)words);
    return heed_config_refuse(heed_config_line_of(rule->section, option),
                              "%s = \"%s\": allowed are %s", option, word, allowed);
}

static void
read_number(const Rule *rule, const char *option, unsigned *out)
{
    if (heed_config_is_set(rule->section, option))
        *out = (unsigned)cfg_getint(rule->section, option);
}

static void
read_bool(const Rule *rule, const char *option, bool *out)
{
    if (heed_config_is_set(rule->section, option))
        *out = cfg_getbool(rule->section, option);
}

/* Refuses the first of the options that is set. */
static int
refuse_set(const Rule *rule, const char *const *options, const char *why)
{
    for (; *options != NULL; options++)
        if (heed_config_is_set(rule->section, *options))
            return heed_config_refuse(heed_config_line_of(rule->section, *options),
                                      "rule \"%s\": %s says nothing %s", cfg_title(rule->section),
                                      *options, why);
    return 0;
}

static int
read_words(Rule *rule)
{
    static const char *const actions[] = {"suppress", "count", "ignore", NULL};
    static const char *const scopes[] = {"stream", "everywhere", NULL};
    static const char *const plausibles[] = {"ignore", "count", NULL};
    int action = read_word(rule, "action", actions, (int)rule->line.action);
    int scope = read_word(rule, "scope", scopes, rule->line.everywhere ? 1 : 0);
    int plausible = read_word(rule, "plausible", plausibles, rule->line.plausible ? 1 : 0);

    if (action < 0 || scope < 0 || plausible < 0)
        return -1;
    rule->line.action = (HeedPolicyAction)action;
    rule->line.everywhere = scope == 1;
    rule->line.plausible = plausible == 1;
    return 0;
}

/* lasts-days replaces all there was, a pause too; pause-days a pause alone. */
static int
read_durations(Rule *rule)
{
    HeedPolicyLine *line = &rule->line;
    unsigned count = cfg_size(rule->section, "lasts-days");
    unsigned pause = 0;

    if (count > HEED_POLICY_MOST_STEPS ||
        (count == 0 && heed_config_is_set(rule->section, "lasts-days")))
        return heed_config_refuse(heed_config_line_of(rule->section, "lasts-days"),
                                  "lasts-days: allowed are 1 to %u durations",
                                  HEED_POLICY_MOST_STEPS);
    for (unsigned i = 0; i < count; i++)
        line->lasts_days[i] = (unsigned)cfg_getnint(rule->section, "lasts-days", i);
    if (count > 0) {
        line->steps = count;
        rule->begins_with_pause = false;
    }
    read_number(rule, "pause-days", &pause);
    if (pause > 0 && !rule->begins_with_pause) {
        if (line->steps == HEED_POLICY_MOST_STEPS)
            return heed_config_refuse(heed_config_line_of(rule->section, "pause-days"),
                                      "pause-days: with it there are more than %u durations",
                                      HEED_POLICY_MOST_STEPS);
        memmove(line->lasts_days + 1, line->lasts_days, line->steps * sizeof(line->lasts_days[0]));
        line->steps++;
        rule->begins_with_pause = true;
    }
    if (pause > 0)
        line->lasts_days[0] = pause;
    for (unsigned i = 0; i + 1 < line->steps; i++)
        if (line->lasts_days[i] == 0)
            return heed_config_refuse(heed_config_line_of(rule->section, "lasts-days"),
                                      "lasts-days: 0 is without end, so nothing comes after it");
    return 0;
}

/* Whether so many failures, so far apart, fit into the span. */
static bool
fits(unsigned failures, unsigned hours, unsigned days)
{
    return days == 0 || (failures - 1) * hours <= days * 24;
}

static int
check_count(const Rule *rule, const HeedPolicy *policy)
{
    const HeedPolicyLine *line = &rule->line;
    const char *title = cfg_title(rule->section);
    unsigned failures = MAX(line->failures, policy->plausible_messages);
    unsigned hours = MAX(line->apart_hours, policy->plausible_apart_hours);

    if (line->failures < 2)
        return heed_config_refuse(rule->section->line,
                                  "rule \"%s\": action = \"count\" needs failures = 2 or more",
                                  title);
    if (!fits(line->failures, line->apart_hours, line->within_days))
        return heed_config_refuse(rule->section->line,
                                  "rule \"%s\": %u failures %u hours apart never fit into %u days",
                                  title, line->failures, line->apart_hours, line->within_days);
    if (line->plausible && !fits(failures, hours, line->within_days))
        return heed_config_refuse(
            rule->section->line,
            "rule \"%s\": %u plausible reports %u hours apart never fit into %u days: allowed is "
            "plausible = \"ignore\", or smaller numbers in policy",
            title, failures, hours, line->within_days);
    return 0;
}

static int
check(Rule *rule, const HeedPolicy *policy)
{
    static const char *const counting[] = {"failures", "apart-hours", "distinct", NULL};
    static const char *const remembering[] = {"within-days", NULL};
    static const char *const all[] = {
        "failures", "apart-hours",         "distinct",  "within-days", "pause-days", "lasts-days",
        "scope",    "cleared-by-delivery", "plausible", NULL};
    static const char *const clearing[] = {"cleared-by-delivery", NULL};
    HeedPolicyLine *line = &rule->line;

    if (line->action == HEED_POLICY_IGNORE)
        return refuse_set(rule, all, "where action is ignore");
    if (line->verdict != HEED_VERDICT_HARD && line->verdict != HEED_VERDICT_SOFT &&
        refuse_set(rule, clearing, "here: that mail arrives takes back no word of its recipient") !=
            0)
        return -1;
    if (line->action == HEED_POLICY_COUNT)
        return check_count(rule, policy);
    if (refuse_set(rule, counting, "where action is suppress: allowed with count") != 0 ||
        (line->steps == 1 &&
         refuse_set(rule, remembering, "where action is suppress and there is one duration") != 0))
        return -1;
    line->failures = 0;
    line->apart_hours = 0;
    line->distinct = false;
    if (line->steps == 1)
        line->within_days = 0;
    return 0;
}

/* Over what holds without it. */
static int
read_rule(Rule *rule, const HeedPolicy *policy, const bool *paused)
{
    HeedVerdict verdict = rule->line.verdict;
    HeedClass class_ = rule->line.class_;
    const HeedPolicyLine *base = heed_policy_line(policy, verdict, class_);

    g_assert(base != NULL);
    rule->line = *base;
    rule->begins_with_pause = base->class_ == HEED_CLASS_NONE && paused[verdict];
    rule->line.class_ = class_;
    read_number(rule, "failures", &rule->line.failures);
    read_number(rule, "apart-hours", &rule->line.apart_hours);
    read_number(rule, "within-days", &rule->line.within_days);
    read_bool(rule, "distinct", &rule->line.distinct);
    read_bool(rule, "cleared-by-delivery", &rule->line.cleared_by_delivery);
    return read_words(rule) != 0 || read_durations(rule) != 0 ? -1 : check(rule, policy);
}

static int
read_pass(cfg_t *section, HeedPolicy *policy, bool of_classes, bool *paused, bool *seen)
{
    for (unsigned i = 0; i < cfg_size(section, "rule"); i++) {
        Rule rule = {.section = cfg_getnsec(section, "rule", i)};
        unsigned place;

        if (read_title(&rule) != 0)
            return -1;
        if ((rule.line.class_ != HEED_CLASS_NONE) != of_classes)
            continue;
        place = (unsigned)rule.line.verdict * (HEED_CLASS_UNSUBSCRIBE + 1U) + rule.line.class_;
        if (seen[place])
            return heed_config_refuse(rule.section->line, "rule \"%s\" was given already",
                                      cfg_title(rule.section));
        seen[place] = true;
        if (read_rule(&rule, policy, paused) != 0)
            return -1;
        if (!of_classes)
            paused[rule.line.verdict] = rule.begins_with_pause;
        heed_policy_set_line(policy, &rule.line);
    }
    return 0;
}

int
heed_config_read_rules(cfg_t *section, HeedPolicy *policy)
{
    bool paused[HEED_VERDICT_NONE + 1] = {false};
    bool seen[(HEED_VERDICT_NONE + 1) * (HEED_CLASS_UNSUBSCRIBE + 1)] = {false};

    return read_pass(section, policy, false, paused, seen) != 0
               ? -1
               : read_pass(section, policy, true, paused, seen);
}
