package page

import "encoding/binary"

// Sizes of a write-ahead log's header and of what stands before each page in it, in bytes.
const (
	LogHeaderSize   = 32
	FrameHeaderSize = 24
	FrameSize       = FrameHeaderSize + Size
)

// A Frame is what the log says of a page in it.
type Frame struct {
	// Page is the page's number in the file, from 1.
	Page uint32
	// Commit is true for the last frame of a transaction.
	Commit bool
	// Salted frames bear the header's salt: they were written since the log was last begun anew.
	Salted bool
	// Valid frames are those that SQLite reads, if a commit comes after them: salted, with the right checksum, and so are
	// all before them.
	Valid bool
}

// A Log reads a write-ahead log frame by frame, in their order.
type Log struct {
	order binary.ByteOrder
	salt  [8]byte
	sum   [2]uint32
	// Sound says that the header is a log's, for pages of the kit's size, with the right checksum.
	Sound bool
	valid bool
}

// NewLog reads a log's header, of 32 bytes.
func NewLog(header []byte) *Log {
	l := &Log{order: binary.LittleEndian, salt: [8]byte(header[16:24])}
	magic := binary.BigEndian.Uint32(header)
	if magic&1 == 1 {
		l.order = binary.BigEndian
	}
	l.add(header[:24])
	l.Sound = magic&^1 == 0x377f0682 && binary.BigEndian.Uint32(header[4:]) == 3007000 &&
		binary.BigEndian.Uint32(header[8:]) == Size && l.matches(header[24:32])
	l.valid = l.Sound
	return l
}

// Next reads the next frame: its header, and the page behind it.
func (l *Log) Next(frame []byte) Frame {
	f := Frame{
		Page: binary.BigEndian.Uint32(frame), Commit: binary.BigEndian.Uint32(frame[4:]) != 0,
		Salted: [8]byte(frame[8:16]) == l.salt,
	}
	if l.valid {
		l.add(frame[:8])
		l.add(frame[FrameHeaderSize:FrameSize])
		l.valid = f.Salted && f.Page != 0 && l.matches(frame[16:24])
	}
	f.Valid = l.valid
	return f
}

// add takes bytes, in pairs of words, into the checksum.
func (l *Log) add(b []byte) {
	a, c := l.sum[0], l.sum[1]
	for ; len(b) >= 8; b = b[8:] {
		a += l.order.Uint32(b) + c
		c += l.order.Uint32(b[4:]) + a
	}
	l.sum = [2]uint32{a, c}
}

func (l *Log) matches(b []byte) bool {
	return binary.BigEndian.Uint32(b) == l.sum[0] && binary.BigEndian.Uint32(b[4:]) == l.sum[1]
}

// IndexSize is how much of the index of a log (the -shm file) is looked at, in bytes.
const IndexSize = 100

// ReadIndex reads the beginning of the index of a log, as a process that was killed leaves it behind
// (https://www.sqlite.org/walformat.html): how many frames were committed, how many of them had been copied into the file,
// and the log's salt. ok is false where it does not agree with itself, as one that was just being written.
func ReadIndex(b []byte) (frames, copied uint32, salt [8]byte, ok bool) {
	order := binary.NativeEndian
	l := Log{order: order}
	l.add(b[:40])
	ok = string(b[:48]) == string(b[48:96]) && order.Uint32(b) == 3007000 && b[12] == 1 &&
		order.Uint32(b[40:]) == l.sum[0] && order.Uint32(b[44:]) == l.sum[1]
	return order.Uint32(b[16:]), order.Uint32(b[96:]), [8]byte(b[32:40]), ok
}
