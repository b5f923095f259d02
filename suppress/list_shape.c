/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"
#include "base/limits.h"
#include "parsers/address.h"
#include "suppress/csv.h"
#include "suppress/list.h"

#include <string.h>

/* What exports call the column, in lower case and without spaces, "-", "_" and ".": the likelier
 * first, since "address" may be that of a house. */
static const char *const usual_names[] = {"email",       "emailaddress", "mail",
                                          "mailaddress", "emailadresse", "recipient",
                                          "subscriber",  "address"};

#define MOST_COLUMNS_NAMED 20U

static bool
is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static void
trim(const char **text, size_t *length)
{
    while (*length > 0 && is_space((*text)[0])) {
        (*text)++;
        (*length)--;
    }
    while (*length > 0 && is_space((*text)[*length - 1]))
        (*length)--;
}

bool
heed_list_is_blank(const char *line, size_t length)
{
    trim(&line, &length);
    return length == 0;
}

bool
heed_list_is_remark(const char *line, size_t length)
{
    trim(&line, &length);
    return length == 0 || line[0] == '#';
}

/* "Name <a@b>" to "a@b", and "\"a@b\"", which is how a plain list is quoted at times. */
static void
unwrap(const char **text, size_t *length)
{
    trim(text, length);
    if (*length > 1 && (*text)[*length - 1] == '>') {
        const char *open = g_strrstr_len(*text, (gssize)*length, "<");

        if (open == NULL)
            return;
        *length -= (size_t)(open + 1 - *text) + 1;
        *text = open + 1;
    } else if (*length > 1 && (*text)[0] == '"' && (*text)[*length - 1] == '"') {
        *text += 1;
        *length -= 2;
    }
    trim(text, length);
}

bool
heed_list_address(const char *text, size_t length, GString *out)
{
    g_autofree char *address = NULL;
    size_t normal;

    unwrap(&text, &length);
    g_string_set_size(out, HEED_LIMIT_ADDRESS_BYTES);
    normal = heed_address_normalise_ascii(text, length, out->str, HEED_LIMIT_ADDRESS_BYTES);
    if (normal > 0) {
        g_string_set_size(out, normal);
        return true;
    }
    g_string_truncate(out, 0);
    address = heed_address_normalise(text, (gssize)length);
    if (address == NULL)
        return false;
    g_string_append(out, address);
    return true;
}

#define SHA256_DIGITS 64U
#define MD5_DIGITS    32U

bool
heed_list_entry(HeedListKind kind, const char *text, size_t length, GString *out)
{
    if (kind == HEED_LIST_OF_ADDRESSES)
        return heed_list_address(text, length, out);
    unwrap(&text, &length);
    g_string_truncate(out, 0);
    if (length != (kind == HEED_LIST_OF_MD5 ? MD5_DIGITS : SHA256_DIGITS))
        return false;
    for (size_t i = 0; i < length; i++) {
        if (!g_ascii_isxdigit(text[i]))
            return false;
        g_string_append_c(out, g_ascii_tolower(text[i]));
    }
    return true;
}

void
heed_list_digest(HeedListKind kind, const char *address, size_t length, GString *out)
{
    GChecksumType type = kind == HEED_LIST_OF_MD5 ? G_CHECKSUM_MD5 : G_CHECKSUM_SHA256;
    g_autofree char *digest = g_compute_checksum_for_data(type, (const guchar *)address, length);

    g_string_assign(out, digest);
}

static GPtrArray *
split(const char *line, size_t length, char delimiter)
{
    g_autoptr(GPtrArray) fields = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GString) field = g_string_new(NULL);
    size_t position = 0;

    while (heed_csv_next_field(line, length, delimiter, &position, field)) {
        const char *text = field->str;
        size_t trimmed = field->len;

        trim(&text, &trimmed);
        g_ptr_array_add(fields, g_strndup(text, trimmed));
    }
    return g_steal_pointer(&fields);
}

/* The delimiter that makes the most fields of the line; a comma when none makes more than one. */
static char
likely_delimiter(const char *line, size_t length)
{
    char likely = ',';
    guint most = 1;

    for (const char *candidate = ",;\t"; *candidate != '\0'; candidate++) {
        g_autoptr(GPtrArray) fields = split(line, length, *candidate);

        if (fields->len > most) {
            most = fields->len;
            likely = *candidate;
        }
    }
    return likely;
}

