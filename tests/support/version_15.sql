-- Makes of a database of this version one of version 15: aliases without controls, no tokens.
-- 27
DROP TRIGGER alias_other;
DROP TRIGGER alias_most_in;
DROP TRIGGER alias_most_other;
ALTER TABLE aliases DROP COLUMN used_up;
-- 26
ALTER TABLE tokens DROP COLUMN session;
ALTER TABLE tokens DROP COLUMN made_by;
ALTER TABLE domains DROP COLUMN added;
-- 24
ALTER TABLE spool_legs DROP COLUMN ways;
-- 25
DROP TABLE standing_changes;
DROP TABLE alias_text_due;
-- 22
DROP TRIGGER alias_use_out;
DROP TABLE alias_days;
-- 21
DROP TRIGGER domain_out_of_sessions;
DROP TRIGGER session_out;
DROP TABLE session_domains;
DROP TABLE sessions;
-- 20
DROP INDEX aliases_digest;
DROP INDEX aliases_expires;
DROP TABLE digests;
DROP TABLE event_state;
DROP TABLE events;
-- 19
DROP TRIGGER domain_out_of_tokens;
DROP TRIGGER token_out;
DROP TABLE token_destinations;
DROP TABLE tokens;
-- 18
DROP TRIGGER domain_out;
DROP TABLE blocks;
DROP TABLE domain_settings;
ALTER TABLE directory DROP COLUMN standing;
-- 17
DROP TRIGGER alias_in;
DROP TRIGGER alias_out;
DROP TABLE alias_changes;
DROP TABLE alias_text;
DROP TABLE alias_use;
-- 16
ALTER TABLE aliases DROP COLUMN note;
ALTER TABLE aliases DROP COLUMN expires;
ALTER TABLE aliases DROP COLUMN max_messages;
ALTER TABLE aliases DROP COLUMN block;
ALTER TABLE aliases DROP COLUMN message_rate;
ALTER TABLE aliases DROP COLUMN digest;
