-- Locks each address: its row in scope '' is its lock, whatever scopes it has rows in, so that all who fold an address
-- follow each other. In order of the key, so that no two wait for each other in a circle.
--
-- The fold comes in a statement of its own: under READ COMMITTED its snapshot is taken when all locks are held, and so
-- holds what the transactions waited for have committed. Of two transactions that add the first and the second report
-- of an address at the same moment, whichever folds last sees both.
--
-- A row that does not exist cannot be locked; hence the insert, and the fold deletes what it has nothing to say of.
-- DO UPDATE … WHERE false locks the row that is there without writing it, and, unlike DO NOTHING followed by SELECT
-- FOR UPDATE, starts over when the row it met is deleted under its hands.
--
-- $1 text[]: the addresses; $2: the policy's version.
INSERT INTO heed_data.address_state (scope, address, domain, suppressed, policy_version)
SELECT '', wanted.address, substring(wanted.address FROM '[^@]*$'), false, $2::bigint
FROM (SELECT DISTINCT unnest($1::text[]) COLLATE "C" AS address) AS wanted
ORDER BY wanted.address
ON CONFLICT (scope, address) DO UPDATE SET domain = excluded.domain WHERE false;
