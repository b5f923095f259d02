-- $1: the dimension, $2: how many at most. The names of the lowest scores; of those with the same, and of those with
-- none, the most mail; and how many names there are. Found by the score alone: all else is asked of them only.
SELECT name, count(*) OVER ()
FROM heed_data.reputation_score
WHERE dimension = $1::text
ORDER BY score NULLS LAST, sent DESC, failures DESC, name
LIMIT $2::bigint
