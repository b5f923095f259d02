/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* memmem */
#include "ingest/belief.h"

#include "base/error.h"
#include "parsers/report_json.h"
#include "parsers/token_report.h"

#include <string.h>

static bool
claims_token(const HeedReport *report)
{
    if (report->trust == HEED_TRUST_SIGNED)
        return true;
    for (guint i = 0; i < report->recipients->len; i++)
        if (g_array_index(report->recipients, HeedRecipient, i).address_source ==
            HEED_ADDRESS_SOURCE_TOKEN)
            return true;
    return false;
}

void
heed_belief_tokens(const HeedPipelineOptions *options,
                   const HeedArrival *arrival,
                   HeedReport *report)
{
    int64_t now = g_get_real_time() / G_USEC_PER_SEC;

    if (options->token_keys == NULL)
        return;
    if (arrival->received_at != HEED_DATE_UNKNOWN)
        now = MIN(now, arrival->received_at);
    heed_token_believe(report, options->token_keys, options->parser.domains, now);
}

static void
note_lines(HeedReport *report, const char *lines)
{
    g_auto(GStrv) tokens = g_strsplit(lines, "\n", HEED_TOKENS_MOST + 1);

    for (size_t i = 0; tokens[i] != NULL && i < HEED_TOKENS_MOST; i++)
        if (*tokens[i] != '\0')
            heed_token_note(report, tokens[i]);
}

static void
keep_headers(HeedReport *report, const char *lines)
{
    g_auto(GStrv) headers = g_strsplit(lines, "\n", HEED_ORIGINAL_HEADERS_MOST + 1);

    for (size_t i = 0; headers[i] != NULL && i < HEED_ORIGINAL_HEADERS_MOST; i++)
        heed_report_keep_header(report, headers[i]);
}

HeedReport *
heed_belief_report(const HeedPipelineOptions *options,
                   const HeedArrival *arrival,
                   const HeedAnswer *answer,
                   GError **error)
{
    g_autoptr(HeedReport) report = heed_report_from_json(answer->json, answer->json_length, error);

    if (report == NULL)
        return NULL;
    if (claims_token(report)) {
        g_set_error_literal(error, HEED_ERROR, HEED_ERROR_DATA,
                            "its report claims a valid token, which it cannot know");
        return NULL;
    }
    if (answer->tokens != NULL)
        note_lines(report, answer->tokens);
    if (answer->headers != NULL)
        keep_headers(report, answer->headers);
    heed_belief_tokens(options, arrival, report);
    return g_steal_pointer(&report);
}

/* Whether the line may say what only a token proves: as it stands, or with its letters escaped. */
static bool
may_claim(const HeedAnswer *answer)
{
    static const char *const words[] = {"\"signed\"", "\"token\"", "\\u"};

    for (size_t i = 0; i < G_N_ELEMENTS(words); i++)
        if (memmem(answer->json, answer->json_length, words[i], strlen(words[i])) != NULL)
            return true;
    return false;
}

bool
heed_belief_line(const HeedPipelineOptions *options,
                 HeedArrival *arrival,
                 const HeedAnswer *answer,
                 GError **error)
{
    bool has_tokens = options->token_keys != NULL && answer->tokens != NULL;
    g_autoptr(HeedReport) report = NULL;
    GString *json;

    if (!has_tokens && !may_claim(answer)) {
        arrival->json = g_strndup(answer->json, answer->json_length);
        return true;
    }
    report = heed_belief_report(options, arrival, answer, error);
    if (report == NULL)
        return false;
    json = g_string_new(NULL);
    heed_report_to_json(report, arrival->source, json);
    arrival->json = g_string_free(json, FALSE);
    return true;
}
