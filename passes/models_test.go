package passes_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
	"github.com/cameo-onnx/cameo/onnx"
	"github.com/cameo-onnx/cameo/onnx/vectors"
	"github.com/cameo-onnx/cameo/onnx/wire"
	"github.com/cameo-onnx/cameo/passes"
	"github.com/cameo-onnx/cameo/testdata"
)

var (
	dirsFlag   = flag.String("cases", "", "folders of models to run instead of the default ones, separated by the list separator")
	matchFlag  = flag.String("match", "", "regular expression of the names of models to run")
	reportFlag = flag.Bool("report", false, "list the numbers of nodes and the times of each model")
	evalFlag   = flag.Bool("eval", true, "evaluate before and after; without it, only run the passes")
)

// kernels is a target with a kernel for every op, or only for those that have no decomposition, which fuses all that may be
// fused and wants images channels-last.
type kernels struct{ few bool }

func (k kernels) HasKernel(n *ir.Node) bool { return !k.few || n.Op.Lower == nil }

func (kernels) Fusable(n *ir.Node) bool {
	return n.Op.Props&ir.Elementwise != 0 && n.Out[0].Type.Kind == ir.Tensor && n.Out[0].Type.DType == tensor.F32
}

func (kernels) TakesEpilogue(n *ir.Node) bool {
	return slices.Contains([]string{"gemm", "matmul", "conv", "conv_transpose", "reduce_mean", "reduce_sum", "softmax", "layer_normalization"}, n.Op.Name)
}

func (kernels) Layout(n *ir.Node) (ir.Layout, bool) {
	return ir.ChannelsLast, slices.Contains([]string{"conv", "conv_transpose", "max_pool", "average_pool", "global_average_pool", "batch_normalization",
		"instance_normalization", "group_normalization", "resize", "concat", "split", "slice", "pad"}, n.Op.Name)
}

// TestModelsMeanTheSameAfterwards runs the pipeline on models and compares the reference evaluation before and after it.
//
//	go test ./passes -run TestModels -cases ../../shared/models/exported -match Bert -report
func TestModelsMeanTheSameAfterwards(t *testing.T) {
	root := testdata.Shared(t)
	dirs := []string{filepath.Join(root, "models", "trained")}
	if *dirsFlag != "" {
		dirs = filepath.SplitList(*dirsFlag)
	}
	match := regexp.MustCompile(*matchFlag)
	passed, refused := 0, 0
	for _, dir := range dirs {
		cases, err := vectors.Find(dir, vectors.DefaultTolerance)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range cases {
			if !match.MatchString(c.Name) {
				continue
			}
			err := runModel(t, c, kernels{})
			if err == nil {
				err = runModel(t, c, kernels{few: true})
			}
			switch {
			case err == nil:
				passed++
			case errors.Is(err, ir.ErrUnsupported):
				refused++
			default:
				t.Errorf("%s: %v", c.Name, err)
			}
		}
	}
	t.Logf("%d passed, %d refused", passed, refused)
}

func load(c vectors.Case) (*ir.Graph, *wire.Model, error) {
	data, err := os.ReadFile(c.ModelPath())
	if err != nil {
		return nil, nil, err
	}
	m, err := wire.DecodeModel(data, wire.Budget{})
	if err != nil {
		return nil, nil, err
	}
	external := func(location string, offset, length int64) ([]byte, error) {
		b, err := os.ReadFile(filepath.Join(c.Dir, filepath.Base(location)))
		if err != nil || length < 0 {
			return b[min(int(offset), len(b)):], err
		}
		return b[offset : offset+length], nil
	}
	im, err := onnx.Import(m, onnx.Options{External: external})
	if err != nil {
		return nil, nil, err
	}
	return im.Graph, m, nil
}

func runModel(t *testing.T, c vectors.Case, target kernels) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	before, m, err := load(c)
	if err != nil {
		return err
	}
	after, _, err := load(c)
	if err != nil {
		return err
	}
	var bad []string
	fired := map[string]int{}
	spent := map[string]time.Duration{}
	o := passes.Options{
		Verify: true,
		Fired: func(pass, rule string, n *ir.Node, err error) {
			if err != nil {
				bad = append(bad, fmt.Sprintf("rule %s at %s: %v", rule, n, err))
			}
			fired[rule]++
		},
		Time: func(name string, d time.Duration) { spent[name] = d },
	}
	if err := passes.Run(after, target, o); err != nil {
		return err
	}
	if *reportFlag {
		t.Logf("%s: %d nodes → %d; %v; fired %v", c.Name, len(before.Nodes), len(after.Nodes), spent, fired)
	}
	if len(bad) > 0 {
		return fmt.Errorf("%d rules failed: %s", len(bad), strings.Join(bad, "\n"))
	}
	if !*evalFlag {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for _, set := range c.Sets {
		in, _, err := c.Read(set, m)
		if err != nil {
			return err
		}
		if err := compare(ctx, before, after, in); err != nil {
			return err
		}
	}
	return nil
}

func compare(ctx context.Context, before, after *ir.Graph, in []tensor.Value) error {
	want, err := before.Eval(&ir.Env{Ctx: ctx, Seed: 1}, in)
	if err != nil {
		if errors.Is(err, context.DeadlineExceeded) {
			return fmt.Errorf("too slow to evaluate: %w", ir.ErrUnsupported)
		}
		return fmt.Errorf("before: %w", err)
	}
	got, err := after.Eval(&ir.Env{Ctx: ctx, Seed: 1}, slices.Clone(in))
	if err != nil {
		return fmt.Errorf("after: %w", err)
	}
	for i, w := range want {
		tol := vectors.DefaultTolerance
		if w, ok := w.(*tensor.Tensor); ok && w.DType().IsFloat() && w.DType().Bits() < 32 {
			tol = vectors.Tolerance{Rel: 2e-2, Abs: 2e-3} // each op of a decomposition rounds
		}
		if diff := vectors.Compare(got[i], w, tol, false); diff != nil {
			return fmt.Errorf("output %d: %w", i, diff)
		}
	}
	return nil
}
