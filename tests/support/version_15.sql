-- Makes of a database of this version one of version 15: aliases without controls, no tokens.
-- 19
DROP TRIGGER domain_out_of_tokens;
DROP TRIGGER token_out;
DROP TABLE token_destinations;
DROP TABLE tokens;
