// Package page reads rows out of the raw pages of an SQLite file and its write-ahead log, page by page, whatever state the
// file as a whole is in (https://www.sqlite.org/fileformat2.html). The SQLite that the kit is built with has no recovery
// of its own: go-sqlite3 leaves the extension and the sqlite_dbpage table out. What is read here is not to be believed:
// bytes may be anything. It is pure.
package page

import "encoding/binary"

// Size is how many bytes a page has in every database that a kit makes, none of them reserved.
const Size = 4096

// MaxPayload is the longest record that is read, in bytes: an event with all that stands beside it is shorter.
const MaxPayload = 32 << 10

// HeaderSize is how many bytes stand before the first page's own header.
const HeaderSize = 100

// Kind is a page's type, the first byte of its header.
type Kind byte

// The types of b-tree pages. Overflow pages and free ones have none.
const (
	IndexInterior Kind = 2
	TableInterior Kind = 5
	IndexLeaf     Kind = 10
	TableLeaf     Kind = 13
)

// A Cell is a row as it lies in a page.
type Cell struct {
	// Offset is where it begins in the page.
	Offset int
	// Rowid is the key of a table's row; 0 in an index.
	Rowid int64
	// Payload is the length of the whole record, Local what of it lies in the page, Overflow the page where it goes on, or 0.
	Payload  int
	Local    []byte
	Overflow uint32
}

// Cells reads what a page of 4,096 bytes points at; first says that it is the file's first page, which has the file's
// header before its own. Sound is false where the page is no leaf of a table, or a cell of it cannot be.
func Cells(b []byte, first bool) (kind Kind, cells []Cell, sound bool) {
	at := 0
	if first {
		at = HeaderSize
	}
	kind = Kind(b[at])
	pointers := at + 8
	switch kind {
	case IndexInterior, TableInterior:
		pointers = at + 12
	case IndexLeaf, TableLeaf:
	default:
		return kind, nil, false
	}
	n := int(binary.BigEndian.Uint16(b[at+3:]))
	sound = true
	for i := range n {
		p := pointers + 2*i
		if p+2 > len(b) {
			return kind, cells, false
		}
		if kind == TableInterior {
			continue // keys alone
		}
		cell, ok := cellAt(b, int(binary.BigEndian.Uint16(b[p:])), kind)
		if !ok {
			sound = false
			continue
		}
		cells = append(cells, cell)
	}
	return kind, cells, sound && kind == TableLeaf
}

// Sweep calls yield for each place in a page where a table's row of so many columns may begin, whatever the page's
// header says: where the lengths that a row has at its beginning fit each other.
func Sweep(b []byte, columns int, yield func(Cell)) {
	for at := 0; at < len(b)-columns-3; at++ {
		cell, ok := cellAt(b, at, TableLeaf)
		if !ok || cell.Rowid <= 0 {
			continue
		}
		if n, whole := fits(cell); whole && n == columns {
			yield(cell)
		}
	}
}

// fits counts a record's columns, and reports whether their lengths together are the record's.
func fits(c Cell) (columns int, whole bool) {
	header, at := varint(c.Local)
	if at == 0 || header < int64(at) || header > int64(len(c.Local)) {
		return 0, false
	}
	size := header
	for int64(at) < header {
		serial, n := varint(c.Local[at:header])
		width, ok := widthOf(serial)
		if n == 0 || !ok {
			return 0, false
		}
		at, size, columns = at+n, size+width, columns+1
		if size > int64(c.Payload) {
			return 0, false
		}
	}
	return columns, size == int64(c.Payload)
}

// CellAt reads the cell of a table's row that begins at an offset; ok is false where none can.
func CellAt(b []byte, offset int) (c Cell, ok bool) { return cellAt(b, offset, TableLeaf) }

// cellAt reads the cell that begins at an offset.
func cellAt(b []byte, offset int, kind Kind) (c Cell, ok bool) {
	at := offset
	if kind == IndexInterior {
		at += 4 // the child on the left
	}
	if at >= len(b) {
		return c, false
	}
	payload, n := varint(b[at:])
	if n == 0 || payload < 2 || payload > MaxPayload {
		return c, false
	}
	c.Offset, c.Payload = offset, int(payload)
	at += n
	if kind == TableLeaf {
		if c.Rowid, n = varint(b[at:]); n == 0 {
			return c, false
		}
		at += n
	}
	local := localSize(c.Payload, kind)
	if at+local > len(b) {
		return c, false
	}
	c.Local = b[at : at+local]
	if local < c.Payload {
		if at+local+4 > len(b) {
			return c, false
		}
		c.Overflow = binary.BigEndian.Uint32(b[at+local:])
	}
	return c, true
}

// localSize is how much of a payload lies in the page itself.
func localSize(payload int, kind Kind) int {
	most := Size - 35
	if kind != TableLeaf {
		most = (Size-12)*64/255 - 23
	}
	if payload <= most {
		return payload
	}
	least := (Size-12)*32/255 - 23
	if local := least + (payload-least)%(Size-4); local <= most {
		return local
	}
	return least
}

// varint reads a number of one to nine bytes; n is 0 where b ends before it does.
func varint(b []byte) (v int64, n int) {
	var u uint64
	for i := 0; i < len(b) && i < 9; i++ {
		if i == 8 {
			return int64(u<<8 | uint64(b[i])), 9
		}
		u = u<<7 | uint64(b[i]&0x7f)
		if b[i] < 0x80 {
			return int64(u), i + 1
		}
	}
	return 0, 0
}
