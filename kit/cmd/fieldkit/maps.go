package main

import (
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"fieldkit/maps/mbtiles"
	"fieldkit/maps/pack"
	"fieldkit/maps/tileserver"
)

func (p *program) maps() *cobra.Command {
	var data string
	ls := &cobra.Command{
		Use:     "ls",
		Short:   "List the map packs of a data folder",
		Example: `  fieldkit maps ls --data camp`,
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			server, err := tileserver.New(filepath.Join(data, "maps"), nil)
			if err != nil {
				return err
			}
			defer server.Close()
			broken := false
			for _, pack := range server.Packs() {
				broken = broken || pack.Error != ""
				if err := p.writeLine(p.stdout, pack); err != nil {
					return err
				}
			}
			if broken {
				return errRefused
			}
			return nil
		},
	}
	add := &cobra.Command{
		Use:     "add FILE...",
		Short:   "Check MBTiles files and copy them into a data folder; a running kit finds them by itself",
		Example: `  fieldkit maps add --data camp region.mbtiles`,
		Args:    cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			refused := false
			for _, file := range args {
				name, findings, err := pack.Add(filepath.Join(data, "maps"), file)
				p.findings(file, findings)
				if err != nil {
					refused = true
					fmt.Fprintf(p.stderr, "fieldkit: %s: %v\n", file, err)
					continue
				}
				fmt.Fprintln(p.stdout, name)
			}
			if refused {
				return errRefused
			}
			return nil
		},
	}
	check := &cobra.Command{
		Use:     "check FILE...",
		Short:   "Say what is wrong with MBTiles files",
		Example: `  fieldkit maps check region.mbtiles`,
		Args:    cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			broken := false
			for _, file := range args {
				findings := mbtiles.Check(file)
				p.findings(file, findings)
				if _, bad := mbtiles.FirstBroken(findings); bad {
					broken = true
				} else {
					fmt.Fprintf(p.stdout, "%s: can be served\n", file)
				}
			}
			if broken {
				return errRefused
			}
			return nil
		},
	}
	dataFlag(ls, &data)
	dataFlag(add, &data)
	c := &cobra.Command{Use: "maps", Short: "Look after the offline map packs (MBTiles)",
		Example: `  fieldkit maps ls --data camp`}
	c.AddCommand(ls, add, check)
	return c
}

type findingLine struct {
	File string `json:"file"`
	mbtiles.Finding
}

func (p *program) findings(file string, findings []mbtiles.Finding) {
	for _, f := range findings {
		p.writeLine(p.stderr, findingLine{file, f})
	}
}
