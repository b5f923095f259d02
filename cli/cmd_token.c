/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* explicit_bzero, getentropy */
#include "base/atomic_file.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/log.h"
#include "cli/commands.h"
#include "cli/run.h"
#include "ingest/secret.h"
#include "parsers/address.h"

#include <errno.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#define NEW_KEY_BYTES   32U
#define SECONDS_PER_DAY 86400
#define READ_BYTES      (64U * 1024)
/* An address with some space around it. */
#define LONGEST_LINE_BYTES (2U * HEED_LIMIT_ADDRESS_BYTES)

/* --- making --- */

typedef struct Maker {
    const HeedTokenKeys *keys;
    const char *from; /* normalised; NULL: header tokens */
    int64_t last_day;
    GString *text;     /* reused */
    unsigned line;     /* of standard input */
    unsigned failures; /* lines that got no token */
} Maker;

/* The token of one address, into maker->text. */
static bool
make(Maker *maker, const char *word, GError **error)
{
    g_autofree char *address = heed_address_normalise(word, -1);
    bool made = address != NULL;

    g_string_truncate(maker->text, 0);
    if (address == NULL) {
        g_set_error(error, HEED_ERROR, HEED_ERROR_DATA, "is not a mail address");
    } else if (maker->from != NULL) {
        made = heed_token_make_return_path(maker->keys, address, maker->from, maker->last_day,
                                           maker->text, error);
    } else {
        g_string_append(maker->text, HEED_TOKEN_HEADER ": ");
        heed_token_make_header(maker->keys, address, maker->last_day, maker->text);
    }
    if (!made)
        g_prefix_error(error, "'%s' ", word);
    return made;
}

/* One line in, one line out, so that they can be told apart by their number. */
static void
answer_line(Maker *maker, const char *line, bool is_whole)
{
    g_autoptr(GError) error = NULL;

    maker->line++;
    if (*line != '\0' && (!is_whole || !make(maker, line, &error))) {
        g_string_truncate(maker->text, 0);
        maker->failures++;
        heed_log(HEED_LOG_ERROR, "standard input:%u: %s", maker->line,
                 is_whole ? error->message : "is not a mail address");
    } else if (*line == '\0') {
        g_string_truncate(maker->text, 0);
    }
    (void)puts(maker->text->str);
}

static void
end_line(Maker *maker, GString *line)
{
    bool is_whole = line->len <= LONGEST_LINE_BYTES && strlen(line->str) == line->len;

    g_strstrip(line->str);
    answer_line(maker, line->str, is_whole);
    g_string_truncate(line, 0);
}

/* A program that writes a line and waits for its answer gets it: what is there is answered before
 * more is waited for. */
static bool
answer_standard_input(Maker *maker, GError **error)
{
    g_autoptr(GString) line = g_string_new(NULL);
    g_autofree char *bytes = g_malloc(READ_BYTES);
    ssize_t count;

    while ((count = read(STDIN_FILENO, bytes, READ_BYTES)) != 0) {
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0) {
            g_set_error(error, HEED_ERROR, HEED_ERROR_IO, "cannot read standard input: %s",
                        g_strerror(errno));
            return false;
        }
        for (ssize_t i = 0; i < count; i++) {
            if (bytes[i] == '\n')
                end_line(maker, line);
            else if (line->len <= LONGEST_LINE_BYTES)
                g_string_append_c(line, bytes[i]);
        }
        if (!heed_output_flush(error))
            return false;
    }
    if (line->len > 0)
        end_line(maker, line);
    return true;
}

static int
make_all(Maker *maker, char **words, GError **error)
{
    for (; *words != NULL; words++) {
        if (strcmp(*words, "-") == 0) {
            if (!answer_standard_input(maker, error))
                return EX_OK;
        } else if (make(maker, *words, error)) {
            (void)puts(maker->text->str);
        } else {
            return EX_OK;
        }
    }
    return maker->failures > 0 ? EX_DATAERR : EX_OK;
}

/* --- a new key --- */

