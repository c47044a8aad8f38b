package coordinator

import (
	"context"
	"io"

	"fieldkit/kit/depot"
	"fieldkit/kit/digest"
	"fieldkit/maps/tile"
)

// Snapshots knows the snapshots of tiles.
type Snapshots interface {
	// Snapshots returns those of a tile that are kept, oldest first; none is no error.
	Snapshots(ctx context.Context, space string, at tile.Tile) ([]depot.Snapshot, error)
}

// Blobs keeps what events name by its hash.
type Blobs interface {
	// Open gives a blob; an error where it is not here.
	Open(hash digest.Sum) (io.ReadCloser, error)
	// Put takes a blob of this media type and size from r, durably; an error where r gives another content, or there is no
	// room. What is here already it need not read.
	Put(hash digest.Sum, mediaType string, size int64, r io.Reader) error
}

// policies are the trees that a space has.
var policies = []string{"public", "private", "redacted"}

// A Carried is what became of one space that was exported or imported.
type Carried struct {
	Space  string `json:"space,omitempty"`
	Folder string `json:"folder"`
	// Status is exported or imported.
	Status string `json:"status"`
	// Of an export, what is in the folder now.
	Events   uint64 `json:"events,omitzero"`
	Tiles    int    `json:"tiles,omitzero"`
	Segments int    `json:"segments,omitzero"`
	// Of an import: segments that were kept, events that were taken and that were here, and things that were refused.
	Adopted int `json:"adopted,omitzero"`
	Taken   int `json:"taken,omitzero"`
	Known   int `json:"known,omitzero"`
	Refused int `json:"refused,omitzero"`
	// Media are the blobs that were written or taken.
	Media int `json:"media,omitzero"`
	// Notes are sentences for the operator about what was done or not done beside.
	Notes []string `json:"notes,omitempty"`
}

// maxNotes bounds them: what is wrong a thousand times is said a hundred times.
const maxNotes = 100

func (c *Carried) note(sentence string) {
	if len(c.Notes) < maxNotes {
		c.Notes = append(c.Notes, sentence)
	}
}

// A Report is told of what an export or an import does as it goes on: each thing that is refused, and each space when it
// is done. The spaces' folders come one after the other.
type Report struct {
	Refused func(depot.Refusal)
	Carried func(Carried)
}
