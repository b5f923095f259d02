/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_INGEST_FOLDER_NAME_H
#define HEED_INGEST_FOLDER_NAME_H

/* Folder names as people write them ("Heed/Done", UTF-8) and as IMAP and Maildir++ want them. */

#include <stdbool.h>

/*
 * With the server's hierarchy delimiter for "/" ('\0': it has none, "/" stays), in modified UTF-7
 * (RFC 3501 5.1.3). The name is valid UTF-8. Caller frees.
 */
char *heed_folder_name_encode(const char *name, char delimiter);

/* Whether an IMAP server may take both names, of one spelling, for one folder: INBOX counts in any
 * case (RFC 9051 5.1), also, as servers like, in front of what is below it. */
bool heed_folder_name_is_same(const char *name, const char *other, char delimiter);

#endif
