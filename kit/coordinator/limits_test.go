package coordinator

import (
	"context"
	"encoding/json"
	"strconv"
	"testing"
)

func TestAKitTakesOnlySoManySpaces(t *testing.T) {
	c := open(t, Config{Data: t.TempDir()})
	var lines [][]byte
	for i := range MaxSpaces + 50 {
		text, err := json.Marshal(map[string]any{
			"event_id": "e", "timestamp": 1, "space_id": "s" + strconv.Itoa(i), "layer_id": "a", "actor_id": "b", "operation": "create_node",
			"scope":                map[string]string{"realm": "public", "authority": "source", "boundary": "interior", "policy": "public"},
			"preserves_invariants": []string{"adjacency", "exclusion", "consistency", "boundary_discipline", "authority_nontransfer"},
			"previous_events":      []string{}, "tile": "z0/x0/y0",
		})
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, text)
	}
	verdicts, err := c.Admit(context.Background(), lines)
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range verdicts {
		if refused := v.Rule == "spaces"; refused != (i >= MaxSpaces) {
			t.Fatalf("space %d: %+v", i, v)
		}
	}
	list, err := c.Spaces(context.Background())
	if err != nil || len(list) != MaxSpaces {
		t.Fatalf("%d spaces, %v", len(list), err)
	}
}
