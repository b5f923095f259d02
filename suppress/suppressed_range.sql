-- What is suppressed in whatever scope in the blocks of the states from $1 to before $2 at the moment $3 (timestamptz).
-- Addresses joined to texts, one for each 32 blocks: so much is below what memory is asked of the system for, piece by
-- piece, and no row in itself costs anything then. Addresses in normal form have no line ends.
SELECT NULL, NULL, part.suppressed, NULL
FROM generate_series($1::bigint, $2::bigint - 1, 32) AS block,
    LATERAL (
        SELECT string_agg(address, E'\n') AS suppressed
        FROM heed_data.address_state
        WHERE ctid >= format('(%s,0)', block)::tid AND ctid < format('(%s,0)', block + 32)::tid
            AND suppressed AND (until IS NULL OR until > (SELECT $3::text::timestamptz))
    ) AS part;
