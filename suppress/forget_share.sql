-- Shared: nobody is being forgotten until the transaction ends.
SELECT pg_advisory_xact_lock_shared(hashtextextended('heed.forget', 0));
