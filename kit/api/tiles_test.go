package api

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	orbmvt "github.com/paulmach/orb/encoding/mvt"

	"fieldkit/maps/tile"
)

// standing is a place, with the tile that a node made there bears.
func standing(lon, lat float64) fields {
	return fields{"tile": tile.At(lon, lat, 14).String(), "transform": fields{"position": []any{lon, lat}}}
}

// over is the first with the members of the others.
func over(all ...fields) fields {
	out := make(fields)
	for _, f := range all {
		for name, value := range f {
			out[name] = value
		}
	}
	return out
}

func TestTiles(t *testing.T) {
	k := newKit(t, Config{})
	k.take(sign(t, key(2), over(standing(9.5, 47.1), fields{"layer_id": "needs", "properties": fields{"title": "Blankets"}})))
	const path = "/api/v1/spaces/camp/tiles/14/8624/5756"
	zipped := http.Header{"Accept-Encoding": {"gzip"}}
	r := k.do("GET", path, zipped, nil)
	tag := r.Header.Get("Etag")
	if r.StatusCode != 200 || r.Header.Get("Content-Type") != "application/vnd.mapbox-vector-tile" || r.Header.Get("Content-Encoding") != "gzip" ||
		r.Header.Get("Cache-Control") != "no-cache" || r.Header.Get("Vary") != "Accept-Encoding" || len(tag) < 10 || r.ContentLength != int64(len(r.body)) {
		t.Fatal(r)
	}
	reader, err := gzip.NewReader(bytes.NewReader(r.body))
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(reader)
	if err != nil {
		t.Fatal(err)
	}
	layers, err := orbmvt.Unmarshal(data)
	if err != nil || len(layers) != 1 || layers[0].Name != "needs" || layers[0].Features[0].Properties["title"] != "Blankets" {
		t.Fatalf("%v %+v", err, layers)
	}
	for _, header := range []http.Header{{"Accept-Encoding": {"identity"}}, {"Accept-Encoding": {"gzip;q=0, br"}}} {
		plain := k.do("GET", path+".mvt", header, nil)
		if plain.Header.Get("Content-Encoding") != "" || !bytes.Equal(plain.body, data) || plain.Header.Get("Etag") == tag {
			t.Errorf("%s", plain)
		}
	}
	same := k.do("GET", path, http.Header{"Accept-Encoding": {"gzip"}, "If-None-Match": {tag}}, nil)
	if same.StatusCode != 304 || len(same.body) != 0 || same.Header.Get("Etag") != tag {
		t.Errorf("%s", same)
	}
	head := k.do("HEAD", path, zipped, nil)
	if head.StatusCode != 200 || head.ContentLength != r.ContentLength || len(head.body) != 0 {
		t.Errorf("%s", head)
	}
	if empty := k.get("/api/v1/spaces/camp/tiles/14/0/0"); empty.StatusCode != 204 || empty.Header.Get("Cache-Control") != "no-cache" {
		t.Errorf("%s", empty)
	}
	// What comes is in the tile at once, and the tag is another.
	k.take(sign(t, key(2), over(standing(9.501, 47.1), fields{"layer_id": "needs"})))
	if after := k.do("GET", path, http.Header{"Accept-Encoding": {"gzip"}, "If-None-Match": {tag}}, nil); after.StatusCode != 200 || after.Header.Get("Etag") == tag {
		t.Errorf("%s", after)
	}
	if past := k.do("GET", path+fmt.Sprint("?at=", start-1), zipped, nil); past.StatusCode != 204 {
		t.Errorf("before the first event: %s", past)
	}
	if past := k.do("GET", path+fmt.Sprint("?at=", start+1), zipped, nil); past.StatusCode != 200 {
		t.Errorf("%s", past)
	}
	k.get("/api/v1/spaces/nowhere/tiles/14/8624/5756").isProblem(t, 404, "space")
	for _, wrong := range []string{"23/0/0", "2/4/0", "2/0/4", "-1/0/0", "2/0/x", "02/0/0", "2/0/0.png", "z2/x0/y0"} {
		k.get("/api/v1/spaces/camp/tiles/"+wrong).isProblem(t, 400, "")
	}
	if one := k.get(path + "?groups=space&without=roads,needs,roads"); one.StatusCode != 204 {
		t.Errorf("%s", one)
	}
	if one := k.get(path + "?groups=space&without=roads"); one.StatusCode != 200 {
		t.Errorf("%s", one)
	}
	for query, field := range map[string]string{"groups=x": "groups", "without=a,,b": "without", "without=.ulp": "without", "without=" + strings.Repeat("a,", 99) + "b": "without"} {
		want := field
		if strings.HasPrefix(query, "without=a,a") {
			want = "" // one name, often: that is one name
		}
		if r := k.get(path + "?" + query); want == "" && r.StatusCode != 200 {
			t.Errorf("%s", r)
		} else if want != "" {
			r.isProblem(t, 400, want)
		}
	}
	k.get(path+"?at=x").isProblem(t, 400, "at")
	k.get(path+"?v=1").isProblem(t, 400, "v")
}

