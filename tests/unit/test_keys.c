/* SPDX-License-Identifier: Apache-2.0 */
#include "db/keys.h"

static char *
hex(const uint8_t key[HEED_KEY_BYTES])
{
    GString *text = g_string_new(NULL);

    for (size_t i = 0; i < HEED_KEY_BYTES; i++)
        g_string_append_printf(text, "%02x", key[i]);
    return g_string_free(text, FALSE);
}

/* Computed with sha256sum; they may never change. */
static void
test_original(void)
{
    static const struct {
        HeedOriginal original;
        const char *want; /* NULL: no key */
    } rows[] = {
        {{.message_id = "1@example.com"}, "c5b981936116cf794a55ac6d47677af9"},
        {{.message_id = "1@example.com", .queue_id = "ABC"}, "c5b981936116cf794a55ac6d47677af9"},
        {{.envelope_id = "env"}, "a334cd262a763d1a51a99c1695a520e9"},
        {{.queue_id = "ABC"}, "211e41d645d65bb4f5ffda3bbe85ab29"},
        {{.subject = "nothing to go by"}, NULL},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        uint8_t key[HEED_KEY_BYTES];
        bool known = heed_key_original(&rows[i].original, key);

        g_assert_cmpint(known, ==, rows[i].want != NULL);
        if (known) {
            g_autofree char *got = hex(key);

            g_assert_cmpstr(got, ==, rows[i].want);
        }
    }
}

static void
test_failure(void)
{
    static const uint8_t original[HEED_KEY_BYTES] = {1, 2, 3};
    static const uint8_t digest[HEED_DIGEST_BYTES] = {9};

    static const struct {
        HeedFailure failure;
        const char *want;
    } rows[] = {
        {{original, digest, 7, "a@example.org", "failed"}, "c3318ba0e63c65e021576ccabf3caf6d"},
        {{original, digest, 7, "a@example.org", "complaint"}, "6ed87bafb814df8d20423ee5df31058c"},
        /* Without an address or an original, the report and the place in it. */
        {{original, digest, 7, NULL, "failed"}, "f6caa52cc66d2ad59fefb08f3227b76c"},
        {{NULL, digest, 7, "a@example.org", "failed"}, "f6caa52cc66d2ad59fefb08f3227b76c"},
        {{NULL, digest, 258, "a@example.org", "failed"}, "a43f6116534f215e15d5a0bf14f76515"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        uint8_t key[HEED_KEY_BYTES];
        g_autofree char *got = NULL;

        heed_key_failure(&rows[i].failure, key);
        got = hex(key);
        g_assert_cmpstr(got, ==, rows[i].want);
    }
}

static void
test_outcome(void)
{
    static const struct {
        HeedKind kind;
        HeedAction action;
        const char *want;
    } rows[] = {
        {HEED_KIND_BOUNCE, HEED_ACTION_FAILED, "failed"},
        {HEED_KIND_BOUNCE, HEED_ACTION_DELIVERED, "delivered"},
        {HEED_KIND_BOUNCE, HEED_ACTION_NONE, "failed"},
        {HEED_KIND_DELAY, HEED_ACTION_NONE, "delayed"},
        {HEED_KIND_SUCCESS, HEED_ACTION_RELAYED, "delivered"},
        {HEED_KIND_COMPLAINT, HEED_ACTION_NONE, "complaint"},
        {HEED_KIND_UNSUBSCRIBE, HEED_ACTION_NONE, "unsubscribe"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        g_assert_cmpstr(heed_key_outcome(rows[i].kind, rows[i].action), ==, rows[i].want);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/keys/original", test_original);
    g_test_add_func("/keys/failure", test_failure);
    g_test_add_func("/keys/outcome", test_outcome);
    return g_test_run();
}
