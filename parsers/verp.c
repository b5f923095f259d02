/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/verp.h"

#include "parsers/address.h"
#include "parsers/token.h"

#include <string.h>

/* How often a sender is undone: each forwarder on the way may have rewritten it. */
#define UNDO_LIMIT 4

static bool
is_word(char c)
{
    return g_ascii_isalnum(c) || c == '.' || c == '_';
}

/* Joins a local part and a domain, if they make an address. */
static char *
join(const char *local, size_t local_length, const char *domain, size_t domain_length)
{
    g_autofree char *text =
        g_strdup_printf("%.*s@%.*s", (int)local_length, local, (int)domain_length, domain);
    char *address = heed_address_normalise(text, -1);
    const char *dot = address == NULL ? NULL : strrchr(heed_address_domain(address), '.');

    /* A host name in public use has a dot, and no number behind it ("=v1.2"). */
    if (dot == NULL || !g_ascii_isalpha(dot[1]))
        g_clear_pointer(&address, g_free);
    return address;
}

static const char *
find_at(const char *address)
{
    const char *at = strrchr(address, '@');

    return at == NULL || at == address ? NULL : at;
}

/* Behind a run of letters and digits that ends in `end`, or NULL. */
static const char *
skip_tag(const char *text, const char *end)
{
    size_t length = 0;

    while (g_ascii_isalnum(text[length]))
        length++;
    return length > 0 && g_str_has_prefix(text + length, end) ? text + length + strlen(end) : NULL;
}

char *
heed_verp_untag(const char *address)
{
    static const struct {
        const char *prefix;
        const char *end;
    } tags[] = {{"prvs=", "="}, {"btv1==", "=="}, {"msprvs1=", "="}};

    for (size_t i = 0; i < G_N_ELEMENTS(tags); i++) {
        const char *rest;

        if (!g_str_has_prefix(address, tags[i].prefix))
            continue;
        rest = skip_tag(address + strlen(tags[i].prefix), tags[i].end);
        if (rest != NULL && *rest != '@')
            return heed_address_normalise(rest, -1);
    }
    return NULL;
}

/*
 * SRS0=HASH=TT=DOMAIN=LOCAL@forwarder. The separator behind SRS0 may be "-" or "+", too; a local
 * part may have any "=" of its own. SRS1=HASH=HOST=SHASH=TT=DOMAIN=LOCAL, where s is the separator
 * that stood behind SRS0.
 */
static char *
undo_srs(const char *address)
{
    const char *at = find_at(address);
    const char *rest = address + 5;
    const char *equals;
    int fields = 2;

    if (at == NULL || at - address < 6 || strchr("=+-", address[4]) == NULL)
        return NULL;
    if (g_ascii_strncasecmp(address, "srs1", 4) == 0) {
        for (int i = 0; i < 2; i++) {
            equals = memchr(rest, '=', (size_t)(at - rest));
            if (equals == NULL || equals == rest)
                return NULL;
            rest = equals + 1;
        }
        rest += *rest == '=' || *rest == '+' || *rest == '-' ? 1 : 0;
    } else if (g_ascii_strncasecmp(address, "srs0", 4) != 0) {
        return NULL;
    }
    for (; fields > 0; fields--) {
        equals = memchr(rest, '=', (size_t)(at - rest));
        if (equals == NULL || equals == rest)
            return NULL;
        rest = equals + 1;
    }
    equals = memchr(rest, '=', (size_t)(at - rest));
    if (equals == NULL || equals == rest || equals + 1 == at)
        return NULL;
    return join(equals + 1, (size_t)(at - equals - 1), rest, (size_t)(equals - rest));
}

char *
heed_verp_undo(const char *address)
{
    char *undone = g_strdup(address);

    for (int i = 0; i < UNDO_LIMIT; i++) {
        char *next = undo_srs(undone);

        if (next == NULL)
            next = heed_verp_untag(undone);
        if (next == NULL)
            break;
        g_free(undone);
        undone = next;
    }
    return undone;
}

/* Configured patterns. */

static const char needs_both[] = "it needs {local} and behind it {domain}, each once";

static bool
takes(const char **pattern, const char *placeholder)
{
    if (!g_str_has_prefix(*pattern, placeholder))
        return false;
    *pattern += strlen(placeholder);
    return true;
}

