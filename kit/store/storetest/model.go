// Package storetest is the contract of a store of the trace, as a test: what every implementation does, and a model
// that says what there must be. It also has a driver connection whose steps fail as told.
package storetest

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"sort"
	"strings"
	"sync"

	"fieldkit/kit/digest"
	"fieldkit/kit/event"
	"fieldkit/kit/segment"
	"fieldkit/kit/store"
	"fieldkit/kit/store/sample"
	"fieldkit/maps/tile"
)

// Writer is the writing half of a store.
type Writer interface {
	// Append stores all of the entries durably, or none.
	Append(context.Context, []store.Entry) ([]store.Outcome, error)
	// Adopt stores segments of other kits with their events, or none.
	Adopt(context.Context, []store.Adoption) ([]store.Adopted, error)
	// SealAll makes segments of all tails, Seal of those that are due.
	SealAll(context.Context) (int, error)
	Seal(ctx context.Context, now int64) (int, error)
	// Check reads everything and finds what is wrong.
	Check(ctx context.Context, problem func(string)) error
	Close() error
}

// Reader is what finds events.
type Reader interface {
	Events(context.Context, store.Query, func(store.Row) error) error
	ByID(ctx context.Context, space, id string) ([]store.Row, error)
	Missing(ctx context.Context, space string, ids []string) ([]string, error)
	Find(ctx context.Context, space string, ids []string, yield func(id string, row store.Row)) error
	TimeOf(ctx context.Context, space string, after int64, n int) (int64, bool, error)
}

// Keeper keeps what was folded.
type Keeper interface {
	Checkpoints(ctx context.Context, space string) ([]store.Checkpoint, error)
	LoadCheckpoint(ctx context.Context, one store.Checkpoint, yield func(store.CheckpointTile) error) (bool, error)
	SaveCheckpoint(ctx context.Context, one store.Checkpoint, onto *store.Checkpoint, tiles []store.CheckpointTile) (store.Checkpoint, error)
	DropCheckpoints(ctx context.Context, which []store.Checkpoint) error
	Snapshots(ctx context.Context, space string, at tile.Tile) ([]store.Snapshot, error)
}

// Summary is what is known of many events at once.
type Summary interface {
	Spaces(context.Context) ([]store.SpaceStat, error)
	Digest(ctx context.Context, space, policy string, at tile.Tile) (digest.Tile, error)
	Roots(context.Context) (store.Roots, error)
}

// Segments is what was sealed.
type Segments interface {
	Manifest(ctx context.Context, space string, at tile.Tile) ([]string, error)
	Segment(ctx context.Context, hash digest.Sum) ([]byte, error)
	// Tiles are those that have events, Loose the events that are in no segment and wait for none.
	Tiles(ctx context.Context, space string) ([]tile.Tile, error)
	Loose(ctx context.Context, space string, at tile.Tile, policy string) ([]segment.Line, error)
}

// Store is what the contract is about.
type Store interface {
	Writer
	Reader
	Summary
	Segments
	Keeper
}

var made = sync.OnceValue(func() []*event.Event { return sample.Events(10_000, sample.Options{}) })

// Events are the first n of the usual sample, which takes its time to sign; at most 10,000.
func Events(n int) []*event.Event { return slices.Clone(made()[:n]) }

// Entries makes entries of events that came in at the door, received at their own time.
func Entries(events []*event.Event) []store.Entry {
	entries := make([]store.Entry, len(events))
	for i, e := range events {
		entries[i] = store.Entry{Event: e, Hash: e.Hash(), Received: e.Timestamp, Door: true}
	}
	return entries
}

// A Model is what a store holds: the events by seq, from 1.
type Model struct {
	rows []store.Entry
}

// Append is what Store.Append must do.
func (m *Model) Append(entries []store.Entry) (outcomes []store.Outcome) {
	for _, e := range entries {
		seq := slices.IndexFunc(m.rows, func(r store.Entry) bool { return r.Hash == e.Hash }) + 1
		status := store.Known
		if seq == 0 {
			status = store.Equivocation
			if e.Door {
				seq = slices.IndexFunc(m.rows, func(r store.Entry) bool { return r.Event.Space == e.Event.Space && r.Event.ID == e.Event.ID }) + 1
			}
		}
		if seq == 0 {
			m.rows = append(m.rows, e)
			seq, status = len(m.rows), store.Taken
		}
		outcomes = append(outcomes, store.Outcome{Seq: int64(seq), Status: status})
	}
	return outcomes
}

