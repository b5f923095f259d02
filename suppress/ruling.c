/* SPDX-License-Identifier: Apache-2.0 */
#include "suppress/ruling.h"

static HeedRuling
nothing_decided(const char *scope)
{
    return (HeedRuling){.scope = scope, .removed_at = HEED_TIME_NONE, .added_at = HEED_TIME_NONE};
}

static void
follow(HeedRuling *ruling, const HeedDecided *decided, bool is_here)
{
    switch (decided->kind) {
    case HEED_DECIDED_REMOVE:
        ruling->removed_at = MAX(ruling->removed_at, decided->decided_at);
        ruling->added_at = HEED_TIME_NONE;
        ruling->kept = NULL;
        break;
    case HEED_DECIDED_ALLOW:
        ruling->allowed = true;
        break;
    case HEED_DECIDED_DISALLOW:
        ruling->allowed = false;
        break;
    case HEED_DECIDED_ADD:
        /* An addition is for its own scope, and the first one says since when. */
        if (is_here && ruling->added_at == HEED_TIME_NONE)
            ruling->added_at = decided->decided_at;
        break;
    case HEED_DECIDED_FORGET:
        *ruling = nothing_decided(ruling->scope);
        break;
    case HEED_DECIDED_KEEP:
        if (is_here)
            ruling->kept = &decided->kept;
        break;
    }
}

HeedRuling
heed_ruling_on(const HeedCase *the_case, const char *scope)
{
    HeedRuling ruling = nothing_decided(scope);

    for (size_t i = 0; i < the_case->decision_count; i++) {
        const HeedDecided *decided = &the_case->decisions[i];
        bool is_here = g_str_equal(decided->scope, scope);

        if (!is_here && decided->scope[0] != '\0')
            continue;
        follow(&ruling, decided, is_here);
        ruling.is_own |= is_here && decided->kind != HEED_DECIDED_FORGET;
    }
    return ruling;
}
