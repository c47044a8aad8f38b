package depot

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"fieldkit/kit/event"
)

// FolderName is how the folder of a space or a layer is called. Where the id is a name that some file system cannot hold
// or confuses with another — FAT takes capitals for small letters, drops dots at the end, and has devices called con or
// nul — or that means something else in the form, it is `<8 hex digits>~<id>~`: the first of SHA-256 of the id.
func FolderName(id string) string {
	if plain(id) {
		return id
	}
	sum := sha256.Sum256([]byte(id))
	return hex.EncodeToString(sum[:4]) + "~" + id + "~"
}

// ParseFolderName gives the id that FolderName made a folder's name of; ok is false for a name that it makes of none.
func ParseFolderName(folder string) (id string, ok bool) {
	id = folder
	if len(folder) > 9 && folder[8] == '~' {
		id = strings.TrimSuffix(folder[9:], "~")
	}
	return id, event.ValidName(id) && FolderName(id) == folder
}

// plain reports whether every file system holds the name as it is, and no other that differs by case alone.
func plain(id string) bool {
	if strings.ToLower(id) != id || strings.HasSuffix(id, ".") {
		return false
	}
	switch id {
	case objectsFolder, tilesFolder, spaceFile, strings.ToLower(sumsFile):
		return false
	}
	base, _, _ := strings.Cut(id, ".")
	switch base {
	case "con", "prn", "aux", "nul":
		return false
	}
	return len(base) != 4 || !strings.HasPrefix(base, "com") && !strings.HasPrefix(base, "lpt") || base[3] < '0' || base[3] > '9'
}
