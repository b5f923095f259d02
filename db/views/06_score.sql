-- Private: the formula of the scores. docs/reputation.md says it in words, with the sources of its figures.

-- What a rate takes from a score: nothing up to good, 20 points at warn, 50 at bad, and on at that slope.
CREATE OR REPLACE FUNCTION heed_data.penalty(rate float8, good float8, warn float8,
    bad float8)
RETURNS float8 LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $function$
    SELECT CASE
        WHEN rate <= good THEN 0
        WHEN rate <= warn THEN 20 * (rate - good) / (warn - good)
        ELSE least(20 + 30 * (rate - warn) / (bad - warn), 100)
    END
$function$;

-- A rate as far as so much mail can show one: as if `strength` more messages had been sent, with the usual rate.
CREATE OR REPLACE FUNCTION heed_data.smoothed(count float8, total float8, usual float8,
    strength float8)
RETURNS float8 LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $function$
    SELECT (count + usual * strength) / (greatest(total, 0) + strength)
$function$;

-- The score of counts, of which recent ones weigh more; `messages` are all that were sent, unweighted. NULL: too few to
-- judge by. A query sees through it; OFFSET 0 keeps what was computed once from being computed again wherever it is named.
-- ATOMIC, so that the names in it are looked up now and by its owner: readers may not look into this schema.
CREATE OR REPLACE FUNCTION heed_data.judged(messages float8, sent float8, delivered float8, hard float8, block float8,
    deferred float8, complaints float8)
RETURNS TABLE (score integer, band text, confidence float8, pulled_by text, pulled_rate float8)
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT score,
        CASE WHEN score >= 90 THEN 'good' WHEN score >= 70 THEN 'fair' WHEN score >= 40 THEN 'poor'
            WHEN score IS NULL THEN 'unknown' ELSE 'bad' END,
        round((sent / (sent + 1000))::numeric, 2)::float8,
        CASE WHEN score IS NULL OR most <= 0 THEN NULL WHEN by_complaints = most THEN 'complaints'
            WHEN by_hard = most THEN 'hard' WHEN by_block = most THEN 'block' ELSE 'deferred' END,
        CASE WHEN score IS NULL OR most <= 0 THEN NULL WHEN by_complaints = most THEN complaint_rate
            WHEN by_hard = most THEN hard_rate WHEN by_block = most THEN block_rate ELSE deferred_rate END
    FROM (
        SELECT *, greatest(by_complaints, by_hard, by_block, by_deferred) AS most,
            CASE WHEN messages >= 100
                THEN greatest(0, 100 - ceil(by_complaints + by_hard + by_block + by_deferred))::integer END AS score
        FROM (
            SELECT *, heed_data.penalty(complaint_rate, 0.0005, 0.001, 0.003) AS by_complaints,
                heed_data.penalty(hard_rate, 0.02, 0.05, 0.1) AS by_hard,
                heed_data.penalty(block_rate, 0.01, 0.05, 0.2) AS by_block,
                heed_data.penalty(deferred_rate, 0.05, 0.15, 0.4) AS by_deferred
            FROM (
                SELECT heed_data.smoothed(complaints, delivered, 0.0002, 1000) AS complaint_rate,
                    heed_data.smoothed(hard, sent, 0.01, 100) AS hard_rate,
                    heed_data.smoothed(block, sent, 0.005, 100) AS block_rate,
                    heed_data.smoothed(deferred, sent, 0.02, 100) AS deferred_rate
                OFFSET 0
            ) AS rates
            OFFSET 0
        ) AS penalties
        OFFSET 0
    ) AS judged;
END;

-- What pulls a score down most, or why there is none, in words.
CREATE OR REPLACE FUNCTION heed_data.score_reason(messages bigint, score integer, pulled_by text,
    pulled_rate float8)
RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $function$
    SELECT CASE
        WHEN messages = 0 THEN 'rate unknown: no log says how much was sent'
        WHEN score IS NULL THEN format('only %s messages sent in 30 days, and 100 are needed to judge', messages)
        WHEN pulled_by IS NULL THEN 'nothing pulls it down'
        ELSE CASE pulled_by
            WHEN 'complaints' THEN format('complaints: %s %% of recent deliveries; 0.1 %% is much, and 0.3 %% the limit of Gmail and'
                ' Yahoo', round((pulled_rate * 100)::numeric, 2))
            WHEN 'hard' THEN format('dead addresses: %s %% of recent mail; 5 %% is much, and 10 %% the limit of'
                ' Amazon SES', round((pulled_rate * 100)::numeric, 1))
            WHEN 'block' THEN format('blocks: %s %% of recent mail was refused because of the sender',
                round((pulled_rate * 100)::numeric, 1))
            ELSE format('deferrals: %s %% of recent mail was put off', round((pulled_rate * 100)::numeric, 1))
        END
    END
$function$;
