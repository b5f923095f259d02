-- $1 action, $2 scope, $3 address, $4 who, $5 why. The address is locked, so that the ledger's numbers and times are in
-- the order in which decisions took effect.
INSERT INTO heed_data.decision (action, scope, address, decided_by, why)
VALUES ($1::text::heed_data.decision_action, $2::text, $3::text, $4::text, $5::text);
