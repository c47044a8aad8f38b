package api

import (
	"encoding/json"
	"fmt"
	"math/rand"
	"slices"
	"strings"
	"testing"

	"fieldkit/kit/event"
)

// picture is what a page draws: features by id, as it heard of them.
type picture map[string]string

func (p picture) fetch(t testing.TB, k *kit, space string) {
	t.Helper()
	clear(p)
	var state struct{ Features []json.RawMessage }
	k.read("/api/v1/spaces/"+space+"/state", &state)
	for _, f := range state.Features {
		p.draw(t, f)
	}
}

func (p picture) draw(t testing.TB, f json.RawMessage) {
	t.Helper()
	var one struct{ ID string }
	if err := json.Unmarshal(f, &one); err != nil {
		t.Fatal(err)
	}
	p[one.ID] = string(f)
}

// TestFeaturesKeepAPictureTrue applies what the stream says of each event to what was drawn before: after each event it
// is what the state says.
func TestFeaturesKeepAPictureTrue(t *testing.T) {
	for seed := range int64(8) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			k := newKit(t, Config{PostBurst: 1e6})
			random := rand.New(rand.NewSource(seed))
			root := key(1)
			space := "camp"
			if seed%2 == 1 {
				space = certifiedBy("camp", root)
			}
			first := sign(t, key(2), fields{"space_id": space})
			k.take(first)
			w := &scribbler{random: random, space: space, nodes: []string{first.ID}, homes: map[string]string{first.ID: home}}
			l := k.listen("features=1&space=" + space)
			l.want("hello")
			l.want("ready")
			drawn, now := picture{}, picture{}
			drawn.fetch(t, k, space)
			resets := 0
			for i := range 120 {
				e := w.scribble(t, i)
				if a := k.post(linesType, []byte(e)); a.Taken != 1 {
					t.Fatalf("%s: %+v", e, a.Verdicts)
				}
				h := l.want("event")
				if h.Reset {
					resets++
					drawn.fetch(t, k, space)
				} else if h.Features == nil || h.Removed == nil {
					t.Fatalf("neither features nor reset: %+v", h)
				}
				for _, f := range h.Features {
					drawn.draw(t, f)
				}
				for _, id := range h.Removed {
					delete(drawn, id)
				}
				now.fetch(t, k, space)
				for id, f := range now {
					if drawn[id] != f {
						t.Fatalf("event %d, %s:\ndrawn %s\nit is %s", i, e, drawn[id], f)
					}
				}
				for id := range drawn {
					if _, ok := now[id]; !ok {
						t.Fatalf("event %d, %s:\n%s is drawn still", i, e, id)
					}
				}
			}
			// A log's settings may change everything; v0 merges do, as nobody can tell what stood for what before.
			if _, certified := event.SelfCertified(space); certified && resets == 0 || resets > 60 {
				t.Errorf("%d resets", resets)
			}
		})
	}
}

// scribbler writes any events: few things, so that merges meet, in two tiles that touch.
type scribbler struct {
	random       *rand.Rand
	space        string
	nodes, links []string
	homes        map[string]string
}

const beside = "z14/x8626/y5753"

func (w *scribbler) pick() string {
	return w.nodes[max(0, len(w.nodes)-1-w.random.Intn(12))]
}

func (w *scribbler) scribble(t testing.TB, i int) string {
	random := w.random
	writer := key(byte(2 + random.Intn(3)))
	over := fields{"space_id": w.space, "timestamp": start + 1000*random.Intn(1000) + i, "tile": []string{home, home, beside}[random.Intn(3)], // no time twice
		"scope": fields{"realm": "public", "authority": "source", "boundary": "boundary", "policy": "public"}}
	on := func(operation string) {
		over["operation"], over["node_id"] = operation, w.pick()
		over["tile"] = w.homes[over["node_id"].(string)]
	}
	switch random.Intn(20) {
	case 0, 1:
		over["properties"] = fields{"title": fmt.Sprint("thing ", i)}
		if random.Intn(2) == 0 {
			over["tile"], over["transform"] = home, fields{"position": []any{9.5209, 47.141}}
		}
	case 2, 3, 4:
		on("set_properties")
		over["properties"] = fields{fmt.Sprint("p", random.Intn(2)): i}
	case 5:
		on("delete_node")
	case 6, 7, 8, 9:
		on("merge")
		over["into_node"] = w.pick()
		over["into_tile"] = w.homes[over["into_node"].(string)]
		if over["into_node"] == over["node_id"] {
			over["into_node"] = "evt-" + strings.Repeat("a", 32)
		}
	case 10:
		over["operation"], over["sensor"], over["value"] = "sensor_reading", fmt.Sprint("rain", random.Intn(2)), i
		if random.Intn(2) == 0 {
			on("sensor_reading")
		}
	case 11, 12:
		on("link_nodes")
		over["to_node"] = w.pick()
		over["to_tile"] = w.homes[over["to_node"].(string)]
	case 13:
		if len(w.links) > 0 {
			on("unlink_nodes")
			over["links"] = []string{w.links[random.Intn(len(w.links))]}
		}
	case 14:
		on("set_media")
		over["media"] = fields{"hash": "sha256:" + strings.Repeat("ab", 32), "type": "image/jpeg", "size": i}
	case 15:
		on("update_transform")
		over["transform"] = fields{"position": []any{9.5209, 47.141}, "rotation": []any{i}}
	case 16:
		over["layer_id"], over["tile"], over["operation"] = ".ulp", "z0/x0/y0", "set_properties"
		over["properties"] = fields{"grant/" + public(key(byte(2+random.Intn(3)))): fields{"roles": []string{"write"}}}
		writer = key(1)
	default:
		if _, certified := event.SelfCertified(w.space); !certified {
			return w.unsigned(i)
		}
	}
	e := sign(t, writer, over)
	switch e.Operation {
	case event.CreateNode:
		w.nodes, w.homes[e.ID] = append(w.nodes, e.ID), e.Tile.String()
	case event.LinkNodes:
		w.links = append(w.links, e.ID)
	}
	return e.Text
}

// unsigned writes a v0 event: which of them counts last hangs on others, that may come later.
func (w *scribbler) unsigned(i int) string {
	random, id := w.random, fmt.Sprint("v0-", i)
	over := fields{"timestamp": start + random.Intn(1000), "tile": "z14/x8625/y5754", "previous_events": []string{fmt.Sprint("v0-", (i+1+random.Intn(90))%100), "v0-x"}}
	at := slices.IndexFunc(w.nodes, func(id string) bool { return strings.HasPrefix(id, "v0-") })
	switch {
	case at < 0 || random.Intn(4) == 0:
		w.nodes, w.homes[id] = append(w.nodes, id), "z14/x8625/y5754"
	case random.Intn(4) == 0:
		over["operation"], over["node_id"], over["into_node"] = "merge", w.nodes[at], w.pick()
		if over["into_node"] == over["node_id"] {
			over["into_node"] = "v0-x"
		}
	default:
		over["operation"], over["node_id"], over["properties"] = "set_properties", w.nodes[at], fields{"p0": i}
	}
	return unsigned(id, over)
}
