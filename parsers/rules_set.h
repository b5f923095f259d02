/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_PARSERS_RULES_SET_H
#define HEED_PARSERS_RULES_SET_H

/*
 * Inside of the rule engine: rules as they were read from files, before and beside their compiled
 * patterns. rules_set.c holds them, rules_file.c reads, rules_compile.c and rules_cache.c compile,
 * rules_scan.c looks for patterns, rules.c matches.
 */

#include "parsers/rules.h"

typedef struct hs_database HeedRulesDatabase; /* libhs's hs_database_t */

/*
 * Patterns are looked for in stages, and what comes later only where it can change anything: those
 * of rules with a tag or about a provider; where none of these has won, what makes other rules
 * match; and where one of them is bound to further conditions, or none matches, these conditions
 * and weak rules.
 */
typedef enum HeedRuleStage {
    HEED_RULE_STAGE_STRONG,
    HEED_RULE_STAGE_GENERAL,
    HEED_RULE_STAGE_REST,
    HEED_RULE_STAGES
} HeedRuleStage;

/* What a pattern is for. */
typedef enum HeedRuleRole {
    HEED_RULE_ROLE_ANY, /* text, tag: one of them must be found */
    HEED_RULE_ROLE_AND,
    HEED_RULE_ROLE_NOT
} HeedRuleRole;

typedef enum HeedRuleWhen {
    HEED_RULE_WHEN_ALWAYS,
    HEED_RULE_WHEN_PERMANENT,
    HEED_RULE_WHEN_TEMPORARY
} HeedRuleWhen;

/* A reply code or a mask of one; "" stands for "none". */
typedef struct HeedRuleCode {
    char digits[4]; /* 'x': any */
} HeedRuleCode;

/* An enhanced code, its numbers in ten bits each; 0 where there is none. */
typedef struct HeedRuleStatus {
    uint32_t value;
    uint32_t mask; /* of those bits that a rule asks for */
} HeedRuleStatus;

/* A rule with its conditions. Strings belong to the set's text. */
typedef struct HeedRuleEntry {
    HeedRule rule;
    unsigned order; /* in which it was read */
    GArray *codes;  /* of HeedRuleCode; as all of these, NULL or empty: no condition */
    GArray *statuses;
    GPtrArray *at;
    GPtrArray *examples; /* ended by NULL when the rule is complete */
    GArray *conditions;  /* of unsigned: the patterns with role AND and NOT */
    HeedRuleWhen when;
    bool has_tag;
    bool has_text;
    bool is_weak;
} HeedRuleEntry;

typedef struct HeedRulePattern {
    const char *expression; /* as libhs is given it */
    unsigned flags;         /* libhs's */
    HeedRuleRole role;
    unsigned line;
    HeedRuleEntry *entry;
} HeedRulePattern;

typedef struct HeedRuleSet {
    GPtrArray *entries; /* of HeedRuleEntry *, owned; after sorting in the order of precedence */
    GArray *patterns;   /* of HeedRulePattern */
    GHashTable *ids;    /* id → HeedRuleEntry * */
    GStringChunk *text;
    bool built_in; /* what is read is: a mistake in it is ours */
} HeedRuleSet;

HeedRuleSet *heed_rule_set_new(void);
void heed_rule_set_free(HeedRuleSet *set);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HeedRuleSet, heed_rule_set_free)

/*
 * Adds the rules of one file; name is for messages. HEED_ERROR_CONFIG, "NAME:LINE: what", also at a
 * file read before whose rule has the name of a built-in one; HEED_ERROR_INTERNAL for other
 * mistakes in what is built in. The set then is of no more use.
 */
bool heed_rule_set_read(HeedRuleSet *set,
                        const char *name,
                        const char *text,
                        size_t length,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The same from disk. HEED_ERROR_CONFIG also for a file that cannot be read. */
bool heed_rule_set_read_file(HeedRuleSet *set, const char *path, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Puts the rules into the order of precedence, once all are read. */
void heed_rule_set_sort(HeedRuleSet *set);

/* The stage of a pattern, its rule being complete. */
HeedRuleStage heed_rule_stage(const HeedRulePattern *pattern);

/*
 * Compiles the patterns of one stage, each with its index in the set as its id, for any processor
 * of this architecture. *out is NULL where there are none. HEED_ERROR_CONFIG, "FILE:LINE: what".
 * Caller frees with hs_free_database().
 */
bool heed_rule_set_compile(const HeedRuleSet *set,
                           HeedRuleStage stage,
                           HeedRulesDatabase **out,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/*
 * The same by way of a folder in which compiled patterns are kept under a digest of what was
 * compiled, by which library (rules_cache.c). folder NULL: none. Whatever is wrong with the folder
 * or a file in it is passed over.
 */
bool heed_rule_set_compile_cached(const HeedRuleSet *set,
                                  HeedRuleStage stage,
                                  const char *folder,
                                  HeedRulesDatabase **out,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Reads "4.7.x"; false for what is no mask of an enhanced code. */
bool heed_rule_status_read(const char *text, HeedRuleStatus *out_status);

#endif
