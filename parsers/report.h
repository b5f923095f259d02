/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_PARSERS_REPORT_H
#define HEED_PARSERS_REPORT_H

/*
 * The data model: what one message says, as design.md's JSON contract and docs/report.schema.json
 * have it. Plain data, in a library of its own (heed_report) so that the store can use it without
 * the parsers.
 *
 * Unknown is NULL (text), HEED_DATE_UNKNOWN (dates) or the NONE of an enum: never a guess, never an
 * empty string. Every `const char *` in a report belongs to the report and lives as long as it
 * does; set them with heed_report_text(). All text is valid UTF-8 (what was not, was read as
 * Latin-1 or replaced).
 */

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Seconds since 1970-01-01 UTC. */
#define HEED_DATE_UNKNOWN INT64_MIN

typedef enum HeedKind {
    HEED_KIND_OTHER, /* none of the below */
    HEED_KIND_BOUNCE,
    HEED_KIND_DELAY,   /* still trying (RFC 3464 "delayed") */
    HEED_KIND_SUCCESS, /* delivered, relayed, expanded */
    HEED_KIND_COMPLAINT,
    HEED_KIND_AUTH_FAILURE, /* RFC 6591 */
    HEED_KIND_NOT_SPAM,     /* RFC 6430 */
    HEED_KIND_UNSUBSCRIBE,
    HEED_KIND_AUTO_REPLY, /* RFC 3834, and MDNs of RFC 8098 */
    HEED_KIND_DMARC_REPORT,
    HEED_KIND_TLS_REPORT
} HeedKind;

/* RFC 3464 2.3.3. */
typedef enum HeedAction {
    HEED_ACTION_NONE,
    HEED_ACTION_FAILED,
    HEED_ACTION_DELAYED,
    HEED_ACTION_DELIVERED,
    HEED_ACTION_RELAYED,
    HEED_ACTION_EXPANDED
} HeedAction;

/* The classes of design.md; a complaint's class is its feedback type. */
typedef enum HeedClass {
    HEED_CLASS_NONE,
    HEED_CLASS_BAD_MAILBOX,
    HEED_CLASS_BAD_DOMAIN,
    HEED_CLASS_MOVED,
    HEED_CLASS_INACTIVE_MAILBOX,
    HEED_CLASS_MAILBOX_FULL,
    HEED_CLASS_RESTRICTED,
    HEED_CLASS_RELAY_DENIED,
    HEED_CLASS_BAD_SENDER,
    HEED_CLASS_REPUTATION,
    HEED_CLASS_RATE_LIMIT,
    HEED_CLASS_TOO_MANY_CONNECTIONS,
    HEED_CLASS_GREYLISTED,
    HEED_CLASS_AUTH_FAILURE,
    HEED_CLASS_PTR_MISSING,
    HEED_CLASS_POLICY,
    HEED_CLASS_SPAM_CONTENT,
    HEED_CLASS_CONTENT,
    HEED_CLASS_VIRUS,
    HEED_CLASS_TOO_BIG,
    HEED_CLASS_PROTOCOL,
    HEED_CLASS_DNS_FAILURE,
    HEED_CLASS_NETWORK,
    HEED_CLASS_SYSTEM,
    HEED_CLASS_TLS,
    HEED_CLASS_ROUTING_LOOP,
    HEED_CLASS_EXPIRED,
    HEED_CLASS_SUPPRESSED,
    HEED_CLASS_UNKNOWN,
    /* feedback types, RFC 5965 3.1 and the IANA registry; "virus" is the class above */
    HEED_CLASS_ABUSE,
    HEED_CLASS_FRAUD,
    HEED_CLASS_NOT_SPAM,
    HEED_CLASS_OTHER,
    /* what an unsubscribe request has as its class */
    HEED_CLASS_UNSUBSCRIBE
} HeedClass;

