package intake

import (
	"fmt"
	"io"
)

// maxItem is how many bytes of a file one item may take: an event has 16 KiB, and text that is indented, tagged or has
// 15 decimals is not a hundred times that. It keeps a file without end, or without a closing quote, out of memory.
const maxItem = 2 << 20

// A meter counts the bytes that pass, and, once bounded, stops a source that gives more than maxItem of them between
// two calls of next.
type meter struct {
	source  io.Reader
	read    int64
	mark    int64
	bounded bool
}

// next says that an item is complete. What a buffer has read ahead counts for the item before: the bound is a rough one.
func (m *meter) next() { m.mark = m.read }

func (m *meter) Read(p []byte) (int, error) {
	if m.bounded && m.read-m.mark > maxItem {
		return 0, fmt.Errorf("an item that begins before byte %d has more than %d bytes, or does not end", m.mark, maxItem)
	}
	n, err := m.source.Read(p)
	m.read += int64(n)
	return n, err
}
