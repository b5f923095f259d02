-- Which of the addresses are suppressed now, in which scope, and by which rule. $1 text[]: the addresses.
SELECT state.address, state.scope, coalesce(state.rule, '')
FROM unnest($1::text[]) AS wanted (address)
JOIN heed_data.address_state AS state ON state.address = wanted.address COLLATE "C"
WHERE state.suppressed AND (state.until IS NULL OR state.until > clock_timestamp())
ORDER BY state.address, state.scope;
