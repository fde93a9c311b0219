-- Makes of a database of this version one of version 6: each message a whole copy of its own.
DROP TABLE accounts;
DROP TABLE account_send_as;
DROP TABLE account_passwords;
DROP TABLE account_usage;
DROP TABLE account_recipients;
DROP TRIGGER srs_in;
DROP TRIGGER srs_out;
DROP TRIGGER srs_of_another;
DROP TABLE srs_shares;
DROP TABLE srs_total;
DROP INDEX srs_addresses_by_client;
DROP INDEX srs_addresses_by_group;
ALTER TABLE srs_addresses DROP COLUMN client;
CREATE INDEX srs_addresses_by_expiry ON srs_addresses (expires);
ALTER TABLE aliases DROP COLUMN spam;
ALTER TABLE aliases DROP COLUMN allow;
ALTER TABLE aliases DROP COLUMN reply_by_address;
DROP TABLE spool_texts;
DROP TRIGGER spool_in;
DROP TRIGGER spool_out;
DROP INDEX spool_by_text;
ALTER TABLE spool DROP COLUMN caused_by;
ALTER TABLE spool DROP COLUMN text;
ALTER TABLE spool DROP COLUMN changed_from;
ALTER TABLE spool DROP COLUMN changed_to;
CREATE TRIGGER spool_in AFTER INSERT ON spool BEGIN
    UPDATE spool_totals SET messages = messages + 1, octets = octets + new.size;
END;
CREATE TRIGGER spool_out AFTER DELETE ON spool BEGIN
    UPDATE spool_totals SET messages = messages - 1, octets = octets - old.size;
    DELETE FROM spool_legs WHERE message = old.seq;
END;
PRAGMA user_version = 6;
