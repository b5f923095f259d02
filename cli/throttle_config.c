/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/throttle_config.h"

#include "cli/terminal.h"
#include "parsers/report.h"

#include <inttypes.h>
#include <string.h>

/* Postfix makes the name of a socket of it ("private/heed-NAME"), which may have 107 bytes with its
 * folder. */
#define NAME_BYTES  60U
#define LABEL_BYTES 63U

HeedThrottleEntry *
heed_throttle_entry_new(const char *name)
{
    HeedThrottleEntry *entry = g_new0(HeedThrottleEntry, 1);

    entry->name = g_strdup(name);
    entry->domains = g_ptr_array_new_with_free_func(g_free);
    entry->hosts = g_ptr_array_new_with_free_func(g_free);
    entry->paused_until = HEED_DATE_UNKNOWN;
    return entry;
}

void
heed_throttle_entry_free(HeedThrottleEntry *entry)
{
    if (entry == NULL)
        return;
    g_free(entry->name);
    g_ptr_array_unref(entry->domains);
    g_ptr_array_unref(entry->hosts);
    g_free(entry);
}

static bool
is_label(const char *label)
{
    size_t length = strlen(label);

    return length > 0 && length <= LABEL_BYTES &&
           strspn(label, "abcdefghijklmnopqrstuvwxyz0123456789-") == length && label[0] != '-' &&
           label[length - 1] != '-';
}

bool
heed_throttle_is_name(const char *name)
{
    g_auto(GStrv) labels = NULL;

    if (strlen(name) > NAME_BYTES)
        return false;
    labels = g_strsplit(name, ".", -1);
    if (labels[0] == NULL)
        return false;
    for (size_t i = 0; labels[i] != NULL; i++)
        if (!is_label(labels[i]))
            return false;
    return true;
}

static bool
is_paused(const HeedThrottleEntry *entry)
{
    return entry->paused_until != HEED_DATE_UNKNOWN;
}

static bool
wants(const HeedThrottleWriting *writing, int part)
{
    return writing->part < 0 || writing->part == part;
}

static void
print_heading(const HeedThrottleWriting *writing, const char *heading, FILE *out)
{
    if (writing->part < 0)
        (void)fprintf(out, "%s\n", heading);
}

static void
print_as_of(const HeedThrottleWriting *writing, FILE *out)
{
    g_autofree char *date = heed_terminal_date(writing->now);

    (void)fprintf(out, "# Written by heed throttle at %s; make it anew every few minutes.\n", date);
}

/* --- Postfix --- */

enum {
    POSTFIX_MAIN,
    POSTFIX_MASTER,
    POSTFIX_TRANSPORT
};

/* Whole seconds between two messages; 0: Postfix cannot wait for so short a time. */
static int64_t
rate_delay(const HeedThrottleEntry *entry)
{
    if (entry->messages <= 0 || entry->messages > 60)
        return 0;
    return (60 + entry->messages - 1) / entry->messages;
}

static void
print_pauses(const HeedThrottleWriting *writing, FILE *out)
{
    (void)fputs("defer_transports =", out);
    for (size_t i = 0; i < writing->entries->len; i++) {
        const HeedThrottleEntry *entry = writing->entries->pdata[i];

        if (is_paused(entry))
            (void)fprintf(out, " heed-%s", entry->name);
    }
    (void)fputs("\n", out);
}

static void
print_postfix_main(const HeedThrottleWriting *writing, FILE *out)
{
    print_heading(writing, "# --- main.cf ---", out);
    print_as_of(writing, out);
    (void)fputs(
        "# Besides, the file of the part \"transport\" has to be the first of transport_maps:\n"
        "#   transport_maps = texthash:/etc/postfix/heed_transport, ...\n"
        "# A rate delay is between two messages to one recipient domain, in whole seconds, and\n"
        "# makes Postfix deliver them one at a time. Faster than 60 a minute, the number of\n"
        "# connections is the only limit it has.\n",
        out);
    for (size_t i = 0; i < writing->entries->len; i++) {
        const HeedThrottleEntry *entry = writing->entries->pdata[i];
        int64_t delay = rate_delay(entry);

        if (delay > 0)
            (void)fprintf(out, "heed-%s_destination_rate_delay = %" PRId64 "s\n", entry->name,
                          delay);
        if (delay > 0 || entry->connections > 0)
            (void)fprintf(out, "heed-%s_destination_concurrency_limit = %" PRId64 "\n", entry->name,
                          delay > 0 ? 1 : entry->connections);
    }
    print_pauses(writing, out);
}

