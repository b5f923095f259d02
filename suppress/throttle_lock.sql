-- Held until the transaction ends: advice is replaced by one at a time. A statement of its own, so that what follows sees
-- what it waited for. Rounded up, the moment would be of the next minute, whose advice does not hold yet.
SELECT floor(extract(epoch FROM now()))::bigint FROM pg_advisory_xact_lock(hashtextextended('heed.throttle', 0))
