package onnxgo_test

import (
	"fmt"
	"image"
	_ "image/png"
	"log"
	"os"

	onnx "github.com/owulveryck/onnx-go"
	"gorgonia.org/tensor"

	"github.com/cameo-onnx/cameo/backend/onnxgo"
)

// digit reads a grey picture as onnx-go's tensors have it.
func digit(path string) tensor.Tensor {
	f, err := os.Open(path)
	if err != nil {
		log.Fatal(err)
	}
	defer f.Close()
	img, _, err := image.Decode(f)
	if err != nil {
		log.Fatal(err)
	}
	var x []float32
	for i := range 28 * 28 {
		grey, _, _, _ := img.At(i%28, i/28).RGBA()
		x = append(x, float32(grey)/0xffff)
	}
	return tensor.New(tensor.WithShape(1, 1, 28, 28), tensor.WithBacking(x))
}

// The program of onnx-go's README, with onnxgo.NewGraph in place of gorgonnx.NewGraph.
func Example() {
	input := digit("../../testdata/digits/7.png")
	// Create a backend receiver
	backend := onnxgo.NewGraph()
	// Create a model and set the execution backend
	model := onnx.NewModel(backend)

	// read the onnx model
	b, err := os.ReadFile("../../testdata/digits_cnn.onnx")
	if err != nil {
		log.Fatal(err)
	}
	// Decode it into the model
	if err := model.UnmarshalBinary(b); err != nil {
		log.Fatal(err)
	}
	// Set the first input, the number depends of the model
	if err := model.SetInput(0, input); err != nil {
		log.Fatal(err)
	}
	if err := backend.Run(); err != nil {
		log.Fatal(err)
	}
	output, err := model.GetOutputTensors()
	if err != nil {
		log.Fatal(err)
	}
	// The class with the highest score
	best, err := tensor.Argmax(output[0], 1)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(best.Data())
	// Output: [7]
}
