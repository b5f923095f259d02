/* SPDX-License-Identifier: Apache-2.0 */
#include "suppress/queries.h"

#include "base/embedded.h"

#include <glib.h>

extern const HeedEmbedded heed_suppress_queries[];

const char *
heed_suppress_query(const char *name)
{
    const HeedEmbedded *query = heed_suppress_queries;

    while (query->name != NULL && !g_str_equal(query->name, name))
        query++;
    g_assert(query->name != NULL);
    return query->text;
}
