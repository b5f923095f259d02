-- What is suppressed in the blocks of the states from $1 to before $2 at the moment $3 (timestamptz), in the scope $4 or
-- everywhere; NULL: in whatever scope. Of a scope also what a person allowed there, which wins. Addresses joined to texts,
-- one for each 32 blocks: so much is below what memory is asked of the system for, piece by piece, and no row in itself
-- costs anything then. Addresses in normal form have no line ends. A row of the table is either suppressed or allowed.
SELECT NULL, NULL, part.suppressed, part.allowed
FROM generate_series($1::bigint, $2::bigint - 1, 32) AS block,
    LATERAL (
        SELECT string_agg(address, E'\n') FILTER (WHERE NOT allowed) AS suppressed,
            string_agg(address, E'\n') FILTER (WHERE allowed) AS allowed
        FROM heed_data.address_state
        WHERE ctid >= format('(%s,0)', block)::tid AND ctid < format('(%s,0)', block + 32)::tid
            AND ((suppressed AND (until IS NULL OR until > (SELECT $3::text::timestamptz))
                    AND ($4::text IS NULL OR scope IN ('', $4::text)))
                OR (allowed AND scope = $4::text))
    ) AS part;
