-- What is read again of a log whose format was named wrongly: not what was counted by the right one, by hand or under
-- another name.

-- Behind the last stretch that told of any attempt to deliver. What lies between it and position counted nothing.
ALTER TABLE heed_data.log_file ADD COLUMN told_to bigint NOT NULL DEFAULT 0;

-- Of files that are older than this column: nothing was told where a log read all of them and counted nothing.
UPDATE heed_data.log_file AS file SET told_to = position
WHERE NOT EXISTS (SELECT FROM heed_data.log AS log
    WHERE log.name = file.log AND log.delivered + log.deferred + log.failed = 0
        AND log.lines >= (SELECT sum(other.lines) FROM heed_data.log_file AS other WHERE other.log = log.name));
