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
-- judge by.
CREATE OR REPLACE FUNCTION heed_data.score(messages float8, sent float8,
    delivered float8, hard float8, block float8, deferred float8,
    complaints float8, OUT score integer, OUT band text, OUT confidence float8,
    OUT pulled_by text, OUT pulled_rate float8)
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $function$
DECLARE
    names CONSTANT text[] := ARRAY['complaints', 'hard', 'block', 'deferred'];
    rates float8[];
    penalties float8[];
    lost float8 := 0;
    most float8 := 0;
BEGIN
    band := 'unknown';
    confidence := round((sent / (sent + 1000))::numeric, 2);
    IF messages < 100 THEN
        RETURN;
    END IF;
    rates := ARRAY[
        heed_data.smoothed(complaints, delivered, 0.0002, 1000),
        heed_data.smoothed(hard, sent, 0.01, 100),
        heed_data.smoothed(block, sent, 0.005, 100),
        heed_data.smoothed(deferred, sent, 0.02, 100)];
    penalties := ARRAY[
        heed_data.penalty(rates[1], 0.0005, 0.001, 0.003),
        heed_data.penalty(rates[2], 0.02, 0.05, 0.1),
        heed_data.penalty(rates[3], 0.01, 0.05, 0.2),
        heed_data.penalty(rates[4], 0.05, 0.15, 0.4)];
    FOR i IN 1 .. 4 LOOP
        lost := lost + penalties[i];
        IF penalties[i] > most THEN
            most := penalties[i];
            pulled_by := names[i];
            pulled_rate := rates[i];
        END IF;
    END LOOP;
    score := greatest(0, 100 - ceil(lost))::integer;
    band := CASE WHEN score >= 90 THEN 'good' WHEN score >= 70 THEN 'fair' WHEN score >= 40 THEN 'poor' ELSE 'bad' END;
END
$function$;

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
