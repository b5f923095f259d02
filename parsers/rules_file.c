/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"
#include "base/limits.h"
#include "parsers/advice.h"
#include "parsers/provider.h"
#include "parsers/rules_set.h"

#include <hs/hs.h>
#include <stdlib.h>
#include <string.h>

/* Some editors put it in front of UTF-8. */
#define BYTE_ORDER_MARK "\xef\xbb\xbf"

/* The reading of one file. */
typedef struct Reader {
    HeedRuleSet *set;
    const char *name; /* in the set's text */
    unsigned line;
    HeedRuleEntry *entry; /* the rule that is being read; NULL: none yet */
    GError **error;
} Reader;

static bool G_GNUC_PRINTF(3, 4) refuse(const Reader *reader, unsigned line, const char *format, ...)
{
    g_autofree char *text = NULL;
    va_list arguments;

    va_start(arguments, format);
    text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_set_error(reader->error, HEED_ERROR,
                reader->set->built_in ? HEED_ERROR_INTERNAL : HEED_ERROR_CONFIG, "%s:%u: %s",
                reader->name, line, text);
    return false;
}

/* A rule that the user wrote, in a file read before, has the name of a built-in one. */
static bool
refuse_name_of_built_in(const Reader *reader, const HeedRule *rule)
{
    g_set_error(reader->error, HEED_ERROR, HEED_ERROR_CONFIG,
                "%s:%u: rule %s is built in (%s:%u); choose another name", rule->file, rule->line,
                rule->id, reader->name, reader->line);
    return false;
}

static const char *
keep(Reader *reader, const char *value)
{
    return g_string_chunk_insert(reader->set->text, value);
}

/* --- values --- */

static bool
set_once(Reader *reader, const char **member, const char *value, const char *key)
{
    if (*member != NULL)
        return refuse(reader, reader->line, "a second '%s' in rule %s", key,
                      reader->entry->rule.id);
    *member = keep(reader, value);
    return true;
}

static bool
is_name(const char *value)
{
    return *value != '\0' && value[strspn(value, "abcdefghijklmnopqrstuvwxyz0123456789.-")] == '\0';
}

static bool
read_class(Reader *reader, const char *value)
{
    HeedRule *rule = &reader->entry->rule;
    HeedClass class_;

    if (rule->class_ != HEED_CLASS_NONE)
        return refuse(reader, reader->line, "a second 'class' in rule %s", rule->id);
    if (!heed_class_from_name(value, &class_) || class_ >= HEED_CLASS_ABUSE)
        return refuse(reader, reader->line,
                      "'%s' is not a class of failures (bad-mailbox, reputation, …)", value);
    rule->class_ = class_;
    return true;
}

static bool
read_provider(Reader *reader, const char *value)
{
    if (!is_name(value))
        return refuse(reader, reader->line,
                      "provider '%s': allowed are lower case letters, digits, '.' and '-'", value);
    return set_once(reader, &reader->entry->rule.provider, value, "provider");
}

static bool
read_at(Reader *reader, const char *value)
{
    g_auto(GStrv) names = g_strsplit_set(value, " \t", -1);

    if (reader->entry->at == NULL)
        reader->entry->at = g_ptr_array_new();
    for (size_t i = 0; names[i] != NULL; i++) {
        if (*names[i] == '\0')
            continue;
        if (!heed_provider_exists(names[i]))
            return refuse(reader, reader->line,
                          "at '%s': no hosts of such a provider are known, it would never match",
                          names[i]);
        g_ptr_array_add(reader->entry->at, (gpointer)(uintptr_t)keep(reader, names[i]));
    }
    return true;
}

static bool
read_codes(Reader *reader, const char *value)
{
    g_auto(GStrv) words = g_strsplit_set(value, " \t,", -1);

    if (reader->entry->codes == NULL)
        reader->entry->codes = g_array_new(FALSE, TRUE, sizeof(HeedRuleCode));
    for (size_t i = 0; words[i] != NULL; i++) {
        const char *word = words[i];
        HeedRuleCode code = {""};

        if (*word == '\0')
            continue;
        if (strcmp(word, "none") != 0) {
            if (strlen(word) != 3 || strchr("245", word[0]) == NULL ||
                word[strspn(word, "0123456789x")] != '\0')
                return refuse(reader, reader->line,
                              "code '%s': allowed are three digits, x for any, and none", word);
            memcpy(code.digits, word, sizeof(code.digits));
        }
        g_array_append_val(reader->entry->codes, code);
    }
    return true;
}

