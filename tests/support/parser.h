/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_TESTS_SUPPORT_PARSER_H
#define HEED_TESTS_SUPPORT_PARSER_H

#include "parsers/parser.h"

/* A parser with these settings (NULL for none) that takes the rules from the tests' cache:
 * compiling them takes a second, and more with sanitizers. */
static inline HeedParser *
heed_test_parser_new(const HeedParserSettings *settings)
{
    HeedParserSettings with = {0};
    HeedParser *parser;

    if (settings != NULL)
        with = *settings;
    with.rules_cache = HEED_TEST_RULES_CACHE;
    parser = heed_parser_new(&with, NULL);
    g_assert_nonnull(parser);
    return parser;
}

#endif
