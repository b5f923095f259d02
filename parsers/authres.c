/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/authres.h"

#include <string.h>

typedef struct Reader {
    const char *at;
    GString *token; /* owned; the value of the last token, unquoted */
    /* A comment has a quote in it: it may repeat an address whose quoted local part (RFC
     * 5321 4.1.2) ends the comment and goes on as if the receiver had written it. */
    bool doubtful;
} Reader;

static const struct {
    const char *name;
    unsigned bit;
    const char *best; /* the property that has the domain */
    const char *second;
} known_methods[] = {
    {"dkim", HEED_AUTHRES_DKIM, "header.d", "header.i"},
    {"spf", HEED_AUTHRES_SPF, "smtp.mailfrom", "smtp.helo"},
    {"dmarc", HEED_AUTHRES_DMARC, "header.from", ""},
};

/* One method's result; the first of each kind of domain counts. */
typedef struct Result {
    bool pass;
    unsigned method; /* 0: none of those that are looked for */
    char best[HEED_HOST_BYTES];
    char second[HEED_HOST_BYTES];
} Result;

static void
skip_blanks(Reader *reader)
{
    size_t depth = 0;

    for (; *reader->at != '\0'; reader->at++) {
        char c = *reader->at;

        if (c == '(')
            depth++;
        else if (c == ')' && depth > 0)
            depth--;
        else if (c == '\\' && depth > 0 && reader->at[1] != '\0')
            reader->at++;
        else if (c == '"' && depth > 0)
            reader->doubtful = true;
        else if (depth == 0 && !g_ascii_isspace(c))
            return;
    }
}

static void
read_quoted(Reader *reader)
{
    for (reader->at++; *reader->at != '\0' && *reader->at != '"'; reader->at++) {
        if (*reader->at == '\\' && reader->at[1] != '\0')
            reader->at++;
        g_string_append_c(reader->token, *reader->at);
    }
    if (*reader->at == '"')
        reader->at++;
}

/* A quoted string or a run of other characters; "=", ";" and the end are not part of one. */
static bool
read_token(Reader *reader)
{
    g_string_truncate(reader->token, 0);
    skip_blanks(reader);
    if (*reader->at == '"') {
        read_quoted(reader);
        return true;
    }
    while (*reader->at != '\0' && !g_ascii_isspace(*reader->at) &&
           strchr("=;(\"", *reader->at) == NULL)
        g_string_append_c(reader->token, *reader->at++);
    return reader->token->len > 0;
}

/* A property's value up to a blank, ";" or the end: an address in it may have "=" and quoted
 * strings in its local part, which must not be taken for all of it. */
static void
read_value(Reader *reader)
{
    g_string_truncate(reader->token, 0);
    skip_blanks(reader);
    while (*reader->at != '\0' && *reader->at != ';' && !g_ascii_isspace(*reader->at)) {
        if (*reader->at == '"')
            read_quoted(reader);
        else
            g_string_append_c(reader->token, *reader->at++);
    }
}

static bool
accept(Reader *reader, char wanted)
{
    skip_blanks(reader);
    if (*reader->at != wanted)
        return false;
    reader->at++;
    return true;
}

/* The domain of "example.com", "@example.com", "user@example.com"; nothing of what is only partly
 * one. */
static void
copy_domain(const char *value, char out[HEED_HOST_BYTES])
{
    const char *at = strrchr(value, '@');
    size_t length;

    if (out[0] != '\0')
        return;
    value = at == NULL ? value : at + 1;
    length = strspn(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.");
    if (value[length] != '\0' || !heed_host_read(value, out))
        out[0] = '\0';
}

static void
take_property(Result *result, const char *name, const char *value)
{
    for (size_t i = 0; i < G_N_ELEMENTS(known_methods); i++) {
        if (known_methods[i].bit != result->method)
            continue;
        if (g_ascii_strcasecmp(name, known_methods[i].best) == 0)
            copy_domain(value, result->best);
        else if (g_ascii_strcasecmp(name, known_methods[i].second) == 0)
            copy_domain(value, result->second);
    }
}

static unsigned
method_named(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(known_methods); i++)
        if (g_ascii_strcasecmp(name, known_methods[i].name) == 0)
            return known_methods[i].bit;
    return 0;
}

/* "method[/version]=result [reason=x] [ptype.property=value]…" up to the semicolon. */
static void
read_result(Reader *reader, Result *result)
{
    bool first = true;

    while (read_token(reader)) {
        g_autofree char *name = g_strdup(reader->token->str);

        if (!accept(reader, '='))
            continue;
        if (first) {
            (void)read_token(reader);
            name[strcspn(name, "/")] = '\0';
            result->method = method_named(name);
            result->pass = g_ascii_strcasecmp(reader->token->str, "pass") == 0;
        } else {
            read_value(reader);
            take_property(result, name, reader->token->str);
        }
        first = false;
    }
    /* What cannot be read ends the field: nothing behind it is believed. */
    skip_blanks(reader);
    if (*reader->at != ';')
        reader->at += strlen(reader->at);
}

bool
heed_authres_read(const char *value,
                  char out_id[HEED_HOST_BYTES],
                  unsigned *methods,
                  GPtrArray *domains)
{
    g_autoptr(GString) token = g_string_new(NULL);
    Reader reader = {value, token, false};
    guint before = domains->len;
    unsigned seen = 0;

    out_id[0] = '\0';
    if (!read_token(&reader) || !heed_host_read(token->str, out_id)) {
        out_id[0] = '\0';
        return false;
    }
    skip_blanks(&reader);
    if (*reader.at != ';' && *reader.at != '\0' &&
        (!read_token(&reader) || strcmp(token->str, "1") != 0))
        return false;
    for (size_t results = 0; accept(&reader, ';') && results < HEED_AUTHRES_MAX; results++) {
        Result result = {0};
        const char *domain;

        read_result(&reader, &result);
        domain = result.best[0] != '\0' ? result.best : result.second;
        seen |= result.method;
        if (result.pass && (result.method & ~*methods) != 0 && domain[0] != '\0')
            g_ptr_array_add(domains, g_strdup(domain));
    }
    if (reader.doubtful)
        g_ptr_array_set_size(domains, (gint)before);
    else
        *methods |= seen;
    return !reader.doubtful;
}
