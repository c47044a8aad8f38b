package api

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"fieldkit/kit/event"
)

const (
	jsonType  = "application/json"
	linesType = "application/x-ndjson"
)

// indent is an event as a person would lay it out.
func indent(e *event.Event) string {
	return strings.NewReplacer(`,"`, ",\n  \"", `{"`, "{\n  \"").Replace(e.Text)
}

func TestBodiesAreTakenApart(t *testing.T) {
	good := series(t, key(2), 3, nil)
	a, b, c := good[0].Text, good[1].Text, good[2].Text
	for _, tc := range []struct {
		name, kind, body string
		want             string // a word for each verdict
	}{
		{"one event", jsonType, a, "taken"},
		{"one event with a line feed", jsonType, a + "\n", "taken"},
		{"laid out over lines", jsonType, indent(good[0]), "taken"},
		{"laid out, type unknown", "", indent(good[0]), "taken"},
		{"laid out, as curl sends it", "application/x-www-form-urlencoded", indent(good[0]) + "\n", "taken"},
		{"with a charset", "application/json; charset=utf-8", a, "taken"},
		{"type in capitals", "Application/JSON", a, "taken"},
		{"a type that is none", "what/is/this", a, "taken"},
		{"array", jsonType, "[" + a + "," + b + "]", "taken taken"},
		{"array over lines", jsonType, " [\n" + a + " ,\r\n" + b + "\n]\n", "taken taken"},
		{"array, type unknown", "text/plain", "[" + a + "," + b + "]", "taken taken"},
		{"array of the same", jsonType, "[" + a + "," + a + "]", "taken known"},
		{"empty array", jsonType, "[]", ""},
		{"lines", linesType, a + "\n" + b + "\n" + c + "\n", "taken taken taken"},
		{"lines without an end", linesType, a + "\n" + b, "taken taken"},
		{"lines of Windows", linesType, a + "\r\n" + b + "\r\n", "taken taken"},
		{"lines with empty ones", linesType, "\n\n" + a + "\n  \t\n\r\n" + b + "\n\n", "taken taken"},
		{"lines, type unknown", "", a + "\n" + b, "taken taken"},
		{"lines, said to be JSON", jsonType, a + "\n" + b, "taken taken"},
		{"lines around a bad one, said to be JSON", jsonType, a + "\nno\n" + b, "taken syntax taken"},
		{"lines around a bad one", linesType, a + "\n{\"event_id\":\n" + b + "\nNaN\n" + c, "taken syntax taken syntax taken"},
		{"bad first line", "", "no\n" + a, "syntax taken"},
		{"nothing", jsonType, "", ""},
		{"nothing, as lines", linesType, "", ""},
		{"blanks", jsonType, " \r\n\t ", ""},
		{"byte order mark", jsonType, "\ufeff" + a, "syntax"},
		{"byte order mark before lines", linesType, "\ufeff" + a + "\n" + b, "syntax taken"},
		{"byte order mark before an array", jsonType, "\ufeff[" + a + "]", "syntax"},
		{"an array in a line", linesType, "[" + a + "]\n" + b, "type taken"},
		{"array cut off within an element", jsonType, "[" + a + "," + b[:100], "taken syntax"},
		{"array cut off between elements", jsonType, "[" + a + ",", "taken syntax"},
		{"array without an end", jsonType, "[" + a + "," + b, "taken taken syntax"},
		{"array with a comma too many", jsonType, "[" + a + "," + b + ",]", "taken taken syntax"},
		{"array with two commas", jsonType, "[" + a + ",," + b + "]", "taken syntax taken"},
		{"array without a comma", jsonType, "[" + a + b + "]", "taken syntax"},
		{"array that begins with a comma", jsonType, "[," + a + "]", "syntax taken"},
		{"array and an event behind it", jsonType, "[" + a + "]" + b, "taken syntax"},
		{"array and an array behind it", jsonType, "[" + a + "] [" + b + "]", "taken syntax"},
		{"array closed by a brace", jsonType, "[" + a + "}", "taken syntax"},
		{"array with what is no JSON", jsonType, "[" + a + ",NaN," + b + "]", "taken syntax taken"},
		{"array with a comment", jsonType, "[" + a + ",/* */" + b + "]", "taken syntax"},
		{"array of other things", jsonType, `[null,1,"x",[],true]`, "type type type type type"},
		{"array with bad elements", jsonType, "[" + a + `,{"event_id":1,"event_id":1},{},` + b + "]", "taken duplicate_key missing taken"},
		{"array with an element that is not UTF-8", jsonType, "[" + a + ",{\"a\":\"\xff\"}," + b + "]", "taken utf8 taken"},
		{"only an opening bracket", jsonType, "[", "syntax"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			k := newKit(t, Config{})
			r := k.post(tc.kind, []byte(tc.body))
			var words []string
			taken := 0
			for i, v := range r.Verdicts {
				if v.Index != i {
					t.Errorf("verdict %d has the index %d", i, v.Index)
				}
				word := v.Status
				if word == "refused" {
					word = v.Rule
				}
				if v.Status == "refused" && v.Message == "" {
					t.Errorf("a refusal without words: %+v", v)
				}
				words = append(words, word)
				if v.Status == "taken" {
					taken++
				}
			}
			if got := strings.Join(words, " "); got != tc.want {
				t.Errorf("%s, want %s", got, tc.want)
			}
			if want := fmt.Sprint(r.Taken, r.Known, r.Refused); want != fmt.Sprint(taken, strings.Count(tc.want, "known"), len(words)-taken-strings.Count(tc.want, "known")) {
				t.Errorf("sums %s", want)
			}
			if (r.status == 422) != (len(words) > 0 && r.Refused == len(words)) || r.status != 422 && r.status != 200 {
				t.Errorf("status %d", r.status)
			}
			if r.status == 422 && (r.Detail == "" || r.Rule != r.Verdicts[0].Rule || r.Title == "") {
				t.Errorf("the problem says %q %q %q", r.Title, r.Detail, r.Rule)
			}
			if n := len(k.stored()); n != taken {
				t.Errorf("%d are stored, %d taken", n, taken)
			}
		})
	}
}

