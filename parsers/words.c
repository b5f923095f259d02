/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/words.h"

#include "parsers/classify.h"

#include <string.h>

typedef struct Phrase {
    const char *text;
    uint8_t length;
    uint8_t class_;
    const char *reason;
} Phrase;

#define HEED_WORDS(phrase, class_, reason) \
    {phrase, sizeof(phrase) - 1, HEED_CLASS_##class_, reason},
static const Phrase phrases[] = {
#include "parsers/rules/words.def"
};
#undef HEED_WORDS

static bool
is_space(char c)
{
    return c == ' ' || c == '_' || c == '\t' || c == '\n' || c == '\r';
}

/* Lower case, single spaces; without mail addresses and URLs, whose names say nothing of the cause
 * ("quota@example.com"). Returns the length. */
static size_t
fold(const char *text, size_t length, char *out)
{
    size_t used = 0;
    size_t word = 0; /* where the current word begins in out */

    for (size_t i = 0; i < length && used + 1 < HEED_WORDS_BYTES; i++) {
        bool address = text[i] == '@';
        bool url = text[i] == ':' && i + 2 < length && text[i + 1] == '/' && text[i + 2] == '/';

        if (address || url) {
            used = word;
            while (i < length && !is_space(text[i]) && text[i] != '>')
                i++;
        }
        if (i >= length)
            break;
        if (!is_space(text[i])) {
            out[used++] = g_ascii_tolower(text[i]);
        } else if (used > 0 && out[used - 1] != ' ') {
            out[used++] = ' ';
            word = used;
        }
    }
    return used;
}

/* The phrases that begin with this letter: the table is in the order of first letters. */
static size_t
first_with(char letter)
{
    size_t low = 0;
    size_t high = G_N_ELEMENTS(phrases);

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (phrases[middle].text[0] < letter)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void
note(const Phrase *phrase, HeedWords *words)
{
    HeedClass class_ = (HeedClass)phrase->class_;

    if (class_ == HEED_CLASS_BAD_MAILBOX || class_ == HEED_CLASS_BAD_DOMAIN ||
        class_ == HEED_CLASS_MOVED) {
        if (words->confirmed == HEED_CLASS_NONE)
            words->confirmed = class_;
        return;
    }
    if (words->contradicted == HEED_CLASS_NONE || words->contradicted == HEED_CLASS_UNKNOWN) {
        words->contradicted = class_;
        words->contradiction = phrase->reason;
    } else if (class_ != HEED_CLASS_UNKNOWN &&
               heed_verdict_of(class_, true) != heed_verdict_of(words->contradicted, true)) {
        words->mixed = true;
    }
}

void
heed_words_read(const char *text, size_t length, HeedWords *out_words)
{
    char folded[HEED_WORDS_BYTES];
    size_t used = fold(text, length, folded);

    memset(out_words, 0, sizeof(*out_words));
    for (size_t i = 0; i < used; i++) {
        if (i > 0 && g_ascii_isalnum(folded[i - 1]))
            continue;
        for (size_t p = first_with(folded[i]);
             p < G_N_ELEMENTS(phrases) && phrases[p].text[0] == folded[i]; p++)
            if (phrases[p].length <= used - i &&
                memcmp(phrases[p].text, folded + i, phrases[p].length) == 0)
                note(&phrases[p], out_words);
    }
    if (out_words->mixed)
        out_words->contradicted = HEED_CLASS_UNKNOWN;
}
