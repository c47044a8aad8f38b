package coordinator

import (
	"io"

	"fieldkit/kit/blob"
	"fieldkit/kit/digest"
)

// carriedMedia gives and takes media for an export and an import.
type carriedMedia struct{ c *Coordinator }

// Open gives a blob that is here.
func (m carriedMedia) Open(hash digest.Sum) (io.ReadCloser, error) {
	blobs, err := m.c.Blobs()
	if err != nil {
		return nil, err
	}
	return blobs.Open(blob.Hash(hash))
}

// Put takes a blob from its beginning, whatever an upload has brought of it.
func (m carriedMedia) Put(hash digest.Sum, mediaType string, size int64, r io.Reader) error {
	blobs, err := m.c.Blobs()
	if err != nil {
		return err
	}
	_, whole, err := blobs.Append(blob.Hash(hash), blob.Want{Size: size, Types: []string{mediaType}}, blob.Anew, r)
	if err == nil && !whole {
		err = io.ErrUnexpectedEOF
	}
	if err == nil {
		m.c.media.look(blob.Hash(hash))
	}
	return err
}
