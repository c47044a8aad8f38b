package store

import (
	"context"
	"database/sql/driver"
	"math"
	"sort"
	"strconv"

	"fieldkit/maps/tile"
)

// A Query selects events. The zero Query selects all.
type Query struct {
	// Space and Layer are names; "" means any.
	Space, Layer string
	// Tile, if not nil, selects the events of this tile; with Below those of all tiles in it too.
	Tile  *tile.Tile
	Below bool
	// Since and Until, if not nil, bound the clock's t, both included.
	Since, Until *int64
	// After selects events with a greater seq.
	After int64
	// Limit is the most that are wanted; 0 means all.
	Limit int
}

// A Row is a stored event.
type Row struct {
	Seq int64
	// Received is in seconds since 1970 UTC.
	Received int64
	// Text is the canonical form.
	Text string
}

// How much is read before the connection is given back: rows and their bytes; and how many seqs an index is asked for.
const (
	pageRows  = 500
	pageBytes = 1 << 20
	pageSeqs  = 1 << 14
)

// sparse is how much smaller a space is than what there is to scan, when its index is asked instead.
const sparse = 16

// Events calls yield for each event that the query selects, by ascending seq; what is stored meanwhile may be among
// them. An error of yield ends it and is returned. Memory does not grow with the number of events.
func (s *Store) Events(ctx context.Context, q Query, yield func(Row) error) error {
	if q.Tile != nil && !q.Tile.Valid() {
		return nil
	}
	scan := scan{Query: q, left: q.Limit}
	if q.Limit == 0 {
		scan.left = math.MaxInt
	}
	for !scan.done {
		var page []Row
		err := s.read(ctx, "reading events", func(c *conn) (err error) {
			page, err = scan.page(c)
			return err
		})
		if err != nil {
			return err
		}
		for _, row := range page {
			if err := yield(row); err != nil {
				return err
			}
		}
	}
	return nil
}

// scan is a query on its way; After moves along.
type scan struct {
	Query
	left  int     // rows still wanted
	ahead []int64 // seqs that an index gave, not read yet
	done  bool
}

// page reads the next rows. It need not fill the page to go on.
func (q *scan) page(c *conn) (page []Row, err error) {
	space, index, err := q.plan(c)
	if err != nil || q.done {
		return nil, err
	}
	from, order, args := "event AS e NOT INDEXED WHERE e.seq > ?", " ORDER BY e.seq", []driver.Value{q.After}
	looked := 0
	if index != "" {
		if len(q.ahead) == 0 {
			if q.ahead, err = q.look(c, index, space); err != nil {
				return nil, err
			}
		}
		looked = min(len(q.ahead), pageRows)
		if looked == 0 {
			q.done = true
			return nil, nil
		}
		// The list is in order, and so is what is found by it.
		from, order, args = "json_each(?) AS found CROSS JOIN event AS e ON e.seq = found.value WHERE 1", "", []driver.Value{list(q.ahead[:looked])}
	}
	also := func(condition string, value driver.Value) {
		from += " AND " + condition
		args = append(args, value)
	}
	if q.Space != "" {
		also("e.space = ?", space)
	}
	if q.Layer != "" {
		also("e.layer = ?", q.Layer)
	}
	if q.Since != nil {
		also("e.t >= ?", *q.Since)
	}
	if q.Until != nil {
		also("e.t <= ?", *q.Until)
	}
	limit, bytes := min(q.left, pageRows), 0
	full := false
	args = append(args, int64(limit))
	err = c.each("SELECT e.seq, e.received, e.text FROM "+from+order+" LIMIT ?", args, func(row []driver.Value) error {
		r := Row{integer(row[0]), integer(row[1]), text(row[2])}
		page = append(page, r)
		if bytes += len(r.Text); bytes >= pageBytes {
			full = true
			return errStop
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	q.left -= len(page)
	full = full || len(page) == limit
	switch {
	case full:
		q.After = page[len(page)-1].Seq
		q.ahead = q.ahead[sort.Search(len(q.ahead), func(i int) bool { return q.ahead[i] > q.After }):]
	case index != "":
		q.After = q.ahead[looked-1]
		q.ahead = q.ahead[looked:]
	}
	q.done = q.left <= 0 || !full && index == ""
	return page, nil
}

// plan finds the space, and says which index to ask: "" for a scan by seq. It ends the query where nothing can be.
func (q *scan) plan(c *conn) (space int64, index string, err error) {
	var events, last, all int64
	if q.Space != "" {
		ok, err := c.one("SELECT id, events, last_seq FROM space WHERE name = ?", []driver.Value{q.Space}, &space, &events, &last)
		if err != nil || !ok || q.After >= last {
			q.done = true
			return 0, "", err
		}
	}
	if q.Tile != nil && !(q.Below && q.Tile.Z == 0) {
		return space, "tile", nil
	}
	if q.Space == "" {
		return 0, "", nil
	}
	if q.Since != nil || q.Until != nil {
		return space, "time", nil
	}
	if _, err = c.one("SELECT max(seq) FROM event", nil, &all); err == nil && events*sparse < all-q.After {
		index = "time"
	}
	return space, index, err
}

// look asks an index for the next seqs.
func (q *scan) look(c *conn, index string, space int64) (seqs []int64, err error) {
	var query string
	var args []driver.Value
	if index == "time" {
		since, until := int64(math.MinInt64), int64(math.MaxInt64)
		if q.Since != nil {
			since = *q.Since
		}
		if q.Until != nil {
			until = *q.Until
		}
		query = "SELECT seq FROM event INDEXED BY event_time WHERE space = ? AND t BETWEEN ? AND ? AND seq > ? ORDER BY seq LIMIT ?"
		args = []driver.Value{space, since, until, q.After, int64(pageSeqs)}
	} else {
		first, last := cellOf(*q.Tile), cellOf(*q.Tile)
		if q.Below {
			first, last = spanOf(*q.Tile)
		}
		spaces := "space = ?1"
		if q.Space == "" {
			spaces = "space IN (SELECT id FROM space)"
		}
		cells := "cell BETWEEN ?2 AND ?3"
		if first == last {
			cells = "cell = ?2"
		}
		query = `SELECT seq FROM event_tile WHERE ` + spaces + ` AND policy IN (0, 1, 2) AND ` + cells + ` AND seq > ?4
			UNION ALL
			SELECT seq FROM event NOT INDEXED WHERE seq > max(?4, (SELECT indexed FROM mark)) AND ` + spaces + ` AND ` + cells + `
			ORDER BY seq LIMIT ?5`
		args = []driver.Value{space, first, last, q.After, int64(pageSeqs)}
	}
	err = c.each(query, args, func(row []driver.Value) error {
		seqs = append(seqs, integer(row[0]))
		return nil
	})
	return seqs, err
}

// list is the JSON array that json_each takes numbers from.
func list(numbers []int64) string {
	b := []byte{'['}
	for i, n := range numbers {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(b, n, 10)
	}
	return string(append(b, ']'))
}
