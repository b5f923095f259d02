/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The descriptions of notices: that they are well-formed, that each has a fixture, and that
 * docs/formats.md is what they say. HEED_UPDATE_DOCS=1 writes that page instead.
 */
#include "parsers/formats.h"
#include "parsers/notice_look.h"
#include "parsers/template.h"

#include <gmime/gmime.h>
#include <string.h>

#define PAGE     HEED_SOURCE_DIR "/docs/formats.md"
#define FIXTURES HEED_SOURCE_DIR "/tests/fixtures"

typedef void (*Visit)(const HeedFormat *format, gpointer data);

static void
each_format(Visit visit, gpointer data)
{
    for (size_t i = 0; i < heed_format_table_count; i++)
        for (size_t j = 0; j < heed_format_tables[i]->count; j++)
            visit(&heed_format_tables[i]->formats[j], data);
    visit(&heed_format_general, data);
}

/* All templates of a list are templates. */
static void
check_list(const HeedFormat *format, HeedTemplates list)
{
    for (size_t i = 0; list != NULL && list[i] != NULL; i++)
        if (!heed_template_is_valid(list[i]))
            g_error("%s: no template: %s", format->name, list[i]);
}

static bool
names_somebody(HeedTemplates list)
{
    for (size_t i = 0; list != NULL && list[i] != NULL; i++)
        if (strstr(list[i], "{address}") != NULL || strstr(list[i], "{local}") != NULL)
            return true;
    return false;
}

static void
check_format(const HeedFormat *format, gpointer data)
{
    const HeedTemplates lists[] = {
        format->from,   format->subject,  format->header,  format->opening,   format->begin,
        format->stop,   format->original, format->delayed, format->delivered, format->lines,
        format->common, format->quote,    format->summary, format->replies,   format->reporter};
    bool general = format == &heed_format_general;

    (void)data;
    g_assert_nonnull(format->name);
    g_assert_nonnull(format->title);
    g_assert_nonnull(format->source);
    for (size_t i = 0; i < G_N_ELEMENTS(lists); i++)
        check_list(format, lists[i]);
    /* Something must recognise it, and nobody may be named where it is no notice. */
    g_assert_true(general || format->from != NULL || format->subject != NULL ||
                  format->header != NULL || format->opening != NULL);
    if (format->kind == HEED_KIND_AUTO_REPLY)
        g_assert_null(format->lines);
    else if (format->header == NULL || strstr(format->header[0], "x-failed-recipients") == NULL)
        g_assert_true(names_somebody(format->lines));
}

static void
check_formats(void)
{
    each_format(check_format, NULL);
}

/* Every description is the answer to some fixture. */
static void
check_covered(const HeedFormat *format, gpointer seen)
{
    if (!g_hash_table_contains(seen, format))
        g_error("no fixture in tests/fixtures is read by %s: %s", format->name, format->title);
}

/* Notes the description that a message is recognised by, if its golden file says so, too. */
static void
note(const HeedFormat *format, const char *golden, GHashTable *seen)
{
    g_autofree char *said =
        format == NULL ? NULL : g_strdup_printf("\"format\": \"%s\"", format->name);

    if (said != NULL && strstr(golden, said) != NULL)
        g_hash_table_add(seen, (gpointer)(uintptr_t)format);
}

static void
note_formats(const char *path, GHashTable *seen)
{
    static const HeedParserSettings settings = {.max_parts = 100, .max_depth = 10};
    g_autoptr(HeedReport) report = heed_report_new();
    g_autoptr(GString) scratch = g_string_new(NULL);
    g_auto(HeedMessage) message = {0};
    g_auto(HeedNoticeLook) look = {0};
    g_autofree char *beside = g_strdup_printf("%.*s.json", (int)strlen(path) - 4, path);
    g_autofree char *golden = NULL;
    g_autofree char *bytes = NULL;
    HeedReading reading = {
        .report = report, .settings = &settings, .message = &message, .scratch = scratch};
    gsize length;

    g_assert_true(g_file_get_contents(path, &bytes, &length, NULL));
    g_assert_true(g_file_get_contents(beside, &golden, NULL, NULL));
    heed_message_read(bytes, length, &settings, report, &message);
    heed_notice_look_at_header(&reading, &look);
    note(heed_notice_recognise(&look, HEED_KIND_AUTO_REPLY), golden, seen);
    heed_notice_look_at_text(&look);
    note(heed_notice_recognise(&look, HEED_KIND_OTHER), golden, seen);
    note(&heed_format_general, golden, seen);
}

