package store

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// A database that was rebuilt takes the place of the damaged one in steps, of which each may be the last before the plug is
// pulled. It is made as kit.db.new, which means nothing. By its new name, kit.db.repaired-T, it is what holds from then on:
// whoever opens the folder goes on where the steps ended. The damaged file, its log and its index go to quarantine/T; the
// log first, because SQLite would read it into whatever file bears the name.
const (
	newName      = FileName + ".new"
	repairedName = FileName + ".repaired-"
	// QuarantineName is the folder in the data folder where damaged files are kept, each time in a folder of its own.
	QuarantineName = "quarantine"
)

// NewPath is where Rebuild is to make a database that is to take the place of the one in the folder dir.
func NewPath(dir string) string { return filepath.Join(dir, newName) }

// Replace puts the database at NewPath in the place of the one in the folder, which goes to the folder quarantine/stamp,
// and is never deleted. The caller holds the folder. Where it ends early, Open and Replaced end it.
func Replace(dir, stamp string) error {
	for _, step := range replacing(dir, stamp) {
		if err := step(); err != nil {
			return explain("replacing the database", err)
		}
	}
	return nil
}

// Replaced ends what a Replace has begun in the folder dir, if there is any. The caller holds the folder.
func Replaced(dir string) error { return explain("replacing the database", finishReplacing(dir)) }

// finishReplacing looks whether a Replace was cut off after its first step.
func finishReplacing(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if stamp, ok := strings.CutPrefix(e.Name(), repairedName); ok {
			for _, step := range replacing(dir, stamp)[1:] {
				if err := step(); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// replacing are the steps: the first makes it hold, each of the others may be done again.
func replacing(dir, stamp string) []func() error {
	database, repaired := filepath.Join(dir, FileName), filepath.Join(dir, repairedName+stamp)
	aside := filepath.Join(dir, QuarantineName, stamp)
	move := func(suffix string) func() error {
		return func() error {
			err := os.Rename(database+suffix, filepath.Join(aside, FileName+suffix))
			if errors.Is(err, os.ErrNotExist) {
				return nil
			}
			return errors.Join(err, syncAll(aside, dir))
		}
	}
	return []func() error{
		func() error {
			if err := os.MkdirAll(aside, 0o755); err != nil {
				return err
			}
			if err := syncAll(filepath.Dir(aside), dir); err != nil {
				return err
			}
			if err := os.Rename(NewPath(dir), repaired); err != nil {
				return err
			}
			return syncAll(dir)
		},
		func() error { return os.MkdirAll(aside, 0o755) },
		move("-wal"), move("-shm"),
		func() error {
			kept := filepath.Join(aside, FileName)
			if _, err := os.Lstat(kept); err == nil {
				return nil // in an earlier attempt
			}
			// A second name, so that there is a database under its name at any moment. Where the file system has none, it moves.
			err := os.Link(database, kept)
			if err != nil && !errors.Is(err, os.ErrNotExist) {
				return move("")()
			}
			return syncAll(aside)
		},
		func() error {
			if err := os.Rename(repaired, database); err != nil {
				return err
			}
			return syncAll(dir)
		},
	}
}

// syncAll brings files and folders to disk.
func syncAll(paths ...string) error {
	for _, path := range slices.Compact(paths) {
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		err = f.Sync()
		if err = errors.Join(err, f.Close()); err != nil {
			return err
		}
	}
	return nil
}
