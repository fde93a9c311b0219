-- Makes of a database of this version one of version 15: aliases without controls, no tokens.
-- 16
ALTER TABLE aliases DROP COLUMN note;
ALTER TABLE aliases DROP COLUMN expires;
ALTER TABLE aliases DROP COLUMN max_messages;
ALTER TABLE aliases DROP COLUMN block;
ALTER TABLE aliases DROP COLUMN message_rate;
ALTER TABLE aliases DROP COLUMN digest;
