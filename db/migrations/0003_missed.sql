-- Mail that is left on servers which know no order (POP3, Maildir) is known by its row. When the mail is deleted there, the
-- row has nothing to say any more; but a list that lacks a message may be wrong, so rows go when it was lacking for long.
ALTER TABLE heed_data.mailbox_message
    ADD COLUMN missed_since timestamptz;        -- the first whole list without it; NULL: the last whole list had it
