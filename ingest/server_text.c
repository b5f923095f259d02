/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/server_text.h"

#include <glib.h>
#include <string.h>

#define SHOWN_BYTES 200U

char *
heed_server_text(const char *said)
{
    g_autofree char *text = g_utf8_make_valid(
        said != NULL ? said : "", said != NULL ? (gssize)strnlen(said, SHOWN_BYTES) : 0);

    for (char *c = text; *c != '\0'; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            *c = ' ';
    g_strstrip(text);
    return g_steal_pointer(&text);
}
