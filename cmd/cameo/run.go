package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/cameo-onnx/cameo"
	"github.com/cameo-onnx/cameo/onnx"
	"github.com/cameo-onnx/cameo/onnx/wire"
	"github.com/cameo-onnx/cameo/runtime/values"
)

type runFlags struct {
	modelFlags
	outputs []string
	show    []string
	top     int
	labels  string
	scores  string
}

func runCommand() *cobra.Command {
	var f runFlags
	c := &cobra.Command{
		Use:   "run MODEL",
		Short: "Run a model on files, pictures, numbers or random inputs",
		Long: `Run a model and print its outputs, or write them to files.

Floats of random inputs are from 0 to 1, integers and bools 0 or 1. Pixels become 0…1 for inputs of
floats, 0…255 for integers; grey or colour as the input has channels.

--top ranks the classes of the first output that has scores. Scores become probabilities by softmax,
unless the model ends in one already, or is a classifier of scikit-learn; the first line says what was
done, and --scores raw leaves them as they are.`,
		Example: `  cameo run digits.onnx --input 7.png --top 3
  cameo run model.onnx --input x=x.npy --input y=1x3=1,2,3 --output out.npz
  cameo run model.onnx --random 1 --dim batch=4`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return runRun(c, args[0], &f) },
	}
	f.register(c)
	f.registerInputs(c, "2.5s, and 16s for each MB of weights and inputs")
	fl := c.Flags()
	fl.StringArrayVarP(&f.outputs, "output", "o", nil, "write the outputs to a .npz file, or one (NAME=FILE, or FILE for a model "+
		"of one output) to .npy, .pb or .png")
	fl.StringArrayVar(&f.show, "show", nil, "also print this intermediate value of the model, by its ONNX name")
	fl.IntVar(&f.top, "top", 0, "print this many of the highest classes of the first output that has scores")
	fl.StringVar(&f.labels, "labels", "", "file with the names of the classes, one a line")
	fl.StringVar(&f.scores, "scores", "auto", "what --top makes of scores: auto, softmax or raw")
	return c
}

func runRun(c *cobra.Command, path string, f *runFlags) error {
	o, err := f.options()
	if err != nil {
		return err
	}
	labels, err := f.check()
	if err != nil {
		return err
	}
	m, err := load(path, onnx.Options{Outputs: f.show}, o)
	if err != nil {
		return err
	}
	in, notes, err := f.given(m.Model, m.HasDefault, o.Memory)
	if err != nil {
		return err
	}
	for _, n := range append(m.im.Warnings, notes...) {
		fmt.Fprintln(c.ErrOrStderr(), "note: "+oneLine(n))
	}
	targets, err := f.targets(m)
	if err != nil {
		return err
	}
	given := m.Weights() + bytesOf(in)
	if !c.Flags().Changed("timeout") {
		f.timeout = (patience + time.Duration(given)*patiencePerByte).Round(time.Millisecond)
	}
	// Garbage counts for the system, too: near what a run may take the collector works harder.
	debug.SetMemoryLimit(int64(m.Memory(bytesOf(in))/2*3 + 4*given + 64<<20))
	ctx, cancel := f.deadline(c.Context())
	defer cancel()
	start := time.Now()
	out, err := m.Run(ctx, in)
	if err != nil {
		return fmt.Errorf("%s: %w", path, f.hinted(err))
	}
	took := time.Since(start)
	var results, shown []values.Named
	for i, p := range m.Outputs() {
		r := values.Named{Name: p.Name, Value: out[p.Name]}
		shown = append(shown, r)
		if i < m.im.Declared {
			results = append(results, r)
		}
	}
	if err := writeTo(targets, results); err != nil {
		return err
	}
	return f.print(c, m, shown, labels, took)
}

// How long a run may take where --timeout does not say. What makes minutes of a file of a kilobyte is likelier an attack than a model.
const (
	patience        = 2500 * time.Millisecond
	patiencePerByte = 16 * time.Microsecond // of weights and inputs: what a small model takes by reference evaluation for a large picture
)

