/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_TESTS_SUPPORT_CHECK_H
#define HEED_TESTS_SUPPORT_CHECK_H

#include <glib.h>
#include <stdbool.h>

/* Makes a call that must work; the error it would set comes second, and is shown. */
#define heed_assert_done(call, error) \
    do {                              \
        bool done_ = (call);          \
                                      \
        g_assert_no_error(error);     \
        g_assert_true(done_);         \
    } while (0)

#endif
