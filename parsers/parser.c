/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/parser.h"

#include "base/limits.h"

struct HeedParser {
    char **domains;
    char **relays;
    char **receivers;
    HeedParserSettings settings; /* its lists are the copies above */
};

static char **
copy_list(const char *const *list)
{
    return list == NULL ? NULL : g_strdupv((char **)(uintptr_t)list);
}

HeedParser *
heed_parser_new(const HeedParserSettings *settings, GError **error)
{
    static const HeedParserSettings none = {0};
    HeedParser *parser = g_new0(HeedParser, 1);

    (void)error;
    if (settings == NULL)
        settings = &none;
    parser->domains = copy_list(settings->domains);
    parser->relays = copy_list(settings->relays);
    parser->receivers = copy_list(settings->receivers);
    parser->settings = (HeedParserSettings){
        .domains = (const char *const *)parser->domains,
        .relays = (const char *const *)parser->relays,
        .receivers = (const char *const *)parser->receivers,
        .max_recipients =
            settings->max_recipients != 0 ? settings->max_recipients : HEED_LIMIT_RECIPIENTS,
        .max_parts = settings->max_parts != 0 ? settings->max_parts : HEED_LIMIT_MIME_PARTS,
        .max_depth = settings->max_depth != 0 ? settings->max_depth : HEED_LIMIT_MIME_DEPTH,
    };
    return parser;
}

void
heed_parser_free(HeedParser *parser)
{
    if (parser == NULL)
        return;
    g_strfreev(parser->domains);
    g_strfreev(parser->relays);
    g_strfreev(parser->receivers);
    g_free(parser);
}

HeedReport *
heed_parser_read(HeedParser *parser,
                 const void *bytes,
                 size_t length,
                 const HeedParseContext *context)
{
    HeedReport *report = heed_report_new();

    (void)parser;
    (void)bytes;
    (void)length;
    if (context != NULL && context->truncated)
        heed_report_warn(report, "the message was longer than is read, its end is missing");
    return report;
}
