/* SPDX-License-Identifier: Apache-2.0 */
#include "suppress/forget.h"

#include "base/error.h"
#include "suppress/address_forms.h"
#include "suppress/fold.h"
#include "suppress/forget_mail.h"
#include "suppress/policy.h"
#include "suppress/queries.h"

/* How often what lost a race is tried. */
#define TRIES 10

/* One address of a request. */
typedef struct Forgetting {
    HeedDatabase *database; /* borrowed, as all but the pseudonym */
    const HeedPolicy *policy;
    const HeedForgetRequest *request;
    const char *address;
    char *pseudonym; /* owned */
    HeedForgotten done;
} Forgetting;

static void
forgetting_clear(Forgetting *forgetting)
{
    g_free(forgetting->pseudonym);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Forgetting, forgetting_clear)

/* Whether to try again what lost a race, as with those who drop old months; else the error, which
 * is taken over, is passed on. */
static bool
try_again(GError *lost, unsigned tries, GError **error)
{
    if (tries < TRIES && g_error_matches(lost, HEED_ERROR, HEED_ERROR_CONFLICT)) {
        g_error_free(lost);
        return true;
    }
    g_propagate_error(error, lost);
    return false;
}

/* What ends with the transaction was only tried. */
static bool
finish(HeedTransaction *transaction, bool dry_run, GError **error)
{
    return dry_run || heed_transaction_commit(transaction, error);
}

/* "%ada@example.com%", with the signs of LIKE as themselves. */
static char *
like(const char *form)
{
    GString *pattern = g_string_new("%");

    for (const char *c = form; *c != '\0'; c++) {
        if (*c == '%' || *c == '_' || *c == '\\')
            g_string_append_c(pattern, '\\');
        g_string_append_c(pattern, *c);
    }
    g_string_append_c(pattern, '%');
    return g_string_free(pattern, FALSE);
}

static bool
forget_texts_once(HeedDatabase *database,
                  const HeedForgetRequest *request,
                  const GPtrArray *forms,
                  HeedForgotten *out,
                  GError **error)
{
    g_autoptr(HeedTransaction) transaction = heed_transaction_begin(database, error);
    g_autoptr(HeedParams) params = heed_params_new();
    HeedArrayParam *likes = heed_params_text_array(params);
    g_autofree char *pattern = heed_forms_pattern(forms);
    HeedArrayParam *addresses;
    g_autoptr(HeedRows) row = NULL;

    if (transaction == NULL)
        return false;
    for (guint i = 0; i < forms->len; i++) {
        g_autofree char *text = like(g_ptr_array_index(forms, i));

        heed_array_add_text(likes, text);
    }
    heed_params_text(params, pattern);
    addresses = heed_params_text_array(params);
    for (guint i = 0; i < request->addresses->len; i++)
        heed_array_add_text(addresses, g_ptr_array_index(request->addresses, i));
    row = heed_database_query_row(database, "blot out quoted addresses",
                                  heed_suppress_query("forget_texts.sql"), params, error);
    if (row == NULL)
        return false;
    out->texts = (uint64_t)heed_rows_int(row, 0, 0);
    out->configured = heed_rows_bool(row, 0, 1);
    return finish(transaction, request->dry_run, error);
}

static bool
forget_texts(HeedDatabase *database,
             const HeedForgetRequest *request,
             const GPtrArray *forms,
             HeedForgotten *out,
             GError **error)
{
    for (unsigned tries = 1;; tries++) {
        GError *lost = NULL;

        if (forget_texts_once(database, request, forms, out, &lost))
            return true;
        if (!try_again(lost, tries, error))
            return false;
    }
}

static bool
find_pseudonym(Forgetting *forgetting, GError **error)
{
    g_autoptr(HeedParams) params = heed_params_new();
    g_autoptr(HeedRows) row = NULL;

    heed_params_text(params, forgetting->address);
    row = heed_database_query_row(forgetting->database, "hash the address",
                                  "SELECT heed_data.pseudonym($1::text)", params, error);
    if (row == NULL)
        return false;
    forgetting->pseudonym = g_strdup(heed_rows_text(row, 0, 0));
    return true;
}

static bool
erase(Forgetting *forgetting, GError **error)
{
    g_autoptr(HeedParams) params = heed_params_new();
    g_autoptr(HeedRows) row = NULL;

    heed_params_text(params, forgetting->address);
    heed_params_text(params, forgetting->pseudonym);
    row = heed_database_query_row(forgetting->database, "erase the address",
                                  heed_suppress_query("forget_erase.sql"), params, error);
    if (row == NULL)
        return false;
    forgetting->done.events += (uint64_t)heed_rows_int(row, 0, 0);
    forgetting->done.reports += (uint64_t)heed_rows_int(row, 0, 1);
    /* Where it was only tried, mail was counted when it was searched. */
    forgetting->done.mails += forgetting->request->dry_run ? 0 : (uint64_t)heed_rows_int(row, 0, 2);
    return true;
}

