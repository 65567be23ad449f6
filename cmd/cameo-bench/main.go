// Command cameo-bench runs models by cameo and by ONNX Runtime in one process, by turns and on the same number of threads,
// compares the outputs, and says how long each took.
//
// It is a module of its own: it needs cgo and ONNX Runtime's shared library, and cameo needs neither.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"time"

	"github.com/spf13/cobra"
)

// errWrong ends the command with status 1 where outputs differ or a model fails; what is wrong was printed.
var errWrong = errors.New("some models differ or fail")

type flags struct {
	ort     string
	threads int
	time    time.Duration
	dims    []string
	rtol    float64
	atol    float64
	json    bool
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run runs the command line: exit status 0, 1 where outputs differ or models fail, 2 for wrong usage and where the library is missing.
func run(ctx context.Context, args []string, out, errs io.Writer) int {
	c := command()
	c.SetArgs(args)
	c.SetOut(out)
	c.SetErr(errs)
	err := c.ExecuteContext(ctx)
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errWrong):
		return 1
	}
	fmt.Fprintln(errs, "cameo-bench:", err)
	return 2
}

func command() *cobra.Command {
	var f flags
	c := &cobra.Command{
		Use:   "cameo-bench PATH…",
		Short: "Compare cameo's speed with ONNX Runtime's",
		Long: `Run the models below each PATH by cameo and by ONNX Runtime, by turns, on the same threads. Inputs are
those of test_data_set_0 beside the model, else random. One line a model: the median times, their ratio
(cameo's over ONNX Runtime's) and the greatest difference of an output; one a PATH: the median and the
90th percentile of the ratios.

The library is the libonnxruntime of the onnxruntime package: --ort PATH, or the variable CAMEO_ORT.`,
		Example:       "  cameo-bench --ort lib/libonnxruntime.so --threads 1 models",
		Args:          cobra.MinimumNArgs(1),
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE:          func(c *cobra.Command, paths []string) error { return bench(c.Context(), c.OutOrStdout(), paths, &f) },
	}
	fl := c.Flags()
	fl.StringVar(&f.ort, "ort", os.Getenv("CAMEO_ORT"), "ONNX Runtime's shared library (default: the variable CAMEO_ORT)")
	fl.IntVar(&f.threads, "threads", 1, "threads of each run")
	fl.DurationVar(&f.time, "time", time.Second, "time to spend on each model")
	fl.StringArrayVar(&f.dims, "dim", nil, "NAME=SIZE: a size that models leave open, for random inputs (default 1)")
	fl.Float64Var(&f.rtol, "rtol", 1e-3, "relative tolerance of outputs")
	fl.Float64Var(&f.atol, "atol", 1e-5, "absolute tolerance of outputs")
	fl.BoolVar(&f.json, "json", false, "print JSON")
	return c
}
