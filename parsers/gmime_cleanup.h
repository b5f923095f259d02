/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_PARSERS_GMIME_CLEANUP_H
#define HEED_PARSERS_GMIME_CLEANUP_H

/* Cleanups for GMime's objects, of which its headers have none. */

#include <gmime/gmime.h>

G_DEFINE_AUTOPTR_CLEANUP_FUNC(GMimeContentType, g_object_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GMimeMessage, g_object_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GMimeParser, g_object_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GMimeParserOptions, g_mime_parser_options_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GMimeStream, g_object_unref)

#endif