/* What has been seen of a pattern. */
typedef struct PatternCheck {
    unsigned locals;
    unsigned domains;
    bool separated; /* something literal since the last placeholder */
} PatternCheck;

/* A placeholder that ends where the rest begins; what is amiss with it, or NULL. */
static const char *
check_placeholder(PatternCheck *check, char kind, const char *rest)
{
    if (!check->separated)
        return "something must stand in front of each placeholder";
    if ((kind == 'd' && check->locals == 0) || strchr(rest, '@') == NULL)
        return needs_both;
    check->locals += kind == 'l' ? 1 : 0;
    check->domains += kind == 'd' ? 1 : 0;
    check->separated = false;
    return NULL;
}

bool
heed_verp_pattern_check(const char *pattern, const char **out_why)
{
    static const char *const placeholders[] = {"{local}", "{domain}", "{any}"};
    g_autofree char *plain = NULL;
    g_autoptr(GString) sample = g_string_new(NULL);
    PatternCheck check = {0};

    for (const char *c = pattern; *c != '\0';) {
        const char *found = NULL;

        for (size_t i = 0; i < G_N_ELEMENTS(placeholders) && found == NULL; i++)
            found = takes(&c, placeholders[i]) ? placeholders[i] : NULL;
        *out_why = found == NULL ? NULL : check_placeholder(&check, found[1], c);
        if (found == NULL && strchr("{}", *c) != NULL)
            *out_why = "its placeholders are {local}, {domain} and {any}";
        if (*out_why != NULL)
            return false;
        check.separated = found == NULL;
        g_string_append_c(sample, found == NULL ? *c++ : 'x');
    }
    *out_why = needs_both;
    if (check.locals != 1 || check.domains != 1)
        return false;
    *out_why = "it is no address";
    plain = heed_address_normalise(sample->str, -1);
    return plain != NULL;
}

/* What trying all readings of one address may cost: far beyond what patterns of use need. */
#define MATCH_STEPS 4096U

typedef struct Match {
    unsigned steps;
    const char *local;
    size_t local_length;
    const char *domain;
    size_t domain_length;
} Match;

static bool match_here(const char *pattern, const char *text, Match *match);

static bool
may_hold(const char *placeholder, char c)
{
    if (placeholder[1] == 'l')
        return c != '@';
    return is_word(c) || (placeholder[1] == 'd' && c == '-');
}

/*
 * A placeholder with the rest of the pattern behind it: {any} as short as possible, the others as
 * long.
 */
static bool
match_placeholder(const char *pattern, const char *text, Match *match)
{
    const char *rest = strchr(pattern, '}') + 1;
    bool shortest = pattern[1] == 'a';
    size_t most = 0;

    while (text[most] != '\0' && may_hold(pattern, text[most]))
        most++;
    for (size_t i = 1; i <= most; i++) {
        size_t length = shortest ? i : most + 1 - i;

        if (++match->steps > MATCH_STEPS)
            return false;
        if (!match_here(rest, text + length, match))
            continue;
        if (pattern[1] == 'l') {
            match->local = text;
            match->local_length = length;
        } else if (pattern[1] == 'd') {
            match->domain = text;
            match->domain_length = length;
        }
        return true;
    }
    return false;
}

static bool
match_here(const char *pattern, const char *text, Match *match)
{
    for (; *pattern != '\0' && *pattern != '{'; pattern++, text++)
        if (g_ascii_tolower(*pattern) != g_ascii_tolower(*text))
            return false;
    return *pattern == '{' ? match_placeholder(pattern, text, match) : *text == '\0';
}

/* The common schemes. */

static bool
is_bounce_word(const char *text, size_t length)
{
    static const char *const words[] = {"bounces",     "bounce", "return", "returns",
                                        "errors",      "error",  "verp",   "owner",
                                        "unsubscribe", "unsub",  "leave",  "optout"};

    for (size_t i = 0; i < G_N_ELEMENTS(words); i++)
        if (strlen(words[i]) == length && strncmp(text, words[i], length) == 0)
            return true;
    return false;
}

/* "LIST-bounces", "bounces", "owner-LIST". */
static bool
is_bounce_prefix(const char *text, size_t length)
{
    size_t word = length;

    while (word > 0 && text[word - 1] != '-')
        word--;
    return is_bounce_word(text + word, length - word) ||
           (length > 6 && strncmp(text, "owner-", 6) == 0);
}

