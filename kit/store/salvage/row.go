package salvage

import (
	"bytes"

	"fieldkit/kit/store/page"
)

// What rows of the tables look like (kit/store/sql): the types of their columns, the key of a rowid table left out of the
// record. Which table a page belongs to is not asked: the tree that says so may be broken.
var (
	eventColumns   = []page.Type{page.Null, page.Integer, page.Integer, page.Integer, page.Integer, page.Integer, page.Integer, page.Integer, page.Text, page.Blob, page.Text}
	segmentColumns = []page.Type{page.Null, page.Blob, page.Integer, page.Integer, page.Integer, page.Blob, page.Text}
	wantedColumns  = []page.Type{page.Null, page.Blob, page.Integer, page.Blob, page.Blob, page.Text}
	spaceColumns   = []page.Type{page.Null, page.Text, page.Integer, page.Integer, page.Integer, page.Integer, page.Integer}
	gapColumns     = []page.Type{page.Null, page.Integer}
	markColumns    = []page.Type{page.Null, page.Integer, page.Integer}
	tileColumns    = []page.Type{page.Integer, page.Integer, page.Integer, page.Integer}
	idColumns      = []page.Type{page.Integer, page.Integer}

	// What can be derived from events again.
	snapshotColumns   = []page.Type{page.Null, page.Blob, page.Integer, page.Integer, page.Integer, page.Integer, page.Text, page.Integer, page.Blob, page.Blob}
	checkpointColumns = []page.Type{page.Null, page.Integer, page.Integer, page.Integer, page.Text, page.Blob}
)

func is(values []page.Value, columns []page.Type) bool {
	if len(values) != len(columns) {
		return false
	}
	for i, v := range values {
		if v.Type != columns[i] {
			return false
		}
	}
	return true
}

// known reports whether values are a row of a table that has nothing to be salvaged in it: sqlite_schema and checkpoint_tile
// (5 columns), mark, snapshot, checkpoint.
func known(values []page.Value) bool {
	return len(values) == 5 || is(values, markColumns) || is(values, snapshotColumns) || is(values, checkpointColumns)
}

// textStart is how nearly every event begins, its members being sorted.
var textStart = []byte(`{"actor_id":"`)

// objects calls yield for each place in a page where the text of an event stands, from its brace to the brace that closes
// it, whatever stands around it.
func objects(b []byte, yield func(at int, text []byte)) {
	for from := 0; ; {
		i := bytes.Index(b[from:], textStart)
		if i < 0 {
			return
		}
		at := from + i
		if n := objectLength(b[at:]); n > 0 {
			yield(at, b[at:at+n])
		}
		from = at + 1
	}
}

// objectLength is the length of the JSON object that b begins with, 0 where it does not end.
func objectLength(b []byte) int {
	depth, quoted := 0, false
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{':
			depth++
		case c == '}':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return 0
}