static bool
record(const Forgetting *forgetting, GError **error)
{
    g_autoptr(HeedParams) params = heed_params_new();

    heed_params_text(params, forgetting->pseudonym);
    heed_params_text(params, forgetting->request->who);
    heed_params_text(params, forgetting->request->why);
    return heed_database_run(forgetting->database, "record who was forgotten",
                             heed_suppress_query("forget_record.sql"), params, error);
}

static bool
keep(Forgetting *forgetting, GError **error)
{
    g_autoptr(HeedParams) params = heed_params_new();
    g_autoptr(HeedRows) row = NULL;

    heed_params_text(params, forgetting->address);
    heed_params_text(params, forgetting->pseudonym);
    heed_params_text(params, forgetting->request->who);
    heed_params_bool(params, forgetting->request->also_suppress);
    row = heed_database_query_row(forgetting->database, "keep what is suppressed",
                                  heed_suppress_query("forget_keep.sql"), params, error);
    if (row == NULL)
        return false;
    forgetting->done.kept += heed_rows_int(row, 0, 0) > 0;
    return true;
}

/* Without events the address has no states any more; its pseudonym has what is kept. */
static bool
fold(const Forgetting *forgetting, const GPtrArray *both, GError **error)
{
    g_autoptr(HeedParams) params = heed_params_new();
    HeedFolded folded;

    heed_params_text(params, forgetting->address);
    return heed_fold_locked(forgetting->database, forgetting->policy, both, &folded, error) &&
           heed_database_run(forgetting->database, "tell nobody",
                             heed_suppress_query("forget_change.sql"), params, error);
}

static bool
forget_address(Forgetting *forgetting, GError **error)
{
    g_autoptr(HeedTransaction) transaction = heed_transaction_begin(forgetting->database, error);
    g_autoptr(GPtrArray) both = g_ptr_array_new();

    if (transaction == NULL ||
        !heed_database_run(forgetting->database, "wait until nobody stores",
                           heed_suppress_query("forget_lock.sql"), NULL, error) ||
        !find_pseudonym(forgetting, error))
        return false;
    g_ptr_array_add(both, (void *)(uintptr_t)forgetting->address);
    g_ptr_array_add(both, forgetting->pseudonym);
    if (!heed_fold_lock(forgetting->database, forgetting->policy, both, error) ||
        !erase(forgetting, error) || !record(forgetting, error) || !keep(forgetting, error) ||
        !fold(forgetting, both, error))
        return false;
    return finish(transaction, forgetting->request->dry_run, error);
}

static bool
forget_one(HeedDatabase *database,
           const HeedPolicy *policy,
           const HeedForgetRequest *request,
           const char *address,
           HeedForgotten *done,
           GError **error)
{
    for (unsigned tries = 1;; tries++) {
        g_auto(Forgetting) forgetting = {.database = database,
                                         .policy = policy,
                                         .request = request,
                                         .address = address,
                                         .done = *done};
        GError *lost = NULL;

        if (forget_address(&forgetting, &lost)) {
            *done = forgetting.done;
            return true;
        }
        if (!try_again(lost, tries, error))
            return false;
    }
}

bool
heed_forget(HeedDatabase *database,
            const HeedForgetRequest *request,
            HeedForgotten *out,
            GError **error)
{
    g_autoptr(HeedPolicy) policy = heed_policy_in_force(database, error);
    g_autoptr(GPtrArray) forms = g_ptr_array_new_with_free_func(g_free);
    HeedForgotten done = {0};

    *out = done;
    if (policy == NULL)
        return false;
    if (request->addresses->len == 0)
        return true; /* the pattern of no words is found everywhere */
    for (guint i = 0; i < request->addresses->len; i++)
        heed_forms_add(forms, g_ptr_array_index(request->addresses, i));
    if (!heed_forget_mail(database, forms, request->dry_run, &done, error) ||
        !forget_texts(database, request, forms, &done, error))
        return false;
    for (guint i = 0; i < request->addresses->len; i++)
        if (!forget_one(database, policy, request, g_ptr_array_index(request->addresses, i), &done,
                        error))
            return false;
    *out = done;
    return true;
}

bool
heed_forgotten_count(HeedDatabase *database, const char *scope, uint64_t *out_count, GError **error)
{
    g_autoptr(HeedParams) params = heed_params_new();
    g_autoptr(HeedRows) row = NULL;

    heed_params_text(params, scope);
    row = heed_database_query_row(database, "count whom was forgotten",
                                  heed_suppress_query("forgotten_count.sql"), params, error);
    if (row == NULL)
        return false;
    *out_count = (uint64_t)heed_rows_int(row, 0, 0);
    return true;
}
