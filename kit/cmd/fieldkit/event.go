package main

import (
	"bufio"
	"crypto/ed25519"
	"fmt"

	"github.com/spf13/cobra"

	"fieldkit/kit/event"
	"fieldkit/kit/keyfile"
)

// maxValue is the longest line that canon takes, in bytes.
const maxValue = 16 << 20

func (p *program) event() *cobra.Command {
	c := &cobra.Command{Use: "event", Short: "Make, sign and check single events",
		Example: `  fieldkit event new-key me.key
  fieldkit event sign --key me.key draft.jsonl | fieldkit event verify`}
	c.AddCommand(
		&cobra.Command{
			Use:     "canon [FILE]",
			Short:   "Print the canonical form (RFC 8785) of each JSON value, one a line",
			Example: `  echo '{"b":1.0,"a":"\u00e4"}' | fieldkit event canon`,
			Args:    cobra.MaximumNArgs(1),
			RunE: func(_ *cobra.Command, args []string) error {
				return p.filter(args, maxValue, event.Canonicalize)
			},
		},
		&cobra.Command{
			Use:     "id [FILE]",
			Short:   "Print the id that each event or draft must bear",
			Example: `  fieldkit event id trace.jsonl`,
			Args:    cobra.MaximumNArgs(1),
			RunE: func(_ *cobra.Command, args []string) error {
				return p.filter(args, event.MaxLine, func(line []byte) ([]byte, error) {
					id, err := event.ID(line)
					return []byte(id), err
				})
			},
		},
		p.eventSign(), p.eventVerify(), p.newKey(),
	)
	return c
}

// filter writes a line for each line read; what is refused is said on stderr.
func (p *program) filter(args []string, limit int, convert func(line []byte) ([]byte, error)) error {
	in, _, err := p.open(args)
	if err != nil {
		return err
	}
	defer in.Close()
	out := bufio.NewWriter(p.stdout)
	defer out.Flush()
	refused := false
	err = eachLine(in, limit, func(number int, line []byte) error {
		text, err := []byte(nil), tooLong(limit)
		if line != nil {
			text, err = convert(line)
		}
		if err != nil {
			refused = true
			p.refuse(number, "", err)
			return nil
		}
		_, err = out.Write(append(text, '\n'))
		return err
	})
	if err == nil && refused {
		err = errRefused
	}
	return err
}

func (p *program) eventSign() *cobra.Command {
	var keyPath string
	var zoom int
	c := &cobra.Command{
		Use:   "sign --key FILE [FILE]",
		Short: "Sign drafts of events, filling in actor_id, tile, clock and event_id where they are absent",
		Long: `Sign reads drafts, a JSON object a line, and writes signed events. What derives from other fields may be absent:
actor_id (the key's own), tile (of transform.position or the geometry), clock and event_id. A draft may name earlier
lines in previous_events; a parent that is not among them counts as of the draft's own time.`,
		Example: `  fieldkit event new-key me.key
  fieldkit event sign --key me.key draft.jsonl | fieldkit append --data camp`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if zoom < 0 || zoom > 22 {
				return usage("--zoom must be 0 to 22")
			}
			key, err := keyfile.Load(keyPath)
			if err != nil {
				return err
			}
			clocks := make(map[string]event.Clock)
			signer := &event.Signer{Key: key, HomeZoom: uint8(zoom), Clock: func(id string) (event.Clock, bool) {
				c, ok := clocks[id]
				return c, ok
			}}
			return p.filter(args, event.MaxLine, func(line []byte) ([]byte, error) {
				e, err := signer.Sign(line)
				if err != nil {
					return nil, err
				}
				clocks[e.ID] = e.Clock
				return []byte(e.Text), nil
			})
		},
	}
	c.Flags().StringVar(&keyPath, "key", "", "the private key's file")
	c.Flags().IntVar(&zoom, "zoom", event.DefaultHomeZoom, "the space's home zoom, for tiles that are filled in")
	_ = c.MarkFlagRequired("key")
	return c
}

type verifiedLine struct {
	Line    int    `json:"line"`
	EventID string `json:"event_id"`
	Status  string `json:"status"`
	Key     string `json:"key,omitempty"`
}

func (p *program) eventVerify() *cobra.Command {
	return &cobra.Command{
		Use:   "verify [FILE]",
		Short: "Check events: form, id, clock, key and signature",
		Long: `Verify writes a line for each good event: its status is valid, or unsigned where nobody signed it. What is not
good is said on stderr.`,
		Example: `  fieldkit log --data camp | fieldkit event verify`,
		Args:    cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			verifier := event.NewVerifier()
			in, _, err := p.open(args)
			if err != nil {
				return err
			}
			defer in.Close()
			out := bufio.NewWriter(p.stdout)
			defer out.Flush()
			refused := false
			err = eachLine(in, event.MaxLine, func(number int, line []byte) error {
				id, err := "", tooLong(event.MaxLine)
				if line != nil {
					var e *event.Event
					if e, err = event.Parse(line); err == nil {
						id = e.ID
						if err = verifier.Verify(e); err == nil {
							return p.writeLine(out, verifiedLine{number, e.ID, status(e), e.Key})
						}
					}
				}
				refused = true
				p.refuse(number, id, err)
				return nil
			})
			if err == nil && refused {
				err = errRefused
			}
			return err
		},
	}
}

func status(e *event.Event) string {
	if e.Signed() {
		return "valid"
	}
	return "unsigned"
}

func (p *program) newKey() *cobra.Command {
	return &cobra.Command{
		Use:     "new-key FILE",
		Short:   "Make a key (ed25519, PKCS #8 in PEM) and print its public half",
		Example: `  fieldkit event new-key me.key`,
		Args:    cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			key, err := keyfile.Create(args[0])
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(p.stdout, event.KeyText(key.Public().(ed25519.PublicKey)))
			return err
		},
	}
}
