package event

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"strings"
)

var (
	base32Lower = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)
	// Strict, so that one key has one spelling: no bits are left over.
	base64Strict = base64.RawURLEncoding.Strict()
)

const (
	idPrefix    = "evt-"
	idLength    = len(idPrefix) + 32 // 20 bytes in base32
	keyLength   = 43                 // 32 bytes in unpadded base64url
	valueLength = 86                 // 64 bytes
	spaceSuffix = 16                 // characters of base32
)

// deriveID is the id that a signed event must bear.
func (e *Event) deriveID() string {
	h := sha256.New()
	// event_id sorts before signature: two cuts, three pieces.
	h.Write(bytesOf(e.Text[:e.idCut[0]]))
	h.Write(bytesOf(e.Text[e.idCut[1]:e.valueCut[0]]))
	h.Write(bytesOf(e.Text[e.valueCut[1]:]))
	var sum [32]byte
	h.Sum(sum[:0])
	return idOf(sum)
}

func idOf(sum [32]byte) string {
	return idPrefix + base32Lower.EncodeToString(sum[:20])
}

// IDOf reads the event_id alone of canonical text that Parse has accepted before; "" where there is none.
func IDOf(text string) (id string) {
	if len(text) < 2 {
		return ""
	}
	members(text, func(m member) bool {
		if m.name != "event_id" || !isString(m.value) {
			return m.name < "event_id" // canonical members are sorted
		}
		id = unquote(m.value)
		return false
	})
	return id
}

// Reserved reports whether id has the form that belongs to signed events: evt-[a-z2-7]{32}.
func Reserved(id string) bool {
	if len(id) != idLength || !strings.HasPrefix(id, idPrefix) {
		return false
	}
	for i := len(idPrefix); i < len(id); i++ {
		if c := id[i]; (c < 'a' || c > 'z') && (c < '2' || c > '7') {
			return false
		}
	}
	return true
}

// ValidID reports whether id can be an event's id at all: [A-Za-z0-9._:-]{1,128}.
func ValidID(id string) bool {
	if len(id) == 0 || len(id) > 128 {
		return false
	}
	for i := 0; i < len(id); i++ {
		if c := id[i]; !alphanumeric(c) && c != '.' && c != '_' && c != ':' && c != '-' {
			return false
		}
	}
	return true
}

// ValidName reports whether s can be a space or a layer (SPEC.md, section 2); the space log's layer is apart.
func ValidName(s string) bool {
	if len(s) == 0 || len(s) > 128 || s[0] == '.' || s[0] == '-' {
		return false
	}
	for i := 0; i < len(s); i++ {
		if c := s[i]; !alphanumeric(c) && c != '.' && c != '_' && c != '-' {
			return false
		}
	}
	return true
}

func alphanumeric(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

// KeyText is how a public key of 32 bytes is written: unpadded base64url.
func KeyText(key []byte) string { return base64Strict.EncodeToString(key) }

// ParseKey reads a key as written; ok is false unless text is exactly the spelling of 32 bytes.
func ParseKey(text string) (key [32]byte, ok bool) {
	if len(text) != keyLength {
		return key, false
	}
	n, err := base64Strict.Decode(key[:], bytesOf(text))
	return key, err == nil && n == len(key)
}

// SelfCertified returns the last 16 characters of a space id that certifies itself; ok is false for other spaces.
func SelfCertified(space string) (fingerprint string, ok bool) {
	dot := len(space) - spaceSuffix - 1
	if dot < 1 || space[dot] != '.' {
		return "", false
	}
	fingerprint = space[dot+1:]
	for i := 0; i < len(fingerprint); i++ {
		if c := fingerprint[i]; (c < 'a' || c > 'z') && (c < '2' || c > '7') {
			return "", false
		}
	}
	return fingerprint, true
}

// Fingerprint is what the id of a space that key certifies ends in.
func Fingerprint(key [32]byte) string {
	sum := sha256.Sum256(key[:])
	return base32Lower.EncodeToString(sum[:])[:spaceSuffix]
}
