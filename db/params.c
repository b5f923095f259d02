/* SPDX-License-Identifier: Apache-2.0 */
#include "db/session.h"
#include "parsers/report.h"

#include <inttypes.h>
#include <string.h>

/* OIDs of built-in types: fixed for ever, pg_type.dat. */
enum {
    OID_INFERRED = 0,
    OID_BOOL = 16,
    OID_BYTEA = 17,
    OID_INT8 = 20,
    OID_TEXT = 25,
    OID_BOOL_ARRAY = 1000,
    OID_BYTEA_ARRAY = 1001,
    OID_TEXT_ARRAY = 1009,
    OID_INT8_ARRAY = 1016,
    OID_TIMESTAMPTZ = 1184,
    OID_TIMESTAMPTZ_ARRAY = 1185
};

enum {
    FORMAT_TEXT = 0,
    FORMAT_BINARY = 1
};

/* Seconds from 1970 to 2000, where PostgreSQL counts from, and what it and people can read: the
 * years 1 to 9999. */
#define EPOCH_SECONDS   INT64_C(946684800)
#define EARLIEST_SECOND INT64_C(-62135596800)
#define LATEST_SECOND   INT64_C(253402300799)

/* A binary array: dimensions, flags, element type, length, lower bound; array_recv(). */
#define ARRAY_HEADER_BYTES 20U

struct HeedArrayParam {
    GByteArray *bytes; /* borrowed: the parameter's value */
    uint32_t count;
    bool has_null;
    Oid element;
};

typedef struct Param {
    GByteArray *value;     /* owned; NULL for NULL */
    HeedArrayParam *array; /* owned; NULL for a scalar */
} Param;

struct HeedParams {
    GPtrArray *params; /* of Param *, owned */
    GArray *types;     /* of Oid */
    GArray *formats;   /* of int */
    GArray *lengths;   /* of int; filled by the view, as the next */
    GPtrArray *values; /* of const char * */
};

static void
param_free(gpointer data)
{
    Param *param = data;

    if (param->value != NULL)
        g_byte_array_unref(param->value);
    g_free(param->array);
    g_free(param);
}

HeedParams *
heed_params_new(void)
{
    HeedParams *params = g_new0(HeedParams, 1);

    params->params = g_ptr_array_new_with_free_func(param_free);
    params->types = g_array_new(FALSE, FALSE, sizeof(Oid));
    params->formats = g_array_new(FALSE, FALSE, sizeof(int));
    params->lengths = g_array_new(FALSE, FALSE, sizeof(int));
    params->values = g_ptr_array_new();
    return params;
}

void
heed_params_free(HeedParams *params)
{
    if (params == NULL)
        return;
    g_ptr_array_unref(params->params);
    g_array_unref(params->types);
    g_array_unref(params->formats);
    g_array_unref(params->lengths);
    g_ptr_array_unref(params->values);
    g_free(params);
}

static Param *
add_param(HeedParams *params, Oid type, int format)
{
    Param *param = g_new0(Param, 1);

    g_ptr_array_add(params->params, param);
    g_array_append_val(params->types, type);
    g_array_append_val(params->formats, format);
    return param;
}

static void
set_value(Param *param, const void *bytes, size_t length)
{
    param->value = g_byte_array_sized_new((guint)length);
    g_byte_array_append(param->value, bytes, (guint)length);
}

void
heed_params_text(HeedParams *params, const char *value)
{
    /* The type is inferred, so that text also stands for enums, dates and the like. */
    Param *param = add_param(params, OID_INFERRED, FORMAT_TEXT);

    if (value != NULL)
        set_value(param, value, strlen(value) + 1);
}

void
heed_params_int(HeedParams *params, int64_t value)
{
    g_autofree char *text = g_strdup_printf("%" PRId64, value);

    set_value(add_param(params, OID_INT8, FORMAT_TEXT), text, strlen(text) + 1);
}

void
heed_params_bool(HeedParams *params, bool value)
{
    set_value(add_param(params, OID_BOOL, FORMAT_TEXT), value ? "t" : "f", 2);
}

void
heed_params_bytes(HeedParams *params, const void *bytes, size_t length)
{
    Param *param = add_param(params, OID_BYTEA, FORMAT_BINARY);

    if (bytes != NULL)
        set_value(param, bytes, length);
}

static uint64_t
time_on_the_wire(int64_t seconds)
{
    int64_t clamped = CLAMP(seconds, EARLIEST_SECOND, LATEST_SECOND);

    return GUINT64_TO_BE((uint64_t)((clamped - EPOCH_SECONDS) * G_USEC_PER_SEC));
}

void
heed_params_time(HeedParams *params, int64_t seconds)
{
    Param *param = add_param(params, OID_TIMESTAMPTZ, FORMAT_BINARY);
    uint64_t wire = time_on_the_wire(seconds);

    if (seconds != HEED_DATE_UNKNOWN)
        set_value(param, &wire, sizeof(wire));
}

