// Package salvage checks and repairs a kit's data folder (kit/SPEC.md, "Check and repair"). From a damaged database it takes
// every event and every seal that still verifies, out of the raw pages of the file and its log, wherever they lie and
// whatever led to them: what bears its own hash and signature is true wherever it was found. Of these it has a new
// database made, and puts the damaged one aside. It deletes nothing.
package salvage

import (
	"errors"
	"fmt"
	"os"

	"fieldkit/kit/store/page"
)

// The files that pages are in.
const (
	mainFile = iota
	logFile
)

var fileNames = [...]string{"kit.db", "kit.db-wal"}

// A spot is a page as it lies in one of the files.
type spot struct {
	file   uint8
	number uint32 // the page's number in the database, from 1
	offset int64  // where it begins in the file
}

// image is a database with its log, as they lie there.
type image struct {
	files [2]*os.File // nil where there is none
	pages uint32      // of the main file; the last may be cut off
	// committed is where the log has the latest version of a page, as SQLite reads it; latest is what it has at all.
	committed, latest map[uint32]int64
	frames            int64
	buffer            [page.Size]byte
}

// openImage opens what there is of a database at path.
func openImage(path string) (*image, error) {
	m := &image{committed: make(map[uint32]int64), latest: make(map[uint32]int64)}
	for i, suffix := range []string{"", "-wal"} {
		file, err := os.Open(path + suffix)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			m.close()
			return nil, err
		}
		m.files[i] = file
	}
	if file := m.files[mainFile]; file != nil {
		info, err := file.Stat()
		if err != nil {
			m.close()
			return nil, err
		}
		m.pages = uint32(min((info.Size()+page.Size-1)/page.Size, 1<<32-2))
	}
	m.readLog()
	return m, nil
}

func (m *image) close() {
	for _, file := range m.files {
		if file != nil {
			file.Close()
		}
	}
}

// readLog finds out which version of a page is which.
func (m *image) readLog() {
	file := m.files[logFile]
	header, frame := make([]byte, page.LogHeaderSize), make([]byte, page.FrameSize)
	if file == nil {
		return
	}
	if _, err := file.ReadAt(header, 0); err != nil {
		return
	}
	log, open := page.NewLog(header), make(map[uint32]int64)
	for at := int64(page.LogHeaderSize); ; at += page.FrameSize {
		if _, err := file.ReadAt(frame, at); err != nil {
			return
		}
		m.frames++
		f := log.Next(frame)
		m.latest[f.Page] = at + page.FrameHeaderSize
		if !f.Valid {
			continue
		}
		open[f.Page] = at + page.FrameHeaderSize
		if f.Commit {
			for number, offset := range open {
				m.committed[number] = offset
			}
			clear(open)
		}
	}
}

// each calls yield for every page there is: first as SQLite would read it, then what it would not.
func (m *image) each(yield func(spot, []byte) error) error {
	give := func(s spot) error {
		b := m.at(s)
		if b == nil {
			return nil
		}
		return yield(s, b)
	}
	for number := uint32(1); number <= m.pages; number++ {
		s := spot{mainFile, number, int64(number-1) * page.Size}
		if offset, ok := m.committed[number]; ok {
			s = spot{logFile, number, offset}
		}
		if err := give(s); err != nil {
			return err
		}
	}
	for number := uint32(1); number <= m.pages; number++ {
		if _, ok := m.committed[number]; ok {
			if err := give(spot{mainFile, number, int64(number-1) * page.Size}); err != nil {
				return err
			}
		}
	}
	var header [page.FrameHeaderSize]byte
	for i := m.frames - 1; i >= 0; i-- { // the latest versions first
		at := page.LogHeaderSize + i*page.FrameSize
		if _, err := m.files[logFile].ReadAt(header[:], at); err != nil {
			continue
		}
		s := spot{logFile, uint32(header[0])<<24 | uint32(header[1])<<16 | uint32(header[2])<<8 | uint32(header[3]), at + page.FrameHeaderSize}
		if m.committed[s.number] == s.offset && s.number <= m.pages {
			continue // given before
		}
		if err := give(s); err != nil {
			return err
		}
	}
	return nil
}

// at reads a page; one that the file ends in is filled up with zeros. nil where the disk does not give it.
func (m *image) at(s spot) []byte {
	file := m.files[s.file]
	if file == nil {
		return nil
	}
	n, _ := file.ReadAt(m.buffer[:], s.offset)
	if n == 0 {
		return nil
	}
	clear(m.buffer[n:])
	return m.buffer[:]
}

// views is how many ways there are to say which version of an overflow page a row goes on in.
const views = 3

// overflow gives pages by number: in view 0 as SQLite reads them, in view 1 as the log has them last, in view 2 as the main
// file has them.
func (m *image) overflow(view int) func(number uint32) []byte {
	return func(number uint32) []byte {
		b := make([]byte, page.Size)
		offset, ok := m.committed[number]
		if view == 1 {
			offset, ok = m.latest[number]
		}
		file := m.files[logFile]
		if !ok || view == 2 {
			file, offset = m.files[mainFile], int64(number-1)*page.Size
			if number == 0 || number > m.pages {
				return nil
			}
		}
		if file == nil {
			return nil
		}
		if n, _ := file.ReadAt(b, offset); n == 0 {
			return nil
		}
		return b
	}
}

func (s spot) String() string {
	return fmt.Sprintf("page %d at byte %d of %s", s.number, s.offset, fileNames[s.file])
}
