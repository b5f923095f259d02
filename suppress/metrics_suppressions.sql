-- What is suppressed now, in whatever scope: verdict, reason, addresses and scopes.
SELECT verdict, reason, count(*)
FROM heed.suppression
GROUP BY verdict, reason
ORDER BY verdict, reason
