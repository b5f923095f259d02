-- Which of the addresses have anything to fold: a believable report that counts, or that may be the more trusted one of a
-- failure that counts (that one may be coming in at this moment, unseen; the lock sees to it that one of the two sees
-- both), what may lift, a decision, or a state. The others (delays, what is not believed) are neither locked nor folded.
--
-- $1 text[]: the addresses. OFFSET 0 keeps each lookup a walk of an index for one address; without it the planner,
-- knowing nothing yet of a young table, would rather read all of it.
SELECT wanted.address
FROM (SELECT DISTINCT unnest($1::text[]) COLLATE "C" AS address) AS wanted
CROSS JOIN LATERAL (
    SELECT 1
    FROM (
        SELECT 1 FROM heed_data.event AS event
        WHERE event.address = wanted.address AND event.trust >= 2
            AND (event.kind IN ('bounce', 'not-spam') OR event.action = 'delivered'
                OR event.verdict IN ('hard', 'complaint', 'unsubscribe'))
        UNION ALL
        SELECT 1 FROM heed_data.evidence AS evidence
        WHERE evidence.address = wanted.address AND evidence.trust >= 2
            AND (evidence.kind IN ('bounce', 'not-spam') OR evidence.action = 'delivered'
                OR evidence.verdict IN ('hard', 'complaint', 'unsubscribe'))
        UNION ALL
        SELECT 1 FROM heed_data.decision AS decision WHERE decision.address = wanted.address
        UNION ALL
        SELECT 1 FROM heed_data.address_state AS state WHERE state.address = wanted.address
    ) AS any_of_it
    LIMIT 1
) AS something
ORDER BY wanted.address;
