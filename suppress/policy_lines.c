/* SPDX-License-Identifier: Apache-2.0 */
#include "suppress/policy_lines.h"

#include "base/error.h"
#include "parsers/address.h"

#include <string.h>

static const HeedPolicyLine default_lines[] = {
    {.verdict = HEED_VERDICT_HARD,
     .action = HEED_POLICY_SUPPRESS,
     .steps = 1,
     .everywhere = true,
     .plausible = true},
    {.verdict = HEED_VERDICT_HARD,
     .class_ = HEED_CLASS_BAD_DOMAIN,
     .action = HEED_POLICY_COUNT,
     .failures = 2,
     .apart_hours = 72,
     .steps = 1,
     .everywhere = true,
     .plausible = true},
    {.verdict = HEED_VERDICT_SOFT,
     .action = HEED_POLICY_COUNT,
     .failures = 3,
     .apart_hours = 20,
     .within_days = 180,
     .distinct = true,
     .lasts_days = {30, 90, 180, 0},
     .steps = 4,
     .everywhere = true,
     .cleared_by_delivery = true,
     .plausible = true},
    {.verdict = HEED_VERDICT_COMPLAINT,
     .action = HEED_POLICY_SUPPRESS,
     .steps = 1,
     .plausible = true},
    {.verdict = HEED_VERDICT_UNSUBSCRIBE,
     .action = HEED_POLICY_SUPPRESS,
     .steps = 1,
     .plausible = true},
};

static void
clear_exemption(void *data)
{
    HeedPolicyExemption *exemption = data;

    g_free(exemption->stream);
}

HeedPolicy *
heed_policy_new(void)
{
    HeedPolicy *policy = g_new0(HeedPolicy, 1);

    policy->plausible_messages = 2;
    policy->plausible_apart_hours = 20;
    policy->believe_authenticated = true;
    policy->closed_complaints = true;
    policy->hold_hours = 48;
    policy->lines = g_array_new(FALSE, FALSE, sizeof(HeedPolicyLine));
    g_array_append_vals(policy->lines, default_lines, G_N_ELEMENTS(default_lines));
    policy->protected_names = g_ptr_array_new_with_free_func(g_free);
    policy->protected_set = g_hash_table_new(g_str_hash, g_str_equal);
    policy->exemptions = g_array_new(FALSE, FALSE, sizeof(HeedPolicyExemption));
    g_array_set_clear_func(policy->exemptions, clear_exemption);
    return policy;
}

void
heed_policy_free(HeedPolicy *policy)
{
    if (policy == NULL)
        return;
    g_array_unref(policy->lines);
    g_hash_table_unref(policy->protected_set);
    g_ptr_array_unref(policy->protected_names);
    g_array_unref(policy->exemptions);
    g_free(policy);
}

static HeedPolicyLine *
find_line(const HeedPolicy *policy, HeedVerdict verdict, HeedClass class_)
{
    for (guint i = 0; i < policy->lines->len; i++) {
        HeedPolicyLine *line = &g_array_index(policy->lines, HeedPolicyLine, i);

        if (line->verdict == verdict && line->class_ == class_)
            return line;
    }
    return NULL;
}

void
heed_policy_set_line(HeedPolicy *policy, const HeedPolicyLine *line)
{
    HeedPolicyLine *known = find_line(policy, line->verdict, line->class_);

    if (known != NULL)
        *known = *line;
    else
        g_array_append_val(policy->lines, *line);
}

const HeedPolicyLine *
heed_policy_line(const HeedPolicy *policy, HeedVerdict verdict, HeedClass class_)
{
    const HeedPolicyLine *line =
        class_ == HEED_CLASS_NONE ? NULL : find_line(policy, verdict, class_);

    return line != NULL ? line : find_line(policy, verdict, HEED_CLASS_NONE);
}

const char *
heed_policy_line_name(const HeedPolicyLine *line)
{
    return line->class_ != HEED_CLASS_NONE ? heed_class_name(line->class_)
                                           : heed_verdict_name(line->verdict);
}

void
heed_policy_protect(HeedPolicy *policy, const char *name)
{
    char *kept;

    if (g_hash_table_contains(policy->protected_set, name))
        return;
    kept = g_strdup(name);
    g_ptr_array_add(policy->protected_names, kept);
    (void)g_hash_table_add(policy->protected_set, kept);
}

void
heed_policy_exempt(HeedPolicy *policy, const char *stream, bool complaint, bool unsubscribe)
{
    HeedPolicyExemption exemption = {g_strdup(stream), complaint, unsubscribe};

    g_array_append_val(policy->exemptions, exemption);
}

