/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/address.h"

#include <glib.h>
#include <string.h>

typedef struct Row {
    const char *name;
    const char *input;
    const char *want; /* NULL: not an address */
} Row;

static const Row normal_forms[] = {
    {"plain", "user@example.com", "user@example.com"},
    {"case", "User.Name@Example.COM", "user.name@example.com"},
    {"tag", "user+News@example.com", "user+news@example.com"},
    {"atext", "!#$%&'*+-/=?^_`{|}~@example.com", "!#$%&'*+-/=?^_`{|}~@example.com"},
    {"brackets", "<user@example.com>", "user@example.com"},
    {"spaces", " \t user@example.com\r\n", "user@example.com"},
    {"display-name", "A. User <user@example.com>", "user@example.com"},
    {"quoted-name", "\"User <x>, A.\" <user@example.com>", "user@example.com"},
    {"name-and-comment", "User <user@example.com> (his (old) one)", "user@example.com"},
    {"comment-behind", "user@example.com (User)", "user@example.com"},
    {"comment-before", "(User) user@example.com", "user@example.com"},
    {"root-dot", "user@example.com.", "user@example.com"},
    {"source-route", "<@a.example,@b.example:user@example.com>", "user@example.com"},
    {"needless-quotes", "\"user.name\"@example.com", "user.name@example.com"},
    {"quoted-space", "\"A b\"@Example.com", "\"a b\"@example.com"},
    {"quoted-at", "\"a@b\"@example.com", "\"a@b\"@example.com"},
    {"quoted-pair", "\"a\\\"b\\\\c\"@example.com", "\"a\\\"b\\\\c\"@example.com"},
    {"half-quoted", "user.\"na me\"@example.com", "\"user.na me\"@example.com"},
    {"misplaced-dots", "a..b.@example.com", "a..b.@example.com"},
    {"quoted-dots", "\"a..b\"@example.com", "a..b@example.com"},
    {"idn", "user@B\303\274cher.example", "user@xn--bcher-kva.example"},
    {"idn-composed", "user@bu\314\210cher.example", "user@xn--bcher-kva.example"},
    {"idn-a-label", "user@XN--bcher-kva.example", "user@xn--bcher-kva.example"},
    {"idn-sharp-s", "user@stra\303\237e.example", "user@xn--strae-oqa.example"},
    {"idn-full-stop", "user@b\303\274cher\343\200\202example", "user@xn--bcher-kva.example"},
    {"utf8-local", "J\303\226rg@example.com", "j\303\226rg@example.com"},
    {"utf8-local-composed", "jo\314\210rg@example.com", "j\303\266rg@example.com"},
    {"underscore", "user@my_host.example.com", "user@my_host.example.com"},
    {"literal", "user@[192.0.2.1]", "user@[192.0.2.1]"},
    {"literal-6", "user@[IPv6:2001:DB8::1]", "user@[ipv6:2001:db8::1]"},
    {"one-label", "user@localhost", "user@localhost"},
    {"empty", "", NULL},
    {"no-at", "postmaster", NULL},
    {"no-local", "@example.com", NULL},
    {"empty-quotes", "\"\"@example.com", NULL},
    {"no-domain", "user@", NULL},
    {"dot-only", "user@.", NULL},
    {"two-dots", "user@example..com", NULL},
    {"leading-dot", "user@.example.com", NULL},
    {"hyphen-first", "user@-example.com", NULL},
    {"hyphen-last", "user@example-.com", NULL},
    {"hyphen-end", "user@example.com-", NULL},
    {"two-ats", "user@example.com@example.net", NULL},
    {"space-inside", "us er@example.com", NULL},
    {"space-in-domain", "user@exam ple.com", NULL},
    {"comma", "user@example.com,other@example.com", NULL},
    {"control", "us\001er@example.com", NULL},
    {"quoted-control", "\"us\001er\"@example.com", NULL},
    {"open-quote", "\"user@example.com", NULL},
    {"open-bracket", "<user@example.com", NULL},
    {"trailing-words", "<user@example.com> said no", NULL},
    {"latin-1", "j\366rg@example.com", NULL},
    {"bad-idn", "user@\342\204\200.example", NULL},
    {"bad-literal", "user@[192.0.2.1", NULL},
    {"long-label", "u@0123456789012345678901234567890123456789012345678901234567890123.example",
     NULL},
};

