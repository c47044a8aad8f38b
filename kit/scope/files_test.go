package scope

import (
	"strings"
	"testing"
)

func TestFilesAreRefusedWithTheKeyThatIsWrong(t *testing.T) {
	for _, c := range []struct{ path, text, want string }{
		{".ulp-root", "titel = \"x\"", "titel"},
		{".ulp-root", "realm = 3", "realm"},
		{".ulp-root", "realm = \"secret\"", "realm"},
		{".ulp-root", "home_zoom = 23", "home_zoom"},
		{".ulp-root", "home_zoom = \"a\"", "home_zoom"},
		{".ulp-root", "title = \"\"", "title"},
		{".ulp-root", "invariants = [\"gravity\"]", "invariants"},
		{".ulp-root", "[window]\nfrom = 2026-06-13T00:00:00", "zone"},
		{".ulp-root", "[window]\nfrom = 20\nto = 10", "window"},
		{".ulp-root", "[window]\nfrom = -1", "outside"},
		{".ulp-root", "x = ", "x"},
		{".ulp-root", "title = \"\xff\"", "UTF-8"},
		{".ulp-root", strings.Repeat("#", MaxFile+1), "longer"},
		{".ulp-scope", "title = \"x\"", "title"},
		{"hazards/.ulp-root", "", "scope file"},
		{"../.ulp-scope", "", "folder"},
		{"a/b/.ulp-scope", "", "zZ/xX/yY"},
		{"a/z14/x99999/.ulp-scope", "", "x99999"},
		{"a/z1/x0/y0/n/.ulp-scope", "", "folder"},
		{".ulp-ignore", "a\n[b\n", "line 2"},
		{"notes.txt", "", "scope file"},
	} {
		_, err := Parse("demo", map[string]string{c.path: c.text})
		if err == nil {
			t.Errorf("%s %.40q was taken", c.path, c.text)
		} else if !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), c.path+": ") {
			t.Errorf("%s %.40q: %v, want %q named", c.path, c.text, err, c.want)
		}
	}
}

func TestRootIsRead(t *testing.T) {
	r, err := Parse("demo", map[string]string{".ulp-root": `
title = "Rhine flood"
exercise = true
unsigned = false
home_zoom = 12
realm = "team"
[window]
from = 2026-06-13T00:00:00Z
to = 1781500000
`})
	if err != nil {
		t.Fatal(err)
	}
	root := r.Root()
	if root.Title != "Rhine flood" || !root.Exercise || root.Unsigned || root.HomeZoom != 12 || len(root.Invariants) != 5 {
		t.Errorf("%+v", root)
	}
	if !root.Window.Holds(1781308800) || root.Window.Holds(1781308799) || root.Window.Holds(1781500001) {
		t.Errorf("window %d…%d", *root.Window.From, *root.Window.To)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(".ulp-root", "title = \"x\"\n[window]\nfrom = 2026-06-13T00:00:00Z\n")
	f.Add("hazards/z14/x1/y2/.ulp-scope", "realm = [\"team\"]\noperations = \"macro.*\"")
	f.Add(".ulp-ignore", "a/**\n!b\n[c]\n")
	f.Fuzz(func(t *testing.T, path, text string) {
		r, err := Parse("demo", map[string]string{path: text})
		if (err == nil) != (CheckFile(path, text) == nil) {
			t.Fatalf("one file and all files disagree: %v", err)
		}
		if err == nil && r.Root().HomeZoom > 22 {
			t.Fatal("home zoom out of range")
		}
	})
}
