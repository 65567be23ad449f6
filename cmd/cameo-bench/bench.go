package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cameo-onnx/cameo"
	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/onnx/vectors"
	"github.com/cameo-onnx/cameo/onnx/wire"
	"github.com/cameo-onnx/cameo/runtime/measure"
	"github.com/cameo-onnx/cameo/runtime/values"
)

// A rival runs one model on fixed inputs.
type rival interface {
	Run() error
	Outputs() ([]*cameo.Tensor, error) // of the last run, in the model's order; nil for those that cannot be compared
	Close()
}

// A result is how one model went.
type result struct {
	Model string  `json:"model"`
	Cameo float64 `json:"cameo_ms"`
	ORT   float64 `json:"ort_ms"`
	Ratio float64 `json:"ratio"`
	Runs  int     `json:"runs"`
	Diff  string  `json:"difference,omitempty"` // of outputs beyond the tolerance
	Error string  `json:"error,omitempty"`
}

// A summary is how the models below one path went.
type summary struct {
	Path   string  `json:"path"`
	Models int     `json:"models"` // that ran
	Failed int     `json:"failed"`
	Median float64 `json:"median_ratio"`
	P90    float64 `json:"p90_ratio"`
}

func bench(ctx context.Context, out io.Writer, paths []string, f *flags) error {
	sizes, err := sizesOf(f.dims)
	if err != nil {
		return err
	}
	if f.threads < 1 || f.time <= 0 {
		return errors.New("--threads and --time are above 0")
	}
	if err := initialise(f.ort); err != nil {
		return err
	}
	failed := 0
	for _, path := range paths {
		models, err := find(path)
		if err != nil {
			return err
		}
		var ratios []float64
		bad := 0
		for _, m := range models {
			if err := ctx.Err(); err != nil {
				return err
			}
			r := compare(ctx, m, sizes, f)
			if r.Error != "" || r.Diff != "" {
				bad++
			}
			if r.Error == "" {
				ratios = append(ratios, r.Ratio)
			}
			r.print(out, f.json)
		}
		summarise(path, ratios, bad).print(out, f.json)
		failed += bad
	}
	if failed > 0 {
		return errWrong
	}
	return nil
}

func sizesOf(dims []string) (map[string]int, error) {
	out := map[string]int{}
	for _, d := range dims {
		name, size, _ := strings.Cut(d, "=")
		n, err := strconv.Atoi(size)
		if err != nil || n < 0 || name == "" {
			return nil, fmt.Errorf("--dim %s: want NAME=SIZE", d)
		}
		out[name] = n
	}
	return out, nil
}

// find returns the models at or below a path, sorted.
func find(path string) ([]string, error) {
	var out []string
	err := filepath.WalkDir(path, func(p string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && filepath.Ext(p) == ".onnx" {
			out = append(out, p)
		}
		return err
	})
	if err == nil && len(out) == 0 {
		err = fmt.Errorf("no model below %s", path)
	}
	return out, err
}

func summarise(path string, ratios []float64, bad int) summary {
	s := summary{Path: path, Models: len(ratios), Failed: bad}
	if len(ratios) > 0 {
		slices.Sort(ratios)
		s.Median, s.P90 = measure.Percentile(ratios, 50), measure.Percentile(ratios, 90)
	}
	return s
}

func (s summary) print(w io.Writer, asJSON bool) {
	if asJSON {
		json.NewEncoder(w).Encode(s)
		return
	}
	fmt.Fprintf(w, "%s: %d models, %d failed; ratio median %.2f, p90 %.2f\n", s.Path, s.Models, s.Failed, s.Median, s.P90)
}

func (r result) print(w io.Writer, asJSON bool) {
	name := strings.Trim(wire.Quote(r.Model), `"`)
	switch {
	case asJSON:
		json.NewEncoder(w).Encode(r)
	case r.Error != "":
		fmt.Fprintf(w, "%-48s ERROR %s\n", name, wire.Quote(r.Error))
	default:
		fmt.Fprintf(w, "%-48s cameo %9.4f ms  ort %9.4f ms  ratio %5.2f  runs %d", name, r.Cameo, r.ORT, r.Ratio, r.Runs)
		if r.Diff != "" {
			fmt.Fprintf(w, "  DIFFERS %s", r.Diff)
		}
		fmt.Fprintln(w)
	}
}

