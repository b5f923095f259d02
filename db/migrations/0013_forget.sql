-- Whoever asked to be forgotten: `heed forget` erases the address and keeps what was suppressed under a keyed hash of it,
-- its pseudonym, "hmac:" and 64 hexadecimal digits. Pseudonyms stand where addresses do, in decision and address_state;
-- no address begins like that, since each has an "@".

-- forget: what was decided before holds no more; the ledger of who was forgotten. keep: what was suppressed then stays.
ALTER TYPE heed_data.decision_action ADD VALUE 'forget';
ALTER TYPE heed_data.decision_action ADD VALUE 'keep';

-- The state that a decision 'keep' keeps, columns as in address_state.
CREATE TABLE heed_data.kept (
    decision_id    bigint PRIMARY KEY,          -- of decision
    suppressed     boolean NOT NULL,
    allowed        boolean NOT NULL,
    reason         text COLLATE "C",
    verdict        text COLLATE "C",
    since          timestamptz,
    until          timestamptz,
    evidence_count integer NOT NULL,
    first_event_at timestamptz,
    last_event_at  timestamptz,
    rule           text COLLATE "C"
);

-- The key of the hash, made once and never changed: without it nobody who was forgotten is known any more. Three random
-- UUIDs have 366 random bits. The pads are the key as HMAC (RFC 2104) uses it.
CREATE TABLE heed_data.forget_key (
    only_one  boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    secret    bytea NOT NULL CHECK (octet_length(secret) = 32),
    inner_pad bytea NOT NULL CHECK (octet_length(inner_pad) = 64),
    outer_pad bytea NOT NULL CHECK (octet_length(outer_pad) = 64)
);
INSERT INTO heed_data.forget_key (secret, inner_pad, outer_pad)
SELECT secret, inner_pad, outer_pad
FROM (SELECT sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()))
        AS secret) AS made
CROSS JOIN LATERAL (
    SELECT string_agg(decode(lpad(to_hex(byte # 54), 2, '0'), 'hex'), '' ORDER BY place) AS inner_pad,
        string_agg(decode(lpad(to_hex(byte # 92), 2, '0'), 'hex'), '' ORDER BY place) AS outer_pad
    FROM generate_series(0, 63) AS place
    CROSS JOIN LATERAL (SELECT CASE WHEN place < 32 THEN get_byte(secret, place) ELSE 0 END AS byte) AS part
) AS padded;

-- HMAC-SHA-256 of an address in normal form.
CREATE FUNCTION heed_data.pseudonym(address text)
RETURNS text LANGUAGE sql STABLE STRICT PARALLEL SAFE AS $function$
    SELECT 'hmac:' || encode(sha256(outer_pad || sha256(inner_pad || convert_to($1, 'UTF8'))), 'hex')
    FROM heed_data.forget_key
$function$;
REVOKE ALL ON FUNCTION heed_data.pseudonym FROM PUBLIC;