static void
print_postfix_master(const HeedThrottleWriting *writing, FILE *out)
{
    print_heading(writing, "\n# --- master.cf ---", out);
    (void)fputs(
        "# The number before \"smtp\" limits the connections to all domains of a provider.\n", out);
    for (size_t i = 0; i < writing->entries->len; i++) {
        const HeedThrottleEntry *entry = writing->entries->pdata[i];
        g_autofree char *most = entry->connections > 0
                                    ? g_strdup_printf("%" PRId64, entry->connections)
                                    : g_strdup("-");

        (void)fprintf(out, "heed-%s unix - - n - %s smtp\n    -o syslog_name=postfix/heed-%s\n",
                      entry->name, most, entry->name);
    }
}

static void
print_postfix_transport(const HeedThrottleWriting *writing, FILE *out)
{
    print_heading(writing, "\n# --- heed_transport ---", out);
    for (size_t i = 0; i < writing->entries->len; i++) {
        const HeedThrottleEntry *entry = writing->entries->pdata[i];

        for (size_t j = 0; j < entry->domains->len; j++)
            (void)fprintf(out, "%s heed-%s:\n", (const char *)entry->domains->pdata[j],
                          entry->name);
    }
}

static void
write_postfix(const HeedThrottleWriting *writing, FILE *out)
{
    if (wants(writing, POSTFIX_MAIN))
        print_postfix_main(writing, out);
    if (wants(writing, POSTFIX_MASTER))
        print_postfix_master(writing, out);
    if (wants(writing, POSTFIX_TRANSPORT))
        print_postfix_transport(writing, out);
}

/* --- Exim --- */

enum {
    EXIM_MAIN,
    EXIM_ACL,
    EXIM_ROUTERS,
    EXIM_TRANSPORTS
};

static void
print_exim_main(const HeedThrottleWriting *writing, FILE *out)
{
    print_as_of(writing, out);
    for (size_t i = 0; i < writing->entries->len; i++) {
        const HeedThrottleEntry *entry = writing->entries->pdata[i];

        (void)fprintf(out, "# %s\ndomainlist heed_%zu =", entry->name, i + 1);
        for (size_t j = 0; j < entry->domains->len; j++)
            (void)fprintf(out, "%s%s", j == 0 ? " " : " : ",
                          (const char *)entry->domains->pdata[j]);
        (void)fputs("\n", out);
    }
}

static void
print_exim_acl(const HeedThrottleWriting *writing, FILE *out)
{
    print_heading(writing, "\nbegin acl\n", out);
    (void)fputs("heed_throttle:\n"
                "  deny ratelimit = $acl_arg2 / 1m / per_cmd / heed_$acl_arg1\n"
                "  accept\n",
                out);
}

/* A router that puts off what is for a destination, under a condition. */
static void
print_deferring_router(const char *kind, size_t number, const char *condition, FILE *out)
{
    (void)fprintf(out,
                  "heed_%s_%zu:\n"
                  "  driver = redirect\n"
                  "  domains = +heed_%zu\n"
                  "  condition = %s\n"
                  "  allow_defer\n"
                  "  no_verify\n"
                  "  data = :defer: heed throttle: %s\n",
                  kind, number, number, condition, kind);
}

static void
print_exim_routers(const HeedThrottleWriting *writing, FILE *out)
{
    print_heading(writing, "\nbegin routers\n", out);
    (void)fputs(
        "# Before the routers that send mail away; pauses end by themselves. What is put off waits\n"
        "# for the next queue run that its retry rule allows.\n",
        out);
    for (size_t i = 0; i < writing->entries->len; i++) {
        const HeedThrottleEntry *entry = writing->entries->pdata[i];
        size_t number = i + 1;

        if (is_paused(entry)) {
            g_autofree char *condition =
                g_strdup_printf("${if <{$tod_epoch}{%" PRId64 "}}", entry->paused_until);

            print_deferring_router("pause", number, condition, out);
        }
        if (entry->messages > 0) {
            g_autofree char *condition = g_strdup_printf(
                "${if !acl{{heed_throttle}{%s}{%" PRId64 "}}}", entry->name, entry->messages);

            print_deferring_router("rate", number, condition, out);
        }
        (void)fprintf(out,
                      "heed_%zu:\n"
                      "  driver = dnslookup\n"
                      "  domains = +heed_%zu\n"
                      "  transport = heed_%zu\n"
                      "  no_more\n",
                      number, number, number);
    }
}

