/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"
#include "parsers/token.h"
#include "parsers/verp.h"

#include <string.h>

/* 32 bytes of "A" and "B"; ids a (older) and b. */
#define KEY_A "a:QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=\n"
#define KEY_B "b:QkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkI=\n"

#define DAY_SECONDS INT64_C(86400)
/* 2026-01-15 12:00 UTC; what is made then for 90 days. */
#define NOW      (INT64_C(20468) * DAY_SECONDS + 43200)
#define LAST_DAY INT64_C(20558)

static HeedTokenKeys *
keys_of(const char *text)
{
    g_autoptr(GError) error = NULL;
    HeedTokenKeys *keys = heed_token_keys_parse(text, "token.key", &error);

    g_assert_no_error(error);
    return keys;
}

static char *
path_of(const HeedTokenKeys *keys, const char *address, const char *from)
{
    g_autoptr(GString) out = g_string_new(NULL);
    g_autoptr(GError) error = NULL;
    bool made = heed_token_make_return_path(keys, address, from, LAST_DAY, out, &error);

    g_assert_no_error(error);
    g_assert_true(made);
    return g_strdup(out->str);
}

static char *
header_of(const HeedTokenKeys *keys, const char *address)
{
    g_autoptr(GString) out = g_string_new(NULL);

    heed_token_make_header(keys, address, LAST_DAY, out);
    return g_strdup(out->str);
}

/* With the input in a block of exactly its size. */
static HeedTokenVerdict
verify(const HeedTokenKeys *keys, const char *text, int64_t now, char **out_address)
{
    g_autofree char *exact = g_memdup2(text, strlen(text) + 1);
    g_auto(HeedToken) token = {0};
    HeedTokenVerdict verdict = heed_token_verify(keys, exact, now, &token);

    g_assert_true((token.address == NULL)
                      ? verdict == HEED_TOKEN_NONE || verdict == HEED_TOKEN_ALTERED
                      : verdict != HEED_TOKEN_NONE);
    if (out_address != NULL)
        *out_address = g_steal_pointer(&token.address);
    return verdict;
}

/* --- known tokens: another implementation must agree (tests/e2e/test_token.py has one) --- */

static void
test_known(void)
{
    g_autoptr(HeedTokenKeys) keys = keys_of(KEY_A);
    g_autofree char *path = path_of(keys, "ann@example.org", "bounces@example.com");
    g_autofree char *header = header_of(keys, "ann@example.org");

    g_assert_cmpint(heed_token_last_day(NOW, 90), ==, LAST_DAY);
    g_assert_cmpstr(path, ==, "bounces+hachyvi6t3nhxucmpawei-ann=example.org@example.com");
    g_assert_cmpstr(header, ==, "hachyvi6t3nhxucmpawei.mfxg4qdfpbqw24dmmuxg64th");
}

/* --- round trips --- */

static const struct {
    const char *name;
    const char *address;
    const char *from;
} trips[] = {
    {"plain", "ann@example.org", "bounces@example.com"},
    {"plus", "ann+news@example.org", "b@example.com"},
    {"dash-and-dots", "ann-lee.x@mail.example.org", "b@example.com"},
    {"equals", "a=b=c@example.org", "b@example.com"},
    {"own-plus", "ann@example.org", "news+@example.com"},
    {"own-dash", "ann@example.org", "news-@example.com"},
    {"own-extension", "ann@example.org", "news-bounces@example.com"},
    {"odd-atoms", "#$&'*/?^_`{|}~@example.org", "b@example.com"},
    {"idn", "ann@xn--bcher-kva.example", "b@example.com"},
    {"looks-like-one", "x+haaaabbbbccccddddeeee-x=y@example.org", "b@example.com"},
    {"one-letter", "a@b.example", "b@c.example"},
};