// bad are events that are refused, each among good ones that are taken.
func bad(t *testing.T) map[string]struct{ body, rule, field string } {
	one, other := sign(t, key(2), nil), sign(t, key(3), fields{"timestamp": start + 1})
	swap := func(s, old, new string) string {
		t.Helper()
		if strings.Count(s, old) == 0 {
			t.Fatalf("%q is not in %s", old, s)
		}
		return strings.Replace(s, old, new, 1)
	}
	value := func(e *event.Event) string {
		_, rest, _ := strings.Cut(e.Text, `"value":"`)
		text, _, _ := strings.Cut(rest, `"`)
		return text
	}
	v0 := func(over fields) string { return unsigned("evt-1", over) }
	node := "evt-" + strings.Repeat("a", 32)
	return map[string]struct{ body, rule, field string }{
		"not an object":                   {`"event"`, "type", ""},
		"truncated":                       {one.Text[:len(one.Text)-1], "syntax", ""},
		"two values":                      {one.Text + one.Text, "syntax", ""},
		"invalid UTF-8":                   {swap(v0(nil), "user:dave", "user:\xff\xfe"), "utf8", ""},
		"lone surrogate":                  {swap(v0(nil), "user:dave", `\ud800`), "utf8", "actor_id"},
		"NaN":                             {swap(v0(nil), "1781352000", "NaN"), "syntax", "timestamp"},
		"1e400":                           {swap(v0(nil), "1781352000", "1e400"), "number", "timestamp"},
		"1e400 in a property":             {swap(v0(fields{"properties": fields{"a": 7}}), `"a":7`, `"a":1e400`), "number", "properties.a"},
		"2^53+1":                          {swap(v0(nil), "1781352000", "9007199254740993"), "number", "timestamp"},
		"duplicate key":                   {swap(v0(nil), "{", `{"tile":"z0/x0/y0",`), "duplicate_key", "tile"},
		"duplicate key, escaped":          {swap(v0(nil), "{", `{"til\u0065":"z0/x0/y0",`), "duplicate_key", "tile"},
		"duplicate key, deep":             {swap(v0(fields{"properties": fields{"a": 7}}), `"a":7`, `"a":{"b":{"c":1,"c":1}}`), "duplicate_key", "properties.a.b.c"},
		"nested too deep":                 {swap(v0(fields{"properties": fields{"a": 7}}), `"a":7`, `"a":`+strings.Repeat("[", 15)+strings.Repeat("]", 15)), "depth", ""},
		"nested absurdly deep":            {swap(v0(fields{"properties": fields{"a": 7}}), `"a":7`, `"a":`+strings.Repeat("[", 20000)+strings.Repeat("]", 20000)), "depth", ""},
		"too long":                        {v0(fields{"properties": fields{"a": strings.Repeat("x", 17000)}}), "size", ""},
		"a line too long":                 {v0(fields{"properties": fields{"a": strings.Repeat("x", 70000)}}), "size", ""},
		"timestamp a string":              {v0(fields{"timestamp": "1781352000"}), "type", "timestamp"},
		"timestamp a fraction":            {v0(fields{"timestamp": 1.5}), "type", "timestamp"},
		"timestamp before 1970":           {v0(fields{"timestamp": -1}), "range", "timestamp"},
		"timestamp after 9999":            {v0(fields{"timestamp": int64(event.MaxTimestamp) + 1}), "range", "timestamp"},
		"no space":                        {v0(fields{"space_id": nil}), "missing", "space_id"},
		"space with a slash":              {v0(fields{"space_id": "../camp"}), "name", "space_id"},
		"layer a number":                  {v0(fields{"layer_id": 7}), "type", "layer_id"},
		"another's key as actor":          {v0(fields{"actor_id": "key:" + public(key(2))}), "name", "actor_id"},
		"scope without policy":            {v0(fields{"scope": fields{"realm": "team", "authority": "source", "boundary": "interior"}}), "missing", "scope.policy"},
		"scope of another realm":          {v0(fields{"scope": fields{"realm": "mine", "authority": "source", "boundary": "interior", "policy": "public"}}), "scope", "scope.realm"},
		"previous a string":               {v0(fields{"previous_events": "evt-2"}), "type", "previous_events"},
		"itself as previous":              {v0(fields{"previous_events": []string{"evt-1"}}), "previous", "previous_events[0]"},
		"too many previous":               {v0(fields{"previous_events": strings.Fields("a b c d e f g h i j k l m n o p q")}), "previous", "previous_events"},
		"tile of zoom 23":                 {v0(fields{"tile": "z23/x0/y0"}), "tile", "tile"},
		"tile outside the world":          {v0(fields{"tile": "z1/x2/y0"}), "tile", "tile"},
		"tile with a leading zero":        {v0(fields{"tile": "z01/x0/y0"}), "tile", "tile"},
		"tile finer than home":            {v0(fields{"tile": "z15/x0/y0"}), "tile", "tile"},
		"position east of the world":      {v0(fields{"transform": fields{"position": []any{180.1, 0}}}), "position", "transform.position[0]"},
		"position north of the pole":      {v0(fields{"transform": fields{"position": []any{0, 90.5}}}), "position", "transform.position[1]"},
		"position with 8 decimals":        {v0(fields{"transform": fields{"position": []any{9.12345678, 47}}}), "position", "transform.position[0]"},
		"position of one number":          {v0(fields{"transform": fields{"position": []any{9}}}), "position", "transform.position"},
		"position in another tile":        {v0(fields{"transform": fields{"position": []any{100, 47}}}), "tile", "tile"},
		"ring not closed":                 {v0(fields{"geometry": fields{"type": "Polygon", "coordinates": [][][]any{{{0, 0}, {1, 0}, {1, 1}, {0, 1}}}}}), "payload", "geometry.coordinates[0]"},
		"create with a node_id":           {v0(fields{"node_id": node}), "exclusion", "node_id"},
		"set_properties of no node":       {v0(fields{"operation": "set_properties", "properties": fields{"a": 1}}), "consistency", "node_id"},
		"about itself":                    {v0(fields{"operation": "delete_node", "node_id": "evt-1"}), "consistency", "node_id"},
		"a link far away":                 {v0(fields{"operation": "link_nodes", "node_id": node, "to_node": node, "to_tile": "z14/x1/y1", "scope": fields{"realm": "team", "authority": "source", "boundary": "boundary", "policy": "public"}}), "adjacency", "to_tile"},
		"a derived delete":                {v0(fields{"operation": "delete_node", "node_id": node, "scope": fields{"realm": "team", "authority": "derived", "boundary": "interior", "policy": "public"}}), "authority_nontransfer", "scope.authority"},
		"an invariant not named":          {v0(fields{"preserves_invariants": []string{"adjacency"}}), "invariants", "preserves_invariants"},
		"a signed event's id, unsigned":   {unsigned(node, nil), "id", "event_id"},
		"an id with a blank":              {unsigned("evt 1", nil), "id", "event_id"},
		"unsigned in a certified space":   {v0(fields{"space_id": certifiedBy("rhine", key(1))}), "unsigned", "signature"},
		"content changed":                 {swap(one.Text, `"public","realm"`, `"private","realm"`), "id", "event_id"},
		"another event's id":              {swap(one.Text, one.ID, other.ID), "id", "event_id"},
		"another event's signature":       {swap(one.Text, value(one), value(other)), "signature", "signature.value"},
		"another's key":                   {swap(swap(one.Text, `{"key":"`+public(key(2)), `{"key":"`+public(key(3))), `"actor_id":"key:`+public(key(2)), `"actor_id":"key:`+public(key(3))), "id", "event_id"},
		"a signature of zeros":            {swap(one.Text, value(one), strings.Repeat("A", 86)), "signature", "signature.value"},
		"a signature too short":           {swap(one.Text, value(one), value(one)[:80]), "signature", "signature.value"},
		"a key of small order":            {smallOrder(t), "key", "signature.key"},
		"a clock before its timestamp":    {swap(one.Text, `"clock":[1781352000,0]`, `"clock":[1781351999,0]`), "clock", "clock[0]"},
		"a property log of another's key": {sign(t, key(2), fields{"space_id": certifiedBy("rhine", key(1)), "layer_id": ".ulp", "tile": "z0/x0/y0", "operation": "set_properties", "properties": fields{"file/.ulp-root": ""}}).Text, "space_log", "signature.key"},
	}
}

