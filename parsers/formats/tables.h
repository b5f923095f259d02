/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_PARSERS_FORMATS_TABLES_H
#define HEED_PARSERS_FORMATS_TABLES_H

/* The tables of this folder, for parsers/formats.c alone. */

#include "parsers/formats.h"

extern const HeedFormatTable heed_formats_transport;
extern const HeedFormatTable heed_formats_groupware;
extern const HeedFormatTable heed_formats_providers;
extern const HeedFormatTable heed_formats_gateways;
extern const HeedFormatTable heed_formats_challenges;

#endif
