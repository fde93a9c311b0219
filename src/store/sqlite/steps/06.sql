-- keep_tag: whether mailboxes see the tag of a recipient; null as the configuration says.
ALTER TABLE aliases ADD COLUMN keep_tag INTEGER;
