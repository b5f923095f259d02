/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/explain_print.h"

#include "cli/terminal.h"
#include "parsers/advice.h"

#include <string.h>

/* What was put together already: of rules by their number, and of classes; each for temporary and
 * permanent refusals. NULL: not yet. */
struct HeedExplainPrinter {
    bool as_text;
    GPtrArray *of_rules;      /* of GString *, 2 * number + permanent */
    GPtrArray *of_classes;    /* of GString *, 2 * class + permanent */
    GHashTable *of_providers; /* provider → GString * */
};

/* As g_string_append_len(), but for what a million lines need: no call where there is room. */
static inline void
put(GString *out, const char *text, size_t length)
{
    if (length >= out->allocated_len - out->len) {
        g_string_append_len(out, text, (gssize)length);
        return;
    }
    memcpy(out->str + out->len, text, length);
    out->len += length;
    out->str[out->len] = '\0';
}

/* Of a text that is written in the program. */
#define APPEND(out, text) put((out), "" text "", sizeof(text) - 1)

static void
free_piece(void *piece)
{
    if (piece != NULL)
        (void)g_string_free(piece, TRUE);
}

HeedExplainPrinter *
heed_explain_printer_new(bool as_text)
{
    HeedExplainPrinter *printer = g_new0(HeedExplainPrinter, 1);

    printer->as_text = as_text;
    printer->of_rules = g_ptr_array_new_with_free_func(free_piece);
    printer->of_classes = g_ptr_array_new_with_free_func(free_piece);
    printer->of_providers = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, free_piece);
    return printer;
}

void
heed_explain_printer_free(HeedExplainPrinter *printer)
{
    if (printer == NULL)
        return;
    g_ptr_array_unref(printer->of_rules);
    g_ptr_array_unref(printer->of_classes);
    g_hash_table_unref(printer->of_providers);
    g_free(printer);
}

/* --- texts --- */

/* The length of the UTF-8 sequence at text; 0: it is none. */
static size_t
sequence(const char *text, size_t left)
{
    gunichar letter = g_utf8_get_char_validated(text, (gssize)left);

    if (letter == (gunichar)-1 || letter == (gunichar)-2)
        return 0;
    return (size_t)g_utf8_skip[(guchar)*text];
}

static void
append_unicode(GString *out, gunichar letter)
{
    char bytes[6];

    g_string_append_len(out, bytes, g_unichar_to_utf8(letter, bytes));
}

/* What JSON does not take as it is. */
static void
append_escaped(GString *out, char c)
{
    if (c == '"' || c == '\\') {
        g_string_append_c(out, '\\');
        g_string_append_c(out, c);
    } else {
        g_string_append_printf(out, "\\u%04x", (unsigned)(guchar)c);
    }
}

static inline bool
is_plain(char c)
{
    return (guchar)c >= 0x20 && (guchar)c < 0x80 && c != '"' && c != '\\';
}

/* Whether all of eight bytes are plain: no high bit, and none is below 0x20 or one of the two. A
 * byte behind one that is not may be taken for another such. */
static inline bool
are_plain(const char *text)
{
    const uint64_t ones = 0x0101010101010101U;
    const uint64_t tops = 0x8080808080808080U;
    uint64_t word;
    uint64_t quote;
    uint64_t backslash;

    memcpy(&word, text, sizeof(word));
    quote = word ^ ones * '"';
    backslash = word ^ ones * '\\';
    return ((word | (word - ones * 0x20) | (quote - ones) | (backslash - ones)) & tops) == 0;
}

/* A JSON string; bytes that are not UTF-8 are read as Latin-1. */
static void
append_json(GString *out, const char *text, size_t length)
{
    size_t at = 0;

    g_string_append_c(out, '"');
    while (at < length) {
        size_t begin = at;
        size_t bytes;

        while (at + sizeof(uint64_t) <= length && are_plain(text + at))
            at += sizeof(uint64_t);
        while (at < length && is_plain(text[at]))
            at++;
        put(out, text + begin, at - begin);
        if (at == length)
            break;
        if ((guchar)text[at] < 0x80) {
            append_escaped(out, text[at++]);
        } else if ((bytes = sequence(text + at, length - at)) > 0) {
            g_string_append_len(out, text + at, (gssize)bytes);
            at += bytes;
        } else {
            append_unicode(out, (guchar)text[at++]);
        }
    }
    g_string_append_c(out, '"');
}

static void
append_json_text(GString *out, const char *text)
{
    if (text == NULL)
        g_string_append(out, "null");
    else
        append_json(out, text, strlen(text));
}

