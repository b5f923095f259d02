/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/report.h"

#include "base/limits.h"

#include <string.h>

/* Enough for the strings of a usual report in one block. */
#define TEXT_BLOCK_BYTES 2048U

static const char *const kind_names[] = {
    [HEED_KIND_OTHER] = "other",           [HEED_KIND_BOUNCE] = "bounce",
    [HEED_KIND_DELAY] = "delay",           [HEED_KIND_SUCCESS] = "success",
    [HEED_KIND_COMPLAINT] = "complaint",   [HEED_KIND_AUTH_FAILURE] = "auth-failure",
    [HEED_KIND_NOT_SPAM] = "not-spam",     [HEED_KIND_UNSUBSCRIBE] = "unsubscribe",
    [HEED_KIND_AUTO_REPLY] = "auto-reply", [HEED_KIND_DMARC_REPORT] = "dmarc-report",
    [HEED_KIND_TLS_REPORT] = "tls-report",
};

static const char *const action_names[] = {
    [HEED_ACTION_NONE] = NULL,         [HEED_ACTION_FAILED] = "failed",
    [HEED_ACTION_DELAYED] = "delayed", [HEED_ACTION_DELIVERED] = "delivered",
    [HEED_ACTION_RELAYED] = "relayed", [HEED_ACTION_EXPANDED] = "expanded",
};

static const char *const class_names[] = {
    [HEED_CLASS_NONE] = NULL,
    [HEED_CLASS_BAD_MAILBOX] = "bad-mailbox",
    [HEED_CLASS_BAD_DOMAIN] = "bad-domain",
    [HEED_CLASS_MOVED] = "moved",
    [HEED_CLASS_INACTIVE_MAILBOX] = "inactive-mailbox",
    [HEED_CLASS_MAILBOX_FULL] = "mailbox-full",
    [HEED_CLASS_RESTRICTED] = "restricted",
    [HEED_CLASS_RELAY_DENIED] = "relay-denied",
    [HEED_CLASS_BAD_SENDER] = "bad-sender",
    [HEED_CLASS_REPUTATION] = "reputation",
    [HEED_CLASS_RATE_LIMIT] = "rate-limit",
    [HEED_CLASS_TOO_MANY_CONNECTIONS] = "too-many-connections",
    [HEED_CLASS_GREYLISTED] = "greylisted",
    [HEED_CLASS_AUTH_FAILURE] = "auth-failure",
    [HEED_CLASS_PTR_MISSING] = "ptr-missing",
    [HEED_CLASS_POLICY] = "policy",
    [HEED_CLASS_SPAM_CONTENT] = "spam-content",
    [HEED_CLASS_CONTENT] = "content",
    [HEED_CLASS_VIRUS] = "virus",
    [HEED_CLASS_TOO_BIG] = "too-big",
    [HEED_CLASS_PROTOCOL] = "protocol",
    [HEED_CLASS_DNS_FAILURE] = "dns-failure",
    [HEED_CLASS_NETWORK] = "network",
    [HEED_CLASS_SYSTEM] = "system",
    [HEED_CLASS_TLS] = "tls",
    [HEED_CLASS_ROUTING_LOOP] = "routing-loop",
    [HEED_CLASS_EXPIRED] = "expired",
    [HEED_CLASS_SUPPRESSED] = "suppressed",
    [HEED_CLASS_UNKNOWN] = "unknown",
    [HEED_CLASS_ABUSE] = "abuse",
    [HEED_CLASS_FRAUD] = "fraud",
    [HEED_CLASS_NOT_SPAM] = "not-spam",
    [HEED_CLASS_OTHER] = "other",
    [HEED_CLASS_UNSUBSCRIBE] = "unsubscribe",
};

static const char *const verdict_names[] = {
    [HEED_VERDICT_UNSET] = NULL,
    [HEED_VERDICT_HARD] = "hard",
    [HEED_VERDICT_SOFT] = "soft",
    [HEED_VERDICT_BLOCK] = "block",
    [HEED_VERDICT_TRANSIENT] = "transient",
    [HEED_VERDICT_COMPLAINT] = "complaint",
    [HEED_VERDICT_UNSUBSCRIBE] = "unsubscribe",
    [HEED_VERDICT_NONE] = "none",
};

