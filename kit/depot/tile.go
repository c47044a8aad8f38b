package depot

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"fieldkit/kit/digest"
	"fieldkit/kit/event"
	"fieldkit/kit/segment"
	"fieldkit/maps/tile"
)

// A TileWriter writes one tile of a space.
type TileWriter struct {
	writer *Writer
	at     tile.Tile
	seals  map[digest.Sum]string
	index  index
	tip    *event.Event
}

// A Snapshot is a tile's state at an event, as it is kept.
type Snapshot struct {
	// Hash is SHA-256 of Bytes.
	Hash digest.Sum
	// Event is the last event it holds.
	Event string
	// State is the canonical state of the tile, Bytes the file that a fold goes on from.
	State, Bytes []byte
}

// Tile begins a tile; its End ends it.
func (w *Writer) Tile(at tile.Tile) *TileWriter {
	return &TileWriter{writer: w, at: at, seals: make(map[digest.Sum]string), index: index{TileID: at.String()}}
}

// Segment writes a segment, with its seal and the events that its bytes are.
func (t *TileWriter) Segment(seal *segment.Seal, data []byte, events []*event.Event) error {
	sum, err := t.writer.object(data)
	if err != nil {
		return err
	}
	if sum != seal.Hash || len(events) == 0 {
		return fmt.Errorf("the segment %s is another than was sealed", seal.Hash)
	}
	t.seals[sum] = seal.Text
	for _, e := range events {
		t.writer.census.add(seal.Policy, e.Hash())
	}
	last := events[len(events)-1]
	if c := compareTips(last, t.tip); c > 0 || c == 0 && seal.Hash.String() < t.index.TipSegment {
		t.tip, t.index.TipEvent, t.index.TipSegment = last, strings.Clone(last.ID), seal.Hash.String()
	}
	return nil
}

func compareTips(e, tip *event.Event) int {
	if tip == nil {
		return 1
	}
	return event.Compare(e, tip)
}

// Snapshot writes a snapshot of the tile; the last that is written is the newest.
func (t *TileWriter) Snapshot(s Snapshot) error {
	sum, err := t.writer.object(s.Bytes)
	if err != nil {
		return err
	}
	if sum != s.Hash {
		return fmt.Errorf("the snapshot %s of %s has the hash %s", s.Hash, t.at, sum)
	}
	state, err := t.writer.object(s.State)
	if err != nil {
		return err
	}
	hex := strings.TrimPrefix(sum.String(), "sha256:")
	t.index.LastSnapshot, t.index.SnapshotEvent = sum.String(), s.Event
	return t.writer.put(tilePath(t.at)+"/"+snapshots+"/"+hex+".json", line(descriptor{sum.String(), s.Event, state.String()}))
}

// End writes the tile's manifest and index. Seals that stand in the manifest already stay there, where their segments are
// whole and hold nothing but what was written here: a manifest only grows.
func (t *TileWriter) End() error {
	w := t.writer
	if len(t.seals) == 0 {
		return nil
	}
	w.census.settle()
	r := &Reader{Folder: w.Folder, root: w.root}
	err := r.Manifest(t.at, func(seal *segment.Seal, fault *event.Refusal) error {
		if fault != nil || seal.Space != w.space || t.seals[seal.Hash] != "" {
			return nil
		}
		events, _, err := r.Segment(seal)
		if err == nil && !slices.ContainsFunc(events, func(e *event.Event) bool { return !w.census.has(seal.Policy, e.Hash()) }) {
			t.seals[seal.Hash] = seal.Text
		}
		return nil
	})
	if no := (*event.Refusal)(nil); err != nil && !errors.As(err, &no) && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	var seals []string
	for _, hash := range slices.SortedFunc(maps.Keys(t.seals), compareSums) {
		seals = append(seals, t.seals[hash])
	}
	w.tiles++
	w.sealed += len(seals)
	w.census.end(t.at)
	if err := w.put(tilePath(t.at)+"/"+manifestFile, manifestText(t.at.String(), seals)); err != nil {
		return err
	}
	return w.put(tilePath(t.at)+"/"+indexFile, line(t.index))
}
