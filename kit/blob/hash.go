package blob

import (
	"encoding/hex"
	"strings"
)

// A Hash is SHA-256 of a blob's bytes, and its name.
type Hash [32]byte

// ParseHash reads 64 lower-case hex digits, with or without sha256: in front.
func ParseHash(text string) (h Hash, ok bool) {
	digits := strings.TrimPrefix(text, "sha256:")
	if len(digits) != 2*len(h) || strings.Trim(digits, "0123456789abcdef") != "" {
		return Hash{}, false
	}
	_, err := hex.Decode(h[:], []byte(digits))
	return h, err == nil
}

// Hex is the hash in 64 digits.
func (h Hash) Hex() string { return hex.EncodeToString(h[:]) }

// String is the hash as events write it: sha256: and 64 digits.
func (h Hash) String() string { return "sha256:" + h.Hex() }
