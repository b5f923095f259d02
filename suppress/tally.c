/* SPDX-License-Identifier: Apache-2.0 */
#include "suppress/tally.h"

static bool
is_trusted(const HeedPolicy *policy, const HeedFact *fact)
{
    return fact->trust == HEED_TRUST_SIGNED ||
           (fact->trust == HEED_TRUST_AUTHENTICATED && policy->believe_authenticated);
}

bool
heed_fact_is_believed(const HeedPolicy *policy, const HeedFact *fact)
{
    return is_trusted(policy, fact) ||
           (policy->closed_complaints && fact->closed && fact->verdict == HEED_VERDICT_COMPLAINT);
}

void
heed_tally_begin(HeedTally *out, const HeedPolicy *policy, const HeedPolicyLine *line)
{
    bool counts = line->action == HEED_POLICY_COUNT;
    unsigned failures = counts ? line->failures : 1;
    unsigned hours = counts ? line->apart_hours : 0;

    out->believed.need = CLAMP(failures, 1, HEED_POLICY_MOST_FAILURES);
    out->believed.apart = hours * HEED_TIME_HOUR;
    out->believed.within = counts ? line->within_days * HEED_TIME_DAY : 0;
    out->believed.distinct = counts && line->distinct;
    out->believed.count = 0;
    out->all.need = CLAMP(MAX(failures, policy->plausible_messages), 1, HEED_POLICY_MOST_FAILURES);
    out->all.apart = MAX(hours, policy->plausible_apart_hours) * HEED_TIME_HOUR;
    out->all.within = out->believed.within;
    out->all.distinct = true;
    out->all.count = 0;
}

static bool
is_counted(const HeedCounter *counter, const char *original)
{
    for (unsigned i = 0; i < counter->count; i++)
        if (g_str_equal(counter->facts[i]->original, original))
            return true;
    return false;
}

/* Whether the counter is full now. */
static bool
counter_add(HeedCounter *counter, const HeedFact *fact)
{
    unsigned old = 0;

    while (counter->within > 0 && old < counter->count &&
           fact->occurred_at - counter->facts[old]->occurred_at > counter->within)
        old++;
    if (old == 0 && counter->count == counter->need)
        return true;
    counter->count -= old;
    for (unsigned i = 0; i < counter->count && old > 0; i++)
        counter->facts[i] = counter->facts[i + old];
    if ((counter->count > 0 &&
         fact->occurred_at - counter->facts[counter->count - 1]->occurred_at < counter->apart) ||
        (counter->distinct && is_counted(counter, fact->original)))
        return false;
    counter->facts[counter->count++] = fact;
    return counter->count == counter->need;
}

HeedTallied
heed_tally_add(HeedTally *tally,
               const HeedPolicy *policy,
               const HeedPolicyLine *line,
               const HeedFact *fact)
{
    bool believed = heed_fact_is_believed(policy, fact);
    bool all_full = counter_add(&tally->all, fact);
    bool believed_full = believed && counter_add(&tally->believed, fact);

    if (is_trusted(policy, fact) && fact->null_mx && line->class_ == HEED_CLASS_BAD_DOMAIN)
        return (HeedTallied){.why = HEED_TALLIED_NULL_MX};
    if (believed_full && line->action == HEED_POLICY_SUPPRESS)
        return (HeedTallied){.why = is_trusted(policy, fact) ? HEED_TALLIED_REPORT
                                                             : HEED_TALLIED_CLOSED_MAILBOX};
    if (believed_full)
        return (HeedTallied){HEED_TALLIED_COUNT, tally->believed.need, tally->believed.apart};
    if (all_full)
        return (HeedTallied){HEED_TALLIED_COUNT, tally->all.need, tally->all.apart};
    return (HeedTallied){.why = HEED_TALLIED_NOT_YET};
}
