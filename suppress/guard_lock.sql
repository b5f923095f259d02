-- Alone: nobody folds, or has folded and not committed, while a hold is changed. The first lock is only in its order.
SELECT pg_advisory_xact_lock_shared(hashtextextended('heed.forget', 0)),
    pg_advisory_xact_lock(hashtextextended('heed.guard', 0));
