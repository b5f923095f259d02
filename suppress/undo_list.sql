SELECT undo.undo_id, extract(epoch FROM undo.decided_at)::bigint, undo.decided_by, undo.why, undo.selection::text,
    (SELECT count(*) FROM heed_data.undone_event AS undone WHERE undone.undo_id = undo.undo_id),
    extract(epoch FROM undo.reverted_at)::bigint, undo.reverted_by, undo.revert_why
FROM heed_data.undo AS undo
ORDER BY undo.undo_id;
