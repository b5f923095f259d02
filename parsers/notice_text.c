/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/notice_text.h"

#include "base/limits.h"

#include <errno.h>
#include <iconv.h>
#include <string.h>

/* Text that is converted; a notice stands at its front. */
#define CONVERTED_BYTES (256U * 1024)

static bool
is_ascii(HeedSpan text)
{
    for (size_t i = 0; i < text.length; i++)
        if ((unsigned char)text.at[i] >= 0x80 || text.at[i] == '\033')
            return false;
    return true;
}

/* Converts what can be; bytes that are none of the set become "?". */
static void
convert(iconv_t converter, HeedSpan text, GString *out)
{
    char *from = (char *)(uintptr_t)text.at;
    size_t left = text.length;
    char block[4096];

    while (left > 0) {
        char *to = block;
        size_t room = sizeof(block);
        size_t done = iconv(converter, &from, &left, &to, &room);

        g_string_append_len(out, block, to - block);
        if (done != (size_t)-1 || errno == E2BIG)
            continue;
        if (errno != EILSEQ || left == 0)
            return; /* the last character is cut in half */
        g_string_append_c(out, '?');
        from++;
        left--;
    }
}

static const char *
charset_of(const HeedPart *part, HeedSpan text)
{
    const char *charset =
        g_mime_content_type_get_parameter(g_mime_object_get_content_type(part->object), "charset");

    /* Half of all Japanese notices do not name it. */
    if (memchr(text.at, '\033', text.length) != NULL)
        return "ISO-2022-JP";
    if (charset == NULL || g_ascii_strcasecmp(charset, "us-ascii") == 0 ||
        g_ascii_strncasecmp(charset, "utf-8", 5) == 0)
        return g_utf8_validate(text.at, (gssize)text.length, NULL) ? NULL : "ISO-8859-1";
    return charset;
}

void
heed_notice_text_convert(const char *charset, HeedSpan text, GString *out)
{
    iconv_t converter = iconv_open("UTF-8", g_mime_charset_iconv_name(charset));

    if (converter == (iconv_t)-1)
        converter = iconv_open("UTF-8", "ISO-8859-1");
    if (converter == (iconv_t)-1)
        return;
    text.length = MIN(text.length, CONVERTED_BYTES);
    convert(converter, text, out);
    (void)iconv_close(converter);
}

/* The text in UTF-8, appended to out. */
static void
append_text(const HeedPart *part, HeedSpan text, GString *out)
{
    const char *charset = is_ascii(text) ? NULL : charset_of(part, text);

    if (charset == NULL)
        g_string_append_len(out, text.at, (gssize)text.length);
    else
        heed_notice_text_convert(charset, text, out);
}

/* The length of the tag's name at the beginning ("br", "/td"). */
static size_t
tag_name_length(HeedSpan tag)
{
    size_t length = tag.length > 0 && tag.at[0] == '/' ? 1 : 0;

    while (length < tag.length && g_ascii_isalnum(tag.at[length]))
        length++;
    return length;
}

static bool
breaks_line(HeedSpan tag)
{
    static const char *const blocks[] = {"br", "p",     "div", "tr", "li", "ul",  "ol", "table",
                                         "hr", "title", "h1",  "h2", "h3", "pre", "dd", "dt"};
    size_t begin = tag.length > 0 && tag.at[0] == '/' ? 1 : 0;
    HeedSpan name = {tag.at + begin, tag_name_length(tag) - begin};

    for (size_t i = 0; i < G_N_ELEMENTS(blocks); i++)
        if (heed_span_is(name, blocks[i]))
            return true;
    return false;
}

/* Appends what the entity stands for; how long it is, or 0 when it is none that is known. */
static size_t
append_entity(HeedSpan text, GString *out)
{
    static const struct {
        const char *name;
        char c;
    } entities[] = {
        {"&nbsp;", ' '}, {"&lt;", '<'},   {"&gt;", '>'},    {"&amp;", '&'},
        {"&quot;", '"'}, {"&#39;", '\''}, {"&apos;", '\''}, {"&#64;", '@'},
        {"&#160;", ' '}, {"&#58;", ':'},  {"&#46;", '.'},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(entities); i++)
        if (heed_span_starts(text, entities[i].name)) {
            g_string_append_c(out, entities[i].c);
            return strlen(entities[i].name);
        }
    return 0;
}

