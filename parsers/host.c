/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/host.h"

#include <glib.h>
#include <libpsl.h>
#include <string.h>

bool
heed_host_read(const char *text, char out[HEED_HOST_BYTES])
{
    const char *type = text == NULL ? NULL : strchr(text, ';');
    size_t length;

    if (text == NULL)
        return false;
    text = type == NULL ? text : type + 1;
    text += strspn(text, " \t\r\n");
    length = strcspn(text, " \t\r\n([;:,)]");
    while (length > 0 && text[length - 1] == '.')
        length--;
    if (length == 0 || length >= HEED_HOST_BYTES)
        return false;
    for (size_t i = 0; i < length; i++)
        out[i] = g_ascii_tolower(text[i]);
    out[length] = '\0';
    return true;
}

/* Domains below which each name is another customer's, although the public suffix list does not say
 * so. Longer ones first. */
static const char *const shared_domains[] = {".mail.onmicrosoft.com", ".onmicrosoft.com"};

/* The part of the name that one organisation has registered; NULL for none. */
static const char *
organisation_of(const char *host)
{
    for (size_t i = 0; i < G_N_ELEMENTS(shared_domains); i++) {
        const char *label;

        if (!g_str_has_suffix(host, shared_domains[i]))
            continue;
        label = host + strlen(host) - strlen(shared_domains[i]);
        while (label > host && label[-1] != '.')
            label--;
        return label;
    }
    return psl_registrable_domain(psl_builtin(), host);
}

bool
heed_host_same_organisation(const char *one, const char *other)
{
    const char *mine = organisation_of(one);
    const char *theirs = organisation_of(other);

    return mine != NULL && theirs != NULL && strcmp(mine, theirs) == 0;
}

bool
heed_host_is_public_suffix(const char *host)
{
    return psl_is_public_suffix2(psl_builtin(), host, PSL_TYPE_ICANN | PSL_TYPE_NO_STAR_RULE) != 0;
}
