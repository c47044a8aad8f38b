package store

import (
	"embed"
	"fmt"
	"io/fs"
	"strconv"
)

// applicationID says "FKIT" in the file's header (sqlite.org/pragma.html, application_id).
const applicationID = 0x464b4954

//go:embed sql/*.sql
var scripts embed.FS

// migrations are the scripts by number: the first makes version 1 of an empty file.
func migrations() ([]string, error) {
	names, err := fs.Glob(scripts, "sql/*.sql")
	if err != nil {
		return nil, err
	}
	var list []string
	for i, name := range names { // sorted by name
		if want := fmt.Sprintf("sql/%04d_", i+1); name[:len(want)] != want {
			return nil, fmt.Errorf("%s is not migration %d", name, i+1)
		}
		text, err := scripts.ReadFile(name)
		if err != nil {
			return nil, err
		}
		list = append(list, string(text))
	}
	return list, nil
}

// migrate brings the file to the present version, each step in a transaction of its own. It refuses what is not ours,
// and what a later program wrote, without touching it.
func migrate(c *conn) error {
	var application, version, tables int64
	if _, err := c.one("SELECT count(*) FROM sqlite_schema", nil, &tables); err != nil {
		return err
	}
	if _, err := c.one("PRAGMA application_id", nil, &application); err != nil {
		return err
	}
	if _, err := c.one("PRAGMA user_version", nil, &version); err != nil {
		return err
	}
	steps, err := migrations()
	if err != nil {
		return err
	}
	switch {
	case application == 0 && version == 0 && tables == 0: // new
	case application != applicationID:
		return fmt.Errorf("%w: it is another program's (application id %#x)", ErrBroken, uint32(application))
	case version > int64(len(steps)):
		return fmt.Errorf("%w: %d, and this program knows %d: run a fieldkit at least as new as the one that wrote it", ErrNewer, version, len(steps))
	}
	for i := version; i < int64(len(steps)); i++ {
		err := c.script("BEGIN IMMEDIATE;\n" + steps[i] +
			"\nPRAGMA application_id = " + strconv.Itoa(applicationID) +
			";\nPRAGMA user_version = " + strconv.FormatInt(i+1, 10) + ";\nCOMMIT")
		if err != nil {
			return fmt.Errorf("migration %d: %w", i+1, err)
		}
	}
	return nil
}
