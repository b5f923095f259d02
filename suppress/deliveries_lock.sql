-- Alone: nobody folds, or has folded and not committed, while deliveries are written (fold_guard.sql). Of a delivery and
-- the first reports of an address, which no row stands for yet that both could wait for, whoever comes second sees both.
-- The other two locks are only in their order.
SELECT pg_advisory_xact_lock_shared(hashtextextended('heed.forget', 0)),
    pg_advisory_xact_lock_shared(hashtextextended('heed.guard', 0)),
    pg_advisory_xact_lock(hashtextextended('heed.deliveries', 0));
