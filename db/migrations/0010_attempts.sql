-- What destinations did with each attempt, by the minute, as the logs of mail servers tell: the base of throttling advice.
-- Appended by whoever reads a log, summed by whoever asks, forgotten after 8 days. A destination is a mailbox provider
-- by its name in our table, else the recipient domain; of those without a provider only minutes of logs are here in which
-- the destination put mail off or refused it. '' is unknown.
CREATE TABLE heed_data.attempt_minute (
    minute      timestamptz NOT NULL,           -- its beginning, by the log's own times
    destination text COLLATE "C" NOT NULL,
    source_ip   text COLLATE "C" NOT NULL,      -- our address
    class       text COLLATE "C" NOT NULL,      -- of what was put off or refused; '' is delivered
    reply       text,                           -- one of the replies of this row; NULL with deliveries
    delivered   bigint NOT NULL,
    deferred    bigint NOT NULL,                -- attempts, not messages
    failed      bigint NOT NULL
);
CREATE INDEX attempt_minute_destination ON heed_data.attempt_minute (destination, minute);
CREATE INDEX attempt_minute_at ON heed_data.attempt_minute (minute);

CREATE FUNCTION heed_data.drop_attempts()
RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $function$
    DELETE FROM heed_data.attempt_minute WHERE minute < now() - interval '8 days'
$function$;
REVOKE ALL ON FUNCTION heed_data.drop_attempts FROM PUBLIC;
