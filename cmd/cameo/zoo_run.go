package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/cameo-onnx/cameo/ir/tensor"
	"github.com/cameo-onnx/cameo/runtime"
	"github.com/cameo-onnx/cameo/runtime/values"
	"github.com/cameo-onnx/cameo/zoo"
)

func zooRunCommand() *cobra.Command {
	var f zooFlags
	var m modelFlags
	var output string
	c := &cobra.Command{
		Use:   "run NAME",
		Short: "Run a model with initial weights on random or given inputs",
		Long: `Run a model with its initial weights. Inputs that are not given are random: pixels from 0 to 1, normal
numbers, classes or letters, as the model reads them.

-o FILE.png writes the pictures that a model gives, side by side; other endings write all outputs.`,
		Example: "  cameo zoo run dcgan_generator --train --batch 16 -o made.png\n  cameo zoo run mlp --loss --seed 3",
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			model, o, err := f.asked(args[0])
			if err != nil {
				return err
			}
			return runZoo(c, model, o, &m, output)
		},
	}
	f.register(c, "1")
	m.register(c)
	c.Flags().StringArrayVarP(&m.inputs, "input", "i", nil, "NAME=SOURCE: a .npy, .npz, .pb or .png file, or a literal such as 1x3=1,2,3")
	c.Flags().BoolVar(&m.reader.Resize, "resize", false, "scale pictures to the input's sizes")
	c.Flags().DurationVar(&m.timeout, "timeout", 0, "time of the run (default: none)")
	c.Flags().StringVarP(&output, "output", "o", "", "write the outputs to a .npz file, or the pictures among them to a .png")
	return c
}

func runZoo(c *cobra.Command, model zoo.Model, form zoo.Options, m *modelFlags, output string) error {
	if form.Batch == 0 {
		return usagef("--batch N: a run needs a number of rows")
	}
	m.seed, m.random = form.Seed, -1 // the zoo knows better what its inputs look like
	o, err := m.options()
	if err != nil {
		return err
	}
	g, err := model.Graph(form)
	if err != nil {
		return usagef("%v", err)
	}
	compiled, err := runtime.Compile(g, o)
	if err != nil {
		return err
	}
	in, _, err := m.given(compiled, func(string) bool { return false }, o.Memory)
	if err != nil {
		return err
	}
	made, err := model.Random(form, form.Batch, form.Seed)
	if err != nil {
		return err
	}
	for name, t := range made {
		if in[name] == nil {
			in[name] = t
		}
	}
	ctx, cancel := m.deadline(c.Context())
	defer cancel()
	start := time.Now()
	out, err := compiled.Run(ctx, in)
	if err != nil {
		return err
	}
	took := time.Since(start)
	var results []values.Named
	for _, p := range compiled.Outputs() {
		results = append(results, values.Named{Name: p.Name, Value: out[p.Name]})
	}
	if err := writeZoo(output, model.Shows, results); err != nil {
		return err
	}
	if asJSON(c) {
		return printJSON(c.OutOrStdout(), results, nil, took)
	}
	if output != "" {
		return nil
	}
	for _, r := range results {
		fmt.Fprintf(c.OutOrStdout(), "%s ", r.Name)
		if err := values.Print(c.OutOrStdout(), r.Value); err != nil {
			return err
		}
	}
	return nil
}

// writeZoo writes the results to a file, if one was named.
func writeZoo(path string, shows zoo.Picture, results []values.Named) error {
	if path == "" {
		return nil
	}
	if !strings.EqualFold(filepath.Ext(path), ".png") {
		return usage(values.Write(path, results))
	}
	for _, r := range results {
		t, ok := r.Value.(*tensor.Tensor)
		if r.Name != shows.Output || !ok {
			continue
		}
		n := t.Dims()[0]
		return writePicture(path, chunk(t, n), min(n, 8), shows.H, shows.W, shows.Low, shows.High)
	}
	return usagef("-o %s: the model gives no picture; write .npz", path)
}

// chunk returns the n rows of a tensor of float32.
func chunk(t *tensor.Tensor, n int) [][]float32 {
	x := tensor.Data[float32](t)
	rows := make([][]float32, n)
	for i := range rows {
		rows[i] = x[i*len(x)/n : (i+1)*len(x)/n]
	}
	return rows
}
