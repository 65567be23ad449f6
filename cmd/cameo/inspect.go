package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/cameo-onnx/cameo/backend"
	"github.com/cameo-onnx/cameo/backend/cpu"
	"github.com/cameo-onnx/cameo/onnx"
	"github.com/cameo-onnx/cameo/onnx/wire"
	"github.com/cameo-onnx/cameo/passes"
	"github.com/cameo-onnx/cameo/runtime"
	"github.com/cameo-onnx/cameo/runtime/inspect"
)

type inspectFlags struct {
	modelFlags
	ir    bool
	after string
	times bool
}

// stages are the parts of the CPU's compilation; their text is the plan's listing after each.
var stages = func() (names []string) {
	for _, s := range cpu.Stages {
		names = append(names, s.Name)
	}
	return names
}()

func inspectCommand() *cobra.Command {
	var f inspectFlags
	var names []string
	for _, p := range passes.Pipeline {
		names = append(names, p.Name)
	}
	c := &cobra.Command{
		Use:   "inspect MODEL",
		Short: "Show what is in a model and what it becomes",
		Long: `Show a model's inputs, outputs, operators, parameters, arithmetic (a multiply-add counts as two),
memory and open sizes.

--ir prints the graph as imported, --after PASS after that pass. The passes, in order, are:
` + strings.Join(names, ", ") + `.
Behind them the backend's stages ` + strings.Join(stages, ", ") + ` show as the listing of the
finished plan: steps, kernels, and where every operand lies.`,
		Example: "  cameo inspect model.onnx --dim batch=8\n  cameo inspect model.onnx --after fuse\n  cameo inspect model.onnx --after place",
		Args:    cobra.ExactArgs(1),
		RunE:    func(c *cobra.Command, args []string) error { return runInspect(c, args[0], &f) },
	}
	f.register(c)
	fl := c.Flags()
	fl.StringArrayVar(&f.dims, "dim", nil, "NAME=SIZE: a size that the model leaves open (default 1)")
	fl.BoolVar(&f.ir, "ir", false, "print the graph as imported")
	fl.StringVar(&f.after, "after", "", "print the graph after this pass, or the plan")
	fl.BoolVar(&f.times, "times", false, "print the passes and stages with the time that each took")
	return c
}

func runInspect(c *cobra.Command, path string, f *inspectFlags) error {
	o, err := f.options()
	if err != nil {
		return err
	}
	sizes, err := f.sizes()
	if err != nil {
		return err
	}
	switch {
	case f.after != "" && f.ir || f.times && (f.ir || f.after != ""):
		return usagef("--ir, --after and --times print different things: give one")
	case f.after != "":
		return f.printAfter(c, path, o)
	case f.ir:
		im, err := onnx.Open(path, onnx.Options{})
		if err != nil {
			return err
		}
		return printText(c, im.Graph.String())
	}
	return f.report(c, path, o, sizes)
}

// printText prints a text, or with --json an object that holds it.
func printText(c *cobra.Command, text string) error {
	if asJSON(c) {
		return json.NewEncoder(c.OutOrStdout()).Encode(map[string]string{"text": text})
	}
	_, err := io.WriteString(c.OutOrStdout(), text)
	return err
}

func (f *inspectFlags) printAfter(c *cobra.Command, path string, o runtime.Options) error {
	stage := slices.Contains(stages, f.after)
	if !stage {
		o.Passes.Stop = f.after
		if err := o.Passes.Check(); err != nil {
			return usagef("--after: %v; stages of the backend are %s", err, strings.Join(stages, ", "))
		}
	}
	im, err := onnx.Open(path, onnx.Options{})
	if err != nil {
		return err
	}
	if !stage {
		if err := passes.Run(im.Graph, o.Backend, o.Passes); err != nil {
			return err
		}
		return printText(c, im.Graph.String())
	}
	text := ""
	b := o.Backend.(cpu.Backend)
	b.Watch.Dump = func(name string, p *backend.Plan) {
		if name == f.after {
			text = inspect.Listing(p)
		}
	}
	o.Backend = b
	if _, err := runtime.Compile(im.Graph, o); err != nil {
		return err
	}
	return printText(c, text)
}

// A stageTime is the time that a pass or another part of loading took.
type stageTime struct {
	Name    string  `json:"name"`
	Seconds float64 `json:"seconds"`
	Must    bool    `json:"must,omitempty"` // it cannot be switched off
}

