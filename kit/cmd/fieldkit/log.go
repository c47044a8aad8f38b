package main

import (
	"bufio"
	"net/url"

	"github.com/spf13/cobra"
)

func (p *program) log() *cobra.Command {
	var data, space, layer, tile string
	var below bool
	c := &cobra.Command{
		Use:   "log",
		Short: "Print the stored events, oldest arrival first",
		Example: `  fieldkit log --data camp --space rhine | fieldkit replay --digest
  fieldkit log --data camp --tile z14/x8625/y5753`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			k, err := p.openKit(data, false)
			if err != nil {
				return err
			}
			defer k.close()
			query := url.Values{}
			for name, value := range map[string]string{"space": space, "layer": layer, "tile": tile} {
				if value != "" {
					query.Set(name, value)
				}
			}
			if below {
				query.Set("below", "1")
			}
			out := bufio.NewWriter(p.stdout)
			defer out.Flush()
			return k.events(c.Context(), query.Encode(), func(line []byte) error {
				_, err := out.Write(line)
				return err
			})
		},
	}
	dataFlag(c, &data)
	c.Flags().StringVar(&space, "space", "", "only this space")
	c.Flags().StringVar(&layer, "layer", "", "only this layer")
	c.Flags().StringVar(&tile, "tile", "", "only this tile, as z14/x8625/y5753 or 14/8625/5753")
	c.Flags().BoolVar(&below, "below", false, "with --tile: the tiles within it too")
	return c
}