static void
check_trip(const void *data)
{
    const size_t i = GPOINTER_TO_SIZE(data);
    g_autoptr(HeedTokenKeys) keys = keys_of(KEY_B KEY_A);
    g_autofree char *path = NULL;
    g_autofree char *header = header_of(keys, trips[i].address);
    g_autofree char *field = g_strconcat("heed-token:  ", header, "\r\n", NULL);
    g_autofree char *folded = g_strdup_printf("%.30s\r\n\t%s", header, header + 30);
    g_autofree char *verp = NULL;

    const char *texts[] = {NULL, header, field, folded, NULL, NULL};
    g_autofree char *upper_path = NULL;
    g_autofree char *upper_header = g_ascii_strup(header, -1);

    if (strlen(trips[i].address) < 36) {
        path = path_of(keys, trips[i].address, trips[i].from);
        g_assert_cmpint(strrchr(path, '@') - path, <=, 64);
        upper_path = g_ascii_strup(path, -1);
        texts[0] = path;
        texts[4] = upper_path;
        /* Without keys it is a VERP. */
        g_assert_cmpint(heed_verp_decode(path, NULL, &verp), ==, HEED_VERP_COMMON);
        g_assert_cmpstr(verp, ==, trips[i].address);
        g_assert_true(heed_verp_agrees(path, trips[i].address));
    }
    texts[5] = upper_header;
    for (size_t j = 0; j < G_N_ELEMENTS(texts); j++) {
        g_autofree char *named = NULL;

        if (texts[j] == NULL)
            continue;
        g_assert_cmpint(verify(keys, texts[j], NOW, &named), ==, HEED_TOKEN_VALID);
        g_assert_cmpstr(named, ==, trips[i].address);
    }
}

/* --- altered at each byte --- */

static void
alter_each(const HeedTokenKeys *keys, const char *token, const char *address)
{
    static const char others[] = "a7h-+=.@ \x80\x01zq";

    for (size_t i = 0; i < strlen(token); i++) {
        for (size_t j = 0; j < sizeof(others) - 1; j++) {
            g_autofree char *altered = g_strdup(token);
            g_autofree char *named = NULL;

            if (g_ascii_tolower(altered[i]) == others[j])
                continue;
            altered[i] = others[j];
            /* What is not part of it (our own local part and domain) may change; nobody else may
             * come out of it. */
            if (verify(keys, altered, NOW, &named) == HEED_TOKEN_VALID)
                g_assert_cmpstr(named, ==, address);
        }
    }
}

static void
test_altered(void)
{
    g_autoptr(HeedTokenKeys) keys = keys_of(KEY_B KEY_A);
    g_autofree char *path = path_of(keys, "ann@example.org", "b@example.com");
    g_autofree char *header = header_of(keys, "ann@example.org");
    size_t begin = strlen("b+");
    size_t end = (size_t)(strrchr(path, '@') - path);

    alter_each(keys, path, "ann@example.org");
    alter_each(keys, header, "ann@example.org");
    for (size_t i = 0; i < strlen(header); i++) {
        g_autofree char *altered = g_strdup(header);

        altered[i] = altered[i] == 'x' ? 'y' : 'x';
        g_assert_cmpint(verify(keys, altered, NOW, NULL), !=, HEED_TOKEN_VALID);
    }
    for (size_t i = begin; i < end; i++) {
        g_autofree char *altered = g_strdup(path);

        altered[i] = altered[i] == 'x' ? 'y' : 'x';
        g_assert_cmpint(verify(keys, altered, NOW, NULL), !=, HEED_TOKEN_VALID);
    }
    for (size_t i = begin; i < end; i++) {
        g_autofree char *cut = g_strdup_printf("%.*s%s", (int)i, path, path + end);

        g_assert_cmpint(verify(keys, cut, NOW, NULL), !=, HEED_TOKEN_VALID);
    }
}

/* --- days and keys --- */