func (f *inspectFlags) report(c *cobra.Command, path string, o runtime.Options, sizes map[string]int) error {
	start := time.Now()
	im, err := onnx.Open(path, onnx.Options{})
	if err != nil {
		return err
	}
	times := []stageTime{{Name: "import", Seconds: time.Since(start).Seconds(), Must: true}}
	asked := maps.Clone(sizes)
	r := inspect.New(im, sizes)
	o.Passes.Time = func(name string, d time.Duration) {
		must := slices.ContainsFunc(passes.Pipeline, func(p passes.Pass) bool { return p.Name == name && p.Must })
		times = append(times, stageTime{name, d.Seconds(), must})
	}
	b := o.Backend.(cpu.Backend)
	b.Watch.Time = func(name string, d time.Duration) {
		must := slices.ContainsFunc(cpu.Stages, func(s cpu.Stage) bool { return s.Name == name && s.Must })
		times = append(times, stageTime{name, d.Seconds(), must})
	}
	o.Backend = b
	m, err := runtime.Compile(im.Graph, o)
	if err != nil {
		return err
	}
	if err := knownSizes(m, maps.Clone(asked)); err != nil {
		return err
	}
	r.Compiled(im.Graph, m.Plan(), sizes)
	kernels := inspect.Kernels(m.Plan())
	out := c.OutOrStdout()
	if asJSON(c) {
		return json.NewEncoder(out).Encode(struct {
			*inspect.Report
			Kernels map[string]int `json:"kernels"`
			Times   []stageTime    `json:"times"`
		}{r, kernels, times})
	}
	if f.times {
		return printTimes(out, times)
	}
	return printReport(out, r, kernels, sizes)
}

func printTimes(w io.Writer, times []stageTime) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, t := range times {
		must := ""
		if t.Must {
			must = "always"
		}
		fmt.Fprintf(tw, "%s\t%.3f ms\t%s\n", t.Name, t.Seconds*1e3, must)
	}
	return tw.Flush()
}

func printReport(w io.Writer, r *inspect.Report, kernels map[string]int, sizes map[string]int) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	if r.Producer != "" {
		fmt.Fprintf(tw, "producer\t%s\n", oneLine(r.Producer))
	}
	for _, o := range r.Opsets {
		domain := o.Domain
		if domain == "" {
			domain = "ai.onnx"
		}
		fmt.Fprintf(tw, "opset\t%s %d\n", oneLine(domain), o.Version)
	}
	for _, k := range slices.Sorted(maps.Keys(r.Metadata)) {
		fmt.Fprintf(tw, "metadata\t%s: %.200s\n", wire.Quote(k), oneLine(r.Metadata[k]))
	}
	for _, s := range r.Warnings {
		fmt.Fprintf(tw, "warning\t%s\n", oneLine(s))
	}
	printValues(tw, "input", r.Inputs)
	printValues(tw, "output", r.Outputs)
	for _, s := range r.Sizes {
		fmt.Fprintf(tw, "open size\t%s, taken as %d below\n", oneLine(s), sizes[s])
	}
	for _, s := range r.Assumes {
		fmt.Fprintf(tw, "assumes\t%s\n", oneLine(s))
	}
	fmt.Fprintf(tw, "parameters\t%d in %d tensors, %s\n", r.Params.Elements, r.Params.Tensors, byteText(r.Params.Bytes))
	fmt.Fprintf(tw, "arithmetic\t%s a run", flopText(r.FLOPs.Count))
	if r.FLOPs.Expr != "" && len(r.Sizes) > 0 {
		fmt.Fprintf(tw, " (%s)", oneLine(r.FLOPs.Expr))
	}
	if len(r.FLOPs.Left) > 0 {
		fmt.Fprintf(tw, ", not counting %s", strings.Join(r.FLOPs.Left, ", "))
	}
	fmt.Fprintf(tw, "\nweights\t%s, as kernels read them\n", byteText(r.Memory.Weights))
	fmt.Fprintf(tw, "arena\t%s a run; the lower bound is %s\n", byteText(r.Memory.Arena), byteText(r.Memory.Lower))
	if r.Memory.Late > 0 {
		fmt.Fprintf(tw, "late\t%d values whose sizes only running tells come on top\n", r.Memory.Late)
	}
	fmt.Fprint(tw, "\nop\timported\tcompiled\n")
	for _, o := range r.Ops {
		fmt.Fprintf(tw, "%s\t%d\t%d\n", o.Op, o.Imported, o.Compiled)
	}
	fmt.Fprint(tw, "\nkernel\tsteps\n")
	for _, k := range slices.Sorted(maps.Keys(kernels)) {
		fmt.Fprintf(tw, "%s\t%d\n", k, kernels[k])
	}
	return tw.Flush()
}

func printValues(w io.Writer, what string, list []inspect.Value) {
	for _, v := range list {
		def := ""
		if v.Default {
			def = ", may be left out"
		}
		fmt.Fprintf(w, "%s\t%s %s%s\n", what, wire.Quote(v.Name), oneLine(v.Type), def)
	}
}

func byteText(n int) string {
	switch {
	case n >= 1<<30:
		return fmt.Sprintf("%.2f GiB", float64(n)/(1<<30))
	case n >= 1<<20:
		return fmt.Sprintf("%.2f MiB", float64(n)/(1<<20))
	case n >= 1<<10:
		return fmt.Sprintf("%.2f KiB", float64(n)/(1<<10))
	}
	return fmt.Sprintf("%d bytes", n)
}

func flopText(n int) string {
	switch {
	case n >= 1e9:
		return fmt.Sprintf("%.3f GFLOP", float64(n)/1e9)
	case n >= 1e6:
		return fmt.Sprintf("%.3f MFLOP", float64(n)/1e6)
	}
	return fmt.Sprintf("%d FLOP", n)
}
