-- What is suppressed in the blocks from $1 to before $2 (tid) of the states at the moment $3 (timestamptz), in the scope
-- $4 or everywhere; NULL: in whatever scope. Of a scope also what a person allowed there, which wins. Part of another
-- query (suppressed_load.c). A row is either suppressed or allowed.
FROM heed_data.address_state
WHERE ctid >= $1::text::tid AND ctid < $2::text::tid
    AND ((suppressed AND (until IS NULL OR until > (SELECT $3::text::timestamptz))
            AND ($4::text IS NULL OR scope IN ('', $4::text)))
        OR (allowed AND scope = $4::text))
