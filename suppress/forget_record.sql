-- The record of who was forgotten. $1: the pseudonym; $2: by whom; $3: why.
INSERT INTO heed_data.decision (action, scope, address, decided_by, why)
VALUES ('forget', '', $1::text, $2::text, $3::text);
