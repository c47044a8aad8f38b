package store

import (
	"context"
	"crypto/sha256"
	"database/sql/driver"
	"encoding/binary"
	"fmt"

	"fieldkit/kit/digest"
	"fieldkit/kit/segment"
	"fieldkit/maps/tile"
)

// Manifest returns the seals of a tile's segments, of all policies, sorted by hash: canonical JSON each.
func (s *Store) Manifest(ctx context.Context, space string, at tile.Tile) (seals []string, err error) {
	if !at.Valid() {
		return nil, fmt.Errorf("store: %v is not a tile", at)
	}
	err = s.read(ctx, "reading a manifest", func(c *conn) error {
		query := "SELECT g.seal FROM segment AS g JOIN space AS s ON s.id = g.space WHERE s.name = ? AND g.cell = ? ORDER BY g.hash"
		return c.each(query, []driver.Value{space, cellOf(at)}, func(row []driver.Value) error {
			seals = append(seals, text(row[0]))
			return nil
		})
	})
	return seals, err
}

// Segment returns the bytes of the segment of this name, nil where there is none.
func (s *Store) Segment(ctx context.Context, hash digest.Sum) (data []byte, err error) {
	err = s.read(ctx, "reading a segment", func(c *conn) error {
		data, err = readSegment(c, hash)
		return err
	})
	return data, err
}

// readSegment puts a segment together again from its events, and sees whether it is still the one that was sealed.
func readSegment(c *conn, hash digest.Sum) (data []byte, err error) {
	var seqs []int64
	err = c.each("SELECT events FROM segment WHERE hash = ?", []driver.Value{hash[:]}, func(row []driver.Value) error {
		b, _ := row[0].([]byte)
		for ; len(b) >= 8; b = b[8:] {
			seqs = append(seqs, int64(binary.BigEndian.Uint64(b)))
		}
		return nil
	})
	if err != nil || len(seqs) == 0 {
		return nil, err
	}
	data = make([]byte, 0, segment.FullBytes)
	query := "SELECT e.text FROM json_each(?) AS listed CROSS JOIN event AS e ON e.seq = listed.value"
	err = c.each(query, []driver.Value{list(seqs)}, func(row []driver.Value) error {
		data = append(append(data, text(row[0])...), '\n')
		return nil
	})
	if err == nil && sha256.Sum256(data) != hash {
		err = fmt.Errorf("%w: segment %s has other events than were sealed", ErrBroken, hash)
	}
	if err != nil {
		return nil, err
	}
	return data, nil
}
