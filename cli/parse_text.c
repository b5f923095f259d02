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
}

void
heed_parse_text_print(const HeedReport *report, const char *source, FILE *out)
{
    const char *kind = heed_kind_name(report->kind);
    const char *trust = heed_trust_name(report->trust);
    g_autofree char *name = heed_terminal_clean(source);
    g_autofree char *date = heed_terminal_date(report->date);

    (void)fprintf(out, "%s: %s%s%s\n", name, or_none(kind), trust != NULL ? ", " : "",
                  trust != NULL ? trust : "");
    print_field(out, "date", report->date == HEED_DATE_UNKNOWN ? NULL : date);
    print_field(out, "from", report->reporter_from);
    print_field(out, "server", report->reporter_mta);
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
