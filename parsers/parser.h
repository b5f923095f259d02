/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_PARSERS_PARSER_H
#define HEED_PARSERS_PARSER_H

/*
 * The door of this room: bytes of one message in, a report out. Pure: no network, files, database,
 * clock or globals after heed_parser_new(), which loads whatever later needs files (character sets,
 * compiled rules) so that a worker can lock itself in afterwards. One parser serves one thread.
 */

#include "parsers/report.h"

/* What is ours, from own { … } of the configuration. Borrowed lists, each NULL-terminated, may be
 * NULL. */
typedef struct HeedParserSettings {
    const char *const *domains;   /* whose mail the reports are about; NULL: trust stays unknown */
    const char *const *relays;    /* host names or addresses of our sending servers */
    const char *const *receivers; /* host names of our receiving servers */
    const char *const *authserv_ids; /* of their Authentication-Results; NULL: their host names */
    bool results_below_received; /* they remove forged ones, and put theirs below their Received */
    const char *const *verp;     /* patterns of parsers/verp.h; one that is none never matches */
    const char *const
        *recipient_headers; /* fields of our mail that name its recipient; in lower case */
    const char *const
        *original_headers; /* fields to keep of the original, report.h; in lower case */
    size_t max_recipients; /* 0: HEED_LIMIT_RECIPIENTS; smaller in tests */
    size_t max_parts;      /* 0: HEED_LIMIT_MIME_PARTS */
    size_t max_depth;      /* 0: HEED_LIMIT_MIME_DEPTH */
    /* Files of rules beside the built-in ones, strongest first. */
    const char *const *rules;
    /* Where compiled rules are kept (parsers/rules.h), or NULL. */
    const char *rules_cache;
} HeedParserSettings;

/* What is known of one message beside its bytes. */
typedef struct HeedParseContext {
    bool closed;    /* it came through a mailbox whose trust is "closed" */
    bool truncated; /* the bytes are only the beginning of it */
} HeedParseContext;

typedef struct HeedParser HeedParser;

/* Settings are copied; NULL for none. HEED_ERROR_CONFIG as heed_rules_load() has it. */
HeedParser *heed_parser_new(const HeedParserSettings *settings, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
void heed_parser_free(HeedParser *parser);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HeedParser, heed_parser_free)

/*
 * Reads one message. Any bytes give a report, kind "other" at worst; what was odd is in its
 * warnings. Never NULL. The bytes need no NUL behind them and are not kept.
 */
HeedReport *heed_parser_read(HeedParser *parser,
                             const void *bytes,
                             size_t length,
                             const HeedParseContext *context);

#endif
