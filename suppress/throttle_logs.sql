-- Up to when the logs tell: the newest minute that is kept, or the end of the newest hour in which anything was sent, for
-- of domains without a provider minutes are kept only when they put something off.
SELECT extract(epoch FROM greatest((
        SELECT max(minute) FROM heed_data.attempt_minute WHERE minute <= now()
    ), (
        SELECT least(hour + interval '1 hour', now())
        FROM (
            SELECT greatest((SELECT max(hour) FROM heed_data.volume WHERE hour <= now()),
                (SELECT max(hour) FROM heed_data.volume_delta WHERE hour <= now())) AS hour
        ) AS newest
        WHERE hour IS NOT NULL
    )))::bigint
