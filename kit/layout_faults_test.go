package kit_test

import (
	"strings"
	"testing"
	"testing/fstest"
)

// sound is a small house without fault.
func sound() map[string]string {
	return map[string]string{
		".gitignore":                    "/bin/\n*.prof\n",
		"go.mod":                        "module fieldkit\n",
		"bin/fieldkit":                  "",
		"cpu.prof":                      "",
		"kit/event/event.go":            "// Package event is pure.\npackage event\n\nimport (\n\t\"net/url\"\n\t\"time\"\n\n\t\"fieldkit/maps/tile\"\n)\n\nvar x tile.Tile\nvar y = time.Unix(0, 0)\nvar z url.URL\n",
		"kit/event/event_test.go":       "package event_test\n\nimport (\n\t\"os\"\n\t\"time\"\n\n\t\"fieldkit/kit/event\"\n\t\"fieldkit/kit/store/storetest\"\n)\n\nfunc f() { go f(); time.Now() }\n",
		"kit/store/store.go":            "// Package store is a driver.\npackage store\n\nimport (\n\t\"os\"\n\n\t\"fieldkit/kit/event\"\n)\n",
		"kit/store/storetest/suite.go":  "// Package storetest is a suite.\npackage storetest\n\nimport \"fieldkit/kit/store\"\n",
		"kit/api/api.go":                "// Package api is a server.\npackage api\n\nimport (\n\t\"fieldkit/kit/coordinator\"\n\t\"fieldkit/kit/store\"\n)\n\nfunc f() { go f() }\n",
		"kit/coordinator/c.go":          "// Package coordinator is a server.\npackage coordinator\n",
		"kit/cmd/fieldkit/main.go":      "// Command fieldkit is all of it.\npackage main\n\nimport (\n\t\"fieldkit/kit/api\"\n\t\"fieldkit/maps/mbtiles\"\n\t\"fieldkit/radio/sx127x\"\n)\n",
		"maps/tile/tile.go":             "// Package tile is pure.\npackage tile\n",
		"maps/mbtiles/mbtiles.go":       "// Package mbtiles is a driver.\npackage mbtiles\n\nimport \"fieldkit/maps/tile\"\n",
		"radio/sx127x/sx127x.go":        "// Package sx127x is a driver.\npackage sx127x\n\nimport \"fieldkit/kit/event\"\n",
		"dashboard/embed.go":            "// Package dashboard is a server.\npackage dashboard\n",
		"dashboard/node_modules/x/a.go": "package util\n",
		"kit/layout_test.go":            "package kit_test\n",
	}
}

func faultsOf(t *testing.T, files map[string]string) []string {
	t.Helper()
	tree := fstest.MapFS{}
	for name, text := range files {
		tree[name] = &fstest.MapFile{Data: []byte(text)}
	}
	h, err := walk(tree)
	if err != nil {
		t.Fatal(err)
	}
	return h.faults()
}

func TestSoundHouseHasNoFault(t *testing.T) {
	if faults := faultsOf(t, sound()); len(faults) > 0 {
		t.Errorf("%q", faults)
	}
}

