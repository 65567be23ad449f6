package cameo_test

import (
	"context"
	"fmt"
	"log"

	"github.com/cameo-onnx/cameo"
	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/passes/grad"
	"github.com/cameo-onnx/cameo/zoo"
)

// A small network learns whether two bits differ. The graph of a loss becomes one step of training: its weights, and what Adam
// keeps of each, go from run to run inside the session.
func Example_training() {
	n, err := zoo.NewNet("xor", zoo.Options{Loss: true, Seed: 1})
	if err != nil {
		log.Fatal(err)
	}
	x := n.Input("bits", zoo.Pixels, 2)
	h := n.Tanh(n.Linear("hidden", x, 8))
	y := n.Linear("out", h, 2)
	n.Loss(func() *ir.Value { return n.CrossEntropy(y, n.Input("label", zoo.Labels(2))) })
	g, err := n.Graph()
	if err != nil {
		log.Fatal(err)
	}
	err = grad.Step(g, grad.Training{
		Params:    []string{"hidden.weight", "hidden.bias", "out.weight", "out.bias"},
		Optimizer: grad.Adam(0.9, 0.999, 1e-8),
		Rate:      0.05,
	})
	if err != nil {
		log.Fatal(err)
	}
	m, err := cameo.Compile(g)
	if err != nil {
		log.Fatal(err)
	}
	s, err := m.NewSession()
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()
	if err := s.Set("bits", cameo.NewTensor([]float32{0, 0, 0, 1, 1, 0, 1, 1}, 4, 2)); err != nil {
		log.Fatal(err)
	}
	if err := s.Set("label", cameo.NewTensor([]int64{0, 1, 1, 0}, 4)); err != nil {
		log.Fatal(err)
	}
	for step := range 101 {
		if err := s.Run(context.Background()); err != nil {
			log.Fatal(err)
		}
		if step%50 == 0 {
			loss, err := cameo.Data[float32](s.Output("loss"))
			if err != nil {
				log.Fatal(err)
			}
			fmt.Printf("step %d: loss %.2f\n", step, loss[0])
		}
	}
	// Output:
	// step 0: loss 0.73
	// step 50: loss 0.04
	// step 100: loss 0.00
}