static const struct {
    const char *name;
    const char *made_with;
    const char *keys;
    int64_t now;
    HeedTokenVerdict want;
} judgements[] = {
    {"fresh", KEY_A, KEY_A, NOW, HEED_TOKEN_VALID},
    {"last-second", KEY_A, KEY_A, (LAST_DAY + 1) * DAY_SECONDS - 1, HEED_TOKEN_VALID},
    {"expired", KEY_A, KEY_A, (LAST_DAY + 1) * DAY_SECONDS, HEED_TOKEN_EXPIRED},
    {"rotated", KEY_A, KEY_B KEY_A, NOW, HEED_TOKEN_VALID},
    {"rotated-and-expired", KEY_A, KEY_B KEY_A, NOW + 200 * DAY_SECONDS, HEED_TOKEN_EXPIRED},
    {"made-with-the-first", KEY_B KEY_A, KEY_B, NOW, HEED_TOKEN_VALID},
    {"not-with-the-second", KEY_B KEY_A, KEY_A, NOW, HEED_TOKEN_UNKNOWN_KEY},
    {"retired", KEY_A, KEY_B, NOW, HEED_TOKEN_UNKNOWN_KEY},
    {"another-key-of-the-id", KEY_A, "a:QkJCQkJCQkJCQkJCQkJCQkJCQkJCQkI=", NOW, HEED_TOKEN_ALTERED},
};

static void
check_judgement(const void *data)
{
    const size_t i = GPOINTER_TO_SIZE(data);
    g_autoptr(HeedTokenKeys) maker = keys_of(judgements[i].made_with);
    g_autoptr(HeedTokenKeys) keys = keys_of(judgements[i].keys);
    g_autofree char *path = path_of(maker, "ann@example.org", "b@example.com");
    g_autofree char *header = header_of(maker, "ann@example.org");

    g_assert_cmpint(verify(keys, path, judgements[i].now, NULL), ==, judgements[i].want);
    g_assert_cmpint(verify(keys, header, judgements[i].now, NULL), ==, judgements[i].want);
    g_assert_cmpint(verify(NULL, path, judgements[i].now, NULL), ==, HEED_TOKEN_UNKNOWN_KEY);
}

static void
test_last_day(void)
{
    g_assert_cmpint(heed_token_last_day(0, 1), ==, -1);
    g_assert_cmpint(heed_token_last_day(INT64_C(18262) * DAY_SECONDS, 0), ==, 18262);
    g_assert_cmpint(heed_token_last_day((INT64_C(18262) + 32767) * DAY_SECONDS, 0), ==,
                    18262 + 32767);
    g_assert_cmpint(heed_token_last_day((INT64_C(18262) + 32767) * DAY_SECONDS, 1), ==, -1);
}

/* --- what a return path cannot say --- */

static const struct {
    const char *name;
    const char *address;
    const char *from;
    HeedError code;
    bool made;
} refusals[] = {
    /* "b+", 21, "-", 28 + "=" + 11 */
    {"octets-64", "annabelle.longname.abcdefghi@example.org", "b@example.com", 0, true},
    {"octets-65", "annabelle.longname.abcdefghij@example.org", "b@example.com", HEED_ERROR_LIMIT,
     false},
    {"octets-65-by-us", "annabelle.longname.abcdefghi@example.org", "bo@example.com",
     HEED_ERROR_LIMIT, false},
    {"quotes", "\"a b\"@example.org", "b@example.com", HEED_ERROR_DATA, false},
    {"not-ascii", "j\xc3\xbcrgen@example.org", "b@example.com", HEED_ERROR_DATA, false},
    {"percent", "a%example.net@example.org", "b@example.com", HEED_ERROR_DATA, false},
    {"bang", "host!a@example.org", "b@example.com", HEED_ERROR_DATA, false},
    {"dots", "a..b@example.org", "b@example.com", HEED_ERROR_DATA, false},
    {"literal", "a@[192.0.2.1]", "b@example.com", HEED_ERROR_DATA, false},
    {"literal-and-dots", "&a.@[cq.]", "b@example.com", HEED_ERROR_DATA, false},
    {"from-quotes", "a@example.org", "\"b c\"@example.com", HEED_ERROR_DATA, false},
};

