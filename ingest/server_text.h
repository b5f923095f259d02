/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_INGEST_SERVER_TEXT_H
#define HEED_INGEST_SERVER_TEXT_H

/* What a server said, for an error message: one line, at most 200 octets, valid UTF-8, nothing that
 * a terminal would obey. NULL gives "". Caller frees. */
char *heed_server_text(const char *said);

#endif
