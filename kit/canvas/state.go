package canvas

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"fieldkit/kit/event"
	"fieldkit/maps/tile"
)

// TileState is the canonical state of a tile, kit/SPEC.md section 7; nil when nothing is there.
func (c *Canvas) TileState(at tile.Tile) []byte {
	t := c.tiles[at]
	if t == nil || t.empty() {
		return nil
	}
	var b builder
	b.open('{')
	b.key("fold").raw(strconv.Itoa(Version))
	b.key("space").text(c.space)
	if digest, ok := c.rules.LogDigest(); ok {
		b.key("space_log").text(hashText(digest))
	}
	b.key("tile").text(at.String())
	nodes := false
	c.Nodes(at, func(n *Node) {
		if !nodes {
			b.key("nodes").open('{')
			nodes = true
		}
		b.key(n.ID)
		b.node(n)
	})
	if nodes {
		b.close('}')
	}
	if len(t.sensors) > 0 {
		b.key("sensors").open('[')
		c.Sensors(at, func(s *Sensor) {
			b.element().open('{')
			b.key("sensor").text(s.Name)
			b.write(&s.Latest)
			b.close('}')
		})
		b.close(']')
	}
	b.close('}')
	state := jsontext.Value(b.buf)
	if err := state.Canonicalize(); err != nil {
		panic("canvas: the state is not JSON: " + err.Error()) // a defect here, never of the input
	}
	return state
}

// TileDigest is SHA-256 of the tile's canonical state.
func (c *Canvas) TileDigest(at tile.Tile) [32]byte {
	t := c.tiles[at]
	if t == nil {
		return sha256.Sum256(nil)
	}
	if known := t.digest.Load(); known != nil {
		return *known
	}
	digest := sha256.Sum256(c.TileState(at))
	t.digest.Store(&digest)
	return digest
}

// Digest is the state digest of the space.
func (c *Canvas) Digest() [32]byte {
	var b builder
	b.open('{')
	b.key("fold").raw(strconv.Itoa(Version))
	b.key("space").text(c.space)
	b.key("tiles").open('{')
	names := make(map[string]string)
	for _, at := range c.Tiles() {
		names[at.String()] = hashText(c.TileDigest(at))
	}
	for _, name := range sortedKeys(names) {
		b.key(name).text(names[name])
	}
	b.close('}')
	b.close('}')
	return sha256.Sum256(b.buf)
}

// TraceDigest is the digest of the states of several spaces, by space id: what fieldkit replay --digest prints.
func TraceDigest(spaces map[string][32]byte) [32]byte {
	var b builder
	b.open('{')
	b.key("fold").raw(strconv.Itoa(Version))
	b.key("spaces").open('{')
	for _, space := range sortedKeys(spaces) {
		b.key(space).text(hashText(spaces[space]))
	}
	b.close('}')
	b.close('}')
	return sha256.Sum256(b.buf)
}

func (b *builder) node(n *Node) {
	b.open('{')
	b.key("by").text(n.By.Principal)
	b.key("actor").text(n.By.Actor)
	b.clock(n.Clock)
	b.key("layer").text(n.Layer)
	if n.Type != "" {
		b.key("type").text(n.Type)
	}
	b.key("scope").open('{')
	b.key("realm").text(n.Scope.Realm)
	b.key("authority").text(n.Scope.Authority)
	b.key("boundary").text(n.Scope.Boundary)
	b.key("policy").text(n.Scope.Policy)
	b.close('}')
	b.registers(n)
	if links := n.Links(); len(links) > 0 {
		b.key("links").open('{')
		for _, l := range links {
			b.key(l.ID).raw(linkText(l))
		}
		b.close('}')
	}
	if claims := n.Claims(); len(claims) > 0 {
		b.key("claims").open('[')
		for _, claim := range claims {
			b.element().open('{')
			b.key("register").text(claim.Register)
			b.write(claim.Write)
			b.close('}')
		}
		b.close(']')
	}
	b.close('}')
}

