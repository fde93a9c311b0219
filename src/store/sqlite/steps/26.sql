-- When a domain was added, in milliseconds since 1970: what is older is not for its owners to see. 0: an older version added it.
ALTER TABLE domains ADD COLUMN added INTEGER NOT NULL DEFAULT 0;
-- Who made a token, in words, and by which session of the page. NULL: an older version did not note it; no session did.
ALTER TABLE tokens ADD COLUMN made_by TEXT;
ALTER TABLE tokens ADD COLUMN session TEXT;
