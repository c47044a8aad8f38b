// Package powercut says what a disk may hold after the power went: it records what SQLite does to the files of a folder,
// and makes from any moment of the record an image that may be found afterwards. It is for tests; a program that imports
// it has the calls of its C code that change files go through it.
//
// Model of the disk: what was written to a file before its last sync began is there. Of what came since, each sector of
// 512 bytes may be there or not, so that a write is whole, lost or torn and later ones may be there without earlier ones;
// a change of length may be there without the bytes, which are then anything. A file's name is there, or gone, for certain
// once the folder was synced. Not modelled: a disk that loses or changes what it said was synced, or damages the sectors
// beside those that it writes, as dying SD cards do.
package powercut

/*
#include <stdlib.h>
#include "recorder.h"
*/
import "C"

import (
	"errors"
	"os"
	"path/filepath"
	"unsafe"
)

// Kind is what was done.
type Kind int

// The numbers are those of recorder.c.
const (
	Exists    Kind = iota + 1 // a file that was there before is used for the first time
	Create                    // a file is made
	Remove                    // a file's name is taken away
	Write                     // bytes are written
	Truncate                  // the length is set
	SyncBegin                 // a sync was asked for
	SyncEnd                   // the sync that began at the op with index At has come back
	Mark                      // the test noted a number, At
)

// An Op is one thing that was done.
type Op struct {
	Kind Kind
	// File counts files from 1, one that is made anew under an old name too; the folder itself is 0.
	File int
	// At is an offset, a length, an index or a number, as the kind says.
	At int64
	// Data is what was written.
	Data []byte
	// Name is that of the file in the folder.
	Name string
}

// A Recording is under way from Start to Stop; there is one at a time in a process.
type Recording struct{ before Image }

// Start records what is done to the files in a folder from now on. None of them may be open, and what they hold counts as
// synced.
func Start(folder string) (*Recording, error) {
	before, err := Read(folder)
	if err != nil {
		return nil, err
	}
	name := C.CString(filepath.Clean(folder))
	defer C.free(unsafe.Pointer(name))
	if C.powercut_start(name) == 0 {
		return nil, errors.New("powercut: another recording is under way")
	}
	return &Recording{before}, nil
}

// Mark notes a number: what it stands for was said to be durable before.
func (*Recording) Mark(number int64) { C.powercut_mark(C.longlong(number)) }

// Stop ends it. The files must be closed by then.
func (r *Recording) Stop() *Disk {
	var list *C.powercut_op
	var n C.longlong
	C.powercut_stop(&list, &n)
	defer C.free(unsafe.Pointer(list))
	d := &Disk{before: r.before}
	for _, op := range unsafe.Slice(list, int(n)) {
		o := Op{Kind: Kind(op.kind), File: int(op.file), At: int64(op.at)}
		if op.data != nil {
			o.Data = C.GoBytes(unsafe.Pointer(op.data), C.int(op.size))
			C.free(unsafe.Pointer(op.data))
		}
		if o.Kind <= Remove {
			o.Name, o.Data = string(o.Data), nil
		}
		d.Ops = append(d.Ops, o)
	}
	return d
}

// An Image is what the files of a folder hold, by name.
type Image map[string][]byte

// Read reads the plain files of a folder.
func Read(folder string) (Image, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	image := make(Image)
	for _, e := range entries {
		if !e.Type().IsRegular() {
			continue
		}
		if image[e.Name()], err = os.ReadFile(filepath.Join(folder, e.Name())); err != nil {
			return nil, err
		}
	}
	return image, nil
}

// Lay writes the files into a folder.
func (m Image) Lay(folder string) error {
	for name, data := range m {
		if err := os.WriteFile(filepath.Join(folder, name), data, 0o644); err != nil {
			return err
		}
	}
	return nil
}
