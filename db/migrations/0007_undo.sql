-- Whom an undone event speaks of: the addresses of an undo are folded again in order, at the undo and when it is taken
-- back, by then perhaps without the events.
ALTER TABLE heed_data.undone_event ADD COLUMN address text COLLATE "C" NOT NULL;
CREATE INDEX undone_event_address ON heed_data.undone_event (undo_id, address);