/* In a block of exactly its size, so that a sanitizer sees each step too far. */
static char *
exact_copy(const char *text, size_t length)
{
    char *copy = g_malloc(length == 0 ? 1 : length);

    memcpy(copy, text, length);
    return copy;
}

static void
test_normal_form(const void *data)
{
    const Row *row = data;
    size_t length = strlen(row->input);
    g_autofree char *copy = exact_copy(row->input, length);
    g_autofree char *got = heed_address_normalise(copy, (gssize)length);
    char fast[256];
    size_t fast_length = heed_address_normalise_ascii(copy, length, fast, sizeof(fast));

    g_assert_cmpstr(got, ==, row->want);
    if (fast_length > 0) {
        g_assert_cmpuint(fast_length, ==, strlen(fast));
        g_assert_cmpstr(fast, ==, row->want);
    }
    if (got != NULL) {
        g_autofree char *again = heed_address_normalise(got, -1);

        g_assert_cmpstr(again, ==, got);
    }
}

static void
test_lengths(void)
{
    g_autoptr(GString) text = g_string_new(NULL);
    g_autofree char *fits = NULL;
    g_autofree char *too_long = NULL;

    for (int i = 0; i < 255; i++)
        g_string_append_c(text, 'a');
    g_string_append(text, "@example.com");
    fits = heed_address_normalise(text->str, -1);
    g_assert_cmpstr(fits, ==, text->str);
    g_string_prepend_c(text, 'a');
    too_long = heed_address_normalise(text->str, -1);
    g_assert_null(too_long);
}

static void
test_fast_path(void)
{
    char out[17];

    g_assert_cmpuint(heed_address_normalise_ascii("User@Example.com", 16, out, sizeof(out)), ==,
                     16);
    g_assert_cmpstr(out, ==, "user@example.com");
    g_assert_cmpuint(heed_address_normalise_ascii("User@Example.com", 16, out, 16), ==, 0);
    g_assert_cmpuint(heed_address_normalise_ascii("<a@example.com>", 15, out, sizeof(out)), ==, 0);
    g_assert_cmpuint(heed_address_normalise_ascii("\"a\"@example.com", 15, out, sizeof(out)), ==,
                     0);
    g_assert_cmpuint(heed_address_normalise_ascii("a@example.com.", 14, out, sizeof(out)), ==, 13);
}

static void
test_domain(void)
{
    g_assert_cmpstr(heed_address_domain("user@example.com"), ==, "example.com");
    g_assert_cmpstr(heed_address_domain("\"a@b\"@example.com"), ==, "example.com");
    g_assert_cmpstr(heed_address_domain("nobody"), ==, "");
}

static void
test_role(void)
{
    static const char *const roles[] = {"abuse@example.com",      "webmaster@example.com",
                                        "postmaster@example.com", "mailer-daemon@example.com",
                                        "no-reply@example.com",   "list-request@example.com",
                                        "owner-list@example.com", "noreply@example.com"};
    static const char *const people[] = {"info@example.com", "sales@example.com", "ab@example.com",
                                         "abuser@example.com", "abuse"};

    for (size_t i = 0; i < G_N_ELEMENTS(roles); i++)
        g_assert_true(heed_address_is_role(roles[i]));
    for (size_t i = 0; i < G_N_ELEMENTS(people); i++)
        g_assert_false(heed_address_is_role(people[i]));
}

static void
test_among(void)
{
    static const char *const domains[] = {"example.com", "mail.example.net", NULL};

    g_assert_true(heed_domain_is_among("example.com", domains));
    g_assert_true(heed_domain_is_among("News.Example.com", domains));
    g_assert_true(heed_domain_is_among("mail.example.net", domains));
    g_assert_false(heed_domain_is_among("example.net", domains));
    g_assert_false(heed_domain_is_among("badexample.com", domains));
    g_assert_false(heed_domain_is_among("", domains));
    g_assert_false(heed_domain_is_among("example.com", NULL));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(normal_forms); i++) {
        g_autofree char *path = g_strconcat("/address/normalise/", normal_forms[i].name, NULL);

        g_test_add_data_func(path, &normal_forms[i], test_normal_form);
    }
    g_test_add_func("/address/lengths", test_lengths);
    g_test_add_func("/address/fast-path", test_fast_path);
    g_test_add_func("/address/domain", test_domain);
    g_test_add_func("/address/role", test_role);
    g_test_add_func("/address/among", test_among);
    return g_test_run();
}
