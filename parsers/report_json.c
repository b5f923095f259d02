/* SPDX-License-Identifier: Apache-2.0 */
/* Straight into the text, since this is done for each message. */
#include "parsers/report_json.h"

#include "parsers/date.h"
#include "parsers/report_shape.h"

#include <string.h>

static void
append(GString *out, const char *text, size_t length)
{
    /* As g_string_append_len() does it, which is a call and more checks for each few bytes. */
    if (out->len + length >= out->allocated_len) {
        g_string_append_len(out, text, (gssize)length);
        return;
    }
    memcpy(out->str + out->len, text, length);
    out->len += length;
    out->str[out->len] = '\0';
}

static void
write_text(GString *out, const char *text)
{
    const char *plain = text;

    if (text == NULL) {
        append(out, "null", 4);
        return;
    }
    append(out, "\"", 1);
    for (; *text != '\0'; text++) {
        if ((guchar)*text >= 0x20 && *text != '"' && *text != '\\')
            continue;
        append(out, plain, (size_t)(text - plain));
        plain = text + 1;
        if (*text == '"' || *text == '\\') {
            g_string_append_c(out, '\\');
            g_string_append_c(out, *text);
        } else {
            g_string_append_printf(out, "\\u%04x", (unsigned)(guchar)*text);
        }
    }
    append(out, plain, (size_t)(text - plain));
    append(out, "\"", 1);
}

static void
write_date(GString *out, int64_t date)
{
    char text[HEED_DATE_TEXT_BYTES];

    write_text(out, heed_date_format(date, text) ? text : NULL);
}

static void
write_list(GString *out, const GPtrArray *list)
{
    g_string_append_c(out, '[');
    for (guint i = 0; i < list->len; i++) {
        if (i > 0)
            g_string_append_c(out, ',');
        write_text(out, list->pdata[i]);
    }
    g_string_append_c(out, ']');
}

static void
write_member(GString *out, const HeedMember *member, const void *base)
{
    const void *field = (const char *)base + member->offset;

    switch (member->type) {
    case HEED_MEMBER_TEXT:
    case HEED_MEMBER_STATUS:
    case HEED_MEMBER_CODE:
        write_text(out, *(const char *const *)field);
        break;
    case HEED_MEMBER_DATE:
        write_date(out, *(const int64_t *)field);
        break;
    case HEED_MEMBER_COUNT:
        g_string_append_printf(out, "%" G_GINT64_FORMAT, *(const int64_t *)field);
        break;
    case HEED_MEMBER_LIST:
        write_list(out, *(GPtrArray *const *)field);
        break;
    case HEED_MEMBER_NAME:
        write_text(out, member->names->name_of(*(const unsigned *)field));
        break;
    }
}

/* The members without their braces: "a":…,"b":… Brief: without those that are null or empty. */
static void
write_members(GString *out, const HeedShape *shape, const void *base, bool brief)
{
    bool first = true;

    for (size_t i = 0; i < shape->count; i++) {
        size_t begin = out->len;
        size_t value;

        append(out, first ? "\"" : ",\"", first ? 1 : 2);
        append(out, shape->members[i].key, strlen(shape->members[i].key));
        append(out, "\":", 2);
        value = out->len;
        write_member(out, &shape->members[i], base);
        if (brief && (strcmp(out->str + value, "null") == 0 || strcmp(out->str + value, "[]") == 0))
            g_string_truncate(out, begin);
        else
            first = false;
    }
}

static void
write_auth_failure(GString *out, const HeedFeedback *feedback, bool brief)
{
    if (!feedback->has_auth_failure) {
        g_string_append(out, "null");
        return;
    }
    g_string_append_c(out, '{');
    write_members(out, &heed_auth_failure_shape, feedback, brief);
    g_string_append_c(out, '}');
}

static void
write_fields(GString *out, const HeedFeedback *feedback)
{
    g_string_append_c(out, '[');
    for (guint i = 0; i < feedback->field_names->len; i++) {
        g_string_append(out, i == 0 ? "{\"name\":" : ",{\"name\":");
        write_text(out, feedback->field_names->pdata[i]);
        g_string_append(out, ",\"value\":");
        write_text(out, feedback->field_values->pdata[i]);
        g_string_append_c(out, '}');
    }
    g_string_append_c(out, ']');
}

static void
write_feedback(GString *out, const HeedFeedback *feedback, bool brief)
{
    if (feedback == NULL) {
        g_string_append(out, "null");
        return;
    }
    g_string_append_c(out, '{');
    /* One at least is never left out: incidents. */
    write_members(out, &heed_feedback_shape, feedback, brief);
    if (!brief || feedback->has_auth_failure) {
        g_string_append(out, ",\"auth_failure\":");
        write_auth_failure(out, feedback, brief);
    }
    if (!brief || feedback->field_names->len > 0) {
        g_string_append(out, ",\"fields\":");
        write_fields(out, feedback);
    }
    g_string_append_c(out, '}');
}

void
heed_report_feedback_to_json(const HeedReport *report, GString *out)
{
    write_feedback(out, report->feedback, true);
}

void
heed_report_to_json(const HeedReport *report, const char *source, GString *out)
{
    /* A path need not be UTF-8. */
    g_autofree char *readable = source == NULL ? NULL : g_utf8_make_valid(source, -1);

    g_string_append(out, "{\"source\":");
    write_text(out, readable);
    g_string_append_c(out, ',');
    write_members(out, &heed_report_shape, report, false);
    g_string_append(out, ",\"reporter\":{");
    write_members(out, &heed_reporter_shape, report, false);
    g_string_append(out, "},\"feedback\":");
    write_feedback(out, report->feedback, false);
    g_string_append(out, ",\"original\":{");
    write_members(out, &heed_original_shape, &report->original, false);
    g_string_append(out, "},\"recipients\":[");
    for (guint i = 0; i < report->recipients->len; i++) {
        g_string_append(out, i == 0 ? "{" : ",{");
        write_members(out, &heed_recipient_shape,
                      &g_array_index(report->recipients, HeedRecipient, i), false);
        g_string_append_c(out, '}');
    }
    g_string_append(out, "],\"warnings\":");
    write_list(out, report->warnings);
    g_string_append_c(out, '}');
}
