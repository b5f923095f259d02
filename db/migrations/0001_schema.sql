-- The tables of Heed. Private: users rely on the views of schema heed (db/views/), never on these.
--
-- All text that is compared or sorted has collation "C": addresses are bytes to us, and it is three times as fast.
-- Times: arrived_at is the clock of this server when the message was stored, and what tables are partitioned by;
-- received_at is when our mail system received it; occurred_at is the event's own claim, clamped to received_at.

CREATE SCHEMA IF NOT EXISTS heed_data;
CREATE SCHEMA IF NOT EXISTS heed;

CREATE TYPE heed_data.kind AS ENUM ('other', 'bounce', 'delay', 'success', 'complaint', 'auth-failure', 'not-spam',
    'unsubscribe', 'auto-reply', 'dmarc-report', 'tls-report');
CREATE TYPE heed_data.action AS ENUM ('failed', 'delayed', 'delivered', 'relayed', 'expanded');
CREATE TYPE heed_data.verdict AS ENUM ('hard', 'soft', 'block', 'transient', 'complaint', 'unsubscribe', 'none');
CREATE TYPE heed_data.class AS ENUM ('bad-mailbox', 'bad-domain', 'moved', 'inactive-mailbox', 'mailbox-full',
    'restricted', 'relay-denied', 'bad-sender', 'reputation', 'rate-limit', 'too-many-connections', 'greylisted',
    'auth-failure', 'ptr-missing', 'policy', 'spam-content', 'content', 'virus', 'too-big', 'protocol', 'dns-failure',
    'network', 'system', 'tls', 'routing-loop', 'expired', 'suppressed', 'unknown', 'abuse', 'fraud', 'not-spam',
    'other', 'unsubscribe');
CREATE TYPE heed_data.address_source AS ENUM ('token', 'verp', 'original-recipient', 'original-message',
    'final-recipient', 'notice');
CREATE TYPE heed_data.decision_action AS ENUM ('add', 'remove', 'allow', 'disallow');

-- A mailbox, how far it has been read, and how it fares.
CREATE TABLE heed_data.mailbox (
    mailbox_id      integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name            text COLLATE "C" NOT NULL UNIQUE,
    url             text NOT NULL,              -- without any secret; another url starts a new checkpoint
    epoch           bigint NOT NULL DEFAULT 0,  -- IMAP UIDVALIDITY
    position        bigint NOT NULL DEFAULT 0,  -- all up to here is stored: IMAP UID, mbox offset
    created_at      timestamptz NOT NULL DEFAULT now(),
    last_poll_at    timestamptz,
    last_success_at timestamptz,
    last_message_at timestamptz,
    last_error      text,                       -- of the last poll, NULL when it went well
    messages_stored bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 50);                       -- each batch writes its row anew

-- Messages of a mailbox that need more than its position: those still to be acknowledged on the server (the outbox of
-- the commit that stored them), those left on servers that know no order (POP3, Maildir), those not readable so far.
CREATE TABLE heed_data.mailbox_message (
    mailbox_id   integer NOT NULL REFERENCES heed_data.mailbox,
    epoch        bigint NOT NULL,
    uid          text COLLATE "C" NOT NULL,
    disposition  smallint NOT NULL,             -- HeedDisposition of parsers/arrival.h
    acknowledged boolean NOT NULL DEFAULT false,
    attempts     integer NOT NULL DEFAULT 0,
    noted_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (mailbox_id, epoch, uid)
);
CREATE INDEX mailbox_message_open ON heed_data.mailbox_message (mailbox_id, epoch) WHERE NOT acknowledged;

-- Every report ever stored, by digest; outlives the events. Where the insert meets a conflict, it is the same report.
CREATE TABLE heed_data.report_seen (
    digest     bytea PRIMARY KEY,
    arrived_at timestamptz NOT NULL,            -- of its rows in report, event and raw_message
    trust      smallint NOT NULL                -- the highest of all its copies
);

