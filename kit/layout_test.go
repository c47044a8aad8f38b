// Package kit_test holds the house to its plan: who may import whom, and what may lie where. It parses the files itself,
// so that no build cache stands between it and the truth.
package kit_test

import (
	"os"
	"testing"
)

// A tier may import itself and what lies below it: commands → benches → servers → drivers → pure.
type tier int

const (
	// pure packages do no I/O, start no goroutine, read no clock and no randomness.
	pure tier = iota
	// drivers speak to a disk, a chip or a process.
	driver
	// servers answer over the network, or hold what those that do have in common.
	server
	// bench is beside the house: measurements and contract suites. Only commands, tests and each other use them.
	bench
	// command is a program; the packages of the house meet there.
	command
)

var tierNames = map[tier]string{pure: "pure", driver: "driver", server: "server", bench: "bench", command: "command"}

// tiers is the plan. A pattern's last element may be a star. The first pattern that matches counts.
var tiers = []struct {
	tier     tier
	packages []string
}{
	{command, []string{"kit/cmd/*", "radio/cmd/*", "ferry/cmd/*", "maps/cmd/*", "dashboard/cmd/*", "firmware/cmd/*", "images/cmd/*", "provisioning/cmd/*"}},
	{bench, []string{"kit/canvas/canvastest", "kit/store/powercut", "kit/store/sample", "kit/store/storetest", "kit/store/storebench", "kit/projector/mvt/mvtbench", "kit/replay/replaybench", "maps/tileserver/tilebench"}},
	{server, []string{
		"kit/api", "kit/coordinator", "kit/door",
		"ferry", "maps/tileserver", "dashboard", "dashboard/portal",
	}},
	{driver, []string{
		"kit/blob", "kit/depot", "kit/keyfile", "kit/projector", "kit/replay", "kit/store", "kit/store/salvage",
		"radio/serial", "radio/sx127x", "maps/mbtiles", "maps/pack",
	}},
	{pure, []string{
		"kit/canvas", "kit/demo", "kit/digest", "kit/discovery", "kit/event", "kit/hdpath", "kit/intake", "kit/macro", "kit/picture",
		"kit/projector/*", "kit/scope", "kit/segment", "kit/store/page",
		"radio/airtime", "radio/ether", "radio/frame", "radio/gossip", "ferry/bundle",
		"maps/outline", "maps/tile", "maps/topojson",
	}},
}

// areas never import each other; they meet in kit/cmd. The one exception: maps/tile names the tiles that events bear, so
// kit may use it.
var areas = []string{"radio", "ferry", "maps", "dashboard"}

// rootEntries may stand in the root of the repository, besides what .gitignore names.
var rootEntries = []string{
	".ci", ".git", ".gitattributes", ".gitignore", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "Makefile", "README.md",
	"go.mod", "go.sum", "kit", "radio", "ferry", "maps", "dashboard", "firmware", "images", "provisioning",
}

// maxLines is what no Go file reaches.
const maxLines = 600

// drawers are names that say nothing: what is thrown in there belongs to some noun.
var drawers = []string{"common", "helper", "helpers", "misc", "util", "utils"}

// impureImports are closed to pure packages, with all that lies below them.
var impureImports = []string{
	"C", "crypto/rand", "database/sql", "log", "math/rand", "net/http", "net/rpc", "net/smtp", "os", "path/filepath", "plugin", "syscall",
	"github.com/gorilla/websocket", "github.com/mattn/go-sqlite3", "github.com/prometheus", "github.com/tarm/serial", "periph.io/x",
}

// impureExactly are closed to pure packages; what lies below them (net/url, net/netip) is not.
var impureExactly = []string{"net"}

// impureTime are the parts of package time that read a clock, wait, or depend on the machine.
var impureTime = []string{"After", "AfterFunc", "LoadLocation", "Local", "NewTicker", "NewTimer", "Now", "Since", "Sleep", "Tick", "Until"}

// standardNames are the package names of Go's library (go list std, Go 1.26): one of ours would shadow it.
const standardNames = ` adler32 aes ascii85 asn1 ast atomic base32 base64 big binary bits bufio build buildinfo bytes bzip2
	cgi cgo cipher cmp cmplx color comment constant constraint context cookiejar coverage crc32 crc64 crypto cryptotest csv debug
	des doc draw driver dsa dwarf ecdh ecdsa ed25519 elf elliptic embed encoding errors exec expvar fcgi filepath fips140 flag
	flate fmt fnv format fs fstest gif gob gosym gzip hash heap hex hkdf hmac hpke html http httptest httptrace httputil image
	importer io iotest ioutil iter jpeg json jsonrpc list log lzw macho mail maphash maps math md5 metrics mime mlkem mlkemtest
	multipart net netip os palette parse parser path pbkdf2 pe pem pkix plan9obj plugin png pprof printer quick quotedprintable
	race rand rc4 reflect regexp ring rpc rsa runtime scanner sha1 sha256 sha3 sha512 signal slices slog slogtest smtp sort sql
	strconv strings structs subtle suffixarray sync synctest syntax syscall syslog tabwriter tar template testing textproto time
	tls token trace types tzdata unicode unique unsafe url user utf16 utf8 version weak x509 xml zip zlib `

func TestHouseIsBuiltToItsPlan(t *testing.T) {
	h, err := walk(os.DirFS(".."))
	if err != nil {
		t.Fatal(err)
	}
	if len(h.packages) < 10 {
		t.Fatalf("only %d packages were found", len(h.packages))
	}
	for _, fault := range h.faults() {
		t.Error(fault)
	}
}
