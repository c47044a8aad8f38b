package store

import (
	"bytes"
	"context"
	"database/sql/driver"
	"encoding/binary"

	"fieldkit/kit/segment"
)

// A MediaRow is an event that names a file.
type MediaRow struct {
	Row
	// Kit is the key of the kit that sealed the event (unpadded base64url); "" where none has that is known here.
	Kit string
	// Door says that the event came in at this kit's own door.
	Door bool
}

// Media returns the events that name the file of this hash, by ascending seq, at most limit of them (0: all).
func (s *Store) Media(ctx context.Context, hash [32]byte, limit int) (rows []MediaRow, err error) {
	if limit == 0 {
		limit = -1
	}
	err = s.read(ctx, "looking up a file", func(c *conn) error {
		query := `SELECT e.seq, e.received, e.text, e.door, e.space, e.policy, e.cell FROM media AS m
			CROSS JOIN event AS e ON e.seq = m.seq WHERE m.hash = ? ORDER BY m.seq LIMIT ?`
		var homes []home
		err := c.each(query, []driver.Value{hash[:], int64(limit)}, func(row []driver.Value) error {
			rows = append(rows, MediaRow{Row: Row{integer(row[0]), integer(row[1]), text(row[2])}, Door: integer(row[3]) == 1})
			homes = append(homes, home{space: integer(row[4]), policy: integer(row[5]), cell: integer(row[6])})
			return nil
		})
		for i := range rows {
			if err == nil {
				rows[i].Kit, err = sealer(c, homes[i], rows[i].Seq)
			}
		}
		return err
	})
	return rows, err
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
