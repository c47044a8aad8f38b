package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"fieldkit/kit/blob"
	"fieldkit/kit/store"
)

// fetchBlob is a file that another kit, or the phone that took it, must bring again.
type fetchBlob struct {
	Fetch string `json:"fetch"`
	Media bool   `json:"media"`
}

// fsckMedia hashes the files that events name, and with mend puts those aside that are not what their names say: the kit takes
// them again when somebody brings them. It gives those that are to be fetched.
func fsckMedia(ctx context.Context, data string, mend bool, find func(store.Finding)) (fetch []fetchBlob, err error) {
	dir := filepath.Join(data, "objects")
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	blobs, err := blob.Open(dir, blob.Options{})
	if err != nil {
		return nil, err
	}
	var broken []blob.Hash
	err = blobs.Check(ctx, func(f blob.Fault) {
		one := store.Finding{What: "media", Rule: f.Rule, Remedy: store.Person, Message: f.Message}
		if f.Rule == "hash" || f.Rule == "read" {
			one.Hash, one.Remedy = f.Hash.String(), store.Fetch
			broken = append(broken, f.Hash)
		}
		find(one)
	})
	for _, h := range broken {
		if mend && err == nil {
			err = blobs.Quarantine(h)
		}
		fetch = append(fetch, fetchBlob{h.String(), true})
	}
	return fetch, err
}
