package task

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/cameo-onnx/cameo/ir/tensor"
	"github.com/cameo-onnx/cameo/zoo/data"
)

// pixels is a model that gives back what it reads, plus add.
func pixels(rows int, add float32) *Model {
	return &Model{Input: "x", Output: "y", Item: []int{2, 2}, Rows: rows, Run: func(_ context.Context, in map[string]tensor.Value, _ ...string) (map[string]tensor.Value, error) {
		y := in["x"].(*tensor.Tensor).Clone()
		for i := range tensor.Data[float32](y) {
			tensor.Data[float32](y)[i] += add
		}
		return map[string]tensor.Value{"y": y}, nil
	}}
}

// set has n pictures of 2×2; picture i is white at place i%4, which is its label.
func set(n int) *data.Images {
	s := &data.Images{H: 2, W: 2, Pixels: make([]byte, 4*n), Labels: make([]byte, n)}
	for i := range n {
		s.Pixels[4*i+i%4] = 255
		s.Labels[i] = byte(i % 4)
	}
	return s
}

func TestClassifyCountsWhatIsRight(t *testing.T) {
	s := set(250)
	s.Labels[249] = 0 // picture 249 is white at place 1
	c, err := Classify(context.Background(), pixels(0, 0), s, 0)
	if err != nil {
		t.Fatal(err)
	}
	if c.Count != 250 || c.Correct != 249 || c.Confusion[0][1] != 1 || c.Confusion[2][2] != 62 {
		t.Errorf("%+v", c)
	}
	right := math.Log(math.E+3) - 1 // −log of the softmax of 1 among three zeros
	if want := (249*right + right + 1) / 250; math.Abs(c.MeanNLL-want) > 1e-6 {
		t.Errorf("mean −log p %g, not %g", c.MeanNLL, want)
	}
}

func TestBatchesOfFixedSizeLeaveTheRestOut(t *testing.T) {
	c, err := Classify(context.Background(), pixels(4, 0), set(10), 0)
	if err != nil || c.Count != 8 {
		t.Errorf("%+v, %v", c, err)
	}
	if _, err := Classify(context.Background(), pixels(100, 0), set(10), 0); err == nil || !strings.Contains(err.Error(), "fewer than the model's batch of 100") {
		t.Errorf("got %v", err)
	}
}

func TestReconstructionErrorsAreAgainstWhatWasNotDropped(t *testing.T) {
	r, err := Reconstruct(context.Background(), pixels(0, 0.5), set(150), 0, 3, 0, 0)
	if err != nil || len(r.Errors) != 150 || len(r.Input) != 3 || math.Abs(r.MSE()-0.25) > 1e-9 {
		t.Fatalf("%d errors, %d kept, MSE %g, %v", len(r.Errors), len(r.Input), r.MSE(), err)
	}
	r, err = Reconstruct(context.Background(), pixels(0, 0), set(4000), 0, 0, 0.75, 1)
	if err != nil {
		t.Fatal(err)
	}
	// The white pixel of four becomes 0 three times in four, or else 4.
	if want := (0.75 + 0.25*9) / 4; math.Abs(r.MSE()-want) > 0.05 {
		t.Errorf("MSE %g, not %g", r.MSE(), want)
	}
	if _, err := Reconstruct(context.Background(), pixels(0, 0), set(4), 0, 0, 1, 1); err == nil {
		t.Error("all pixels were dropped")
	}
}

