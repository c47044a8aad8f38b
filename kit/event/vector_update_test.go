package event

import (
	"bytes"
	"encoding/json"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

var update = flag.Bool("update", false, "write the vectors of canonical, event, clock and signature anew")

// cases are all vectors of this package, by path below the vectors' folder.
func cases() map[string]vector {
	all := make(map[string]vector)
	for folder, some := range map[string]map[string]vector{
		"canonical/": canonicalCases(),
		"event/":     eventCases(),
		"clock/":     clockCases(),
		"signature/": signatureCases(),
	} {
		for name, v := range some {
			all[folder+name+".json"] = v
		}
	}
	return all
}

func (v vector) file(tb testing.TB) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	if err := e.Encode(v); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

// TestVectorFilesAreTheirCases keeps the folder and the tables of cases here the same; -update writes the folder.
func TestVectorFilesAreTheirCases(t *testing.T) {
	all := cases()
	there := make(map[string]bool)
	for _, folder := range []string{"canonical", "event", "clock", "signature"} {
		paths, err := filepath.Glob(vectorFolder + folder + "/*")
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			there[folder+"/"+filepath.Base(path)] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		path, want := vectorFolder+name, all[name].file(t)
		if *update {
			if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, want, 0o666); err != nil {
				t.Fatal(err)
			}
		} else if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is not as its case says (%v); go test -run VectorFiles -update writes it", name, err)
		}
		delete(there, name)
	}
	for name := range there {
		if *update {
			if err := os.Remove(vectorFolder + name); err != nil {
				t.Fatal(err)
			}
		} else {
			t.Errorf("%s has no case", name)
		}
	}
}
