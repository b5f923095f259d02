-- Shared by all who fold, until their transaction ends: no hold changes under their hands (guard_lock.sql).
SELECT pg_advisory_xact_lock_shared(hashtextextended('heed.guard', 0));
