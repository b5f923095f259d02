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

static bool
normal_address(const char *text, size_t length, GString *out)
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
        return normal_address(text, length, out);
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

/* Adds it where it belongs, unless it is there. False when there are too many. */
static bool
add_column(HeedListShape *shape, size_t column)
{
    size_t place = 0;

    while (place < shape->column_count && shape->columns[place] < column)
        place++;
    if (place < shape->column_count && shape->columns[place] == column)
        return true;
    if (shape->column_count == HEED_LIMIT_LIST_COLUMNS)
        return false;
    memmove(&shape->columns[place + 1], &shape->columns[place],
            (shape->column_count - place) * sizeof(shape->columns[0]));
    shape->columns[place] = column;
    shape->column_count++;
    return true;
}

/* Whether a field is called so, with or without a number behind it. */
static bool
is_one_of(const char *field, const char *name)
{
    g_autofree char *plain = plain_name(field);
    size_t length = strlen(plain);

    while (length > 0 && g_ascii_isdigit(plain[length - 1]))
        length--;
    return length == strlen(name) && strncmp(plain, name, length) == 0;
}

/* All columns of the likeliest name. Those of a house are often "address1" and "address2". False
 * when there are too many. */
static bool
find_usual_names(const GPtrArray *fields, HeedListShape *shape)
{
    size_t column;

    for (size_t i = 0; i + 1 < G_N_ELEMENTS(usual_names) && shape->column_count == 0; i++) {
        for (guint j = 0; j < fields->len; j++) {
            if (is_one_of(g_ptr_array_index(fields, j), usual_names[i]) && !add_column(shape, j))
                return false;
        }
    }
    if (shape->column_count == 0 &&
        find_name(fields, usual_names[G_N_ELEMENTS(usual_names) - 1], &column))
        (void)add_column(shape, column);
    return true;
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
        g_set_error(
            error, HEED_ERROR, HEED_ERROR_DATA,
            "which column holds the address? name it with --column, or several with several: %s",
            names);
    return false;
}

static bool
fail_too_many(GError **error)
{
    g_set_error(error, HEED_ERROR, HEED_ERROR_DATA,
                "more than %u columns of addresses; name fewer with --column",
                HEED_LIMIT_LIST_COLUMNS);
    return false;
}

/* Adds the column of the name or number; whether it was a name, or else whether an address stands
 * there. */
static bool
find_named_column(const GPtrArray *fields,
                  const char *column,
                  HeedListShape *shape,
                  bool *out_named,
                  bool *out_address,
                  GError **error)
{
    size_t found;
    guint64 number;

    if (find_name(fields, column, &found)) {
        *out_named = true;
    } else if (g_ascii_string_to_unsigned(column, 10, 1, fields->len, &number, NULL)) {
        found = (size_t)number - 1;
        *out_address |= field_is_entry(shape->kind, g_ptr_array_index(fields, found));
    } else {
        return fail(fields, find_addresses(fields, shape->kind, &found) == 0, column, error);
    }
    return add_column(shape, found) || fail_too_many(error);
}

static bool
find_named_columns(const GPtrArray *fields,
                   const char *const *columns,
                   HeedListShape *shape,
                   GError **error)
{
    bool named = false;
    bool address = false;

    for (; *columns != NULL; columns++) {
        if (!find_named_column(fields, *columns, shape, &named, &address, error))
            return false;
    }
    shape->has_header = named || !address;
    return true;
}

/* The names of the columns that were found, where they are several. */
static char *
name_found(const GPtrArray *fields, const HeedListShape *shape)
{
    g_autoptr(GPtrArray) found = g_ptr_array_new();

    for (size_t i = 0; i < shape->column_count; i++)
        g_ptr_array_add(found, g_ptr_array_index(fields, shape->columns[i]));
    return shape->column_count > 1 ? name_columns(found, true) : NULL;
}

/* Where no column was named. */
static bool
find_unnamed(const GPtrArray *fields, bool is_whole, HeedListShape *shape, GError **error)
{
    guint addresses = 0;

    if (!find_usual_names(fields, shape))
        return fail_too_many(error);
    shape->has_header = shape->column_count > 0;
    if (shape->has_header)
        return true;
    if (fields->len == 1 || is_whole) {
        *shape = (HeedListShape){.kind = shape->kind, .column_count = 1};
        return true;
    }
    addresses = find_addresses(fields, shape->kind, &shape->columns[0]);
    if (addresses != 1)
        return fail(fields, addresses == 0, NULL, error);
    shape->column_count = 1;
    return true;
}

bool /* NOLINTNEXTLINE(readability-function-size): a text is two parameters */
heed_list_shape_find(const char *line,
                     size_t length,
                     const char *const *columns,
                     HeedListKind kind,
                     HeedListShape *out,
                     char **out_found,
                     GError **error)
{
    HeedListShape shape = {.kind = kind, .delimiter = likely_delimiter(line, length)};
    g_autoptr(GPtrArray) fields = split(line, length, shape.delimiter);
    g_autoptr(GString) whole = g_string_new(NULL);

    *out_found = NULL;
    if (columns != NULL
            ? !find_named_columns(fields, columns, &shape, error)
            : !find_unnamed(fields, heed_list_entry(kind, line, length, whole), &shape, error))
        return false;
    if (columns == NULL && shape.has_header)
        *out_found = name_found(fields, &shape);
    *out = shape;
    return true;
}
