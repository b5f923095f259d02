/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_INGEST_FOLDER_NAME_H
#define HEED_INGEST_FOLDER_NAME_H

/* Folder names as people write them ("Heed/Done", UTF-8) and as IMAP and Maildir++ want them. */

/*
 * With the server's hierarchy delimiter for "/" ('\0': it has none, "/" stays), in modified UTF-7
 * (RFC 3501 5.1.3). The name is valid UTF-8. Caller frees.
 */
char *heed_folder_name_encode(const char *name, char delimiter);

#endif