/* For a terminal: what is not harmless is "?", the same bytes as above are Latin-1. */
static void
append_harmless(GString *out, const char *text, size_t length)
{
    for (size_t at = 0; at < length;) {
        size_t bytes = (guchar)text[at] < 0x80 ? 1 : sequence(text + at, length - at);
        gunichar letter = bytes > 0 ? g_utf8_get_char(text + at) : (guchar)text[at];

        if (letter == '\t')
            g_string_append_c(out, ' ');
        else if (!heed_terminal_is_harmless(letter))
            g_string_append_c(out, '?');
        else
            append_unicode(out, letter);
        at += MAX(bytes, 1);
    }
}

/* --- JSON --- */

/* What depends on the rule, or the class, and on permanence. */
static void
json_advice(const HeedClassification *result, GString *out)
{
    HeedExplanationAdvice advice;

    heed_explain_advice(result, &advice);
    g_string_append(out, ",\"class\":");
    append_json_text(out, heed_class_name(result->class_));
    g_string_append(out, ",\"cause\":");
    append_json_text(out, advice.cause);
    g_string_append(out, ",\"cause_title\":");
    append_json_text(out, heed_cause_title(advice.cause));
    g_string_append(out, ",\"means\":");
    append_json_text(out, advice.means);
    if (advice.wait == HEED_RULE_WAIT_UNKNOWN)
        g_string_append(out, ",\"waiting_helps\":null,\"wait_seconds\":null");
    else if (advice.wait == HEED_RULE_WAIT_NEVER)
        g_string_append(out, ",\"waiting_helps\":false,\"wait_seconds\":null");
    else
        g_string_append_printf(out, ",\"waiting_helps\":true,\"wait_seconds\":%" G_GINT64_FORMAT,
                               advice.wait);
    g_string_append(out, ",\"do\":");
    append_json_text(out, advice.remedy);
    g_string_append(out, ",\"source\":");
    append_json_text(out, advice.source);
}

static void
json_provider(const char *provider, const char *page, GString *out)
{
    const HeedContact *contact = heed_contact_of(provider);

    g_string_append(out, ",\"provider\":");
    append_json_text(out, provider);
    g_string_append(out, ",\"provider_title\":");
    append_json_text(out, contact == NULL ? provider : contact->title);
    g_string_append(out, ",\"contact\":");
    append_json_text(out, page);
}

/* --- text --- */

static const char *const verdict_meanings[] = {
    [HEED_VERDICT_UNSET] = "nothing failed",
    [HEED_VERDICT_HARD] = "the address does not work and will not",
    [HEED_VERDICT_SOFT] = "the address may not work now",
    [HEED_VERDICT_BLOCK] = "it is about the sender, not about the address",
    [HEED_VERDICT_TRANSIENT] = "it passes: network, load or the like",
    [HEED_VERDICT_NONE] = "nothing to conclude about the address",
};

static void
append_duration(GString *out, int64_t seconds)
{
    static const struct {
        int64_t seconds;
        const char *one;
    } units[] = {{86400, "day"}, {3600, "hour"}, {60, "minute"}, {1, "second"}};

    for (size_t i = 0; i < G_N_ELEMENTS(units); i++) {
        int64_t number = seconds / units[i].seconds;

        if (seconds % units[i].seconds != 0)
            continue;
        g_string_append_printf(out, "%" G_GINT64_FORMAT " %s%s", number, units[i].one,
                               number == 1 ? "" : "s");
        return;
    }
}

static void
text_advice(const HeedClassification *result, GString *out)
{
    HeedExplanationAdvice advice;

    heed_explain_advice(result, &advice);
    g_string_append_printf(out, "  cause     %s\n  means     %s\n  waiting   ",
                           heed_cause_title(advice.cause), advice.means);
    if (advice.wait == HEED_RULE_WAIT_UNKNOWN) {
        g_string_append(out, "may help; nobody says how long");
    } else if (advice.wait == HEED_RULE_WAIT_NEVER) {
        g_string_append(out, "does not help");
    } else {
        g_string_append(out, "helps: try again in ");
        append_duration(out, advice.wait);
    }
    g_string_append_printf(out, "\n  do        %s\n", advice.remedy);
    if (advice.source != NULL)
        g_string_append_printf(out, "  source    %s\n", advice.source);
}

static void
text_provider(const char *provider, const char *page, GString *out)
{
    const HeedContact *contact = heed_contact_of(provider);

    if (provider != NULL)
        g_string_append_printf(out, "  provider  %s\n",
                               contact == NULL ? provider : contact->title);
    if (page != NULL)
        g_string_append_printf(out, "  contact   %s\n", page);
}

/* --- both --- */

