// Package keyfile keeps an ed25519 private key in a file: PKCS #8 (RFC 8410) in PEM, as openssl reads and writes it.
package keyfile

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

const pemType = "PRIVATE KEY"

// Load reads a key. The error is fs.ErrNotExist's where there is no file.
func Load(path string) (ed25519.PrivateKey, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(text)
	if block == nil || block.Type != pemType {
		return nil, fmt.Errorf("%s: is not a private key in PEM; make one with: fieldkit event new-key FILE", path)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	key, ok := parsed.(ed25519.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("%s: is a key of another kind, ed25519 is needed", path)
	}
	return key, nil
}

// Create makes a new key and writes it, readable by its owner alone and on disk when it returns. A file that is there
// already is never overwritten: a lost key cannot be had back.
func Create(path string) (ed25519.PrivateKey, error) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	// Whole or not at all: a plug pulled meanwhile must not leave half a key, with which no kit would start again.
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".new") // for its owner alone
	if err != nil {
		return nil, err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	if err := pem.Encode(f, &pem.Block{Type: pemType, Bytes: der}); err != nil {
		return nil, err
	}
	if err := f.Sync(); err != nil {
		return nil, err
	}
	if err := place(f.Name(), path); err != nil {
		return nil, err
	}
	return key, syncFolder(filepath.Dir(path))
}

// place gives a file its name, unless there is one of that name.
func place(made, path string) error {
	err := os.Link(made, path)
	if err == nil || errors.Is(err, fs.ErrExist) {
		return err
	}
	// FAT has no links.
	if _, err := os.Lstat(path); err == nil {
		return &fs.PathError{Op: "create", Path: path, Err: fs.ErrExist}
	}
	return os.Rename(made, path)
}

// syncFolder makes a new name durable: without it a power cut may leave a kit without its key.
func syncFolder(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
