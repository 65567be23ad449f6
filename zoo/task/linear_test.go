package task_test

import (
	"context"
	"math"
	"testing"

	"github.com/cameo-onnx/cameo"
	"github.com/cameo-onnx/cameo/zoo"
	"github.com/cameo-onnx/cameo/zoo/task"
)

// A signal of two frequencies fills four dimensions; a spike leaves them.
func TestFittedAutoencoderFindsASpike(t *testing.T) {
	signal := make([]float64, 600)
	for i := range signal {
		signal[i] = math.Sin(float64(i)/3) + 0.5*math.Cos(float64(i)/11)
	}
	windows, err := task.Windows(signal, 32)
	if err != nil {
		t.Fatal(err)
	}
	w, err := task.FitLinear(windows, 4)
	if err != nil {
		t.Fatal(err)
	}
	g, err := zoo.Build("pca_ae", zoo.Options{Weights: w, Sizes: map[string]int{"features": 32, "code": 4}})
	if err != nil {
		t.Fatal(err)
	}
	m, err := cameo.Compile(g)
	if err != nil {
		t.Fatal(err)
	}
	signal[300] += 2
	scores, err := task.ScoreSeries(context.Background(), &task.Model{Run: m.RunValues, Input: "x", Output: "reconstruction", Item: []int{32}}, signal)
	if err != nil {
		t.Fatal(err)
	}
	if scores[300] < 0.05 || scores[100] > 1e-6 || scores[500] > 1e-6 {
		t.Errorf("scores %g at the spike, %g and %g elsewhere", scores[300], scores[100], scores[500])
	}
}
