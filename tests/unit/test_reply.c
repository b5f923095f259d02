/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/reply.h"

#include <glib.h>
#include <string.h>

typedef struct Row {
    const char *name;
    const char *input;
    const char *code;
    const char *status;
    const char *words; /* what the reply's words begin with; NULL: not looked at */
} Row;

static const Row rows[] = {
    {"plain", "smtp; 550 5.1.1 <a@example.net>: user unknown", "550", "5.1.1",
     "<a@example.net>: user unknown"},
    {"chasquid", "smtp; MAIL+RCPT 550 No such user", "550", "", "No such user"},
    {"chasquid-data", "smtp; DATA closing 552 5.2.2 full", "552", "5.2.2", "full"},
    {"no-type", "550 5.1.1 user unknown", "550", "5.1.1", "user unknown"},
    {"no-status", "smtp; 550 user unknown", "550", "", "user unknown"},
    {"no-code", "smtp; 5.1.1 user unknown", "", "5.1.1", "user unknown"},
    {"hyphen", "smtp;550-5.1.1 user unknown", "550", "5.1.1", "user unknown"},
    {"hash", "smtp; 550 #5.1.1 user unknown", "550", "5.1.1", "user unknown"},
    {"brackets", "550 [5.1.1] user unknown", "550", "5.1.1", "user unknown"},
    {"parentheses", "550 (#5.1.1) user unknown", "550", "5.1.1", "user unknown"},
    {"status-behind", "550 sorry, no mailbox here by that name. (#5.1.1)", "550", "5.1.1", NULL},
    {"odd-type", "X-Postfix; unknown user: \"someone\"", "", "", NULL},
    {"unix-type", "x-unix; Command died with status 2", "", "", NULL},
    {"spaced-type", "smtp ; 550 user unknown", "550", "", "user unknown"},
    {"two-semicolons", "SMTP;;550 user unknown", "550", "", "user unknown"},
    {"not-a-type", "Sorry; 550 user unknown", "550", "", "user unknown"},
    {"multi-line",
     "smtp; 550-5.1.1 The account does not exist.\n    550-5.1.1 Try again\n    550 5.1.1 bye",
     "550", "5.1.1", "The account does not exist."},
    {"multi-line-joined",
     "550-5.1.1 no such account. Please try 550-5.1.1 double-checking 550 5.1.1 bye", "550",
     "5.1.1", "no such account."},
    {"last-line-decides", "450-4.7.1 first line\r\n550 5.7.1 refused", "550", "5.7.1", "refused"},
    {"status-on-first-line", "550-5.1.1 no such user\r\n550 bye", "550", "5.1.1", NULL},
    {"relayed",
     "host a.example[192.0.2.1] said: 450 4.2.0 greylisted; host b.example[192.0.2.2] said: "
     "550 user unknown (in reply to RCPT TO command)",
     "550", "", "user unknown"},
    {"exchange", "smtp;550 5.1.351 Remote server returned unknown recipient -> 550 Unknown user",
     "550", "5.1.351", NULL},
    {"exchange-hash", "#< #4.4.7 smtp;550 4.4.7 QUEUE.Expired; message expired> #SMTP#", "550",
     "4.4.7", "QUEUE.Expired"},
    {"exim",
     "SMTP error from remote mail server after RCPT TO:<a@example.net>: host mx.example.net "
     "[192.0.2.1]: 554 5.7.1 blocked",
     "554", "5.7.1", "blocked"},
    {"qmail", "Remote_host_said:_550_No_such_user", "550", "", "No_such_user"},
    {"angle", "unable to deliver in 840 minutes.<421 4.4.2 Connection timed out>", "421", "4.4.2",
     "Connection timed out>"},
    {"error-word", "The remote server returned an error 550 no such user", "550", "",
     "no such user"},
    {"transcript", "<<< 550 5.1.1 unknown", "550", "5.1.1", "unknown"},
    {"dotted-tail", "Rejected with 5.7.1.", "", "5.7.1", NULL},
    {"bare", "550", "550", "", ""},
    {"bare-status", "5.1.1", "", "5.1.1", ""},
    {"delivered", "smtp; 250 2.1.5 Ok", "250", "2.1.5", "Ok"},
    {"conflicting-kinds", "550 refused; see also 4.7.1", "550", "", NULL},
    {"address", "connect to 192.0.2.1[192.0.2.1]:25: Connection refused", "", "", NULL},
    {"port", "connect to mx.example.net[192.0.2.1]:465: timed out", "", "", NULL},
    {"port-of-name", "connect to mx.example.net:587 failed", "", "", NULL},
    {"version", "Exim 4.94.2 could not deliver", "", "", NULL},
    {"version-slash", "delivered by foo/5.1.2", "", "", NULL},
    {"four-parts", "5.1.1.1 said no", "", "", NULL},
    {"date", "on 23.11.2026 and 5.12.2026", "", "", NULL},
    {"size", "exceeds the limit of 500 recipients", "", "", NULL},
    {"six-hundred", "600 nonsense", "", "", NULL},
    {"four-digits", "5501 user unknown", "", "", NULL},
    {"leading-zero", "550 5.01.1 user unknown", "550", "", NULL},
    {"long-part", "550 5.1.1000 user unknown", "550", "", NULL},
    {"class-three", "3.1.1 user unknown", "", "", NULL},
    {"empty", "", "", "", ""},
    {"only-type", "smtp;", "", "", ""},
    {"embedded-id", "queue id 4550A5.1.1b", "", "", NULL},
};

