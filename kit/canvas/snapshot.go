package canvas

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"strconv"
	"sync"

	"github.com/go-json-experiment/json"
	"github.com/klauspost/compress/zstd"

	"fieldkit/kit/event"
	"fieldkit/maps/tile"
)

// SnapshotFormat names the format of a snapshot's file (kit/SPEC.md, section 11).
const SnapshotFormat = "fieldkit-snapshot-1"

// maxSnapshot is the most that a snapshot may unpack to, in bytes.
const maxSnapshot = 1 << 30

// ErrUnfit says that a snapshot cannot stand for its events here: it was made by other rules of the space, or another fold,
// or what it says of an id no longer holds. The tile is then to be folded from its events.
var ErrUnfit = errors.New("the snapshot does not fit what is known of the space")

// A Snapshot is the materialised state of a tile at an event (white paper 6.3): all that the fold knows of the tile's events up
// to it, so that others, later and earlier ones, can be added afterwards. It is a function of the set of events.
type Snapshot struct {
	Tile tile.Tile
	// Event is the last of its events in the order of the trace, Clock that event's own.
	Event string
	Clock event.Clock
	// Events is how many it was made of.
	Events int
	// State is the digest of the tile's canonical state; zero, where one is loaded, for not known.
	State [32]byte
	// File is the immutable file.
	File []byte
	// Uncertain says whose times are shown as uncertain, a bit for each event that the file tells of; nil for none. That is
	// this kit's own view of them, and so is not in the file.
	Uncertain []byte
}

// Hash is SHA-256 of the file, its name; zero where there is none.
func (s *Snapshot) Hash() (sum [32]byte) {
	if s.File != nil {
		sum = sha256.Sum256(s.File)
	}
	return sum
}

// head is the first line of a snapshot's file, before the columns.
type head struct {
	Format string `json:"format"`
	Fold   int    `json:"fold"`
	Space  string `json:"space"`
	// Log is the space log digest, absent where the space does not certify itself.
	Log  string `json:"space_log,omitempty"`
	Tile string `json:"tile"`
	// Event is the last one in the order of the trace, Clock what it bears, Events how many there are.
	Event  string   `json:"event"`
	Clock  [2]int64 `json:"clock"`
	Events int      `json:"events"`
}

func (c *Canvas) head(t *tileState) head {
	h := head{Format: SnapshotFormat, Fold: Version, Space: c.space, Tile: t.tile.String(), Event: t.last.id,
		Clock: [2]int64{t.last.clock.T, t.last.clock.D}, Events: t.events}
	if digest, ok := c.rules.LogDigest(); ok {
		h.Log = hashText(digest)
	}
	return h
}

// The columns of a snapshot, in the order of the file. A number is an unsigned varint (LEB128), a text its length in bytes
// as such a number and its bytes, except that texts of colValues stand without lengths, which are in colLengths.
const (
	colTotals    = iota // how many of each there are, for whoever makes room
	colNames            // texts, ascending: all that others refer to by number
	colAuthors          // principal, actor, whether signed
	colScopes           // realm, authority, boundary, policy
	colClocks           // of events by (t, d, id): t less the one before, d, t less timestamp
	colWriters          // of events: author, twice, and one more if derived
	colKinds            // of ids: a byte, 0 for one of colIDs, 1 for one of colOddIDs
	colIDs              // the 20 bytes that a signed event's id spells
	colOddIDs           // texts
	colNodes            // the event that created it less that of the node before, layer, type, scope, registers, claims, links, unlinked
	colRegisters        // of registers: name
	colWrites           // of writes: a byte, writeReplaced and so on
	colEvents           // of writes: its event, less the event that created the node, zigzag
	colUnits            // of writes that have one: unit
	colLengths          // of values
	colValues           // canonical JSON
	colLinks            // to_tile, type; its ids are in colIDs: link, to_node
	colSensors          // name, layer, scope
	colWaiting          // texts: events whose node is not here
	colMissing          // node, event, how many registers, registers' names
	colWitnesses        // rule, field, file, message
	colLegacy           // v0 ids, each with the 32 bytes of the content that has effect
	columns
)

const (
	writeReplaced = 1 << iota // a greater one names it as seen
	writeUnit                 // it has a unit
	writeMore                 // another write of the same register follows
)

// totals are how many of each there are.
type totals struct {
	events, nodes, registers, writes, links, sensors, missing, witnesses, legacy int
}

func (n *totals) each(f func(*int)) {
	for _, p := range [...]*int{&n.events, &n.nodes, &n.registers, &n.writes, &n.links, &n.sensors, &n.missing, &n.witnesses, &n.legacy} {
		f(p)
	}
}

// The same level everywhere, so that one program gives one state one file. Both may be used by several at once.
var (
	packer = sync.OnceValues(func() (*zstd.Encoder, error) {
		return zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedDefault), zstd.WithEncoderConcurrency(1), zstd.WithEncoderCRC(false))
	})
	unpacker = sync.OnceValues(func() (*zstd.Decoder, error) {
		return zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecoderMaxMemory(maxSnapshot))
	})
)

// ReadSnapshotHead tells of which space and tile a file is, at which event and of how many; the rest it leaves unread.
func ReadSnapshotHead(file []byte) (space string, s Snapshot, err error) {
	h, _, err := openSnapshot(file)
	if err != nil {
		return "", s, err
	}
	at, err := tile.Parse(h.Tile)
	if err != nil {
		return "", s, err
	}
	return h.Space, Snapshot{Tile: at, Event: h.Event, Clock: event.Clock{T: h.Clock[0], D: h.Clock[1]}, Events: h.Events, File: file}, nil
}

// openSnapshot unpacks a file into its head and columns.
func openSnapshot(file []byte) (h head, cols [columns][]byte, err error) {
	decoder, err := unpacker()
	if err != nil {
		return h, cols, err
	}
	body, err := decoder.DecodeAll(file, nil)
	if err != nil {
		return h, cols, errors.New("snapshot: " + err.Error())
	}
	line, rest, ok := bytes.Cut(body, []byte{'\n'})
	if !ok {
		return h, cols, errors.New("snapshot: has no first line")
	}
	if err := json.Unmarshal(line, &h); err != nil {
		return h, cols, errors.New("snapshot: the first line: " + err.Error())
	}
	if h.Format != SnapshotFormat {
		return h, cols, errors.New("snapshot: the format is " + strconv.Quote(h.Format))
	}
	r := reader{b: rest}
	for i := range cols {
		cols[i] = r.bytes(r.size())
	}
	if r.bad || r.more() {
		return h, cols, errors.New("snapshot: is cut off or too long")
	}
	return h, cols, nil
}
