/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/parse_text.h"

#include "cli/terminal.h"

static void
print_field(FILE *out, const char *name, const char *value)
{
    g_autofree char *clean = NULL;

    if (value == NULL)
        return;
    clean = heed_terminal_clean(value);
    (void)fprintf(out, "  %-10s %s\n", name, clean);
}

static void
print_date(FILE *out, const char *name, int64_t date)
{
    g_autofree char *text = date == HEED_DATE_UNKNOWN ? NULL : heed_terminal_date(date);

    print_field(out, name, text);
}

static const char *
or_none(const char *name)
{
    return name != NULL ? name : "-";
}

static void
print_recipient(const HeedRecipient *recipient, FILE *out)
{
    g_autofree char *address = heed_terminal_clean(recipient->address);
    g_autofree char *status = heed_terminal_clean(recipient->status);

    (void)fprintf(out, "  %s\n", address);
    (void)fprintf(out, "    %s  %s  %s  (%s)\n", or_none(heed_verdict_name(recipient->verdict)),
                  or_none(heed_class_name(recipient->class_)), status, or_none(recipient->rule));
    if (recipient->diagnostic != NULL) {
        g_autofree char *diagnostic = heed_terminal_clean(recipient->diagnostic);

        (void)fprintf(out, "    %s\n", diagnostic);
    }
    print_date(out, "  last try", recipient->last_attempt_date);
    print_date(out, "  tries to", recipient->will_retry_until);
    print_field(out, "  log id", recipient->final_log_id);
}

void
heed_parse_text_print(const HeedReport *report, const char *source, FILE *out)
{
    const char *kind = heed_kind_name(report->kind);
    const char *trust = heed_trust_name(report->trust);
    g_autofree char *name = heed_terminal_clean(source);

    (void)fprintf(out, "%s: %s%s%s\n", name, or_none(kind), trust != NULL ? ", " : "",
                  trust != NULL ? trust : "");
    print_date(out, "date", report->date);
    print_field(out, "from", report->reporter_from);
    print_field(out, "server", report->reporter_mta);
    print_field(out, "gateway", report->dsn_gateway);
    print_field(out, "had from", report->received_from);
    print_date(out, "had it", report->arrival_date);
    print_field(out, "about", report->original.subject);
    print_field(out, "sent as", report->original.from);
    if (report->feedback != NULL) {
        print_field(out, "feedback", report->feedback->type);
        print_field(out, "source ip", report->feedback->source_ip);
    }
    for (size_t i = 0; i < report->recipients->len; i++)
        print_recipient(&g_array_index(report->recipients, HeedRecipient, i), out);
    for (size_t i = 0; i < report->warnings->len; i++)
        print_field(out, "warning", report->warnings->pdata[i]);
    (void)fputc('\n', out);
}
