package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/cameo-onnx/cameo"
	"github.com/cameo-onnx/cameo/backend/cpu"
	"github.com/cameo-onnx/cameo/passes"
	"github.com/cameo-onnx/cameo/runtime"
)

// compileFlags say how a model is compiled and how long it may run: every command that runs models has them.
type compileFlags struct {
	threads   int
	passes    string
	precision string
	timeout   time.Duration
}

func (f *compileFlags) register(c *cobra.Command) {
	fl := c.Flags()
	fl.IntVar(&f.threads, "threads", 0, "threads of a run (default: all)")
	fl.StringVar(&f.passes, "passes", "", "off: no pass that correctness does not need; -NAME,…: all but these")
	fl.StringVar(&f.precision, "precision", string(cameo.FP32), "of the arithmetic: fp32, or fp32-strict, which takes no rule or kernel that changes rounding")
}

// options returns what a model is compiled with, on the CPU.
func (f *compileFlags) options() (runtime.Options, error) {
	o := runtime.Options{Threads: f.threads}
	if f.threads < 0 {
		return o, usagef("--threads %d: give a number above 0", f.threads)
	}
	if f.timeout < 0 {
		return o, usagef("--timeout %v: give a time above 0", f.timeout)
	}
	b := cpu.Backend{Strict: f.precision == string(cameo.FP32Strict)}
	if !b.Strict && f.precision != string(cameo.FP32) {
		return o, usagef("--precision %s: there are %s and %s", f.precision, cameo.FP32, cameo.FP32Strict)
	}
	off, err := passesOff(f.passes)
	if err != nil {
		return o, err
	}
	o.Passes.Strict = b.Strict
	o.Backend, o.Passes.Off = b.Without(off)
	return o, nil
}

// passesOff returns the passes and stages that a --passes flag leaves out.
func passesOff(s string) ([]string, error) {
	switch s {
	case "":
		return nil, nil
	case "off":
		return []string{"all"}, nil
	}
	var off []string
	for name := range strings.SplitSeq(s, ",") {
		if !strings.HasPrefix(name, "-") {
			return nil, usagef("--passes=%s: want off, or -NAME,…", s)
		}
		off = append(off, name[1:])
	}
	b, rest := cpu.Backend{}.Without(off)
	if err := errors.Join((passes.Options{Off: rest}).Check(), b.Watch.Check()); err != nil {
		return nil, usagef("--passes: %v", err)
	}
	return off, nil
}

// deadline returns ctx with the flag's timeout.
func (f *compileFlags) deadline(ctx context.Context) (context.Context, context.CancelFunc) {
	if f.timeout <= 0 {
		return ctx, func() {}
	}
	return context.WithTimeoutCause(ctx, f.timeout, tooLong(f.timeout))
}

// tooLong is the error of a run that took longer than the flag allows.
type tooLong time.Duration

func (t tooLong) Error() string {
	return fmt.Sprintf("it took longer than %v; --timeout allows more", time.Duration(t))
}

func (t tooLong) Unwrap() error { return context.DeadlineExceeded }
