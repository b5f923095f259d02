-- How mail fared, by recipient domain, provider, sender domain and source IP: four views of the same columns.

-- Private: the days of a score. Recent ones weigh more, half as much for each 7 days; the rates of 30 days do not. Weights
-- are whole parts of 2^20, round(2^(20 - age / 7)), so that sums of floating point, which are many times faster than those
-- of bigint, are exact, and the same in whatever order. They are written out: several processes can then work on a query.
-- The span is the shortest of 1, 7 and 30 days that the day is in, by its first age.
CREATE OR REPLACE VIEW heed_data.reputation_recent AS
SELECT (now() AT TIME ZONE 'UTC')::date - age AS day, CASE WHEN age < 1 THEN 0 WHEN age < 7 THEN 1 ELSE 7 END AS span,
    parts
FROM (VALUES
    (0, 1048576::float8), (1, 949720), (2, 860184), (3, 779089), (4, 705639), (5, 639114),
    (6, 578861), (7, 524288), (8, 474860), (9, 430092), (10, 389544), (11, 352820),
    (12, 319557), (13, 289430), (14, 262144), (15, 237430), (16, 215046), (17, 194772),
    (18, 176410), (19, 159779), (20, 144715), (21, 131072), (22, 118715), (23, 107523),
    (24, 97386), (25, 88205), (26, 79889), (27, 72358), (28, 65536), (29, 59358)
) AS weights (age, parts);

-- Private: what each name's spans come to: the sums that are kept, if they are of today, and what is not in them: what
-- nobody has folded yet, or every day. Of which of the two is found out once a query.
CREATE OR REPLACE VIEW heed_data.reputation_span_now AS
SELECT dimension, name, span, delivered::float8, failed::float8, failures::float8, hard::float8, soft::float8,
    block::float8, transient::float8, deferred::float8, complaints::float8,
    sent_parts / 1048576::float8 AS sent_weighed, delivered_parts / 1048576::float8 AS delivered_weighed,
    hard_parts / 1048576::float8 AS hard_weighed, block_parts / 1048576::float8 AS block_weighed,
    deferred_parts / 1048576::float8 AS deferred_weighed, complaints_parts / 1048576::float8 AS complaints_weighed
FROM heed_data.reputation_sum
WHERE (SELECT day = (now() AT TIME ZONE 'UTC')::date FROM heed_data.reputation_summed)
UNION ALL
SELECT dimension, name, span, sum(delivered::float8), sum(failed::float8), sum(failures::float8), sum(hard::float8),
    sum(soft::float8), sum(block::float8), sum(transient::float8), sum(deferred::float8), sum(complaints::float8),
    sum((delivered + failed) * parts) / 1048576, sum(delivered * parts) / 1048576, sum(hard * parts) / 1048576,
    sum(block * parts) / 1048576, sum(deferred * parts) / 1048576, sum(complaints * parts) / 1048576
FROM (
    SELECT dimension, name, day, delivered, failed, failures, hard, soft, block, transient, deferred, complaints
    FROM heed_data.reputation_delta
    UNION ALL
    SELECT dimension, name, day, delivered, failed, failures, hard, soft, block, transient, deferred, complaints
    FROM heed_data.reputation_day
    WHERE day > (now() AT TIME ZONE 'UTC')::date - 30
        AND (SELECT day <> (now() AT TIME ZONE 'UTC')::date FROM heed_data.reputation_summed)
) AS days
JOIN heed_data.reputation_recent USING (day)
GROUP BY dimension, name, span;

-- Private: all four.
CREATE OR REPLACE VIEW heed_data.reputation AS
SELECT counted.*,
    hard_30d::float8 / nullif(sent_30d, 0) AS hard_rate_30d,
    block_30d::float8 / nullif(sent_30d, 0) AS block_rate_30d,
    deferred_30d::float8 / nullif(sent_30d, 0) AS deferred_rate_30d,
    complaints_30d::float8 / nullif(delivered_30d, 0) AS complaint_rate_30d,
    judged.score, judged.band, judged.confidence,
    heed_data.score_reason(sent_30d, judged.score, judged.pulled_by, judged.pulled_rate) AS reason,
    judged.pulled_by