bool
heed_policy_protects(const HeedPolicy *policy, const char *address, const char **out_name)
{
    const char *found = g_hash_table_lookup(policy->protected_set, address);
    const char *domain = heed_address_domain(address);

    while (found == NULL && domain != NULL) {
        found = g_hash_table_lookup(policy->protected_set, domain);
        domain = strchr(domain, '.');
        if (domain != NULL)
            domain++;
    }
    /* Every domain must have one and read it: RFC 5321 4.5.1. */
    *out_name = found != NULL ? found : "postmaster";
    return found != NULL || g_str_has_prefix(address, "postmaster@");
}

static const char *const action_names[] = {"suppress", "count", "ignore"};

static json_t *
line_to_json(const HeedPolicyLine *line)
{
    json_t *lasts = json_array();

    for (unsigned i = 0; i < line->steps; i++)
        json_array_append_new(lasts, json_integer(line->lasts_days[i]));
    return json_pack("{s:s, s:s?, s:s, s:i, s:i, s:i, s:b, s:o, s:b, s:b, s:b}", "verdict",
                     heed_verdict_name(line->verdict), "class", heed_class_name(line->class_),
                     "action", action_names[line->action], "failures", (int)line->failures,
                     "apart_hours", (int)line->apart_hours, "within_days", (int)line->within_days,
                     "distinct", (int)line->distinct, "lasts_days", lasts, "everywhere",
                     (int)line->everywhere, "cleared_by_delivery", (int)line->cleared_by_delivery,
                     "plausible", (int)line->plausible);
}

static gint
compare_lines(gconstpointer a, gconstpointer b)
{
    const HeedPolicyLine *one = a;
    const HeedPolicyLine *other = b;

    if (one->verdict != other->verdict)
        return one->verdict < other->verdict ? -1 : 1;
    return one->class_ < other->class_ ? -1 : one->class_ > other->class_;
}

static gint
compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static gint
compare_exemptions(gconstpointer a, gconstpointer b)
{
    return strcmp(((const HeedPolicyExemption *)a)->stream,
                  ((const HeedPolicyExemption *)b)->stream);
}

char *
heed_policy_to_json(const HeedPolicy *policy)
{
    json_t *lines = json_array();
    json_t *names = json_array();
    json_t *exemptions = json_array();
    g_autofree char *text = NULL;
    char *dumped;
    json_t *settings;

    /* The order in which they were configured means nothing. */
    g_array_sort(policy->lines, compare_lines);
    g_ptr_array_sort(policy->protected_names, compare_names);
    g_array_sort(policy->exemptions, compare_exemptions);
    for (guint i = 0; i < policy->lines->len; i++)
        json_array_append_new(lines,
                              line_to_json(&g_array_index(policy->lines, HeedPolicyLine, i)));
    for (guint i = 0; i < policy->protected_names->len; i++)
        json_array_append_new(names, json_string(g_ptr_array_index(policy->protected_names, i)));
    for (guint i = 0; i < policy->exemptions->len; i++) {
        const HeedPolicyExemption *exemption =
            &g_array_index(policy->exemptions, HeedPolicyExemption, i);

        json_array_append_new(exemptions, json_pack("{s:s, s:b, s:b}", "stream", exemption->stream,
                                                    "complaint", (int)exemption->complaint,
                                                    "unsubscribe", (int)exemption->unsubscribe));
    }
    settings =
        json_pack("{s:i, s:i, s:i, s:b, s:b, s:i, s:o, s:o, s:o}", "rules",
                  HEED_POLICY_RULES_REVISION, "plausible_messages", (int)policy->plausible_messages,
                  "plausible_apart_hours", (int)policy->plausible_apart_hours,
                  "believe_authenticated", (int)policy->believe_authenticated, "closed_complaints",
                  (int)policy->closed_complaints, "hold_hours", (int)policy->hold_hours, "lines",
                  lines, "protected", names, "exemptions", exemptions);
    g_assert(settings != NULL);
    dumped = json_dumps(settings, JSON_COMPACT | JSON_SORT_KEYS);
    json_decref(settings);
    text = g_strdup(dumped);
    free(dumped);
    return g_steal_pointer(&text);
}

static bool
read_unsigned(const json_t *object, const char *key, unsigned most, unsigned *out)
{
    const json_t *value = json_object_get(object, key);

    if (value == NULL)
        return true;
    if (!json_is_integer(value) || json_integer_value(value) < 0 ||
        json_integer_value(value) > (json_int_t)most)
        return false;
    *out = (unsigned)json_integer_value(value);
    return true;
}

