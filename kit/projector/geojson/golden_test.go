package geojson

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write testdata/*.json anew")

// stories tell what the features of testdata/NAME.json are of.
var stories = map[string]func(tr *trace){
	"plain": func(tr *trace) {
		tr.add("A", alice, fields{"node_type": "hazard", "properties": fields{"title": "Road under water", "severity": 3, "tags": []any{"a", nil}}})
	},
	"bare": func(tr *trace) { tr.add("A", alice, nil) },
	"title": func(tr *trace) {
		tr.add("A", alice, fields{"node_type": "hut", "properties": fields{"name": "Name", "title": " "}})
		tr.add("B", alice, fields{"node_type": "hut", "properties": fields{"name": 7}})
	},
	"position": func(tr *trace) {
		a := tr.add("A", alice, fields{"transform": fields{"position": []any{9.5209, 47.141}, "rotation": []any{90}, "scale": []any{2}}})
		tr.add("move", alice, fields{"operation": "update_transform", "node_id": a, "transform": fields{"position": []any{9.6, 47.2, 455.5}}})
	},
	"geometry": func(tr *trace) {
		a := tr.add("A", alice, fields{"transform": fields{"position": []any{9.5209, 47.141}}})
		tr.add("line", alice, fields{"operation": "set_geometry", "node_id": a, "geometry": fields{"type": "LineString", "coordinates": [][]any{{9.51, 47.14}, {9.53, 47.15}}}})
		tr.add("B", alice, fields{"transform": fields{"position": []any{9.5209, 47.141}},
			"geometry": fields{"type": "Point", "coordinates": []any{9.52, 47.14}}})
		b := tr.add("C", alice, fields{"transform": fields{"position": []any{9.5209, 47.141}},
			"geometry": fields{"type": "Point", "coordinates": []any{9.52, 47.14}}})
		tr.add("none", alice, fields{"operation": "set_geometry", "node_id": b, "geometry": nil})
	},
	"collection": func(tr *trace) {
		tr.add("A", alice, fields{"geometry": fields{"type": "GeometryCollection", "geometries": []any{
			fields{"type": "Point", "coordinates": []any{9.52, 47.14}},
			fields{"type": "Polygon", "coordinates": [][][]any{{{9.52, 47.14}, {9.53, 47.14}, {9.53, 47.15}, {9.52, 47.14}}}}}}})
	},
	"tile": func(tr *trace) {
		tr.add("A", alice, fields{"tile": "z8/x134/y89"})
		tr.add("B", alice, fields{"tile": "z7/x67/y44"})
		tr.add("C", alice, fields{"tile": "z0/x0/y0"})
	},
	"null": func(tr *trace) {
		a := tr.add("A", alice, fields{"properties": fields{"state": "open", "depth": 2}})
		tr.add("clear", alice, fields{"operation": "set_properties", "node_id": a, "properties": fields{"depth": nil}})
	},
	"others": func(tr *trace) {
		tr.certify()
		tr.add("grant", root, fields{"layer_id": ".ulp", "tile": "z0/x0/y0", "operation": "set_properties",
			"properties": fields{"grant/" + public(bob): fields{"roles": []string{"write"}, "actors": []string{"user:bob"}}}})
		a := tr.add("A", alice, fields{"properties": fields{"state": "open", "depth": 2}})
		tr.add("closed", bob, fields{"operation": "set_properties", "node_id": a, "actor_id": "user:bob", "properties": fields{"state": "closed", "depth": nil}})
		tr.add("guess", root, fields{"operation": "set_properties", "node_id": a, "properties": fields{"state": "gone", "depth": 2},
			"scope": fields{"realm": "public", "authority": "derived", "boundary": "interior", "policy": "public"}})
	},
	"claims": func(tr *trace) {
		a := tr.add("A", alice, fields{"properties": fields{"state": "open"}})
		tr.add("gone", bob, fields{"operation": "set_properties", "node_id": a, "actor_id": "user:bob", "properties": fields{"state": "gone"}})
		tr.add("deleted", carol, fields{"operation": "delete_node", "node_id": a})
		tr.add("v0", nil, fields{"operation": "set_properties", "node_id": a, "properties": fields{"state": "?"}})
	},
	"settled": func(tr *trace) {
		a := tr.add("A", alice, fields{"properties": fields{"state": "open"}})
		gone := tr.add("gone", bob, fields{"operation": "set_properties", "node_id": a, "properties": fields{"state": "gone"}})
		tr.add("no", alice, fields{"operation": "set_properties", "node_id": a, "properties": fields{"state": "open"}, "previous_events": []string{gone}})
	},
	"unsigned": func(tr *trace) {
		tr.add("evt-001", nil, fields{"node_type": "hazard", "properties": fields{"title": "By nobody's key"}})
	},
	"media": func(tr *trace) {
		a := tr.add("A", alice, nil)
		photo := fields{"hash": "sha256:" + strings.Repeat("ab", 32), "type": "image/jpeg", "size": 9}
		tr.add("photo", alice, fields{"operation": "set_media", "node_id": a, "media": photo})
		tr.add("plan", alice, fields{"operation": "set_media", "node_id": a, "slot": "plan", "media": photo})
		tr.add("none", alice, fields{"operation": "set_media", "node_id": a, "slot": "plan", "media": nil})
	},
	"derived": func(tr *trace) {
		tr.certify()
		tr.add("grant", root, fields{"layer_id": ".ulp", "tile": "z0/x0/y0", "operation": "set_properties",
			"properties": fields{"grant/" + public(carol): fields{"roles": []string{"kit"}}}})
		tellPictures(tr)
	},
	"links": func(tr *trace) {
		a, b := tr.add("A", alice, nil), tr.add("B", alice, nil)
		tr.add("link", alice, fields{"operation": "link_nodes", "node_id": a, "to_node": b, "link_type": "leads to"})
		gone := tr.add("cut", alice, fields{"operation": "link_nodes", "node_id": a, "to_node": b})
		tr.add("claimed", bob, fields{"operation": "link_nodes", "node_id": b, "to_node": a, "to_tile": "z14/x8625/y5754",
			"scope": fields{"realm": "public", "authority": "source", "boundary": "boundary", "policy": "public"}})
		tr.add("unlink", alice, fields{"operation": "unlink_nodes", "node_id": a, "links": []string{gone}})
	},
	"deleted": func(tr *trace) {
		a := tr.add("A", alice, nil)
		tr.add("B", alice, nil)
		tr.add("delete", alice, fields{"operation": "delete_node", "node_id": a})
	},
	"merged": func(tr *trace) {
		a, b, c := tr.add("A", alice, nil), tr.add("B", alice, nil), tr.add("C", alice, nil)
		tr.add("ab", alice, fields{"operation": "merge", "node_id": a, "into_node": b})
		tr.add("bc", alice, fields{"operation": "merge", "node_id": b, "into_node": c})
		tr.add("claimed", bob, fields{"operation": "merge", "node_id": c, "into_node": a})
	},
	"merged into nothing here": func(tr *trace) {
		a, b := tr.add("A", alice, nil), tr.add("B", alice, nil)
		tr.add("far", alice, fields{"operation": "merge", "node_id": a, "into_node": "evt-" + strings.Repeat("a", 32)})
		tr.add("ba", alice, fields{"operation": "merge", "node_id": b, "into_node": a})
	},
	"merged in a circle": func(tr *trace) {
		a, b, c := tr.add("A", alice, nil), tr.add("B", alice, nil), tr.add("C", alice, nil)
		tr.add("ab", alice, fields{"operation": "merge", "node_id": a, "into_node": b})
		tr.add("ba", alice, fields{"operation": "merge", "node_id": b, "into_node": a})
		tr.add("ca", alice, fields{"operation": "merge", "node_id": c, "into_node": a})
	},
	"merged into what was deleted": func(tr *trace) {
		a, b := tr.add("A", alice, nil), tr.add("B", alice, nil)
		tr.add("ab", alice, fields{"operation": "merge", "node_id": a, "into_node": b})
		tr.add("delete", alice, fields{"operation": "delete_node", "node_id": b})
	},
	"merged lends": func(tr *trace) {
		b := tr.add("B", alice, fields{"node_type": "hazard", "transform": fields{"position": []any{9.5209, 47.141}}, "properties": fields{"title": "Bridge", "state": "open", "gone": 1}})
		tr.add("clear", alice, fields{"operation": "set_properties", "node_id": b, "properties": fields{"gone": nil}})
		tr.add("low", alice, fields{"operation": "sensor_reading", "node_id": b, "sensor": "level", "value": 1})
		a := tr.add("A", alice, fields{"node_type": "flood", "transform": fields{"position": []any{9.53, 47.142}}, "properties": fields{"title": "Bridge", "state": "closed", "depth": 2, "gone": 2}})
		tr.add("photo", alice, fields{"operation": "set_media", "node_id": a, "media": fields{"hash": "sha256:" + strings.Repeat("ab", 32), "type": "image/jpeg", "size": 9}})
		tr.add("high", alice, fields{"operation": "sensor_reading", "node_id": a, "sensor": "level", "value": 3})
		tr.add("says", bob, fields{"operation": "set_properties", "node_id": a, "properties": fields{"state": "gone"}})
		d := tr.add("D", bob, nil)
		tr.add("leads", alice, fields{"operation": "link_nodes", "node_id": a, "to_node": d})
		tr.add("inner", alice, fields{"operation": "link_nodes", "node_id": a, "to_node": b})
		c := tr.add("C", alice, fields{"properties": fields{"depth": 4}})
		tr.add("ca", alice, fields{"operation": "merge", "node_id": c, "into_node": a})
		tr.add("ab", alice, fields{"operation": "merge", "node_id": a, "into_node": b})
	},
	"merged lends its place": func(tr *trace) {
		b := tr.add("B", alice, fields{"properties": fields{"title": "Somewhere"}})
		a := tr.add("A", alice, fields{"transform": fields{"position": []any{9.5209, 47.141}, "rotation": []any{90}}})
		tr.add("ab", alice, fields{"operation": "merge", "node_id": a, "into_node": b})
	},
	"merged by a stranger": func(tr *trace) {
		b := tr.add("B", alice, fields{"properties": fields{"state": "open", "same": 1}})
		a := tr.add("A", bob, fields{"transform": fields{"position": []any{9.5209, 47.141}}, "properties": fields{"state": "closed", "depth": 2, "same": 1, "title": "All clear"}})
		tr.add("level", bob, fields{"operation": "sensor_reading", "node_id": a, "sensor": "level", "value": 3, "unit": "m"})
		tr.add("leads", bob, fields{"operation": "link_nodes", "node_id": a, "to_node": b})
		again := tr.add("again", bob, fields{"properties": fields{"state": "no, closed"}})
		tr.add("again b", bob, fields{"operation": "merge", "node_id": again, "into_node": b})
		tr.add("ab", bob, fields{"operation": "merge", "node_id": a, "into_node": b})
	},
	"merged then deleted": func(tr *trace) {
		b := tr.add("B", alice, fields{"properties": fields{"state": "open"}})
		a := tr.add("A", alice, fields{"properties": fields{"state": "closed", "depth": 2}})
		tr.add("ab", alice, fields{"operation": "merge", "node_id": a, "into_node": b})
		tr.add("delete", alice, fields{"operation": "delete_node", "node_id": a})
	},
	"merged into what a stranger deleted": func(tr *trace) {
		b := tr.add("B", bob, nil)
		a := tr.add("A", alice, fields{"properties": fields{"state": "closed"}})
		c := tr.add("C", bob, nil)
		tr.add("cb", bob, fields{"operation": "merge", "node_id": c, "into_node": b})
		tr.add("ab", alice, fields{"operation": "merge", "node_id": a, "into_node": b})
		tr.add("delete", bob, fields{"operation": "delete_node", "node_id": b})
	},
	"merged elsewhere later": func(tr *trace) {
		a, b, c := tr.add("A", alice, nil), tr.add("B", alice, nil), tr.add("C", alice, nil)
		tr.add("ab", alice, fields{"operation": "merge", "node_id": a, "into_node": b})
		tr.add("ac", alice, fields{"operation": "merge", "node_id": a, "into_node": c})
	},
	"sensors": func(tr *trace) {
		a := tr.add("A", alice, fields{"node_type": "gauge", "transform": fields{"position": []any{9.5209, 47.141}}})
		tr.add("level", alice, fields{"operation": "sensor_reading", "node_id": a, "sensor": "water_level", "value": 1.42, "unit": "m"})
		tr.add("open", alice, fields{"operation": "sensor_reading", "node_id": a, "sensor": "gate", "value": true})
		tr.add("claimed", bob, fields{"operation": "sensor_reading", "node_id": a, "sensor": "water_level", "value": 9, "unit": "m"})
		tr.add("rain", bob, fields{"operation": "sensor_reading", "layer_id": "weather", "actor_id": "node:esp32_A12", "sensor": "rain", "value": "much"})
		tr.add("far", bob, fields{"operation": "sensor_reading", "layer_id": "weather", "tile": "z3/x4/y2", "sensor": "rain", "value": 0})
	},
	"uncertain": func(tr *trace) {
		tr.uncertain[tr.add("A", alice, fields{"properties": fields{"state": "open"}})] = true
		b := tr.add("B", alice, fields{"properties": fields{"state": "open"}})
		tr.uncertain[tr.add("closed", alice, fields{"operation": "set_properties", "node_id": b, "properties": fields{"state": "closed"}})] = true
		c := tr.add("C", alice, nil)
		tr.uncertain[tr.add("claim", bob, fields{"operation": "set_properties", "node_id": c, "properties": fields{"state": "closed"}})] = true
		tr.uncertain[tr.add("rain", bob, fields{"operation": "sensor_reading", "sensor": "rain", "value": 1})] = true
	},
}

func TestFeatures(t *testing.T) {
	for name, tell := range stories {
		t.Run(name, func(t *testing.T) {
			tr := newTrace(t)
			tell(tr)
			c := tr.fold()
			var lines []string
			Each(c, Filter{}, func(f Feature) bool {
				text, err := Marshal(&f)
				if err != nil {
					t.Fatal(err)
				}
				var pretty bytes.Buffer
				if err := json.Indent(&pretty, text, "", " "); err != nil {
					t.Fatal(err)
				}
				lines = append(lines, tr.named(pretty.String()))
				if found, ok := Find(c, f.ID); !ok || found.Properties.Title != f.Properties.Title {
					t.Errorf("%s is not found by its id", f.ID)
				}
				return true
			})
			// Ids order what stands in a tile; by name it can be read.
			slices.Sort(lines)
			got := strings.Join(lines, "\n") + "\n"
			path := filepath.Join("testdata", strings.ReplaceAll(name, " ", "_")+".json")
			if *update {
				if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) != len(stories) {
		t.Errorf("%d files for %d stories, %v", len(files), len(stories), err)
	}
}
