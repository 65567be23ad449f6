package main

import (
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/cameo-onnx/cameo"
	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/onnx"
	"github.com/cameo-onnx/cameo/runtime"
	"github.com/cameo-onnx/cameo/zoo/data"
	"github.com/cameo-onnx/cameo/zoo/task"
)

// taskFlags are the flags of commands that use a trained model on data.
type taskFlags struct {
	modelFlags
	model, data, split, output string
	count                      int
	out                        string
}

func (f *taskFlags) register(c *cobra.Command, out string) {
	f.modelFlags.register(c)
	fl := c.Flags()
	fl.StringVarP(&f.model, "model", "m", "", "the trained model, an ONNX file")
	fl.StringVar(&f.data, "data", "", "the folder of the data")
	fl.StringVar(&f.output, "model-output", "", "the model's output to take, or any value inside it (default: the first output)")
	fl.IntVarP(&f.count, "count", "n", 0, "take only this many items (default: all)")
	fl.DurationVar(&f.timeout, "timeout", 0, "time of the whole work (default: none)")
	if out != "" {
		fl.StringVarP(&f.out, "output", "o", "", out)
	}
}

func (f *taskFlags) registerSplit(c *cobra.Command) {
	c.Flags().StringVar(&f.split, "split", "t10k", "which files of pictures: t10k or train")
}

// images reads the pictures of --data.
func (f *taskFlags) images() (*data.Images, error) {
	if f.data == "" {
		return nil, usagef("--data DIR names the folder with %s-images-idx3-ubyte.gz", f.split)
	}
	if f.split != "t10k" && f.split != "train" {
		return nil, usagef("--split %s: there are t10k and train", f.split)
	}
	return data.ReadImages(f.data, f.split)
}

// compiled loads the model of --model, with the output of --model-output among its outputs.
func (f *taskFlags) compiled() (*loaded, error) {
	if f.model == "" {
		return nil, usagef("--model FILE names the trained model")
	}
	if f.count < 0 {
		return nil, usagef("--count %d: give a number above 0", f.count)
	}
	o, err := f.options()
	if err != nil {
		return nil, err
	}
	m, err := load(f.model, onnx.Options{}, o)
	if err != nil || f.output == "" {
		return m, err
	}
	for _, p := range m.Outputs() {
		if p.Name == f.output {
			return m, nil
		}
	}
	return load(f.model, onnx.Options{Outputs: []string{f.output}}, o)
}

// task returns the model of --model as one from items to items.
func (f *taskFlags) task() (*task.Model, error) {
	m, err := f.compiled()
	if err != nil {
		return nil, err
	}
	return asTask(m.Model, f.output)
}

// pictures reads the pictures of --data, and loads the model of --model to work on them.
func (f *taskFlags) pictures() (*data.Images, *task.Model, error) {
	set, err := f.images()
	if err != nil {
		return nil, nil, err
	}
	m, err := f.task()
	return set, m, err
}

func asTask(m *runtime.Model, output string) (*task.Model, error) {
	in := m.Inputs()
	if len(in) != 1 || in[0].Type.Kind != ir.Tensor || in[0].Type.DType != cameo.Float32 || in[0].Type.Rank() < 2 {
		return nil, fmt.Errorf("the model does not have one input of float32 items")
	}
	item, ok := in[0].Type.Shape[1:].Ints()
	if !ok {
		return nil, fmt.Errorf("input %s: items of %s have no fixed sizes", in[0].Name, in[0].Type)
	}
	if output == "" {
		output = m.Outputs()[0].Name
	}
	rows, _ := in[0].Type.Shape[0].Int()
	return &task.Model{Run: m.Run, Input: in[0].Name, Output: output, Item: item, Rows: rows}, nil
}

func classifyCommand() *cobra.Command {
	var f taskFlags
	c := &cobra.Command{
		Use:     "classify",
		Short:   "Classify pictures and count how many are right",
		Example: "  cameo zoo classify --model mnist_cnn.onnx --data mnist",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			set, m, err := f.pictures()
			if err != nil {
				return err
			}
			ctx, cancel := f.deadline(c.Context())
			defer cancel()
			done := watch(m, set.Len(), "classify")
			r, err := task.Classify(ctx, m, set, f.count)
			if done(); err != nil {
				return err
			}
			return printClassified(c, r, nil)
		},
	}
	f.register(c, "")
	f.registerSplit(c)
	return c
}

