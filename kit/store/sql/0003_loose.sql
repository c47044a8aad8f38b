-- Events that came by sync and are in no segment here. They travel in lists that this kit signs (kit/SPEC.md, section 8),
-- until a segment that holds them comes.
CREATE TABLE loose (
  space  INTEGER NOT NULL,
  policy INTEGER NOT NULL,
  cell   INTEGER NOT NULL,
  seq    INTEGER NOT NULL,
  PRIMARY KEY (space, policy, cell, seq)
) STRICT, WITHOUT ROWID;
INSERT INTO loose SELECT space, policy, cell, seq FROM event WHERE door = 0;
