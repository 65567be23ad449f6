package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/cameo-onnx/cameo/cmd/cameo/chart"
	"github.com/cameo-onnx/cameo/ir/tensor"
	"github.com/cameo-onnx/cameo/zoo/task"
)

func sampleCommand() *cobra.Command {
	var f, e taskFlags
	var side int
	var axes []int
	c := &cobra.Command{
		Use:   "sample",
		Short: "Draw pictures from a decoder over a plane of its latent space",
		Long: `Draw a square grid of pictures from a decoder, such as that of a variational autoencoder.

The plane is spanned by two latent axes; with --encoder and --data it is the plane in which the codes of
the data spread most, through their mean. Places are quantiles of normal distributions.`,
		Example: `  cameo zoo sample --model decoder.onnx -o plane.png
  cameo zoo sample --model decoder.onnx --encoder encoder.onnx --data mnist -o plane.png`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			e.modelFlags, e.data, e.split, e.count = f.modelFlags, f.data, f.split, f.count
			return runSample(c, &f, &e, side, axes)
		},
	}
	f.register(c, "PNG file for the pictures")
	f.registerSplit(c)
	fl := c.Flags()
	fl.StringVar(&e.model, "encoder", "", "the encoder's ONNX file: its first output is the code")
	fl.IntVar(&side, "side", 15, "pictures in a row and in a column")
	fl.IntSliceVar(&axes, "axes", []int{0, 1}, "the two latent axes, where there is no encoder")
	return c
}

func runSample(c *cobra.Command, f, e *taskFlags, side int, axes []int) error {
	if f.out == "" || !strings.HasSuffix(strings.ToLower(f.out), ".png") {
		return usagef("-o FILE.png names the picture to write")
	}
	if side < 2 || side > 100 || len(axes) != 2 {
		return usagef("--side takes 2 to 100, --axes two numbers")
	}
	m, err := f.task()
	if err != nil {
		return err
	}
	ctx, cancel := f.deadline(c.Context())
	defer cancel()
	var p *task.Principal
	if e.model == "" {
		if p, err = task.Standard(m.Size(), axes[0], axes[1]); err != nil {
			return usagef("--axes: %v", err)
		}
	} else {
		codes, _, err := e.codes(c)
		if err != nil {
			return err
		}
		if p, err = task.FindPrincipal(codes, 2); err != nil {
			return err
		}
		if len(p.Mean) != m.Size() {
			return fmt.Errorf("codes of %d numbers are no input of the decoder, which reads %d", len(p.Mean), m.Size())
		}
	}
	plane, err := p.Plane(side)
	if err != nil {
		return err
	}
	x := tensor.Data[float32](plane)
	pictures, err := m.All(ctx, side*side, func(from, to int) *tensor.Tensor {
		return tensor.Of(x[from*m.Size():to*m.Size()], append([]int{to - from}, m.Item...)...)
	})
	if err != nil {
		return err
	}
	h := int(math.Sqrt(float64(len(pictures[0]))))
	if err := writePicture(f.out, pictures, side, h, h, 0, 1); err != nil {
		return err
	}
	return wrote(c, f.out, map[string]any{"pictures": len(pictures), "share_of_variance": planeShare(p)})
}

// planeShare returns how much of the variance the first two axes hold.
func planeShare(p *task.Principal) real { return real((p.Variances[0] + p.Variances[1]) / p.Total) }

// codes encodes the pictures of --data, and returns their labels too.
func (f *taskFlags) codes(c *cobra.Command) ([][]float32, []byte, error) {
	set, m, err := f.pictures()
	if err != nil {
		return nil, nil, err
	}
	if m.Size() != set.H*set.W {
		return nil, nil, fmt.Errorf("input %s: items of sizes %v are no pictures of %d×%d", m.Input, m.Item, set.H, set.W)
	}
	n := set.Len()
	if f.count > 0 {
		n = min(n, f.count)
	}
	done := watch(m, n, c.Name())
	defer done()
	ctx, cancel := f.deadline(c.Context())
	defer cancel()
	codes, err := m.All(ctx, n, func(from, to int) *tensor.Tensor { return set.Batch(from, to, m.Item...) })
	return codes, set.Labels[:n], err
}

func reduceCommand() *cobra.Command {
	var f taskFlags
	c := &cobra.Command{
		Use:   "reduce",
		Short: "Reduce pictures to two dimensions: a scatter plot of their codes, coloured by class",
		Long: `Encode pictures, and draw their codes in the plane in which they spread most (the first two principal
components), coloured by class. -o takes .png, .svg, .pdf, or .csv for the numbers.`,
		Example: "  cameo zoo reduce --model encoder.onnx --data mnist -o codes.png -o codes.svg",
		Args:    cobra.NoArgs,
	}
	f.register(c, "")
	f.registerSplit(c)
	outs := c.Flags().StringArrayP("output", "o", nil, "file to write: .png, .svg, .pdf or .csv; may be repeated")
	c.RunE = func(c *cobra.Command, _ []string) error { return runReduce(c, &f, *outs) }
	return c
}

func runReduce(c *cobra.Command, f *taskFlags, outs []string) error {
	if len(outs) == 0 {
		return usagef("-o FILE names the file to write")
	}
	for _, o := range outs {
		if !chart.Writes(o) && !isCSV(o) {
			return usagef("-o %s: want .png, .svg, .pdf or .csv", o)
		}
	}
	codes, labels, err := f.codes(c)
	if err != nil {
		return err
	}
	p, err := task.FindPrincipal(codes, 2)
	if err != nil {
		return err
	}
	var classes []chart.Class
	rows := [][]string{{"x", "y", "class"}}
	for i, code := range codes {
		for len(classes) <= int(labels[i]) {
			classes = append(classes, chart.Class{Name: strconv.Itoa(len(classes))})
		}
		at := p.Project(code)
		cl := &classes[labels[i]]
		cl.Points = append(cl.Points, [2]float64{at[0], at[1]})
		rows = append(rows, []string{decimal(at[0]), decimal(at[1]), cl.Name})
	}
	share := func(i int) string {
		return fmt.Sprintf("component %d (%.0f %% of the variance)", i+1, 100*p.Variances[i]/p.Total)
	}
	for _, o := range outs {
		err := writeCSV(o, rows)
		if !isCSV(o) {
			err = chart.Scatter(o, chart.Labels{Title: fmt.Sprintf("%d codes of %d numbers", len(codes), len(p.Mean)), X: share(0), Y: share(1)}, classes)
		}
		if err != nil {
			return err
		}
	}
	return wrote(c, strings.Join(outs, ", "), map[string]any{"count": len(codes), "share_of_variance": planeShare(p)})
}
