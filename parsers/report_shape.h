/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_PARSERS_REPORT_SHAPE_H
#define HEED_PARSERS_REPORT_SHAPE_H

/* Which members the JSON objects of a report have, in which order, and where they live in the data
 * model. For report_json.c, which writes them, and report_json_read.c alone. */

#include "parsers/report.h"

typedef enum HeedMemberType {
    HEED_MEMBER_TEXT,
    HEED_MEMBER_STATUS,
    HEED_MEMBER_CODE,
    HEED_MEMBER_DATE,
    HEED_MEMBER_COUNT,
    HEED_MEMBER_LIST,
    HEED_MEMBER_NAME
} HeedMemberType;

typedef struct HeedNameTable {
    const char *(*name_of)(unsigned value);
    bool (*find)(const char *name, unsigned *out_value);
} HeedNameTable;

/* One member of a JSON object and where it lives in the structure that holds it. */
typedef struct HeedMember {
    const char *key;
    HeedMemberType type;
    size_t offset;
    const HeedNameTable *names;
} HeedMember;

/* The members of a JSON object, in their order; nested ones follow behind them. */
typedef struct HeedShape {
    const char *where;
    const HeedMember *members;
    size_t count;
} HeedShape;

extern const HeedShape heed_report_shape;
extern const HeedShape heed_reporter_shape;
extern const HeedShape heed_feedback_shape;
extern const HeedShape heed_auth_failure_shape;
extern const HeedShape heed_original_shape;
extern const HeedShape heed_recipient_shape;

#endif
