-- The logs of mail servers: how far each is read, and what was delivered to whom.

-- A log of the configuration, and how it fares.
CREATE TABLE heed_data.log (
    name            text COLLATE "C" PRIMARY KEY,
    path            text NOT NULL,
    format          text NOT NULL,
    last_read_at    timestamptz,
    last_success_at timestamptz,
    last_line_at    timestamptz,                -- when something new was read last
    last_error      text,                       -- of the last look, NULL when it went well
    lines           bigint NOT NULL DEFAULT 0,
    unread          bigint NOT NULL DEFAULT 0,  -- of them, those that could not be read
    delivered       bigint NOT NULL DEFAULT 0,
    deferred        bigint NOT NULL DEFAULT 0,
    failed          bigint NOT NULL DEFAULT 0,
    behind          bigint NOT NULL DEFAULT 0   -- bytes that were there and not read at the last look
) WITH (fillfactor = 50);

-- A file of a log, by its first bytes as they were before it was compressed, so that it is the same whatever it is
-- called, wherever it is copied to. Files read by hand have no log. All before position is counted, in the transaction
-- that moves it. State is what was known at state_position of messages under way; from there on lines are read again,
-- uncounted, when the reading goes on. Device, inode, size and modified are of the file as it was last read to its end:
-- where they are the same it need not be opened.
CREATE TABLE heed_data.log_file (
    log_file_id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    log            text COLLATE "C",
    path           text NOT NULL,
    stem           text NOT NULL,               -- the path without what rotation and compression added
    head_length    integer NOT NULL,            -- bytes that the digest is of; grows with the file, to 4096
    head_digest    bytea NOT NULL,              -- SHA-256
    device         bigint,
    inode          bigint,
    size           bigint,
    modified       bigint,                      -- nanoseconds since 1970
    position       bigint NOT NULL DEFAULT 0,
    lines          bigint NOT NULL DEFAULT 0,   -- before position
    state_position bigint,
    state          bytea,
    began_at       timestamptz NOT NULL DEFAULT now(),
    read_at        timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 50);
CREATE UNIQUE INDEX log_file_head ON heed_data.log_file (head_digest);
CREATE INDEX log_file_place ON heed_data.log_file (device, inode);
CREATE INDEX log_file_state ON heed_data.log_file (log, read_at) WHERE state IS NOT NULL;

-- Who got mail when, for logs that are asked to tell: what clears the soft failures of an address. One row an address,
-- the last delivery; one more where a failure lies between two.
CREATE TABLE heed_data.delivery (
    address      text COLLATE "C" NOT NULL,     -- normalised (parsers/address.h)
    delivered_at timestamptz NOT NULL,
    arrived_at   timestamptz NOT NULL DEFAULT now(),
    original_key bytea,                         -- which message it was: db/keys.h
    PRIMARY KEY (address, delivered_at)
);
CREATE INDEX delivery_at ON heed_data.delivery (delivered_at);

-- Forgets files that were not read for so many days: their lines' counts are gone by then.
CREATE FUNCTION heed_data.drop_log_files(days integer)
RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $function$
    DELETE FROM heed_data.log_file WHERE read_at < now() - make_interval(days => $1)
$function$;
REVOKE ALL ON FUNCTION heed_data.drop_log_files FROM PUBLIC;

-- Forgets deliveries before the time in which soft failures are counted together, and some days more.
CREATE FUNCTION heed_data.drop_deliveries()
RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $function$
    DELETE FROM heed_data.delivery WHERE delivered_at < now() - interval '400 days'
$function$;
REVOKE ALL ON FUNCTION heed_data.drop_deliveries FROM PUBLIC;
