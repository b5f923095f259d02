/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/imap_guard.h"

#include "base/error.h"
#include "base/limits.h"

#include <string.h>

/* How much of a literal's announcement has been seen at the end of the line. */
enum {
    TAIL_NONE,
    TAIL_OPEN,
    TAIL_DIGITS,
    TAIL_PLUS,
    TAIL_CLOSED,
    TAIL_CR
};

void
heed_imap_guard_init(HeedImapGuard *guard)
{
    *guard = (HeedImapGuard){.tail = TAIL_NONE};
}

/* "* 12 FETCH " or "* LIST ", the responses in which literals are expected. */
static bool
begins_with_literals(const char *head)
{
    const char *word = head + strlen("* ");

    if (!g_str_has_prefix(head, "* "))
        return false;
    word += strspn(word, "0123456789 ");
    return g_ascii_strncasecmp(word, "FETCH ", strlen("FETCH ")) == 0 ||
           g_ascii_strncasecmp(word, "LIST ", strlen("LIST ")) == 0;
}

static void
follow_head(HeedImapGuard *guard, char c)
{
    if (guard->head_length >= sizeof(guard->head) - 1)
        return;
    guard->head[guard->head_length++] = c;
    guard->head[guard->head_length] = '\0';
    guard->can_literal = begins_with_literals(guard->head);
}

static void
follow_tail(HeedImapGuard *guard, char c)
{
    if (c == '{') {
        guard->tail = TAIL_OPEN;
        guard->number = 0;
    } else if (g_ascii_isdigit(c) && (guard->tail == TAIL_OPEN || guard->tail == TAIL_DIGITS)) {
        guard->tail = TAIL_DIGITS;
        /* Saturated far above every budget. */
        if (guard->number < UINT32_MAX)
            guard->number = guard->number * 10 + (uint64_t)(c - '0');
    } else if (c == '+' && guard->tail == TAIL_DIGITS) {
        guard->tail = TAIL_PLUS;
    } else if (c == '}' && (guard->tail == TAIL_DIGITS || guard->tail == TAIL_PLUS)) {
        guard->tail = TAIL_CLOSED;
    } else if (c == '\r' && guard->tail == TAIL_CLOSED) {
        guard->tail = TAIL_CR;
    } else {
        guard->tail = TAIL_NONE;
    }
}

/* A line has ended: with a literal behind it the response goes on, else the next one begins. */
static void
end_line(HeedImapGuard *guard)
{
    bool has_literal = guard->tail == TAIL_CR || guard->tail == TAIL_CLOSED;

    guard->tail = TAIL_NONE;
    if (has_literal && guard->can_literal)
        guard->literal_left = guard->number;
    else
        heed_imap_guard_init(guard);
}

static bool
follow(HeedImapGuard *guard, char c, GError **error)
{
    if (c == '\n') {
        end_line(guard);
        return true;
    }
    follow_head(guard, c);
    follow_tail(guard, c);
    guard->parentheses += c == '(' ? 1 : 0;
    guard->line_bytes++;
    if (guard->parentheses > HEED_IMAP_GUARD_PARENTHESES) {
        g_set_error(error, HEED_ERROR, HEED_ERROR_LIMIT,
                    "the server's answer has more than %u parentheses",
                    HEED_IMAP_GUARD_PARENTHESES);
        return false;
    }
    if (guard->line_bytes > HEED_LIMIT_LINE_BYTES) {
        g_set_error(error, HEED_ERROR, HEED_ERROR_LIMIT,
                    "a line of the server's answer is longer than %u bytes", HEED_LIMIT_LINE_BYTES);
        return false;
    }
    return true;
}

bool
heed_imap_guard_inspect(void *data, const char *bytes, size_t length, GError **error)
{
    HeedImapGuard *guard = data;
    const char *end = bytes + length;

    while (bytes < end) {
        uint64_t skipped = MIN(guard->literal_left, (uint64_t)(end - bytes));

        guard->literal_left -= skipped;
        bytes += skipped;
        if (bytes < end && !follow(guard, *bytes++, error))
            return false;
    }
    return true;
}
