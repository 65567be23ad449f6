package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/cameo-onnx/cameo/onnx"
	"github.com/cameo-onnx/cameo/onnx/wire"
	"github.com/cameo-onnx/cameo/zoo"
)

// zooFlags choose the form of a model of the zoo.
type zooFlags struct {
	train, loss bool
	batch       string
	seed        uint64
	sizes       []string
}

func (f *zooFlags) register(c *cobra.Command, batch string) {
	fl := c.Flags()
	fl.BoolVar(&f.train, "train", false, "training mode: statistics of the batch, dropout, sampling")
	fl.BoolVar(&f.loss, "loss", false, "the loss as a function of inputs and targets, instead of the model")
	fl.StringVar(&f.batch, "batch", batch, "rows: a number, or N for a symbolic size")
	fl.Uint64Var(&f.seed, "seed", 0, "of the initial weights")
	fl.StringArrayVar(&f.sizes, "size", nil, "NAME=N: another size than the documented one; zoo show lists the names")
}

func (f *zooFlags) options() (zoo.Options, error) {
	o := zoo.Options{Train: f.train, Loss: f.loss, Seed: f.seed, Sizes: map[string]int{}}
	if f.batch != "N" {
		n, err := strconv.Atoi(f.batch)
		if err != nil || n < 1 {
			return o, usagef("--batch %s: give a number of rows, or N", f.batch)
		}
		o.Batch = n
	}
	for _, s := range f.sizes {
		name, value, _ := strings.Cut(s, "=")
		n, err := strconv.Atoi(value)
		if err != nil {
			return o, usagef("--size %s: want NAME=N", s)
		}
		o.Sizes[name] = n
	}
	return o, nil
}

// asked returns the model of the given name and the form of it that the flags ask for.
func (f *zooFlags) asked(name string) (zoo.Model, zoo.Options, error) {
	m, err := zoo.Find(name)
	if errors.Is(err, zoo.ErrUnknown) {
		return m, zoo.Options{}, usagef("there is no model %s in the zoo; see cameo zoo list", wire.Quote(name))
	}
	o, err := f.options()
	return m, o, err
}

func zooCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "zoo",
		Short: "List, export and run the documented models, and use trained ones on real data",
		Args:  unknown,

		SuggestionsMinimumDistance: 2,
		RunE:                       func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(zooListCommand(), zooShowCommand(), zooExportCommand(), zooRunCommand(),
		classifyCommand(), reconstructCommand(), denoiseCommand(), sampleCommand(), anomalyCommand(), reduceCommand(), languageCommand())
	for _, sub := range c.Commands() {
		sub.Args = usageArgs(sub.Args)
	}
	return c
}

type zooEntry struct {
	Name       string `json:"name"`
	About      string `json:"about"`
	Sizes      string `json:"sizes"`
	Source     string `json:"source"`
	Loss       string `json:"loss"`
	Parameters int    `json:"parameters"`
}

func entryOf(m zoo.Model, s *zoo.Summary) zooEntry {
	return zooEntry{m.Name, m.About, m.Sizes, m.Source, m.Loss, s.Count()}
}

func zooListCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "list",
		Short:   "List the models",
		Example: "  cameo zoo list",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			list := []zooEntry{}
			for _, m := range zoo.All() {
				s, err := m.Summary(zoo.Options{})
				if err != nil {
					return err
				}
				list = append(list, entryOf(m, s))
			}
			if asJSON(c) {
				return json.NewEncoder(c.OutOrStdout()).Encode(list)
			}
			w := tabwriter.NewWriter(c.OutOrStdout(), 0, 8, 2, ' ', 0)
			for _, e := range list {
				fmt.Fprintf(w, "%s\t%d\t%s\n", e.Name, e.Parameters, e.Sizes)
			}
			return w.Flush()
		},
	}
}

func zooShowCommand() *cobra.Command {
	var f zooFlags
	c := &cobra.Command{
		Use:     "show NAME",
		Short:   "Show what a model is, where it comes from, its layers, parameters and loss",
		Example: "  cameo zoo show conv_vae\n  cameo zoo show conv_vae --size latent=2 --loss",
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			m, o, err := f.asked(args[0])
			if err != nil {
				return err
			}
			s, err := m.Summary(o)
			if err != nil {
				return usagef("%v", err) // only the flags can be at fault
			}
			if asJSON(c) {
				return json.NewEncoder(c.OutOrStdout()).Encode(struct {
					zooEntry
					Inputs  []zoo.Port      `json:"inputs"`
					Outputs []zoo.Port      `json:"outputs"`
					Layers  []zoo.Layer     `json:"layers"`
					Weights []zoo.Parameter `json:"weights"`
					Options []zoo.Size      `json:"size_options"`
				}{entryOf(m, s), s.Inputs, s.Outputs, s.Layers, s.Parameters, s.Sizes})
			}
			return showModel(c.OutOrStdout(), m, s)
		},
	}
	f.register(c, "N")
	return c
}

func showModel(out io.Writer, m zoo.Model, s *zoo.Summary) error {
	fmt.Fprintf(out, "%s: %s\n\nsizes       %s\nsource      %s\nloss        %s\nparameters  %d\n", m.Name, m.About, m.Sizes, m.Source, m.Loss, s.Count())
	for _, p := range s.Inputs {
		fmt.Fprintf(out, "input       %s %s\n", p.Name, p.Type)
	}
	for _, p := range s.Outputs {
		fmt.Fprintf(out, "output      %s %s\n", p.Name, p.Type)
	}
	for _, z := range s.Sizes {
		fmt.Fprintf(out, "size        %s=%d\n", z.Name, z.Value)
	}
	fmt.Fprintln(out)
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "layer\tkind\tresult\tparameters")
	for _, l := range s.Layers {
		fmt.Fprintf(w, "%s\t%s\t%s\t%d\n", l.Name, l.Kind, l.Out, l.Params)
	}
	return w.Flush()
}

func zooExportCommand() *cobra.Command {
	var f zooFlags
	var path string
	c := &cobra.Command{
		Use:     "export NAME",
		Short:   "Write a model, with initial weights, as an ONNX file",
		Example: "  cameo zoo export dcgan_generator -o generator.onnx\n  cameo zoo export mlp --train --loss --batch 32 -o loss.onnx",
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			m, o, err := f.asked(args[0])
			if err != nil {
				return err
			}
			g, err := m.Graph(o)
			if err != nil {
				return usagef("%v", err)
			}
			if path == "" {
				path = m.Name + ".onnx"
			}
			meta := map[string]string{"description": m.About, "source": m.Source, "loss": m.Loss, "seed": strconv.FormatUint(f.seed, 10)}
			if err := onnx.Save(path, g, onnx.ExportOptions{Metadata: meta}); err != nil {
				return err
			}
			info, err := os.Stat(path)
			if err != nil {
				return err
			}
			if asJSON(c) {
				return json.NewEncoder(c.OutOrStdout()).Encode(map[string]any{"file": path, "bytes": info.Size()})
			}
			fmt.Fprintf(c.OutOrStdout(), "%s: %d bytes\n", path, info.Size())
			return nil
		},
	}
	f.register(c, "N")
	c.Flags().StringVarP(&path, "output", "o", "", "the file to write (default NAME.onnx)")
	return c
}
