-- Held until the transaction ends. A statement of its own: what follows must see what it waited for.
SELECT pg_advisory_xact_lock(hashtextextended('heed.policy', 0));
