/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/reply.h"
#include "parsers/rules.h"

#include <string.h>

/* The way of the text into the form that patterns see. */
typedef struct Fold {
    const char *text;
    size_t length;
    size_t at;
    char *out;
    size_t size;
    size_t used;
    size_t boundary;        /* where in out the local part of an address may begin */
    char code[4];           /* the reply code that was taken off */
    bool continued;         /* and that stood with a hyphen */
    bool underscore_blanks; /* qmail's way of writing blanks */
} Fold;

static inline bool
is_blank(char c)
{
    return (unsigned char)c <= ' ' || c == '_' || c == '\x7f';
}

/*
 * What the bytes are, since each byte of each reply is asked: B blanks, U "_", which
 * is a blank and may be part of an address, A "@", L what the local part of an address may hold
 * (RFC 5322 atext and the dot; not "'", which quotes addresses more often than it is in one), E the
 * backslash, O other ASCII, H what is beyond it.
 */
static const char kinds[] = /* 32 a line */
    "BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB"
    "BLOLLLLOOOLLOLLLLLLLLLLLLLOOOLOL"
    "ALLLLLLLLLLLLLLLLLLLLLLLLLLOEOLU"
    "LLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLB"
    "HHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHH"
    "HHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHH"
    "HHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHH"
    "HHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHH";

static inline char
kind_of(char c)
{
    return kinds[(unsigned char)c];
}

static inline bool
is_local(const Fold *fold, char c)
{
    char kind = kind_of(c);

    return kind == 'L' || (kind == 'U' && !fold->underscore_blanks);
}

static size_t
digits_at(const Fold *fold, size_t at)
{
    size_t count = 0;

    while (at + count < fold->length && g_ascii_isdigit(fold->text[at + count]))
        count++;
    return count;
}

/* The length of an enhanced code at "at", with the brackets, hyphens and signs before it; 0: none.
 */
static size_t
status_at(const Fold *fold, size_t at)
{
    size_t begin = at;
    char status[HEED_STATUS_BYTES];

    while (begin < fold->length && begin - at < 4 &&
           (is_blank(fold->text[begin]) || strchr("-#([<:/=", fold->text[begin]) != NULL))
        begin++;
    if (begin == fold->length || !g_ascii_isdigit(fold->text[begin]) ||
        !heed_status_read(fold->text + begin, fold->length - begin, status))
        return 0;
    return begin - at + strlen(status);
}

/* Steps over what ends a code. */
static void
skip_end_of_code(Fold *fold)
{
    while (fold->at < fold->length && fold->text[fold->at] != '\0' &&
           (is_blank(fold->text[fold->at]) || strchr("-:;,)]>", fold->text[fold->at]) != NULL))
        fold->at++;
    fold->boundary = fold->used;
}

/* Whether a reply may begin here: first of all, or behind a colon and a blank. */
static bool
may_begin_reply(const Fold *fold)
{
    return fold->used == 0 ||
           (fold->used > 1 && fold->out[fold->used - 1] == ' ' && fold->out[fold->used - 2] == ':');
}

/* A reply code with or without an enhanced one, or that alone, where a reply begins. */
static bool
skip_front(Fold *fold)
{
    const char *begin = fold->text + fold->at;
    size_t status;

    if (digits_at(fold, fold->at) == 3 && begin[0] >= '2' && begin[0] <= '5' &&
        (fold->at + 3 == fold->length || !g_ascii_isalnum(begin[3])) &&
        (fold->at + 4 >= fold->length || begin[3] != '.' || !g_ascii_isdigit(begin[4]))) {
        memcpy(fold->code, begin, 3);
        fold->continued = fold->at + 3 < fold->length && begin[3] == '-';
        fold->at += 3;
        fold->at += status_at(fold, fold->at);
        skip_end_of_code(fold);
        return true;
    }
    status = status_at(fold, fold->at);
    if (status == 0)
        return false;
    fold->at += status;
    skip_end_of_code(fold);
    return true;
}

