package main

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/cameo-onnx/cameo/cmd/cameo/chart"
	"github.com/cameo-onnx/cameo/runtime"
	"github.com/cameo-onnx/cameo/zoo"
	"github.com/cameo-onnx/cameo/zoo/data"
	"github.com/cameo-onnx/cameo/zoo/task"
)

type anomalyFlags struct {
	taskFlags
	series, normal, against, histogram string
	width, code                        int
}

func anomalyCommand() *cobra.Command {
	var f anomalyFlags
	c := &cobra.Command{
		Use:   "anomaly",
		Short: "Score how unusual pictures or a signal's values are, by reconstruction error",
		Long: `Score how unusual things are by the mean squared error with which an autoencoder reconstructs them.

Pictures: --model and --data; --against names a folder of pictures of another kind to tell apart.
A signal: --series FILE (CSV: time, value, and 1 for an anomaly), and either a --model that reads windows
of it, or --normal FILE, a signal without anomalies, to which a linear autoencoder is fitted.`,
		Example: `  cameo zoo anomaly --model fashion_ae.onnx --data fashion-mnist --against mnist -o scores.csv --histogram errors.png
  cameo zoo anomaly --series ecg_TEST.csv --normal ecg_TRAIN_NA.csv -o scores.csv --histogram errors.png`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return runAnomaly(c, &f) },
	}
	f.register(c, "CSV file for the scores")
	f.registerSplit(c)
	fl := c.Flags()
	fl.StringVar(&f.series, "series", "", "the signal, a CSV file")
	fl.StringVar(&f.normal, "normal", "", "a signal without anomalies to fit a linear autoencoder to")
	fl.StringVar(&f.against, "against", "", "a folder of pictures that are anomalies")
	fl.StringVar(&f.histogram, "histogram", "", "PNG, SVG or PDF file for a histogram of the scores")
	fl.IntVar(&f.width, "window", 100, "values in a window of the fitted autoencoder")
	fl.IntVar(&f.code, "code", 32, "numbers through which it reconstructs a window")
	return c
}

func runAnomaly(c *cobra.Command, f *anomalyFlags) error {
	if f.out != "" && !isCSV(f.out) || f.histogram != "" && !chart.Writes(f.histogram) {
		return usagef("-o takes a .csv, --histogram a .png, .svg or .pdf")
	}
	var scores []float64
	var anomaly []bool
	var err error
	if f.series != "" {
		scores, anomaly, err = f.scoreSeries(c)
	} else {
		scores, anomaly, err = f.scorePictures(c)
	}
	if err != nil {
		return err
	}
	rows := [][]string{{"index", "score", "anomaly"}}
	classes := []chart.Class{{Name: "normal"}, {Name: "anomaly"}}
	for i, s := range scores {
		mark := 0
		if anomaly[i] {
			mark = 1
		}
		rows = append(rows, []string{strconv.Itoa(i), decimal(s), strconv.Itoa(mark)})
		classes[mark].Values = append(classes[mark].Values, s)
	}
	if err := writeCSV(f.out, rows); err != nil {
		return err
	}
	if f.histogram != "" {
		l := chart.Labels{Title: "reconstruction error", X: "log₁₀ of the mean squared error", Y: "share"}
		if err := chart.Histogram(f.histogram, l, classes); err != nil {
			return err
		}
	}
	return printScores(c, scores, anomaly, classes)
}

func printScores(c *cobra.Command, scores []float64, anomaly []bool, classes []chart.Class) error {
	auc := task.AUC(scores, anomaly)
	if asJSON(c) {
		v := map[string]any{"count": len(scores), "anomalies": len(classes[1].Values)}
		if !math.IsNaN(auc) {
			v["auc"] = auc
		}
		return json.NewEncoder(c.OutOrStdout()).Encode(v)
	}
	for _, cl := range classes {
		if n := len(cl.Values); n > 0 {
			sorted := slices.Sorted(slices.Values(cl.Values))
			fmt.Fprintf(c.OutOrStdout(), "%-8s %6d  median %.5g  95 %% below %.5g  highest %.5g\n", cl.Name, n, sorted[n/2], sorted[n*95/100], sorted[n-1])
		}
	}
	if !math.IsNaN(auc) {
		fmt.Fprintf(c.OutOrStdout(), "an anomaly scores higher than what is none in %.1f %% of pairs\n", 100*auc)
	}
	return nil
}

// scorePictures scores the pictures of --data, and those of --against as anomalies.
func (f *anomalyFlags) scorePictures(c *cobra.Command) (scores []float64, anomaly []bool, err error) {
	m, err := f.task()
	if err != nil {
		return nil, nil, err
	}
	ctx, cancel := f.deadline(c.Context())
	defer cancel()
	for _, part := range []struct {
		dir string
		odd bool
	}{{f.data, false}, {f.against, true}} {
		if part.dir == "" && part.odd {
			continue
		}
		g := f.taskFlags
		g.data = part.dir
		set, err := g.images()
		if err != nil {
			return nil, nil, err
		}
		done := watch(m, set.Len(), "anomaly")
		r, err := task.Reconstruct(ctx, m, set, f.count, 0, 0, 0)
		if done(); err != nil {
			return nil, nil, err
		}
		scores = append(scores, r.Errors...)
		anomaly = append(anomaly, slices.Repeat([]bool{part.odd}, len(r.Errors))...)
	}
	return scores, anomaly, nil
}

func (f *anomalyFlags) scoreSeries(c *cobra.Command) ([]float64, []bool, error) {
	if (f.model == "") == (f.normal == "") {
		return nil, nil, usagef("--series goes with either --model or --normal")
	}
	s, err := data.ReadSeries(f.series)
	if err != nil {
		return nil, nil, err
	}
	var m *task.Model
	if f.model != "" {
		m, err = f.task()
	} else {
		m, err = f.fitted()
	}
	if err != nil {
		return nil, nil, err
	}
	if f.count > 0 {
		n := min(f.count, len(s.Values))
		s.Values, s.Anomaly = s.Values[:n], s.Anomaly[:n]
	}
	ctx, cancel := f.deadline(c.Context())
	defer cancel()
	defer watch(m, len(s.Values), "anomaly")()
	scores, err := task.ScoreSeries(ctx, m, s.Values)
	return scores, s.Anomaly, err
}

// fitted returns the linear autoencoder that fits the signal of --normal.
func (f *anomalyFlags) fitted() (*task.Model, error) {
	if f.width < 2 || f.width > 4096 || f.code < 1 || f.code >= f.width {
		return nil, usagef("--window %d and --code %d: a code is smaller than its window, of at most 4096 values", f.width, f.code)
	}
	normal, err := data.ReadSeries(f.normal)
	if err != nil {
		return nil, err
	}
	windows, err := task.Windows(normal.Values, f.width)
	if err != nil {
		return nil, err
	}
	weights, err := task.FitLinear(windows, f.code)
	if err != nil {
		return nil, err
	}
	g, err := zoo.Build("pca_ae", zoo.Options{Weights: weights, Sizes: map[string]int{"features": f.width, "code": f.code}})
	if err != nil {
		return nil, err
	}
	o, err := f.options()
	if err != nil {
		return nil, err
	}
	m, err := runtime.Compile(g, o)
	if err != nil {
		return nil, err
	}
	return asTask(m, "")
}
