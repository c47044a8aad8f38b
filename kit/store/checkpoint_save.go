package store

import (
	"context"
	"database/sql/driver"
	"fmt"
)

// SaveCheckpoint saves a checkpoint of a space that has events, in place of the one of the same At, and gives it as Checkpoints
// does. With onto, a checkpoint that one of them gave, its tiles that are not among those given are taken over. Snapshots are
// written before, in transactions of their own; a crash leaves the old checkpoint or the new one. One is saved at a time.
func (s *Store) SaveCheckpoint(ctx context.Context, one Checkpoint, onto *Checkpoint, tiles []CheckpointTile) (Checkpoint, error) {
	s.saving.Lock()
	defer s.saving.Unlock()
	for rest := tiles; len(rest) > 0; {
		n, bytes := 0, 0
		for n < len(rest) && (n == 0 || bytes < saveBytes) {
			bytes += len(rest[n].File)
			n++
		}
		some := rest[:n]
		rest = rest[n:]
		err := s.task(ctx, func(w *writer) error {
			return w.transact("saving snapshots", func(c *conn) error { return w.saveSnapshots(c, one.Space, some) })
		})
		if err != nil {
			return one, err
		}
	}
	err := s.task(ctx, func(w *writer) error {
		return w.transact("saving a checkpoint", func(c *conn) error { return w.saveCheckpoint(c, &one, onto, tiles) })
	})
	if err != nil {
		return one, err
	}
	return one, s.dropSnapshots(ctx)
}

func (w *writer) saveSnapshots(c *conn, space string, tiles []CheckpointTile) error {
	known := w.spaces[space]
	if known == nil {
		return fmt.Errorf("the space %q has no events", space)
	}
	for i := range tiles {
		p := &tiles[i].Snapshot
		if p.File == nil {
			continue
		}
		err := c.exec(`INSERT INTO snapshot (hash, space, cell, t, d, event, events, state, file) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (hash) DO NOTHING`,
			p.Hash[:], known.id, cellOf(p.Tile), p.Clock.T, p.Clock.D, p.Event, int64(p.Events), p.State[:], p.File)
		if err != nil {
			return err
		}
	}
	return nil
}

func (w *writer) saveCheckpoint(c *conn, one, onto *Checkpoint, tiles []CheckpointTile) error {
	space := w.spaces[one.Space]
	if space == nil {
		return fmt.Errorf("the space %q has no events", one.Space)
	}
	var err error
	if one.id, err = w.placeCheckpoint(c, space.id, one, onto); err != nil {
		return err
	}
	for i := range tiles {
		t := &tiles[i]
		var uncertain, snapshot driver.Value
		if len(t.Uncertain) > 0 {
			uncertain = t.Uncertain
		}
		if t.Events > 0 {
			var number int64
			found, err := c.one("SELECT id FROM snapshot WHERE hash = ?", []driver.Value{t.Hash[:]}, &number)
			if err != nil {
				return err
			}
			if !found {
				return fmt.Errorf("the snapshot %s of %s is not here", t.Hash, t.Tile)
			}
			snapshot = number
		}
		err := c.exec("INSERT OR REPLACE INTO checkpoint_tile (checkpoint, cell, snapshot, seq, uncertain) VALUES (?, ?, ?, ?, ?)",
			one.id, cellOf(t.Tile), snapshot, t.Seq, uncertain)
		if err != nil {
			return err
		}
	}
	return nil
}

// placeCheckpoint makes the row of a checkpoint, with the tiles that it takes over.
func (w *writer) placeCheckpoint(c *conn, space int64, one, onto *Checkpoint) (id int64, err error) {
	timeline := append([]byte{}, one.Timeline...) // never null
	if onto != nil {
		ok, err := onto.stands(c)
		if err == nil && !ok {
			err = ErrReplaced
		}
		if err != nil {
			return 0, err
		}
		if onto.At == one.At {
			err = c.exec("UPDATE checkpoint SET seq = ?, rules = ?, timeline = ? WHERE id = ?", one.Seq, one.Rules, timeline, onto.id)
			return onto.id, err
		}
	}
	err = c.exec("DELETE FROM checkpoint_tile WHERE checkpoint IN (SELECT id FROM checkpoint WHERE space = ? AND at = ?)", space, one.At)
	if err == nil {
		err = c.exec("DELETE FROM checkpoint WHERE space = ? AND at = ?", space, one.At)
	}
	if err == nil {
		err = c.exec("INSERT INTO checkpoint (space, at, seq, rules, timeline) VALUES (?, ?, ?, ?, ?)", space, one.At, one.Seq, one.Rules, timeline)
	}
	if err == nil {
		_, err = c.one("SELECT id FROM checkpoint WHERE space = ? AND at = ?", []driver.Value{space, one.At}, &id)
	}
	if err == nil {
		// Of one that damage took away the tiles may be left.
		err = c.exec("DELETE FROM checkpoint_tile WHERE checkpoint = ?", id)
	}
	if err == nil && onto != nil {
		err = c.exec(`INSERT INTO checkpoint_tile (checkpoint, cell, snapshot, seq, uncertain)
			SELECT ?, cell, snapshot, seq, uncertain FROM checkpoint_tile WHERE checkpoint = ?`, id, onto.id)
	}
	return id, err
}

// DropCheckpoints drops checkpoints that Checkpoints gave.
func (s *Store) DropCheckpoints(ctx context.Context, which []Checkpoint) error {
	if len(which) == 0 {
		return nil
	}
	s.saving.Lock()
	defer s.saving.Unlock()
	ids := make([]int64, len(which))
	for i := range which {
		ids[i] = which[i].id
	}
	err := s.task(ctx, func(w *writer) error {
		return w.transact("dropping checkpoints", func(c *conn) error {
			err := c.exec("DELETE FROM checkpoint_tile WHERE checkpoint IN (SELECT value FROM json_each(?))", list(ids))
			if err == nil {
				err = c.exec("DELETE FROM checkpoint WHERE id IN (SELECT value FROM json_each(?))", list(ids))
			}
			return err
		})
	})
	if err != nil {
		return err
	}
	return s.dropSnapshots(ctx)
}

// dropSnapshots takes away the snapshots that no checkpoint has any more, some at a time.
func (s *Store) dropSnapshots(ctx context.Context) error {
	const atOnce = 64
	for more := true; more; {
		err := s.task(ctx, func(w *writer) error {
			var ids []int64
			err := w.transact("dropping snapshots", func(c *conn) error {
				query := "SELECT p.id FROM snapshot AS p WHERE NOT EXISTS (SELECT 1 FROM checkpoint_tile AS x WHERE x.snapshot = p.id) LIMIT ?"
				err := c.each(query, []driver.Value{int64(atOnce)}, func(row []driver.Value) error {
					ids = append(ids, integer(row[0]))
					return nil
				})
				if err != nil || len(ids) == 0 {
					return err
				}
				return c.exec("DELETE FROM snapshot WHERE id IN (SELECT value FROM json_each(?))", list(ids))
			})
			more = len(ids) == atOnce
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}