static void
test_reply(const void *data)
{
    const Row *row = data;
    size_t length = strlen(row->input);
    g_autofree char *exact = g_malloc(length == 0 ? 1 : length);
    HeedReply reply;

    memcpy(exact, row->input, length);
    g_assert_cmpint(heed_reply_read(exact, length, &reply), ==,
                    row->code[0] != '\0' || row->status[0] != '\0');
    g_assert_cmpstr(reply.code, ==, row->code);
    g_assert_cmpstr(reply.status, ==, row->status);
    g_assert_true(reply.text >= exact && reply.text + reply.length == exact + length);
    if (row->words != NULL) {
        g_autofree char *words = g_strndup(reply.text, reply.length);

        g_assert_cmpstr(words, ==,
                        row->words[0] == '\0' || g_str_has_prefix(words, row->words) ? words
                                                                                     : row->words);
        g_assert_true(row->words[0] != '\0' || reply.length == 0);
    }
}

/* Every beginning of every input: nothing is read behind the length. */
static void
test_truncated(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        for (size_t length = strlen(rows[i].input); length > 0; length--) {
            g_autofree char *exact = g_malloc(length);
            HeedReply reply;

            memcpy(exact, rows[i].input, length);
            (void)heed_reply_read(exact, length, &reply);
            g_assert_true(reply.text + reply.length == exact + length);
        }
    }
}

typedef struct StatusRow {
    const char *input;
    const char *want;
} StatusRow;

static void
test_status_field(void)
{
    static const StatusRow fields[] = {
        {"5.1.1", "5.1.1"},  {" 5.1.1 (unknown user)", "5.1.1"},
        {"#5.1.1", "5.1.1"}, {"4.4.316", "4.4.316"},
        {"2.1.5", "2.1.5"},  {"5.0.0 (permanent)", "5.0.0"},
        {"553 text", NULL},  {"5.1", NULL},
        {"5.1.1.1", NULL},   {"5.1.1234", NULL},
        {"6.1.1", NULL},     {"5.01.1", NULL},
        {"", NULL},          {"five", NULL},
        {"5.1.x", NULL},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(fields); i++) {
        char out[HEED_STATUS_BYTES] = "";
        bool read = heed_status_read(fields[i].input, strlen(fields[i].input), out);

        g_assert_cmpint(read, ==, fields[i].want != NULL);
        g_assert_cmpstr(out, ==, read ? fields[i].want : "");
    }
}

static void
test_type(void)
{
    g_assert_cmpuint(heed_reply_type_length("smtp; 550", 9), ==, 6);
    g_assert_cmpuint(heed_reply_type_length("X-Unix;255", 10), ==, 7);
    g_assert_cmpuint(heed_reply_type_length("SMTP ;; x", 9), ==, 8);
    g_assert_cmpuint(heed_reply_type_length("550 5.1.1; no", 13), ==, 0);
    g_assert_cmpuint(heed_reply_type_length("smtp", 4), ==, 0);
    g_assert_cmpuint(heed_reply_type_length("", 0), ==, 0);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *path = g_strconcat("/reply/read/", rows[i].name, NULL);

        g_test_add_data_func(path, &rows[i], test_reply);
    }
    g_test_add_func("/reply/truncated", test_truncated);
    g_test_add_func("/reply/status-field", test_status_field);
    g_test_add_func("/reply/type", test_type);
    return g_test_run();
}
