-- A new version of the policy when it differs from the newest, and the newest version. The caller holds the lock of
-- policies (policy_lock.sql), so that two that come with the same change make one version, and versions have no gaps:
-- a run that was killed leaves no trace in the number.
--
-- $1: the settings as JSON.
WITH newest AS (
    SELECT version, settings FROM heed_data.policy ORDER BY version DESC LIMIT 1
),
made AS (
    INSERT INTO heed_data.policy (version, settings)
    SELECT coalesce((SELECT version FROM newest), 0) + 1, $1::text::jsonb
    WHERE NOT EXISTS (SELECT FROM newest WHERE settings = $1::text::jsonb)
    RETURNING version
)
SELECT version FROM made
UNION ALL
SELECT version FROM newest WHERE NOT EXISTS (SELECT FROM made);
