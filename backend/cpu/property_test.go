package cpu_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/cameo-onnx/cameo/backend"
	"github.com/cameo-onnx/cameo/backend/cpu"
	"github.com/cameo-onnx/cameo/backend/cpu/kern"
	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
	"github.com/cameo-onnx/cameo/ir/tensor"
	"github.com/cameo-onnx/cameo/passes"
	"github.com/cameo-onnx/cameo/runtime"
)

var (
	rounds   = flag.Int("rounds", 40, "random nodes of each op in TestRowsAgreeWithEval; with -short a tenth")
	baseSeed = flag.Uint64("seed", 1, "what random nodes and graphs are drawn from")
	onlyOp   = flag.String("op", "", "the only op that TestRowsAgreeWithEval draws nodes of")
)

// masks are the machines that this one can pretend to be.
var masks = []kern.Features{kern.AVX2 | kern.AVX512 | kern.VNNI, kern.AVX2 | kern.AVX512, kern.AVX2, 0}

// TestRowsAgreeWithEval draws nodes of every op and compares what the executor makes of each, on every machine that this one
// can be, with the reference.
func TestRowsAgreeWithEval(t *testing.T) {
	n := *rounds
	if testing.Short() {
		n = max(1, n/10)
	}
	used := map[string]bool{}
	valid := 0
	for _, o := range op.All() {
		if *onlyOp != "" && o.Name != *onlyOp || skipped[o.Name] != "" {
			continue
		}
		accepted := 0
		for round := 0; round < n || round < 5*n && n >= 40 && rowLeft(o, used); round++ {
			seed := [2]uint64{*baseSeed, uint64(round)}
			c := draw(o, seed)
			ok, err := c.check(used)
			if err != nil {
				t.Errorf("seed %v: %v\n%s", seed, err, c)
				break
			}
			if ok {
				accepted++
			}
		}
		valid += accepted
		if accepted == 0 && n >= 40 && forms[o.Name] != nil {
			t.Errorf("%s: no random node was valid", o.Name)
		}
	}
	t.Logf("%d valid nodes", valid)
	if n < 40 || *onlyOp != "" {
		return
	}
	for name := range cpu.RowNames() {
		if !used[name] && !slices.Contains(viaPasses, name) {
			t.Errorf("no random node was run by %s", name)
		}
	}
}

// rowLeft reports whether a row of o's has run no random node yet.
func rowLeft(o *ir.Op, used map[string]bool) bool {
	return slices.ContainsFunc(cpu.Rows(o), func(r cpu.Row) bool { return !used[r.Name] && !slices.Contains(viaPasses, r.Name) })
}

// skipped are the ops of which no node is drawn here, with the reason.
var skipped = map[string]string{
	"if": "needs a body", "loop": "needs a body", "scan": "needs a body", "sequence_map": "needs a body", "fused": "needs a body", "flex_attention": "needs a body",
	"sizes": "reads sizes of a graph",
}

// viaPasses are the rows that no node drawn here reaches: those that run what passes make, and bools alone, which only fused
// loops run; draws and training have tests of their own.
var viaPasses = []string{"fused.f32", "product.then.f32", "and.f32", "or.f32", "xor.f32", "not.f32", "random_uniform.f32", "random_normal.f32", "batch_normalization.train.f32"}

// check runs the node in every way and reports whether it is valid.
func (c *trial) check(used map[string]bool) (valid bool, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	g, in, err := c.graph(false)
	if err != nil {
		return false, nil
	}
	want, wantErr := g.Eval(c.env(), in)
	defer kern.Mask(kern.Mask(kern.Detected()))
	for i, mask := range masks {
		if kern.Mask(mask); kern.CPU() != mask {
			continue
		}
		for _, off := range [][]string{{"all"}, nil} {
			if off == nil && i != c.r.IntN(len(masks)) && i > 0 {
				continue
			}
			g, in, err := c.graph(off != nil)
			if err != nil {
				return false, err
			}
			m, err := runtime.Compile(g, runtime.Options{Backend: cpu.Backend{}, Passes: passes.Options{Off: off, Verify: true}})
			var got []tensor.Value
			if err == nil {
				got, err = runPlan(m.Plan(), in, i%2, used)
			}
			if errors.Is(err, errRefused) {
				continue
			}
			if (err != nil) != (wantErr != nil) {
				return false, fmt.Errorf("on %v, passes off %v: error %v; of Eval: %v", mask, off, err, wantErr)
			}
			if err != nil {
				var bug *runtime.InternalError
				if errors.As(err, &bug) {
					return false, fmt.Errorf("on %v: %v\n%s", mask, err, bug.Stack)
				}
				continue
			}
			for k := range want {
				if err := c.close(got[k], want[k], len(off) == 0); err != nil {
					return false, fmt.Errorf("on %v, passes off %v: result %d: %w", mask, off, k, err)
				}
			}
		}
	}
	return wantErr == nil, nil
}

