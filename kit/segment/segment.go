// Package segment builds, seals and checks segments: immutable lists of events of one space, tile and policy, named by
// the SHA-256 of their bytes (kit/SPEC.md, section 8). It is pure. What comes from elsewhere goes through Parse and
// ParseSeal, whose errors are *event.Refusal.
package segment

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"fieldkit/kit/digest"
	"fieldkit/kit/event"
	"fieldkit/maps/tile"
)

// When an open tail is sealed, and how far a segment can grow by that.
const (
	// MaxEvents is how many events a tail is sealed at, and so the most that a segment has.
	MaxEvents = 256
	// FullBytes is the size that a tail is sealed at.
	FullBytes = 64 << 10
	// MaxBytes is the most that a segment has: a tail that was not yet full, and one event more.
	MaxBytes = 80 << 10
	// MaxAge is the age of its oldest event, in seconds, that a tail is sealed at.
	MaxAge = 3600
)

// Full reports whether a tail of so many events and bytes (line ends counted) takes no further event.
func Full(events int, size int64) bool { return events >= MaxEvents || size >= FullBytes }

// Due reports whether a tail is to be sealed at the time now, in seconds since 1970 like oldest, when its oldest event
// was received. An oldest event from the future tells of a clock that was set back; such a tail does not wait for it.
func Due(events int, size, oldest, now int64) bool {
	return Full(events, size) || events > 0 && (now-oldest >= MaxAge || oldest-now >= MaxAge)
}

// A Segment is a segment's content.
type Segment struct {
	Space  string
	Tile   tile.Tile
	Policy string
	// From and To are the ids of the first and the last event, Count is how many there are.
	From, To string
	Count    int
	// Bytes are the events' canonical forms in the order of the trace, each with a line feed behind it.
	Bytes []byte
	// Hash is SHA-256 of Bytes, the segment's name.
	Hash digest.Sum
}

// A Line is an event as a store knows it that has read it before.
type Line struct {
	Clock    event.Clock
	ID, Text string
}

// Build makes a segment of events of this space, tile and policy, in any order; it sorts them in place. None, one that
// stands there twice, and more than a segment may have, are errors.
func Build(space string, at tile.Tile, policy string, lines []Line) (*Segment, error) {
	if len(lines) == 0 {
		return nil, errors.New("segment: no events")
	}
	slices.SortFunc(lines, Line.Compare)
	size := 0
	for i, l := range lines {
		if i > 0 && lines[i-1].Compare(l) == 0 {
			return nil, fmt.Errorf("segment: %s stands there twice", l.ID)
		}
		size += len(l.Text) + 1
	}
	if len(lines) > MaxEvents || size > MaxBytes {
		return nil, fmt.Errorf("segment: %d events of %d bytes are too many", len(lines), size)
	}
	s := &Segment{
		Space: space, Tile: at, Policy: policy,
		From: lines[0].ID, To: lines[len(lines)-1].ID, Count: len(lines),
		Bytes: make([]byte, 0, size),
	}
	for _, l := range lines {
		s.Bytes = append(append(s.Bytes, l.Text...), '\n')
	}
	s.Hash = sha256.Sum256(s.Bytes)
	return s, nil
}

// Compare orders lines as event.Compare does.
func (l Line) Compare(o Line) int {
	if c := l.Clock.Compare(o.Clock); c != 0 {
		return c
	}
	return strings.Compare(l.ID, o.ID)
}

// Parse reads a segment as received. It judges each line as event.Parse does, and holds the lines to the rules of a
// segment; it verifies no signature. data is not kept.
func Parse(data []byte) (*Segment, []*event.Event, error) {
	switch {
	case len(data) == 0:
		return nil, nil, refuse("count", "", "a segment has at least one event")
	case bytes.Count(data, []byte{'\n'}) > MaxEvents:
		return nil, nil, refuse("count", "", "more than "+strconv.Itoa(MaxEvents)+" events")
	case len(data) > MaxBytes:
		return nil, nil, refuse("size", "", "longer than "+strconv.Itoa(MaxBytes)+" bytes")
	case data[len(data)-1] != '\n':
		return nil, nil, refuse("end", "", "the last line does not end")
	}
	s := &Segment{Bytes: bytes.Clone(data), Hash: sha256.Sum256(data)}
	var events []*event.Event
	for line := range bytes.Lines(data) {
		i := len(events)
		line = line[:len(line)-1]
		e, err := event.Parse(line)
		if err != nil {
			return nil, nil, atLine(i, err)
		}
		if e.Text != string(line) {
			return nil, nil, atLine(i, refuse("canonical", "", "is not in canonical form"))
		}
		if i > 0 {
			if r := follows(events[i-1], e); r != nil {
				return nil, nil, atLine(i, r)
			}
		}
		events = append(events, e)
	}
	first, last := events[0], events[len(events)-1]
	s.Space, s.Tile, s.Policy = first.Space, first.Tile, first.Scope.Policy
	s.From, s.To, s.Count = first.ID, last.ID, len(events)
	return s, events, nil
}

// follows judges an event by the one before it.
func follows(last, e *event.Event) *event.Refusal {
	switch {
	case e.Space != last.Space:
		return refuse("space", "space_id", "another space than the first event's")
	case e.Tile != last.Tile:
		return refuse("tile", "tile", "another tile than the first event's")
	case e.Scope.Policy != last.Scope.Policy:
		return refuse("policy", "scope.policy", "another policy than the first event's")
	case event.Compare(last, e) >= 0:
		return refuse("order", "", "does not come after the event before it")
	}
	return nil
}

// atLine says which line a refusal is about, in its field: lines[3].tile.
func atLine(i int, err error) error {
	var r *event.Refusal
	if !errors.As(err, &r) {
		return err
	}
	at := *r
	at.Field = "lines[" + strconv.Itoa(i) + "]"
	if r.Field != "" {
		at.Field += "." + r.Field
	}
	return &at
}

func refuse(rule, field, message string) *event.Refusal {
	return &event.Refusal{Rule: rule, Field: field, Message: message}
}