bool
heed_rule_status_read(const char *text, HeedRuleStatus *out_status)
{
    HeedRuleStatus status = {0};

    for (unsigned i = 0; i < 3; i++) {
        unsigned number = 0;
        unsigned digits = 0;

        while (digits < 3 && g_ascii_isdigit(text[digits]))
            number = number * 10 + (unsigned)(text[digits++] - '0');
        if (digits == 0 && *text != 'x')
            return false;
        status.value = status.value << 10 | number;
        status.mask = status.mask << 10 | (digits > 0 ? 1023U : 0U);
        text += digits > 0 ? digits : 1;
        if (i < 2 && *text++ != '.')
            return false;
    }
    *out_status = status;
    return *text == '\0';
}

static bool
read_statuses(Reader *reader, const char *value)
{
    g_auto(GStrv) words = g_strsplit_set(value, " \t,", -1);

    if (reader->entry->statuses == NULL)
        reader->entry->statuses = g_array_new(FALSE, TRUE, sizeof(HeedRuleStatus));
    for (size_t i = 0; words[i] != NULL; i++) {
        HeedRuleStatus status = {.mask = UINT32_MAX}; /* none */

        if (*words[i] == '\0')
            continue;
        if (strcmp(words[i], "none") != 0 && !heed_rule_status_read(words[i], &status))
            return refuse(
                reader, reader->line,
                "status '%s': allowed are codes such as 5.7.1, x for any number, and none",
                words[i]);
        g_array_append_val(reader->entry->statuses, status);
    }
    return true;
}

static bool
read_when(Reader *reader, const char *value)
{
    if (strcmp(value, "permanent") == 0)
        reader->entry->when = HEED_RULE_WHEN_PERMANENT;
    else if (strcmp(value, "temporary") == 0)
        reader->entry->when = HEED_RULE_WHEN_TEMPORARY;
    else
        return refuse(reader, reader->line, "when '%s': allowed are permanent and temporary",
                      value);
    return true;
}

static bool
read_wait(Reader *reader, const char *value)
{
    static const struct {
        char letter;
        int64_t seconds;
    } units[] = {{'m', 60}, {'h', 3600}, {'d', 86400}};

    HeedRule *rule = &reader->entry->rule;
    char *end = NULL;
    unsigned long number;

    rule->wait = HEED_RULE_WAIT_UNSAID;
    if (strcmp(value, "never") == 0)
        rule->wait = HEED_RULE_WAIT_NEVER;
    if (strcmp(value, "unknown") == 0)
        rule->wait = HEED_RULE_WAIT_UNKNOWN;
    if (g_ascii_isdigit(*value)) {
        number = strtoul(value, &end, 10);
        for (size_t i = 0; i < G_N_ELEMENTS(units); i++)
            if (number > 0 && number <= 1000 && *end == units[i].letter && end[1] == '\0')
                rule->wait = (int64_t)number * units[i].seconds;
    }
    if (rule->wait == HEED_RULE_WAIT_UNSAID)
        return refuse(reader, reader->line,
                      "wait '%s': allowed are 30m, 2h, 1d and the like, never, and unknown", value);
    return true;
}

static bool
read_cause(Reader *reader, const char *value)
{
    if (!heed_cause_exists(value))
        return refuse(reader, reader->line, "cause '%s': no such cause (parsers/advice.h)", value);
    return set_once(reader, &reader->entry->rule.cause, value, "cause");
}

static bool
read_means(Reader *reader, const char *value)
{
    return set_once(reader, &reader->entry->rule.means, value, "means");
}

static bool
read_do(Reader *reader, const char *value)
{
    return set_once(reader, &reader->entry->rule.remedy, value, "do");
}

static bool
read_contact(Reader *reader, const char *value)
{
    if (!g_str_has_prefix(value, "https://") && !g_str_has_prefix(value, "http://"))
        return refuse(reader, reader->line, "contact '%s': is not a web address", value);
    return set_once(reader, &reader->entry->rule.contact, value, "contact");
}

static bool
read_source(Reader *reader, const char *value)
{
    if (reader->entry->rule.source == NULL)
        reader->entry->rule.source = keep(reader, value);
    return true;
}

static bool
read_note(Reader *reader, const char *value)
{
    (void)reader;
    (void)value;
    return true;
}

static bool
read_example(Reader *reader, const char *value)
{
    if (reader->entry->examples == NULL)
        reader->entry->examples = g_ptr_array_new();
    g_ptr_array_add(reader->entry->examples, (gpointer)(uintptr_t)keep(reader, value));
    return true;
}

/* --- patterns --- */

