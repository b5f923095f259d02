/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_INGEST_DIGEST_H
#define HEED_INGEST_DIGEST_H

/*
 * Which report is it? SHA-256 over the canonical message: line ends as LF, and without the fields
 * that delivery adds (Received, Delivered-To, Return-Path, Authentication-Results, X-… of
 * delivery), so that the copy in another mailbox, in an mbox or over POP3 is the same report. The
 * exact form and what is left out stand in digest.c and must never change without a migration of
 * what is stored.
 */

#include "parsers/arrival.h"

/* Fetches the algorithm once; use one for all messages of a thread. */
typedef struct HeedDigester HeedDigester;

/* HEED_ERROR_INTERNAL where the library lacks the algorithm. Free accepts NULL. */
HeedDigester *heed_digester_new(GError **error) G_GNUC_WARN_UNUSED_RESULT;
void heed_digester_free(HeedDigester *digester);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HeedDigester, heed_digester_free)

/* Covers at most the first HEED_LIMIT_DIGEST_BYTES of the canonical form. */
void heed_digester_digest(HeedDigester *digester,
                          const void *bytes,
                          size_t length,
                          uint8_t out[HEED_DIGEST_BYTES]);

#endif
