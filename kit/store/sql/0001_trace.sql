-- The trace of a kit: events, what finds them, and the segments they were sealed into (kit/SPEC.md, sections 8 and 9).
-- Rows of event and segment are never changed or deleted.

-- A space by its name, with the figures that are asked for most often, kept in step by each append.
CREATE TABLE space (
  id       INTEGER PRIMARY KEY,
  name     TEXT    NOT NULL UNIQUE, -- space_id
  events   INTEGER NOT NULL,        -- how many there are
  bytes    INTEGER NOT NULL,        -- their canonical lengths together
  first_t  INTEGER NOT NULL,        -- the smallest clock t of its events
  last_t   INTEGER NOT NULL,        -- the greatest
  last_seq INTEGER NOT NULL         -- the latest arrival
) STRICT;

-- An event in the order of arrival: seq is the cursor that readers hold, ascending without gap by commit. What stands
-- beside the text is derived from it and repeats what scans, seals and digests look at, so that they need not parse. The
-- text is the last column: a scan that skips a row does not read it. Which contents are here already is looked up
-- through event_id.
CREATE TABLE event (
  seq      INTEGER PRIMARY KEY,
  space    INTEGER NOT NULL, -- space.id
  policy   INTEGER NOT NULL, -- 0 public, 1 private, 2 redacted
  cell     INTEGER NOT NULL, -- tile: its Morton digits, a 1, zeros to 45 bits; a tile's descendants are one range
  t        INTEGER NOT NULL, -- clock
  d        INTEGER NOT NULL,
  received INTEGER NOT NULL, -- seconds since 1970 UTC, by this kit's clock
  door     INTEGER NOT NULL, -- 1: came in at this kit's door, so this kit seals it
  layer    TEXT    NOT NULL,
  hash     BLOB    NOT NULL, -- content hash, 32 bytes
  text     TEXT    NOT NULL  -- canonical form
) STRICT;

-- Times of a space: for moments on a slider, for queries by time, and for a space that is small among large ones.
CREATE INDEX event_time ON event (space, t);

-- The two tables that follow are indexes in all but name. Rows for them come in any order and would touch a page each;
-- they are put in sorted, thousands at a time, so those of events after mark.indexed are still missing. Whoever reads
-- them looks at those events too.

-- The events of each tile.
CREATE TABLE event_tile (
  space  INTEGER NOT NULL,
  policy INTEGER NOT NULL,
  cell   INTEGER NOT NULL,
  seq    INTEGER NOT NULL,
  PRIMARY KEY (space, policy, cell, seq)
) STRICT, WITHOUT ROWID;

-- Events by id: key is the first 8 bytes of what a derived id spells, or of SHA-256 of another id; a v0 event has a
-- second row under the first 8 bytes of its content hash. Whoever finds a row looks at the event itself.
CREATE TABLE event_id (
  key INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  PRIMARY KEY (key, seq)
) STRICT, WITHOUT ROWID;

-- How far work has come that trails the appends; one row.
CREATE TABLE mark (
  id      INTEGER PRIMARY KEY CHECK (id = 1),
  indexed INTEGER NOT NULL, -- events up to this seq are in event_tile and event_id
  sealed  INTEGER NOT NULL  -- events up to this seq that came in at the door are in segments
) STRICT;
INSERT INTO mark VALUES (1, 0, 0);

-- How far a tile's tail has been sealed: events of the door up to this seq are in segments. No row: up to 0.
CREATE TABLE tile (
  space  INTEGER NOT NULL,
  policy INTEGER NOT NULL,
  cell   INTEGER NOT NULL,
  sealed INTEGER NOT NULL,
  PRIMARY KEY (space, policy, cell)
) STRICT, WITHOUT ROWID;

-- A segment: a list of events that are here, under the seal of the kit that made it. A tile's manifest is its seals.
CREATE TABLE segment (
  id     INTEGER PRIMARY KEY,
  hash   BLOB    NOT NULL UNIQUE, -- SHA-256 of the bytes
  space  INTEGER NOT NULL,
  cell   INTEGER NOT NULL,
  policy INTEGER NOT NULL,
  events BLOB    NOT NULL,        -- the seq of each event in the segment's order, 8 bytes big-endian each
  seal   TEXT    NOT NULL         -- canonical JSON
) STRICT;
CREATE INDEX segment_tile ON segment (space, cell, policy);