/* The codes before a further line of the same reply, the lines being one: "550-5.1.1 ". */
static bool
skip_continuation(Fold *fold)
{
    const char *begin = fold->text + fold->at;
    size_t left = fold->length - fold->at;
    size_t status;

    if (fold->code[0] == '\0' || left < 5 || memcmp(begin, fold->code, 3) != 0)
        return false;
    if (begin[3] == '-' && !g_ascii_isdigit(begin[4]))
        fold->continued = true;
    else if ((begin[3] != '-' && !is_blank(begin[3])) || !fold->continued)
        return false;
    status = status_at(fold, fold->at + 3);
    if (begin[3] == '-' && g_ascii_isdigit(begin[4]) && status == 0)
        return false;
    fold->at += 3 + (status > 0 ? status : 1);
    skip_end_of_code(fold);
    return true;
}

static inline bool
skip_codes(Fold *fold)
{
    char c = fold->text[fold->at];

    if (fold->used > 0 && fold->out[fold->used - 1] != ' ')
        return false;
    if ((c < '0' || c > '9') && c != '#' && c != '(' && c != '[')
        return false;
    return (may_begin_reply(fold) && skip_front(fold)) || skip_continuation(fold);
}

/* Where the domain ends that begins at "at": a name or a literal ("[192.0.2.1]"). */
static size_t
domain_end(const Fold *fold, size_t at)
{
    size_t end = at;

    if (at < fold->length && fold->text[at] == '[') {
        while (end < fold->length && fold->text[end] != ']' && !is_blank(fold->text[end]))
            end++;
        return end < fold->length && fold->text[end] == ']' ? end + 1 : end;
    }
    while (end < fold->length &&
           (g_ascii_isalnum(fold->text[end]) || fold->text[end] == '.' || fold->text[end] == '-' ||
            (fold->text[end] == '_' && !fold->underscore_blanks)))
        end++;
    while (end > at && !g_ascii_isalnum(fold->text[end - 1]))
        end--;
    return end;
}

/* At "@": takes back the local part and steps over the domain; false when it is no address. */
static bool
fold_address(Fold *fold)
{
    size_t begin = fold->boundary;
    size_t end = domain_end(fold, fold->at + 1);

    if (fold->used == begin || end == fold->at + 1)
        return false;
    if (begin > 0 && fold->out[begin - 1] == '<') {
        begin--;
        end += end < fold->length && fold->text[end] == '>' ? 1 : 0;
    }
    memcpy(fold->out + begin, "<@>", 3);
    fold->used = begin + 3;
    fold->boundary = fold->used;
    fold->at = end;
    return true;
}

/* A character beyond ASCII, or a byte that is none and is read as Latin-1. */
static void
fold_character(Fold *fold)
{
    const char *begin = fold->text + fold->at;
    gunichar letter = g_utf8_get_char_validated(begin, (gssize)(fold->length - fold->at));

    if (letter == (gunichar)-1 || letter == (gunichar)-2) {
        letter = (unsigned char)*begin;
        fold->at++;
    } else {
        fold->at += (size_t)g_utf8_skip[(unsigned char)*begin];
    }
    fold->used += (size_t)g_unichar_to_utf8(letter, fold->out + fold->used);
    fold->boundary = fold->used;
}

/* A byte written as "\303": Exim writes those beyond ASCII so. */
static bool
escaped_at(const Fold *fold, size_t at, char *out)
{
    const char *text = fold->text + at;

    if (at + 4 > fold->length || text[0] != '\\' || text[1] < '2' || text[1] > '3' ||
        text[2] < '0' || text[2] > '7' || text[3] < '0' || text[3] > '7')
        return false;
    *out = (char)(((text[1] - '0') << 6) | ((text[2] - '0') << 3) | (text[3] - '0'));
    return true;
}

/* A character whose bytes are escaped; false when they are none. */
static bool
fold_escaped(Fold *fold)
{
    char bytes[4];
    size_t count = 0;
    gunichar letter;

    while (count < sizeof(bytes) && escaped_at(fold, fold->at + (4 * count), &bytes[count]))
        count++;
    if (count == 0)
        return false;
    letter = g_utf8_get_char_validated(bytes, (gssize)count);
    if (letter == (gunichar)-1 || letter == (gunichar)-2)
        return false;
    fold->at += 4 * (size_t)g_utf8_skip[(unsigned char)bytes[0]];
    fold->used += (size_t)g_unichar_to_utf8(letter, fold->out + fold->used);
    fold->boundary = fold->used;
    return true;
}

