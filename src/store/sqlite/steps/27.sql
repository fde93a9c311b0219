-- used_up: the alias has taken max_messages, so that its row alone says whether it takes another. Who counts messages
-- (alias_use.forwarded) sets it with them; a number that is said anew is compared here.
ALTER TABLE aliases ADD COLUMN used_up INTEGER NOT NULL DEFAULT 0;
CREATE TRIGGER alias_most_in AFTER INSERT ON aliases WHEN new.max_messages IS NOT NULL BEGIN
    UPDATE aliases SET used_up = 1
    WHERE domain = new.domain AND local = new.local AND EXISTS (
        SELECT 1 FROM alias_use
        WHERE domain = new.domain AND local = new.local AND forwarded >= new.max_messages);
END;
CREATE TRIGGER alias_most_other AFTER UPDATE OF max_messages ON aliases
WHEN new.max_messages IS NOT old.max_messages BEGIN
    UPDATE aliases SET used_up = 1 - used_up
    WHERE domain = new.domain AND local = new.local AND used_up <> EXISTS (
        SELECT 1 FROM alias_use
        WHERE domain = new.domain AND local = new.local AND forwarded >= new.max_messages);
END;

-- By what an alias is found does not change with it. A trigger's OR IGNORE gives way to what the statement that fires it
-- says of conflicts; ON CONFLICT does not.
DROP TRIGGER alias_other;
CREATE TRIGGER alias_other AFTER UPDATE ON aliases WHEN new.used_up = old.used_up BEGIN
    INSERT INTO alias_changes VALUES (new.domain, new.local) ON CONFLICT DO NOTHING;
END;

UPDATE aliases SET used_up = 1 WHERE EXISTS (
    SELECT 1 FROM alias_use u
    WHERE u.domain = aliases.domain AND u.local = aliases.local AND u.forwarded >= aliases.max_messages);
