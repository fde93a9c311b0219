-- Of what senders were told in DSNs.
CREATE TABLE told (fingerprint BLOB PRIMARY KEY, expires INTEGER NOT NULL) STRICT, WITHOUT ROWID;

-- print: names the message as it came. notify: of no use any more, as every sender is told.
ALTER TABLE spool ADD COLUMN print BLOB;