static bool
read_bool(const json_t *object, const char *key, bool *out)
{
    const json_t *value = json_object_get(object, key);

    if (value == NULL)
        return true;
    *out = json_is_true(value);
    return json_is_boolean(value);
}

static bool
read_steps(const json_t *lasts, HeedPolicyLine *out)
{
    size_t i;
    const json_t *days;

    if (!json_is_array(lasts) || json_array_size(lasts) == 0 ||
        json_array_size(lasts) > HEED_POLICY_MOST_STEPS)
        return false;
    out->steps = (unsigned)json_array_size(lasts);
    json_array_foreach(lasts, i, days)
    {
        if (!json_is_integer(days) || json_integer_value(days) < 0 ||
            json_integer_value(days) > (json_int_t)HEED_POLICY_MOST_DAYS)
            return false;
        out->lasts_days[i] = (unsigned)json_integer_value(days);
    }
    return true;
}

static bool
read_action(const json_t *line, HeedPolicyLine *out)
{
    const char *action = json_string_value(json_object_get(line, "action"));

    for (size_t i = 0; i < G_N_ELEMENTS(action_names); i++) {
        if (g_strcmp0(action, action_names[i]) == 0) {
            out->action = (HeedPolicyAction)i;
            return true;
        }
    }
    return false;
}

static bool
read_line(const json_t *line, HeedPolicyLine *out)
{
    const char *verdict = json_string_value(json_object_get(line, "verdict"));
    const char *class_ = json_string_value(json_object_get(line, "class"));

    return verdict != NULL && heed_verdict_from_name(verdict, &out->verdict) &&
           (class_ == NULL || heed_class_from_name(class_, &out->class_)) &&
           read_action(line, out) &&
           read_unsigned(line, "failures", HEED_POLICY_MOST_FAILURES, &out->failures) &&
           read_unsigned(line, "apart_hours", HEED_POLICY_MOST_HOURS, &out->apart_hours) &&
           read_unsigned(line, "within_days", HEED_POLICY_MOST_DAYS, &out->within_days) &&
           read_bool(line, "distinct", &out->distinct) &&
           read_steps(json_object_get(line, "lasts_days"), out) &&
           read_bool(line, "everywhere", &out->everywhere) &&
           read_bool(line, "cleared_by_delivery", &out->cleared_by_delivery) &&
           read_bool(line, "plausible", &out->plausible);
}

static bool
read_lines(const json_t *lines, HeedPolicy *out)
{
    size_t i;
    const json_t *line;

    if (lines == NULL)
        return true;
    g_array_set_size(out->lines, 0);
    json_array_foreach(lines, i, line)
    {
        HeedPolicyLine read = {.failures = 1};

        if (!read_line(line, &read))
            return false;
        g_array_append_val(out->lines, read);
    }
    return json_is_array(lines);
}

static bool
read_lists(const json_t *settings, HeedPolicy *out)
{
    size_t i;
    const json_t *element;

    json_array_foreach(json_object_get(settings, "protected"), i, element)
    {
        if (!json_is_string(element))
            return false;
        heed_policy_protect(out, json_string_value(element));
    }
    json_array_foreach(json_object_get(settings, "exemptions"), i, element)
    {
        const char *stream = json_string_value(json_object_get(element, "stream"));

        if (stream == NULL)
            return false;
        heed_policy_exempt(out, stream, json_is_true(json_object_get(element, "complaint")),
                           json_is_true(json_object_get(element, "unsubscribe")));
    }
    return true;
}

HeedPolicy *
heed_policy_from_json(const char *json, GError **error)
{
    g_autoptr(HeedPolicy) policy = heed_policy_new();
    json_t *settings = json_loads(json, 0, NULL);
    bool is_read =
        json_is_object(settings) &&
        read_unsigned(settings, "plausible_messages", HEED_POLICY_MOST_FAILURES,
                      &policy->plausible_messages) &&
        read_unsigned(settings, "plausible_apart_hours", HEED_POLICY_MOST_HOURS,
                      &policy->plausible_apart_hours) &&
        read_bool(settings, "believe_authenticated", &policy->believe_authenticated) &&
        read_bool(settings, "closed_complaints", &policy->closed_complaints) &&
        read_unsigned(settings, "hold_hours", HEED_POLICY_MOST_HOURS, &policy->hold_hours) &&
        read_lines(json_object_get(settings, "lines"), policy) && read_lists(settings, policy);

    json_decref(settings);
    if (!is_read) {
        g_set_error_literal(error, HEED_ERROR, HEED_ERROR_DATA,
                            "the policy in the database was written by another version of Heed");
        return NULL;
    }
    return g_steal_pointer(&policy);
}
