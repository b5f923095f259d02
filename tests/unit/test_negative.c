/* SPDX-License-Identifier: Apache-2.0 */
/* Mail that looks like a bounce or speaks of one and is none: no verdict that silences anybody. */
#include "tests/support/parser.h"

#define FIXTURES HEED_SOURCE_DIR "/tests/fixtures/negative"

static const struct {
    const char *name;
    HeedKind kind;
} rows[] = {
    {"001-vacation", HEED_KIND_AUTO_REPLY},
    {"002-vacation-says-address-is-gone", HEED_KIND_AUTO_REPLY},
    {"003-out-of-office-by-subject", HEED_KIND_AUTO_REPLY},
    {"004-out-of-office-german", HEED_KIND_AUTO_REPLY},
    {"005-out-of-office-encoded", HEED_KIND_AUTO_REPLY},
    {"006-challenge-tmda", HEED_KIND_AUTO_REPLY},
    {"007-challenge-as-multipart-report", HEED_KIND_AUTO_REPLY},
    {"008-read-receipt", HEED_KIND_AUTO_REPLY},
    {"009-deleted-unread-receipt", HEED_KIND_AUTO_REPLY},
    {"010-newsletter", HEED_KIND_OTHER},
    {"011-person-quotes-a-bounce", HEED_KIND_OTHER},
    {"012-person-pastes-a-bounce", HEED_KIND_OTHER},
    {"013-person-forwards-a-bounce", HEED_KIND_OTHER},
    {"014-delay-warning", HEED_KIND_DELAY},
    {"015-delay-warning-with-5xx", HEED_KIND_DELAY},
    {"016-exim-delay-warning", HEED_KIND_DELAY},
    {"017-success", HEED_KIND_SUCCESS},
    {"018-relayed", HEED_KIND_SUCCESS},
    {"019-digest", HEED_KIND_OTHER},
    {"020-dmarc-report", HEED_KIND_DMARC_REPORT},
    {"021-tls-report", HEED_KIND_TLS_REPORT},
    {"022-person-wants-off-amid-quote", HEED_KIND_OTHER},
    {"023-person-answers-unsubscribe", HEED_KIND_OTHER},
    {"024-person-says-user-unknown", HEED_KIND_OTHER},
    {"025-mailbox-almost-full", HEED_KIND_OTHER},
    {"026-held-for-moderation", HEED_KIND_OTHER},
    {"027-ticket-opened", HEED_KIND_AUTO_REPLY},
    {"028-subscription-confirmation", HEED_KIND_OTHER},
    {"029-cron-failure", HEED_KIND_OTHER},
    {"030-spam-posing-as-bounce", HEED_KIND_BOUNCE}, /* it says of bob that mail to him failed */
    {"031-bounce-of-mixed-fates-none-failed", HEED_KIND_DELAY},
    {"032-person-forwards-with-mutt", HEED_KIND_OTHER},
    {"033-person-forwards-with-thunderbird", HEED_KIND_OTHER},
    {"034-person-forwards-in-dutch", HEED_KIND_OTHER},
    {"035-vacation-encloses-a-bounce", HEED_KIND_AUTO_REPLY},
    {"036-digest-encloses-a-bounce", HEED_KIND_OTHER},
    {"037-help-desk-repeats-a-bounce", HEED_KIND_OTHER},
    {"038-vacation-repeats-a-bounce", HEED_KIND_OTHER},
    {"039-postmaster-answers-about-a-bounce", HEED_KIND_OTHER},
    {"040-unsubscribe-confirmed", HEED_KIND_OTHER},
    {"041-unsubscribe-posted-to-a-list", HEED_KIND_OTHER},
    {"042-newsletter-quotes-a-notice", HEED_KIND_OTHER},
    {"043-two-addresses-in-one-sentence", HEED_KIND_BOUNCE},
    {"044-list-with-x-loop", HEED_KIND_OTHER},
    {"045-newsletter-under-a-notices-subject", HEED_KIND_OTHER},
    {"046-newsletter-begins-as-a-notice", HEED_KIND_OTHER},
    {"047-mail-begins-as-a-notice", HEED_KIND_OTHER},
    {"048-mail-with-a-notices-subject-and-words", HEED_KIND_OTHER},
    {"049-newsletter-shows-a-delivery-status", HEED_KIND_OTHER},
};

static HeedParser *parser;

static void
check(const void *data)
{
    const size_t row = GPOINTER_TO_SIZE(data);
    g_autofree char *name = g_strconcat(rows[row].name, ".eml", NULL);
    g_autofree char *path = g_build_filename(FIXTURES, name, NULL);
    g_autofree char *bytes = NULL;
    g_autoptr(GError) error = NULL;
    g_autoptr(HeedReport) report = NULL;
    gsize length;

    g_assert_true(g_file_get_contents(path, &bytes, &length, &error));
    report = heed_parser_read(parser, bytes, length, NULL);
    g_assert_cmpint(report->kind, ==, rows[row].kind);
    for (guint i = 0; i < report->recipients->len; i++) {
        HeedVerdict verdict = g_array_index(report->recipients, HeedRecipient, i).verdict;

        g_assert_cmpint(verdict, !=, HEED_VERDICT_HARD);
        g_assert_cmpint(verdict, !=, HEED_VERDICT_COMPLAINT);
        g_assert_cmpint(verdict, !=, HEED_VERDICT_UNSUBSCRIBE);
    }
}

/* Each file of the folder is in the table: one that is not would be tested by nobody. */
static void
check_table(void)
{
    g_autoptr(GDir) folder = g_dir_open(FIXTURES, 0, NULL);
    const char *name;
    size_t count = 0;

    g_assert_nonnull(folder);
    while ((name = g_dir_read_name(folder)) != NULL)
        count += g_str_has_suffix(name, ".eml") ? 1 : 0;
    g_assert_cmpuint(count, ==, G_N_ELEMENTS(rows));
}

int
main(int argc, char **argv)
{
    int status;

    g_test_init(&argc, &argv, NULL);
    parser = heed_test_parser_new(NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *path = g_strdup_printf("/negative/%s", rows[i].name);

        g_test_add_data_func(path, GSIZE_TO_POINTER(i), check);
    }
    g_test_add_func("/negative/table", check_table);
    status = g_test_run();
    heed_parser_free(parser);
    return status;
}
