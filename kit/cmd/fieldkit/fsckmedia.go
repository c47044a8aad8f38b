package main

import (
	"context"
	"errors"
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
// them again when somebody brings them. It gives those that are to be fetched. store.ErrLocked as for the database.
func fsckMedia(ctx context.Context, data string, mend bool, find func(store.Finding)) (fetch []fetchBlob, err error) {
	lock, err := store.Lock(data)
	if err != nil {
		return nil, err
	}
	defer lock.Close()
	dir := filepath.Join(data, "objects")
	var broken []blob.Hash
	err = blob.CheckFolder(ctx, dir, func(f blob.Fault) {
		one := store.Finding{What: "media", Rule: f.Rule, Remedy: store.Person, Message: f.Message}
		if f.Rule == "hash" || f.Rule == "read" {
			one.Hash, one.Remedy = f.Hash.String(), store.Fetch
			broken = append(broken, f.Hash)
			fetch = append(fetch, fetchBlob{f.Hash.String(), true})
		}
		find(one)
	})
	if err != nil || !mend || len(broken) == 0 {
		return fetch, err
	}
	blobs, err := blob.Open(dir, blob.Options{})
	if err != nil {
		return fetch, err
	}
	for _, h := range broken {
		err = errors.Join(err, blobs.Quarantine(h))
	}
	return fetch, err
}
