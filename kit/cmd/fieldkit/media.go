package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/spf13/cobra"

	"fieldkit/kit/blob"
)

func (p *program) media() *cobra.Command {
	var data, reason string
	ls := &cobra.Command{
		Use:   "ls",
		Short: "List the files that are here or withdrawn, a line each",
		Example: `  fieldkit media ls --data camp
  fieldkit media ls --data camp | grep '"state":"withdrawn"'`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return p.onMedia(c.Context(), data, http.MethodGet, "/api/v1/media", nil)
		},
	}
	withdraw := &cobra.Command{
		Use:   "withdraw HASH --reason TEXT",
		Short: "Drop a file and what was made of it, and refuse it from then on",
		Long: `Withdraw drops the bytes of a file and of the thumbnail and preview made of it, and refuses them from then on. Its hash,
the reason and the events that name it stay, and people who look for it read the reason.

Other kits, and phones that have seen it, may have copies: they know nothing of this. It is no erasure of the disk either:
what a deleted file held can be read from a disk until something else is written over it.`,
		Example: `  fieldkit media withdraw --data camp sha256:9f86d0…0a08 --reason "shows a child's face"`,
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if strings.TrimSpace(reason) == "" {
				return usage("say why with --reason: people who look for the file read it")
			}
			body, err := json.Marshal(map[string]string{"reason": reason})
			if err != nil {
				return err
			}
			return p.onWithdrawal(c.Context(), data, http.MethodPut, args[0], body)
		},
	}
	restore := &cobra.Command{
		Use:     "restore HASH",
		Short:   "Lift the refusal of a file; its bytes must come again",
		Example: `  fieldkit media restore --data camp sha256:9f86d0…0a08`,
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return p.onWithdrawal(c.Context(), data, http.MethodDelete, args[0], nil)
		},
	}
	withdraw.Flags().StringVar(&reason, "reason", "", "why, in one line; everybody can read it")
	c := &cobra.Command{Use: "media", Short: "Look after photos and other files that events name",
		Example: `  fieldkit media ls --data camp`}
	for _, sub := range []*cobra.Command{ls, withdraw, restore} {
		dataFlag(sub, &data)
		c.AddCommand(sub)
	}
	return c
}

func (p *program) onWithdrawal(ctx context.Context, data, method, name string, body []byte) error {
	h, ok := blob.ParseHash(name)
	if !ok {
		return usage("%q is not a hash: sha256: and 64 lower-case hex digits, as fieldkit media ls prints it", name)
	}
	return p.onMedia(ctx, data, method, "/api/v1/media/"+h.String()+"/withdrawal", body)
}

// onMedia asks the kit and prints what it says.
func (p *program) onMedia(ctx context.Context, data, method, path string, body []byte) error {
	k, err := p.openKit(data, false)
	if err != nil {
		return err
	}
	defer k.close()
	r, err := http.NewRequestWithContext(ctx, method, "http://kit"+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	response, err := k.do(r)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	_, err = io.Copy(p.stdout, response.Body)
	return err
}