// compare runs one model by both.
func compare(ctx context.Context, path string, sizes map[string]int, f *flags) (r result) {
	r.Model = path
	fail := func(err error) result {
		r.Error = err.Error()
		return r
	}
	m, err := cameo.Open(path, cameo.WithThreads(f.threads), cameo.WithSessions(1))
	if err != nil {
		return fail(err)
	}
	in, err := inputs(path, m, sizes)
	if err != nil {
		return fail(err)
	}
	s, err := m.NewSession()
	if err != nil {
		return fail(err)
	}
	defer s.Close()
	for name, x := range in {
		if err := s.Set(name, x); err != nil {
			return fail(err)
		}
	}
	var outs []string
	for _, o := range m.Outputs() {
		outs = append(outs, o.Name)
	}
	other, err := openRival(path, in, outs, f.threads)
	if err != nil {
		return fail(fmt.Errorf("ONNX Runtime: %w", err))
	}
	defer other.Close()
	ours, theirs, err := race(func() error { return s.Run(ctx) }, other.Run, turn, f.time)
	if err != nil {
		return fail(err)
	}
	r.Runs, r.Cameo, r.ORT = len(ours), median(ours), median(theirs)
	r.Ratio = r.Cameo / r.ORT
	if r.Diff, err = differ(s, outs, other, vectors.Tolerance{Rel: f.rtol, Abs: f.atol}); err != nil {
		return fail(err)
	}
	return r
}

// warmup is how often each runs before it is timed.
const warmup = 3

// turn is how long one side runs before the other does.
const turn = 250 * time.Millisecond

// race runs a and b by turns of a length and returns the times of their runs.
func race(a, b func() error, turn, limit time.Duration) (ta, tb []time.Duration, err error) {
	for range warmup {
		if err := errors.Join(a(), b()); err != nil {
			return nil, nil, err
		}
	}
	for begin := time.Now(); len(ta) == 0 || time.Since(begin) < limit; {
		if ta, err = runs(ta, a, turn); err == nil {
			tb, err = runs(tb, b, turn)
		}
		if err != nil {
			return nil, nil, err
		}
	}
	return ta, tb, nil
}

// runs takes one side's turn, and appends the times of the runs that count, at least one. Nothing counts in its first quarter:
// until then the threads of the other side's pool may still spin for work, on cores that this side needs, and caches are cold.
func runs(times []time.Duration, f func() error, turn time.Duration) ([]time.Duration, error) {
	counted := len(times)
	for begin := time.Now(); len(times) == counted || time.Since(begin) < turn; {
		start := time.Now()
		if err := f(); err != nil {
			return nil, err
		}
		if start.Sub(begin) >= turn/4 {
			times = append(times, time.Since(start))
		}
	}
	return times, nil
}

func median(times []time.Duration) float64 {
	slices.Sort(times)
	return float64(measure.Percentile(times, 50)) / 1e6
}

// differ returns the first output that differs by more than the tolerance.
func differ(s *cameo.Session, names []string, other rival, tol vectors.Tolerance) (string, error) {
	want, err := other.Outputs()
	if err != nil {
		return "", err
	}
	for i, name := range names {
		if want[i] == nil {
			continue
		}
		got, err := s.Value(name)
		if err != nil {
			return "", err
		}
		if d := vectors.Compare(got, want[i], tol, false); d != nil {
			return fmt.Sprintf("output %s: %v", wire.Quote(name), d), nil
		}
	}
	return "", nil
}

// inputs returns those of the model's first data set, or random ones.
func inputs(path string, m *cameo.Model, sizes map[string]int) (map[string]cameo.Value, error) {
	set := filepath.Join(filepath.Dir(path), "test_data_set_0")
	out := map[string]cameo.Value{}
	if _, err := os.Stat(set); err == nil && filepath.Base(path) == "model.onnx" {
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		p, err := wire.DecodeModel(data, wire.Budget{})
		if err != nil {
			return nil, err
		}
		c := vectors.Case{Dir: filepath.Dir(path)}
		in, _, err := c.Read(set, p)
		if err != nil {
			return nil, err
		}
		for i, vi := range vectors.Inputs(p) {
			if in[i] != nil {
				out[vi.Name] = in[i]
			}
		}
		return out, nil
	}
	for _, p := range m.Runtime().Inputs() {
		if m.Runtime().HasDefault(p.Name) || p.Type.Kind != ir.Tensor {
			continue
		}
		dims, _, err := values.Dims(p.Type, sizes)
		if err != nil {
			return nil, err
		}
		if out[p.Name], err = values.Random(p.Type.DType, dims, 1, p.Name, values.DefaultLimit); err != nil {
			return nil, err
		}
	}
	return out, nil
}
