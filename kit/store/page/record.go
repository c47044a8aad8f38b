package page

import "encoding/binary"

// Type is what a value is.
type Type byte

// The types of values. Real numbers do not occur in the kit's tables, and are read as Null.
const (
	Null Type = iota
	Integer
	Text
	Blob
)

// A Value is a column of a row.
type Value struct {
	Type  Type
	Int   int64
	Bytes []byte // of a text or a blob
}

// Bytes puts the record together. next gives the overflow page of a number, nil where there is none. nil where the record
// is not whole.
func (c Cell) Bytes(next func(page uint32) []byte) []byte {
	if len(c.Local) == c.Payload {
		return c.Local
	}
	whole := append(make([]byte, 0, c.Payload), c.Local...)
	// Each step brings some bytes, so a chain that goes in a circle ends too.
	for at := c.Overflow; len(whole) < c.Payload; {
		b := next(at)
		if at == 0 || len(b) < Size {
			return nil
		}
		whole = append(whole, b[4:4+min(Size-4, c.Payload-len(whole))]...)
		at = binary.BigEndian.Uint32(b)
	}
	return whole
}

// Record reads a cell's columns; next is as for Bytes. The values may share the memory of the page. ok is false where the
// record is not whole or its lengths do not fit.
func (c Cell) Record(next func(page uint32) []byte) (values []Value, ok bool) {
	payload := c.Bytes(next)
	if payload == nil {
		return nil, false
	}
	header, at := varint(payload)
	if at == 0 || header < int64(at) || header > int64(len(payload)) {
		return nil, false
	}
	body := payload[header:]
	for int64(at) < header {
		serial, n := varint(payload[at:header])
		width, fine := widthOf(serial)
		if n == 0 || !fine || width > int64(len(body)) {
			return nil, false
		}
		values = append(values, valueOf(serial, body[:width]))
		at, body = at+n, body[width:]
	}
	return values, len(body) == 0
}

// widthOf is how many bytes a value of a serial type has.
func widthOf(serial int64) (width int64, ok bool) {
	switch {
	case serial < 0 || serial == 10 || serial == 11:
		return 0, false
	case serial >= 12:
		return (serial - 12) / 2, true
	}
	return [...]int64{0, 1, 2, 3, 4, 6, 8, 8, 0, 0}[serial], true
}

func valueOf(serial int64, b []byte) Value {
	switch {
	case serial == 0, serial == 7:
		return Value{}
	case serial >= 12 && serial%2 == 0:
		return Value{Type: Blob, Bytes: b}
	case serial >= 13:
		return Value{Type: Text, Bytes: b}
	case serial == 8, serial == 9:
		return Value{Type: Integer, Int: serial - 8}
	}
	v := int64(int8(b[0])) // big-endian, two's complement
	for _, c := range b[1:] {
		v = v<<8 | int64(c)
	}
	return Value{Type: Integer, Int: v}
}
