-- The next addresses that have anything to fold, and those that have a state though nothing speaks for it any more.
-- Each part walks its index from where the slice before it ended, and stops when it has enough: a rebuild reads each
-- row once.
--
-- $1: the last address of the slice before, '' for the first; $2: how many addresses.
SELECT address
FROM (
    (SELECT DISTINCT event.address FROM heed_data.event AS event
     WHERE event.address > $1::text AND event.trust >= 2
        AND event.verdict IN ('hard', 'soft', 'complaint', 'unsubscribe')
     ORDER BY event.address LIMIT $2::bigint)
    UNION ALL
    (SELECT DISTINCT evidence.address FROM heed_data.evidence AS evidence
     WHERE evidence.address > $1::text AND evidence.trust >= 2
        AND evidence.verdict IN ('hard', 'soft', 'complaint', 'unsubscribe')
     ORDER BY evidence.address LIMIT $2::bigint)
    UNION ALL
    (SELECT DISTINCT decision.address FROM heed_data.decision AS decision
     WHERE decision.address > $1::text
     ORDER BY decision.address LIMIT $2::bigint)
    UNION ALL
    (SELECT DISTINCT state.address FROM heed_data.address_state AS state
     WHERE state.address > $1::text
     ORDER BY state.address LIMIT $2::bigint)
) AS any_of_it
GROUP BY address
ORDER BY address
LIMIT $2::bigint;
