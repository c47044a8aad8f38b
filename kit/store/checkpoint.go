package store

import (
	"context"
	"crypto/sha256"
	"database/sql/driver"
	"fmt"

	"fieldkit/kit/digest"
	"fieldkit/kit/event"
	"fieldkit/maps/tile"
)

// A Checkpoint is a moment of a space that was folded: its events with a clock t up to At that had arrived up to Seq.
// It is derived, and only ever makes something quicker.
type Checkpoint struct {
	Space string
	// At is event.MaxTimestamp for the checkpoint of all events.
	At  int64
	Seq int64
	// Rules names what else the fold depended on. Whoever loads compares it.
	Rules string
	// Timeline is the owner's.
	Timeline []byte

	id int64
}

// A Snapshot is the materialised state of a tile at an event, as package canvas saves it.
type Snapshot struct {
	Tile tile.Tile
	// Hash is the file's, its name.
	Hash digest.Sum
	// Event is the last event in it in the order of the trace, Clock that event's own, Events how many are in it.
	Event  string
	Clock  event.Clock
	Events int
	// State is the digest of the tile's canonical state.
	State digest.Sum
	File  []byte
	// At is, of one that Snapshots gives, the moment of the first checkpoint that holds it.
	At int64
}

// A CheckpointTile is a tile in a checkpoint.
type CheckpointTile struct {
	// Snapshot is zero, but for the tile, where a tile takes none: it is folded from its events. For a snapshot that is here
	// already its hash is enough to save it.
	Snapshot
	// Seq is that of the last event that had arrived when the tile was saved: the checkpoint's or a later one.
	Seq int64
	// Uncertain says whose times are shown as uncertain.
	Uncertain []byte
}

// saveBytes is about how many bytes of snapshots are written in one transaction: appends come in between.
const saveBytes = 1 << 20

// Checkpoints are those of a space, by At, the one of all events last.
func (s *Store) Checkpoints(ctx context.Context, space string) (list []Checkpoint, err error) {
	err = s.read(ctx, "reading checkpoints", func(c *conn) error {
		query := "SELECT c.id, c.at, c.seq, c.rules, c.timeline FROM checkpoint AS c JOIN space AS s ON s.id = c.space WHERE s.name = ? ORDER BY c.at"
		return c.each(query, []driver.Value{space}, func(row []driver.Value) error {
			list = append(list, Checkpoint{Space: space, At: integer(row[1]), Seq: integer(row[2]), Rules: text(row[3]), Timeline: blob(row[4]), id: integer(row[0])})
			return nil
		})
	})
	return list, err
}

// LoadCheckpoint calls yield for each tile of a checkpoint that Checkpoints gave, one file at a time. A file that is not what its
// hash says, or cannot be read, is as one that is not there: what can be derived again must not keep a kit from starting.
// ok is false where the checkpoint has been replaced since.
func (s *Store) LoadCheckpoint(ctx context.Context, one Checkpoint, yield func(CheckpointTile) error) (ok bool, err error) {
	err = s.read(ctx, "loading a checkpoint", func(c *conn) error {
		if ok, err = one.stands(c); err != nil || !ok {
			return err
		}
		query := `SELECT x.cell, x.seq, x.uncertain, p.hash, p.t, p.d, p.event, p.events, p.state, p.file
			FROM checkpoint_tile AS x LEFT JOIN snapshot AS p ON p.id = x.snapshot WHERE x.checkpoint = ? ORDER BY x.cell`
		return c.each(query, []driver.Value{one.id}, func(row []driver.Value) error {
			t := CheckpointTile{Seq: integer(row[1]), Uncertain: blob(row[2])}
			at, err := tileOf(integer(row[0]))
			if err != nil {
				return err
			}
			if row[3] != nil {
				if t.Snapshot, err = snapshotOf(row[3:]); err != nil {
					s.options.Logger.Warn("a snapshot cannot be used; its tile is folded from its events", "tile", at.String(), "error", err)
					t.Snapshot = Snapshot{}
				}
			}
			t.Tile = at
			return yield(t)
		})
	})
	return ok, err
}

// stands reports whether a checkpoint is still there, or one that is just like it.
func (k *Checkpoint) stands(c *conn) (ok bool, err error) {
	query := "SELECT c.id FROM checkpoint AS c JOIN space AS s ON s.id = c.space WHERE c.id = ? AND c.seq = ? AND c.at = ? AND c.rules = ? AND s.name = ?"
	return c.one(query, []driver.Value{k.id, k.Seq, k.At, k.Rules, k.Space})
}

func snapshotOf(row []driver.Value) (p Snapshot, err error) {
	if p.Hash, err = hashOf(row[0]); err != nil {
		return p, err
	}
	p.Clock, p.Event, p.Events = event.Clock{T: integer(row[1]), D: integer(row[2])}, text(row[3]), int(integer(row[4]))
	if p.State, err = hashOf(row[5]); err != nil {
		return p, err
	}
	p.File, _ = row[6].([]byte)
	if sum := sha256.Sum256(p.File); sum != p.Hash {
		return p, fmt.Errorf("%w: its hash is %x, not %s", ErrBroken, sum, p.Hash)
	}
	return p, nil
}

// Snapshots are those of a tile, the oldest first: of the moments that were saved, and of all events last.
func (s *Store) Snapshots(ctx context.Context, space string, at tile.Tile) (list []Snapshot, err error) {
	err = s.read(ctx, "reading snapshots", func(c *conn) error {
		query := `SELECT p.hash, p.t, p.d, p.event, p.events, p.state, p.file, min(k.at)
			FROM space AS s JOIN checkpoint AS k ON k.space = s.id JOIN checkpoint_tile AS x ON x.checkpoint = k.id AND x.cell = ?2
			JOIN snapshot AS p ON p.id = x.snapshot WHERE s.name = ?1 GROUP BY p.id ORDER BY min(k.at)`
		return c.each(query, []driver.Value{space, cellOf(at)}, func(row []driver.Value) error {
			p, err := snapshotOf(row)
			if err != nil {
				return nil // of no use to anybody; LoadCheckpoint says so
			}
			p.Tile, p.At = at, integer(row[7])
			list = append(list, p)
			return nil
		})
	})
	return list, err
}

func blob(v driver.Value) []byte {
	b, _ := v.([]byte)
	return append([]byte(nil), b...)
}