// Query is what Store.Events must give.
func (m *Model) Query(q store.Query) (rows []store.Row) {
	for i, r := range m.rows {
		e := r.Event
		switch {
		case int64(i+1) <= q.After, q.Space != "" && q.Space != e.Space, q.Layer != "" && q.Layer != e.Layer,
			q.Tile != nil && e.Tile != *q.Tile && !(q.Below && q.Tile.Contains(e.Tile)),
			q.Since != nil && e.Clock.T < *q.Since, q.Until != nil && e.Clock.T > *q.Until:
		default:
			rows = append(rows, store.Row{Seq: int64(i + 1), Received: r.Received, Text: e.Text})
		}
		if q.Limit > 0 && len(rows) == q.Limit {
			break
		}
	}
	return rows
}

// Digest is what Store.Digest must give, computed from scratch.
func (m *Model) Digest(space, policy string, at tile.Tile) digest.Tile {
	hashes := make(map[tile.Tile][]digest.Sum)
	for _, r := range m.rows {
		e := r.Event
		if e.Space == space && (e.Scope.Policy == policy || policy == digest.LoRa && digest.FitsLoRa(e.Scope.Policy, len(e.Text))) {
			hashes[e.Tile] = append(hashes[e.Tile], r.Hash)
		}
	}
	own := make(map[tile.Tile]digest.Branch)
	for t, h := range hashes {
		slices.SortFunc(h, func(a, b digest.Sum) int { return bytes.Compare(a[:], b[:]) })
		own[t] = digest.Branch{Digest: digest.Root(h), Count: uint64(len(h))}
	}
	return digest.Quad(own, at)
}

// Spaces is what Store.Spaces must give.
func (m *Model) Spaces() (stats []store.SpaceStat) {
	for i, r := range m.rows {
		at := slices.IndexFunc(stats, func(s store.SpaceStat) bool { return s.Space == r.Event.Space })
		t := r.Event.Clock.T
		if at < 0 {
			at, stats = len(stats), append(stats, store.SpaceStat{Space: r.Event.Space, FirstT: t, LastT: t})
		}
		s := &stats[at]
		s.Events++
		s.Bytes += int64(len(r.Event.Text))
		s.FirstT, s.LastT, s.LastSeq = min(s.FirstT, t), max(s.LastT, t), int64(i+1)
	}
	slices.SortFunc(stats, func(a, b store.SpaceStat) int { return strings.Compare(a.Space, b.Space) })
	return stats
}

// Roots is what Store.Roots must give.
func (m *Model) Roots() (roots store.Roots) {
	for _, s := range m.Spaces() {
		for _, policy := range []string{"private", "public", "redacted"} {
			if t := m.Digest(s.Space, policy, tile.Tile{}); t.Count > 0 {
				roots.Worlds = append(roots.Worlds, digest.World{Space: s.Space, Policy: policy, Branch: t.Branch})
			}
		}
	}
	roots.Root = digest.Kit(roots.Worlds)
	return roots
}

// Tiles are the tiles with events of a space, and some around them.
func (m *Model) Tiles(space string) []tile.Tile {
	met := map[tile.Tile]bool{{}: true, {Z: 14}: true}
	for _, r := range m.rows {
		if t := r.Event.Tile; r.Event.Space == space {
			met[t] = true
			met[t.Ancestor(13)], met[t.Ancestor(7)] = true, true
			met[t.Children()[0]] = t.Z < tile.MaxZoom
		}
	}
	var tiles []tile.Tile
	for t, ok := range met {
		if ok {
			tiles = append(tiles, t)
		}
	}
	sort.Slice(tiles, func(i, j int) bool { return tiles[i].Key() < tiles[j].Key() })
	return tiles
}

// Compare returns what a store holds other than the model, in words; nil when they are the same.
func (m *Model) Compare(ctx context.Context, s Store) (differences []string) {
	differ := func(format string, args ...any) { differences = append(differences, fmt.Sprintf(format, args...)) }
	var rows []store.Row
	if err := s.Events(ctx, store.Query{}, func(r store.Row) error { rows = append(rows, r); return nil }); err != nil {
		differ("reading events: %v", err)
	}
	if !slices.Equal(rows, m.Query(store.Query{})) {
		differ("holds %d events, not the %d that it must, in their order", len(rows), len(m.rows))
	}
	if stats, err := s.Spaces(ctx); err != nil || !slices.Equal(stats, m.Spaces()) {
		differ("spaces are %+v, %v, not %+v", stats, err, m.Spaces())
	}
	if roots, err := s.Roots(ctx); err != nil || roots.Root != m.Roots().Root || !slices.Equal(roots.Worlds, m.Roots().Worlds) {
		differ("roots are %+v, %v, not %+v", roots, err, m.Roots())
	}
	for _, r := range m.rows {
		found, err := s.ByID(ctx, r.Event.Space, r.Event.ID)
		if err != nil || !slices.ContainsFunc(found, func(row store.Row) bool { return row.Text == r.Event.Text }) {
			differ("%s is not found by its id: %v", r.Event.ID, err)
		}
	}
	if err := s.Check(ctx, func(problem string) { differ("check: %s", problem) }); err != nil {
		differ("check: %v", err)
	}
	return differences
}
