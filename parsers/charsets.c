/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/charsets.h"

#include <iconv.h>
#include <stdint.h>

/* What mail is written in (names of WHATWG's encoding standard and of common mail programs); a
 * module serves all names of its character set. */
static const char *const names[] = {
    "ISO-8859-1",   "ISO-8859-2",   "ISO-8859-3",   "ISO-8859-4",    "ISO-8859-5",   "ISO-8859-6",
    "ISO-8859-7",   "ISO-8859-8",   "ISO-8859-9",   "ISO-8859-10",   "ISO-8859-13",  "ISO-8859-14",
    "ISO-8859-15",  "ISO-8859-16",  "WINDOWS-1250", "WINDOWS-1251",  "WINDOWS-1252", "WINDOWS-1253",
    "WINDOWS-1254", "WINDOWS-1255", "WINDOWS-1256", "WINDOWS-1257",  "WINDOWS-1258", "WINDOWS-874",
    "KOI8-R",       "KOI8-U",       "IBM437",       "IBM850",        "IBM852",       "IBM866",
    "MACINTOSH",    "MAC-CYRILLIC", "ISO-2022-JP",  "ISO-2022-JP-2", "SHIFT_JIS",    "CP932",
    "EUC-JP",       "EUC-KR",       "CP949",        "ISO-2022-KR",   "JOHAB",        "GB2312",
    "GBK",          "GB18030",      "ISO-2022-CN",  "HZ-GB-2312",    "BIG5",         "BIG5-HKSCS",
    "CP950",        "EUC-TW",       "TIS-620",      "VISCII",        "TCVN",         "ARMSCII-8",
    "GEORGIAN-PS",  "PT154",        "US-ASCII",     "UTF-7",         "UTF-8",        "UTF-16",
    "UTF-16BE",     "UTF-16LE",     "UTF-32",       "UCS-2",         "UCS-4",
};

struct HeedCharsets {
    iconv_t open[G_N_ELEMENTS(names)];
};

#define NOT_OPEN ((iconv_t)(intptr_t)-1)

HeedCharsets *
heed_charsets_new(void)
{
    HeedCharsets *charsets = g_new0(HeedCharsets, 1);

    for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
        charsets->open[i] = iconv_open("UTF-8", names[i]);
    return charsets;
}

void
heed_charsets_free(HeedCharsets *charsets)
{
    if (charsets == NULL)
        return;
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
        if (charsets->open[i] != NOT_OPEN)
            (void)iconv_close(charsets->open[i]);
    g_free(charsets);
}