static void
check_refusal(const void *data)
{
    const size_t i = GPOINTER_TO_SIZE(data);
    g_autoptr(HeedTokenKeys) keys = keys_of(KEY_A);
    g_autoptr(GString) out = g_string_new("kept");
    g_autoptr(GError) error = NULL;
    g_autofree char *header = header_of(keys, refusals[i].address);
    g_autofree char *named = NULL;

    g_assert_cmpint(heed_token_make_return_path(keys, refusals[i].address, refusals[i].from,
                                                LAST_DAY, out, &error),
                    ==, refusals[i].made);
    if (refusals[i].made) {
        g_assert_cmpint(strrchr(out->str, '@') - out->str, ==, 64 + 4);
    } else {
        g_assert_error(error, HEED_ERROR, (gint)refusals[i].code);
        g_assert_nonnull(strstr(error->message, "--format header"));
        g_assert_cmpstr(out->str, ==, "kept");
    }
    /* The header can. */
    g_assert_cmpint(verify(keys, header, NOW, &named), ==, HEED_TOKEN_VALID);
    g_assert_cmpstr(named, ==, refusals[i].address);
}

/* --- hostile and other text --- */

static const struct {
    const char *name;
    const char *text;
    HeedTokenVerdict want;
} strangers[] = {
    {"empty", "", HEED_TOKEN_NONE},
    {"at", "@", HEED_TOKEN_NONE},
    {"plain-verp", "bounces+ann=example.org@example.com", HEED_TOKEN_NONE},
    {"sendgrid", "bounces+123456-9a0f-ann=example.org@em.example.com", HEED_TOKEN_NONE},
    {"too-short", "b+haaaabbbbccccddddeee-ann=example.org@example.com", HEED_TOKEN_NONE},
    {"not-base32", "b+haaaabbbbccccdddd1111-ann=example.org@example.com", HEED_TOKEN_NONE},
    {"forged", "b+haaaabbbbccccddddeeee-ann=example.org@example.com", HEED_TOKEN_ALTERED},
    {"unknown-key", "b+hzaaabbbbccccddddeeee-ann=example.org@example.com", HEED_TOKEN_UNKNOWN_KEY},
    {"no-equals", "b+haaaabbbbccccddddeeee-ann.example.org@example.com", HEED_TOKEN_NONE},
    {"no-user", "b+haaaabbbbccccddddeeee-=example.org@example.com", HEED_TOKEN_ALTERED},
    {"no-domain", "b+haaaabbbbccccddddeeee-ann=@example.com", HEED_TOKEN_ALTERED},
    {"nothing-behind", "b+haaaabbbbccccddddeeee@example.com", HEED_TOKEN_NONE},
    {"at-the-end", "b+haaaabbbbccccddddeeee-@example.com", HEED_TOKEN_NONE},
    {"header-forged", "haaaabbbbccccddddeeee.mfxg4qdfpbqw24dmmuxg64th", HEED_TOKEN_ALTERED},
    {"header-no-address", "haaaabbbbccccddddeeee.", HEED_TOKEN_ALTERED},
    {"header-no-dot", "haaaabbbbccccddddeeee", HEED_TOKEN_NONE},
    {"header-not-base32", "haaaabbbbccccddddeeee.1111", HEED_TOKEN_ALTERED},
    {"header-loose-bits", "haaaabbbbccccddddeeee.mfxg4qdfpbqw24dmmuxg64ti", HEED_TOKEN_ALTERED},
    {"header-binary", "haaaabbbbccccddddeeee.aaaaaaaa", HEED_TOKEN_ALTERED},
    {"header-upper-address", "haaaabbbbccccddddeeee.ifhe4qdfpbqw24dmmuxg64th", HEED_TOKEN_ALTERED},
    {"name-only", "Heed-Token:", HEED_TOKEN_NONE},
};

static void
check_stranger(const void *data)
{
    const size_t i = GPOINTER_TO_SIZE(data);
    g_autoptr(HeedTokenKeys) keys = keys_of(KEY_A);

    g_assert_cmpint(verify(keys, strangers[i].text, NOW, NULL), ==, strangers[i].want);
}

static void
test_too_long(void)
{
    g_autoptr(HeedTokenKeys) keys = keys_of(KEY_A);
    g_autofree char *spaces = g_strnfill(HEED_TOKEN_BYTES, ' ');
    g_autofree char *header = header_of(keys, "ann@example.org");
    g_autofree char *text = g_strconcat(spaces, header, NULL);

    g_assert_cmpint(verify(keys, text, NOW, NULL), ==, HEED_TOKEN_NONE);
    g_assert_cmpint(verify(keys, text + strlen(header), NOW, NULL), ==, HEED_TOKEN_VALID);
}