typedef enum HeedVerdict {
    HEED_VERDICT_UNSET, /* null in JSON: not a matter of delivery (success, auto-reply, other) */
    HEED_VERDICT_HARD,
    HEED_VERDICT_SOFT,
    HEED_VERDICT_BLOCK,
    HEED_VERDICT_TRANSIENT,
    HEED_VERDICT_COMPLAINT,
    HEED_VERDICT_UNSUBSCRIBE,
    HEED_VERDICT_NONE /* "none" in JSON: nothing to do */
} HeedVerdict;

/* Where a recipient's address was taken from, best first. */
typedef enum HeedAddressSource {
    HEED_ADDRESS_SOURCE_NONE,
    HEED_ADDRESS_SOURCE_TOKEN,
    HEED_ADDRESS_SOURCE_VERP,
    HEED_ADDRESS_SOURCE_ORIGINAL_RECIPIENT,
    HEED_ADDRESS_SOURCE_ORIGINAL_MESSAGE,
    HEED_ADDRESS_SOURCE_FINAL_RECIPIENT,
    HEED_ADDRESS_SOURCE_NOTICE
} HeedAddressSource;

/* How far a report is believed; the order is meant, higher is more. The numbers are stored: never
 * change them. */
typedef enum HeedTrust {
    HEED_TRUST_UNKNOWN = 0, /* no configuration said what is ours */
    HEED_TRUST_UNPROVEN = 1,
    HEED_TRUST_PLAUSIBLE = 2,
    HEED_TRUST_AUTHENTICATED = 3,
    HEED_TRUST_SIGNED = 4
} HeedTrust;

typedef struct HeedRecipient {
    /* Whom the sender had mailed, as best known; normalised (parsers/address.h). */
    const char *address;
    HeedAddressSource address_source;
    /* The address alone, xtext decoded; types other than rfc822 and utf-8 keep "type;address". */
    const char *original_recipient;
    const char *final_recipient;
    HeedAction action;
    const char *status; /* enhanced status code, "5.1.1" */
    const char *code;   /* SMTP reply code, "550" */
    HeedClass class_;
    HeedVerdict verdict;
    /* The reply or the notice's words, one line, without "smtp;". */
    const char *diagnostic;
    const char *remote_mta;
    /* RFC 3464 2.3.7 to 2.3.9: when it was last tried, the reporter's name for that attempt in its
     * own log, and when it gives up (of a delay). */
    int64_t last_attempt_date;
    const char *final_log_id;
    int64_t will_retry_until;
    const char *provider;
    /* What decided the class: "status:5.1.1", "code:550", "action:delayed", … */
    const char *rule;
} HeedRecipient;

/* RFC 5965 3, RFC 6591 3. Lists may be empty. */
typedef struct HeedFeedback {
    const char *type; /* lower case, as sent */
    const char *user_agent;
    const char *version;
    const char *source_ip;
    int64_t arrival_date;
    /* 1 unless the report says more (RFC 5965 3.2). */
    int64_t incidents;
    /* Lists are of const char *. */
    GPtrArray *reported_domains;
    GPtrArray *reported_uris;
    const char *original_mail_from;
    GPtrArray *original_rcpt_to;
    const char *reporting_mta;
    /* CFBL-Feedback-ID of the original (RFC 9477 3.2): what its sender wants back to know it by. */
    const char *cfbl_feedback_id;
    /* The members from here to spf_dns are set only for RFC 6591 reports. */
    bool has_auth_failure;
    const char *auth_failure;
    const char *delivery_result;
    const char *identity_alignment;
    const char *dkim_domain;
    const char *dkim_identity;
    const char *dkim_selector;
    const char *spf_dns;
    /* Every other field, kept in order; values at the same index. */
    GPtrArray *field_names;
    GPtrArray *field_values;
} HeedFeedback;

/* The message the report is about, from its returned copy or headers. */
typedef struct HeedOriginal {
    /* Without angle brackets. */
    const char *message_id;
    /* Original-Envelope-Id, xtext decoded (RFC 3464 2.2.1). */
    const char *envelope_id;
    const char *queue_id;
    const char *from;
    const char *return_path;
    const char *subject;
    const char *list_id;
    const char *feedback_id;
    int64_t date;
} HeedOriginal;

