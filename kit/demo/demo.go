// Package demo is the data of fieldkit demo: an exercise flood of the Rhine on the map of Liechtenstein, and a week of
// the world's earthquakes. It is made of the files in data, of which README.md says where they come from, by the same
// steps as anybody's data: package intake makes drafts of them, keys that everybody knows sign them, and the local door
// takes or refuses them. Every run gives the same events.
package demo

import (
	"slices"

	"fieldkit/kit/event"
)

// A Space is one space of the demo.
type Space struct {
	// ID is the space's id; it certifies itself by its root key.
	ID    string
	Title string
	build func(*builder) error
}

// Spaces are those of the demo, the one to look at first in front.
func Spaces() []Space {
	return []Space{
		{selfCertified("rhine-flood", floodRoot), floodTitle, buildFlood},
		{selfCertified("quakes", quakesRoot), quakesTitle, buildQuakes},
	}
}

// Events makes the space's events: its log first, then all others by clock, each behind those that it refers to.
func (s Space) Events() ([]*event.Event, error) {
	b := newBuilder(s.ID)
	if err := s.build(b); err != nil {
		return nil, err
	}
	// Stable, and not by id too: a reading of the second in which its station was made stays behind it.
	slices.SortStableFunc(b.events, func(a, b *event.Event) int { return a.Clock.Compare(b.Clock) })
	return b.events, nil
}

// Events calls yield for all events of all spaces, until it returns an error.
func Events(yield func(*event.Event) error) error {
	for _, s := range Spaces() {
		events, err := s.Events()
		if err != nil {
			return err
		}
		for _, e := range events {
			if err := yield(e); err != nil {
				return err
			}
		}
	}
	return nil
}

// A File is the bytes of a file that an event names.
type File struct {
	// Type is a media type.
	Type string
	Data []byte
}

// Files are those that events of the demo name.
func Files() ([]File, error) {
	photo, err := data.ReadFile("data/underpass.jpg") // drawn by kit/cmd/demophoto
	return []File{{"image/jpeg", photo}}, err
}
