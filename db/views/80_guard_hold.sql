CREATE OR REPLACE VIEW heed.guard_hold AS
SELECT hold_id, dimension, name, began_at, CASE WHEN ended_at < 'infinity' THEN ended_at END AS ended_at, placed_at,
    (statistics->>'window_hours')::integer AS window_hours, (statistics->>'seen')::bigint AS seen,
    (statistics->>'highest_before')::bigint AS highest_before, (statistics->>'threshold')::bigint AS threshold,
    resolution, resolved_at, resolved_by, why
FROM heed_data.guard_hold;

COMMENT ON VIEW heed.guard_hold IS
    'Surges of hard failures, whose addresses are paused and not suppressed.';
COMMENT ON COLUMN heed.guard_hold.hold_id IS 'Its number, for heed suppress release and discard';
COMMENT ON COLUMN heed.guard_hold.dimension IS
    'Where the surge is: at a recipient domain (domain), a mailbox provider (provider), or in the reports of a server (mta)';
COMMENT ON COLUMN heed.guard_hold.name IS 'The name of the domain, the provider or the server';
COMMENT ON COLUMN heed.guard_hold.began_at IS 'Hard failures whose reports our mail system received since are held';
COMMENT ON COLUMN heed.guard_hold.ended_at IS 'Until when; NULL: it lasts';
COMMENT ON COLUMN heed.guard_hold.placed_at IS 'When it showed, by the same time';
COMMENT ON COLUMN heed.guard_hold.window_hours IS 'In how many hours it showed';
COMMENT ON COLUMN heed.guard_hold.seen IS
    'How many addresses failed in them for the first time; of a server, at how many domains';
COMMENT ON COLUMN heed.guard_hold.highest_before IS 'The most in any so many hours of the 30 days before';
COMMENT ON COLUMN heed.guard_hold.threshold IS 'How many would have been too many';
COMMENT ON COLUMN heed.guard_hold.resolution IS
    'released: they count as usual; discarded: they never arrived; NULL: they lapse by themselves';
COMMENT ON COLUMN heed.guard_hold.resolved_at IS 'When that was decided';
COMMENT ON COLUMN heed.guard_hold.resolved_by IS 'Who decided it';
COMMENT ON COLUMN heed.guard_hold.why IS 'Why';
