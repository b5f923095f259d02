/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_PARSERS_BOUNDARY_H
#define HEED_PARSERS_BOUNDARY_H

/* Mail whose header does not say, or says wrongly, what separates its parts. */

#include "parsers/fields.h"

#include <gmime/gmime.h>

/*
 * When lines of the body plainly are a multipart's delimiters ("--x", with a Content- field behind
 * it), a message of the same parts with a header that names them; type is what the mail's own
 * header said, or NULL. NULL when there is nothing of the kind. The caller frees it.
 */
GString *heed_boundary_guess(HeedSpan body, GMimeContentType *type);

#endif
