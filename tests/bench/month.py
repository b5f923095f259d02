# SPDX-License-Identifier: Apache-2.0
"""A store with a month of mail to many recipient domains, for what scores and reports cost.

Volumes fall with the rank of a domain, as they do: the first few domains get most of the mail. All is made by counting, so
that each run makes the same. It goes through the deltas and their folding, as what a poller stores does.
"""

# One day, {age} days ago: a row of volume for each of {domains} domains, one for each of 24 hours of the first 100; and
# for some of them failures, deferrals and complaints.
DAY = """
SET synchronous_commit = off;
SET jit = off;
CREATE TEMP TABLE sent AS
SELECT n, CASE WHEN n <= 12 THEN 'mail' || n || '.example.net' ELSE 'd' || n || '.example.org' END AS domain,
    CASE n WHEN 1 THEN 'gmail' WHEN 2 THEN 'outlook' WHEN 3 THEN 'yahoo' WHEN 4 THEN 'apple' WHEN 5 THEN 'gmx'
        WHEN 6 THEN 't-online' WHEN 7 THEN 'orange' WHEN 8 THEN 'comcast' ELSE '' END AS provider,
    (ARRAY['example.com', 'news.example.com', 'shop.example.com'])[1 + (n + {age}) % 3] AS sender_domain,
    '192.0.2.' || 1 + (n + {age}) % 4 AS source_ip,
    greatest(1, (2000000 / (n + 40) ^ 1.2 * (1 + 0.4 * sin({age} * 0.9)))::bigint) AS messages
FROM generate_series(1, {domains}) AS n;

INSERT INTO heed_data.volume_delta (hour, stream, domain, provider, sender_domain, source_ip, delivered, failed)
SELECT date_trunc('day', now(), 'UTC') - {age} * interval '1 day' + hour * interval '1 hour',
    CASE WHEN n % 4 = 0 THEN 'newsletter' ELSE '' END, domain, provider, sender_domain, source_ip,
    greatest(1, (messages * 0.98 / CASE WHEN n <= 100 THEN 24 ELSE 1 END)::bigint),
    (messages * 0.02 / CASE WHEN n <= 100 THEN 24 ELSE 1 END)::bigint
FROM sent CROSS JOIN generate_series(0, 23) AS hour
WHERE n <= 100 OR hour = n % 24;

-- What went wrong: of most domains a little, of every 97th much.
INSERT INTO heed_data.rollup_delta (day, stream, domain, provider, sender_domain, source_ip, kind, class, verdict, failures,
    reports)
SELECT (now() AT TIME ZONE 'UTC')::date - {age}, CASE WHEN n % 4 = 0 THEN 'newsletter' ELSE '' END, domain, provider,
    sender_domain, CASE kind WHEN 'complaint' THEN source_ip ELSE '' END, kind::heed_data.kind, class, verdict, failures, failures
FROM sent CROSS JOIN LATERAL (
    SELECT kind, class, verdict,
        floor(messages * share * CASE WHEN n % 97 = rank THEN 12 ELSE 1 END
            + (n * 7919 + {age} * 3163 + rank * 1013) % 1000 / 1000.0)::bigint AS failures
    FROM (VALUES (1, 'bounce', 'bad-mailbox', 'hard', 0.009), (2, 'bounce', 'mailbox-full', 'soft', 0.003),
        (3, 'bounce', 'reputation', 'block', 0.002), (4, 'bounce', 'network', 'transient', 0.001),
        (5, 'delay', 'greylisted', 'transient', 0.02), (6, 'delay', 'rate-limit', 'block', 0.01),
        (7, 'complaint', 'abuse', 'complaint', 0.0002), (8, 'bounce', 'bad-domain', 'hard', 0.0005),
        (9, 'bounce', 'unknown', 'none', 0.0004)) AS said (rank, kind, class, verdict, share)
) AS failed
WHERE failures > 0;
DROP TABLE sent;
SELECT heed_data.fold_rollups();
"""

# {count} failures that arrived one after the other within 30 days, of some hundred different replies.
EVENTS = """
SET synchronous_commit = off;
INSERT INTO heed_data.event (arrived_at, digest, ordinal, occurred_at, closed, trust, kind, action, class, verdict, address,
    domain, status, code, diagnostic, provider, rule, original_key, failure_key)
SELECT at, digest, 0, at, false, 3, 'bounce', 'failed',
    (ARRAY['bad-mailbox', 'mailbox-full', 'reputation', 'unknown']::heed_data.class[])[1 + n % 4],
    (ARRAY['hard', 'soft', 'block', 'none']::heed_data.verdict[])[1 + n % 4], address, split_part(address, '@', 2),
    (ARRAY['5.1.1', '5.2.2', '5.7.1', '5.0.0'])[1 + n % 4], (ARRAY['550', '552', '554', '550'])[1 + n % 4],
    format((ARRAY['550 5.1.1 <%s>: Recipient address rejected: User unknown in virtual mailbox table (%s)',
        '552 5.2.2 %s: the mailbox is over its quota of %s kilobytes',
        '554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org; %s; see server %s',
        '550 %s cannot be served by host number %s'])[1 + n % 4], address, n % 40),
    CASE WHEN n % 7 = 0 THEN 'gmail' END, 'rule', substr(digest, 1, 16), substr(digest, 1, 16)
FROM (
    SELECT n, now() - ({count} - n) * interval '30 days' / {count} AS at, sha256(n::text::bytea) AS digest,
        'user' || n || '@d' || n % 1000 || '.example.org' AS address
    FROM generate_series(1, {count}) AS n
) AS made
ORDER BY at;
INSERT INTO heed_data.address_state (scope, address, domain, suppressed, reason, verdict, since, evidence_count, last_event_at,
    policy_version)
SELECT '', address, domain, true, (ARRAY['bad-mailbox', 'mailbox-full', 'abuse', 'bad-mailbox'])[1 + n % 4],
    (ARRAY['hard', 'soft', 'complaint', 'hard'])[1 + n % 4], now() - n * interval '60 days' / {count}, 1,
    now() - n * interval '60 days' / {count}, 1
FROM (SELECT n, 'user' || n || '@d' || n % 1000 || '.example.org' AS address, 'd' || n % 1000 || '.example.org' AS domain
    FROM generate_series(1, {count}) AS n) AS made
ON CONFLICT DO NOTHING;
"""

# {count} new failures that nobody has counted yet.
NEW = """
INSERT INTO heed_data.rollup_delta (day, stream, domain, provider, sender_domain, source_ip, kind, class, verdict, failures,
    reports)
SELECT (now() AT TIME ZONE 'UTC')::date, '', 'd' || 100 + n * 7 % 90000 || '.example.org', '', 'example.com', '', 'bounce',
    'bad-mailbox', 'hard', 1, 1
FROM generate_series(1, {count}) AS n;
"""


def fill(postgres, database, domains, events, days=30):
    """Fills a migrated, empty database."""
    made = "".join(DAY.format(age=age, domains=domains) for age in range(days - 1, -1, -1))
    postgres.query(database, made + EVENTS.format(count=events))
    postgres.query(database, "VACUUM ANALYZE")
