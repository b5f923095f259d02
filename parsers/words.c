/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/words.h"

#include "parsers/classify.h"

#include <string.h>

typedef struct Phrase {
    char text[46]; /* in the row itself: the search touches nothing else */
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

/* Lower case, single spaces; without mail addresses, whose names say nothing of the cause
 * ("quota@example.com"). Returns the length. */
static size_t
fold(const char *text, size_t length, char *out)
{
    size_t used = 0;
    size_t word = 0; /* where the current word begins in out */

    for (size_t i = 0; i < length && used < HEED_WORDS_BYTES; i++) {
        if (text[i] == '@') {
            used = word;
            while (i < length && !is_space(text[i]) && text[i] != '>')
                i++;
            if (i == length)
                break;
        }
        if (!is_space(text[i])) {
            out[used++] = (char)(text[i] >= 'A' && text[i] <= 'Z' ? text[i] + 32 : text[i]);
        } else if (used > 0 && out[used - 1] != ' ') {
            out[used++] = ' ';
            word = used;
        }
    }
    return used;
}

static inline unsigned
two_letters(const char *text)
{
    return (unsigned)(unsigned char)text[0] << 8 | (unsigned char)text[1];
}

/* Where the phrases begin that have these first two letters: the table is in their order. */
static size_t
first_with(unsigned letters)
{
    const Phrase *base = phrases;

    for (size_t left = G_N_ELEMENTS(phrases); left > 1; left -= left / 2)
        base += two_letters(base[left / 2 - 1].text) < letters ? left / 2 : 0;
    return (size_t)(base - phrases) + (two_letters(base->text) < letters ? 1 : 0);
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
    for (size_t i = 0; i + 1 < used; i++) {
        unsigned letters = two_letters(folded + i);

        if (!g_ascii_isalpha(folded[i]) || (i > 0 && g_ascii_isalnum(folded[i - 1])))
            continue;
        for (size_t p = first_with(letters);
             p < G_N_ELEMENTS(phrases) && two_letters(phrases[p].text) == letters; p++)
            if (phrases[p].length <= used - i &&
                memcmp(phrases[p].text, folded + i, phrases[p].length) == 0)
                note(&phrases[p], out_words);
    }
    if (out_words->mixed)
        out_words->contradicted = HEED_CLASS_UNKNOWN;
}
