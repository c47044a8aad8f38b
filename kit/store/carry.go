package store

import (
	"cmp"
	"context"
	"database/sql/driver"
	"math"
	"slices"

	"fieldkit/kit/event"
	"fieldkit/kit/segment"
	"fieldkit/maps/tile"
)

// SealAll seals all open tails, however young, as when they are carried away. It returns how many segments it made.
func (s *Store) SealAll(ctx context.Context) (segments int, err error) {
	return s.Seal(ctx, math.MaxInt64/2) // at the end of time all are an hour old
}

// Tiles returns the tiles in which events of a space stand, by number of the cell: those within a tile beside it.
func (s *Store) Tiles(ctx context.Context, space string) (tiles []tile.Tile, err error) {
	err = s.read(ctx, "reading tiles", func(c *conn) error {
		query := `SELECT DISTINCT x.cell FROM space AS s CROSS JOIN event_tile AS x ON x.space = s.id WHERE s.name = ?1
			UNION
			SELECT e.cell FROM event AS e NOT INDEXED JOIN space AS s ON s.id = e.space
			WHERE e.seq > (SELECT indexed FROM mark) AND s.name = ?1
			ORDER BY 1`
		return c.each(query, []driver.Value{space}, func(row []driver.Value) error {
			t, err := tileOf(integer(row[0]))
			tiles = append(tiles, t)
			return err
		})
	})
	return tiles, err
}

// Loose returns the events of a tile and policy that came by sync and are in no segment, in the order of the trace.
func (s *Store) Loose(ctx context.Context, space string, at tile.Tile, policy string) (lines []segment.Line, err error) {
	err = s.read(ctx, "reading loose events", func(c *conn) error {
		query := `SELECT e.t, e.d, e.text FROM space AS s CROSS JOIN loose AS l ON l.space = s.id CROSS JOIN event AS e ON e.seq = l.seq
			WHERE s.name = ? AND l.cell = ? AND l.policy = ?`
		return c.each(query, []driver.Value{space, cellOf(at), policyNumber(policy)}, func(row []driver.Value) error {
			body := text(row[2])
			lines = append(lines, segment.Line{Clock: event.Clock{T: integer(row[0]), D: integer(row[1])}, ID: event.IDOf(body), Text: body})
			return nil
		})
	})
	slices.SortFunc(lines, func(a, b segment.Line) int { return cmp.Or(a.Compare(b), cmp.Compare(a.Text, b.Text)) })
	return lines, err
}