/* --- the file of keys --- */

static const struct {
    const char *name;
    const char *text;
    const char *wrong; /* in the message; NULL: it is taken */
} files[] = {
    {"one", KEY_A, NULL},
    {"no-newline", "7:QUFBQUFBQUFBQUFBQUFBQQ==", NULL},
    {"comments", "# the newest first\r\n\r\n  " KEY_B "\n#\n" KEY_A, NULL},
    {"empty", "", "no key"},
    {"comment-only", "# none\n", "no key"},
    {"no-id", ":QUFBQUFBQUFBQUFBQUFBQQ==", "token.key:1: expected"},
    {"long-id", KEY_A "b2:QUFBQUFBQUFBQUFBQUFBQQ==", "token.key:2: expected"},
    {"upper-id", "A:QUFBQUFBQUFBQUFBQUFBQQ==", "expected"},
    {"twice", KEY_A "\n" KEY_A, "token.key:3: another key"},
    {"not-base64", "a:QUFBQUFBQUFB*UFBQUFBQQ==", "not base64"},
    {"base64-cut", "a:QUFBQUFBQUFBQUFBQUFBQQ=", "not base64"},
    {"too-short", "a:QUFBQUFBQUFBQUFBQUFB", "16 to 64"},
    {"nothing", "a:", "16 to 64"},
};

static void
check_file(const void *data)
{
    const size_t i = GPOINTER_TO_SIZE(data);
    g_autoptr(GError) error = NULL;
    g_autoptr(HeedTokenKeys) keys = heed_token_keys_parse(files[i].text, "token.key", &error);

    g_assert_cmpint(keys == NULL, ==, files[i].wrong != NULL);
    if (keys != NULL)
        return;
    g_assert_error(error, HEED_ERROR, HEED_ERROR_CONFIG);
    g_assert_nonnull(strstr(error->message, files[i].wrong));
    g_assert_null(strstr(error->message, "QUFB"));
}

static void
test_next_id(void)
{
    g_autoptr(HeedTokenKeys) two = keys_of(KEY_B KEY_A);
    g_autoptr(HeedTokenKeys) last = keys_of("9:QUFBQUFBQUFBQUFBQUFBQQ==\n" KEY_A);
    g_autoptr(GString) all = g_string_new(NULL);
    g_autoptr(HeedTokenKeys) full = NULL;

    for (const char *c = "abcdefghijklmnopqrstuvwxyz0123456789"; *c != '\0'; c++)
        g_string_append_printf(all, "%c:QUFBQUFBQUFBQUFBQUFBQQ==\n", *c);
    full = keys_of(all->str);
    g_assert_cmpint(heed_token_keys_next_id(NULL), ==, 'a');
    g_assert_cmpint(heed_token_keys_next_id(two), ==, 'c');
    g_assert_cmpint(heed_token_keys_next_id(last), ==, 'b');
    g_assert_cmpint(heed_token_keys_next_id(full), ==, '\0');
}

#define ADD_ALL(prefix, table, check)                                       \
    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {                      \
        g_autofree char *path = g_strconcat(prefix, (table)[i].name, NULL); \
        g_test_add_data_func(path, GSIZE_TO_POINTER(i), check);             \
    }

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/token/known", test_known);
    ADD_ALL("/token/trip/", trips, check_trip)
    g_test_add_func("/token/altered", test_altered);
    ADD_ALL("/token/judge/", judgements, check_judgement)
    g_test_add_func("/token/last-day", test_last_day);
    ADD_ALL("/token/refuse/", refusals, check_refusal)
    ADD_ALL("/token/stranger/", strangers, check_stranger)
    g_test_add_func("/token/too-long", test_too_long);
    ADD_ALL("/token/file/", files, check_file)
    g_test_add_func("/token/next-id", test_next_id);
    return g_test_run();
}
