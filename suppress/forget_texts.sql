-- Blots out what is quoted of addresses in rows that are not about them. A scan of all there is: no index finds this.
--
-- $1 text[]: LIKE patterns of what is looked for, in lower case, which find quickly what may be (by collation "C", where
-- letters are ASCII); $2: the regular expression that says what is; $3 text[]: the addresses.
-- Answers how many rows were changed, and whether the policy in force has one of them.
WITH event AS (
    UPDATE heed_data.event
    SET original_recipient = regexp_replace(original_recipient, $2::text, '[forgotten]', 'gi'),
        final_recipient = regexp_replace(final_recipient, $2::text, '[forgotten]', 'gi'),
        diagnostic = regexp_replace(diagnostic, $2::text, '[forgotten]', 'gi'),
        rule = regexp_replace(rule, $2::text, '[forgotten]', 'gi')
    WHERE lower(concat_ws(' ', original_recipient, final_recipient, diagnostic, rule) COLLATE "C") LIKE ANY ($1::text[])
        AND concat_ws(' ', original_recipient, final_recipient, diagnostic, rule) ~* $2::text
        AND coalesce(address <> ALL ($3::text[]), true)
    RETURNING 1
),
evidence AS (
    UPDATE heed_data.evidence
    SET original_recipient = regexp_replace(original_recipient, $2::text, '[forgotten]', 'gi'),
        final_recipient = regexp_replace(final_recipient, $2::text, '[forgotten]', 'gi'),
        diagnostic = regexp_replace(diagnostic, $2::text, '[forgotten]', 'gi'),
        rule = regexp_replace(rule, $2::text, '[forgotten]', 'gi')
    WHERE lower(concat_ws(' ', original_recipient, final_recipient, diagnostic, rule) COLLATE "C") LIKE ANY ($1::text[])
        AND concat_ws(' ', original_recipient, final_recipient, diagnostic, rule) ~* $2::text
        AND coalesce(address <> ALL ($3::text[]), true)
    RETURNING 1
),
report AS (
    UPDATE heed_data.report
    SET source = regexp_replace(source, $2::text, '[forgotten]', 'gi'),
        message_id = regexp_replace(message_id, $2::text, '[forgotten]', 'gi'),
        reporter_from = regexp_replace(reporter_from, $2::text, '[forgotten]', 'gi'),
        original_message_id = regexp_replace(original_message_id, $2::text, '[forgotten]', 'gi'),
        original_envelope_id = regexp_replace(original_envelope_id, $2::text, '[forgotten]', 'gi'),
        original_from = regexp_replace(original_from, $2::text, '[forgotten]', 'gi'),
        original_return_path = regexp_replace(original_return_path, $2::text, '[forgotten]', 'gi'),
        original_subject = regexp_replace(original_subject, $2::text, '[forgotten]', 'gi'),
        original_list_id = regexp_replace(original_list_id, $2::text, '[forgotten]', 'gi'),
        original_feedback_id = regexp_replace(original_feedback_id, $2::text, '[forgotten]', 'gi'),
        feedback = regexp_replace(feedback::text, $2::text, '[forgotten]', 'gi')::jsonb,
        warnings = string_to_array(regexp_replace(array_to_string(warnings, E'\n'), $2::text, '[forgotten]', 'gi'),
            E'\n')
    WHERE lower(concat_ws(' ', source, message_id, reporter_from, original_message_id, original_envelope_id,
            original_from, original_return_path, original_subject, original_list_id, original_feedback_id,
            feedback::text, array_to_string(warnings, E'\n')) COLLATE "C") LIKE ANY ($1::text[])
        AND concat_ws(' ', source, message_id, reporter_from, original_message_id, original_envelope_id,
            original_from, original_return_path, original_subject, original_list_id, original_feedback_id,
            feedback::text, array_to_string(warnings, E'\n')) ~* $2::text
    RETURNING 1
),
decision AS (
    UPDATE heed_data.decision SET why = regexp_replace(why, $2::text, '[forgotten]', 'gi')
    WHERE why ~* $2::text
    RETURNING 1
),
undo AS (
    UPDATE heed_data.undo
    SET why = regexp_replace(why, $2::text, '[forgotten]', 'gi'),
        revert_why = regexp_replace(revert_why, $2::text, '[forgotten]', 'gi'),
        selection = regexp_replace(selection::text, $2::text, '[forgotten]', 'gi')::jsonb
    WHERE concat_ws(' ', why, revert_why, selection::text) ~* $2::text
    RETURNING 1
),
hold AS (
    UPDATE heed_data.guard_hold SET why = regexp_replace(why, $2::text, '[forgotten]', 'gi')
    WHERE why ~* $2::text
    RETURNING 1
),
quarantine AS (
    UPDATE heed_data.quarantine
    SET source = regexp_replace(source, $2::text, '[forgotten]', 'gi'),
        detail = regexp_replace(detail, $2::text, '[forgotten]', 'gi')
    WHERE concat_ws(' ', source, detail) ~* $2::text
    RETURNING 1
),
mailbox AS (
    UPDATE heed_data.mailbox SET last_error = regexp_replace(last_error, $2::text, '[forgotten]', 'gi')
    WHERE last_error ~* $2::text
    RETURNING 1
),
attempt AS (
    UPDATE heed_data.attempt_minute SET reply = regexp_replace(reply, $2::text, '[forgotten]', 'gi')
    WHERE reply ~* $2::text
    RETURNING 1
),
throttle AS (
    UPDATE heed_data.throttle SET reply = regexp_replace(reply, $2::text, '[forgotten]', 'gi')
    WHERE reply ~* $2::text
    RETURNING 1
),
log AS (
    UPDATE heed_data.log SET last_error = regexp_replace(last_error, $2::text, '[forgotten]', 'gi')
    WHERE last_error ~* $2::text
    RETURNING 1
),
-- What is known of messages under way, as a log's reader keeps it: bytes, so that all of it goes.
log_file AS (
    UPDATE heed_data.log_file SET state = NULL, state_position = NULL
    WHERE lower(encode(state, 'escape') COLLATE "C") LIKE ANY ($1::text[])
    RETURNING 1
),
policy AS (
    UPDATE heed_data.policy SET settings = regexp_replace(settings::text, $2::text, '[forgotten]', 'gi')::jsonb
    WHERE settings::text ~* $2::text AND version < (SELECT max(version) FROM heed_data.policy)
    RETURNING 1
)
SELECT (SELECT count(*) FROM event) + (SELECT count(*) FROM evidence) + (SELECT count(*) FROM report)
        + (SELECT count(*) FROM decision) + (SELECT count(*) FROM undo) + (SELECT count(*) FROM hold)
        + (SELECT count(*) FROM quarantine) + (SELECT count(*) FROM mailbox) + (SELECT count(*) FROM attempt)
        + (SELECT count(*) FROM throttle) + (SELECT count(*) FROM log) + (SELECT count(*) FROM log_file)
        + (SELECT count(*) FROM policy),
    EXISTS (SELECT FROM heed_data.policy WHERE settings::text ~* $2::text
        AND version = (SELECT max(version) FROM heed_data.policy));
