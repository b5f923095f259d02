-- How many suppressions there are of those who were forgotten, in the scope $1 or everywhere; NULL: in whatever scope.
SELECT count(*) FROM heed.forgotten_suppression WHERE $1::text IS NULL OR scope IN ('', $1::text);
