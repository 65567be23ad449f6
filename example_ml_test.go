package cameo_test

import (
	"context"
	"fmt"
	"log"

	"github.com/cameo-onnx/cameo"
)

// A pipeline of scikit-learn, exported by skl2onnx: numbers and words go in by column, classes and a map of probabilities for
// each row come out.
func Example_scikitLearn() {
	m, err := cameo.Open("testdata/passengers.onnx")
	if err != nil {
		log.Fatal(err)
	}
	out, err := m.RunValues(context.Background(), map[string]cameo.Value{
		"age":   cameo.NewTensor([]float32{29, 8, 54}, 3, 1),
		"fare":  cameo.NewTensor([]float32{211.34, 21.08, 7.75}, 3, 1),
		"port":  cameo.NewStrings([]string{"Southampton", "Cherbourg", "Queenstown"}, 3, 1),
		"class": cameo.NewStrings([]string{"first", "third", "third"}, 3, 1),
	})
	if err != nil {
		log.Fatal(err)
	}
	labels := out["output_label"].(*cameo.Tensor).Strings()
	for i, row := range out["output_probability"].(*cameo.Sequence).Elems {
		probabilities := row.(*cameo.Map)
		fmt.Print(labels[i])
		for k, class := range probabilities.Keys.Strings() {
			fmt.Printf(" %s=%.3f", class, probabilities.Values.Float64At(k))
		}
		fmt.Println()
	}
	// Output:
	// survived lost=0.001 survived=0.999
	// lost lost=0.737 survived=0.263
	// lost lost=0.966 survived=0.034
}