static void
refuse_without_file(const HeedConfig *config, GError **error)
{
    g_set_error(error, HEED_ERROR, HEED_ERROR_CONFIG,
                "%s: own { token-key-file = \"token.key\" } is missing; heed token make --new-key "
                "then makes it",
                config->path != NULL ? config->path : "there is no configuration");
}

/* A key with this id, then what was there, whole or not at all. What was there could be read, so it
 * is the same user's. */
static bool
write_keys(const char *path, char id, const char *old, GError **error)
{
    g_autoptr(HeedAtomicFile) file = NULL;
    guint8 bytes[NEW_KEY_BYTES];
    char *text;

    file = heed_atomic_file_open_output(path, 0600, error);
    if (file == NULL)
        return false;
    if (getentropy(bytes, sizeof(bytes)) != 0) {
        g_set_error(error, HEED_ERROR, HEED_ERROR_INTERNAL, "getentropy: %s", g_strerror(errno));
        return false;
    }
    text = g_base64_encode(bytes, sizeof(bytes));
    (void)fprintf(file->stream, "%c:%s\n%s", id, text, old != NULL ? old : "");
    explicit_bzero(bytes, sizeof(bytes));
    heed_secret_free(text);
    return heed_atomic_file_commit(file, error);
}

/* Puts a new key first in own.token-key-file, or makes the file. */
static int
add_key(const HeedConfig *config, GError **error)
{
    const char *path = config->token_key_file;
    g_autoptr(HeedTokenKeys) keys = NULL;
    char *old = NULL;
    bool made = false;
    char id = '\0';

    if (path == NULL) {
        refuse_without_file(config, error);
        return EX_OK;
    }
    if (g_file_test(path, G_FILE_TEST_EXISTS)) {
        old = heed_secret_whole_file(path, error);
        keys = old == NULL ? NULL : heed_token_keys_parse(old, path, error);
    }
    if (keys != NULL || !g_file_test(path, G_FILE_TEST_EXISTS))
        id = heed_token_keys_next_id(keys);
    if (id != '\0')
        made = write_keys(path, id, old, error);
    else if (keys != NULL)
        g_set_error(error, HEED_ERROR, HEED_ERROR_CONFIG,
                    "%s: all ids are taken; take out the oldest keys", path);
    heed_secret_free(old);
    if (made)
        heed_log(HEED_LOG_NOTICE, "%s: its first key is now '%c', which new tokens are made with",
                 path, id);
    return EX_OK;
}

static bool
load_keys(const HeedConfig *config, HeedTokenKeys **out, GError **error)
{
    if (!heed_cli_token_keys(config, out, error))
        return false;
    if (*out == NULL)
        refuse_without_file(config, error);
    return *out != NULL;
}

/* The sender that return paths are made of. */
static char *
choose_from(const HeedConfig *config, const char *given, GError **error)
{
    g_autofree char *first =
        config->domains == NULL
            ? NULL
            : g_strconcat("bounces@", (const char *)config->domains->pdata[0], NULL);
    char *from = heed_address_normalise(given != NULL ? given : first != NULL ? first : "", -1);

    if (from == NULL && given != NULL)
        g_set_error(error, HEED_ERROR, HEED_ERROR_USAGE, "--from '%s': is not a mail address",
                    given);
    else if (from == NULL)
        g_set_error(error, HEED_ERROR, HEED_ERROR_USAGE,
                    "--from ADDRESS is needed where own.domains is not set");
    return from;
}

/* Whether the options go together. */
static bool
check_make(const Maker *maker, int days, bool new_key, char **words, GError **error)
{
    if (days < 1 || days > HEED_TOKEN_DAYS_MOST || maker->last_day < 0) {
        g_set_error(error, HEED_ERROR, HEED_ERROR_USAGE, "--days: allowed is 1 to %d",
                    HEED_TOKEN_DAYS_MOST);
        return false;
    }
    if (new_key ? words != NULL : words == NULL) {
        g_set_error(error, HEED_ERROR, HEED_ERROR_USAGE,
                    new_key ? "--new-key takes no addresses"
                            : "for which address? - reads them from standard input");
        return false;
    }
    return true;
}

