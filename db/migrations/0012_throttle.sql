-- Throttling advice, as `heed throttle` made it last of heed_data.attempt_minute: derived, and replaced as a whole. Its steps
-- are written down until nothing is advised any more, so that the view is right at any time without a program at work: what
-- holds now is the step that now lies in, if nothing more was put off since.
CREATE TABLE heed_data.throttle (
    destination      text COLLATE "C" NOT NULL,
    source_ip        text COLLATE "C" NOT NULL,     -- our address; '' is unknown
    class            text COLLATE "C" NOT NULL,     -- of most refusals of 24 hours
    refused          bigint NOT NULL,               -- attempts of 24 hours
    attempts         bigint NOT NULL,
    since            timestamptz NOT NULL,          -- the first refusal of this bout
    last_refused_at  timestamptz NOT NULL,
    reply            text,                          -- the newest
    paused_until     timestamptz,
    why              text NOT NULL,
    computed_at      timestamptz NOT NULL,
    PRIMARY KEY (destination, source_ip)
);
CREATE TABLE heed_data.throttle_step (
    destination       text COLLATE "C" NOT NULL,
    source_ip         text COLLATE "C" NOT NULL,
    from_at           timestamptz NOT NULL,
    until_at          timestamptz NOT NULL,
    phase             text COLLATE "C" NOT NULL CHECK (phase IN ('paused', 'trying', 'holding', 'probing')),
    step              integer NOT NULL,             -- of the steps that lead up again; 0: of connections alone
    connections       bigint,                       -- at a time; NULL: no limit
    messages_a_minute bigint,
    PRIMARY KEY (destination, source_ip, from_at)
);
