package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/spf13/cobra"
)

// Exit codes.
const (
	exitOK      = 0
	exitFailure = 1 // something failed; what was stored stays stored
	exitUsage   = 2 // the command line is wrong; nothing was done
	exitRefused = 3 // some input was refused; the rest was taken
)

// errRefused ends a command that has done its work, of which some was refused and said so.
var errRefused = errors.New("some were refused")

// usageError is a command line that cannot be meant.
type usageError struct{ error }

func usage(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// program is what all commands share.
type program struct {
	stdin  io.Reader
	stdout io.Writer
	stderr io.Writer
	// ran is set when a command's own work begins: what fails before is the command line's fault.
	ran bool
}

// run is the whole program; tests call it.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	p := &program{stdin: stdin, stdout: stdout, stderr: stderr}
	root := p.root()
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	var wrong usageError
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, errRefused):
		return exitRefused
	case errors.As(err, &wrong), !p.ran:
		fmt.Fprintf(stderr, "fieldkit: %v\nsee: fieldkit %s--help\n", err, command(root, args))
		return exitUsage
	}
	fmt.Fprintf(stderr, "fieldkit: %v\n", err)
	return exitFailure
}

// command is the command that args mean, with a blank behind it, for a hint.
func command(root *cobra.Command, args []string) string {
	c, _, err := root.Find(args)
	if err != nil || c == root {
		return ""
	}
	return c.CommandPath()[len(root.Name())+1:] + " "
}

func (p *program) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "fieldkit",
		Short: "The field kit: a shared map that stays true without the internet",
		Long: `The field kit keeps what a camp knows as signed events that are never overwritten, shows them on an offline
map to any browser, and replays them to the same state anywhere.

Commands read and write JSON lines. Refusals are JSON lines on stderr.
Exit codes: 0 all taken, 1 failure, 2 usage, 3 some refused.`,
		Example: `  fieldkit demo                        a kit with an exercise to look at
  fieldkit serve --data /var/lib/camp  a kit for real`,
		Version:       version(),
		Args:          cobra.NoArgs,
		RunE:          func(c *cobra.Command, _ []string) error { return c.Help() },
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.AddCommand(p.serve(), p.demo(), p.event(), p.append(), p.importFile(), p.export(), p.log(), p.replay(), p.state(), p.digest(), p.fsck(), p.maps(), p.media())
	for _, c := range root.Commands() {
		p.guardUsage(c)
	}
	return root
}

// guardUsage marks where a command's own work begins, and gives groups of commands an answer to what they do not have.
func (p *program) guardUsage(c *cobra.Command) {
	if c.HasSubCommands() && c.RunE == nil {
		c.RunE = func(c *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usage("there is no command %q", c.CommandPath()+" "+args[0])
			}
			return c.Help()
		}
	}
	if work := c.RunE; work != nil {
		c.RunE = func(c *cobra.Command, args []string) error {
			p.ran = true
			return work(c, args)
		}
	}
	for _, sub := range c.Commands() {
		p.guardUsage(sub)
	}
}

// released is set when a release is built.
var released string

func version() string {
	if released != "" {
		return released
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" && len(s.Value) >= 12 {
				return "dev-" + s.Value[:12]
			}
		}
	}
	return "dev"
}

// open opens the file that args name, stdin where there is none or "-".
func (p *program) open(args []string) (io.ReadCloser, string, error) {
	if len(args) == 0 || args[0] == "-" {
		return io.NopCloser(p.stdin), "stdin", nil
	}
	f, err := os.Open(args[0])
	return f, args[0], err
}
