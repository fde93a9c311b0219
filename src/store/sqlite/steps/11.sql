-- The oldest of those that a client has, and of those that none has, are found without passing by the others.
DROP INDEX srs_addresses_by_expiry;
CREATE INDEX srs_addresses_by_group ON srs_addresses ((client = x''), expires);
