package event

import "strings"

// goodCase is an event at a limit, or with a choice that section 5 leaves.
type goodCase struct {
	name, comment, operation string
	edits                    []string
	derived                  []string // members that a writer derives, besides actor and clock of a first event
}

var goodCases = []goodCase{
	{"create-derived-tile", "the tile is derived from the position", CreateNode, nil, []string{"tile"}},
	{"create-geometry", "the tile is derived from the geometry's first coordinate", CreateNode,
		[]string{`-transform`, `geometry={"type":"Polygon","coordinates":[[[9.5307,47.1662],[9.54,47.1662],[9.54,47.17],[9.5307,47.1662]],[[9.535,47.167],[9.536,47.167],[9.536,47.168],[9.535,47.167]]]}`, `tile="z14/x8625/y5751"`}, []string{"tile"}},
	{"create-geometry-collection", "the first coordinate of a collection is its first geometry's, whatever another member says", CreateNode,
		[]string{`-transform`, `geometry={"type":"GeometryCollection","coordinates":[0,0],"geometries":[{"type":"MultiPoint","coordinates":[[9.5209,47.141]]},{"type":"Point","coordinates":[0,0]}]}`}, []string{"tile"}},
	{"create-corner", "the last tile of the world: longitude 180, latitude -90", CreateNode,
		[]string{`transform={"position":[180,-90]}`, `tile="z14/x16383/y16383"`}, []string{"tile"}},
	{"create-bare", "a node without any value", CreateNode, []string{`-node_type`, `-transform`, `-properties`}, nil},
	{"create-empty-properties", "a create's properties may be empty", CreateNode, []string{`properties={}`}, nil},
	{"create-bears-node", "that a create bears no node_id is scope's rule, not the envelope's", CreateNode, []string{`node_id=` + nodeID}, nil},
	{"properties-without-node", "that an event names its node is scope's rule; the space log has none", SetProperties,
		[]string{`-node_id`, `layer_id=".ulp"`, `tile="z0/x0/y0"`}, nil},
	{"with-parents", "parents unknown to the writer count as its own second", SetProperties,
		[]string{`previous_events=["evt-001","evt-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"]`, `clock=[1781300000,1]`}, []string{"clock"}},
	{"behind-parent", "a parent's clock was ahead", SetProperties, []string{`previous_events=["evt-001"]`, `clock=[1781303600,4]`}, nil},
	{"after-parents", "all parents were earlier", SetProperties, []string{`previous_events=["evt-001"]`, `clock=[1781300000,0]`}, nil},
	{"clock-limits", "the greatest clock there is", SetProperties, []string{`previous_events=["evt-001"]`, `clock=[253402300799,2147483647]`}, nil},
	{"timestamp-zero", "the first second of 1970", DeleteNode, []string{`timestamp=0`}, nil},
	{"timestamp-last", "the last second of 9999", DeleteNode, []string{`timestamp=253402300799`}, nil},
	{"timestamp-spelling", "a whole number may be spelled with a point or an exponent", DeleteNode, []string{`timestamp=1.7813e9`, `clock=[1781300000.0,0]`}, nil},
	{"names-longest", "128 characters, of four bytes each", DeleteNode,
		[]string{`actor_id="` + strings.Repeat("😀", 128) + `"`, `operation="` + strings.Repeat("é", 128) + `"`, `space_id="` + strings.Repeat("s", 128) + `"`, `layer_id="_` + strings.Repeat("L", 127) + `"`}, nil},
	{"names-shortest", "one character", DeleteNode, []string{`actor_id=" "`, `operation="x"`, `space_id="0"`, `layer_id="_"`}, nil},
	{"actor-other", "an actor that is not the key's own is a claim, and is kept", DeleteNode, []string{`actor_id="user:alice"`}, nil},
	{"invariants-other", "names of invariants nobody knows, and 16 of them", DeleteNode,
		[]string{`preserves_invariants=["1","2","3","4","5","6","7","8","9","10","11","12","13","14","15","16"]`}, nil},
	{"invariants-none", "none at all; that some must be there is scope's rule", DeleteNode, []string{`preserves_invariants=[]`}, nil},
	{"previous-sixteen", "sixteen parents", DeleteNode, []string{`previous_events=` + ids(16), `clock=[1781300000,0]`}, nil},
	{"scope-others", "the other values of scope, and a member nobody knows", DeleteNode,
		[]string{`scope={"realm":"personal","authority":"derived","boundary":"exterior","policy":"redacted","note":1}`}, nil},
	{"scope-team-private", "the values of scope that are left", DeleteNode,
		[]string{`scope={"realm":"team","authority":"source","boundary":"boundary","policy":"private"}`}, nil},
	{"tile-deepest", "zoom 22, the last tile", DeleteNode, []string{`tile="z22/x4194303/y4194303"`}, nil},
	{"tile-world", "zoom 0", DeleteNode, []string{`tile="z0/x0/y0"`}, nil},
	{"unknown-members", "members nobody knows are kept, hashed and signed, in any script", DeleteNode,
		[]string{`ﬀ=1`, `😀={"b":[],"a":{}}`, `aaa=null`, `zzz="\u0000"`, `__proto__={"x":1}`}, nil},
	{"depth-16", "the event, and 15 levels below it", DeleteNode, []string{`deep=` + nested(15)}, nil},
	{"numbers-bound", "the greatest numbers, and one that rounds to them", DeleteNode, []string{`n=[9007199254740991,-9007199254740991,9007199254740991.4]`}, nil},
	{"numbers-small", "fractions have no limit", DeleteNode, []string{`n=[5e-324,-1.5e-300,0.1]`}, nil},
	{"transform-rotation", "a rotation alone, a quaternion", UpdateTransform, []string{`transform={"rotation":[0,0,0.7071068,0.7071068],"note":"kept"}`}, nil},
	{"transform-scale", "a scale alone", UpdateTransform, []string{`transform={"scale":[2]}`}, nil},
	{"position-limits", "the greatest position, with 7 decimals", UpdateTransform, []string{`transform={"position":[-180,89.9999999,-10000000]}`}, nil},
	{"position-small", "seven decimals near zero, which canonical form writes with an exponent", UpdateTransform, []string{`transform={"position":[0.0000001,-1.2E-6,9999999.9999999]}`}, nil},
	{"geometry-null", "a geometry is cleared", SetGeometry, []string{`geometry=null`}, nil},
	{"geometry-point", "a Point with an altitude", SetGeometry, []string{`geometry={"type":"Point","coordinates":[9.5,47.1,450],"bbox":[0]}`}, nil},
	{"geometry-multipoint", "a MultiPoint of one", SetGeometry, []string{`geometry={"type":"MultiPoint","coordinates":[[9.5,47.1]]}`}, nil},
	{"geometry-multilinestring", "a MultiLineString", SetGeometry, []string{`geometry={"type":"MultiLineString","coordinates":[[[9.5,47.1],[9.6,47.1]],[[9.5,47.2],[9.6,47.2],[9.5,47.1]]]}`}, nil},
	{"geometry-multipolygon", "a MultiPolygon", SetGeometry, []string{`geometry={"type":"MultiPolygon","coordinates":[[[[9,47],[10,47],[10,48],[9,47]]],[[[0,0],[1,0],[1,1],[0,1],[0,0]]]]}`}, nil},
	{"media-default-slot", "without a slot", SetMedia, []string{`-slot`, `media=` + mediaOK}, nil},
	{"media-null", "a slot is cleared", SetMedia, []string{`media=null`}, nil},
	{"link-default-tile", "without to_tile and link_type", LinkNodes, []string{`-to_tile`, `-link_type`}, nil},
	{"unlink-sixty-four", "64 links", UnlinkNodes, []string{`links=` + ids(64)}, nil},
	{"properties-256", "256 names", SetProperties, []string{`properties=` + names(256)}, nil},
	{"reading-node", "a reading that belongs to a node", SensorReading, []string{`node_id=` + nodeID}, nil},
	{"reading-string", "a reading that is text, even none, without a unit", SensorReading, []string{`value=""`, `-unit`}, nil},
	{"reading-boolean", "a reading that is true or false", SensorReading, []string{`value=false`, `-unit`}, nil},
	{"reading-unit-longest", "a unit of 32 characters", SensorReading, []string{`unit="` + strings.Repeat("µ", 32) + `"`}, nil},
	{"physics-step-bare", "a step without a payload", PhysicsStep, []string{`-physics`}, nil},
	{"macro-bare", "a macro without parameters", "macro.grid", []string{`-params`}, nil},
}

