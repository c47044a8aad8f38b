package event

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestDecimalsAreCountedOnTheNumberNotItsSpelling(t *testing.T) {
	for number, want := range map[string]int{
		"0": 0, "1": 0, "-180": 0, "9.5": 1, "9.5209001": 7, "1e-7": 7, "1.5e-7": 8, "-1.25e-9": 11, "0.000001": 6, "123456.1234567": 7,
	} {
		if got := decimals(number); got != want {
			t.Errorf("%s has %d, not %d", number, want, got)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		f := rapid.Float64Range(-1e7, 1e7).Draw(t, "f")
		if rapid.Bool().Draw(t, "few") {
			k := rapid.IntRange(0, 9).Draw(t, "decimals")
			f, _ = strconv.ParseFloat(strconv.FormatFloat(f, 'f', k, 64), 64)
		}
		canonical := canonicalText(t, strconv.FormatFloat(f, 'g', -1, 64))
		_, fraction, _ := strings.Cut(strconv.FormatFloat(f, 'f', -1, 64), ".")
		if got := decimals(canonical); got != len(fraction) {
			t.Fatalf("%s has %d, not %d", canonical, len(fraction), got)
		}
	})
}

// geometries are good GeoJSON geometries with their first position.
func geometries(collect bool) *rapid.Generator[[2]string] {
	return rapid.Custom(func(t *rapid.T) [2]string {
		position := func() string {
			p := fmt.Sprintf("[%d.%07d,%d.5", rapid.IntRange(-179, 179).Draw(t, "lon"), rapid.IntRange(0, 9999999).Draw(t, "decimals"), rapid.IntRange(-89, 89).Draw(t, "lat"))
			if rapid.Bool().Draw(t, "high") {
				p += ",455.2"
			}
			return p + "]"
		}
		list := func(least int, part func() string) string {
			parts := make([]string, rapid.IntRange(least, least+2).Draw(t, "n"))
			for i := range parts {
				parts[i] = part()
			}
			return "[" + strings.Join(parts, ",") + "]"
		}
		line := func() string { return list(2, position) }
		polygon := func() string {
			return list(1, func() string {
				ends := position()
				return "[" + ends + "," + position() + "," + position() + "," + ends + "]"
			})
		}
		make := map[string]func() string{
			"Point": position, "MultiPoint": func() string { return list(1, position) }, "LineString": line,
			"MultiLineString": func() string { return list(1, line) }, "Polygon": polygon, "MultiPolygon": func() string { return list(1, polygon) },
		}
		kinds := []string{"Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon"}
		if collect {
			kinds = append(kinds, "GeometryCollection")
		}
		kind := rapid.SampledFrom(kinds).Draw(t, "type")
		extra := rapid.SampledFrom([]string{"", `"bbox":[1,2,3,4],`, `"a":[[7,7]],`, `"zone":{"coordinates":[8,8]},`}).Draw(t, "extra")
		if kind == "GeometryCollection" {
			parts := rapid.SliceOfN(geometries(false), 1, 3).Draw(t, "geometries")
			var texts []string
			for _, p := range parts {
				texts = append(texts, p[0])
			}
			if rapid.Bool().Draw(t, "bait") {
				extra += `"coordinates":[6,6],`
			}
			return [2]string{`{` + extra + `"type":"GeometryCollection","geometries":[` + strings.Join(texts, ",") + `]}`, parts[0][1]}
		}
		if rapid.Bool().Draw(t, "bait") {
			extra += `"geometries":[{"type":"Point","coordinates":[6,6]}],`
		}
		coordinates := make[kind]()
		begin := strings.LastIndexByte(coordinates[:strings.IndexFunc(coordinates, func(c rune) bool { return c != '[' })], '[')
		return [2]string{`{` + extra + `"type":"` + kind + `","coordinates":` + coordinates + `}`, coordinates[begin : begin+strings.IndexByte(coordinates[begin:], ']')+1]}
	})
}

func TestFirstPositionIsThatOfTheMemberTheTypeNames(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := geometries(true).Draw(t, "geometry")
		text, want := canonicalText(t, g[0]), canonicalText(t, g[1])
		if r := checkGeometry("geometry", text, true); r != nil {
			t.Fatalf("%s: %v", text, r)
		}
		if got := FirstPosition(text); got != want {
			t.Fatalf("the first position of %s is %q, want %s", text, got, want)
		}
		if r := checkPosition("p", want); r != nil {
			t.Fatal(r)
		}
		e := Event{Payload: Payload{Geometry: text}}
		lon, lat, ok := e.Anchor()
		if part := strings.Split(want[1:len(want)-1], ","); !ok || part[0] != canonicalText(t, fmt.Sprint(lon)) || part[1] != canonicalText(t, fmt.Sprint(lat)) {
			t.Fatalf("the anchor of %s is %v, %v, %v", text, lon, lat, ok)
		}
	})
}

func TestFirstPositionOfNoGeometryIsNone(t *testing.T) {
	for _, text := range []string{"", "null", "[]", "{}", `{"type":"Point"}`, `{"type":"GeometryCollection","coordinates":[[1,2]]}`, `{"geometries":[{"coordinates":[1,2],"type":"Point"}],"type":"Point"}`} {
		if got := FirstPosition(text); got != "" {
			t.Errorf("%s has %q", text, got)
		}
	}
}

func TestAnchorIsThePositionBeforeTheGeometry(t *testing.T) {
	e := Event{Payload: Payload{Position: "[1,2,3]", Geometry: `{"coordinates":[4,5],"type":"Point"}`}}
	if lon, lat, ok := e.Anchor(); lon != 1 || lat != 2 || !ok {
		t.Errorf("%v %v %v", lon, lat, ok)
	}
	if _, _, ok := (&Event{Payload: Payload{Geometry: "null"}}).Anchor(); ok {
		t.Error("a cleared geometry has an anchor")
	}
}
