package canvas

import (
	"crypto/sha256"

	"fieldkit/kit/event"
)

// seenKey is an event id in 20 bytes: those that a signed id spells, a hash's for others.
type seenKey [20]byte

func keyOf(id string) seenKey {
	var k seenKey
	if !event.Reserved(id) {
		sum := sha256.Sum256([]byte(id))
		copy(k[:], sum[:])
		return k
	}
	// Base32 of RFC 4648, 8 characters for 5 bytes.
	for i, at := 4, 0; i < len(id); i, at = i+8, at+5 {
		var bits uint64
		for _, c := range []byte(id[i : i+8]) {
			v := c - 'a'
			if c < 'a' {
				v = c - '2' + 26
			}
			bits = bits<<5 | uint64(v)
		}
		k[at], k[at+1], k[at+2], k[at+3], k[at+4] = byte(bits>>32), byte(bits>>24), byte(bits>>16), byte(bits>>8), byte(bits)
	}
	return k
}
