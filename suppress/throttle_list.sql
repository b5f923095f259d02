-- The advice that holds now, as the view has it. The longest pauses first, then the slowest.
SELECT destination, source_ip, connections, messages_a_minute, extract(epoch FROM paused_until)::bigint, phase, step, why,
    class, reply, refused, attempts, extract(epoch FROM since)::bigint, extract(epoch FROM last_refused_at)::bigint,
    extract(epoch FROM next_step_at)::bigint, extract(epoch FROM as_of)::bigint
FROM heed.throttle_advice
ORDER BY paused_until DESC NULLS LAST, messages_a_minute NULLS LAST, destination, source_ip