static void
print_exim_transports(const HeedThrottleWriting *writing, FILE *out)
{
    print_heading(writing, "\nbegin transports\n", out);
    (void)fputs("# Give them what your own transport has besides (DKIM, TLS, interface).\n", out);
    for (size_t i = 0; i < writing->entries->len; i++) {
        const HeedThrottleEntry *entry = writing->entries->pdata[i];

        (void)fprintf(out, "heed_%zu:\n  driver = smtp\n", i + 1);
        if (entry->connections > 0)
            (void)fprintf(out, "  max_parallel = %" PRId64 "\n", entry->connections);
        if (entry->in_connection > 0)
            (void)fprintf(out, "  connection_max_messages = %u\n", entry->in_connection);
    }
}

static void
write_exim(const HeedThrottleWriting *writing, FILE *out)
{
    if (wants(writing, EXIM_MAIN))
        print_exim_main(writing, out);
    if (wants(writing, EXIM_ACL))
        print_exim_acl(writing, out);
    if (wants(writing, EXIM_ROUTERS))
        print_exim_routers(writing, out);
    if (wants(writing, EXIM_TRANSPORTS))
        print_exim_transports(writing, out);
}

/* --- KumoMTA --- */

static void
print_suspend(const HeedThrottleWriting *writing, const HeedThrottleEntry *entry, FILE *out)
{
    for (size_t i = 0; i < entry->domains->len; i++)
        (void)fprintf(out, "#   kcli suspend --domain %s --duration %" PRId64 "s --reason heed\n",
                      (const char *)entry->domains->pdata[i],
                      MAX(entry->paused_until - writing->now, 1));
}

static void
print_kumomta_limits(const HeedThrottleEntry *entry, const char *prefix, FILE *out)
{
    if (entry->connections > 0)
        (void)fprintf(out, "%sconnection_limit = %" PRId64 "\n", prefix, entry->connections);
    if (is_paused(entry))
        (void)fprintf(out, "%smax_message_rate = \"1/hour\"\n", prefix);
    else if (entry->messages > 0)
        (void)fprintf(out, "%smax_message_rate = \"%" PRId64 "/min\"\n", prefix, entry->messages);
    if (entry->in_connection > 0)
        (void)fprintf(out, "max_deliveries_per_connection = %u\n", entry->in_connection);
}

/* Limits of all sites of a provider together. */
static void
print_kumomta_provider(const HeedThrottleEntry *entry, FILE *out)
{
    (void)fprintf(out, "[provider.\"heed-%s\"]\nmatch = [", entry->name);
    for (size_t i = 0; i < entry->hosts->len; i++)
        (void)fprintf(out, "%s{MXSuffix=\".%s\"}", i == 0 ? "" : ", ",
                      (const char *)entry->hosts->pdata[i]);
    (void)fputs("]\n", out);
    print_kumomta_limits(entry, "provider_", out);
}

/* Limits of each domain alone, whoever shares its mail servers. */
static void
print_kumomta_domains(const HeedThrottleEntry *entry, FILE *out)
{
    for (size_t i = 0; i < entry->domains->len; i++) {
        (void)fprintf(out, "[\"%s\"]\nmx_rollup = false\n", (const char *)entry->domains->pdata[i]);
        print_kumomta_limits(entry, "", out);
    }
}

static void
print_kumomta(const HeedThrottleWriting *writing, const HeedThrottleEntry *entry, FILE *out)
{
    (void)fputs("\n", out);
    if (is_paused(entry)) {
        g_autofree char *date = heed_terminal_date(entry->paused_until);

        (void)fprintf(out,
                      "# Paused until %s; shaping knows no pause, so that one message an hour is\n"
                      "# tried, unless it is suspended:\n",
                      date);
        print_suspend(writing, entry, out);
    }
    if (entry->hosts->len > 0)
        print_kumomta_provider(entry, out);
    else
        print_kumomta_domains(entry, out);
}

static void
write_kumomta(const HeedThrottleWriting *writing, FILE *out)
{
    print_as_of(writing, out);
    for (size_t i = 0; i < writing->entries->len; i++)
        print_kumomta(writing, writing->entries->pdata[i], out);
}

const char *const *
heed_throttle_parts(HeedThrottleFormat format)
{
    static const char *const postfix[] = {"main", "master", "transport", NULL};
    static const char *const exim[] = {"main", "acl", "routers", "transports", NULL};
    static const char *const kumomta[] = {"shaping", NULL};

    if (format == HEED_THROTTLE_POSTFIX)
        return postfix;
    return format == HEED_THROTTLE_EXIM ? exim : kumomta;
}

void
heed_throttle_write(HeedThrottleFormat format, const HeedThrottleWriting *writing, FILE *out)
{
    if (format == HEED_THROTTLE_POSTFIX)
        write_postfix(writing, out);
    else if (format == HEED_THROTTLE_EXIM)
        write_exim(writing, out);
    else
        write_kumomta(writing, out);
}
