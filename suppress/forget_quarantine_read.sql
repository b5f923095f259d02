-- All mail that could not be read, also what could be later, a row at a time.
SELECT quarantine_id, content FROM heed_data.quarantine;
