/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"

#include <sysexits.h>

/* Underscores: clang-format would rewrite a hyphen as a minus and so rename the quark. */
G_DEFINE_QUARK(heed_error, heed_error)

int
heed_error_exit_status(const GError *error)
{
    if (error == NULL)
        return EX_OK;
    if (error->domain != HEED_ERROR)
        return EX_SOFTWARE;
    switch ((HeedError)error->code) {
    case HEED_ERROR_USAGE:
        return EX_USAGE;
    case HEED_ERROR_DATA:
    case HEED_ERROR_LIMIT:
        return EX_DATAERR;
    case HEED_ERROR_NO_INPUT:
        return EX_NOINPUT;
    case HEED_ERROR_UNAVAILABLE:
        return EX_UNAVAILABLE;
    case HEED_ERROR_INTERNAL:
        return EX_SOFTWARE;
    case HEED_ERROR_CANT_CREATE:
        return EX_CANTCREAT;
    case HEED_ERROR_IO:
        return EX_IOERR;
    case HEED_ERROR_TEMPORARY:
    case HEED_ERROR_CONFLICT:
    case HEED_ERROR_CANCELLED:
        return EX_TEMPFAIL;
    case HEED_ERROR_PERMISSION:
        return EX_NOPERM;
    case HEED_ERROR_CONFIG:
        return EX_CONFIG;
    default:
        return EX_SOFTWARE;
    }
}

/* How lasting a failure is: the higher, the longer it stays if nobody acts. */
static unsigned
lastingness(int status)
{
    static const int order[] = {EX_TEMPFAIL, EX_UNAVAILABLE, EX_DATAERR, EX_NOPERM, EX_CONFIG};

    if (status == EX_OK)
        return 0;
    for (unsigned i = 0; i < G_N_ELEMENTS(order); i++)
        if (order[i] == status)
            return i + 2;
    return 1;
}

int
heed_exit_status_worse(int one, int other)
{
    return lastingness(other) > lastingness(one) ? other : one;
}
