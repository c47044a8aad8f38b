package storebench

import (
	"context"
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// The measurement itself is for make bench; here it has only to work, and to leave nothing behind.
func TestRun(t *testing.T) {
	dir := t.TempDir()
	r, err := run(context.Background(), dir, 3, 2500)
	if err != nil {
		t.Fatal(err)
	}
	if r.Name != "append" || r.Value <= 0 || r.Limit <= 0 || r.Ratio <= 0 || r.Goal != Goal || r.OK != (r.Ratio >= Goal) {
		t.Errorf("%+v", r)
	}
	if line, err := json.Marshal(r); err != nil || !strings.HasPrefix(string(line), `{"name":"append","value":`) {
		t.Errorf("%s, %v", line, err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("%v is left, %v", left, err)
	}
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := run(ended, dir, 1, 10); err == nil {
		t.Error("ran without time")
	}
}
