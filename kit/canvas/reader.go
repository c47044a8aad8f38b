package canvas

import "encoding/binary"

// reader reads a column. After a number or a text that is not there it is bad, and gives zeros.
type reader struct {
	b   []byte
	i   int
	bad bool
}

func (r *reader) more() bool { return r.i < len(r.b) && !r.bad }

// u reads a varint.
func (r *reader) u() uint64 {
	if r.i < len(r.b) && r.b[r.i] < 0x80 {
		r.i++
		return uint64(r.b[r.i-1])
	}
	return r.long()
}

func (r *reader) long() uint64 {
	v, n := binary.Uvarint(r.b[r.i:])
	if n <= 0 {
		r.bad = true
		return 0
	}
	r.i += n
	return v
}

// size reads a varint that counts bytes or things, and so is not beyond what a slice may have.
func (r *reader) size() int {
	n := r.u()
	if n > 1<<40 {
		r.bad = true
		return 0
	}
	return int(n)
}

func (r *reader) byte() byte {
	if r.i >= len(r.b) {
		r.bad = true
		return 0
	}
	r.i++
	return r.b[r.i-1]
}

// bytes lends the next n bytes; nil where there are fewer.
func (r *reader) bytes(n int) []byte {
	if r.bad || n < 0 || n > len(r.b)-r.i {
		r.bad = true
		return nil
	}
	r.i += n
	return r.b[r.i-n : r.i]
}
