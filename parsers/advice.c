/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/advice.h"

#include "parsers/rules.h"

#include <stdlib.h>
#include <string.h>

#define NEVER      HEED_RULE_WAIT_NEVER
#define UNSURE     HEED_RULE_WAIT_UNKNOWN
#define MINUTES(n) ((n)*60)
#define HOURS(n)   ((n)*3600)
#define DAYS(n)    ((n)*86400)

#define HEED_ADVICE(class_, cause, temporary, permanent, means, remedy) \
    [HEED_CLASS_##class_] = {cause, temporary, permanent, means, remedy},
static const HeedAdvice advices[] = {
#include "parsers/rules/advice.def"
};
#undef HEED_ADVICE

#define HEED_CONTACT(provider, title, page) {provider, title, page},
static const HeedContact contacts[] = {
#include "parsers/rules/contacts.def"
};
#undef HEED_CONTACT

#define HEED_LIMITS(provider, connections, messages, source) \
    {provider, connections, messages, source},
static const HeedLimits limits[] = {
#include "parsers/rules/limits.def"
};
#undef HEED_LIMITS

#define HEED_CAUSE(name, title) {name, title},

static const struct {
    const char *name;
    const char *title;
} causes[] = {

#include "parsers/rules/causes.def"
};
#undef HEED_CAUSE

const HeedAdvice *
heed_advice_of(HeedClass class_)
{
    if ((size_t)class_ >= G_N_ELEMENTS(advices) || advices[class_].cause == NULL)
        class_ = HEED_CLASS_UNKNOWN;
    return &advices[class_];
}

static int
compare_providers(const void *key, const void *row)
{
    return strcmp(key, ((const HeedContact *)row)->provider);
}

const HeedContact *
heed_contact_of(const char *provider)
{
    if (provider == NULL)
        return NULL;
    return bsearch(provider, contacts, G_N_ELEMENTS(contacts), sizeof(contacts[0]),
                   compare_providers);
}

static int
compare_limits(const void *key, const void *row)
{
    return strcmp(key, ((const HeedLimits *)row)->provider);
}

const HeedLimits *
heed_limits_of(const char *provider)
{
    return bsearch(provider, limits, G_N_ELEMENTS(limits), sizeof(limits[0]), compare_limits);
}

const char *
heed_cause_title(const char *cause)
{
    for (size_t i = 0; i < G_N_ELEMENTS(causes); i++)
        if (strcmp(causes[i].name, cause) == 0)
            return causes[i].title;
    return NULL;
}

bool
heed_cause_exists(const char *cause)
{
    return heed_cause_title(cause) != NULL;
}
