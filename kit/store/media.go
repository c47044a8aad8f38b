package store

import (
	"bytes"
	"context"
	"database/sql/driver"
	"encoding/binary"

	"fieldkit/kit/segment"
)

// Media returns the events that name the file of this hash, by ascending seq, at most limit of them.
func (s *Store) Media(ctx context.Context, hash [32]byte, limit int) (rows []Row, err error) {
	err = s.read(ctx, "looking up a file", func(c *conn) error {
		query := `SELECT e.seq, e.received, e.text FROM media AS m
			CROSS JOIN event AS e ON e.seq = m.seq WHERE m.hash = ? ORDER BY m.seq LIMIT ?`
		return c.each(query, []driver.Value{hash[:], int64(limit)}, func(row []driver.Value) error {
			rows = append(rows, Row{integer(row[0]), integer(row[1]), text(row[2])})
			return nil
		})
	})
	return rows, err
}

// SealedBy returns the key of the kit whose segment holds an event (unpadded base64url), "" where none has that is known
// here.
func (s *Store) SealedBy(ctx context.Context, seq int64) (key string, err error) {
	err = s.read(ctx, "looking up a seal", func(c *conn) error {
		var at home
		ok, err := c.one("SELECT space, policy, cell FROM event WHERE seq = ?", []driver.Value{seq}, &at.space, &at.policy, &at.cell)
		if ok && err == nil {
			key, err = sealer(c, at, seq)
		}
		return err
	})
	return key, err
}

// sealer is the key of the kit whose segment holds an event, the first where several do.
func sealer(c *conn, at home, seq int64) (key string, err error) {
	wanted := binary.BigEndian.AppendUint64(nil, uint64(seq))
	query := "SELECT seal, events FROM segment WHERE space = ? AND cell = ? AND policy = ? AND instr(events, ?) > 0 ORDER BY id"
	err = c.each(query, []driver.Value{at.space, at.cell, at.policy, wanted}, func(row []driver.Value) error {
		// The bytes may stand across two numbers.
		events, _ := row[1].([]byte)
		for ; len(events) >= 8; events = events[8:] {
			if bytes.Equal(events[:8], wanted) {
				seal, err := segment.ParseSeal([]byte(text(row[0])))
				if err == nil {
					key = seal.Key
					err = errStop
				}
				return err
			}
		}
		return nil
	})
	return key, err
}

// insertMedia notes the files that fresh events name.
func insertMedia(c *conn, fresh []record) error {
	for i := range fresh {
		if f, ok := fresh[i].Event.File(); ok {
			if err := c.exec("INSERT INTO media (hash, seq) VALUES (?, ?)", f.Hash[:], fresh[i].Seq); err != nil {
				return err
			}
		}
	}
	return nil
}
