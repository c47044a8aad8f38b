package event

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
)

const (
	nodeID  = `"evt-nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"`
	otherID = `"evt-oooooooooooooooooooooooooooooooo"`
	mediaOK = `{"hash":"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","type":"image/jpeg","size":0}`
)

// envelope is what most cases begin with, before actor, clock, id and signature.
func envelope(operation string) fields {
	return decodeFields(`{"timestamp":1781300000,"space_id":"rhine-flood","layer_id":"hazards","operation":"` + operation + `",
		"scope":{"realm":"public","authority":"source","boundary":"interior","policy":"public"},
		"preserves_invariants":["adjacency","exclusion","consistency","boundary_discipline","authority_nontransfer"],
		"previous_events":[],"tile":"z14/x8625/y5753"}`)
}

// payloads are a good payload for each operation of SPEC.md, section 5.
var payloads = map[string][]string{
	CreateNode:      {`node_type="hazard"`, `transform={"position":[9.5209,47.141]}`, `properties={"title":"Brücke \"Vaduz\" gesperrt","severity":3,"note":"a\u2028b"}`},
	UpdateTransform: {`node_id=` + nodeID, `transform={"position":[9.5211,47.1409,455.2],"rotation":[90],"scale":[1,1,2.5]}`},
	SetProperties:   {`node_id=` + nodeID, `properties={"severity":4,"checked":true,"note":null,"tags":["water",{"deep":[1.5]}]}`},
	SetGeometry:     {`node_id=` + nodeID, `geometry={"type":"LineString","coordinates":[[9.5209,47.141],[9.522,47.1415]]}`},
	SetMedia:        {`node_id=` + nodeID, `slot="front"`, `media={"hash":"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","type":"image/svg+xml","size":1099511627776}`},
	LinkNodes:       {`node_id=` + nodeID, `to_node=` + otherID, `to_tile="z14/x8626/y5753"`, `link_type="leads to"`, `scope.boundary="boundary"`},
	UnlinkNodes:     {`node_id=` + nodeID, `links=["evt-llllllllllllllllllllllllllllllll","evt-001"]`},
	DeleteNode:      {`node_id=` + nodeID},
	Merge:           {`node_id=` + nodeID, `into_node=` + otherID, `into_tile="z14/x8625/y5753"`},
	SensorReading:   {`sensor="water_level"`, `value=1.42`, `unit="m"`},
	SetPhysics:      {`node_id=` + nodeID, `physics={"mass":12.5}`},
	PhysicsStep:     {`physics={"dt":0.02}`},
	"macro.grid":    {`params={"rows":3,"columns":4}`},
	"wave_flag":     {`colour="red"`, `node_id=5`, `transform="up"`, `clock_note={"é":1}`},
}

func base(operation string) fields { return envelope(operation).edited(payloads[operation]...) }

// eventCases are the good and the bad ones.
func eventCases() map[string]vector {
	all := make(map[string]vector)
	for operation := range payloads {
		name := strings.ReplaceAll(strings.ReplaceAll(operation, "_", "-"), ".", "-")
		all[name] = goodSigned(1, operation+", signed; actor, clock and id are the writer's to derive", base(operation))
		all["v0-"+name] = goodUnsigned(operation+", v0", base(operation).edited(`event_id="evt-v0-`+name+`"`, `actor_id="user:alice"`))
	}
	for _, c := range goodCases {
		all[c.name] = goodSigned(2, c.comment, base(c.operation).edited(c.edits...), c.derived...)
	}
	for _, c := range goodUnsignedCases {
		all["v0-"+c.name] = goodUnsigned(c.comment, base(c.operation).edited(`event_id="evt-001"`, `actor_id="user:alice"`).edited(c.edits...))
	}
	h := honest(seed(1))
	all["size-16384"] = goodSigned(1, "16,384 bytes of canonical form", padded(h, complete(h, base(SetProperties)), MaxSize))
	for name, v := range badCases() {
		all["bad-"+name] = v
	}
	return all
}

// goodSigned completes f with the key's own actor and, where f says nothing, the clock of a first event. The draft lacks
// these and the members named in derived, which a writer fills in by itself.
func goodSigned(writer byte, comment string, f fields, derived ...string) vector {
	h := honest(seed(writer))
	draft := f.edited()
	f = complete(h, f)
	for _, name := range derived {
		delete(draft, name)
	}
	text := h.sealed(f)
	v := vector{Comment: comment, Seed: hex.EncodeToString(seed(writer)), Draft: string(oracleCanonical(draft)), Input: decodeFields(text).json()}
	v.Expect = expectIdentity(text)
	return v
}

// complete gives f the actor of h's key and the clock of a first event, unless it bears others.
func complete(h hand, f fields) fields {
	if _, ok := f["actor_id"]; !ok {
		f = f.edited(`actor_id="key:` + h.key + `"`)
	}
	if _, ok := f["clock"]; !ok {
		f = f.edited(fmt.Sprintf("clock=[%v,0]", f["timestamp"]))
	}
	return f
}

func goodUnsigned(comment string, f fields) vector {
	v := vector{Comment: comment, Input: f.json()}
	v.Expect = expectIdentity(string(oracleCanonical(f)))
	return v
}

func expectIdentity(text string) expectation {
	f := decodeFields(text)
	sum := sha256.Sum256(signedBytes(text))
	x := expectation{
		Canonical: text, EventID: f["event_id"].(string),
		ContentHash: "sha256:" + hex.EncodeToString(sum[:]), SignedSHA256: hex.EncodeToString(sum[:]),
	}
	t, err := f["timestamp"].(json.Number).Int64()
	if err != nil {
		panic(err)
	}
	x.Clock = []int64{t, 0}
	if _, signed := f["signature"]; signed {
		if err := json.Unmarshal(oracleCanonical(f["clock"]), &x.Clock); err != nil {
			panic(err)
		}
	}
	return x
}

// ids is a JSON array of n different event ids.
func ids(n int) string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf(`"evt-%032d"`, i) // not of the reserved form: those have no 0 and 1
	}
	return "[" + strings.Join(list, ",") + "]"
}

// names is a JSON object of n members.
func names(n int) string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf(`"p%d":%d`, i, i)
	}
	return "{" + strings.Join(list, ",") + "}"
}

// nested is JSON of n levels.
func nested(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }

// padded is f with a property that makes its sealed text n bytes long.
func padded(h hand, f fields, n int) fields {
	pad := func(k int) fields { return f.edited(`properties={"pad":"` + strings.Repeat("x", k) + `"}`) }
	return pad(n - len(h.sealed(pad(0))))
}