static void
fold_blank(Fold *fold)
{
    char c = fold->text[fold->at++];

    if (fold->used > 0 && fold->out[fold->used - 1] != ' ')
        fold->out[fold->used++] = ' ';
    if (!is_local(fold, c))
        fold->boundary = fold->used;
}

/* As it is: one character, and those behind it that need no more thought. */
static void
fold_word(Fold *fold)
{
    size_t most = MIN(fold->length - fold->at, fold->size - fold->used);
    const char *from = fold->text + fold->at;
    char *to = fold->out + fold->used;
    size_t boundary = 0;
    size_t i = 0;
    char kind;

    do {
        to[i] = from[i];
        if (kind_of(from[i]) != 'L')
            boundary = i + 1;
        i++;
    } while (i < most && ((kind = kind_of(from[i])) == 'L' || kind == 'O'));
    if (boundary > 0)
        fold->boundary = fold->used + boundary;
    fold->at += i;
    fold->used += i;
}

/* The length of an IPv4 address whose first dot is at "dot"; 0: none. *out_begin is where it begins
 * behind "from". */
static size_t
ip_around(const char *text, size_t length, size_t from, size_t dot, size_t *out_begin)
{
    size_t begin = dot;
    size_t at = dot;

    while (begin > from && dot - begin < 4 && g_ascii_isdigit(text[begin - 1]))
        begin--;
    if (begin == dot || dot - begin > 3 ||
        (begin > from && (g_ascii_isalnum(text[begin - 1]) || text[begin - 1] == '.')))
        return 0;
    for (int part = 0; part < 3; part++) {
        size_t digits = 0;

        if (at == length || text[at] != '.')
            return 0;
        at++;
        while (at < length && digits < 4 && g_ascii_isdigit(text[at])) {
            digits++;
            at++;
        }
        if (digits == 0 || digits > 3)
            return 0;
    }
    if (at < length && (g_ascii_isalnum(text[at]) ||
                        (text[at] == '.' && at + 1 < length && g_ascii_isdigit(text[at + 1]))))
        return 0;
    *out_begin = begin;
    return at - begin;
}

/* Makes each IPv4 address "0.0.0.0"; returns the new length. */
static size_t
fold_ips(char *text, size_t length)
{
    static const char any[] = "0.0.0.0"; /* as short as they can be */
    size_t used = 0;                     /* what is done, */
    size_t taken = 0;                    /* of what */
    const char *dot = length == 0 ? NULL : memchr(text, '.', length);

    while (dot != NULL) {
        size_t at = (size_t)(dot - text);
        size_t begin = 0;
        size_t ip = ip_around(text, length, taken, at, &begin);

        if (ip > 0) {
            memmove(text + used, text + taken, begin - taken);
            used += begin - taken;
            memcpy(text + used, any, sizeof(any) - 1);
            used += sizeof(any) - 1;
            taken = begin + ip;
            at = taken - 1;
        }
        at++;
        dot = at < length ? memchr(text + at, '.', length - at) : NULL;
    }
    if (taken > used)
        memmove(text + used, text + taken, length - taken);
    return used + length - taken;
}

size_t
heed_rules_normalise(const char *text, size_t length, char *out, size_t size)
{
    Fold fold = {.text = text,
                 .length = length,
                 .at = heed_reply_type_length(text, length),
                 .size = size,
                 .underscore_blanks = length > 0 && memchr(text, ' ', length) == NULL};

    fold.out = out;

    /* One step writes at most six bytes. */
    while (fold.at < length && fold.used + 6 <= size) {
        char kind = kind_of(text[fold.at]);

        if (kind == 'B' || kind == 'U')
            fold_blank(&fold);
        else if (kind == 'H')
            fold_character(&fold);
        else if (kind == 'E' && fold_escaped(&fold))
            continue;
        else if (kind == 'A' ? !fold_address(&fold) : !skip_codes(&fold))
            fold_word(&fold);
    }
    while (fold.used > 0 && fold.out[fold.used - 1] == ' ')
        fold.used--;
    return fold_ips(out, fold.used);
}
