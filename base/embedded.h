/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_BASE_EMBEDDED_H
#define HEED_BASE_EMBEDDED_H

/* A text file compiled into the program by heed_embed() of cmake/Build.cmake; arrays of them end
 * with name NULL. */

#include <stddef.h>

typedef struct HeedEmbedded {
    const char *name; /* the file's name without its folder */
    const char *text; /* NUL-terminated */
    size_t length;    /* without the NUL */
} HeedEmbedded;

#endif
