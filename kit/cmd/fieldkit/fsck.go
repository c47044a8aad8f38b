package main

import (
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"

	"fieldkit/kit/store"
	"fieldkit/kit/store/salvage"
)

// fetchLine is a segment that another kit must bring: its seal is here, and not all of its events.
type fetchLine struct {
	Fetch   string `json:"fetch"`
	Space   string `json:"space"`
	Tile    string `json:"tile"`
	Policy  string `json:"policy"`
	From    string `json:"from_event"`
	To      string `json:"to_event"`
	Count   int64  `json:"count"`
	Missing int64  `json:"missing"`
}

// summaryLine is the last line.
type summaryLine struct {
	// Summary is sound, damaged, or repaired.
	Summary    string `json:"summary"`
	Events     int64  `json:"events"`
	Findings   int    `json:"findings"`
	Lost       int64  `json:"lost,omitzero"`
	Rejected   int64  `json:"rejected,omitzero"`
	Wanted     int    `json:"wanted,omitzero"`
	Quarantine string `json:"quarantine,omitzero"`
	// Media is how many files that events name are damaged.
	Media int `json:"media,omitzero"`
	// Message says to a person what it means and what to do.
	Message string `json:"message"`
}

func (p *program) fsck() *cobra.Command {
	var data string
	var mend bool
	c := &cobra.Command{
		Use:   "fsck",
		Short: "Check a data folder, and repair it",
		Long: `Fsck reads everything a kit has stored: it hashes every event again, verifies every signature, computes the
indexes, digests, states and snapshots anew and compares, and hashes the photos and other files. A finding a line, a
line for each segment and file that is to be fetched from another kit, and a summary. It changes nothing.

With --repair a damaged database is replaced by one made of every event and every segment that still verifies. The
damaged files are moved to a folder in quarantine, and never deleted; so are photos that are damaged. What is gone comes back when another kit's events
are taken in (fieldkit export there, fieldkit import here). There must be room for the database a second time.

The kit must not be running: stop it first.

Exit codes: 0 sound, or repaired with nothing lost; 1 damaged, or it cannot be repaired; 3 repaired, and something that
was here must be fetched from another kit.`,
		Example: `  fieldkit fsck --data camp
  fieldkit fsck --data camp --repair
  fieldkit import --data camp /media/stick   # brings back what was lost, from another kit's export`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if os.Getenv("GOGC") == "" {
				debug.SetGCPercent(gcPercent) // as for a kit: there is little memory and no hurry
			}
			s := summaryLine{Summary: "sound", Message: "everything is as it must be"}
			person := 0
			var broken error // stdout
			find := func(f store.Finding) {
				s.Findings++
				if f.Remedy == store.Person {
					person++
				}
				broken = errors.Join(broken, p.writeLine(p.stdout, f))
			}
			run := func() (salvage.Result, error) { return salvage.Check(c.Context(), data, find) }
			if mend {
				run = func() (salvage.Result, error) { return salvage.Repair(c.Context(), data, time.Now(), find) }
			}
			result, err := run()
			if errors.Is(err, store.ErrLocked) {
				return fmt.Errorf("%w; fsck needs the folder for itself: stop the kit first", err)
			}
			if err != nil {
				return err
			}
			for _, w := range result.Wanted {
				broken = errors.Join(broken, p.writeLine(p.stdout, fetchLine{
					w.Seal.Hash.String(), w.Seal.Space, w.Seal.Tile.String(), w.Seal.Policy, w.Seal.From, w.Seal.To, w.Seal.Count, w.Missing,
				}))
			}
			media, err := fsckMedia(c.Context(), data, mend, find)
			if err != nil {
				return errors.Join(broken, err)
			}
			for _, f := range media {
				broken = errors.Join(broken, p.writeLine(p.stdout, f))
			}
			s.Media = len(media)
			s.Events, s.Lost, s.Rejected, s.Wanted, s.Quarantine = result.Events, result.Lost, result.Rejected, len(result.Wanted), result.Quarantine
			err = s.judge(result, person, mend)
			return errors.Join(broken, p.writeLine(p.stdout, s), err)
		},
	}
	dataFlag(c, &data)
	c.Flags().BoolVar(&mend, "repair", false, "put a sound database in the place of a damaged one, which is kept")
	return c
}

// judge says in a sentence how it went, and what exit code that is.
func (s *summaryLine) judge(result salvage.Result, person int, mend bool) error {
	const fetch = "fetch it from another kit: fieldkit export --data THERE OUT, then fieldkit import --data HERE OUT"
	switch {
	case result.Repaired && person > 0:
		s.Summary, s.Message = "repaired", "the database is repaired; somebody must see to what is said above of the kit's key or name"
		return errors.New("what is said of the kit's key or name is left")
	case s.Media > 0 && !mend:
		s.Summary, s.Message = "damaged", "files that events name are damaged; with --repair they are put aside, and taken again when somebody brings them"
		if result.Damaged {
			s.Message += fmt.Sprintf("; the database is damaged too: %d events would be left", result.Events)
		}
		return errors.New("some of what is kept is damaged: run fieldkit fsck --repair")
	case s.Media > 0 && !result.Incomplete:
		s.Summary, s.Message = "repaired", "damaged files were put into objects/quarantine; the kit takes them again from whoever has them"
		return errRefused
	case result.Repaired && result.Incomplete:
		s.Summary, s.Message = "repaired", "the database is repaired, and some of what was here is gone; "+fetch
		return errRefused
	case result.Repaired:
		s.Summary, s.Message = "repaired", "the database is repaired; nothing that was here is lost"
	case result.Damaged:
		s.Summary, s.Message = "damaged", fmt.Sprintf("the database is damaged; with --repair %d events would be left", result.Events)
		return errors.New("the database is damaged: run fieldkit fsck --repair")
	case person > 0:
		s.Summary, s.Message = "damaged", "the database is sound; somebody must see to what is said above"
		return errors.New("what is said above must be seen to")
	case len(result.Wanted) > 0:
		s.Message = "the database is sound; some segments are not whole: " + fetch
	}
	return nil
}
