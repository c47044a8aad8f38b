package store

import (
	"database/sql/driver"
	"encoding/binary"
)

// homeless sees whether each event that came by sync is loose or in a segment: else it would never travel on.
func (k *checker) homeless() error {
	if !k.has("loose") {
		return nil // made before there was such a list
	}
	var n int64
	_, err := k.conn.one(`SELECT count(*) FROM loose AS l LEFT JOIN event AS e
		ON e.seq = l.seq AND e.space = l.space AND e.cell = l.cell AND e.policy = l.policy AND e.door = 0 WHERE e.seq IS NULL`, nil, &n)
	if err != nil {
		return err
	}
	if n > 0 {
		k.say("marks", "loose", "%d rows of loose lead nowhere, or to what came in at the door", n)
	}
	left := make(map[int64]struct{})
	query := `SELECT e.seq FROM event AS e LEFT JOIN loose AS l ON l.space = e.space AND l.cell = e.cell AND l.policy = e.policy AND l.seq = e.seq
		WHERE e.door = 0 AND l.seq IS NULL`
	err = k.conn.each(query, nil, func(row []driver.Value) error {
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
		k.say("marks", "loose", "%d events that came by sync are neither loose nor in a segment", len(left))
	}
	return err
}
