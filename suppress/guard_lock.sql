-- Alone: nobody folds, or has folded and not committed, while a hold is changed.
SELECT pg_advisory_xact_lock(hashtextextended('heed.guard', 0));
