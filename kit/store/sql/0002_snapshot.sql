-- Snapshots: what was folded, kept so that a kit that starts, or is asked for an earlier moment, need not fold all events again
-- (kit/SPEC.md, section 11). All of it is derived from events and may be thrown away at any time.

-- The state of a tile at an event, immutable, by the hash of its file.
CREATE TABLE snapshot (
  id     INTEGER PRIMARY KEY,
  hash   BLOB    NOT NULL UNIQUE, -- SHA-256 of file
  space  INTEGER NOT NULL,
  cell   INTEGER NOT NULL,
  t      INTEGER NOT NULL,        -- clock of the last event in it
  d      INTEGER NOT NULL,
  event  TEXT    NOT NULL,        -- that event's id
  events INTEGER NOT NULL,        -- how many are in it
  state  BLOB    NOT NULL,        -- digest of the tile's canonical state, 32 bytes
  file   BLOB    NOT NULL
) STRICT;

-- A moment of a space, folded: the events with a clock t up to at and a seq up to seq, by these rules of the space.
CREATE TABLE checkpoint (
  id       INTEGER PRIMARY KEY,
  space    INTEGER NOT NULL,
  at       INTEGER NOT NULL, -- the end of time for the checkpoint of all events
  seq      INTEGER NOT NULL,
  rules    TEXT    NOT NULL, -- what the fold and the display of times depend on, beside the events
  timeline BLOB    NOT NULL, -- how the events lie in time, for whoever needs it without reading them
  UNIQUE (space, at)
) STRICT;

-- The tiles of a checkpoint: all that have events in it.
CREATE TABLE checkpoint_tile (
  checkpoint INTEGER NOT NULL,
  cell       INTEGER NOT NULL,
  snapshot   INTEGER,           -- null for a tile that takes none, and is folded from its events
  seq        INTEGER NOT NULL,  -- events up to this seq are in it; may be ahead of the checkpoint's
  uncertain  BLOB,              -- whose times are shown as uncertain, by this kit's clock
  PRIMARY KEY (checkpoint, cell)
) STRICT, WITHOUT ROWID;
CREATE INDEX checkpoint_tile_snapshot ON checkpoint_tile (snapshot);