func (c *trial) env() *ir.Env {
	return &ir.Env{Charge: func(n int) error {
		if n > 1<<26 {
			return backend.ErrBudget
		}
		return nil
	}}
}

// errRefused marks sizes that a model with sizes known only when running refuses although the reference takes them.
var errRefused = errors.New("refused")

// runPlan runs a plan twice in one session, the second time over an arena full of NaN, and returns the second results. Both
// must be the same.
func runPlan(p *backend.Plan, in []tensor.Value, threads int, used map[string]bool) (out []tensor.Value, err error) {
	for _, st := range p.Steps {
		used[st.Kernel] = true
	}
	dev, err := cpu.Backend{}.Open(0)
	if err != nil {
		return nil, err
	}
	prog, err := dev.Load(p)
	if err != nil {
		return nil, err
	}
	s, err := prog.Bind(backend.Limits{Memory: 1 << 28, Threads: threads})
	if err != nil {
		return nil, err
	}
	var args []backend.Arg
	for _, v := range in {
		args = append(args, backend.ArgOf(v))
	}
	var first []tensor.Value
	for run := range 2 {
		res := make([]backend.Arg, len(p.Outputs))
		if err := s.Run(context.Background(), args, res); err != nil {
			return nil, err
		}
		out = nil
		for i, a := range res {
			v, err := cpu.Value(p.Outputs[i].Type, a)
			if err != nil {
				return nil, err
			}
			out = append(out, v)
		}
		if run == 0 {
			first = out
			cpu.Poison(s)
		}
	}
	for i := range out {
		if !tensor.Equal(first[i], out[i]) {
			return nil, fmt.Errorf("%w: result %d is %v at first, then %v", errUnstable, i, first[i], out[i])
		}
	}
	return out, nil
}

var errUnstable = errors.New("runs differ")

// close compares a result with the reference's.
func (c *trial) close(got, want tensor.Value, passes bool) error {
	x, ok := got.(*tensor.Tensor)
	y, ok2 := want.(*tensor.Tensor)
	if !ok || !ok2 {
		if !tensor.Equal(got, want) {
			return fmt.Errorf("%v, not %v", got, want)
		}
		return nil
	}
	if x.DType() != y.DType() || !slices.Equal(x.Dims(), y.Dims()) {
		return fmt.Errorf("%v%v, not %v%v", x.DType(), x.Dims(), y.DType(), y.Dims())
	}
	if !x.DType().IsFloat() {
		if !tensor.Equal(x, y) {
			return fmt.Errorf("%v, not %v", x, y)
		}
		return nil
	}
	rel, abs := tolerance(c.o.Name, c.narrowest(x.DType()), c.biggest())
	if passes {
		rel, abs = 4*rel, 4*abs
	}
	a, b := x.Float64s(), y.Float64s()
	for i := range a {
		if a[i] == b[i] || math.IsNaN(a[i]) && math.IsNaN(b[i]) {
			continue
		}
		if d := math.Abs(a[i] - b[i]); !(d <= rel*math.Abs(b[i])+abs) || math.IsInf(b[i], 0) || math.IsInf(a[i], 0) {
			return fmt.Errorf("element %d of %d is %v, not %v (tolerance %g relative, %g absolute)", i, len(a), a[i], b[i], rel, abs)
		}
	}
	return nil
}

