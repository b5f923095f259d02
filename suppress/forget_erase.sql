-- Erases what is stored of an address, but for its states, which folding deletes. A report of several recipients loses
-- what may be about this one: mail is returned whole. Counts by day and hour name nobody, and stay.
--
-- $1: the address; $2: its pseudonym, which earlier decisions have from now on.
-- Answers how many events, reports and kept mails.
WITH said AS MATERIALIZED (
    SELECT arrived_at, digest, failure_key FROM heed_data.event WHERE address = $1::text
    UNION ALL
    SELECT arrived_at, digest, failure_key FROM heed_data.evidence WHERE address = $1::text
),
about AS MATERIALIZED (
    SELECT arrived_at, digest, EXISTS (
            SELECT FROM heed_data.event AS other
            WHERE other.arrived_at = said.arrived_at AND other.digest = said.digest
                AND other.address IS DISTINCT FROM $1::text
        ) AS names_others
    FROM (SELECT DISTINCT arrived_at, digest FROM said) AS said
),
mail AS (
    DELETE FROM heed_data.raw_message AS mail USING about
    WHERE mail.arrived_at = about.arrived_at AND mail.digest = about.digest
    RETURNING 1
),
report AS (
    DELETE FROM heed_data.report AS report USING about
    WHERE report.arrived_at = about.arrived_at AND report.digest = about.digest AND NOT about.names_others
    RETURNING 1
),
shared AS (
    UPDATE heed_data.report AS report
    SET reporter_from = NULL, original_return_path = NULL, original_subject = NULL, feedback = NULL, warnings = '{}'
    FROM about
    WHERE report.arrived_at = about.arrived_at AND report.digest = about.digest AND about.names_others
),
failure AS (
    DELETE FROM heed_data.failure AS failure USING said WHERE failure.failure_key = said.failure_key
),
event AS (
    DELETE FROM heed_data.event WHERE address = $1::text
),
evidence AS (
    DELETE FROM heed_data.evidence WHERE address = $1::text
),
delivery AS (
    DELETE FROM heed_data.delivery WHERE address = $1::text
),
undone AS (
    DELETE FROM heed_data.undone_event WHERE address = $1::text
),
decision AS (
    UPDATE heed_data.decision SET address = $2::text, why = NULL WHERE address = $1::text
)
SELECT (SELECT count(*) FROM said), (SELECT count(*) FROM report), (SELECT count(*) FROM mail);
