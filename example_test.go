package cameo_test

import (
	"context"
	"fmt"
	"image"
	_ "image/png"
	"log"
	"math"
	"os"

	"github.com/cameo-onnx/cameo"
)

// pixels reads a grey picture as numbers from 0 to 1.
func pixels(path string) []float32 {
	f, err := os.Open(path)
	if err != nil {
		log.Fatal(err)
	}
	defer f.Close()
	img, _, err := image.Decode(f)
	if err != nil {
		log.Fatal(err)
	}
	b := img.Bounds()
	var out []float32
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			g, _, _, _ := img.At(x, y).RGBA()
			out = append(out, float32(g)/0xffff)
		}
	}
	return out
}

// A classifier: open a model, give it a picture, read the class with the highest probability.
func Example_classifier() {
	m, err := cameo.Open("testdata/digits_cnn.onnx")
	if err != nil {
		log.Fatal(err)
	}
	in, out := m.Inputs()[0].Name, m.Outputs()[0].Name
	x := cameo.NewTensor(pixels("testdata/digits/7.png"), 1, 1, 28, 28)
	res, err := m.Run(context.Background(), map[string]*cameo.Tensor{in: x})
	if err != nil {
		log.Fatal(err)
	}
	scores, err := cameo.Data[float32](res[out])
	if err != nil {
		log.Fatal(err)
	}
	best, sum := 0, 0.0
	for i, s := range scores {
		sum += math.Exp(float64(s))
		if s > scores[best] {
			best = i
		}
	}
	fmt.Println(best, math.Exp(float64(scores[best]))/sum > 0.5)
	// Output: 7 true
}