-- One row a message. Found by digest through report_seen, which says when it arrived: an index on the digest alone,
-- which is random, would cost each insert a page somewhere in a whole month.
CREATE TABLE heed_data.report (
    arrived_at           timestamptz NOT NULL,
    digest               bytea NOT NULL,
    received_at          timestamptz NOT NULL,
    reported_at          timestamptz,           -- its Date: field, clamped to received_at
    mailbox_id           integer,               -- NULL: given on the command line
    source               text,
    stream               text COLLATE "C",
    closed               boolean NOT NULL,
    kind                 heed_data.kind NOT NULL,
    trust                smallint NOT NULL,     -- HeedTrust of parsers/report.h
    format               text,
    message_id           text COLLATE "C",
    reporter_mta         text COLLATE "C",
    reporter_from        text COLLATE "C",
    original_message_id  text COLLATE "C",
    original_envelope_id text COLLATE "C",
    original_queue_id    text COLLATE "C",
    original_from        text COLLATE "C",
    original_return_path text COLLATE "C",
    original_subject     text,
    original_list_id     text COLLATE "C",
    original_feedback_id text COLLATE "C",
    original_date        timestamptz,
    feedback             jsonb,
    warnings             text[] NOT NULL DEFAULT '{}',
    recipient_count      integer NOT NULL,
    size                 bigint NOT NULL,
    truncated            boolean NOT NULL,
    PRIMARY KEY (arrived_at, digest)
) PARTITION BY RANGE (arrived_at);
CREATE TABLE heed_data.report_default PARTITION OF heed_data.report DEFAULT;

-- One row a recipient of a report. A complaint without a recipient has one row, its address NULL: unmatched.
CREATE TABLE heed_data.event (
    arrived_at         timestamptz NOT NULL,
    digest             bytea NOT NULL,
    ordinal            integer NOT NULL,        -- from 0, the recipient's place in its report
    occurred_at        timestamptz NOT NULL,    -- when it counts: the report's received_at
    stream             text COLLATE "C",
    closed             boolean NOT NULL,
    trust              smallint NOT NULL,
    kind               heed_data.kind NOT NULL,
    action             heed_data.action,
    class              heed_data.class,
    verdict            heed_data.verdict,
    address            text COLLATE "C",        -- normalised (parsers/address.h)
    domain             text COLLATE "C",
    address_source     heed_data.address_source,
    original_recipient text COLLATE "C",
    final_recipient    text COLLATE "C",
    status             text COLLATE "C",
    code               text COLLATE "C",
    diagnostic         text,
    remote_mta         text COLLATE "C",
    provider           text COLLATE "C",
    rule               text COLLATE "C",
    original_key       bytea,                   -- which message failed; NULL when nothing identifies it
    failure_key        bytea NOT NULL,          -- original_key, recipient, outcome: db/keys.h
    PRIMARY KEY (arrived_at, digest, ordinal)
) PARTITION BY RANGE (arrived_at);
CREATE INDEX event_address ON heed_data.event (address) WHERE address IS NOT NULL;
CREATE INDEX event_unmatched ON heed_data.event (arrived_at) WHERE address IS NULL;
CREATE INDEX event_unclassified ON heed_data.event (arrived_at) WHERE class = 'unknown';
CREATE INDEX event_delayed ON heed_data.event (arrived_at) WHERE action = 'delayed';
CREATE TABLE heed_data.event_default PARTITION OF heed_data.event DEFAULT;

-- Each failure once, whatever number of reports speak of it, and which event was counted for it.
CREATE TABLE heed_data.failure (
    failure_key bytea PRIMARY KEY,
    digest      bytea NOT NULL,
    ordinal     integer NOT NULL,
    arrived_at  timestamptz NOT NULL            -- of that event: forgotten when its partition is
);

-- What live suppressions rest on when the partitions of their events are dropped; columns as in event.
CREATE TABLE heed_data.evidence (LIKE heed_data.event, PRIMARY KEY (arrived_at, digest, ordinal));
CREATE INDEX evidence_address ON heed_data.evidence (address);

