-- Alone: nobody stores reports or folds addresses, or has and not committed, while an address is erased. Others share the
-- lock: fold_guard.sql, guard_lock.sql, forget_share.sql, and whoever stores (db/store.c).
SELECT pg_advisory_xact_lock(hashtextextended('heed.forget', 0));