static bool
add_pattern(Reader *reader, const char *expression, unsigned flags, HeedRuleRole role)
{
    HeedRulePattern pattern = {.expression = keep(reader, expression),
                               .flags = flags | HS_FLAG_SINGLEMATCH,
                               .role = role,
                               .line = reader->line,
                               .entry = reader->entry};
    unsigned index = reader->set->patterns->len;

    if (index >= HEED_LIMIT_RULE_PATTERNS)
        return refuse(reader, reader->line, "more than %u patterns", HEED_LIMIT_RULE_PATTERNS);
    for (const char *c = expression; *c != '\0'; c++)
        if ((unsigned char)*c >= 0x80)
            pattern.flags |= HS_FLAG_UTF8;
    g_array_append_val(reader->set->patterns, pattern);
    if (role == HEED_RULE_ROLE_ANY)
        return true;
    if (reader->entry->conditions == NULL)
        reader->entry->conditions = g_array_new(FALSE, FALSE, sizeof(unsigned));
    g_array_append_val(reader->entry->conditions, index);
    return true;
}

static bool
add_expression(Reader *reader, const char *value, HeedRuleRole role)
{
    if (strlen(value) > HEED_LIMIT_RULE_PATTERN_BYTES)
        return refuse(reader, reader->line, "a pattern longer than %u bytes",
                      HEED_LIMIT_RULE_PATTERN_BYTES);
    if (strchr(value, '_') != NULL)
        return refuse(reader, reader->line, "a pattern never sees '_': write a blank for it");
    return add_pattern(reader, value, HS_FLAG_CASELESS, role);
}

static bool
read_text(Reader *reader, const char *value)
{
    reader->entry->has_text = true;
    return add_expression(reader, value, HEED_RULE_ROLE_ANY);
}

static bool
read_and(Reader *reader, const char *value)
{
    return add_expression(reader, value, HEED_RULE_ROLE_AND);
}

static bool
read_not(Reader *reader, const char *value)
{
    return add_expression(reader, value, HEED_RULE_ROLE_NOT);
}

static bool
is_word_character(char c)
{
    return g_ascii_isalnum(c) || (unsigned char)c >= 0x80;
}

static bool
read_tag(Reader *reader, const char *value)
{
    g_autoptr(GString) expression = g_string_new(NULL);
    size_t length = strlen(value);

    if (length > HEED_LIMIT_RULE_PATTERN_BYTES / 4)
        return refuse(reader, reader->line, "a tag longer than %u bytes",
                      HEED_LIMIT_RULE_PATTERN_BYTES / 4);
    if (is_word_character(value[0]))
        g_string_append(expression, "(?:^|[^0-9A-Za-z])");
    for (size_t i = 0; i < length; i++) {
        if (!is_word_character(value[i]) && value[i] != '_')
            g_string_append_c(expression, '\\');
        /* As in the text. */
        g_string_append_c(expression, (char)(value[i] == '_' ? ' ' : value[i]));
    }
    if (is_word_character(value[length - 1]))
        g_string_append(expression, "(?:$|[^0-9A-Za-z])");
    reader->entry->has_tag = true;
    return add_pattern(reader, expression->str, 0, HEED_RULE_ROLE_ANY);
}

/* --- rules --- */

/* Whether the rule that was read so far is whole. */
static bool
finish_rule(Reader *reader)
{
    HeedRuleEntry *entry = reader->entry;
    HeedRule *rule;
    bool is_providers;

    if (entry == NULL)
        return true;
    rule = &entry->rule;
    is_providers = rule->provider != NULL || entry->at != NULL;
    if (rule->class_ == HEED_CLASS_NONE)
        return refuse(reader, rule->line, "rule %s has no class", rule->id);
    if (entry->examples == NULL)
        return refuse(reader, rule->line, "rule %s has no example", rule->id);
    if (is_providers && rule->source == NULL)
        return refuse(reader, rule->line, "rule %s is about a provider and has no source",
                      rule->id);
    if (!entry->has_tag && !entry->has_text &&
        (!is_providers || (entry->codes == NULL && entry->statuses == NULL)))
        return refuse(reader, rule->line,
                      "rule %s has neither text nor tag, nor a provider with code or status",
                      rule->id);
    if (entry->is_weak && (is_providers || entry->has_tag))
        return refuse(reader, rule->line, "rule %s: a weak rule has no tag, provider or at",
                      rule->id);
    g_ptr_array_add(entry->examples, NULL);
    rule->examples = (const char *const *)entry->examples->pdata;
    rule->at = entry->at == NULL || entry->at->len == 0 ? NULL : entry->at->pdata[0];
    if (entry->is_weak)
        rule->tier = HEED_RULE_TIER_WEAK;
    else if (entry->has_tag)
        rule->tier = HEED_RULE_TIER_TAG;
    else
        rule->tier = is_providers ? HEED_RULE_TIER_PROVIDER : HEED_RULE_TIER_GENERAL;
    return true;
}

