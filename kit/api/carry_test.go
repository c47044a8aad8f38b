package api

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Who names paths of the kit's machine is its operator, at the socket; the answer ends by saying how it ended.
func TestCarry(t *testing.T) {
	k := newKit(t, Config{})
	if _, err := k.c.Admit(t.Context(), [][]byte{[]byte(sign(t, key(1), fields{}).Text)}); err != nil {
		t.Fatal(err)
	}
	out, file := t.TempDir(), filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		from, address, body string
		status              int
		says                []string
	}{
		{"127.0.0.1:9", "/api/v1/export", `{"path":"` + out + `"}`, 403, []string{`"status":403`}},
		{"[::1]:9", "/api/v1/import", `{"path":"` + out + `"}`, 403, []string{`"status":403`}},
		{"@", "/api/v1/import", `{"path":"` + out + `"}`, 200, []string{`"status":"failed"`, "holds no exported space"}},
		{"@", "/api/v1/export", `{"path":"` + out + `"}`, 200, []string{`"space":"camp"`, `"status":"exported"`, `"events":1`, `{"status":"done"}`}},
		{"", "/api/v1/import", `{"path":"` + out + `"}`, 200, []string{`"status":"imported"`, `"known":1`, `{"status":"done"}`}},
		{"@", "/api/v1/export", `{"path":"` + file + `"}`, 200, []string{`"status":"failed"`}},
		{"@", "/api/v1/export", `{"path":"out"}`, 400, []string{`"field":"path"`}},
		{"@", "/api/v1/export", `{"path":`, 400, []string{`"field":"path"`}},
		{"@", "/api/v1/export", strings.Repeat(" ", maxPath+1) + `{"path":"/x"}`, 400, []string{`"field":"path"`}},
		{"@", "/api/v1/export?x=1", `{"path":"` + out + `"}`, 400, []string{`"field":"x"`}},
	} {
		r := httptest.NewRequest(http.MethodPost, c.address, strings.NewReader(c.body))
		r.RemoteAddr = c.from
		w := httptest.NewRecorder()
		k.api.ServeHTTP(w, r)
		if w.Code != c.status {
			t.Errorf("%s from %q: status %d", c.address, c.from, w.Code)
		}
		for _, s := range c.says {
			if !strings.Contains(w.Body.String(), s) {
				t.Errorf("%s %.60s from %q says %s, not %s", c.address, c.body, c.from, w.Body.String(), s)
			}
		}
	}
	if entries, err := os.ReadDir(out); err != nil || len(entries) != 1 {
		t.Errorf("there are %v, %v", entries, err)
	}
}
