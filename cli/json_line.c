/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/json_line.h"

#include "parsers/date.h"

#include <glib.h>

json_t *
heed_json_text(const char *text)
{
    return text == NULL ? json_null() : json_string(text);
}

json_t *
heed_json_date(int64_t seconds)
{
    char text[HEED_DATE_TEXT_BYTES];

    return heed_date_format(seconds, text) ? json_string(text) : json_null();
}

void
heed_json_print(const json_t *json, FILE *out)
{
    g_autofree char *text = json_dumps(json, JSON_COMPACT | JSON_ENSURE_ASCII);

    (void)fprintf(out, "%s\n", text);
}