static void
note_folder(const char *folder, GHashTable *seen)
{
    g_autofree char *whole = g_build_filename(FIXTURES, folder, NULL);
    g_autoptr(GDir) files = g_dir_open(whole, 0, NULL);
    const char *name;

    g_assert_nonnull(files);
    while ((name = g_dir_read_name(files)) != NULL) {
        g_autofree char *path = g_build_filename(whole, name, NULL);

        if (g_str_has_suffix(name, ".eml"))
            note_formats(path, seen);
    }
}

static void
check_fixtures(void)
{
    static const char *const folders[] = {"notice", "negative", "live"};
    g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);

    for (size_t i = 0; i < G_N_ELEMENTS(folders); i++)
        note_folder(folders[i], seen);
    each_format(check_covered, seen);
}

/* A template as it stands in the page: in code, its bars escaped for the table. */
static void
append_templates(GString *page, const char *what, HeedTemplates list)
{
    for (size_t i = 0; list != NULL && list[i] != NULL; i++) {
        g_autofree char *escaped = NULL;
        g_auto(GStrv) parts = g_strsplit(list[i], "|", -1);

        escaped = g_strjoinv("\\|", parts);
        g_string_append_printf(page, "%s%s`%s`", i == 0 ? what : "<br>", i == 0 ? " " : "",
                               escaped);
    }
    if (list != NULL)
        g_string_append(page, "<br>");
}

static void
append_format(GString *page, const HeedFormat *format)
{
    gsize begin;

    g_string_append_printf(page, "| %s | %s | ", format->name, format->title);
    begin = page->len;
    append_templates(page, "From", format->from);
    append_templates(page, "Subject", format->subject);
    append_templates(page, "field", format->header);
    append_templates(page, "text", format->opening);
    if (page->len > begin)
        g_string_truncate(page, page->len - strlen("<br>"));
    g_string_append_printf(page, " | %s |\n", format->source);
}

static char *
make_page(void)
{
    GString *page = g_string_new(
        "# What notices are read\n"
        "\n"
        "<!-- Made of the descriptions in parsers/formats/ by tests/unit/test_formats.c;\n"
        "     HEED_UPDATE_DOCS=1 build/dev/tests/test_formats writes it anew. -->\n"
        "\n"
        "Delivery status notifications ([RFC 3464](https://www.rfc-editor.org/rfc/rfc3464), RFC "
        "6533) are read by\n"
        "their fields, whoever wrote them, and completed from the text in front of them where the "
        "fields say less.\n"
        "Feedback reports (RFC 5965, RFC 6591), disposition notifications (RFC 8098) and Amazon "
        "SES's notifications\n"
        "in JSON (`ses`) have readers of their own. The formats below say in words what others say "
        "in fields.\n"
        "`format` in the output is the name in the first column. In the marks, `{*}` is any "
        "text.\n"
        "\n"
        "Words anybody can write: where text or Subject are the only marks, the mail must come from "
        "a mail system\n"
        "(mailer-daemon, postmaster and the like), have the null return path or X-Failed-Recipients, "
        "or say\n"
        "that it is automatic and have no return path. Keep Return-Path when mail is copied into a "
        "mailbox.\n");

    for (size_t i = 0; i < heed_format_table_count; i++) {
        const HeedFormatTable *table = heed_format_tables[i];

        g_string_append_printf(page,
                               "\n## %s\n\n| format | whose | recognised by | how we know |\n"
                               "|---|---|---|---|\n",
                               table->title);
        for (size_t j = 0; j < table->count; j++)
            append_format(page, &table->formats[j]);
    }
    g_string_append_printf(
        page,
        "\n## Everything else\n\nMail that a program sent (from mailer-daemon or postmaster, with "
        "a null return path, with\nX-Failed-Recipients) about mail that failed is read as `%s` if "
        "it names somebody on a line of the\nusual kinds. Anything else is `other`, or a reply.\n\n"
        "PowerMTA, SendGrid, Yandex and Amazon SES report by delivery status. No mail, document or "
        "program that\nwe could find shows a notice of Mailgun's or SMTP2GO's own, so neither is "
        "described.\n",
        heed_format_general.name);
    return g_string_free(page, FALSE);
}

static void
check_page(void)
{
    g_autofree char *page = make_page();
    g_autofree char *there = NULL;

    if (g_getenv("HEED_UPDATE_DOCS") != NULL)
        g_assert_true(g_file_set_contents(PAGE, page, -1, NULL));
    g_assert_true(g_file_get_contents(PAGE, &there, NULL, NULL));
    if (strcmp(page, there) != 0)
        g_error("docs/formats.md is stale: run HEED_UPDATE_DOCS=1 build/dev/tests/test_formats");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_mime_init();
    g_test_add_func("/formats/well-formed", check_formats);
    g_test_add_func("/formats/fixtures", check_fixtures);
    g_test_add_func("/formats/page", check_page);
    return g_test_run();
}
