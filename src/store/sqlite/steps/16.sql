-- What owners say of their aliases' mail; null: nothing. expires: Unix time. block: as allow, a pattern a line. message_rate:
-- as in the configuration.
ALTER TABLE aliases ADD COLUMN note TEXT;
ALTER TABLE aliases ADD COLUMN expires INTEGER;
ALTER TABLE aliases ADD COLUMN max_messages INTEGER;
ALTER TABLE aliases ADD COLUMN block TEXT NOT NULL DEFAULT '';
ALTER TABLE aliases ADD COLUMN message_rate TEXT;
ALTER TABLE aliases ADD COLUMN digest TEXT;
