package depot

import (
	"bufio"
	"encoding/hex"
	"errors"
	"io"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"fieldkit/kit/digest"
	"fieldkit/kit/event"
)

// A Space is what space.json says of all that is in the folder.
type Space struct {
	// Space is the space's id.
	Space string
	// Events are those of all policies together.
	Events uint64
	// Tiles and Segments are how many there are.
	Tiles, Segments int
	// Trees are the space's digests by policy (kit/SPEC.md, section 9), of what is in the folder.
	Trees []digest.World
}

type spaceJSON struct {
	Format   string     `json:"format"`
	Space    string     `json:"space"`
	Events   uint64     `json:"events"`
	Tiles    int        `json:"tiles"`
	Segments int        `json:"segments"`
	Trees    []treeJSON `json:"trees"`
}

type treeJSON struct {
	Policy string `json:"policy"`
	Digest string `json:"digest"`
	Count  uint64 `json:"count"`
}

func (s *Space) text() []byte {
	out := spaceJSON{Format, s.Space, s.Events, s.Tiles, s.Segments, []treeJSON{}}
	for _, w := range s.Trees {
		out.Trees = append(out.Trees, treeJSON{w.Policy, w.Digest.String(), w.Count})
	}
	return line(out)
}

// line is v as one line of JSON.
func line(v any) []byte {
	text, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		panic(err) // only values of this package's own types come here
	}
	return append(text, '\n')
}

// parseSpace reads space.json. The error is an *event.Refusal.
func parseSpace(raw []byte) (*Space, error) {
	var in spaceJSON
	if err := json.Unmarshal(raw, &in); err != nil {
		return nil, refuse("form", "", "is not the JSON of a space's description")
	}
	if in.Format != Format {
		return nil, refuse("format", "format", "must be "+Format)
	}
	if !event.ValidName(in.Space) {
		return nil, refuse("name", "space", "is not the id of a space")
	}
	s := &Space{Space: in.Space, Events: in.Events, Tiles: in.Tiles, Segments: in.Segments}
	for _, t := range in.Trees {
		sum, ok := digest.ParseSum(t.Digest)
		if !ok {
			return nil, refuse("form", "trees", "a digest must be sha256: and 64 lower-case hex digits")
		}
		s.Trees = append(s.Trees, digest.World{Space: in.Space, Policy: t.Policy, Branch: digest.Branch{Digest: sum, Count: t.Count}})
	}
	return s, nil
}

// index is a tile's index.json (white paper 6.3); what there is none of is absent.
type index struct {
	TileID        string `json:"tile_id"`
	TipEvent      string `json:"tip_event,omitempty"`
	TipSegment    string `json:"tip_segment,omitempty"`
	LastSnapshot  string `json:"last_snapshot,omitempty"`
	SnapshotEvent string `json:"snapshot_event,omitempty"`
}

// descriptor is a file in a tile's snapshots/.
type descriptor struct {
	Snapshot string `json:"snapshot"`
	Event    string `json:"event"`
	State    string `json:"state"`
}

// parseDescriptor reads a snapshot's descriptor. The error is an *event.Refusal.
func parseDescriptor(raw []byte) (snapshot, state digest.Sum, err error) {
	var d descriptor
	if err := json.Unmarshal(raw, &d); err != nil {
		return snapshot, state, refuse("form", "", "is not the JSON of a snapshot's descriptor")
	}
	snapshot, ok := digest.ParseSum(d.Snapshot)
	if !ok {
		return snapshot, state, refuse("hash", "snapshot", "must be sha256: and 64 lower-case hex digits")
	}
	if state, ok = digest.ParseSum(d.State); !ok {
		return snapshot, state, refuse("hash", "state", "must be sha256: and 64 lower-case hex digits")
	}
	if !event.ValidID(d.Event) {
		return snapshot, state, refuse("id", "event", "is not an event id")
	}
	return snapshot, state, nil
}

// manifestText is a manifest.json of seals, sorted by hash, a line each.
func manifestText(tileID string, seals []string) []byte {
	b := []byte(`{"tile_id":"` + tileID + `","segments":[`)
	for i, seal := range seals {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(append(b, '\n'), seal...)
	}
	return append(b, "\n]}\n"...)
}

// parseManifest reads a manifest.json and calls yield for each of its seals, unread; what it is given is valid during the
// call. The error is yield's, the reader's or an *event.Refusal; seals before a fault have been given.
func parseManifest(r io.Reader, yield func(seal []byte) error) (tileID string, err error) {
	bad := func(message string) error { return refuse("form", "", message) }
	limited := &io.LimitedReader{R: r, N: maxManifest + 1}
	d := jsontext.NewDecoder(limited)
	fault := func(err error) error {
		var syntactic *jsontext.SyntacticError
		switch {
		case limited.N <= 0:
			return refuse("size", "", "longer than 64 MiB")
		case errors.As(err, &syntactic), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
			return bad("is not the JSON of a manifest")
		}
		return err
	}
	if token, err := d.ReadToken(); err != nil || token.Kind() != '{' {
		return "", fault(orEOF(err))
	}
	listed := false
	for d.PeekKind() != '}' {
		name, err := d.ReadToken()
		if err != nil {
			return tileID, fault(err)
		}
		switch name.String() {
		case "tile_id":
			token, err := d.ReadToken()
			if err != nil {
				return tileID, fault(err)
			}
			if token.Kind() != '"' {
				return tileID, refuse("tile", "tile_id", "must be a tile, as z14/x8624/y5740")
			}
			tileID = token.String()
		case "segments":
			listed = true
			if token, err := d.ReadToken(); err != nil || token.Kind() != '[' {
				return tileID, fault(orEOF(err))
			}
			for d.PeekKind() != ']' {
				seal, err := d.ReadValue()
				if err != nil {
					return tileID, fault(err)
				}
				if err := yield(seal); err != nil {
					return tileID, err
				}
			}
			if _, err := d.ReadToken(); err != nil {
				return tileID, fault(err)
			}
		default:
			if err := d.SkipValue(); err != nil {
				return tileID, fault(err)
			}
		}
	}
	if _, err := d.ReadToken(); err != nil {
		return tileID, fault(err)
	}
	if _, err := d.ReadToken(); !errors.Is(err, io.EOF) {
		return tileID, fault(orEOF(err))
	}
	if !listed {
		return tileID, refuse("form", "segments", "a manifest lists its segments")
	}
	return tileID, nil
}

// orEOF stands in where a token was read that may not be there.
func orEOF(err error) error {
	if err == nil {
		return io.ErrUnexpectedEOF
	}
	return err
}

// parseSums reads lines as sha256sum writes them and calls yield for each; a line of another form is given as bad. The
// error is yield's or the reader's.
func parseSums(r io.Reader, yield func(sum digest.Sum, path string, bad bool) error) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 0, 4096), 64<<10)
	lines.Split(func(data []byte, atEOF bool) (int, []byte, error) {
		n, token, err := bufio.ScanLines(data, atEOF)
		if n == 0 && token == nil && err == nil && len(data) >= 4096 {
			return len(data), data, nil // a line that no sum has; the rest of it is another bad one
		}
		return n, token, err
	})
	for lines.Scan() {
		text := lines.Text()
		var sum digest.Sum
		if len(text) < 67 || text[64:66] != "  " || strings.ToLower(text[:64]) != text[:64] {
			if err := yield(sum, "", true); err != nil {
				return err
			}
			continue
		}
		_, err := hex.Decode(sum[:], []byte(text[:64]))
		if err := yield(sum, text[66:], err != nil); err != nil {
			return err
		}
	}
	return lines.Err()
}