static bool
begin_rule(Reader *reader, const char *id)
{
    HeedRuleEntry *entry;
    const HeedRuleEntry *other;

    if (!finish_rule(reader))
        return false;
    if (!is_name(id) || strlen(id) > HEED_LIMIT_RULE_ID_BYTES)
        return refuse(reader, reader->line,
                      "rule '%s': a name has 1 to %u lower case letters, digits, dots and dashes",
                      id, HEED_LIMIT_RULE_ID_BYTES);
    other = g_hash_table_lookup(reader->set->ids, id);
    if (other != NULL && reader->set->built_in && !other->rule.built_in)
        return refuse_name_of_built_in(reader, &other->rule);
    if (other != NULL)
        return refuse(reader, reader->line, "rule %s is there already, at %s:%u", id,
                      other->rule.file, other->rule.line);
    if (reader->set->entries->len >= HEED_LIMIT_RULES)
        return refuse(reader, reader->line, "more than %u rules", HEED_LIMIT_RULES);
    entry = g_new0(HeedRuleEntry, 1);
    entry->order = reader->set->entries->len;
    entry->rule.id = keep(reader, id);
    entry->rule.file = reader->name;
    entry->rule.line = reader->line;
    entry->rule.wait = HEED_RULE_WAIT_UNSAID;
    entry->rule.built_in = reader->set->built_in;
    g_ptr_array_add(reader->set->entries, entry);
    g_hash_table_insert(reader->set->ids, (gpointer)(uintptr_t)entry->rule.id, entry);
    reader->entry = entry;
    return true;
}

static const struct {
    const char *name;
    bool (*read)(Reader *reader, const char *value);
} keys[] = {
    {"class", read_class},     {"provider", read_provider}, {"at", read_at},
    {"code", read_codes},      {"status", read_statuses},   {"when", read_when},
    {"tag", read_tag},         {"text", read_text},         {"and", read_and},
    {"not", read_not},         {"example", read_example},   {"wait", read_wait},
    {"cause", read_cause},     {"means", read_means},       {"do", read_do},
    {"contact", read_contact}, {"note", read_note},         {"source", read_source},
};

static bool
read_key(Reader *reader, const char *key, const char *value)
{
    if (strcmp(key, "rule") == 0)
        return begin_rule(reader, value);
    if (reader->entry == NULL)
        return refuse(reader, reader->line, "'%s' stands before the first rule", key);
    if (strcmp(key, "weak") == 0) {
        reader->entry->is_weak = true;
        return *value == '\0' || refuse(reader, reader->line, "'weak' has no value");
    }
    for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
        if (strcmp(keys[i].name, key) != 0)
            continue;
        if (*value == '\0')
            return refuse(reader, reader->line, "'%s' has no value", key);
        return keys[i].read(reader, value);
    }
    return refuse(reader, reader->line, "'%s' is not known here", key);
}

static bool
read_line(Reader *reader, char *line)
{
    char *value;

    if (strlen(line) > HEED_LIMIT_RULE_LINE_BYTES)
        return refuse(reader, reader->line, "a line longer than %u bytes",
                      HEED_LIMIT_RULE_LINE_BYTES);
    (void)g_strstrip(line);
    /* What a rule says goes to terminals. */
    for (const char *c = line; *c != '\0'; c++)
        if (g_ascii_iscntrl(*c) && *c != '\t')
            return refuse(reader, reader->line, "a control character");
    if (*line == '\0' || *line == '#')
        return true;
    value = line + strcspn(line, " \t");
    if (*value != '\0') {
        *value++ = '\0';
        value += strspn(value, " \t");
    }
    return read_key(reader, line, value);
}

bool
heed_rule_set_read(
    HeedRuleSet *set, const char *name, const char *text, size_t length, GError **error)
{
    Reader reader = {.set = set, .error = error};
    g_auto(GStrv) lines = NULL;
    g_autofree char *copy = NULL;

    reader.name = g_string_chunk_insert_const(set->text, name);
    if (length >= strlen(BYTE_ORDER_MARK) &&
        memcmp(text, BYTE_ORDER_MARK, strlen(BYTE_ORDER_MARK)) == 0) {
        text += strlen(BYTE_ORDER_MARK);
        length -= strlen(BYTE_ORDER_MARK);
    }
    if (length > HEED_LIMIT_RULES_FILE_BYTES)
        return refuse(&reader, 1, "the file is larger than %u bytes", HEED_LIMIT_RULES_FILE_BYTES);
    if (!g_utf8_validate(text, (gssize)length, NULL))
        return refuse(&reader, 1, "the file is not UTF-8 text");
    copy = g_strndup(text, length);
    lines = g_strsplit(copy, "\n", -1);
    for (size_t i = 0; lines[i] != NULL; i++) {
        reader.line = (unsigned)i + 1;
        if (!read_line(&reader, lines[i]))
            return false;
    }
    return finish_rule(&reader);
}
