-- What was asked of DSNs, as it is written in SMTP (RFC 3461); null: nothing. delay_due: when the sender is to be told that
-- a leg still waits; null where that is not to be told, or was.
ALTER TABLE spool ADD COLUMN ret TEXT;
ALTER TABLE spool ADD COLUMN envid TEXT;
ALTER TABLE spool_legs ADD COLUMN notify TEXT;
ALTER TABLE spool_legs ADD COLUMN orcpt TEXT;
ALTER TABLE spool_legs ADD COLUMN delay_due INTEGER;
CREATE INDEX spool_legs_by_delay ON spool_legs (delay_due) WHERE delay_due IS NOT NULL;
