/* SPDX-License-Identifier: Apache-2.0 */
#include "suppress/forget.h"

#include "base/error.h"
#include "base/log.h"
#include "cli/commands.h"
#include "cli/run.h"
#include "suppress/policy.h"

#include <inttypes.h>
#include <sysexits.h>

static const char *
plural(uint64_t count)
{
    return count == 1 ? "" : "s";
}

/* Names nobody: this may stand in a log. */
static void
report(const HeedForgetRequest *request, const HeedForgotten *done)
{
    guint count = request->addresses->len;

    heed_log(HEED_LOG_NOTICE,
             "%s %u address%s: %" PRIu64 " event%s, %" PRIu64 " report%s, %" PRIu64
             " kept message%s, %" PRIu64 " in quarantine; blotted out in %" PRIu64 " row%s",
             request->dry_run ? "would erase" : "erased", count, count == 1 ? "" : "es",
             done->events, plural(done->events), done->reports, plural(done->reports), done->mails,
             plural(done->mails), done->quarantined, done->texts, plural(done->texts));
    heed_log(HEED_LOG_NOTICE, "%" PRIu64 " of them %s suppressed, known by a keyed hash",
             done->kept, done->kept == 1 ? "stays" : "stay");
    if (done->configured)
        heed_log(HEED_LOG_WARNING,
                 "the policy names such an address: take it out of the configuration, and forget "
                 "it again after the next poll");
}

/* Each once, since what is counted is counted by address. */
static GPtrArray *
read_addresses(char **words, GError **error)
{
    g_autoptr(GPtrArray) addresses = heed_cli_addresses(words, error);
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
    g_autoptr(GPtrArray) unique = g_ptr_array_new_with_free_func(g_free);

    for (guint i = 0; addresses != NULL && i < addresses->len; i++)
        if (g_hash_table_add(seen, addresses->pdata[i]))
            g_ptr_array_add(unique, g_strdup(addresses->pdata[i]));
    return addresses != NULL ? g_steal_pointer(&unique) : NULL;
}

static int
forget(HeedInvocation *invocation, const HeedForgetRequest *request, GError **error)
{
    g_autoptr(HeedConfig) config = NULL;
    g_autoptr(HeedDatabase) database =
        heed_cli_database_configured(invocation, HEED_ACCESS_OWNER, &config, error);
    HeedForgotten done;

    if (database == NULL || !heed_policy_begin(database, config->policy, error) ||
        !heed_forget(database, request, &done, error))
        return EX_OK;
    report(request, &done);
    return EX_OK;
}

int
heed_cmd_forget(HeedInvocation *invocation, GError **error)
{
    g_autofree char *why = NULL;
    g_autofree char *who = heed_cli_account();
    g_auto(GStrv) words = NULL;
    gboolean dry_run = FALSE;
    gboolean suppress = FALSE;
    const GOptionEntry entries[] = {
        {"why", 0, 0, G_OPTION_ARG_FILENAME, &why,
         "The reason, kept with the hash; name nobody in it", "TEXT"},
        {"suppress", 0, 0, G_OPTION_ARG_NONE, &suppress,
         "Suppress them everywhere, by the hash, if they are not", NULL},
        {"dry-run", 'n', 0, G_OPTION_ARG_NONE, &dry_run,
         "Say how much would be erased; change nothing", NULL},
        {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &words, NULL, NULL},
        G_OPTION_ENTRY_NULL,
    };
    g_autoptr(GPtrArray) addresses = NULL;
    HeedForgetRequest request = {.who = who};

    if (!heed_invocation_parse(invocation, entries, error) || !heed_cli_is_text("why", why, error))
        return EX_USAGE;
    addresses = read_addresses(words, error);
    if (addresses == NULL)
        return EX_OK;
    request.addresses = addresses;
    request.why = why;
    request.dry_run = dry_run;
    request.also_suppress = suppress;
    return forget(invocation, &request, error);
}
