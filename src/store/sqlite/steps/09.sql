-- caused_by: who caused a message that we wrote.
ALTER TABLE spool ADD COLUMN caused_by TEXT;
