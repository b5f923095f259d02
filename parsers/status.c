/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/status.h"

#include <stdlib.h>
#include <string.h>

typedef struct StatusRow {
    uint16_t key; /* subject * 1000 + detail */
    uint8_t permanent;
    uint8_t temporary;
} StatusRow;

typedef struct ReplyRow {
    uint16_t key;
    uint8_t class_;
} ReplyRow;

#define HEED_STATUS(subject, detail, permanent, temporary) \
    {(subject)*1000 + (detail), HEED_CLASS_##permanent, HEED_CLASS_##temporary},
static const StatusRow statuses[] = {
#include "parsers/rules/status.def"
};
#undef HEED_STATUS

#define HEED_REPLY(code, class_) {(code), HEED_CLASS_##class_},
static const ReplyRow replies[] = {
#include "parsers/rules/replies.def"
};
#undef HEED_REPLY

/* By subject (RFC 3463 3), for details that no registry knows. */
static const uint8_t subjects[] = {
    [0] = HEED_CLASS_NONE,    [1] = HEED_CLASS_UNKNOWN, [2] = HEED_CLASS_INACTIVE_MAILBOX,
    [3] = HEED_CLASS_SYSTEM,  [4] = HEED_CLASS_NETWORK, [5] = HEED_CLASS_PROTOCOL,
    [6] = HEED_CLASS_CONTENT, [7] = HEED_CLASS_POLICY,
};

static int
compare_keys(const void *key, const void *row)
{
    /* The analyzer loses the rows, constants, on the way through bsearch(). */
    /* NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult) */
    return (int)*(const uint16_t *)key - (int)*(const uint16_t *)row;
}

/* "5.12.34" to its numbers; false for what is not a status. */
static bool
split(const char *status, unsigned *out_subject, unsigned *out_detail)
{
    char *end = NULL;
    unsigned long subject;
    unsigned long detail;

    if (status == NULL || status[0] == '\0' || status[1] != '.')
        return false;
    subject = strtoul(status + 2, &end, 10);
    if (*end != '.')
        return false;
    detail = strtoul(end + 1, &end, 10);
    if (*end != '\0' || subject > 999 || detail > 999)
        return false;
    *out_subject = (unsigned)subject;
    *out_detail = (unsigned)detail;
    return true;
}

HeedClass
heed_status_class(const char *status, bool permanent)
{
    const StatusRow *row;
    unsigned subject;
    unsigned detail;
    uint16_t key;

    /* No registered subject is above 7; larger ones would not fit into a key. */
    if (!split(status, &subject, &detail) || subject > 60)
        return HEED_CLASS_NONE;
    key = (uint16_t)(subject * 1000 + detail);
    row = bsearch(&key, statuses, G_N_ELEMENTS(statuses), sizeof(statuses[0]), compare_keys);
    if (row == NULL)
        return HEED_CLASS_NONE;
    return (HeedClass)(permanent ? row->permanent : row->temporary);
}

HeedClass
heed_status_subject_class(const char *status)
{
    unsigned subject;
    unsigned detail;

    if (!split(status, &subject, &detail) || subject >= G_N_ELEMENTS(subjects))
        return HEED_CLASS_NONE;
    return (HeedClass)subjects[subject];
}

bool
heed_status_is_generic(const char *status)
{
    unsigned subject;
    unsigned detail;

    return split(status, &subject, &detail) && detail == 0;
}

HeedClass
heed_code_class(const char *code)
{
    const ReplyRow *row;
    uint16_t key;

    if (code == NULL)
        return HEED_CLASS_NONE;
    key = (uint16_t)strtoul(code, NULL, 10);
    row = bsearch(&key, replies, G_N_ELEMENTS(replies), sizeof(replies[0]), compare_keys);
    return row == NULL ? HEED_CLASS_NONE : (HeedClass)row->class_;
}
