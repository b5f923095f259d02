-- $1 bigint[]: the keys.
DELETE FROM heed_data.quarantine WHERE quarantine_id = ANY ($1::bigint[]);
