-- All mail that is kept, a row at a time.
SELECT arrived_at::text, digest, content FROM heed_data.raw_message;