func (b *builder) registers(n *Node) {
	var plain, sensors, single []Register
	n.Registers("", func(r Register) {
		switch {
		case strings.HasPrefix(r.Name, SensorPrefix):
			sensors = append(sensors, r)
		case r.Name == Deleted || r.Name == Merged:
			single = append(single, r)
		default:
			plain = append(plain, r)
		}
	})
	group := func(name, prefix string, list []Register) {
		if len(list) == 0 {
			return
		}
		b.key(name).open('{')
		for _, r := range list {
			b.key(strings.TrimPrefix(r.Name, prefix))
			b.register(r)
		}
		b.close('}')
	}
	group("registers", "", plain)
	group("sensors", SensorPrefix, sensors)
	for _, r := range single {
		b.key(r.Name)
		b.register(r)
	}
}

func (b *builder) register(r Register) {
	b.open('{')
	b.write(r.Drawn)
	if len(r.Others) > 0 {
		b.key("others").open('[')
		for _, w := range r.Others {
			b.element().open('{')
			b.write(w)
			b.close('}')
		}
		b.close(']')
	}
	b.close('}')
}

// write adds the members of a write to the open object.
func (b *builder) write(w *Write) {
	b.key("value").raw(w.Value)
	if w.Unit != "" {
		b.key("unit").text(w.Unit)
	}
	b.key("event").text(w.Event)
	b.key("by").text(w.By.Principal)
	b.key("actor").text(w.By.Actor)
	b.clock(w.Clock)
	if w.Derived {
		b.key("authority").text("derived")
	}
}

func (b *builder) clock(c event.Clock) {
	b.key("clock").raw("[" + strconv.FormatInt(c.T, 10) + "," + strconv.FormatInt(c.D, 10) + "]")
}

// builder writes JSON; the caller sees to the order.
type builder struct {
	buf   []byte
	comma bool
}

func (b *builder) open(c byte) { b.buf, b.comma = append(b.buf, c), false }
func (b *builder) close(c byte) {
	b.buf, b.comma = append(b.buf, c), true
}

func (b *builder) element() *builder {
	if b.comma {
		b.buf = append(b.buf, ',')
	}
	b.comma = false
	return b
}

func (b *builder) key(name string) *builder {
	b.element().text(name)
	b.buf, b.comma = append(b.buf, ':'), false
	return b
}

func (b *builder) text(s string) {
	b.buf, _ = jsontext.AppendQuote(b.buf, s)
	b.comma = true
}

func (b *builder) raw(s string) { b.buf, b.comma = append(b.buf, s...), true }

func linkText(l Link) string {
	var b builder
	b.open('{')
	if l.Type != "" {
		b.key("link_type").text(l.Type)
	}
	b.key("to_node").text(l.ToNode)
	b.key("to_tile").text(l.ToTile.String())
	b.close('}')
	return string(b.buf)
}

func quoted(list []string) string {
	var b builder
	b.open('[')
	for _, s := range list {
		b.element().text(s)
	}
	b.close(']')
	return string(b.buf)
}

// readMerged takes a value of the register merged apart.
func readMerged(value string) (into, at string) {
	_, rest, _ := strings.Cut(value, `"into_node":"`)
	into, rest, _ = strings.Cut(rest, `"`)
	_, rest, _ = strings.Cut(rest, `"into_tile":"`)
	at, _, _ = strings.Cut(rest, `"`)
	return into, at
}

func hashText(sum [32]byte) string { return "sha256:" + hex.EncodeToString(sum[:]) }

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func (t *tileState) sensorKeys() []sensorKey {
	keys := make([]sensorKey, 0, len(t.sensors))
	for k := range t.sensors {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b sensorKey) int {
		return strings.Compare(a.principal+"\x00"+a.actor+"\x00"+a.name, b.principal+"\x00"+b.actor+"\x00"+b.name)
	})
	return keys
}