func TestGridPutsPicturesInRows(t *testing.T) {
	g, err := Grid([][]float32{{0, 1, 2, -1}, {0.5, 0, 0, 0}, {1, 1, 1, 1}}, 2, 2, 2, 3, 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	if b := g.Bounds(); b.Dx() != 2*8+2 || b.Dy() != 2*8+2 {
		t.Fatalf("%v", b)
	}
	for _, p := range []struct {
		x, y int
		want uint8
	}{{2, 2, 0}, {5, 2, 255}, {7, 4, 255}, {2, 5, 255}, {5, 5, 0}, {10, 2, 128}, {2, 10, 255}, {10, 10, 96}, {0, 0, 96}} {
		if got := g.GrayAt(p.x, p.y).Y; got != p.want {
			t.Errorf("pixel %d,%d is %d, not %d", p.x, p.y, got, p.want)
		}
	}
	if _, err := Grid([][]float32{{1}}, 1, 2, 2, 1, 0, 1); err == nil {
		t.Error("one number was taken as a picture of 2×2")
	}
}

func TestPrincipalComponentsOfALine(t *testing.T) {
	var points [][]float32
	for i := range 101 {
		v := float32(i-50) / 50
		points = append(points, []float32{1 + 3*v, 2 + 4*v, 5})
	}
	p, err := FindPrincipal(points, 2)
	if err != nil {
		t.Fatal(err)
	}
	if a := p.Axes[0]; math.Abs(a[0]-0.6) > 1e-6 || math.Abs(a[1]-0.8) > 1e-6 || math.Abs(p.Variances[0]/p.Total-1) > 1e-9 {
		t.Errorf("axis %v with variance %g of %g", a, p.Variances[0], p.Total)
	}
	if at := p.Project([]float32{4, 6, 5}); math.Abs(at[0]-5) > 1e-5 || math.Abs(at[1]) > 1e-5 {
		t.Errorf("(4, 6, 5) lies at %v", at)
	}
	for _, bad := range [][][]float32{{{1, 2}}, {{1, 2}, {float32(math.NaN()), 1}}} {
		if _, err := FindPrincipal(bad, 2); err == nil {
			t.Errorf("components of %v", bad)
		}
	}
}

func TestPlaneRunsFromTheTopLeft(t *testing.T) {
	p, err := Standard(3, 2, 0)
	if err != nil {
		t.Fatal(err)
	}
	plane, err := p.Plane(2)
	if err != nil {
		t.Fatal(err)
	}
	q := float32(0.6744898) // the upper quartile
	want := []float32{q, 0, -q, q, 0, q, -q, 0, -q, -q, 0, q}
	for i, v := range tensor.Data[float32](plane) {
		if math.Abs(float64(v-want[i])) > 1e-6 {
			t.Fatalf("%v, not %v", tensor.Data[float32](plane), want)
		}
	}
	if _, err := Standard(3, 1, 1); err == nil {
		t.Error("one axis spans a plane")
	}
}

func TestAUCIsTheShareOfPairsInOrder(t *testing.T) {
	for _, c := range []struct {
		scores  []float64
		anomaly []bool
		want    float64
	}{
		{[]float64{1, 2, 3, 4}, []bool{false, false, true, true}, 1},
		{[]float64{4, 3, 2, 1}, []bool{false, false, true, true}, 0},
		{[]float64{1, 1, 1}, []bool{true, false, false}, 0.5},
		{[]float64{1, 3, 2}, []bool{false, false, true}, 0.5},
	} {
		if got := AUC(c.scores, c.anomaly); got != c.want {
			t.Errorf("%v of %v: %g, not %g", c.scores, c.anomaly, got, c.want)
		}
	}
	if !math.IsNaN(AUC([]float64{1}, []bool{false})) {
		t.Error("no anomalies, and a figure")
	}
	if got := AUC([]float64{math.NaN(), 2, math.NaN(), 1}, []bool{true, true, false, false}); !(got >= 0 && got <= 1) {
		t.Errorf("with scores that are no numbers: %g", got)
	}
}

func TestSeriesScoresAverageTheirWindows(t *testing.T) {
	m := pixels(0, 0)
	m.Run = func(_ context.Context, in map[string]tensor.Value, _ ...string) (map[string]tensor.Value, error) {
		x := in["x"].(*tensor.Tensor)
		return map[string]tensor.Value{"y": tensor.New(tensor.F32, x.Dims()...)}, nil
	}
	m.Item = []int{2}
	got, err := ScoreSeries(context.Background(), m, []float64{1, 1, 3})
	if err != nil || got[0] != 1 || got[1] != 3 || got[2] != 5 { // windows (1, 1) and (1, 3): errors 1 and 5
		t.Errorf("%v, %v", got, err)
	}
	if _, err := ScoreSeries(context.Background(), m, []float64{1}); err == nil {
		t.Error("a signal shorter than a window")
	}
}

func TestNamesAreReadLetterByLetter(t *testing.T) {
	var letters []int
	r := &Reader{Letter: "l", State: "h", Scores: "s", Next: "n", Hidden: 1, Run: func(_ context.Context, in map[string]tensor.Value, _ ...string) (map[string]tensor.Value, error) {
		letters = append(letters, Highest(tensor.Data[float32](in["l"].(*tensor.Tensor))))
		h := tensor.Data[float32](in["h"].(*tensor.Tensor))[0]
		return map[string]tensor.Value{"s": tensor.Of([]float32{0, h}, 1, 2), "n": tensor.Of([]float32{h + 1}, 1, 1)}, nil
	}}
	scores, err := r.Read(context.Background(), "àbC")
	if err != nil || scores[1] != 2 || len(letters) != 3 || letters[0] != 0 || letters[1] != 1 || letters[2] != 28 {
		t.Errorf("scores %v after letters %v, %v", scores, letters, err)
	}
	if _, err := r.Read(context.Background(), "123"); err == nil {
		t.Error("a name without letters")
	}
	bad := errors.New("broken")
	r.Run = func(context.Context, map[string]tensor.Value, ...string) (map[string]tensor.Value, error) {
		return nil, bad
	}
	if _, err := r.Languages(context.Background(), &data.Names{Names: []string{"a"}, Labels: []int{0}}, nil); !errors.Is(err, bad) {
		t.Errorf("got %v", err)
	}
}
