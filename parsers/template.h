/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_PARSERS_TEMPLATE_H
#define HEED_PARSERS_TEMPLATE_H

/*
 * Templates of one line, in which the descriptions of notices (parsers/formats.h) say how
 * recipients and replies stand in a text: "{address}: host {host} said: {reply}".
 *
 * A template describes the whole line. Letters match in any case, bytes beyond ASCII exactly; a
 * blank stands for one or more blanks and tabs. Blanks at the line's end do not matter. At the
 * beginning, " " asks for an indented line, "^" for one that is not; else either will do. "="
 * behind that, or first: the whole line is the reply, too.
 *
 *   {address}   a mail address, bare or within <> or "" (which belong to it)
 *   {original}  the same, for the address that the sender had mailed
 *   {local}     a local part alone
 *   {host}      a host's name, or an IP address, bare or within []
 *   {status}    an enhanced status code
 *   {code}      a reply code
 *   {n}         digits
 *   {subject}   any text: the original's subject
 *   {reply}     any text: what the server said; at the template's end it may go on in further lines
 *   {*}         any text, or none
 *
 * Any text is the shortest that lets the rest match; of several, earlier ones are not tried again,
 * so that matching takes no more than line times template.
 */

#include "parsers/fields.h"

typedef struct HeedTemplateMatch {
    /* Where the template has the placeholder, with at not NULL; without brackets and quotes. */
    HeedSpan address;
    HeedSpan original;
    HeedSpan local;
    HeedSpan host;
    HeedSpan status;
    HeedSpan code;
    HeedSpan subject;
    HeedSpan reply;
} HeedTemplateMatch;

/* Whether the line is as the template says; fills *out only then. */
bool heed_template_match(const char *pattern, HeedSpan line, HeedTemplateMatch *out);

/* The first of the templates (NULL-terminated; NULL is none) that matches, or NULL. Out may be
 * NULL. */
const char *
heed_template_match_any(const char *const *templates, HeedSpan line, HeedTemplateMatch *out);

/* Whether the template, as somebody wrote it, is one: braces are closed, placeholders known. */
bool heed_template_is_valid(const char *pattern);

#endif
