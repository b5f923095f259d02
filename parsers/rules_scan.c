/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/rules_scan.h"

#include "base/error.h"
#include "base/limits.h"

#include <hs/hs.h>
#include <string.h>

/* Longer texts, and those in which much was found, are not remembered. */
#define MEMORY_SLOTS 8192U
#define MEMORY_BYTES 216U
#define MEMORY_HITS  14U

G_STATIC_ASSERT(HEED_LIMIT_RULE_PATTERNS <= UINT16_MAX);

/* A text, and what was found in it. Comparing a text is a tenth of the work of
 * looking through it. */
typedef struct Memory {
    uint16_t length;                /* 0: nothing is kept here */
    uint8_t stages;                 /* the first that was not looked through */
    uint8_t ends[HEED_RULE_STAGES]; /* of each stage's hits */
    uint16_t hits[MEMORY_HITS];
    char text[MEMORY_BYTES];
} Memory;

struct HeedRuleScan {
    const HeedRuleSet *set;
    hs_database_t *stages[HEED_RULE_STAGES]; /* NULL: there are no patterns */
    hs_scratch_t *scratch;
    unsigned number; /* of this text */
    unsigned *seen;  /* by pattern: the last text in which it was found */
    unsigned *hits;
    unsigned hit_count;
    size_t length;
    Memory *memories; /* MEMORY_SLOTS of them */
    Memory *memory;   /* of this text or of another one */
    bool is_known;    /* of this one */
    char text[HEED_LIMIT_RULE_TEXT_BYTES];
};

static bool
prepare_stage(HeedRuleScan *scan, HeedRuleStage stage, const char *folder, GError **error)
{
    hs_database_t **database = &scan->stages[stage];

    if (!heed_rule_set_compile_cached(scan->set, stage, folder, database, error))
        return false;
    if (*database != NULL && hs_alloc_scratch(*database, &scan->scratch) != HS_SUCCESS) {
        g_set_error(error, HEED_ERROR, HEED_ERROR_INTERNAL,
                    "no room for looking for rules, or a processor that libhs does not know");
        return false;
    }
    return true;
}

HeedRuleScan *
heed_rule_scan_new(const HeedRuleSet *set, const char *folder, GError **error)
{
    g_autoptr(HeedRuleScan) scan = g_new0(HeedRuleScan, 1);

    scan->set = set;
    for (unsigned i = 0; i < HEED_RULE_STAGES; i++)
        if (!prepare_stage(scan, (HeedRuleStage)i, folder, error))
            return NULL;
    scan->seen = g_new0(unsigned, set->patterns->len + 1);
    scan->hits = g_new0(unsigned, set->patterns->len + 1);
    scan->memories = g_new0(Memory, MEMORY_SLOTS);
    return g_steal_pointer(&scan);
}

void
heed_rule_scan_free(HeedRuleScan *scan)
{
    if (scan == NULL)
        return;
    (void)hs_free_scratch(scan->scratch);
    for (unsigned i = 0; i < HEED_RULE_STAGES; i++)
        (void)hs_free_database(scan->stages[i]);
    g_free(scan->memories);
    g_free(scan->seen);
    g_free(scan->hits);
    g_free(scan);
}

/* --- the text --- */

/* A number for a text; those that many texts share cost time and nothing else. */
static unsigned
slot_of(const char *text, size_t length)
{
    uint64_t sum = length;
    uint64_t word;

    for (; length >= sizeof(word); text += sizeof(word), length -= sizeof(word)) {
        memcpy(&word, text, sizeof(word));
        sum = (sum ^ word) * 0x9e3779b97f4a7c15U;
        sum ^= sum >> 29;
    }
    for (word = 0; length > 0; length--)
        word = word << 8 | (unsigned char)text[length - 1];
    sum = (sum ^ word) * 0x9e3779b97f4a7c15U;
    return (unsigned)(sum >> 32) % MEMORY_SLOTS;
}

void
heed_rule_scan_begin(HeedRuleScan *scan, const char *text, size_t length)
{
    if (++scan->number == 0) {
        memset(scan->seen, 0, scan->set->patterns->len * sizeof(*scan->seen));
        scan->number = 1;
    }
    scan->hit_count = 0;
    scan->length =
        text == NULL ? 0 : heed_rules_normalise(text, length, scan->text, sizeof(scan->text));
    scan->memory = &scan->memories[slot_of(scan->text, scan->length)];
    scan->is_known = scan->memory->length == scan->length &&
                     memcmp(scan->memory->text, scan->text, scan->length) == 0;
}

/* --- the patterns --- */

static int
on_hit(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *data)
{
    HeedRuleScan *scan = data;

    (void)from;
    (void)to;
    (void)flags;
    if (scan->seen[id] != scan->number) {
        scan->seen[id] = scan->number;
        scan->hits[scan->hit_count++] = id;
    }
    return 0;
}

static bool
remember(HeedRuleScan *scan, HeedRuleStage stage)
{
    const Memory *memory = scan->memory;

    if (!scan->is_known || memory->stages <= stage)
        return false;
    for (unsigned i = stage == 0 ? 0 : memory->ends[stage - 1]; i < memory->ends[stage]; i++)
        (void)on_hit(memory->hits[i], 0, 0, 0, scan);
    return true;
}

/* first: the first of the stage's hits. */
static void
keep(HeedRuleScan *scan, HeedRuleStage stage, unsigned first)
{
    Memory *memory = scan->memory;
    unsigned count = scan->hit_count - first;
    unsigned begin;

    if (!scan->is_known) {
        if (scan->length > MEMORY_BYTES)
            return;
        memory->length = (uint16_t)scan->length;
        memory->stages = 0;
        memcpy(memory->text, scan->text, scan->length);
        scan->is_known = true;
    }
    begin = stage == 0 ? 0 : memory->ends[stage - 1];
    if (memory->stages != stage || count > MEMORY_HITS - begin)
        return;
    for (unsigned i = 0; i < count; i++)
        memory->hits[begin + i] = (uint16_t)scan->hits[first + i];
    memory->ends[stage] = (uint8_t)(begin + count);
    memory->stages = (uint8_t)(stage + 1);
}

void
heed_rule_scan_look(HeedRuleScan *scan, HeedRuleStage stage)
{
    unsigned first = scan->hit_count;

    if (scan->length == 0 || remember(scan, stage))
        return;
    if (scan->stages[stage] != NULL)
        (void)hs_scan(scan->stages[stage], scan->text, (unsigned)scan->length, 0, scan->scratch,
                      on_hit, scan);
    keep(scan, stage, first);
}

const unsigned *
heed_rule_scan_hits(const HeedRuleScan *scan, unsigned *out_count)
{
    *out_count = scan->hit_count;
    return scan->hits;
}

bool
heed_rule_scan_has(const HeedRuleScan *scan, unsigned pattern)
{
    return scan->seen[pattern] == scan->number;
}