int
heed_cmd_token_make(HeedInvocation *invocation, GError **error)
{
    static const char *const formats[] = {"return-path", "header", NULL};
    g_autofree char *format = NULL;
    g_autofree char *given = NULL;
    g_autofree char *from = NULL;
    g_auto(GStrv) words = NULL;
    gboolean new_key = FALSE;
    int days = HEED_TOKEN_DAYS;
    int chosen;
    const GOptionEntry entries[] = {
        {"format", 'f', 0, G_OPTION_ARG_STRING, &format,
         "return-path (an envelope sender) or header (a field of the message)", "FORMAT"},
        {"from", 0, 0, G_OPTION_ARG_STRING, &given,
         "The address that bounces come to; bounces@ the first of own.domains by default",
         "ADDRESS"},
        {"days", 0, 0, G_OPTION_ARG_INT, &days, "How long it is believed; 90 by default", "N"},
        {"new-key", 0, 0, G_OPTION_ARG_NONE, &new_key,
         "Instead of tokens, make a new key, the first in own.token-key-file", NULL},
        {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_STRING_ARRAY, &words, NULL, NULL},
        G_OPTION_ENTRY_NULL,
    };
    g_autoptr(HeedConfig) config = NULL;
    g_autoptr(HeedTokenKeys) keys = NULL;
    g_autoptr(GString) text = g_string_new(NULL);
    Maker maker = {.text = text};

    if (!heed_invocation_parse(invocation, entries, error) ||
        (chosen = heed_cli_choice("format", format, formats, error)) < 0)
        return EX_USAGE;
    maker.last_day = heed_token_last_day(g_get_real_time() / G_USEC_PER_SEC, days);
    if (!check_make(&maker, days, new_key, words, error))
        return EX_USAGE;
    config = heed_config_load(invocation->config, error);
    if (config == NULL)
        return EX_CONFIG;
    if (new_key)
        return add_key(config, error);
    if (!load_keys(config, &keys, error) ||
        (chosen == 0 && (from = choose_from(config, given, error)) == NULL))
        return EX_OK;
    maker.keys = keys;
    maker.from = from;
    return make_all(&maker, words, error);
}

/* --- verifying --- */

static bool
verify(const HeedTokenKeys *keys, const char *text)
{
    int64_t now = g_get_real_time() / G_USEC_PER_SEC;
    g_auto(HeedToken) token = {0};
    HeedTokenVerdict verdict = heed_token_verify(keys, text, now, &token);
    g_autoptr(GDateTime) last = NULL;
    g_autofree char *date = NULL;

    if (verdict != HEED_TOKEN_VALID && verdict != HEED_TOKEN_EXPIRED) {
        heed_log(HEED_LOG_ERROR, "the token %s", heed_token_verdict_text(verdict));
        return false;
    }
    last = g_date_time_new_from_unix_utc(token.last_day * SECONDS_PER_DAY);
    date = g_date_time_format(last, "%Y-%m-%d");
    (void)printf("%s\t%s %s\tkey %c\n", token.address,
                 verdict == HEED_TOKEN_VALID ? "valid to" : "expired after", date, token.key);
    return verdict == HEED_TOKEN_VALID;
}

int
heed_cmd_token_verify(HeedInvocation *invocation, GError **error)
{
    g_auto(GStrv) words = NULL;
    const GOptionEntry entries[] = {
        {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_STRING_ARRAY, &words, NULL, NULL},
        G_OPTION_ENTRY_NULL,
    };
    g_autoptr(HeedConfig) config = NULL;
    g_autoptr(HeedTokenKeys) keys = NULL;
    int status = EX_OK;

    if (!heed_invocation_parse(invocation, entries, error))
        return EX_USAGE;
    if (words == NULL) {
        g_set_error(error, HEED_ERROR, HEED_ERROR_USAGE, "which token?");
        return EX_USAGE;
    }
    config = heed_config_load(invocation->config, error);
    if (config == NULL || !load_keys(config, &keys, error))
        return EX_CONFIG;
    for (size_t i = 0; words[i] != NULL; i++)
        if (!verify(keys, words[i]))
            status = 1;
    return status;
}