/* The length of a run of hexadecimal digits and dots with at least one digit in it, before "-". */
static size_t
record_length(const char *text)
{
    size_t length = 0;
    bool digit = false;

    for (; g_ascii_isxdigit(text[length]) || text[length] == '.'; length++)
        digit = digit || g_ascii_isdigit(text[length]);
    return digit && text[length] == '-' ? length : 0;
}

/* What stands behind the "+": "USER=", "N-HEX-USER=" of SendGrid, "HEX.HEX-USER=" of Mailgun. */
static const char *
behind_plus(const char *prefix, size_t prefix_length, const char *rest)
{
    size_t record = record_length(rest);
    size_t number = strspn(rest, "0123456789");
    bool is_bare = memchr(prefix, '-', prefix_length) == NULL;

    if (record == 0)
        return is_bounce_prefix(prefix, prefix_length) ? rest : NULL;
    if (!is_bare || strncmp(prefix, "bounce", 6) != 0)
        return NULL;
    if (prefix_length == 6 && memchr(rest, '.', record) != NULL)
        return rest + record + 1;
    if (prefix_length == 7 && number == record) {
        size_t hash = strspn(rest + record + 1, "0123456789abcdef");

        return hash >= 4 && rest[record + 1 + hash] == '-' ? rest + record + hash + 2 : NULL;
    }
    return NULL;
}

/* "LIST-return-N-USER=" and "LIST-unsubscribe-USER=" of ezmlm, "bounces-USER=". */
static const char *
behind_dash(const char *local, const char *equals)
{
    const char *dash = memchr(local, '-', (size_t)(equals - local));
    const char *at = g_strstr_len(local, equals - local, "-return-");
    size_t number;

    if (at != NULL) {
        number = strspn(at + 8, "0123456789");
        return number > 0 && at[8 + number] == '-' ? at + 9 + number : NULL;
    }
    at = g_strstr_len(local, equals - local, "-unsubscribe-");
    if (at != NULL)
        return at + 13;
    if (dash == NULL || !is_bounce_word(local, (size_t)(dash - local)) ||
        memchr(dash + 1, '-', (size_t)(equals - dash - 1)) != NULL)
        return NULL;
    return dash + 1;
}

static char *
decode_common(const char *address)
{
    const char *at = find_at(address);
    const char *equals = at == NULL ? NULL : memchr(address, '=', (size_t)(at - address));
    const char *user = heed_token_behind(address);
    const char *plus;

    if (user != NULL) { /* whose user may have any "=" of its own */
        equals = g_strrstr_len(user, at - user, "=");
        return join(user, (size_t)(equals - user), equals + 1, (size_t)(at - equals - 1));
    }
    if (equals == NULL || memchr(equals + 1, '=', (size_t)(at - equals - 1)) != NULL)
        return NULL;
    plus = memchr(address, '+', (size_t)(equals - address));
    user = plus == NULL ? behind_dash(address, equals)
                        : behind_plus(address, (size_t)(plus - address), plus + 1);
    if (user == NULL || user >= equals)
        return NULL;
    return join(user, (size_t)(equals - user), equals + 1, (size_t)(at - equals - 1));
}

HeedVerp
heed_verp_decode(const char *address, const char *const *patterns, char **out_recipient)
{
    for (; patterns != NULL && *patterns != NULL; patterns++) {
        Match match = {0};

        if (!match_here(*patterns, address, &match))
            continue;
        *out_recipient = join(match.local, match.local_length, match.domain, match.domain_length);
        if (*out_recipient != NULL)
            return HEED_VERP_CONFIGURED;
    }
    *out_recipient = decode_common(address);
    return *out_recipient == NULL ? HEED_VERP_NONE : HEED_VERP_COMMON;
}

bool
heed_verp_agrees(const char *address, const char *recipient)
{
    const char *at = find_at(address);
    const char *recipient_at = find_at(recipient);
    size_t length = strlen(recipient);
    size_t local;
    const char *begin;

    if (at == NULL || recipient_at == NULL || (size_t)(at - address) < length + 2)
        return false;
    begin = at - length;
    local = (size_t)(recipient_at - recipient);
    return (begin[-1] == '+' || begin[-1] == '-') && begin[local] == '=' &&
           memcmp(begin, recipient, local) == 0 &&
           memcmp(begin + local + 1, recipient_at + 1, length - local - 1) == 0;
}