// smallOrder is an event under the neutral element, by which everything would verify. Its id is right.
func smallOrder(t *testing.T) string {
	t.Helper()
	weak := "AQ" + strings.Repeat("A", 41)
	text := string(draft(fields{"actor_id": "user:dave", "clock": []int{start, 0}, "signature": fields{"key": weak, "value": "AQ" + strings.Repeat("A", 84)}}))
	id, err := event.ID([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return `{"event_id":"` + id + `",` + text[1:]
}

func TestBadEventsAreRefusedAndTheGoodAroundThemTaken(t *testing.T) {
	for name, tc := range bad(t) {
		t.Run(name, func(t *testing.T) {
			k := newKit(t, Config{})
			good := series(t, key(4), 2, nil)
			a := k.post(linesType, []byte(good[0].Text+"\n"+tc.body+"\n"+good[1].Text))
			if a.status != 200 || a.Taken != 2 || a.Refused != 1 || a.Verdicts[1].Status != "refused" {
				t.Fatalf("%+v", a)
			}
			v := a.Verdicts[1]
			if v.Rule != tc.rule || v.Field != tc.field || v.Message == "" {
				t.Errorf("rule %s, field %s (%s); want %s, %s", v.Rule, v.Field, v.Message, tc.rule, tc.field)
			}
			alone := k.post(linesType, []byte(tc.body))
			if alone.status != 422 || alone.Refused != 1 || alone.Rule != tc.rule || alone.Field != tc.field || alone.Detail != v.Message {
				t.Errorf("alone: %+v", alone)
			}
			if n := len(k.stored()); n != 2 {
				t.Errorf("%d are stored", n)
			}
		})
	}
}

func TestEquivocationIsRefused(t *testing.T) {
	k := newKit(t, Config{})
	one, two := unsigned("evt-1", nil), unsigned("evt-1", fields{"timestamp": start + 1})
	a := k.post(linesType, []byte(one+"\n"+two+"\n"+one))
	if a.Taken != 1 || a.Known != 1 || a.Refused != 1 || a.Verdicts[1].Rule != "equivocation" || a.Verdicts[1].Field != "event_id" {
		t.Errorf("%+v", a)
	}
	// In another space it is another event.
	if a := k.post(linesType, []byte(unsigned("evt-1", fields{"space_id": "other"}))); a.Taken != 1 {
		t.Errorf("%+v", a)
	}
	r := k.get("/api/v1/events/evt-1")
	if n := bytes.Count(r.body, []byte("\n")); r.StatusCode != 200 || n != 2 || r.Header.Get("Content-Type") != ndjson {
		t.Errorf("%s", r)
	}
	r = k.get("/api/v1/events/evt-1?space=other")
	if n := bytes.Count(r.body, []byte("\n")); n != 1 || r.Header.Get("Content-Type") != jsonType {
		t.Errorf("%s", r)
	}
}

func TestATimeFarOffIsTakenAndShownAsUncertain(t *testing.T) {
	k := newKit(t, Config{})
	for i, at := range []int64{0, 1, event.MaxTimestamp} {
		e := sign(t, key(2), fields{"timestamp": at, "properties": fields{"n": i}})
		k.take(e)
		var node struct {
			Feature struct {
				Properties struct {
					TimeUncertain bool `json:"time_uncertain"`
				}
			}
			Events []struct {
				TimeUncertain bool `json:"time_uncertain"`
			}
		}
		k.read("/api/v1/spaces/camp/nodes/"+e.ID, &node)
		if !node.Feature.Properties.TimeUncertain || len(node.Events) != 1 || !node.Events[0].TimeUncertain {
			t.Errorf("at %d: %+v", at, node)
		}
	}
}

// TestRefusalsNameTheFile has a scope file of the data folder refuse.
func TestRefusalsNameTheFile(t *testing.T) {
	k := newKit(t, Config{})
	k.scopeFile("camp/hazards/.ulp-scope", `operations = ["create_node", "macro.*"]`)
	node := sign(t, key(2), nil)
	k.take(node)
	a := k.post(jsonType, []byte(sign(t, key(2), fields{"operation": "delete_node", "node_id": node.ID}).Text))
	if v := a.Verdicts[0]; a.status != 422 || v.Rule != "operations" || v.Field != "operation" || v.File != "hazards/.ulp-scope" {
		t.Errorf("%+v", a)
	}
	if a := k.post(jsonType, []byte(sign(t, key(2), fields{"operation": "macro.flood"}).Text)); a.Taken != 1 {
		t.Errorf("%+v", a)
	}
}
