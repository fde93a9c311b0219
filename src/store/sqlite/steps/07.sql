-- spam: mark or refuse; null as the configuration says. allow: sender patterns, one a line.
ALTER TABLE aliases ADD COLUMN spam TEXT;
ALTER TABLE aliases ADD COLUMN allow TEXT NOT NULL DEFAULT '';
