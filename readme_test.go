package cameo_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"strings"
	"testing"

	"github.com/cameo-onnx/cameo"
)

// Example is the program of README.md.
func Example() {
	ctx, pixels := context.Background(), pixels("testdata/digits/7.png")
	m, err := cameo.Open("testdata/digits_cnn.onnx")
	if err != nil {
		log.Fatal(err)
	}
	x := cameo.NewTensor(pixels, 1, 1, 28, 28) // a []float32, shared and not copied
	out, err := m.Run(ctx, map[string]*cameo.Tensor{"image": x})
	if err != nil {
		log.Fatal(err)
	}
	scores, err := cameo.Data[float32](out["logits"])
	fmt.Println(len(scores), err)
	// Output: 10 <nil>
}

func TestTheReadmeShowsTheProgramThatIsTested(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile("readme_test.go")
	if err != nil {
		t.Fatal(err)
	}
	_, code, ok := strings.Cut(string(readme), "```go\n")
	code, _, ok2 := strings.Cut(code, "```")
	if !ok || !ok2 {
		t.Fatal("README.md has no program")
	}
	for line := range strings.Lines(code) {
		if !strings.Contains(string(source), strings.TrimSpace(line)) {
			t.Errorf("README.md has a line that is not tested: %s", line)
		}
	}
}
