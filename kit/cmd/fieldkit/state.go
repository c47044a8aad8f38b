package main

import (
	"io"
	"net/http"
	"net/url"
	"strconv"

	"github.com/spf13/cobra"
)

func (p *program) state() *cobra.Command {
	var data, space, at, format string
	c := &cobra.Command{
		Use:   "state --space S",
		Short: "Print the state of a space, now or at an earlier moment",
		Example: `  fieldkit state --data camp --space rhine --format geojson > now.geojson
  fieldkit state --data camp --space rhine --at 2026-06-13T18:00:00Z`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			until, err := parseTime(at)
			if err != nil {
				return err
			}
			query := url.Values{"format": {format}}
			if until != nil {
				query.Set("at", strconv.FormatInt(*until, 10))
			}
			return p.printFrom(c, data, "/api/v1/spaces/"+url.PathEscape(space)+"/state?"+query.Encode())
		},
	}
	dataFlag(c, &data)
	atFlag(c, &at)
	c.Flags().StringVar(&space, "space", "", "the space")
	c.Flags().StringVar(&format, "format", "canonical", "canonical (kit/SPEC.md, section 7) or geojson")
	_ = c.MarkFlagRequired("space")
	return c
}

func (p *program) digest() *cobra.Command {
	var data, space, tile, policy string
	c := &cobra.Command{
		Use:   "digest",
		Short: "Print digests of the stored events: whether two kits hold the same world",
		Long: `Digest prints the kit's root digest with those of its spaces, or, with --space, the digest of one space or tile with
what it is made of.`,
		Example: `  fieldkit digest --data camp
  fieldkit digest --data camp --space rhine --tile z14/x8625/y5753`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			query := url.Values{}
			for name, value := range map[string]string{"space": space, "tile": tile, "policy": policy} {
				if value != "" {
					query.Set(name, value)
				}
			}
			return p.printFrom(c, data, "/api/v1/digests?"+query.Encode())
		},
	}
	dataFlag(c, &data)
	c.Flags().StringVar(&space, "space", "", "of this space")
	c.Flags().StringVar(&tile, "tile", "", "of this tile of the space, as z14/x8625/y5753 or 14/8625/5753")
	c.Flags().StringVar(&policy, "policy", "", "public (default), private, redacted, or lora")
	return c
}

// printFrom prints what the kit answers.
func (p *program) printFrom(c *cobra.Command, data, path string) error {
	k, err := p.openKit(data, false)
	if err != nil {
		return err
	}
	defer k.close()
	response, err := k.get(c.Context(), path)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return usage("the kit answered %s", response.Status)
	}
	_, err = io.Copy(p.stdout, response.Body)
	return err
}
