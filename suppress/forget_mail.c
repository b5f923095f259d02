/* SPDX-License-Identifier: Apache-2.0 */
#include "suppress/forget_mail.h"

#include "db/decompress.h"
#include "suppress/address_forms.h"
#include "suppress/queries.h"

/* What was found: the keys of raw_message, or of quarantine. */
typedef struct Found {
    const GPtrArray *forms;     /* borrowed */
    HeedArrayParam *arrived_at; /* borrowed, as are the next two */
    HeedArrayParam *digest;
    HeedArrayParam *id;
    uint64_t count;
} Found;

static bool
holds_address(const Found *found, const HeedRows *row, size_t column)
{
    g_autoptr(GBytes) packed = heed_rows_bytes(row, 0, column);
    g_autoptr(GBytes) plain = heed_decompress(packed, NULL);
    size_t length = 0;
    const char *bytes;

    /* What is damaged says nothing to anybody. */
    if (plain == NULL)
        return false;
    bytes = g_bytes_get_data(plain, &length);
    return length > 0 && heed_forms_occur(found->forms, bytes, length);
}

static void
look_at_kept(const HeedRows *row, void *data)
{
    Found *found = data;
    g_autoptr(GBytes) digest = NULL;
    size_t length = 0;
    const void *bytes;

    if (!holds_address(found, row, 2))
        return;
    digest = heed_rows_bytes(row, 0, 1);
    bytes = g_bytes_get_data(digest, &length);
    heed_array_add_text(found->arrived_at, heed_rows_text(row, 0, 0));
    heed_array_add_bytes(found->digest, bytes, length);
    found->count++;
}

static void
look_at_quarantined(const HeedRows *row, void *data)
{
    Found *found = data;

    if (!holds_address(found, row, 1))
        return;
    heed_array_add_int(found->id, heed_rows_int(row, 0, 0));
    found->count++;
}

static bool
forget_kept(HeedDatabase *database,
            const GPtrArray *forms,
            bool dry_run,
            uint64_t *out_count,
            GError **error)
{
    g_autoptr(HeedParams) params = heed_params_new();
    Found found = {.forms = forms};

    found.arrived_at = heed_params_text_array(params);
    found.digest = heed_params_bytes_array(params);
    if (!heed_database_query_each(database, "read kept mail",
                                  heed_suppress_query("forget_mail_read.sql"), NULL, look_at_kept,
                                  &found, error))
        return false;
    *out_count = found.count;
    return dry_run || found.count == 0 ||
           heed_database_run(database, "erase kept mail",
                             heed_suppress_query("forget_mail_delete.sql"), params, error);
}

static bool
forget_quarantined(HeedDatabase *database,
                   const GPtrArray *forms,
                   bool dry_run,
                   uint64_t *out_count,
                   GError **error)
{
    g_autoptr(HeedParams) params = heed_params_new();
    Found found = {.forms = forms};

    found.id = heed_params_int_array(params);
    if (!heed_database_query_each(database, "read mail in quarantine",
                                  heed_suppress_query("forget_quarantine_read.sql"), NULL,
                                  look_at_quarantined, &found, error))
        return false;
    *out_count = found.count;
    return dry_run || found.count == 0 ||
           heed_database_run(database, "erase mail in quarantine",
                             heed_suppress_query("forget_quarantine_delete.sql"), params, error);
}

bool
heed_forget_mail(HeedDatabase *database,
                 const GPtrArray *forms,
                 bool dry_run,
                 HeedForgotten *out,
                 GError **error)
{
    return forget_kept(database, forms, dry_run, &out->mails, error) &&
           forget_quarantined(database, forms, dry_run, &out->quarantined, error);
}
