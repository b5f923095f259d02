-- suppressed_range_scope.sql with the reasons: a text for each.
SELECT part.verdict, part.reason, part.suppressed, part.allowed
FROM generate_series($1::bigint, $2::bigint - 1, 32) AS block,
    LATERAL (
        SELECT verdict, reason, string_agg(address, E'\n') FILTER (WHERE NOT allowed) AS suppressed,
            string_agg(address, E'\n') FILTER (WHERE allowed) AS allowed
        FROM heed_data.address_state
        WHERE ctid >= format('(%s,0)', block)::tid AND ctid < format('(%s,0)', block + 32)::tid
            AND ((suppressed AND (until IS NULL OR until > (SELECT $3::text::timestamptz)) AND scope IN ('', $4::text))
                OR (allowed AND scope = $4::text))
        GROUP BY verdict, reason
    ) AS part;