static char *
plain_name(const char *name)
{
    g_autoptr(GString) plain = g_string_new(NULL);

    for (; *name != '\0'; name++) {
        if (strchr(" -_.", *name) == NULL)
            g_string_append_c(plain, g_ascii_tolower(*name));
    }
    return g_string_free(g_steal_pointer(&plain), FALSE);
}

/* Among the fields, the one called so: as it stands, then in whatever case and spelling. */
static bool
find_name(const GPtrArray *fields, const char *name, size_t *out_column)
{
    g_autofree char *plain = plain_name(name);

    for (guint i = 0; i < fields->len; i++) {
        if (strcmp(g_ptr_array_index(fields, i), name) == 0) {
            *out_column = i;
            return true;
        }
    }
    for (guint i = 0; i < fields->len; i++) {
        g_autofree char *other = plain_name(g_ptr_array_index(fields, i));

        if (other[0] != '\0' && strcmp(other, plain) == 0) {
            *out_column = i;
            return true;
        }
    }
    return false;
}

static bool
find_usual_name(const GPtrArray *fields, size_t *out_column)
{
    for (size_t i = 0; i < G_N_ELEMENTS(usual_names); i++) {
        if (find_name(fields, usual_names[i], out_column))
            return true;
    }
    return false;
}

static bool
field_is_entry(HeedListKind kind, const char *field)
{
    g_autoptr(GString) scratch = g_string_new(NULL);

    return heed_list_entry(kind, field, strlen(field), scratch);
}

/* How many of the fields are addresses, and the first of them. */
static guint
find_addresses(const GPtrArray *fields, HeedListKind kind, size_t *out_column)
{
    guint found = 0;

    for (guint i = fields->len; i > 0; i--) {
        if (field_is_entry(kind, g_ptr_array_index(fields, i - 1))) {
            *out_column = i - 1;
            found++;
        }
    }
    return found;
}

/* The columns for an error message: names, or numbers where the line is not a header. */
static char *
name_columns(const GPtrArray *fields, bool header)
{
    g_autoptr(GString) names = g_string_new(NULL);

    for (guint i = 0; i < MIN(fields->len, MOST_COLUMNS_NAMED); i++) {
        g_autofree char *shown = g_strescape(g_ptr_array_index(fields, i), NULL);

        if (header)
            g_string_append_printf(names, "%s\"%.60s\"", i == 0 ? "" : ", ", shown);
        else
            g_string_append_printf(names, "%s%u", i == 0 ? "" : ", ", i + 1);
    }
    return g_string_free(g_steal_pointer(&names), FALSE);
}

static bool
fail(const GPtrArray *fields, bool header, const char *column, GError **error)
{
    g_autofree char *names = name_columns(fields, header);

    if (column != NULL)
        g_set_error(error, HEED_ERROR, HEED_ERROR_DATA, "the list has no column \"%s\"; it has %s",
                    column, names);
    else
        g_set_error(error, HEED_ERROR, HEED_ERROR_DATA,
                    "which column holds the address? name it with --column: %s", names);
    return false;
}

static bool
find_named_column(const GPtrArray *fields, const char *column, HeedListShape *shape, GError **error)
{
    size_t first_address;
    guint64 number;

    if (find_name(fields, column, &shape->column)) {
        shape->has_header = true;
        return true;
    }
    if (!g_ascii_string_to_unsigned(column, 10, 1, fields->len, &number, NULL))
        return fail(fields, find_addresses(fields, shape->kind, &first_address) == 0, column,
                    error);
    shape->column = (size_t)number - 1;
    shape->has_header = !field_is_entry(shape->kind, g_ptr_array_index(fields, shape->column));
    return true;
}

bool
heed_list_shape_find(const char *line,
                     size_t length,
                     const char *column,
                     HeedListKind kind,
                     HeedListShape *out,
                     GError **error)
{
    HeedListShape shape = {.kind = kind, .delimiter = likely_delimiter(line, length)};
    g_autoptr(GPtrArray) fields = split(line, length, shape.delimiter);
    g_autoptr(GString) whole = g_string_new(NULL);
    guint addresses;

    if (column != NULL) {
        if (!find_named_column(fields, column, &shape, error))
            return false;
    } else if (find_usual_name(fields, &shape.column)) {
        shape.has_header = true;
    } else if (fields->len == 1 || heed_list_entry(kind, line, length, whole)) {
        shape = (HeedListShape){.kind = kind};
    } else if ((addresses = find_addresses(fields, kind, &shape.column)) != 1) {
        return fail(fields, addresses == 0, NULL, error);
    }
    *out = shape;
    return true;
}
