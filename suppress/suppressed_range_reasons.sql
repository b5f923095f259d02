-- suppressed_range.sql with the reasons: a text for each.
SELECT part.verdict, part.reason, part.suppressed, NULL
FROM generate_series($1::bigint, $2::bigint - 1, 32) AS block,
    LATERAL (
        SELECT verdict, reason, string_agg(address, E'\n') AS suppressed
        FROM heed_data.address_state
        WHERE ctid >= format('(%s,0)', block)::tid AND ctid < format('(%s,0)', block + 32)::tid
            AND suppressed AND (until IS NULL OR until > (SELECT $3::text::timestamptz))
        GROUP BY verdict, reason
    ) AS part;
