-- $1 text[], $2 bytea[]: the keys.
DELETE FROM heed_data.raw_message AS mail
USING (SELECT unnest($1::text[])::timestamptz AS arrived_at, unnest($2::bytea[]) AS digest) AS found
WHERE mail.arrived_at = found.arrived_at AND mail.digest = found.digest;