FROM (
    SELECT dimension, name,
        coalesce(sum(failures) FILTER (WHERE span < 1), 0)::bigint AS failures_1d,
        coalesce(sum(hard) FILTER (WHERE span < 1), 0)::bigint AS hard_1d,
        coalesce(sum(soft) FILTER (WHERE span < 1), 0)::bigint AS soft_1d,
        coalesce(sum(block) FILTER (WHERE span < 1), 0)::bigint AS block_1d,
        coalesce(sum(transient) FILTER (WHERE span < 1), 0)::bigint AS transient_1d,
        coalesce(sum(complaints) FILTER (WHERE span < 1), 0)::bigint AS complaints_1d,
        coalesce(sum(failures) FILTER (WHERE span < 7), 0)::bigint AS failures_7d,
        coalesce(sum(hard) FILTER (WHERE span < 7), 0)::bigint AS hard_7d,
        coalesce(sum(soft) FILTER (WHERE span < 7), 0)::bigint AS soft_7d,
        coalesce(sum(block) FILTER (WHERE span < 7), 0)::bigint AS block_7d,
        coalesce(sum(transient) FILTER (WHERE span < 7), 0)::bigint AS transient_7d,
        coalesce(sum(complaints) FILTER (WHERE span < 7), 0)::bigint AS complaints_7d,
        sum(failures)::bigint AS failures_30d,
        sum(hard)::bigint AS hard_30d,
        sum(soft)::bigint AS soft_30d,
        sum(block)::bigint AS block_30d,
        sum(transient)::bigint AS transient_30d,
        sum(complaints)::bigint AS complaints_30d,
        coalesce(sum(delivered + failed) FILTER (WHERE span < 1), 0)::bigint AS sent_1d,
        coalesce(sum(delivered) FILTER (WHERE span < 1), 0)::bigint AS delivered_1d,
        coalesce(sum(deferred) FILTER (WHERE span < 1), 0)::bigint AS deferred_1d,
        coalesce(sum(delivered + failed) FILTER (WHERE span < 7), 0)::bigint AS sent_7d,
        coalesce(sum(delivered) FILTER (WHERE span < 7), 0)::bigint AS delivered_7d,
        coalesce(sum(deferred) FILTER (WHERE span < 7), 0)::bigint AS deferred_7d,
        sum(delivered + failed)::bigint AS sent_30d,
        sum(delivered)::bigint AS delivered_30d,
        sum(deferred)::bigint AS deferred_30d,
        sum(sent_weighed) AS sent_weighed,
        sum(delivered_weighed) AS delivered_weighed,
        sum(hard_weighed) AS hard_weighed,
        sum(block_weighed) AS block_weighed,
        sum(deferred_weighed) AS deferred_weighed,
        sum(complaints_weighed) AS complaints_weighed
    FROM heed_data.reputation_span_now
    GROUP BY dimension, name
) AS counted
CROSS JOIN LATERAL heed_data.judged(sent_30d, sent_weighed, delivered_weighed, hard_weighed, block_weighed,
    deferred_weighed, complaints_weighed) AS judged;

-- Private: the scores alone, to find the lowest at less cost.
CREATE OR REPLACE VIEW heed_data.reputation_score AS
SELECT dimension, name, judged.score, counted.sent, counted.failures
FROM (
    SELECT dimension, name, sum(delivered + failed) AS sent, sum(failures) AS failures,
        sum(sent_weighed) AS sent_weighed, sum(delivered_weighed) AS delivered_weighed,
        sum(hard_weighed) AS hard_weighed, sum(block_weighed) AS block_weighed,
        sum(deferred_weighed) AS deferred_weighed, sum(complaints_weighed) AS complaints_weighed
    FROM heed_data.reputation_span_now
    GROUP BY dimension, name
) AS counted
CROSS JOIN LATERAL heed_data.judged(sent, sent_weighed, delivered_weighed, hard_weighed, block_weighed, deferred_weighed,
    complaints_weighed) AS judged;

