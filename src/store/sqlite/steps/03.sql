-- was_uncertain: an attempt before the last one may have delivered it.
ALTER TABLE spool_legs ADD COLUMN was_uncertain INTEGER NOT NULL DEFAULT 0;
