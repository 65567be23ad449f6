package zoo_test

import (
	"context"
	"fmt"
	"log"

	"github.com/cameo-onnx/cameo"
	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/zoo"
)

// Any model of the zoo runs in three lines: build, compile, run.
func Example() {
	g, err := zoo.Build("conv_ae", zoo.Options{})
	if err != nil {
		log.Fatal(err)
	}
	m, err := cameo.Compile(g)
	if err != nil {
		log.Fatal(err)
	}
	picture := cameo.Zeros(cameo.Float32, 1, 28, 28)
	out, err := m.Run(context.Background(), map[string]*cameo.Tensor{"image": picture})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(out["reconstruction"].Dims(), out["code"].Dims())
	// Output: [1 28 28] [1 30]
}

// A model of one's own is built with the same layers.
func ExampleNet() {
	n, err := zoo.NewNet("mine", zoo.Options{})
	if err != nil {
		log.Fatal(err)
	}
	x := n.Input("x", zoo.Pixels, 1, 28, 28)
	h := n.ReLU(n.Conv2d("c1", x, 8, zoo.Window{Kernel: 3}))
	y := n.Linear("out", n.Flatten(h), 10)
	n.Output("y", y)
	n.Loss(func() *ir.Value { return n.CrossEntropy(y, n.Input("label", zoo.Labels(10))) })
	g, err := n.Graph()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(g.Inputs[0].Type, g.Outputs[0].Value.Type)
	// Output: f32[N,1,28,28] f32[N,10]
}

// A graph of the loss has the targets as further inputs; weights of one seed are the same in every form.
func ExampleBuild_loss() {
	g, err := zoo.Build("mlp", zoo.Options{Loss: true, Train: true, Batch: 32})
	if err != nil {
		log.Fatal(err)
	}
	for _, v := range g.Inputs {
		fmt.Println(v.Name, v.Type)
	}
	fmt.Println(g.Outputs[0].Name, g.Outputs[0].Value.Type)
	// Output:
	// image f32[32,1,28,28]
	// label i64[32]
	// loss f32[]
}