func TestTileJSON(t *testing.T) {
	k := newKit(t, Config{})
	k.take(sign(t, key(2), standing(9.5, 47.1)), sign(t, key(2), over(standing(9.6, 47.2), fields{"layer_id": "needs"})))
	var doc struct {
		TileJSON, Name, Scheme, Format string
		Tiles                          []string
		MinZoom, MaxZoom               int
		Bounds                         []float64
		VectorLayers                   []struct {
			ID     string
			Fields map[string]string
		} `json:"vector_layers"`
	}
	k.read("/api/v1/spaces/camp/tiles.json", &doc)
	if doc.TileJSON != "3.0.0" || doc.Scheme != "xyz" || len(doc.Tiles) != 1 || doc.Tiles[0] != k.server.URL+"/api/v1/spaces/camp/tiles/{z}/{x}/{y}" ||
		doc.MinZoom != 0 || doc.MaxZoom != 15 || fmt.Sprint(doc.Bounds) != "[9.5 47.1 9.6 47.2]" || len(doc.VectorLayers) != 2 ||
		doc.VectorLayers[0].ID != "hazards" || doc.VectorLayers[0].Fields["severity"] != "Number" || doc.VectorLayers[0].Fields["cluster"] != "Boolean" {
		t.Errorf("%+v", doc)
	}
	k.read(fmt.Sprint("/api/v1/spaces/camp/tiles.json?at=", start), &doc)
	if !strings.HasSuffix(doc.Tiles[0], fmt.Sprint("?at=", start)) {
		t.Errorf("%+v", doc)
	}
	k.get("/api/v1/spaces/nowhere/tiles.json").isProblem(t, 404, "space")
	k.get("/api/v1/spaces/camp/tiles.json?z=1").isProblem(t, 400, "z")
}

// TestTilesOfOneMomentCostOneFold: a map that asks for many tiles of an earlier moment is not held up as if each were a
// moment of its own.
func TestTilesOfOneMomentCostOneFold(t *testing.T) {
	k := newKit(t, Config{ReadBurst: 10_000, ReadsPerSecond: 1e4, PastBurst: 3, PastPerSecond: 1e-6})
	k.take(sign(t, key(2), standing(9.5, 47.1)))
	if r := k.get(fmt.Sprint("/api/v1/spaces/camp/tiles.json?at=", start)); r.StatusCode != 200 {
		t.Fatal(r)
	}
	for x := range 40 {
		if r := k.get(fmt.Sprintf("/api/v1/spaces/camp/tiles/14/%d/5756?at=%d", 8600+x, start)); r.StatusCode >= 300 {
			t.Fatal(r)
		}
	}
	refused := false
	for i := range 4 {
		refused = refused || k.get(fmt.Sprint("/api/v1/spaces/camp/tiles/14/8624/5756?at=", start+1+i)).StatusCode == 429
	}
	if !refused {
		t.Error("moments that have to be folded are not counted")
	}
}

func TestLatest(t *testing.T) {
	k := newKit(t, Config{})
	first := sign(t, key(2), over(standing(9.5, 47.1), fields{"timestamp": start, "properties": fields{"title": "Bridge out"}}))
	second := sign(t, key(2), over(standing(9.51, 47.1), fields{"timestamp": start + 1, "layer_id": "needs", "properties": fields{"title": "Blankets"}}))
	third := sign(t, key(2), over(standing(9.7, 47.3), fields{"timestamp": start + 2, "node_type": "bridge"}))
	gone := sign(t, key(2), over(standing(9.7, 47.3), fields{"timestamp": start + 3}))
	k.take(first, second, third, gone,
		sign(t, key(2), fields{"timestamp": start + 5, "operation": "set_properties", "node_id": first.ID, "tile": first.Tile.String(), "previous_events": []string{first.ID}, "properties": fields{"depth": 2}}),
		sign(t, key(2), fields{"timestamp": start + 6, "operation": "delete_node", "node_id": gone.ID, "tile": gone.Tile.String(), "previous_events": []string{gone.ID}}))
	names := strings.NewReplacer(first.ID, "first", second.ID, "second", third.ID, "third")
	for query, want := range map[string]string{
		"latest=50": "[first third second]", "latest=2": "[first third]", "latest=50&layer=needs": "[second]", "latest=50&bbox=9.4,47,9.6,47.2": "[first second]",
		"latest=50&text=BRIDGE": "[first third]", "latest=50&text=blank": "[second]", "latest=50&text=needs": "[second]", "latest=50&text=zzz": "[]",
		fmt.Sprint("latest=50&at=", start+1): "[second first]", "latest=9&tile=z14/x8624/y5756": "[first second]",
	} {
		var state struct {
			Type, Cursor, Digest string
			Features             []struct{ ID string }
		}
		k.read("/api/v1/spaces/camp/state?"+query, &state)
		got := []string{}
		for _, f := range state.Features {
			got = append(got, f.ID)
		}
		if s := names.Replace(fmt.Sprint(got)); s != want || state.Type != "FeatureCollection" || state.Cursor == "" || state.Digest == "" {
			t.Errorf("%s: %s, want %s", query, s, want)
		}
	}
	for query, field := range map[string]string{"latest=0": "latest", "latest=1001": "latest", "text=x": "text", "latest=5&format=canonical": "format"} {
		k.get("/api/v1/spaces/camp/state?"+query).isProblem(t, 400, field)
	}
	k.get("/api/v1/spaces/nowhere/state?latest=5").isProblem(t, 404, "space")
}