// TestEveryRuleFindsItsFault: a house with one fault has that fault alone.
func TestEveryRuleFindsItsFault(t *testing.T) {
	scope := func(imports, body string) string {
		return "// Package scope is pure.\npackage scope\n\n" + imports + "\n" + body
	}
	for _, c := range []struct{ name, path, text, want string }{
		{"pure imports driver", "kit/scope/a.go", scope(`import "fieldkit/kit/store"`, ""), "a pure imports kit/store, a driver"},
		{"driver imports server", "kit/keyfile/a.go", "// Package keyfile x.\npackage keyfile\n\nimport \"fieldkit/kit/api\"\n", "a driver imports kit/api, a server"},
		{"server imports bench", "kit/door/a.go", "// Package door x.\npackage door\n\nimport \"fieldkit/kit/store/storetest\"\n", "a server imports kit/store/storetest, a bench"},
		{"server imports command", "kit/door/a.go", "// Package door x.\npackage door\n\nimport \"fieldkit/kit/cmd/fieldkit\"\n", "imports kit/cmd/fieldkit, a command"},
		{"command imports command", "kit/cmd/bench/a.go", "// Command bench x.\npackage main\n\nimport \"fieldkit/kit/cmd/fieldkit\"\n", "imports kit/cmd/fieldkit, a command"},
		{"a test imports upwards", "kit/event/b_test.go", "package event\n\nimport \"fieldkit/kit/api\"\n", "a pure imports kit/api, a server"},
		{"maps imports radio", "maps/pack/a.go", "// Package pack x.\npackage pack\n\nimport \"fieldkit/radio/sx127x\"\n", "maps and radio meet only in kit/cmd"},
		{"dashboard imports maps", "dashboard/a.go", "package dashboard\n\nimport \"fieldkit/maps/tile\"\n", "dashboard and maps meet only in kit/cmd"},
		{"a test imports sideways", "radio/sx127x/a_test.go", "package sx127x\n\nimport \"fieldkit/maps/tile\"\n", "radio and maps meet only in kit/cmd"},
		{"a command of maps imports radio", "maps/cmd/cut/main.go", "// Command cut x.\npackage main\n\nimport \"fieldkit/radio/sx127x\"\n", "maps and radio meet only in kit/cmd"},
		{"kit imports more of maps", "kit/api/b.go", "package api\n\nimport \"fieldkit/maps/mbtiles\"\n", "kit uses nothing of maps but maps/tile"},
		{"unknown import", "kit/api/b.go", "package api\n\nimport \"fieldkit/kit/nowhere\"\n", "imports kit/nowhere, which is in no tier"},
		{"unknown package", "kit/weather/a.go", "// Package weather x.\npackage weather\n", "kit/weather: is in no tier; add it to tiers in kit/layout_test.go"},

		{"pure and os", "kit/scope/a.go", scope(`import "os"`, ""), "imports os, but"},
		{"pure and os/exec", "kit/scope/a.go", scope(`import "os/exec"`, ""), "imports os/exec, but"},
		{"pure and net", "kit/scope/a.go", scope(`import "net"`, ""), "imports net, but"},
		{"pure and net/http", "kit/scope/a.go", scope(`import web "net/http"`, ""), "imports net/http, but"},
		{"pure and SQL", "kit/scope/a.go", scope(`import _ "database/sql"`, ""), "imports database/sql, but"},
		{"pure and chance", "kit/scope/a.go", scope(`import "math/rand/v2"`, ""), "imports math/rand/v2, but"},
		{"pure and the system's chance", "kit/scope/a.go", scope(`import "crypto/rand"`, ""), "imports crypto/rand, but"},
		{"pure and C", "kit/scope/a.go", scope(`import "C"`, ""), "imports C, but"},
		{"pure and a socket library", "kit/scope/a.go", scope(`import "github.com/gorilla/websocket"`, ""), "imports github.com/gorilla/websocket, but"},
		{"pure and a goroutine", "kit/scope/a.go", scope("", "func f() { go f() }\n"), "a.go:5:12: starts a goroutine"},
		{"pure and a goroutine within", "kit/scope/a.go", scope("", "var f = func() { for { if true { go func() {}() } } }\n"), "starts a goroutine"},
		{"pure and now", "kit/scope/a.go", scope(`import "time"`, "var now = time.Now\n"), "uses time.Now"},
		{"pure and since", "kit/scope/a.go", scope(`import clock "time"`, "var d = clock.Since(clock.Time{})\n"), "uses time.Since"},
		{"pure and a timer", "kit/scope/a.go", scope(`import "time"`, "var c = time.After(1)\n"), "uses time.After"},
		{"pure and a hidden clock", "kit/scope/a.go", scope(`import . "time"`, "var now = Now()\n"), "imports time under no name"},

		{"standard name", "kit/projector/http/a.go", "// Package http x.\npackage http\n", "package http has the name of one of Go's library"},
		{"root entry", "notes.txt", "", "notes.txt: does not belong in the root"},
		{"root folder", "pkg/x.txt", "", "pkg: does not belong in the root"},
		{"folder util", "kit/util/x.txt", "", "kit/util: a folder named util says nothing"},
		{"folder of no Go", "dashboard/src/common/x.ts", "", "a folder named common says nothing"},
		{"package helpers", "kit/scope/a.go", "// Package helpers x.\npackage helpers\n", "a package named helpers says nothing"},
		{"long file", "kit/scope/a.go", scope("", strings.Repeat("\n", 596)), "kit/scope/a.go: has 600 lines, 600 is too many"},
		{"long test", "kit/api/a_test.go", "package api\n" + strings.Repeat("\n", 599), "has 600 lines"},
		{"no comment", "kit/scope/a.go", "package scope\n", "kit/scope: the package has no comment that begins with its name"},
		{"another's comment", "kit/scope/a.go", "// Package event x.\npackage scope\n", "kit/scope: the package has no comment"},
		{"a comment in a test", "kit/scope/a.go", "package scope\n", "kit/scope: the package has no comment"},
	} {
		files := sound()
		files[c.path] = c.text
		if c.name == "a comment in a test" {
			files["kit/scope/a_test.go"] = "// Package scope is documented in the wrong place.\npackage scope\n"
		}
		if faults := faultsOf(t, files); len(faults) != 1 || !strings.Contains(faults[0], c.want) {
			t.Errorf("%s: %q, want one that says %q", c.name, faults, c.want)
		}
	}
}

func TestFileThatDoesNotParseIsAnError(t *testing.T) {
	tree := fstest.MapFS{"kit/event/event.go": &fstest.MapFile{Data: []byte("package event\n\nfunc {")}}
	if _, err := walk(tree); err == nil {
		t.Error("it is passed over")
	}
}

// TestPlanNamesEveryPackageOnce: a package in two tiers would be in the upper one, and nobody would see why.
func TestPlanNamesEveryPackageOnce(t *testing.T) {
	seen := map[string]bool{}
	for _, at := range tiers {
		for _, pattern := range at.packages {
			if seen[pattern] {
				t.Errorf("%s stands twice", pattern)
			}
			seen[pattern] = true
			if !strings.HasSuffix(pattern, "/*") {
				if got, ok := tierOf(pattern); !ok || got != at.tier {
					t.Errorf("%s is found as a %s, not a %s", pattern, tierNames[got], tierNames[at.tier])
				}
			}
		}
	}
}