// bytesOf returns the bytes of the tensors among in.
func bytesOf(in map[string]cameo.Value) int {
	n := 0
	for _, v := range in {
		if t, ok := v.(*cameo.Tensor); ok {
			n += len(t.Bytes())
		}
	}
	return n
}

// hinted adds to the error of a run which flag may help.
func (f *runFlags) hinted(err error) error {
	switch {
	case f.random < 0 && errors.Is(err, cameo.ErrInput) && strings.HasSuffix(err.Error(), "is missing"):
		return fmt.Errorf("%w: --input NAME=FILE gives it, --random 1 makes one up", err)
	case errors.Is(err, cameo.ErrBudget) && strings.HasSuffix(err.Error(), "bytes of memory"):
		return fmt.Errorf("%w; --max-memory allows more", err)
	}
	return err
}

// check reads the labels and refuses flags that do not go together, before the model is loaded.
func (f *runFlags) check() ([]string, error) {
	if f.top < 0 || f.scores != "auto" && f.scores != "softmax" && f.scores != "raw" {
		return nil, usagef("--top takes a number above 0, --scores one of auto, softmax, raw")
	}
	if f.top == 0 && (f.labels != "" || f.scores != "auto") {
		return nil, usagef("--labels and --scores go with --top")
	}
	if f.labels == "" {
		return nil, nil
	}
	data, err := os.ReadFile(f.labels)
	if err != nil {
		return nil, usagef("--labels: %v", err)
	}
	var labels []string
	for line := range strings.Lines(string(data)) {
		labels = append(labels, strings.TrimSpace(line))
	}
	return labels, nil
}

// A target is a file that --output names, for one output or, without a name, for all.
type target struct{ output, path string }

// targets reads the --output flags, before anything runs.
func (f *runFlags) targets(m *loaded) ([]target, error) {
	var names []string
	for _, p := range m.Outputs()[:m.im.Declared] {
		names = append(names, p.Name)
	}
	var out []target
	for _, o := range f.outputs {
		t := target{path: o}
		for _, name := range names {
			if path, ok := strings.CutPrefix(o, name+"="); ok {
				t = target{name, path}
			}
		}
		if name, _, ok := strings.Cut(t.path, "="); ok && t.output == "" && !strings.ContainsAny(name, `/\`) {
			return nil, usagef("--output %s: there is no output %s; the outputs are %s", o, wire.Quote(name), quoted(names))
		}
		if !values.Writes(t.path) {
			return nil, usagef("--output %s: %s is not .npz, .npy, .png or .pb", o, t.path)
		}
		out = append(out, t)
	}
	return out, nil
}

func quoted(names []string) string {
	var out []string
	for _, name := range names {
		out = append(out, wire.Quote(name))
	}
	return strings.Join(out, ", ")
}

func writeTo(targets []target, results []values.Named) error {
	for _, t := range targets {
		which := slices.DeleteFunc(slices.Clone(results), func(r values.Named) bool { return t.output != "" && r.Name != t.output })
		if err := values.Write(t.path, which); err != nil {
			return usage(err)
		}
	}
	return nil
}

// print prints what was asked for: the ranking, else all values that were not written to files.
func (f *runFlags) print(c *cobra.Command, m *loaded, results []values.Named, labels []string, took time.Duration) error {
	w := bufio.NewWriter(c.OutOrStdout())
	defer w.Flush()
	var ranking *ranking
	if f.top > 0 {
		var err error
		if ranking, err = f.rank(m, results, labels); err != nil {
			return err
		}
	}
	if asJSON(c) {
		return printJSON(w, results, ranking, took)
	}
	if ranking != nil {
		ranking.print(w)
	}
	for i, r := range results {
		if shown := slices.Contains(f.show, r.Name); !shown && (ranking != nil || len(f.outputs) > 0) {
			continue
		}
		if i > 0 {
			fmt.Fprintln(w)
		}
		fmt.Fprintf(w, "%s ", wire.Quote(r.Name))
		if err := values.Print(w, r.Value); err != nil {
			return err
		}
	}
	return w.Flush()
}
