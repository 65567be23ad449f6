package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/cameo-onnx/cameo/backend/cpu"
	"github.com/cameo-onnx/cameo/onnx"
	"github.com/cameo-onnx/cameo/onnx/wire"
	"github.com/cameo-onnx/cameo/runtime/inspect"
	"github.com/cameo-onnx/cameo/runtime/measure"
)

type benchFlags struct {
	modelFlags
	runs    int
	time    time.Duration
	warmup  int
	profile bool
}

func benchCommand() *cobra.Command {
	var f benchFlags
	c := &cobra.Command{
		Use:   "bench MODEL",
		Short: "Measure how long a model takes to load and to run",
		Long: `Measure the time to load a model, its first run, and the latency of the runs that follow, in a session
that keeps its memory. Inputs that are not given are random (of seed 1, unless --random says another).`,
		Example: `  cameo bench model.onnx --dim batch=8 --threads 1
  cameo bench model.onnx --profile --threads 1
  cameo bench model.onnx --runs 1000 --json`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return runBench(c, args[0], &f) },
	}
	f.register(c)
	f.registerInputs(c, "none")
	fl := c.Flags()
	fl.IntVar(&f.runs, "runs", 0, "number of runs (default: as many as --time allows)")
	fl.DurationVar(&f.time, "time", 2*time.Second, "time to spend on runs")
	fl.IntVar(&f.warmup, "warmup", 3, "runs before those that count")
	fl.BoolVar(&f.profile, "profile", false, "print where the time goes: by kernel, and the steps that take longest")
	return c
}

// benchReport is what cameo bench measures.
type benchReport struct {
	Import  float64        `json:"import_seconds"`
	Compile float64        `json:"compile_seconds"`
	Latency measure.Result `json:"latency"`
	Machine cpu.Machine    `json:"machine"`
	Kernels map[string]int `json:"kernels"`

	Steps []inspect.StepTime `json:"steps,omitempty"` // where the time went, over all runs that count
}

func runBench(c *cobra.Command, path string, f *benchFlags) error {
	if f.runs < 0 || f.warmup < 0 || f.time <= 0 {
		return usagef("--runs and --warmup are not negative, and --time is above 0")
	}
	if f.random == -1 {
		f.random = 1
	}
	o, err := f.options()
	if err != nil {
		return err
	}
	var profile inspect.Profile
	if f.profile {
		o.Timed = profile.Add
	}
	m, err := load(path, onnx.Options{}, o)
	if err != nil {
		return err
	}
	in, notes, err := f.given(m.Model, m.HasDefault, o.Memory)
	if err != nil {
		return err
	}
	for _, n := range notes {
		fmt.Fprintln(c.ErrOrStderr(), "note: "+oneLine(n))
	}
	s, err := m.NewSession()
	if err != nil {
		return err
	}
	defer s.Close()
	for name, v := range in {
		if err := s.Set(name, v); err != nil {
			return err
		}
	}
	ctx, cancel := f.deadline(c.Context())
	defer cancel()
	r := benchReport{Import: m.imported.Seconds(), Compile: m.compiled.Seconds(), Machine: cpu.Describe(), Kernels: inspect.Kernels(m.Plan())}
	mo := measure.Options{Runs: f.runs, Time: f.time, Warmup: f.warmup, Begin: profile.Reset}
	if r.Latency, err = measure.Latency(ctx, mo, func() error { return s.Run(ctx) }); err != nil {
		return err
	}
	r.Steps = profile.Steps()
	if asJSON(c) {
		return json.NewEncoder(c.OutOrStdout()).Encode(r)
	}
	if err := r.print(c); err != nil || !f.profile {
		return err
	}
	return printProfile(c, &profile, r.Latency.Runs)
}

// longestSteps is how many steps of a profile are printed.
const longestSteps = 20

// printProfile prints the time of each kernel and of the longest steps, per run.
func printProfile(c *cobra.Command, p *inspect.Profile, runs int) error {
	var total time.Duration
	kernels, steps := p.ByKernel(), p.Steps()
	for _, k := range kernels {
		total += k.Time
	}
	tw := tabwriter.NewWriter(c.OutOrStdout(), 0, 0, 2, ' ', tabwriter.AlignRight)
	row := func(t inspect.StepTime, what string) {
		share, calls := 100*float64(t.Time)/float64(max(total, 1)), float64(t.Calls)/float64(runs)
		fmt.Fprintf(tw, "%.4f ms\t%.1f %%\t%g ×\t  %s\n", ms(t.Time)/float64(runs), share, calls, what)
	}
	fmt.Fprintln(c.OutOrStdout(), "\nby kernel, per run")
	for _, k := range kernels {
		row(k, k.Kernel)
	}
	if err := tw.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(c.OutOrStdout(), "\nlongest steps, per run")
	for _, s := range steps[:min(len(steps), longestSteps)] {
		what := s.Kernel
		if len(s.Nodes) > 0 {
			what += "  " + wire.Quote(s.Nodes[0])
		}
		row(s, what)
	}
	return tw.Flush()
}

func (r *benchReport) print(c *cobra.Command) error {
	tw := tabwriter.NewWriter(c.OutOrStdout(), 0, 0, 2, ' ', 0)
	l := r.Latency
	fmt.Fprintf(tw, "load\t%.3f ms (import %.3f, compile %.3f)\n", (r.Import+r.Compile)*1e3, r.Import*1e3, r.Compile*1e3)
	fmt.Fprintf(tw, "first run\t%.3f ms\n", ms(l.First))
	fmt.Fprintf(tw, "runs\t%d\n", l.Runs)
	fmt.Fprintf(tw, "latency\tmin %.4f, median %.4f, p90 %.4f, p99 %.4f, max %.4f, mean %.4f ms\n",
		ms(l.Min), ms(l.P50), ms(l.P90), ms(l.P99), ms(l.Max), ms(l.Mean))
	fmt.Fprintf(tw, "allocations\t%.2f a run, %.0f bytes\n", l.Allocs, l.Bytes)
	fmt.Fprintf(tw, "CPU\t%s; caches of %s, %s, %s\n", r.Machine.Features, byteText(r.Machine.L1), byteText(r.Machine.L2), byteText(r.Machine.L3))
	for _, k := range slices.Sorted(maps.Keys(r.Kernels)) {
		fmt.Fprintf(tw, "kernel\t%s × %d\n", k, r.Kernels[k])
	}
	return tw.Flush()
}

func ms(d time.Duration) float64 { return float64(d) / 1e6 }