/* Behind the tag that begins here, with what it encloses where that is not meant to be read. */
static size_t
skip_tag(HeedSpan text, GString *out)
{
    static const char *const hidden[] = {"style", "script"};
    const char *close = memchr(text.at, '>', text.length);
    HeedSpan tag = {text.at + 1, close == NULL ? text.length - 1 : (size_t)(close - text.at) - 1};

    if (close == NULL)
        return text.length;
    if (heed_span_starts(tag, "!--")) {
        close = g_strstr_len(text.at, (gssize)text.length, "-->");
        return close == NULL ? text.length : (size_t)(close - text.at) + 3;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(hidden); i++) {
        HeedSpan name = {tag.at, tag_name_length(tag)};
        const char *end;

        if (!heed_span_is(name, hidden[i]))
            continue;
        end = g_strstr_len(close, (gssize)(text.at + text.length - close), "</");
        return end == NULL ? text.length : (size_t)(end - text.at);
    }
    if (breaks_line(tag))
        g_string_append_c(out, '\n');
    return (size_t)(close - text.at) + 1;
}

/* Line ends are blanks in HTML, and blanks at the beginning of a line are none. */
static void
append_html_byte(char c, GString *out)
{
    if (c == '\n' || c == '\r' || c == '\t')
        c = ' ';
    if (c != ' ' || (out->len > 0 && out->str[out->len - 1] != '\n'))
        g_string_append_c(out, c);
}

void
heed_notice_text_from_html(HeedSpan html, GString *out)
{
    size_t at = 0;

    while (at < html.length) {
        HeedSpan rest = {html.at + at, html.length - at};
        size_t entity = *rest.at == '&' ? append_entity(rest, out) : 0;

        if (entity > 0) {
            at += entity;
        } else if (*rest.at == '<' && rest.length > 1 &&
                   (g_ascii_isalpha(rest.at[1]) || rest.at[1] == '/' || rest.at[1] == '!')) {
            at += skip_tag(rest, out);
        } else {
            append_html_byte(*rest.at, out);
            at++;
        }
    }
}

static bool
is_html(const HeedPart *part)
{
    return part->type == HEED_PART_OTHER && GMIME_IS_PART(part->object) &&
           g_mime_content_type_is_type(g_mime_object_get_content_type(part->object), "text",
                                       "html");
}

/* Appends the parts of a kind that stand in front of the returned message. */
static void
append_parts(HeedReading *reading, bool html, GString *out)
{
    HeedMessage *message = reading->message;

    for (guint i = 0; i < message->parts->len; i++) {
        const HeedPart *part = &g_array_index(message->parts, HeedPart, i);
        HeedSpan content;

        if (part->type == HEED_PART_ENCLOSED || part->type == HEED_PART_HEADERS)
            return;
        if (html ? !is_html(part) : part->type != HEED_PART_TEXT)
            continue;
        content = heed_message_content(message, part, HEED_LIMIT_REPORT_PART_BYTES);
        if (html) {
            g_autoptr(GString) decoded = g_string_new(NULL);

            append_text(part, content, decoded);
            if (memchr(decoded->str, '<', decoded->len) != NULL)
                heed_notice_text_from_html((HeedSpan){decoded->str, decoded->len}, out);
            else /* plain text under a wrong label, whose line ends mean something */
                g_string_append_len(out, decoded->str, (gssize)decoded->len);
        } else {
            append_text(part, content, out);
        }
        if (out->len > 0 && out->str[out->len - 1] != '\n')
            g_string_append_c(out, '\n');
        if (out->len > HEED_LIMIT_REPORT_PART_BYTES)
            return;
    }
}

static bool
is_blank_text(const GString *text)
{
    return strspn(text->str, " \t\r\n") == text->len;
}

HeedSpan
heed_notice_text(HeedReading *reading)
{
    HeedMessage *message = reading->message;
    GString *text = g_string_sized_new(2048);
    gsize length;
    char *bytes;

    append_parts(reading, false, text);
    if (is_blank_text(text))
        append_parts(reading, true, text);
    if (is_blank_text(text) && message->parts->len == 0)
        g_string_append_len(text, message->body.at, (gssize)message->body.length);
    length = text->len;
    bytes = g_string_free(text, FALSE);
    g_ptr_array_add(message->decoded, bytes);
    return (HeedSpan){bytes, length};
}
