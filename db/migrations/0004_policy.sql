-- What the policy needs beside events and decisions: the guard's holds, what was undone, who made a report.

-- The server that made the report, as the report names it: a surge may be one of a single server, ours among them.
ALTER TABLE heed_data.event ADD COLUMN reporter_mta text COLLATE "C";
ALTER TABLE heed_data.evidence ADD COLUMN reporter_mta text COLLATE "C";

-- Surges of hard failures. A hard failure that arrived in the span of one, and is of its domain, provider or reporting
-- server, is held: judgement waits, the address is only paused. Rows are never deleted, so that a replay holds the same.
CREATE TABLE heed_data.guard_hold (
    hold_id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    dimension   text COLLATE "C" NOT NULL CHECK (dimension IN ('domain', 'provider', 'mta')),
    name        text COLLATE "C" NOT NULL,
    began_at    timestamptz NOT NULL,                       -- by arrival; the surge's beginning, before it was noticed
    ended_at    timestamptz NOT NULL DEFAULT 'infinity',    -- infinity: it lasts
    placed_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    statistics  jsonb NOT NULL,                             -- what was seen, what was expected
    resolution  text COLLATE "C" CHECK (resolution IN ('released', 'discarded')),
    resolved_at timestamptz,
    resolved_by text,
    why         text
);
CREATE INDEX guard_hold_name ON heed_data.guard_hold (name, dimension);

-- Undone: events that are disregarded, as if they had never arrived, until the undo is reverted.
CREATE TABLE heed_data.undo (
    undo_id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    decided_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    decided_by  text NOT NULL,
    why         text,
    selection   jsonb NOT NULL,
    reverted_at timestamptz,
    reverted_by text,
    revert_why  text
);
CREATE TABLE heed_data.undone_event (
    arrived_at timestamptz NOT NULL,
    digest     bytea NOT NULL,
    ordinal    integer NOT NULL,
    undo_id    bigint NOT NULL REFERENCES heed_data.undo,
    PRIMARY KEY (digest, ordinal, undo_id)
);

-- The hold that pauses the address now, if it is one.
ALTER TABLE heed_data.address_state ADD COLUMN hold_id bigint;
