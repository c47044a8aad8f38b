package canvas

import (
	"flag"
	"os"
	"testing"
)

// rapidChecks is how many random traces a run tries where -rapid.checks says nothing: rapid's own 100 miss what takes a
// rare meeting of events.
const rapidChecks = "200"

func TestMain(m *testing.M) {
	flag.Parse()
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "rapid.checks" })
	if !given {
		if err := flag.Set("rapid.checks", rapidChecks); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}
