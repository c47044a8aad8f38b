package salvage

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/go-json-experiment/json"

	"fieldkit/kit/keyfile"
	"fieldkit/kit/store"
)

// The kit's own files beside the database.
const (
	keyName  = "kit.key"
	nameName = "kit.name"
)

// rejected is a line of the quarantine's rows.jsonl.
type rejected struct {
	What   string `json:"what"`
	Seq    int64  `json:"seq,omitzero"`
	Rule   string `json:"rule"`
	Reason string `json:"reason"`
	Where  string `json:"where"`
	// Record is the row as SQLite has it (sqlite.org/fileformat2.html, section 2.1), in base64.
	Record []byte `json:"record"`
}

// quarantine makes the folder that the damaged database will go to, and writes what does not verify into it.
func (v *salvage) quarantine(dir string, now time.Time) (stamp string, err error) {
	base := now.UTC().Format("20060102T150405Z")
	folder := ""
	for n := 1; ; n++ {
		if stamp = base; n > 1 {
			stamp = fmt.Sprintf("%s-%d", base, n)
		}
		folder = filepath.Join(dir, store.QuarantineName, stamp)
		if _, err := os.Lstat(folder); errors.Is(err, os.ErrNotExist) {
			break
		} else if err != nil {
			return "", err
		}
	}
	if err := os.MkdirAll(folder, 0o755); err != nil || len(v.bad) == 0 {
		return stamp, err
	}
	file, err := os.Create(filepath.Join(folder, "rows.jsonl"))
	if err != nil {
		return "", err
	}
	defer file.Close()
	out := bufio.NewWriter(file)
	for _, b := range v.bad {
		line, err := json.Marshal(rejected{b.what, b.seq, b.rule, b.note, b.place.String(), v.image.raw(b.place)})
		if err != nil {
			return "", err
		}
		if _, err := out.Write(append(line, '\n')); err != nil {
			return "", err
		}
	}
	if err := out.Flush(); err != nil {
		return "", err
	}
	return stamp, file.Sync()
}

// maxName is the greatest length of a kit's name in characters, as the coordinator has it.
const maxName = 128

// inspectKey looks at what makes a kit itself. Nothing here can be derived.
func inspectKey(dir string, find func(store.Finding)) {
	say := func(what, rule, message string) {
		find(store.Finding{What: what, Rule: rule, Remedy: store.Person, Message: message})
	}
	switch _, err := keyfile.Load(filepath.Join(dir, keyName)); {
	case errors.Is(err, os.ErrNotExist):
		say("key", "absent", "kit.key is not there: put it back from a backup before the kit is started, or it will make a new one and go on as another kit")
	case err != nil:
		say("key", "unreadable", "kit.key cannot be used, and the kit will not start: put it back from a backup, or move it away to go on as another kit: "+err.Error())
	}
	text, err := os.ReadFile(filepath.Join(dir, nameName))
	switch name := strings.TrimSpace(string(text)); {
	case errors.Is(err, os.ErrNotExist):
	case err != nil:
		say("name", "unreadable", "kit.name cannot be read: "+err.Error())
	case !utf8.ValidString(name) || utf8.RuneCountInString(name) > maxName || strings.ContainsFunc(name, unicode.IsControl):
		say("name", "name", "kit.name is not a name: start the kit with --name")
	}
}
