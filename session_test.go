package cameo_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cameo-onnx/cameo"
	"github.com/cameo-onnx/cameo/runtime/inspect"
	"github.com/cameo-onnx/cameo/testdata"
)

// models returns the models of a folder of the shared cases.
func models(t testing.TB, folder string) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(testdata.Shared(t), "models", folder, "*", "model.onnx"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no models under %s: %v", folder, err)
	}
	return paths
}

func modelName(path string) string { return filepath.Base(filepath.Dir(path)) }

// fill returns inputs of random numbers, with n for every size that a model leaves open. The same seed gives the same elements;
// integers are 0 or 1.
func fill(m *cameo.Model, n int, seed uint64) (map[string]*cameo.Tensor, bool) {
	r := rand.New(rand.NewPCG(seed, 0))
	out := map[string]*cameo.Tensor{}
	for _, in := range m.Inputs() {
		dims := []int{}
		for _, s := range in.Shape {
			d, err := strconv.Atoi(s)
			if err != nil {
				d = n
			}
			dims = append(dims, d)
		}
		if in.Shape == nil || in.DType == cameo.String {
			return nil, false
		}
		t := cameo.Zeros(in.DType, dims...)
		for i := range t.Len() {
			if in.DType.IsFloat() {
				t.SetFloat64At(i, r.Float64())
			} else {
				t.SetInt64At(i, int64(r.IntN(2)))
			}
		}
		out[in.Name] = t
	}
	return out, true
}

// sameBits returns the first output that differs in any bit.
func sameBits(a, b map[string]*cameo.Tensor) error {
	for name, x := range a {
		if y := b[name]; y == nil || !slices.Equal(x.Dims(), y.Dims()) || string(x.Bytes()) != string(y.Bytes()) {
			return fmt.Errorf("output %q: %v and %v", name, x, b[name])
		}
	}
	return nil
}

// draws reports whether a model draws random numbers; the folder says so.
func draws(path string) bool {
	_, err := os.Stat(filepath.Join(filepath.Dir(path), "random"))
	return err == nil
}

