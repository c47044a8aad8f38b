package powercut

import (
	"maps"
	"math/rand/v2"
	"slices"
)

// Sector is what a disk writes whole or not at all, in bytes.
const Sector = 512

// A Disk is what was recorded.
type Disk struct {
	Ops    []Op
	before Image
}

// Marked calls f with the numbers that were marked before the op with index cut.
func (d *Disk) Marked(cut int, f func(number int64)) {
	for _, op := range d.Ops[:cut] {
		if op.Kind == Mark {
			f(op.At)
		}
	}
}

// Cut makes an image that may be found when the power goes before the op with index cut. lies is how many of the last
// syncs before it the disk only pretended to have done: 0 for an honest one.
func (d *Disk) Cut(cut, lies int, r *rand.Rand) Image {
	ops := d.Ops[:cut]
	synced := syncs(ops, lies)
	files := make(map[int]*file)
	for i, op := range ops {
		switch op.Kind {
		case Exists:
			files[op.File] = &file{data: append([]byte(nil), d.before[op.Name]...)}
		case Create:
			files[op.File] = &file{}
		case Write, Truncate:
			f := files[op.File]
			if i < synced[op.File] {
				f.apply(op, everything)
			} else {
				f.pending = append(f.pending, op)
			}
		}
	}
	image := make(Image)
	names := d.names(ops, synced[0], r)
	for _, name := range slices.Sorted(maps.Keys(names)) { // in order, so that a seed makes the same image again
		if number := names[name]; number == 0 {
			image[name] = d.before[name]
		} else {
			image[name] = files[number].cut(r)
		}
	}
	return image
}

// Written is what the files held when the recording ended, if it missed nothing.
func (d *Disk) Written() Image {
	files, names := make(map[int]*file), make(map[string]int)
	image := maps.Clone(d.before)
	for _, op := range d.Ops {
		switch op.Kind {
		case Exists:
			files[op.File], names[op.Name] = &file{data: append([]byte(nil), d.before[op.Name]...)}, op.File
		case Create:
			files[op.File], names[op.Name] = &file{}, op.File
		case Remove:
			delete(names, op.Name)
			delete(image, op.Name)
		case Write, Truncate:
			files[op.File].apply(op, everything)
		}
	}
	for name, number := range names {
		image[name] = files[number].data
	}
	return image
}

// syncs is, for each file, the index before which all is on the disk for certain.
func syncs(ops []Op, lies int) map[int]int {
	synced := make(map[int]int)
	var ended []Op
	for _, op := range ops {
		if op.Kind == SyncEnd {
			ended = append(ended, op)
		}
	}
	for _, op := range ended[:max(0, len(ended)-lies)] {
		synced[op.File] = max(synced[op.File], int(op.At))
	}
	return synced
}

// names are the files in the folder, 0 for one that nobody touched. Of what happened to a name since the folder was
// synced, any part from the beginning has come to the disk.
func (d *Disk) names(ops []Op, synced int, r *rand.Rand) map[string]int {
	names := make(map[string]int)
	for name := range d.before {
		names[name] = 0
	}
	lost := make(map[string]bool)
	for i, op := range ops {
		switch op.Kind {
		case Exists:
			names[op.Name] = op.File
		case Create, Remove:
			if i >= synced {
				lost[op.Name] = lost[op.Name] || r.IntN(2) == 0
				if lost[op.Name] {
					continue
				}
			}
			if op.Kind == Create {
				names[op.Name] = op.File
			} else {
				delete(names, op.Name)
			}
		}
	}
	return names
}

type file struct {
	data    []byte
	pending []Op
}

func everything(int64) bool { return true }

// apply does a write, as far as its sectors (by number in the file) are kept, or a truncation.
func (f *file) apply(op Op, keep func(sector int64) bool) {
	if op.Kind == Truncate {
		f.resize(op.At)
		return
	}
	for from := int64(0); from < int64(len(op.Data)); {
		sector := (op.At + from) / Sector
		to := min((sector+1)*Sector-op.At, int64(len(op.Data)))
		if keep(sector) {
			f.resize(max(int64(len(f.data)), op.At+to))
			copy(f.data[op.At+from:], op.Data[from:to])
		}
		from = to
	}
}

func (f *file) resize(length int64) {
	if length > int64(len(f.data)) {
		f.data = append(f.data, make([]byte, length-int64(len(f.data)))...)
	}
	f.data = f.data[:length]
}

// cut lets what is not synced come to the disk in one of the ways in which it may.
func (f *file) cut(r *rand.Rand) []byte {
	if len(f.pending) == 0 {
		return f.data
	}
	odd := func(int64) bool { return r.IntN(2) == 0 }
	switch r.IntN(6) {
	case 0: // nothing
	case 1: // everything
		for _, op := range f.pending {
			f.apply(op, everything)
		}
	case 2: // in order up to some write, which is torn
		n := r.IntN(len(f.pending))
		for _, op := range f.pending[:n] {
			f.apply(op, everything)
		}
		if last := f.pending[n]; last.Kind == Write {
			end := (last.At + r.Int64N(int64(len(last.Data)))) / Sector
			f.apply(last, func(sector int64) bool { return sector < end })
		}
	case 3: // some writes
		for _, op := range f.pending {
			if r.IntN(2) == 0 {
				f.apply(op, everything)
			}
		}
	case 4: // all but one, which is lost or torn
		n := r.IntN(len(f.pending))
		for i, op := range f.pending {
			switch {
			case i != n:
				f.apply(op, everything)
			case op.Kind == Write && r.IntN(2) == 0:
				f.apply(op, odd)
			}
		}
	case 5: // some sectors of each
		for _, op := range f.pending {
			if op.Kind == Write || r.IntN(2) == 0 {
				f.apply(op, odd)
			}
		}
	}
	if r.IntN(4) == 0 {
		f.lengthen(r)
	}
	return f.data
}

// lengthen lets a length come to the disk without its bytes: there stands nothing, or what stood there before.
func (f *file) lengthen(r *rand.Rand) {
	before := int64(len(f.data))
	for _, op := range f.pending[:1+r.IntN(len(f.pending))] {
		f.resize(max(int64(len(f.data)), op.At+int64(len(op.Data))))
	}
	if r.IntN(2) == 0 {
		for i := before; i < int64(len(f.data)); i++ {
			f.data[i] = byte(r.Uint32())
		}
	}
}