-- The mail itself, so that it can be read again with better rules. Partitions of a week, to drop.
CREATE TABLE heed_data.raw_message (
    arrived_at timestamptz NOT NULL,
    digest     bytea NOT NULL,
    content    bytea NOT NULL,                  -- zstd
    PRIMARY KEY (arrived_at, digest)
) PARTITION BY RANGE (arrived_at);
CREATE TABLE heed_data.raw_message_default PARTITION OF heed_data.raw_message DEFAULT;
ALTER TABLE heed_data.raw_message ALTER COLUMN content SET STORAGE EXTERNAL;
ALTER TABLE heed_data.raw_message_default ALTER COLUMN content SET STORAGE EXTERNAL;

-- Mail that could not be read, whole.
CREATE TABLE heed_data.quarantine (
    quarantine_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    digest        bytea NOT NULL UNIQUE,
    arrived_at    timestamptz NOT NULL,
    received_at   timestamptz NOT NULL,
    mailbox_id    integer,
    source        text,
    stream        text COLLATE "C",
    closed        boolean NOT NULL,
    uid           text COLLATE "C",
    epoch         bigint NOT NULL,
    reason        text NOT NULL,
    detail        text,
    size          bigint NOT NULL,
    truncated     boolean NOT NULL,
    content       bytea NOT NULL,               -- zstd
    attempts      integer NOT NULL DEFAULT 1,
    resolved_at   timestamptz                   -- read after all, by `heed quarantine retry`
);
CREATE INDEX quarantine_open ON heed_data.quarantine (digest) WHERE resolved_at IS NULL;
ALTER TABLE heed_data.quarantine ALTER COLUMN content SET STORAGE EXTERNAL;

-- The policies under which state was folded; the highest version is in force.
CREATE TABLE heed_data.policy (
    version  integer PRIMARY KEY,
    settings jsonb NOT NULL,
    since    timestamptz NOT NULL DEFAULT now()
);

-- What people decided; only ever appended to.
CREATE TABLE heed_data.decision (
    decision_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    decided_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    decided_by  text NOT NULL,
    why         text,
    action      heed_data.decision_action NOT NULL,
    scope       text COLLATE "C" NOT NULL,      -- '' is everything
    address     text COLLATE "C" NOT NULL
);
CREATE INDEX decision_address ON heed_data.decision (address);

-- What is derived from events and decisions: one row an address and scope, locked in key order, then refolded.
CREATE TABLE heed_data.address_state (
    scope          text COLLATE "C" NOT NULL,   -- '' is everything, else a stream
    address        text COLLATE "C" NOT NULL,
    domain         text COLLATE "C" NOT NULL,
    suppressed     boolean NOT NULL,
    allowed        boolean NOT NULL DEFAULT false,
    reason         text COLLATE "C",            -- a class, or 'manual'
    verdict        text COLLATE "C",            -- hard, complaint, unsubscribe, manual
    since          timestamptz,
    until          timestamptz,                 -- NULL: without end
    evidence_count integer NOT NULL DEFAULT 0,
    first_event_at timestamptz,
    last_event_at  timestamptz,
    rule           text COLLATE "C",
    policy_version integer NOT NULL,            -- of policy; a foreign key would lock that one row for every row here
    PRIMARY KEY (address, scope)                -- the address first: it is also found in whatever scope
);

-- Counts by day: deltas are appended by whoever stores, folded into roll-ups under one lock; views add both.
CREATE TABLE heed_data.rollup (
    day           date NOT NULL,                -- UTC, of occurred_at
    stream        text COLLATE "C" NOT NULL,    -- '' is none; so for the other names
    domain        text COLLATE "C" NOT NULL,
    provider      text COLLATE "C" NOT NULL,
    sender_domain text COLLATE "C" NOT NULL,
    source_ip     text COLLATE "C" NOT NULL,
    kind          heed_data.kind NOT NULL,
    class         text COLLATE "C" NOT NULL,
    verdict       text COLLATE "C" NOT NULL,
    failures      bigint NOT NULL,              -- counted once by failure key
    reports       bigint NOT NULL,              -- each piece of evidence
    PRIMARY KEY (day, stream, domain, provider, sender_domain, source_ip, kind, class, verdict)
);
CREATE TABLE heed_data.rollup_delta (LIKE heed_data.rollup);
