package event

import "encoding/hex"

// A MediaFile is what a set_media event says of a file: media is never authoritative, so it is a claim about bytes that
// may not be here, of which only the hash can be checked.
type MediaFile struct {
	// Hash is SHA-256 of the bytes.
	Hash [32]byte
	// Type is a media type, as image/jpeg, as the writer says.
	Type string
	// Size is the number of bytes, as the writer says.
	Size int64
}

// File is the file that a set_media event names; ok is false where it names none, and for all other events.
func (p *Payload) File() (f MediaFile, ok bool) { return ReadMediaFile(p.Media) }

// ReadMediaFile reads the canonical value of a media register; ok is false for null and for what is no such value.
func ReadMediaFile(media string) (f MediaFile, ok bool) {
	if !isObject(media) {
		return f, false
	}
	var hash string
	members(media, func(m member) bool {
		switch {
		case m.name == "hash" && isString(m.value):
			hash = unquote(m.value)
		case m.name == "type" && isString(m.value):
			f.Type = unquote(m.value)
		case m.name == "size":
			f.Size, _ = integer(m.value)
		}
		return true
	})
	if !validHash(hash) {
		return MediaFile{}, false
	}
	_, err := hex.Decode(f.Hash[:], []byte(hash[len("sha256:"):]))
	return f, err == nil
}