// biggest returns the greatest finite magnitude among the operands, at least 1.
func (c *trial) biggest() float64 {
	top := 1.0
	for _, v := range c.in {
		if x, ok := v.(*tensor.Tensor); ok && x.DType().IsFloat() {
			for _, f := range x.Float64s() {
				if f = math.Abs(f); f > top && !math.IsInf(f, 0) {
					top = f
				}
			}
		}
	}
	return top
}

// narrowest returns the least precise of the floating-point types of d and the operands.
func (c *trial) narrowest(d tensor.DType) tensor.DType {
	for _, v := range c.in {
		if x, ok := v.(*tensor.Tensor); ok && x.DType().IsFloat() && epsilons[x.DType()] > epsilons[d] {
			d = x.DType()
		}
	}
	return d
}

// epsilons holds the distance from 1 to the next number.
var epsilons = map[tensor.DType]float64{tensor.F64: 0x1p-52, tensor.F32: 0x1p-23, tensor.F16: 0x1p-10, tensor.BF16: 0x1p-7}

// tolerance returns how far a result may lie from the reference. Movement is exact; functions are within a few units in the
// last place; sums are as good as the size of what is summed allows.
func tolerance(name string, d tensor.DType, top float64) (rel, abs float64) {
	eps := epsilons[d]
	switch {
	case exact[name]:
		return 0, 0
	case strings.HasSuffix(name, "_normalization"): // a rounding error of the mean counts as often as the deviation goes into 1
		return 64 * eps, 1024 * eps * top * top
	case composite[name]:
		return 64 * eps, 8 * eps
	case sums[name]:
		return 64 * eps, 64 * eps * top * top
	}
	return 8 * eps, math.SmallestNonzeroFloat32
}

func set(names string) map[string]bool {
	out := map[string]bool{}
	for _, n := range strings.Fields(names) {
		out[n] = true
	}
	return out
}

var exact = set(`abs neg relu max min sign floor ceil round identity clip transpose relayout slice concat split expand tile pad gather gather_elements gather_nd where depth_to_space space_to_depth
constant_of_shape reshape flatten squeeze unsqueeze trilu max_pool global_max_pool reduce_max reduce_min top_k scatter compress reverse_sequence one_hot eye_like center_crop_pad scaled_matmul scaled_conv
tree_ensemble tree_ensemble_classifier tree_ensemble_regressor`)

var sums = set(`scatter_elements scatter_nd gemm matmul conv conv_transpose einsum reduce_sum reduce_mean reduce_l1 reduce_l2 reduce_sum_square reduce_log_sum reduce_log_sum_exp reduce_prod softmax log_softmax layer_normalization
rms_normalization instance_normalization group_normalization batch_normalization lstm gru rnn average_pool global_average_pool lp_pool global_lp_pool resize cum_sum cum_prod attention lrn lp_normalization
mean_variance_normalization group_query_attention rotary_embedding linear_attention swiglu matmul_nbits causal_conv_with_state negative_log_likelihood_loss softmax_cross_entropy_loss deform_conv dft stft det
grid_sample affine_grid roi_align col2im momentum adam adagrad mean sum`)

// composite are the functions that subtract on the way, so that a unit in the last place grows.
var composite = set(`gelu hard_sigmoid hard_swish mish tan`)

// draw returns a random node of o, the same for the same seed.
func draw(o *ir.Op, seed [2]uint64) *trial {
	h := uint64(14695981039346656037)
	for _, b := range []byte(o.Name) {
		h = (h ^ uint64(b)) * 1099511628211
	}
	c := &trial{r: rand.New(rand.NewPCG(seed[0]^h, seed[1])), o: o, attrs: o.Attrs, outs: 1, dtype: map[string]tensor.DType{}}
	c.tame = sums[o.Name]
	if f := forms[o.Name]; f != nil {
		f(c)
	} else {
		c.generic()
	}
	for i := 1; strings.HasSuffix(o.Name, "_normalization") && i < len(c.in); i++ {
		c.finite(i) // kernels may scale before they subtract the mean
	}
	c.mode = c.r.Uint64()
	return c
}
