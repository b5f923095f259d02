-- Nothing is told of an address that was erased (changed_since.sql), not that it is gone either: who has the list with it
-- must go on refusing it. $1: the address.
DELETE FROM heed_data.suppression_change WHERE address = $1::text;