static const char *const address_source_names[] = {
    [HEED_ADDRESS_SOURCE_NONE] = NULL,
    [HEED_ADDRESS_SOURCE_TOKEN] = "token",
    [HEED_ADDRESS_SOURCE_VERP] = "verp",
    [HEED_ADDRESS_SOURCE_ORIGINAL_RECIPIENT] = "original-recipient",
    [HEED_ADDRESS_SOURCE_ORIGINAL_MESSAGE] = "original-message",
    [HEED_ADDRESS_SOURCE_FINAL_RECIPIENT] = "final-recipient",
    [HEED_ADDRESS_SOURCE_NOTICE] = "notice",
};

static const char *const trust_names[] = {
    [HEED_TRUST_UNKNOWN] = NULL,          [HEED_TRUST_UNPROVEN] = "unproven",
    [HEED_TRUST_PLAUSIBLE] = "plausible", [HEED_TRUST_AUTHENTICATED] = "authenticated",
    [HEED_TRUST_SIGNED] = "signed",
};

HeedReport *
heed_report_new(void)
{
    HeedReport *report = g_new0(HeedReport, 1);

    report->date = HEED_DATE_UNKNOWN;
    report->arrival_date = HEED_DATE_UNKNOWN;
    report->receiver_date = HEED_DATE_UNKNOWN;
    report->original.date = HEED_DATE_UNKNOWN;
    report->recipients = g_array_new(FALSE, TRUE, sizeof(HeedRecipient));
    report->warnings = g_ptr_array_new();
    report->text = g_string_chunk_new(TEXT_BLOCK_BYTES);
    return report;
}

static void
feedback_free(HeedFeedback *feedback)
{
    if (feedback == NULL)
        return;
    g_ptr_array_unref(feedback->reported_domains);
    g_ptr_array_unref(feedback->reported_uris);
    g_ptr_array_unref(feedback->original_rcpt_to);
    g_ptr_array_unref(feedback->field_names);
    g_ptr_array_unref(feedback->field_values);
    g_free(feedback);
}

void
heed_report_free(HeedReport *report)
{
    if (report == NULL)
        return;
    feedback_free(report->feedback);
    g_array_unref(report->recipients);
    g_ptr_array_unref(report->warnings);
    g_clear_pointer(&report->tokens, g_ptr_array_unref);
    g_clear_pointer(&report->original_headers, g_ptr_array_unref);
    g_string_chunk_free(report->text);
    g_free(report);
}

/* Printable ASCII, as nearly all text is: nothing to clean. */
static bool
is_plain(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if ((guchar)text[i] < 0x20 || (guchar)text[i] >= 0x7f)
            return false;
    return true;
}

/* Text as UTF-8 without control characters; a byte that is no part of UTF-8 is read as Latin-1. */
static GString *
clean_text(const char *text, size_t length)
{
    GString *clean = g_string_sized_new(length + 16);
    const char *end = text + length;

    while (text < end) {
        gunichar c = g_utf8_get_char_validated(text, end - text);
        bool valid = c < 0x110000;

        if (!valid)
            c = (guchar)*text;
        text += valid ? g_utf8_skip[(guchar)*text] : 1;
        if (c < 0x20 || c == 0x7f)
            c = ' ';
        else if (c >= 0x80 && c < 0xa0)
            c = 0xfffd;
        g_string_append_unichar(clean, c);
    }
    return clean;
}

static const char *
insert_trimmed(HeedReport *report, const char *text, size_t length)
{
    while (length > 0 && *text == ' ') {
        text++;
        length--;
    }
    if (length > HEED_LIMIT_FIELD_VALUE_BYTES) {
        length = HEED_LIMIT_FIELD_VALUE_BYTES;
        while (length > 0 && ((guchar)text[length] & 0xc0U) == 0x80U)
            length--; /* not inside a character */
    }
    while (length > 0 && text[length - 1] == ' ')
        length--;
    return length == 0 ? NULL : g_string_chunk_insert_len(report->text, text, (gssize)length);
}

const char *
heed_report_text(HeedReport *report, const char *text, gssize length)
{
    g_autoptr(GString) clean = NULL;
    size_t bytes;

    if (text == NULL)
        return NULL;
    bytes = length < 0 ? strlen(text) : (size_t)length;
    if (is_plain(text, bytes))
        return insert_trimmed(report, text, bytes);
    /* What lies far behind the limit is not worth a conversion. */
    clean = clean_text(text, MIN(bytes, 2U * HEED_LIMIT_FIELD_VALUE_BYTES));
    return insert_trimmed(report, clean->str, clean->len);
}

HeedRecipient *
heed_report_add_recipient(HeedReport *report)
{
    HeedRecipient unknown = HEED_RECIPIENT_UNKNOWN;

    g_array_append_val(report->recipients, unknown);
    return &g_array_index(report->recipients, HeedRecipient, report->recipients->len - 1);
}

