/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_PARSERS_NOTICE_LOOK_H
#define HEED_PARSERS_NOTICE_LOOK_H

/* What notices are recognised by, gathered once for all formats. Private to the room. */

#include "parsers/formats.h"
#include "parsers/notice_scan.h"
#include "parsers/reading.h"

typedef struct HeedNoticeLook {
    HeedReading *reading;
    char *from;    /* decoded; "" for none; owned */
    char *subject; /* decoded; "" for none; owned */
    char *domain;  /* of the sender, normalised, or NULL; owned */
    HeedSpan text;
    HeedSpan lines[HEED_NOTICE_OPENING_LINES];
    size_t line_count;
    bool first[256]; /* bytes that one of them begins with behind its blanks, in lower case */
} HeedNoticeLook;

/* The header alone; what needs the text does not match then. Clear *out afterwards. */
void heed_notice_look_at_header(HeedReading *reading, HeedNoticeLook *out);
void heed_notice_look_at_text(HeedNoticeLook *look);
void heed_notice_look_clear(HeedNoticeLook *look);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(HeedNoticeLook, heed_notice_look_clear)

/* The first format of this kind (HEED_KIND_OTHER: of notices) that it has all the marks of, or
 * NULL. */
const HeedFormat *heed_notice_recognise(const HeedNoticeLook *look, HeedKind kind);

/* Whether a person answers or forwards it, by its subject and since it begins as no notice. */
bool heed_notice_is_personal(const HeedNoticeLook *look);

/*
 * Whether a program may have sent this about mail that it could not deliver: a mail system by its
 * address, or whoever has no return path and begins as programs do. A person who forwards or quotes
 * a notice does so under his own name, and in reply to it.
 */
bool heed_notice_may_be(const HeedNoticeLook *look);

/*
 * Whether it plainly says that mail failed, where no description of a format knows how that looks:
 * replies of people's autoresponders come from programs, too, and name addresses.
 */
bool heed_notice_is_about_failure(const HeedNoticeLook *look);

/* Whether the text of a field is one of the templates, or there are none. */
bool heed_notice_matches(HeedTemplates templates, const char *text);

#endif