func printClassified(c *cobra.Command, r *task.Classified, names []string) error {
	if asJSON(c) {
		return json.NewEncoder(c.OutOrStdout()).Encode(map[string]any{
			"count": r.Count, "correct": r.Correct, "accuracy": r.Accuracy(), "mean_nll": real(r.MeanNLL), "confusion": r.Confusion, "classes": names,
		})
	}
	out := c.OutOrStdout()
	fmt.Fprintf(out, "%d of %d right (%.2f %%), mean −log p %.4f\n\n", r.Correct, r.Count, 100*r.Accuracy(), r.MeanNLL)
	return confusion(out, r, names)
}

// confusion prints a row for each label: how often each class was said.
func confusion(out io.Writer, r *task.Classified, names []string) error {
	w := tabwriter.NewWriter(out, 0, 1, 1, ' ', tabwriter.AlignRight)
	fmt.Fprint(w, "label\t")
	for i := range r.Confusion {
		fmt.Fprintf(w, "%d\t", i)
	}
	fmt.Fprintln(w)
	for i, row := range r.Confusion {
		if i < len(names) {
			fmt.Fprintf(w, "%s ", names[i])
		}
		fmt.Fprintf(w, "%d\t", i)
		for _, n := range row {
			fmt.Fprintf(w, "%d\t", n)
		}
		fmt.Fprintln(w)
	}
	return w.Flush()
}

func reconstructCommand() *cobra.Command {
	var f taskFlags
	c := &cobra.Command{
		Use:     "reconstruct",
		Short:   "Pass pictures through an autoencoder; show the first, each input above its output",
		Example: "  cameo zoo reconstruct --model conv_ae.onnx --data fashion-mnist -o pairs.png",
		Args:    cobra.NoArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return reconstruct(c, &f, 0, 0) },
	}
	f.register(c, "PNG file for the first pictures")
	f.registerSplit(c)
	return c
}

func denoiseCommand() *cobra.Command {
	var f taskFlags
	var drop float64
	c := &cobra.Command{
		Use:     "denoise",
		Short:   "Drop pixels and have a denoising autoencoder put them back; show the first pictures",
		Example: "  cameo zoo denoise --model denoise_ae.onnx --data fashion-mnist --drop 0.5 -o pairs.png",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if !(drop >= 0 && drop < 1) {
				return usagef("--drop %g: give a probability below 1", drop)
			}
			return reconstruct(c, &f, drop, f.seed)
		},
	}
	f.register(c, "PNG file for the first pictures")
	f.registerSplit(c)
	c.Flags().Float64Var(&drop, "drop", 0.5, "probability with which a pixel is set to 0; the others are scaled by 1/(1−p), as in training")
	c.Flags().Uint64Var(&f.seed, "seed", 0, "of what is dropped")
	return c
}

// reconstruct shows 20 pictures in rows of 10.
func reconstruct(c *cobra.Command, f *taskFlags, drop float64, seed uint64) error {
	set, m, err := f.pictures()
	if err != nil {
		return err
	}
	ctx, cancel := f.deadline(c.Context())
	defer cancel()
	done := watch(m, set.Len(), c.Name())
	r, err := task.Reconstruct(ctx, m, set, f.count, 20, drop, seed)
	if done(); err != nil {
		return err
	}
	if f.out != "" {
		cols := min(10, len(r.Input))
		if err := writePicture(f.out, r.Pairs(cols), cols, set.H, set.W, 0, 1); err != nil {
			return err
		}
	}
	if asJSON(c) {
		return json.NewEncoder(c.OutOrStdout()).Encode(map[string]any{"count": len(r.Errors), "mse": real(r.MSE()), "file": f.out})
	}
	fmt.Fprintf(c.OutOrStdout(), "%d pictures, mean squared error %.5f\n", len(r.Errors), r.MSE())
	return nil
}