static HeedArrayParam *
add_array(HeedParams *params, Oid type, Oid element)
{
    static const uint8_t header[ARRAY_HEADER_BYTES];
    Param *param = add_param(params, type, FORMAT_BINARY);

    set_value(param, header, sizeof(header));
    param->array = g_new0(HeedArrayParam, 1);
    param->array->bytes = param->value;
    param->array->element = element;
    return param->array;
}

HeedArrayParam *
heed_params_text_array(HeedParams *params)
{
    return add_array(params, OID_TEXT_ARRAY, OID_TEXT);
}

HeedArrayParam *
heed_params_int_array(HeedParams *params)
{
    return add_array(params, OID_INT8_ARRAY, OID_INT8);
}

HeedArrayParam *
heed_params_bool_array(HeedParams *params)
{
    return add_array(params, OID_BOOL_ARRAY, OID_BOOL);
}

HeedArrayParam *
heed_params_bytes_array(HeedParams *params)
{
    return add_array(params, OID_BYTEA_ARRAY, OID_BYTEA);
}

HeedArrayParam *
heed_params_time_array(HeedParams *params)
{
    return add_array(params, OID_TIMESTAMPTZ_ARRAY, OID_TIMESTAMPTZ);
}

static void
append_be32(GByteArray *bytes, uint32_t value)
{
    uint32_t wire = GUINT32_TO_BE(value);

    g_byte_array_append(bytes, (const guint8 *)&wire, sizeof(wire));
}

static void
add_element(HeedArrayParam *array, Oid element, const void *bytes, size_t length)
{
    g_assert(array->element == element);
    append_be32(array->bytes, (uint32_t)length);
    g_byte_array_append(array->bytes, bytes, (guint)length);
    array->count++;
}

void
heed_array_add_null(HeedArrayParam *array)
{
    append_be32(array->bytes, UINT32_MAX);
    array->has_null = true;
    array->count++;
}

void
heed_array_add_text(HeedArrayParam *array, const char *value)
{
    if (value == NULL)
        heed_array_add_null(array);
    else
        add_element(array, OID_TEXT, value, strlen(value));
}

void
heed_array_add_int(HeedArrayParam *array, int64_t value)
{
    uint64_t wire = GUINT64_TO_BE((uint64_t)value);

    add_element(array, OID_INT8, &wire, sizeof(wire));
}

void
heed_array_add_bool(HeedArrayParam *array, bool value)
{
    uint8_t wire = value ? 1 : 0;

    add_element(array, OID_BOOL, &wire, sizeof(wire));
}

void
heed_array_add_bytes(HeedArrayParam *array, const void *bytes, size_t length)
{
    if (bytes == NULL)
        heed_array_add_null(array);
    else
        add_element(array, OID_BYTEA, bytes, length);
}

void
heed_array_add_time(HeedArrayParam *array, int64_t seconds)
{
    uint64_t wire = time_on_the_wire(seconds);

    if (seconds == HEED_DATE_UNKNOWN)
        heed_array_add_null(array);
    else
        add_element(array, OID_TIMESTAMPTZ, &wire, sizeof(wire));
}

/* An empty array has no dimensions at all, and so no length and bound. */
static void
finish_array(HeedArrayParam *array)
{
    const uint32_t header[] = {
        GUINT32_TO_BE(array->count > 0 ? 1U : 0U),
        GUINT32_TO_BE(array->has_null ? 1U : 0U),
        GUINT32_TO_BE(array->element),
        GUINT32_TO_BE(array->count),
        GUINT32_TO_BE(1U),
    };

    memcpy(array->bytes->data, header, ARRAY_HEADER_BYTES);
    if (array->count == 0)
        g_byte_array_set_size(array->bytes, 3 * sizeof(uint32_t));
}

HeedParamView
heed_params_view(HeedParams *params)
{
    HeedParamView view = {.count = 0};

    if (params == NULL)
        return view;
    g_array_set_size(params->lengths, 0);
    g_ptr_array_set_size(params->values, 0);
    for (guint i = 0; i < params->params->len; i++) {
        Param *param = g_ptr_array_index(params->params, i);
        int length = 0;

        if (param->array != NULL)
            finish_array(param->array);
        if (param->value != NULL)
            length = (int)param->value->len;
        g_array_append_val(params->lengths, length);
        /* libpq takes a pointer that is not NULL for a value, even of no bytes. */
        g_ptr_array_add(params->values, param->value == NULL         ? NULL
                                        : param->value->data != NULL ? (gpointer)param->value->data
                                                                     : (gpointer)param);
    }
    view.count = (int)params->params->len;
    view.types = (const Oid *)(const void *)params->types->data;
    view.formats = (const int *)(const void *)params->formats->data;
    view.lengths = (const int *)(const void *)params->lengths->data;
    view.values = (const char *const *)params->values->pdata;
    return view;
}
