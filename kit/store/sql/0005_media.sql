-- The events that name a file (set_media) by the SHA-256 of its bytes: whose bytes the kit takes, and who has them.
-- Rows are written with their event.
CREATE TABLE media (
  hash BLOB    NOT NULL, -- 32 bytes
  seq  INTEGER NOT NULL, -- event.seq
  PRIMARY KEY (hash, seq)
) STRICT, WITHOUT ROWID;

INSERT INTO media (hash, seq)
  SELECT unhex(substr(json_extract(text, '$.media.hash'), 8)), seq FROM event
  WHERE instr(text, '"operation":"set_media"') > 0
    AND json_extract(text, '$.operation') = 'set_media' AND json_type(text, '$.media') = 'object';