func open(t testing.TB, path string, opts ...cameo.Option) *cameo.Model {
	t.Helper()
	m, err := cameo.Open(path, opts...)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestEightGoroutinesGetTheBitsThatOneGets(t *testing.T) {
	for _, path := range []string{"testdata/digits_cnn.onnx", "testdata/names_rnn.onnx"} {
		m := open(t, path, cameo.WithSessions(3))
		var alone []map[string]*cameo.Tensor
		for seed := range uint64(8) {
			in, _ := fill(m, int(seed)+1, seed)
			out, err := m.Run(context.Background(), in)
			if err != nil {
				t.Fatal(err)
			}
			alone = append(alone, out)
		}
		var wg sync.WaitGroup
		for g := range 8 {
			wg.Go(func() {
				for k := range 24 {
					seed := uint64(g+k) % 8
					in, _ := fill(m, int(seed)+1, seed)
					out, err := m.Run(context.Background(), in)
					if err == nil {
						err = sameBits(alone[seed], out)
					}
					if err != nil {
						t.Errorf("%s, goroutine %d: %v", path, g, err)
						return
					}
				}
			})
		}
		wg.Wait()
	}
}

func TestTheNumberOfThreadsChangesNoBit(t *testing.T) {
	paths := []string{"testdata/digits_cnn.onnx", "testdata/names_rnn.onnx"}
	if !testing.Short() {
		for _, folder := range []string{"trained", "seeds"} {
			paths = append(paths, models(t, folder)...)
		}
	}
	for _, path := range paths {
		var runs []map[string]*cameo.Tensor
		for _, threads := range []int{1, 2} {
			m := open(t, path, cameo.WithThreads(threads), cameo.WithSeed(5))
			in, ok := fill(m, 3, 1)
			if !ok {
				break
			}
			out, err := m.Run(context.Background(), in)
			if err != nil {
				t.Fatalf("%s: %v", modelName(path), err)
			}
			runs = append(runs, out)
		}
		if len(runs) == 2 {
			if err := sameBits(runs[0], runs[1]); err != nil {
				t.Errorf("%s: %v", modelName(path), err)
			}
		}
	}
}

// row returns row i of every tensor.
func row(all map[string]*cameo.Tensor, i int) map[string]*cameo.Tensor {
	out := map[string]*cameo.Tensor{}
	for name, t := range all {
		dims := slices.Clone(t.Dims())
		n := len(t.Bytes()) / dims[0]
		dims[0] = 1
		one := cameo.Zeros(t.DType(), dims...)
		copy(one.Bytes(), t.Bytes()[i*n:(i+1)*n])
		out[name] = one
	}
	return out
}

// rowwise reports whether every input and output of m has the same open size, its first.
func rowwise(m *cameo.Model) bool {
	name := ""
	for _, v := range slices.Concat(m.Inputs(), m.Outputs()) {
		if len(v.Shape) == 0 || name != "" && v.Shape[0] != name {
			return false
		}
		name = v.Shape[0]
		for i, s := range v.Shape {
			if _, err := strconv.Atoi(s); (err != nil) != (i == 0) {
				return false
			}
		}
	}
	return true
}

func TestARowAloneHasTheBitsThatItHasInABatch(t *testing.T) {
	const batch = 32
	paths := []string{"testdata/digits_cnn.onnx"}
	if !testing.Short() {
		for _, folder := range []string{"trained", "seeds"} {
			paths = append(paths, models(t, folder)...)
		}
	}
	tried := 0
	for _, path := range paths {
		m := open(t, path)
		// A model in training mode looks at its whole batch, and one that draws numbers draws others for each row.
		if !rowwise(m) || draws(path) || strings.Contains(modelName(path), "_train_") {
			continue
		}
		tried++
		in, _ := fill(m, batch, 7)
		whole, err := m.Run(context.Background(), in)
		if err != nil {
			t.Fatalf("%s: %v", modelName(path), err)
		}
		for _, i := range []int{0, 13, batch - 1} {
			one, err := m.Run(context.Background(), row(in, i))
			if err == nil {
				err = sameBits(one, row(whole, i))
			}
			if err != nil {
				t.Errorf("%s, row %d: %v", modelName(path), i, err)
				break
			}
		}
	}
	t.Logf("%d models", tried)
}

// allF32 reports whether a model's inputs and outputs are of float32.
func allF32(m *cameo.Model) bool {
	return !slices.ContainsFunc(slices.Concat(m.Inputs(), m.Outputs()), func(v cameo.Info) bool { return v.DType != cameo.Float32 })
}

func TestASessionAllocatesNothing(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	paths := append([]string{"testdata/digits_cnn.onnx", "testdata/names_rnn.onnx"}, models(t, "seeds")...)
	for _, path := range paths {
		m := open(t, path)
		if !allF32(m) {
			continue
		}
		in, ok := fill(m, 2, 1)
		if !ok {
			continue
		}
		s, err := m.NewSession()
		if err != nil {
			t.Fatal(err)
		}
		for name, x := range in {
			if err := s.Set(name, x); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Run(ctx); err != nil {
			t.Fatalf("%s: %v", modelName(path), err)
		}
		n := testing.AllocsPerRun(10, func() { err = s.Run(ctx) })
		steps := slow(m)
		if err != nil || n > 0 {
			t.Errorf("%s: %v allocations a run, %v; steps without a kernel: %v", modelName(path), n, err, steps)
		}
		s.Close()
	}
}

// slow returns the steps that run a reference evaluation.
func slow(m *cameo.Model) []string {
	var out []string
	for k := range inspect.Kernels(m.Runtime().Plan()) {
		if strings.HasPrefix(k, "eval") {
			out = append(out, k)
		}
	}
	slices.Sort(out)
	return out
}

func TestAContextEndsTheRunsUnderItAndNoOthers(t *testing.T) {
	m := open(t, "testdata/digits_cnn.onnx")
	in, _ := fill(m, 1, 1)
	s, err := m.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for name, x := range in {
		if err := s.Set(name, x); err != nil {
			t.Fatal(err)
		}
	}
	for range 50 {
		ctx, cancel := context.WithCancel(context.Background())
		for range 3 { // from the second run on the session stays registered with the context
			if err := s.Run(ctx); err != nil {
				t.Fatal(err)
			}
		}
		cancel()
		if err := s.Run(ctx); !errors.Is(err, context.Canceled) {
			t.Fatalf("a run under a context that had ended gave %v", err)
		}
		if err := s.Run(context.Background()); err != nil {
			t.Fatalf("a context that had ended stopped a run under another: %v", err)
		}
	}
}

func TestFedStateIsWhatTheCallerWouldFeedBack(t *testing.T) {
	m := open(t, "testdata/names_rnn.onnx")
	s, err := m.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Feed("next_hidden", "hidden"); err != nil {
		t.Fatal(err)
	}
	hidden := cameo.Zeros(cameo.Float32, 1, 128)
	if err := s.Set("hidden", hidden); err != nil {
		t.Fatal(err)
	}
	x, err := s.Input("letter")
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	step := func(k int) {
		letter, _ := cameo.Data[float32](x)
		clear(letter)
		letter[k] = 1
		if err := s.Run(ctx); err != nil {
			t.Fatal(err)
		}
	}
	for k := range 20 {
		step(k)
		out, err := m.Run(ctx, map[string]*cameo.Tensor{"letter": x, "hidden": hidden})
		if err != nil {
			t.Fatal(err)
		}
		hidden = out["next_hidden"]
		got := map[string]*cameo.Tensor{"next_hidden": s.Output("next_hidden"), "log_probabilities": s.Output("log_probabilities")}
		if err := sameBits(out, got); err != nil {
			t.Fatalf("step %d: %v", k, err)
		}
	}
	if n := testing.AllocsPerRun(20, func() { step(3) }); n > 0 {
		t.Errorf("%v allocations a step", n)
	}
	if err := s.Feed("next_hidden", "letter"); !errors.Is(err, cameo.ErrInput) {
		t.Errorf("a state of other sizes than its input was fed: %v", err)
	}
}

func TestASessionKeepsToTheModelsTimeout(t *testing.T) {
	m, err := cameo.OpenBytes(endlessLoop("n _", onnxNode("Neg", "a", "a2")), cameo.WithTimeout(50*time.Millisecond), cameo.WithTrips(1<<40))
	if err != nil {
		t.Fatal(err)
	}
	s, err := m.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.Input("x"); err != nil {
		t.Fatal(err)
	}
	if err := s.Run(context.Background()); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want the deadline", err)
	}
}
