-- How the reading of each mail server's log fares: name, format, last look, last good look, last new line (epoch),
-- last error, lines, lines that could not be read, bytes not read yet.
SELECT name, format, extract(epoch FROM last_read_at)::bigint, extract(epoch FROM last_success_at)::bigint,
    extract(epoch FROM last_line_at)::bigint, last_error, lines, unread, behind
FROM heed.log_status
ORDER BY name
