-- Shared by all who fold, until their transaction ends: nobody is being forgotten meanwhile (forget_lock.sql), no hold
-- changes under their hands (guard_lock.sql), and no delivery is being written that they do not see (deliveries_lock.sql).
SELECT pg_advisory_xact_lock_shared(hashtextextended('heed.forget', 0)),
    pg_advisory_xact_lock_shared(hashtextextended('heed.guard', 0)),
    pg_advisory_xact_lock_shared(hashtextextended('heed.deliveries', 0));
