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

bool
heed_host_same_organisation(const char *one, const char *other)
{
    const psl_ctx_t *list = psl_builtin();
    const char *mine = psl_registrable_domain(list, one);
    const char *theirs = psl_registrable_domain(list, other);

    return mine != NULL && theirs != NULL && strcmp(mine, theirs) == 0;
}