void
heed_report_warn(HeedReport *report, const char *format, ...)
{
    g_autofree char *warning = NULL;
    const char *kept;
    va_list arguments;

    if (report->warnings->len >= HEED_LIMIT_WARNINGS)
        return;
    va_start(arguments, format);
    warning = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    kept = heed_report_text(report, warning, -1);
    if (kept != NULL)
        g_ptr_array_add(report->warnings, (gpointer)(uintptr_t)kept);
}

void
heed_report_keep_header(HeedReport *report, const char *line)
{
    const char *kept;
    size_t length;

    if (report->original_headers == NULL)
        report->original_headers = g_ptr_array_new();
    if (report->original_headers->len >= HEED_ORIGINAL_HEADERS_MOST)
        return;
    kept = heed_report_text(report, line, -1);
    if (kept == NULL || strchr(kept, ':') == NULL)
        return;
    length = strlen(kept);
    if (length > HEED_ORIGINAL_HEADER_BYTES) {
        length = HEED_ORIGINAL_HEADER_BYTES;
        while (length > 0 && ((unsigned char)kept[length] & 0xC0U) == 0x80U)
            length--;
        kept = heed_report_text(report, kept, (gssize)length);
    }
    g_ptr_array_add(report->original_headers, (gpointer)(uintptr_t)kept);
}

HeedFeedback *
heed_report_feedback(HeedReport *report)
{
    HeedFeedback *feedback = report->feedback;

    if (feedback != NULL)
        return feedback;
    feedback = g_new0(HeedFeedback, 1);
    feedback->arrival_date = HEED_DATE_UNKNOWN;
    feedback->incidents = 1;
    feedback->reported_domains = g_ptr_array_new();
    feedback->reported_uris = g_ptr_array_new();
    feedback->original_rcpt_to = g_ptr_array_new();
    feedback->field_names = g_ptr_array_new();
    feedback->field_values = g_ptr_array_new();
    report->feedback = feedback;
    return feedback;
}

static bool
find_name(const char *const *names, size_t count, const char *name, unsigned *out_value)
{
    for (unsigned i = 0; i < count; i++) {
        if (names[i] != NULL && strcmp(names[i], name) == 0) {
            *out_value = i;
            return true;
        }
    }
    return false;
}

static const char *
name_of(const char *const *names, size_t count, unsigned value)
{
    return value < count ? names[value] : NULL;
}

#define FIND(names, name, out_found) find_name(names, G_N_ELEMENTS(names), name, out_found)
#define NAME(names, value)           name_of(names, G_N_ELEMENTS(names), (unsigned)(value))

const char *
heed_kind_name(HeedKind kind)
{
    return NAME(kind_names, kind);
}

bool
heed_kind_from_name(const char *name, HeedKind *out_kind)
{
    unsigned found;

    if (!FIND(kind_names, name, &found))
        return false;
    *out_kind = (HeedKind)found;
    return true;
}

const char *
heed_action_name(HeedAction action)
{
    return NAME(action_names, action);
}

bool
heed_action_from_name(const char *name, HeedAction *out_action)
{
    unsigned found;

    if (!FIND(action_names, name, &found))
        return false;
    *out_action = (HeedAction)found;
    return true;
}

const char *
heed_class_name(HeedClass class_)
{
    return NAME(class_names, class_);
}

bool
heed_class_from_name(const char *name, HeedClass *out_class)
{
    unsigned found;

    if (!FIND(class_names, name, &found))
        return false;
    *out_class = (HeedClass)found;
    return true;
}

const char *
heed_verdict_name(HeedVerdict verdict)
{
    return NAME(verdict_names, verdict);
}

bool
heed_verdict_from_name(const char *name, HeedVerdict *out_verdict)
{
    unsigned found;

    if (!FIND(verdict_names, name, &found))
        return false;
    *out_verdict = (HeedVerdict)found;
    return true;
}

const char *
heed_address_source_name(HeedAddressSource source)
{
    return NAME(address_source_names, source);
}

bool
heed_address_source_from_name(const char *name, HeedAddressSource *out_source)
{
    unsigned found;

    if (!FIND(address_source_names, name, &found))
        return false;
    *out_source = (HeedAddressSource)found;
    return true;
}

const char *
heed_trust_name(HeedTrust trust)
{
    return NAME(trust_names, trust);
}

bool
heed_trust_from_name(const char *name, HeedTrust *out_trust)
{
    unsigned found;

    if (!FIND(trust_names, name, &found))
        return false;
    *out_trust = (HeedTrust)found;
    return true;
}
