/* SPDX-License-Identifier: Apache-2.0 */

/* The forms for programs that have no reader of their own: CSV with a header row, and one JSON
 * object a line. docs/logs.md has the table of their members. */

#include "parsers/log_columns.h"
#include "parsers/log_json.h"
#include "parsers/log_member.h"

/* A row is a header when it names all that an event must have. */
static HeedLogTrouble
read_header(HeedLogReader *reader, const HeedLogRow *row)
{
    g_autofree HeedLogColumns *columns = g_new0(HeedLogColumns, 1);
    unsigned int needed = 0;

    heed_log_columns_set(columns, row, heed_log_member_names, HEED_LOG_MEMBERS);
    for (size_t i = 0; i < columns->count; i++)
        needed += columns->names[i] <= HEED_LOG_MEMBER_RECIPIENT;
    if (needed < HEED_LOG_MEMBER_RECIPIENT + 1)
        return HEED_LOG_FOREIGN;
    reader->columns = g_steal_pointer(&columns);
    return HEED_LOG_FINE;
}

HeedLogTrouble
heed_log_csv_line(HeedLogReader *reader, HeedSpan bytes)
{
    HeedSpan values[HEED_LOG_MEMBERS];
    HeedLogRow row;

    heed_log_reserve(reader, bytes.length);
    if (!heed_log_row_read(bytes, reader->scratch, &row))
        return HEED_LOG_CUT;
    if (reader->columns == NULL)
        return read_header(reader, &row);
    heed_log_columns_pick(reader->columns, &row, values, HEED_LOG_MEMBERS);
    /* An empty value is one that nobody knows; the null sender is "<>". */
    if (values[HEED_LOG_MEMBER_SENDER].length == 0)
        values[HEED_LOG_MEMBER_SENDER] = (HeedSpan){0};
    return heed_log_member_event(reader, values);
}

HeedLogTrouble
heed_log_jsonl_line(HeedLogReader *reader, HeedSpan bytes)
{
    HeedSpan values[HEED_LOG_MEMBERS] = {{0}};
    HeedLogJsonWalk walk;
    HeedLogJsonMember member;

    heed_log_reserve(reader, bytes.length);
    if (!heed_log_json_open(bytes, &walk) || walk.close != '}')
        return HEED_LOG_FOREIGN;
    while (heed_log_json_next(&walk, &member)) {
        size_t name = heed_log_name_index(member.name, heed_log_member_names, HEED_LOG_MEMBERS);

        if (name == HEED_LOG_MEMBERS || heed_log_is(member.text, "null"))
            continue;
        values[name] = member.kind == HEED_LOG_JSON_STRING
                           ? heed_log_json_text(&member, reader->scratch)
                           : member.text;
    }
    return walk.bad ? HEED_LOG_CUT : heed_log_member_event(reader, values);
}
