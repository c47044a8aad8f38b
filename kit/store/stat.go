package store

import (
	"context"
	"database/sql/driver"
	"os"
	"slices"
	"strings"
	"syscall"
)

// mountedReadOnly is ST_RDONLY of statfs(2).
const mountedReadOnly = 1

// SpaceStat is what is asked of a space most often.
type SpaceStat struct {
	Space  string
	Events int64
	// Bytes are the canonical lengths of its events together.
	Bytes int64
	// FirstT and LastT are the smallest and the greatest clock t of its events.
	FirstT, LastT int64
	// LastSeq is the latest arrival's.
	LastSeq int64
}

// Spaces returns the spaces that have events, by name.
func (s *Store) Spaces(ctx context.Context) (stats []SpaceStat, err error) {
	err = s.read(ctx, "reading spaces", func(c *conn) error {
		query := "SELECT name, events, bytes, first_t, last_t, last_seq FROM space"
		return c.each(query, nil, func(row []driver.Value) error {
			stats = append(stats, SpaceStat{text(row[0]), integer(row[1]), integer(row[2]), integer(row[3]), integer(row[4]), integer(row[5])})
			return nil
		})
	})
	slices.SortFunc(stats, func(a, b SpaceStat) int { return strings.Compare(a.Space, b.Space) })
	return stats, err
}

// TimeOf is the clock t of the n-th event of a space after the time t, in the order of time; ok is false where there are fewer.
func (s *Store) TimeOf(ctx context.Context, space string, after int64, n int) (t int64, ok bool, err error) {
	err = s.read(ctx, "looking for a time", func(c *conn) error {
		query := "SELECT e.t FROM event AS e INDEXED BY event_time WHERE e.space = (SELECT id FROM space WHERE name = ?) AND e.t > ? ORDER BY e.t LIMIT 1 OFFSET ?"
		ok, err = c.one(query, []driver.Value{space, after, int64(n - 1)}, &t)
		return err
	})
	return t, ok, err
}

// A Stat is the store as a whole.
type Stat struct {
	Events, Segments int64
	// LastSeq is the latest arrival's seq, 0 in an empty store.
	LastSeq int64
	// Bytes is the size of the database with its log; Free is what the disk has left for it.
	Bytes, Free int64
	// ReadOnly says that the disk is mounted so that nobody can write to it.
	ReadOnly bool
}

// Stat returns figures for a status page.
func (s *Store) Stat(ctx context.Context) (stat Stat, err error) {
	err = s.read(ctx, "reading figures", func(c *conn) error {
		_, err := c.one(`SELECT (SELECT coalesce(sum(events), 0) FROM space), (SELECT count(*) FROM segment), (SELECT coalesce(max(seq), 0) FROM event)`,
			nil, &stat.Events, &stat.Segments, &stat.LastSeq)
		return err
	})
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if info, err := os.Stat(s.path + suffix); err == nil {
			stat.Bytes += info.Size()
		}
	}
	var disk syscall.Statfs_t
	if syscall.Statfs(s.path, &disk) == nil {
		stat.Free = int64(disk.Bavail) * int64(disk.Bsize)
		stat.ReadOnly = disk.Flags&mountedReadOnly != 0
	}
	return stat, err
}
