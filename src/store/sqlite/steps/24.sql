-- How a message got to the mailbox, where aliases of other domains are on the way: a JSON object, empty where none are. NULL:
-- nobody noted it.
ALTER TABLE spool_legs ADD COLUMN ways TEXT;
