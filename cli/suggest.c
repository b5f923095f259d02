/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/command.h"

#include <string.h>

#define SUGGEST_MAX_LETTERS 40U

static unsigned
least(unsigned a, unsigned b, unsigned c)
{
    return MIN(MIN(a, b), c);
}

/* Optimal string alignment distance: insertions, deletions, substitutions and swaps of neighbours.
 */
static unsigned
distance(const char *one, size_t one_length, const char *other, size_t other_length)
{
    unsigned rows[3][SUGGEST_MAX_LETTERS + 1];
    unsigned *before = rows[0];
    unsigned *last = rows[1];
    unsigned *now = rows[2];

    for (unsigned j = 0; j <= other_length; j++)
        last[j] = j;
    memcpy(before, last, sizeof(rows[0]));
    for (unsigned i = 1; i <= one_length; i++) {
        unsigned *spare = before;

        now[0] = i;
        for (unsigned j = 1; j <= other_length; j++) {
            unsigned differs = one[i - 1] != other[j - 1];

            now[j] = least(last[j] + 1, now[j - 1] + 1, last[j - 1] + differs);
            if (i > 1 && j > 1 && one[i - 1] == other[j - 2] && one[i - 2] == other[j - 1])
                now[j] = MIN(now[j], before[j - 2] + 1);
        }
        before = last;
        last = now;
        now = spare;
    }
    return last[other_length];
}

int
heed_suggest(const char *word, const char *const *names, size_t count)
{
    size_t length = strlen(word);
    unsigned best = 0;
    int found = -1;

    if (length > SUGGEST_MAX_LETTERS)
        return -1;
    for (size_t i = 0; i < count; i++) {
        size_t name_length = strlen(names[i]);
        unsigned steps;

        if (name_length > SUGGEST_MAX_LETTERS)
            continue;
        steps = distance(word, length, names[i], name_length);
        if (steps <= MAX(1, MIN(length, name_length) / 3) && (found < 0 || steps < best)) {
            best = steps;
            found = (int)i;
        }
    }
    return found;
}
