// Command cameo runs, inspects and verifies ONNX models.
//
// Exit status: 0 success, 1 the model or the data is at fault, 2 wrong usage, 3 a bug of cameo's own, 4 over a budget or out of time.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/cameo-onnx/cameo"
	"github.com/cameo-onnx/cameo/onnx/wire"
)

// Exit statuses.
const (
	exitData   = 1
	exitUsage  = 2
	exitBug    = 3
	exitBudget = 4
)

// errUsage marks a mistake on the command line.
var errUsage = errors.New("usage")

func usagef(format string, args ...any) error {
	return fmt.Errorf("%w: %s", errUsage, fmt.Sprintf(format, args...))
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run runs the command line and returns the exit status.
func run(ctx context.Context, args []string, out, errs io.Writer) (code int) {
	defer func() {
		if r := recover(); r != nil {
			fmt.Fprintf(errs, "cameo: internal error: %v\n%s", r, debug.Stack())
			code = exitBug
		}
	}()
	c := command()
	sink := &sink{w: out}
	c.SetArgs(args)
	c.SetOut(sink)
	c.SetErr(errs)
	err := c.ExecuteContext(ctx)
	if err == nil {
		err = sink.err
	}
	if err == nil {
		return 0
	}
	if !errors.As(err, new(silent)) {
		fmt.Fprintln(errs, "cameo: "+oneLine(strings.TrimPrefix(err.Error(), "usage: ")))
	}
	return status(err)
}

// A sink keeps the first error of writing: a command whose output is lost has not succeeded.
type sink struct {
	w   io.Writer
	err error
}

func (s *sink) Write(p []byte) (n int, err error) {
	if s.err == nil {
		n, s.err = s.w.Write(p)
	}
	return n, s.err
}

// status returns the exit status for an error.
func status(err error) int {
	var bug *cameo.InternalError
	switch {
	case errors.As(err, &bug):
		return exitBug
	case errors.Is(err, cameo.ErrBudget), errors.Is(err, wire.ErrBudget), errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return exitBudget
	case errors.Is(err, errUsage):
		return exitUsage
	}
	return exitData
}

// maxLine is how many bytes of a message are shown: a model may put a list of a million sizes into one.
const maxLine = 1000

// oneLine keeps an error on one line, free of control characters, and of a length that can be read.
func oneLine(s string) string {
	if len(s) > maxLine {
		s = s[:maxLine/2] + " … " + s[len(s)-maxLine/2:]
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, s)
}

func command() *cobra.Command {
	root := &cobra.Command{
		Use:           "cameo",
		Short:         "Run, inspect and verify ONNX models, in pure Go",
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          unknown,
		Version:       version(),

		SuggestionsMinimumDistance: 2,
		RunE:                       func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error { return usagef("%v; see %s --help", err, c.CommandPath()) })
	root.CompletionOptions.HiddenDefaultCmd = true
	root.PersistentFlags().Bool("json", false, "print JSON")
	root.AddCommand(runCommand(), inspectCommand(), checkCommand(), benchCommand(), opsCommand(), verifyCommand(), zooCommand())
	for _, c := range root.Commands() {
		c.Args = usageArgs(c.Args)
	}
	return root
}

// version returns the version of the module, or of the commit, that the command was built from.
func version() string {
	if b, ok := debug.ReadBuildInfo(); ok {
		return b.Main.Version
	}
	return "unknown"
}

// unknown refuses words that are no command, with the nearest ones.
func unknown(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	hint := "see " + c.CommandPath() + " --help"
	if near := c.SuggestionsFor(args[0]); args[0] != "" && len(near) > 0 {
		hint = "did you mean " + strings.Join(near, " or ") + "?"
	}
	return usagef("there is no command %s; %s", wire.Quote(args[0]), hint)
}

// usageArgs makes the errors of an argument check say what is wanted.
func usageArgs(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if check == nil {
			return nil
		}
		if err := check(c, args); errors.Is(err, errUsage) {
			return err
		} else if err != nil {
			return usagef("want %s; see %s --help", c.UseLine(), c.CommandPath())
		}
		return nil
	}
}

// asJSON reports whether --json was given.
func asJSON(c *cobra.Command) bool {
	on, _ := c.Flags().GetBool("json")
	return on
}

// silent ends the command with the status of an error of which all there is to say was said.
type silent struct{ error }

func (s silent) Unwrap() error { return s.error }
