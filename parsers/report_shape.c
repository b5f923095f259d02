/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/report_shape.h"

/* Enums of C differ in type, not in form: one signature for all. */
#define NAME_TABLE(Type, noun)                               \
    static const char *noun##_of(unsigned value)             \
    {                                                        \
        return heed_##noun##_name((Type)value);              \
    }                                                        \
    static bool noun##_find(const char *name, unsigned *out) \
    {                                                        \
        Type value;                                          \
        if (!heed_##noun##_from_name(name, &value))          \
            return false;                                    \
        *out = (unsigned)value;                              \
        return true;                                         \
    }                                                        \
    static const HeedNameTable noun##_table = {noun##_of, noun##_find};

NAME_TABLE(HeedKind, kind)
NAME_TABLE(HeedTrust, trust)
NAME_TABLE(HeedAction, action)
NAME_TABLE(HeedClass, class)
NAME_TABLE(HeedVerdict, verdict)
NAME_TABLE(HeedAddressSource, address_source)

#define TEXT(Struct, key, field)                             \
    {                                                        \
        key, HEED_MEMBER_TEXT, offsetof(Struct, field), NULL \
    }
#define DATE(Struct, key, field)                             \
    {                                                        \
        key, HEED_MEMBER_DATE, offsetof(Struct, field), NULL \
    }
#define LIST(Struct, key, field)                             \
    {                                                        \
        key, HEED_MEMBER_LIST, offsetof(Struct, field), NULL \
    }
#define NAME(Struct, key, field, noun)                                \
    {                                                                 \
        key, HEED_MEMBER_NAME, offsetof(Struct, field), &noun##_table \
    }

static const HeedMember report_members[] = {
    NAME(HeedReport, "kind", kind, kind),
    NAME(HeedReport, "trust", trust, trust),
    TEXT(HeedReport, "message_id", message_id),
    DATE(HeedReport, "date", date),
};

const HeedShape heed_report_shape = {"report", report_members, G_N_ELEMENTS(report_members)};

static const HeedMember reporter_members[] = {
    TEXT(HeedReport, "mta", reporter_mta),
    TEXT(HeedReport, "from", reporter_from),
    TEXT(HeedReport, "format", format),
    TEXT(HeedReport, "dsn_gateway", dsn_gateway),
    TEXT(HeedReport, "received_from", received_from),
    DATE(HeedReport, "arrival_date", arrival_date),
};

const HeedShape heed_reporter_shape = {"reporter", reporter_members,
                                       G_N_ELEMENTS(reporter_members)};

static const HeedMember feedback_members[] = {
    TEXT(HeedFeedback, "type", type),
    TEXT(HeedFeedback, "user_agent", user_agent),
    TEXT(HeedFeedback, "version", version),
    TEXT(HeedFeedback, "source_ip", source_ip),
    DATE(HeedFeedback, "arrival_date", arrival_date),
    {"incidents", HEED_MEMBER_COUNT, offsetof(HeedFeedback, incidents), NULL},
    LIST(HeedFeedback, "reported_domains", reported_domains),
    LIST(HeedFeedback, "reported_uris", reported_uris),
    TEXT(HeedFeedback, "original_mail_from", original_mail_from),
    LIST(HeedFeedback, "original_rcpt_to", original_rcpt_to),
    TEXT(HeedFeedback, "reporting_mta", reporting_mta),
    TEXT(HeedFeedback, "cfbl_feedback_id", cfbl_feedback_id),
};

const HeedShape heed_feedback_shape = {"feedback", feedback_members,
                                       G_N_ELEMENTS(feedback_members)};

static const HeedMember auth_failure_members[] = {
    TEXT(HeedFeedback, "type", auth_failure),
    TEXT(HeedFeedback, "delivery_result", delivery_result),
    TEXT(HeedFeedback, "identity_alignment", identity_alignment),
    TEXT(HeedFeedback, "dkim_domain", dkim_domain),
    TEXT(HeedFeedback, "dkim_identity", dkim_identity),
    TEXT(HeedFeedback, "dkim_selector", dkim_selector),
    TEXT(HeedFeedback, "spf_dns", spf_dns),
};

const HeedShape heed_auth_failure_shape = {"feedback.auth_failure", auth_failure_members,
                                           G_N_ELEMENTS(auth_failure_members)};

static const HeedMember original_members[] = {
    TEXT(HeedOriginal, "message_id", message_id),
    TEXT(HeedOriginal, "envelope_id", envelope_id),
    TEXT(HeedOriginal, "queue_id", queue_id),
    TEXT(HeedOriginal, "from", from),
    TEXT(HeedOriginal, "return_path", return_path),
    TEXT(HeedOriginal, "subject", subject),
    TEXT(HeedOriginal, "list_id", list_id),
    TEXT(HeedOriginal, "feedback_id", feedback_id),
    DATE(HeedOriginal, "date", date),
};

const HeedShape heed_original_shape = {"original", original_members,
                                       G_N_ELEMENTS(original_members)};

static const HeedMember recipient_members[] = {
    TEXT(HeedRecipient, "address", address),
    NAME(HeedRecipient, "address_source", address_source, address_source),
    TEXT(HeedRecipient, "original_recipient", original_recipient),
    TEXT(HeedRecipient, "final_recipient", final_recipient),
    NAME(HeedRecipient, "action", action, action),
    {"status", HEED_MEMBER_STATUS, offsetof(HeedRecipient, status), NULL},
    {"code", HEED_MEMBER_CODE, offsetof(HeedRecipient, code), NULL},
    NAME(HeedRecipient, "class", class_, class),
    NAME(HeedRecipient, "verdict", verdict, verdict),
    TEXT(HeedRecipient, "diagnostic", diagnostic),
    TEXT(HeedRecipient, "remote_mta", remote_mta),
    DATE(HeedRecipient, "last_attempt_date", last_attempt_date),
    TEXT(HeedRecipient, "final_log_id", final_log_id),
    DATE(HeedRecipient, "will_retry_until", will_retry_until),
    TEXT(HeedRecipient, "provider", provider),
    TEXT(HeedRecipient, "rule", rule),
};

const HeedShape heed_recipient_shape = {"recipients[]", recipient_members,
                                        G_N_ELEMENTS(recipient_members)};