-- Column by column what they have, and what each is; the first has another name in each view.
DO $body$
DECLARE
    suffixes CONSTANT text[] := ARRAY['1d', '7d', '30d'];
    spans CONSTANT text[] := ARRAY['today', 'in 7 days', 'in 30 days'];
    described text[] := ARRAY[]::text[]; -- name, remark, name, remark, …
    list text := '';
    view record;
BEGIN
    FOR i IN 1 .. 3 LOOP
        described := described || ARRAY[
            'failures_' || suffixes[i], 'Failed deliveries, ' || spans[i],
            'hard_' || suffixes[i], 'Of these, hard: the address does not work, ' || spans[i],
            'soft_' || suffixes[i], 'Of these, soft: it may not work now, ' || spans[i],
            'block_' || suffixes[i], 'Of these, blocks: about the sender, ' || spans[i],
            'transient_' || suffixes[i], 'Of these, transient: network, load and the like, ' || spans[i],
            'complaints_' || suffixes[i], 'Complaints, ' || spans[i]];
    END LOOP;
    FOR i IN 1 .. 3 LOOP
        described := described || ARRAY[
            'sent_' || suffixes[i], 'Messages that were delivered or failed for good, by the logs, ' || spans[i]
                || '; 0: no log tells',
            'delivered_' || suffixes[i], 'Of these, delivered, ' || spans[i],
            'deferred_' || suffixes[i], 'Messages put off, each once, ' || spans[i]];
    END LOOP;
    described := described || ARRAY[
        'hard_rate_30d', 'Hard failures of messages sent, 0 to 1, in 30 days; NULL: unknown',
        'block_rate_30d', 'Blocks of messages sent, 0 to 1, in 30 days; NULL: unknown',
        'deferred_rate_30d', 'Messages put off of messages sent, 0 to 1, in 30 days; NULL: unknown',
        'complaint_rate_30d', 'Complaints of messages delivered, 0 to 1, in 30 days; NULL: unknown',
        'score', 'From 0, bad, to 100, good; recent days weigh more; NULL: not enough is known',
        'band', 'The score in a word: good (from 90), fair (70), poor (40), bad, unknown',
        'confidence', 'How much mail the score rests on: 0, none, to 1; one half at 1000 messages of today',
        'reason', 'What pulls the score down most, or why there is none',
        'pulled_by', 'What pulls the score down most: complaints, hard, block or deferred; NULL: nothing, or no score'];
    FOR i IN 1 .. cardinality(described) BY 2 LOOP
        list := list || ', ' || quote_ident(described[i]);
    END LOOP;
    FOR view IN SELECT * FROM (VALUES
        ('domain_reputation', 'recipient-domain', 'domain', 'The recipient domain', 'to each recipient domain'),
        ('provider_reputation', 'provider', 'provider', 'The mailbox provider', 'to each mailbox provider'),
        ('sender_reputation', 'sender-domain', 'sender_domain', 'The domain that sent it', 'of each of our domains'),
        ('ip_reputation', 'source-ip', 'source_ip', 'The address of our server', 'from each of our addresses'))
        AS views (name, dimension, key, remark, words)
    LOOP
        EXECUTE format('CREATE OR REPLACE VIEW heed.%I AS SELECT name AS %I%s FROM heed_data.reputation'
            ' WHERE dimension = %L', view.name, view.key, list, view.dimension);
        EXECUTE format('COMMENT ON VIEW heed.%I IS %L', view.name, 'How mail ' || view.words
            || ' fared in 30 days, by reports and logs, and its score. Days are UTC.');
        EXECUTE format('COMMENT ON COLUMN heed.%I.%I IS %L', view.name, view.key, view.remark);
        FOR i IN 1 .. cardinality(described) BY 2 LOOP
            EXECUTE format('COMMENT ON COLUMN heed.%I.%I IS %L', view.name, described[i], described[i + 1]);
        END LOOP;
    END LOOP;
END
$body$;
