-- client: the octets of the block of addresses that brings the mail; empty for nobody.
ALTER TABLE srs_addresses ADD COLUMN client BLOB NOT NULL DEFAULT x'';
CREATE INDEX srs_addresses_by_client ON srs_addresses (client, expires);

-- Counts of srs_addresses, kept by the triggers.
CREATE TABLE srs_shares (client BLOB PRIMARY KEY, entries INTEGER NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO srs_shares SELECT client, count(*) FROM srs_addresses GROUP BY client;
CREATE TABLE srs_total (entries INTEGER NOT NULL) STRICT;
INSERT INTO srs_total SELECT count(*) FROM srs_addresses;
CREATE TRIGGER srs_in AFTER INSERT ON srs_addresses BEGIN
    UPDATE srs_total SET entries = entries + 1;
    INSERT INTO srs_shares VALUES (new.client, 1)
        ON CONFLICT (client) DO UPDATE SET entries = entries + 1;
END;
CREATE TRIGGER srs_out AFTER DELETE ON srs_addresses BEGIN
    UPDATE srs_total SET entries = entries - 1;
    UPDATE srs_shares SET entries = entries - 1 WHERE client = old.client;
    DELETE FROM srs_shares WHERE client = old.client AND entries = 0;
END;
CREATE TRIGGER srs_of_another AFTER UPDATE OF client ON srs_addresses
WHEN new.client IS NOT old.client BEGIN
    UPDATE srs_shares SET entries = entries - 1 WHERE client = old.client;
    DELETE FROM srs_shares WHERE client = old.client AND entries = 0;
    INSERT INTO srs_shares VALUES (new.client, 1)
        ON CONFLICT (client) DO UPDATE SET entries = entries + 1;
END;
