package intake

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"fieldkit/kit/event"
	"fieldkit/maps/tile"
)

// testKey signs as a kit would.
func testKey() ed25519.PrivateKey {
	seed := sha256.Sum256([]byte("intake test"))
	return ed25519.NewKeyFromSeed(seed[:])
}

// A taken file: its events as event.Sign made them, the refusals, and how the file ended.
type taken struct {
	events  []*event.Event
	refused []Refusal
	counts  Counts
	err     error
}

func options() Options { return Options{Space: "test", HomeZoom: event.DefaultHomeZoom} }

func read(t testing.TB, format Format, text string, o Options) taken {
	t.Helper()
	return readFrom(t, format, strings.NewReader(text), o)
}

func readFrom(t testing.TB, format Format, r io.Reader, o Options) taken {
	t.Helper()
	var out taken
	signer := event.NewSigner(testKey())
	o.Refused = func(r Refusal) { out.refused = append(out.refused, r) }
	out.counts, out.err = Read(r, format, o, func(draft []byte) (string, error) {
		e, err := signer.Sign(draft)
		if err != nil {
			return "", err
		}
		out.events = append(out.events, e)
		return e.ID, nil
	})
	if out.counts.Events != len(out.events) || out.counts.Refused != len(out.refused) {
		t.Errorf("counts are %+v, with %d events and %d refusals", out.counts, len(out.events), len(out.refused))
	}
	for _, e := range out.events {
		checkEvent(t, e)
	}
	return out
}

// checkEvent holds an event to what is true of all that is imported.
func checkEvent(t testing.TB, e *event.Event) {
	t.Helper()
	if e.Layer == event.SpaceLog {
		t.Errorf("%s is in the space log", e.ID)
	}
	if want := []string{"adjacency", "exclusion", "consistency", "boundary_discipline", "authority_nontransfer"}; !slices.Equal(e.Preserves, want) {
		t.Errorf("%s preserves %v", e.ID, e.Preserves)
	}
	if len(e.Previous) != 0 {
		t.Errorf("%s names previous events %v", e.ID, e.Previous)
	}
	lon, lat, ok := e.Anchor()
	switch {
	case ok && !e.Tile.ContainsPosition(lon, lat, 1e-6):
		t.Errorf("%s: %v, %v is not in its tile %v", e.ID, lon, lat, e.Tile)
	case !ok && e.Operation == event.CreateNode && e.Tile != (tile.Tile{}):
		t.Errorf("%s has no place, and stands in %v", e.ID, e.Tile)
	}
	if e.Position != "" && e.Geometry != "" {
		t.Errorf("%s has both a position and a geometry", e.ID)
	}
}

// refusals of an import, each as "item field rule".
func refusals(all []Refusal) []string {
	var out []string
	for _, r := range all {
		if runes := []rune(r.Field); len(runes) > 40 {
			r.Field = string(runes[:40]) + "…"
		}
		out = append(out, strings.Join(strings.Fields(strconv.Itoa(r.Item)+" "+r.Field+" "+r.Rule), " "))
	}
	return out
}

func TestOptionsAreChecked(t *testing.T) {
	good := options()
	for name, spoil := range map[string]func(*Options){
		"space":     func(o *Options) { o.Space = "" },
		"layer":     func(o *Options) { o.Layer = ".ulp" },
		"actor":     func(o *Options) { o.Actor = "a\x00" },
		"node type": func(o *Options) { o.NodeType = strings.Repeat("x", 129) },
		"time":      func(o *Options) { o.Time = -1 },
		"home zoom": func(o *Options) { o.HomeZoom = 23 },
	} {
		o := good
		spoil(&o)
		_, err := Read(strings.NewReader("{}"), GeoJSON, o, nil)
		if err == nil || !strings.HasPrefix(err.Error(), name+":") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Read(strings.NewReader(""), "shapefile", good, nil); err == nil {
		t.Error("an unknown format was read")
	}
}

func TestSignErrorThatIsNoRefusalEndsTheImport(t *testing.T) {
	full := errors.New("disk full")
	signed := 0
	counts, err := Read(strings.NewReader("lon,lat\n9,47\n9,47\n9,47\n"), CSV, options(), func([]byte) (string, error) {
		if signed++; signed == 2 {
			return "", full
		}
		return "evt", nil
	})
	if !errors.Is(err, full) || counts.Events != 1 || counts.Refused != 0 {
		t.Errorf("%+v, %v", counts, err)
	}
}

func TestSameFileSameEvents(t *testing.T) {
	for _, name := range []string{"testdata/hut.geojson", "testdata/gauges.csv", "testdata/tour.gpx"} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		format, err := Detect(name, text)
		if err != nil {
			t.Fatal(err)
		}
		// Read in pieces of one byte, the file must give what it gives at once.
		one, two := read(t, format, string(text), options()), readFrom(t, format, iotestOneByte{bytes.NewReader(text)}, options())
		if one.err != nil || len(one.events) == 0 || len(one.refused) > 0 {
			t.Fatalf("%s: %d events, %v, %v", name, len(one.events), one.refused, one.err)
		}
		for i, e := range one.events {
			if e.Text != two.events[i].Text {
				t.Errorf("%s, event %d:\n%s\n%s", name, i, e.Text, two.events[i].Text)
			}
		}
		if one.counts.Bytes != int64(len(text)) {
			t.Errorf("%s: %d bytes read of %d", name, one.counts.Bytes, len(text))
		}
	}
}

type iotestOneByte struct{ r io.Reader }

func (o iotestOneByte) Read(p []byte) (int, error) { return o.r.Read(p[:min(1, len(p))]) }

func TestProgress(t *testing.T) {
	var seen []Counts
	o := options()
	o.Progress = func(c Counts) { seen = append(seen, c) }
	read(t, CSV, "lon,lat\n9,47\nnone,47\n10,47\n", o)
	if len(seen) != 3 || seen[2].Items != 3 || seen[2].Events != 2 || seen[2].Refused != 1 || seen[2].Bytes == 0 {
		t.Errorf("%+v", seen)
	}
}

func TestDetect(t *testing.T) {
	for _, c := range []struct {
		name, head string
		want       Format
	}{
		{"a.geojson", "", GeoJSON}, {`C:\data\A.JSON`, "", GeoJSON}, {"b.ndjson", "", GeoJSON}, {"c.CSV", "", CSV},
		{"d.tsv", "", CSV}, {"e.gpx", "", GPX},
		{"", " \n{", GeoJSON}, {"x", "\x1e{", GeoJSON}, {"x.txt", "\xef\xbb\xbfname;lon;lat\n", CSV}, {"x.xml", "<?xml", GPX},
		{"x", "hello world", ""}, {"x", "", ""}, {"x", "PK\x03\x04,\x00", ""},
	} {
		got, err := Detect(c.name, []byte(c.head))
		if got != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%q %q: %q, %v", c.name, c.head, got, err)
		}
	}
}