var goodUnsignedCases = []goodCase{
	{"white-paper", "the event of the white paper, section 4.1", CreateNode,
		[]string{`timestamp=1730000000`, `space_id="demo"`, `layer_id="layout"`, `scope={"realm":"team","authority":"source","boundary":"interior","policy":"public"}`, `tile="z0/x0/y0"`, `-node_type`, `-transform`, `-properties`}, nil},
	{"id-characters", "every kind of character an id may have, the shortest reserved form's neighbours", DeleteNode, []string{`event_id="A.b_c:9-"`}, nil},
	{"id-longest", "an id of 128 characters", DeleteNode, []string{`event_id="` + strings.Repeat("i", 128) + `"`}, nil},
	{"id-nearly-reserved", "33 characters after evt-: not the reserved form", DeleteNode, []string{`event_id="evt-` + strings.Repeat("a", 33) + `"`}, nil},
	{"id-not-base32", "a 1 is not of base32: not the reserved form", DeleteNode, []string{`event_id="evt-` + strings.Repeat("1", 32) + `"`}, nil},
	{"clock-means-nothing", "on a v0 event clock is a member nobody knows", DeleteNode, []string{`clock="noon"`}, nil},
	{"previous", "its clock is made by the reader; alone it is [timestamp,0]", DeleteNode, []string{`previous_events=["evt-000"]`}, nil},
}
