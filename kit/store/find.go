package store

import (
	"context"
	"database/sql/driver"
	"slices"

	"fieldkit/kit/event"
)

// ByID returns the events that bear an id, in a space or, with "", in any: none or one, more where there are several
// contents under one id (an equivocation) or in several spaces. By ascending seq.
func (s *Store) ByID(ctx context.Context, space, id string) (rows []Row, err error) {
	err = s.lookUp(ctx, []string{id}, func(name, found string, row Row) {
		if found == id && (space == "" || name == space) {
			rows = append(rows, row)
		}
	})
	return rows, err
}

// Missing returns those of the ids that no event of the space bears, in the order given.
func (s *Store) Missing(ctx context.Context, space string, ids []string) (missing []string, err error) {
	here := make(map[string]bool)
	err = s.lookUp(ctx, ids, func(name, id string, _ Row) {
		if name == space {
			here[id] = true
		}
	})
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		if !here[id] {
			missing = append(missing, id)
		}
	}
	return missing, nil
}

// Find calls yield for each event of the space that bears one of the ids.
func (s *Store) Find(ctx context.Context, space string, ids []string, yield func(id string, row Row)) error {
	wanted := make(map[string]struct{}, len(ids))
	for _, id := range ids {
		wanted[id] = struct{}{}
	}
	return s.lookUp(ctx, ids, func(name, id string, row Row) {
		if _, ok := wanted[id]; ok && name == space {
			yield(id, row)
		}
	})
}

// lookUp calls yield, by ascending seq, for each event that is found under the keys of the ids; whether it bears one of
// them is for yield to see.
func (s *Store) lookUp(ctx context.Context, ids []string, yield func(space, id string, row Row)) error {
	const many = 1000 // ids at once
	for ids := range slices.Chunk(ids, many) {
		// First what event_id lacks: an entry on its way there is found in one or both, never in none.
		var seqs, keys []int64
		for _, id := range ids {
			key := idKey(id)
			keys = append(keys, key)
			s.recent.find(key, func(e entry) { seqs = append(seqs, e.seq) })
		}
		err := s.read(ctx, "looking up an id", func(c *conn) error {
			query := "SELECT i.seq FROM json_each(?) AS wanted CROSS JOIN event_id AS i ON i.key = wanted.value"
			err := c.each(query, []driver.Value{list(keys)}, func(row []driver.Value) error {
				seqs = append(seqs, integer(row[0]))
				return nil
			})
			if err != nil {
				return err
			}
			slices.Sort(seqs)
			seqs = slices.Compact(seqs)
			query = `SELECT e.seq, e.received, e.text, s.name FROM json_each(?) AS found
				CROSS JOIN event AS e ON e.seq = found.value CROSS JOIN space AS s ON s.id = e.space`
			return c.each(query, []driver.Value{list(seqs)}, func(row []driver.Value) error {
				body := text(row[2])
				yield(text(row[3]), event.IDOf(body), Row{integer(row[0]), integer(row[1]), body})
				return nil
			})
		})
		if err != nil {
			return err
		}
	}
	return nil
}
