-- The newest minute that any log told of.
SELECT extract(epoch FROM max(minute))::bigint FROM heed_data.attempt_minute WHERE minute <= now()
