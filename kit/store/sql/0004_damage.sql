-- What damage took from a file that was repaired (kit/SPEC.md, "Check and repair").

-- Arrivals that are gone: no event has these seqs, and none will.
CREATE TABLE gap (
  first INTEGER PRIMARY KEY,
  last  INTEGER NOT NULL -- both included
) STRICT;

-- Segments whose seal is here, but not all of their events. When those come back, the segment is put together again and
-- the row goes.
CREATE TABLE wanted (
  id     INTEGER PRIMARY KEY,
  hash   BLOB    NOT NULL UNIQUE, -- SHA-256 of the bytes
  since  INTEGER NOT NULL,        -- what comes back has a greater seq
  events BLOB    NOT NULL,        -- as segment.events, 0 for an event that is not here
  keys   BLOB    NOT NULL,        -- for each of them the key of event_id, 8 bytes big-endian, 0 where it is not known
  seal   TEXT    NOT NULL         -- canonical JSON
) STRICT;
