package store

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// Lock takes the folder dir for this process, as an open store does, for what works on the file itself. ErrLocked means that
// another process has it. Closing the lock gives it back.
func Lock(dir string) (io.Closer, error) {
	file, err := lockFolder(dir)
	if err != nil {
		return nil, err // not a nil *os.File in the interface
	}
	return file, nil
}

// lockFolder takes the folder for this process. The lock is the kernel's, on the open file: it ends with the process,
// however that ends, and the file that stays behind means nothing.
func lockFolder(dir string) (*os.File, error) {
	path := filepath.Join(dir, "kit.lock")
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, explain("locking "+dir, err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		holder, _ := io.ReadAll(io.LimitReader(file, 64))
		file.Close()
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("store: locking %s: %w", path, err)
		}
		who := "another process"
		if text := strings.TrimSpace(string(holder)); text != "" {
			who = text
		}
		return nil, fmt.Errorf("store: %s: %w by %s: stop it, or let it do what is to be done", dir, ErrLocked, who)
	}
	// Who holds it is for people only: a full disk must not keep a kit from starting.
	if file.Truncate(0) == nil {
		fmt.Fprintf(file, "process %d (%s)\n", os.Getpid(), filepath.Base(os.Args[0]))
	}
	return file, nil
}
