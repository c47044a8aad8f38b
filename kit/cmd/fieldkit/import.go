package main

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"fieldkit/kit/door"
	"fieldkit/kit/event"
	"fieldkit/kit/intake"
	"fieldkit/kit/keyfile"
)

type importFlags struct {
	data, space, layer, nodeType, actor, timeField, time, key, format string
}

func (p *program) importFile() *cobra.Command {
	var f importFlags
	c := &cobra.Command{
		Use:   "import [--space S FILE | FOLDER]",
		Short: "Turn GeoJSON, CSV or GPX into signed events and take them; or take in what was exported",
		Long: `Import makes an event of each feature, row or waypoint, signs it (with the kit's key, unless --key is given) and hands
it in at the kit's door like any other. Times come from the data, so importing a file twice adds nothing. What stands
where in an event: kit/intake/SPEC.md.

Of a folder that fieldkit export wrote, or one with several in it, import takes what is new and sound. Segments by kits
that the space grants that are kept as they are; the events of others come in at the door. Each thing that is wrong is
refused by itself, a line on stderr; done again, it goes on where it ended.`,
		Example: `  fieldkit import --data camp --space quakes --layer quakes earthquakes.json
  fieldkit import --data camp /media/stick
  fieldkit import --data camp --space rhine --layer gauges levels.csv`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return p.runImport(c, f, args[0]) },
	}
	dataFlag(c, &f.data)
	c.Flags().StringVar(&f.space, "space", "", "the space that takes them")
	c.Flags().StringVar(&f.layer, "layer", "", "their layer (default: as the data says, else import)")
	c.Flags().StringVar(&f.nodeType, "type", "", "their node type (default: as the data says)")
	c.Flags().StringVar(&f.actor, "actor", "", "their actor_id (default: the key's own)")
	c.Flags().StringVar(&f.timeField, "time-field", "", "the property or column with the time (default: the usual names)")
	c.Flags().StringVar(&f.time, "time", "", "the time of what bears none: seconds since 1970, or as 2026-06-13T18:00:00Z")
	c.Flags().StringVar(&f.key, "key", "", "the private key's file (default: the kit's own)")
	c.Flags().StringVar(&f.format, "format", "", "geojson, csv or gpx (default: by the file's name, else its beginning)")
	return c
}

func (p *program) runImport(c *cobra.Command, f importFlags, path string) error {
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		return p.importFolder(c, f, path)
	case f.space == "":
		return usage("--space: say which space takes what is in the file")
	case err != nil:
		return err
	}
	o := intake.Options{Space: f.space, Layer: f.layer, NodeType: f.nodeType, Actor: f.actor, TimeField: f.timeField}
	if t, err := parseTime(f.time); err != nil {
		return err
	} else if t != nil {
		o.Time = *t
	}
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	head := make([]byte, 4<<10)
	n, _ := file.ReadAt(head, 0)
	format := intake.Format(strings.ToLower(f.format))
	if format == "" {
		if format, err = intake.Detect(filepath.Base(path), head[:n]); err != nil {
			return usage("%s: %v; say what it is with --format", path, err)
		}
	}
	k, err := p.openKit(f.data, true)
	if err != nil {
		return err
	}
	defer k.close()
	key, err := importKey(f)
	if err != nil {
		return err
	}
	if o.HomeZoom, err = k.homeZoom(c, f.space); err != nil {
		return err
	}
	bar := p.progress(info.Size(), filepath.Base(path))
	o.Progress = func(counts intake.Counts) { _ = bar.Set64(min(counts.Bytes, info.Size())) }
	refused, taken, known := 0, 0, 0
	o.Refused = func(r intake.Refusal) { refused++; p.writeLine(p.stderr, r) }
	clocks := make(map[string]event.Clock)
	signer := &event.Signer{Key: key, HomeZoom: o.HomeZoom, Clock: func(id string) (event.Clock, bool) { c, ok := clocks[id]; return c, ok }}
	s := &sender{kit: k, verdict: func(number int, v door.Verdict) error {
		switch v.Status {
		case door.Taken:
			taken++
		case door.Known:
			known++
		default:
			refused++
			p.refuse(number, v.EventID, &event.Refusal{Rule: v.Rule, Field: v.Field, File: v.File, Message: v.Message})
		}
		return nil
	}}
	number := 0
	_, readErr := intake.Read(file, format, o, func(draft []byte) (string, error) {
		e, err := signer.Sign(draft)
		if err != nil {
			return "", err
		}
		clocks[e.ID] = e.Clock
		number++
		return e.ID, s.add(c.Context(), number, []byte(e.Text))
	})
	// What came before a break in the file is good, and taken.
	if err := s.flush(c.Context()); err != nil {
		return err
	}
	_ = bar.Finish()
	fmt.Fprintf(p.stdout, "%d events taken, %d known, %d refused\n", taken, known, refused)
	if readErr != nil {
		return fmt.Errorf("%s: %w", path, readErr)
	}
	if refused > 0 {
		return errRefused
	}
	return nil
}

func importKey(f importFlags) (ed25519.PrivateKey, error) {
	if f.key != "" {
		return keyfile.Load(f.key)
	}
	return keyfile.Load(filepath.Join(f.data, "kit.key"))
}

// homeZoom asks the kit for a space's home zoom.
func (k *kit) homeZoom(c *cobra.Command, space string) (uint8, error) {
	response, err := k.get(c.Context(), "/api/v1/spaces/"+url.PathEscape(space)+"/rules")
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	var rules struct {
		HomeZoom uint8 `json:"home_zoom"`
	}
	if err := json.UnmarshalRead(response.Body, &rules); err != nil {
		return 0, errors.New("the kit's answer could not be read")
	}
	return rules.HomeZoom, nil
}

// progress is a bar on stderr where a person sees it.
func (p *program) progress(size int64, name string) *progressbar.ProgressBar {
	visible := false
	if f, ok := p.stderr.(*os.File); ok {
		visible = term.IsTerminal(int(f.Fd()))
	}
	return progressbar.NewOptions64(size, progressbar.OptionSetDescription(name), progressbar.OptionSetWriter(p.stderr),
		progressbar.OptionShowBytes(true), progressbar.OptionSetVisibility(visible), progressbar.OptionClearOnFinish())
}
