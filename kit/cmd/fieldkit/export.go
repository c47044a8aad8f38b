package main

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"path/filepath"

	"github.com/go-json-experiment/json"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

func (p *program) export() *cobra.Command {
	var data string
	c := &cobra.Command{
		Use:   "export OUT",
		Short: "Write all that the kit has as plain files, a folder a space, to be carried away or kept",
		Long: `Export writes each space's folder in OUT in the directory form of kit/SPEC.md: segments, manifests and
scope files, which anybody verifies with sha256sum and another kit takes in with fieldkit import. OUT may be a stick, FAT
too; when the command has ended, all is on it. Done again it adds what is new.

It holds all events, also those marked private: look after it as after the box.`,
		Example: `  fieldkit export --data camp /media/stick
  fieldkit import --data other /media/stick`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			k, err := p.openKit(data, false)
			if err != nil {
				return err
			}
			defer k.close()
			return p.carry(c.Context(), k, "/api/v1/export", args[0])
		},
	}
	dataFlag(c, &data)
	return c
}

// importFolder takes in what was exported.
func (p *program) importFolder(c *cobra.Command, f importFlags, path string) error {
	var wrong error
	c.Flags().Visit(func(flag *pflag.Flag) {
		if flag.Name != "data" && wrong == nil {
			wrong = usage("--%s is for files: %s is a folder, and says itself what is in it", flag.Name, path)
		}
	})
	if wrong != nil {
		return wrong
	}
	k, err := p.openKit(f.data, true)
	if err != nil {
		return err
	}
	defer k.close()
	return p.carry(c.Context(), k, "/api/v1/import", path)
}

// carry has the kit write or read a folder and prints what it says: refusals on stderr, the rest on stdout.
func (p *program) carry(ctx context.Context, k *kit, address, path string) error {
	path, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	body, err := json.Marshal(map[string]string{"path": path})
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://kit"+address, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	response, err := k.do(r)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	refused, ended := false, false
	err = eachLine(response.Body, maxCarryLine, func(_ int, line []byte) error {
		var said struct {
			Status  string `json:"status"`
			Message string `json:"message"`
		}
		if err := json.Unmarshal(line, &said); err != nil {
			return errors.New("the kit's answer could not be read")
		}
		to := p.stdout
		switch said.Status {
		case "failed":
			return errors.New(said.Message)
		case "done":
			ended = true
			return nil
		case "refused":
			refused, to = true, p.stderr
		}
		_, err := to.Write(line)
		return err
	})
	switch {
	case err != nil:
		return err
	case !ended:
		return errors.New("the kit broke off; do it again, it goes on where it ended")
	case refused:
		return errRefused
	}
	return nil
}

// maxCarryLine is the greatest length of a line that a kit says of an export or import, in bytes.
const maxCarryLine = 16 << 20
