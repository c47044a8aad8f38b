package store

import (
	"database/sql/driver"
	"encoding/binary"
)

// homeless sees whether each event that came by sync is loose or in a segment: else it would never travel on.
func (k *checker) homeless() error {
	left := make(map[int64]struct{})
	query := `SELECT e.seq FROM event AS e LEFT JOIN loose AS l ON l.space = e.space AND l.cell = e.cell AND l.policy = e.policy AND l.seq = e.seq
		WHERE e.door = 0 AND l.seq IS NULL`
	err := k.conn.each(query, nil, func(row []driver.Value) error {
		left[integer(row[0])] = struct{}{}
		return nil
	})
	if err != nil {
		return err
	}
	err = k.conn.each("SELECT events FROM segment", nil, func(row []driver.Value) error {
		b, _ := row[0].([]byte)
		for ; len(b) >= 8; b = b[8:] {
			delete(left, int64(binary.BigEndian.Uint64(b)))
		}
		return nil
	})
	if len(left) > 0 {
		k.say("%d events that came by sync are neither loose nor in a segment", len(left))
	}
	return err
}