typedef struct HeedReport {
    HeedKind kind;
    HeedTrust trust;
    /* The report's own Message-ID, without angle brackets. */
    const char *message_id;
    /* As its Date: claims. */
    int64_t date;
    /* Of the topmost Received: field written by one of own.receivers; not in the JSON. */
    int64_t receiver_date;
    const char *reporter_mta;
    const char *reporter_from;
    /* RFC 3464 2.2.3 to 2.2.5: the gateway that made the report of another system's, and from whom
     * and when the reporter had received the message. */
    const char *dsn_gateway;
    const char *received_from;
    int64_t arrival_date;
    /* "rfc3464", "rfc5965", "rfc8098", … or NULL. */
    const char *format;
    /* Owned; NULL unless the message is a feedback report, or a line of a log that tells our
     * address: then source_ip alone is set. */
    HeedFeedback *feedback;
    HeedOriginal original;
    /* Of HeedRecipient. */
    GArray *recipients;
    /* Of const char *: what was odd about the message, for people. */
    GPtrArray *warnings;
    /* Of const char *: what may be signed tokens of ours (parsers/token.h), as found, for whoever
     * has the keys. Not in the JSON; NULL where there are none. */
    GPtrArray *tokens;
    /* Of const char *, "name:value", names in lower case: the fields of the original that the
     * settings ask for, for whoever decides what the mail belongs to. Not in the JSON; NULL where
     * there are none. */
    GPtrArray *original_headers;
    /* Owns every string above. */
    GStringChunk *text;
} HeedReport;

/* A report that says nothing: kind other, everything unknown. */
HeedReport *heed_report_new(void);
void heed_report_free(HeedReport *report);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HeedReport, heed_report_free)

/*
 * Copies text into the report and returns the copy; length -1 for NUL-terminated; NULL, empty and
 * blank text give NULL. The copy is fit to be shown and stored: valid UTF-8 (else read as Latin-1),
 * control characters made blanks, blanks at both ends cut, at most HEED_LIMIT_FIELD_VALUE_BYTES.
 */
const char *heed_report_text(HeedReport *report, const char *text, gssize length);

/* A recipient of whom nothing is known. */
#define HEED_RECIPIENT_UNKNOWN \
    ((HeedRecipient){.last_attempt_date = HEED_DATE_UNKNOWN, .will_retry_until = HEED_DATE_UNKNOWN})

/* Appends an unknown recipient. The pointer is valid until the next call. */
HeedRecipient *heed_report_add_recipient(HeedReport *report);

/* Notes something odd, at most HEED_LIMIT_WARNINGS times. */
void heed_report_warn(HeedReport *report, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* How many fields of the original are kept for who asked for them, and how long one is at most. */
#define HEED_ORIGINAL_HEADERS_MOST 16U
#define HEED_ORIGINAL_HEADER_BYTES 1024U

/* Adds "name:value" to report->original_headers, cut to HEED_ORIGINAL_HEADER_BYTES; nothing once
 * there are HEED_ORIGINAL_HEADERS_MOST. */
void heed_report_keep_header(HeedReport *report, const char *line);

/* Makes report->feedback, with empty lists and one incident, if there is none yet. */
HeedFeedback *heed_report_feedback(HeedReport *report);

/*
 * Names as they stand in the JSON and in the database; NULL for the enum's "none" or "unknown".
 * The _from_name twins answer false, and leave *out alone, for a name that is not one.
 */
const char *heed_kind_name(HeedKind kind);
const char *heed_action_name(HeedAction action);
const char *heed_class_name(HeedClass class_);
const char *heed_verdict_name(HeedVerdict verdict);
const char *heed_address_source_name(HeedAddressSource source);
const char *heed_trust_name(HeedTrust trust);
bool heed_kind_from_name(const char *name, HeedKind *out_kind);
bool heed_action_from_name(const char *name, HeedAction *out_action);
bool heed_class_from_name(const char *name, HeedClass *out_class);
bool heed_verdict_from_name(const char *name, HeedVerdict *out_verdict);
bool heed_address_source_from_name(const char *name, HeedAddressSource *out_source);
bool heed_trust_from_name(const char *name, HeedTrust *out_trust);

#endif
