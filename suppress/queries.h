/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_SUPPRESS_QUERIES_H
#define HEED_SUPPRESS_QUERIES_H

/* The .sql files of this folder, compiled in. For the files of this room. */

/* The text of a query by its file's name ("gather.sql"); one that is not there is a bug and aborts.
 */
const char *heed_suppress_query(const char *name);

#endif
