-- Who made some reports. $1 text[]: when they arrived; $2 text[]: their digests, in hexadecimal.
SELECT encode(report.digest, 'hex'), coalesce(report.reporter_mta, report.reporter_from)
FROM (SELECT unnest($1::text[])::timestamptz AS arrived_at, decode(unnest($2::text[]), 'hex') AS digest) AS wanted
JOIN heed_data.report AS report ON report.arrived_at = wanted.arrived_at AND report.digest = wanted.digest;
