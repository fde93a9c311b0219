-- reply_by_address: whether its mailboxes answer as the alias by writing to an address that names the other.
ALTER TABLE aliases ADD COLUMN reply_by_address INTEGER NOT NULL DEFAULT 0;
