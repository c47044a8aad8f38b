package event

import (
	"crypto/ed25519"
	"crypto/sha256"
	"sort"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"fieldkit/maps/tile"
)

// DefaultHomeZoom is the zoom of home tiles where a space's root says nothing else.
const DefaultHomeZoom = 14

// A Signer makes signed events of drafts.
type Signer struct {
	// Key signs.
	Key ed25519.PrivateKey
	// Clock gives the clock of a parent. It may be nil. A parent it does not know counts as [timestamp, 0] of the
	// event to be signed.
	Clock func(id string) (Clock, bool)
	// HomeZoom is the zoom of the tile that is filled in.
	HomeZoom uint8
}

// NewSigner returns a signer that knows no parents and fills tiles of the default home zoom.
func NewSigner(key ed25519.PrivateKey) *Signer { return &Signer{Key: key, HomeZoom: DefaultHomeZoom} }

// Sign makes a signed event of a draft: a JSON object with the event's fields, of which those that derive from the
// others may be absent: actor_id (the key's own), tile (of the position or the geometry's first coordinate, unless the
// event has a node_id), clock, event_id and signature. The last two are always made anew. The error is a *Refusal.
func (s *Signer) Sign(draft []byte) (*Event, error) {
	canonical, refusal := readObject(draft, nil)
	if refusal != nil {
		return nil, refusal
	}
	fields := objectFields(string(canonical))
	key := KeyText(s.Key.Public().(ed25519.PublicKey))
	delete(fields, "event_id")
	fields["signature"] = `{"key":"` + key + `"}`
	if fields["actor_id"] == "" {
		fields["actor_id"] = quote("key:" + key)
	}
	if fields["clock"] == "" {
		if err := s.fillClock(fields); err != nil {
			return nil, err
		}
	}
	if fields["tile"] == "" {
		if err := s.fillTile(fields); err != nil {
			return nil, err
		}
	}
	sum := sha256.Sum256([]byte(objectText(fields)))
	fields["event_id"] = quote(idOf(sum))
	signature := ed25519.Sign(s.Key, []byte(objectText(fields)))
	fields["signature"] = `{"key":"` + key + `","value":"` + base64Strict.EncodeToString(signature) + `"}`
	// Reading it back puts a draft through every rule that a stranger's event meets.
	return Parse([]byte(objectText(fields)))
}

func (s *Signer) fillClock(fields map[string]string) error {
	if fields["timestamp"] == "" {
		return refuse("missing", "timestamp", "is missing")
	}
	timestamp, ok := integer(fields["timestamp"])
	if !ok {
		return refuse("type", "timestamp", "must be a whole number of seconds since 1970")
	}
	previous := fields["previous_events"]
	if previous == "" {
		return refuse("missing", "previous_events", "is missing")
	}
	ids, refusal := stringList("previous", "previous_events", previous, MaxPrevious)
	if refusal != nil {
		return refusal
	}
	var parents []Clock
	for _, id := range ids {
		parent := Clock{T: timestamp}
		if s.Clock != nil {
			if known, ok := s.Clock(id); ok {
				parent = known
			}
		}
		parents = append(parents, parent)
	}
	c := Next(timestamp, parents...)
	fields["clock"] = "[" + strconv.FormatInt(c.T, 10) + "," + strconv.FormatInt(c.D, 10) + "]"
	return nil
}

func (s *Signer) fillTile(fields map[string]string) error {
	if fields["node_id"] != "" {
		// Wherever a node moves, its events stay in the tile in which it was created.
		return refuse("missing", "tile", "is missing: it is the tile of the node's create_node")
	}
	position, field := "", "transform.position"
	if transform := fields["transform"]; isObject(transform) {
		members(transform, func(m member) bool {
			if m.name == "position" {
				position = m.value
			}
			return true
		})
	}
	if position == "" {
		position, field = FirstPosition(fields["geometry"]), "geometry.coordinates"
	}
	lon, lat, ok := readPosition(position)
	if !ok {
		return refuse("missing", "tile", "is missing, and there is no position to derive it from")
	}
	if lon < -180 || lon > 180 || lat < -90 || lat > 90 {
		return refuse("position", field, "is outside ±180, ±90 degrees")
	}
	fields["tile"] = quote(tile.At(lon, lat, s.HomeZoom).String())
	return nil
}

func quote(s string) string {
	b, err := jsontext.AppendQuote(nil, s)
	if err != nil {
		return `""` // only text that was UTF-8 before comes here
	}
	return string(b)
}

// objectText puts canonical values together in the order of RFC 8785: names by UTF-16 code units.
func objectText(fields map[string]string) string {
	names := make([]string, 0, len(fields))
	for name := range fields {
		names = append(names, name)
	}
	sort.Strings(names)
	var b strings.Builder
	b.WriteByte('{')
	for i, name := range names {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(quote(name))
		b.WriteByte(':')
		b.WriteString(fields[name])
	}
	b.WriteByte('}')
	if !ascii(names) {
		// Bytewise order differs from UTF-16's beyond the basic plane.
		if canonical, refusal := canonicalize([]byte(b.String())); refusal == nil {
			return string(canonical)
		}
	}
	return b.String()
}

func ascii(names []string) bool {
	for _, name := range names {
		for i := 0; i < len(name); i++ {
			if name[i] >= 0x80 {
				return false
			}
		}
	}
	return true
}

// ID is the id that an event or a draft must bear: derived from the content where it names a signature.key, its own
// event_id otherwise. Nothing else about it is checked. The error is a *Refusal.
func ID(text []byte) (string, error) {
	canonical, refusal := readObject(text, nil)
	if refusal != nil {
		return "", refusal
	}
	fields, signature := objectFields(string(canonical)), map[string]string{}
	if isObject(fields["signature"]) {
		signature = objectFields(fields["signature"])
	}
	if !isString(signature["key"]) {
		var id string
		if refusal := readID("event_id", fields["event_id"], &id); refusal != nil {
			return "", refuse("missing", "signature.key", "is missing: an id derives from the content and the key")
		}
		return id, nil
	}
	delete(signature, "value")
	delete(fields, "event_id")
	fields["signature"] = objectText(signature)
	return idOf(sha256.Sum256([]byte(objectText(fields)))), nil
}

func objectFields(object string) map[string]string {
	fields := make(map[string]string)
	members(object, func(m member) bool {
		fields[m.name] = m.value
		return true
	})
	return fields
}
