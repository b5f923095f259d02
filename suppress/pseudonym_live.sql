-- The pseudonym of an address, when anything is kept under it. $1: the address.
SELECT state.address
FROM (SELECT heed_data.pseudonym($1::text) AS pseudonym) AS known
JOIN heed_data.address_state AS state ON state.address = known.pseudonym
WHERE state.rule IS NOT NULL
LIMIT 1;
