-- Files of logs that are shorter than the first bytes they are known by: what was copied from them before they grew, and
-- what is left of them when they were cut, is the beginning of a file that is known.

-- Of the first bytes, up to the end of each whole line in them: the first 16 bytes of the SHA-256. NULL in rows that are
-- older than this column, until the file is looked at again.
ALTER TABLE heed_data.log_file ADD COLUMN head_lines bytea[];
CREATE INDEX log_file_lines ON heed_data.log_file USING gin (head_lines);