static void
print_provider(const HeedExplainPrinter *printer,
               const char *provider,
               const char *page,
               GString *out)
{
    if (printer->as_text)
        text_provider(provider, page, out);
    else
        json_provider(provider, page, out);
}

static void
print_advice(const HeedExplainPrinter *printer, const HeedClassification *result, GString *out)
{
    if (printer->as_text)
        text_advice(result, out);
    else
        json_advice(result, out);
}

/* Its place in the list, which grows as needed. */
static GString **
slot(GPtrArray *list, unsigned number, bool permanent)
{
    guint index = 2 * number + (permanent ? 1 : 0);

    if (index >= list->len)
        g_ptr_array_set_size(list, (gint)index + 1);
    return (GString **)&list->pdata[index];
}

static void
append_provider(HeedExplainPrinter *printer, const char *provider, GString *out)
{
    const char *name = provider == NULL ? "" : provider;
    GString *piece = g_hash_table_lookup(printer->of_providers, name);

    if (piece == NULL) {
        const HeedContact *contact = heed_contact_of(provider);

        piece = g_string_new(NULL);
        print_provider(printer, provider, contact == NULL ? NULL : contact->page, piece);
        g_hash_table_insert(printer->of_providers, (gpointer)(uintptr_t)name, piece);
    }
    put(out, piece->str, piece->len);
}

/* A rule that names provider or contact says it all; else the provider comes from the host. */
static void
append_pieces(HeedExplainPrinter *printer, const HeedClassification *result, GString *out)
{
    const HeedRule *rule = heed_explain_rule(result);
    bool says_all = rule != NULL && (rule->provider != NULL || rule->contact != NULL);
    GString **piece = rule == NULL ? slot(printer->of_classes, result->class_, result->permanent)
                                   : slot(printer->of_rules, rule->number, result->permanent);

    if (*piece == NULL) {
        HeedExplanationAdvice advice;

        *piece = g_string_new(NULL);
        print_advice(printer, result, *piece);
        heed_explain_advice(result, &advice);
        if (says_all)
            print_provider(printer, rule->provider, advice.contact, *piece);
    }
    put(out, (*piece)->str, (*piece)->len);
    if (!says_all)
        append_provider(printer, result->provider, out);
}

/* A name or a code, which need no escaping; "" is null. */
static void
append_name(GString *out, const char *name)
{
    size_t length = strlen(name);

    if (length == 0) {
        APPEND(out, "null");
        return;
    }
    APPEND(out, "\"");
    put(out, name, length);
    APPEND(out, "\"");
}

static void
print_json(HeedExplainPrinter *printer,
           const HeedExplanation *explanation,
           const char *text,
           size_t length,
           GString *out)
{
    const HeedClassification *result = &explanation->result;
    const char *verdict = heed_verdict_name(result->verdict);

    APPEND(out, "{\"text\":");
    append_json(out, text, length);
    APPEND(out, ",\"code\":");
    append_name(out, explanation->reply.code);
    APPEND(out, ",\"status\":");
    append_name(out, explanation->reply.status);
    APPEND(out, ",\"verdict\":");
    append_name(out, verdict == NULL ? "" : verdict);
    if (result->permanent)
        APPEND(out, ",\"permanent\":true,\"rule\":");
    else
        APPEND(out, ",\"permanent\":false,\"rule\":");
    append_name(out, result->rule);
    append_pieces(printer, result, out);
    APPEND(out, "}\n");
}

static void
print_text(HeedExplainPrinter *printer,
           const HeedExplanation *explanation,
           const char *text,
           size_t length,
           GString *out)
{
    const HeedClassification *result = &explanation->result;
    const char *class_ = heed_class_name(result->class_);
    const char *verdict = heed_verdict_name(result->verdict);

    append_harmless(out, text, length);
    g_string_append(out, "\n  class     ");
    g_string_append(out, class_ == NULL ? "none" : class_);
    g_string_append(out, "\n  verdict   ");
    g_string_append(out, verdict == NULL ? "none" : verdict);
    g_string_append(out, ": ");
    g_string_append(out, verdict_meanings[result->verdict]);
    g_string_append_c(out, '\n');
    append_pieces(printer, result, out);
    if (result->rule[0] != '\0') {
        g_string_append(out, "  decided   by ");
        g_string_append(out, result->rule);
        g_string_append_c(out, '\n');
    }
}

void
heed_explain_print(HeedExplainPrinter *printer,
                   const HeedExplanation *explanation,
                   const char *text,
                   size_t length,
                   GString *out)
{
    if (printer->as_text)
        print_text(printer, explanation, text, length, out);
    else
        print_json(printer, explanation, text, length, out);
}
