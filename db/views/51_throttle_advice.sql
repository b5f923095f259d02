CREATE OR REPLACE VIEW heed.throttle_advice AS
SELECT throttle.destination, throttle.source_ip, step.connections, step.messages_a_minute,
    CASE WHEN throttle.paused_until > now() THEN throttle.paused_until END AS paused_until, step.phase, step.step,
    throttle.why, throttle.class, throttle.reply, throttle.refused, throttle.attempts, throttle.since,
    throttle.last_refused_at, step.until_at AS next_step_at, throttle.computed_at AS as_of
FROM heed_data.throttle AS throttle
JOIN heed_data.throttle_step AS step USING (destination, source_ip)
WHERE step.from_at <= now() AND step.until_at > now();

COMMENT ON VIEW heed.throttle_advice IS
    'How fast to send to destinations that put mail off; those that need no limit are not here. As heed throttle computed it'
    ' last: the steps that were to follow are followed, and what was put off since as_of is not known to it.';
COMMENT ON COLUMN heed.throttle_advice.destination IS
    'The mailbox provider by its name in the table of providers, else the domain of the recipients';
COMMENT ON COLUMN heed.throttle_advice.source_ip IS 'Our address that the attempts came from; empty: the logs do not tell';
COMMENT ON COLUMN heed.throttle_advice.connections IS 'Connections at a time, at most; NULL: no limit';
COMMENT ON COLUMN heed.throttle_advice.messages_a_minute IS
    'Messages a minute, at most; during a pause, those to begin with after it; NULL: no limit';
COMMENT ON COLUMN heed.throttle_advice.paused_until IS 'Send nothing until then; NULL: no pause';
COMMENT ON COLUMN heed.throttle_advice.phase IS
    'paused; trying: a part of what was taken last; holding: near to it; probing: beyond it';
COMMENT ON COLUMN heed.throttle_advice.step IS
    'At which step of those that lead up to no limit, from 1; 0: connections alone are limited';
COMMENT ON COLUMN heed.throttle_advice.why IS 'Why, in words';
COMMENT ON COLUMN heed.throttle_advice.class IS 'The class of most of the refusals';
COMMENT ON COLUMN heed.throttle_advice.reply IS 'The newest reply, as the log has it';
COMMENT ON COLUMN heed.throttle_advice.refused IS
    'Attempts put off or refused for pace or standing of the sender, in the 24 hours before as_of';
COMMENT ON COLUMN heed.throttle_advice.attempts IS
    'All attempts that count, in the same time: those, deliveries, and final refusals of other kinds';
COMMENT ON COLUMN heed.throttle_advice.since IS 'When this bout of refusals began';
COMMENT ON COLUMN heed.throttle_advice.last_refused_at IS 'The minute of the newest refusal';
COMMENT ON COLUMN heed.throttle_advice.next_step_at IS 'When the next step begins, if nothing is put off until then';
COMMENT ON COLUMN heed.throttle_advice.as_of IS 'When this was computed';
