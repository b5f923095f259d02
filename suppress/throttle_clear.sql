-- A statement of its own: what is written next may have the same keys.
WITH gone AS (
    DELETE FROM heed_data.throttle
)
DELETE FROM heed_data.throttle_step
