-- The key of pseudonyms, where any are suppressed or allowed.
SELECT secret
FROM heed_data.forget_key
WHERE EXISTS (
    SELECT FROM heed_data.address_state AS state
    WHERE state.address >= 'hmac:' AND state.address < 'hmac;' AND state.rule IS NOT NULL
);
