package coordinator

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fieldkit/kit/door"
	"fieldkit/kit/event"
	"fieldkit/kit/store"
)

func TestTheKitsName(t *testing.T) {
	data := t.TempDir()
	path := filepath.Join(data, "kit.name")
	named := func(name, want string) {
		t.Helper()
		c, err := Open(Config{Data: data, Name: name})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if c.Name() != want {
			t.Errorf("%q, want %q", c.Name(), want)
		}
	}
	named("", "camp")
	named("Camp A", "Camp A")
	named("", "Camp A")
	if err := os.WriteFile(path, []byte("Zeltplatz Süd\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	named("", "Zeltplatz Süd")
	for _, name := range []string{strings.Repeat("é", 129), "a\nb", "\xff"} {
		if _, err := Open(Config{Data: data, Name: name}); err == nil {
			t.Errorf("the name %q was taken", name)
		}
	}
	named("", "Zeltplatz Süd")
	// A disk on which the name cannot be written is no reason to stay closed.
	if err := os.Mkdir(path+".new", 0o755); err != nil {
		t.Fatal(err)
	}
	named("Camp B", "Camp B")
	named("", "Zeltplatz Süd")
}

func TestAFolderThatIsInUseIsLeftAlone(t *testing.T) {
	data := t.TempDir()
	open(t, Config{Data: data, Name: "one"})
	if _, err := Open(Config{Data: data, Name: "two"}); !errors.Is(err, store.ErrLocked) {
		t.Errorf("%v", err)
	}
	if text, err := os.ReadFile(filepath.Join(data, "kit.name")); err != nil || string(text) != "one" {
		t.Errorf("%q, %v", text, err)
	}
}

// moody is a store that takes nothing while it has an error.
type moody struct {
	door.Appender
	err error
}

func (m *moody) Append(ctx context.Context, entries []store.Entry) ([]store.Outcome, error) {
	if m.err != nil && len(entries) > 0 {
		return nil, m.err
	}
	return m.Appender.Append(ctx, entries)
}

func TestTroubleIsRememberedUntilSomethingIsTaken(t *testing.T) {
	c := open(t, Config{})
	m := &moody{Appender: c.store}
	c.door = door.New(m, c, event.NewVerifier(), c.now)
	first, second := sign(t, key(2), nil), sign(t, key(2), fields{"timestamp": start + 1})
	take(t, c, first)
	for _, sentinel := range []error{store.ErrFull, store.ErrReadOnly, errors.New("disk I/O error")} {
		m.err = fmt.Errorf("store: appending: %w", sentinel)
		if _, err := c.Admit(t.Context(), [][]byte{[]byte(second.Text)}); !errors.Is(err, sentinel) {
			t.Fatalf("%v", err)
		}
		if err := c.Trouble(t.Context()); !errors.Is(err, sentinel) {
			t.Errorf("%v is not remembered: %v", sentinel, err)
		}
		// What the store never saw does not say that it works again.
		if _, err := c.Admit(t.Context(), [][]byte{[]byte("nonsense")}); err != nil {
			t.Fatal(err)
		}
		if err := c.Trouble(t.Context()); !errors.Is(err, sentinel) {
			t.Errorf("%v is forgotten: %v", sentinel, err)
		}
	}
	m.err = nil
	take(t, c, second)
	if err := c.Trouble(t.Context()); err != nil {
		t.Errorf("%v is remembered", err)
	}
	// Somebody who leaves in the middle is no trouble of the store's.
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Admit(ctx, [][]byte{[]byte(first.Text)}); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if err := c.Trouble(t.Context()); err != nil {
		t.Errorf("%v", err)
	}
}

func TestRoomOnTheDiskEndsTheTrouble(t *testing.T) {
	c := open(t, Config{})
	stat, err := c.store.Stat(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	c.trouble.set(store.ErrFull, stat.Free+1<<40)
	if err := c.Trouble(t.Context()); !errors.Is(err, store.ErrFull) {
		t.Errorf("%v", err)
	}
	c.trouble.set(store.ErrFull, stat.Free-1<<30)
	if err := c.Trouble(t.Context()); err != nil {
		t.Errorf("%v", err)
	}
}
