-- The new advice. $1 … $10: the columns of heed_data.throttle but the last; $11 … $18: those of throttle_step.
WITH written AS (
    INSERT INTO heed_data.throttle (destination, source_ip, class, refused, attempts, since, last_refused_at, reply,
        paused_until, why, computed_at)
    SELECT *, now()
    FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::timestamptz[], $7::timestamptz[],
        $8::text[], $9::timestamptz[], $10::text[])
)
INSERT INTO heed_data.throttle_step (destination, source_ip, from_at, until_at, phase, step, connections,
    messages_a_minute)
SELECT *
FROM unnest($11::text[], $12::text[], $13::timestamptz[], $14::timestamptz[], $15::text[], $16::bigint[], $17::bigint[],
    $18::bigint[])
