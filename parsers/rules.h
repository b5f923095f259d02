/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_PARSERS_RULES_H
#define HEED_PARSERS_RULES_H

/*
 * Classification as data: rules over the words of a reply, compiled together, found in one pass
 * over the text (libhs). The built-in rules are the .rules files of parsers/rules, put into the
 * program; users add files of their own. A rule names a class; what the verdict is follows from the
 * class and from whether the refusal was permanent (parsers/classify.h), never from the rule.
 *
 * The format of a file: UTF-8; a line that begins with "#" is a comment, blank lines are free; a
 * rule begins with `rule ID` (lower case letters, digits, dots and dashes; unique over all files)
 * and has lines `key value`:
 *
 *   class NAME        required, once: the class
 *   provider NAME     a match says whose reply it is
 *   at NAME …         condition: the hosts say already that it is one of these providers'
 *   code 421 4xx none      condition: one of these reply codes; x is any digit, none: there is none
 *   status 4.7.x none      condition: one of these enhanced codes; x is any number
 *   when permanent|temporary   condition
 *   tag TEXT          these bytes, letter case and all, not within a longer word
 *   text REGEX        a regular expression (libhs: PCRE without lookaround, backreferences and
 *                     the like), letter case ignored, found anywhere
 *   and REGEX         this one must be found too (each of them)
 *   not REGEX         this one must not be found (none of them)
 *   example TEXT      a whole reply that this rule decides (at the first provider of `at`, where
 *                     that is a condition); at least one
 *   wait 30m|2h|1d|never|unknown   how long to wait before the next try; never: that does not help
 *   cause NAME        which cause `heed explain` names (parsers/advice.h); else that of the class
 *   means TEXT        one line for people; else that of the class
 *   do TEXT           what to do about it, one line; else that of the class
 *   contact URL       else that of the provider
 *   note TEXT         why this class, what speaks against it
 *   source TEXT       where it is documented; required with provider and at
 *   weak              see below
 *
 * tag, text, and, not, example, note and source may be repeated. Of several tag and text lines any
 * one suffices; without any, there must be provider or at, and code or status.
 *
 * What a pattern sees is what heed_rules_normalise() makes of the reply: without the codes at its
 * front and those of its continuation lines, each run of blanks, line ends and "_" made one space,
 * each mail address made "<@>", each IPv4 address "0.0.0.0", and UTF-8 that Exim wrote as
 * "\303\274" UTF-8 again. "^" is the beginning of the whole text and "$" its end. "." and classes
 * are bytes in a pattern that is all ASCII, characters in any other.
 *
 * Which rule wins, when several match: rules with a tag, then those with provider or at, then the
 * rest. Within these tiers: the user's files before the built-in ones, earlier files before later
 * ones, and in a file the one that stands first. Weak rules are no part of that: they are held
 * against a hard verdict that codes alone have given.
 */

#include "parsers/report.h"

typedef enum HeedRuleTier {
    HEED_RULE_TIER_TAG,
    HEED_RULE_TIER_PROVIDER,
    HEED_RULE_TIER_GENERAL,
    HEED_RULE_TIER_WEAK
} HeedRuleTier;

#define HEED_RULE_WAIT_UNSAID  (-2) /* the rule has no `wait` */
#define HEED_RULE_WAIT_UNKNOWN (-1)
#define HEED_RULE_WAIT_NEVER   0

/* One rule, as those who explain and check it see it. Belongs to its HeedRules. */
typedef struct HeedRule {
    const char *id;
    const char *file; /* as it was named; for a built-in one its bare name */
    unsigned line;    /* of `rule ID` */
    unsigned number;  /* its place in the order of precedence, from 0 */
    HeedRuleTier tier;
    HeedClass class_;
    bool built_in;        /* not of a file of the user's */
    const char *provider; /* NULL: says nothing of it; so for all texts below */
    const char *at;       /* the first of them */
    int64_t wait;         /* seconds, or one of HEED_RULE_WAIT_* */
    const char *cause;
    const char *means;
    const char *remedy; /* `do` */
    const char *contact;
    const char *source;          /* the first */
    const char *const *examples; /* NULL-terminated */
} HeedRule;

typedef struct HeedRulesOptions {
    const char *const *files; /* the user's, strongest first; NULL-terminated or NULL; borrowed */
    /* Where compiled rules are kept, made if need be; NULL: nowhere. Used only if
     * it is ours and nobody else can write to it; whatever goes wrong with it is no error. */
    const char *cache_folder;
    bool no_built_in; /* the files alone: tests, and checking them */
} HeedRulesOptions;

/* Rules, compiled. Serves one thread. */
typedef struct HeedRules HeedRules;

/*
 * Reads, checks and compiles the user's files and the built-in rules; options NULL for none.
 * HEED_ERROR_CONFIG with "FILE:LINE: what" for a file of the user's that is wrong or cannot be
 * read. Opens files; afterwards matching needs neither files nor more memory.
 */
HeedRules *heed_rules_load(const HeedRulesOptions *options, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
void heed_rules_free(HeedRules *rules);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HeedRules, heed_rules_free)

/* All rules in the order of precedence, from 0; NULL behind the last. */
const HeedRule *heed_rules_get(const HeedRules *rules, unsigned number);

/* The conditions that are not in the text. Everything borrowed; NULL is unknown. */
typedef struct HeedRuleQuery {
    const char *text; /* the reply with its codes, any bytes */
    size_t length;
    const char *code;         /* "550" */
    const char *status;       /* "5.1.1" */
    const char *other_status; /* a second one, which suffices for a rule unless its class is a dead
                                 address's */
    bool permanent;
    const char *host_provider;   /* whose server it was that spoke */
    const char *domain_provider; /* whose the recipient's domain is */
} HeedRuleQuery;

typedef struct HeedRuleMatch {
    const HeedRule *rule; /* the one that wins; NULL: none */
    /* Not looked for where a rule wins. Of the weak rules, the first that says the address is dead
     * (bad-mailbox, bad-domain, moved), and the first that speaks of something else; NULL: none. */
    const HeedRule *confirmed;
    const HeedRule *contradicted;
    bool mixed; /* weak rules speak of things with different verdicts */
} HeedRuleMatch;

/* Whether any rule, weak ones included, matches; fills *out_match either way. One pass over the
 * text, no allocation. */
bool heed_rules_match(HeedRules *rules, const HeedRuleQuery *query, HeedRuleMatch *out_match);

/* Whether this rule matches the query, be it that another one wins. */
bool heed_rules_is_match(HeedRules *rules, const HeedRule *rule, const HeedRuleQuery *query);

/*
 * What patterns see of a reply: at most size bytes of valid UTF-8, not NUL-terminated. Returns the
 * length. Bytes that are not UTF-8 are read as Latin-1.
 */
size_t heed_rules_normalise(const char *text, size_t length, char *out, size_t size);

#endif
