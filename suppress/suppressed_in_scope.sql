-- What is suppressed now in the scope that the setting heed.scope names: everywhere, or there; but not what a person
-- allowed there, nor the pseudonyms of whom was forgotten, which are no domain's. Part of other queries (export.c).
SELECT state.scope, state.address, state.domain, state.reason, state.verdict, state.since, state.until,
    state.evidence_count, state.last_event_at
FROM heed_data.address_state AS state
WHERE state.suppressed AND (state.until IS NULL OR state.until > now())
    AND state.domain <> state.address
    AND state.scope IN ('', (SELECT current_setting('heed.scope')))
    AND NOT EXISTS (
        SELECT FROM heed_data.address_state AS allowed
        WHERE allowed.scope = (SELECT current_setting('heed.scope')) AND allowed.address = state.address
            AND allowed.allowed
    )
