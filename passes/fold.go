package passes

import (
	"errors"
	"fmt"
	"slices"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// Folding is bounded in what it stores, in bytes, and in the work of evaluation, counted in elements read and written.
const (
	foldSmall     = 64 << 10 // of a result that merely repeats or counts
	foldBytes     = 1 << 20  // of another, unless its operands are larger still
	foldMove      = 1 << 28  // elements that a graph's folds may move or map one by one
	foldWork      = 1 << 26  // products of elements that its other folds may take
	foldTransient = 1 << 30  // bytes that one evaluation may take
)

var errFoldBudget = errors.New("beyond the budget of folding")

// fold replaces by constants what depends on constants alone, and by `sizes` what depends on the sizes of inputs alone. It
// removes identities.
func fold(g *ir.Graph, t Target) error {
	f := &folder{g: g, bindable: bindable(g), fired: fired(t), move: foldMove, work: foldWork}
	for _, n := range slices.Clone(g.Nodes) {
		if err := f.node(n); err != nil {
			return n.Fault(err)
		}
	}
	return nil
}

type folder struct {
	g          *ir.Graph
	bindable   map[string]bool
	fired      func(string, *ir.Node, error)
	move, work int
}

// bindable returns the symbols that the sizes of g's inputs show.
func bindable(g *ir.Graph) map[string]bool {
	out := map[string]bool{}
	for _, v := range g.Inputs {
		for _, d := range v.Type.Shape {
			if name, ok := d.Name(); ok {
				out[name] = true
			}
		}
	}
	return out
}

func (f *folder) node(n *ir.Node) error {
	if n.Op == op.Identity.Op && n.In[0].Type.Equal(n.Out[0].Type) {
		f.fired("identity", n, nil)
		return f.swap(n, n.In[0])
	}
	if len(n.Op.Bodies) > 0 {
		return f.flow(n)
	}
	if n.Op.Props&ir.Pure == 0 || n.Op.Props&ir.Random != 0 || len(n.Bodies) > 0 || n.Op == op.DequantizeLinear.Op {
		return nil // quantized weights stay as small as they are, for the kernels that take them so
	}
	if done, err := f.sizes(n); done || err != nil {
		return err
	}
	return f.constant(n)
}

// swap puts vs in the place of n's results.
func (f *folder) swap(n *ir.Node, vs ...*ir.Value) error {
	for i, v := range vs {
		if err := f.g.Replace(n.Out[i], v); err != nil {
			return err
		}
	}
	f.g.Erase(n)
	return nil
}

// become is swap for new values, which take the names of those that they replace.
func (f *folder) become(n *ir.Node, vs ...*ir.Value) error {
	if err := f.swap(n, vs...); err != nil {
		return err
	}
	for i, v := range vs {
		f.g.Rename(v, n.Out[i].Name)
	}
	return nil
}

// sizes folds a node whose result is known entry by entry.
func (f *folder) sizes(n *ir.Node) (bool, error) {
	if len(n.Out) != 1 || n.Op == op.Sizes.Op {
		return false, nil
	}
	v := n.Out[0]
	k := v.Known()
	if k.Elems == nil || !fits(v.Type, len(k.Elems)) {
		return false, nil
	}
	allConst := true
	for _, d := range k.Elems {
		if !d.Valid() {
			return false, nil
		}
		if _, ok := d.Int(); !ok {
			allConst = false
			if !f.readable(d) {
				return false, nil
			}
		}
	}
	if allConst {
		f.fired("constant-size", n, nil)
		return true, f.become(n, f.g.Const("", entries(v.Type, k.Elems)))
	}
	if d := v.Type.DType; d != tensor.I64 && d != tensor.I32 && d != tensor.Bool {
		return false, nil
	}
	b := ir.NewBuilder(f.g).Before(n)
	b.From = n.From
	s := op.Sizes.New(b, op.SizesOf(v.Type, k.Elems))
	if b.Err() != nil {
		return false, nil // a size too large to be spelt stays arithmetic
	}
	f.fired("sizes", n, nil)
	return true, f.become(n, s)
}

// fits reports whether a tensor of type t, of rank 0 or 1, has n elements.
func fits(t ir.Type, n int) bool {
	if t.Rank() == 0 {
		return n == 1
	}
	if t.Rank() != 1 {
		return false
	}
	m, ok := t.Shape[0].Int()
	return ok && m == n
}

func (f *folder) readable(d sym.Dim) bool {
	return !slices.ContainsFunc(d.Syms(), func(s string) bool { return !f.bindable[s] })
}

func entries(t ir.Type, ds []sym.Dim) *tensor.Tensor {
	x := make([]int64, len(ds))
	for i, d := range ds {
		n, _ := d.Int()
		x[i] = int64(n)
	}
	if t.Rank() == 0 {
		return tensor.FromInt64s(t.DType, x)
	}
	return tensor.FromInt64s(t.DType, x, len(x))
}

// constant evaluates a node all of whose operands are constants.
func (f *folder) constant(n *ir.Node) error {
	args := make([]tensor.Value, len(n.In))
	size, count := 0, 0
	for i, v := range n.In {
		if v == nil {
			continue
		}
		if !v.IsConst() {
			return nil
		}
		args[i] = v.Data
		size += len(v.Data.Bytes())
		count += v.Data.Len()
	}
	if len(n.In) == 0 || !f.worth(n, size, count) {
		return nil
	}
	left := foldTransient
	env := &ir.Env{Outs: len(n.Out), Charge: func(k int) error {
		if left -= k; left < 0 {
			return errFoldBudget
		}
		return nil
	}}
	res, err := ir.EvalNode(env, n, args)
	if err != nil {
		return nil // the run will say so
	}
	vs := make([]*ir.Value, len(n.Out))
	for i := range n.Out {
		x, ok := res[i].(*tensor.Tensor)
		if !ok || len(x.Bytes()) > foldLimit(n.Op, size) {
			return nil
		}
		vs[i] = f.g.Const("", x)
	}
	f.fired("constant", n, nil)
	if err := f.become(n, vs...); err != nil {
		return fmt.Errorf("evaluates to another type than inferred: %w", err)
	}
	return nil
}

// repeats are the ops whose result says less than its size: storing it costs more than computing it.
var repeats = map[*ir.Op]bool{op.ConstantOfShape.Op: true, op.Expand.Op: true, op.Tile.Op: true, op.Range.Op: true, op.EyeLike.Op: true, op.OneHot.Op: true}

// foldLimit returns the bytes that a result of an op may take, given those of its operands.
func foldLimit(o *ir.Op, operands int) int {
	if repeats[o] {
		return foldSmall
	}
	return max(foldBytes, operands)
}

// worth reports whether n may be folded, given the bytes and elements of its operands, and takes its work from the budget.
func (f *folder) worth(n *ir.Node, size, count int) bool {
	out, left := 0, foldLimit(n.Op, size)
	for _, v := range n.Out {
		dims, ok := v.Type.Shape.Ints()
		if !v.Type.IsTensor() {
			return false
		}
		if !ok || v.Type.Unranked {
			out += count // data-dependent: bounded by the check of what comes out
			continue
		}
		c, ok := tensor.Count(dims)
		b, ok2 := tensor.ByteSize(v.Type.DType, dims)
		if left -= b; !ok || !ok2 || left < 0 {
			return false
		}
		out += c
	}
	if n.Op.Props&ir.Elementwise != 0 || moves[n.Op] {
		f.move -= count + out
		return f.move >= 0
	}
	cost := (count + 1) * (out + 1)
	if count > foldWork || out > foldWork || cost > f.work {
		return false
	}
	f.work -= cost
	return true
}

// moves are the ops, not elementwise, whose work is no more than the elements they read and write.
var moves = map[*ir.Op]bool{
	op.Cast.Op: true, op.Concat.Op: true, op.ConstantOfShape.Op: true, op.Expand.Op: true, op.Flatten.Op: true,
	op.Gather.Op: true, op.Pad.Op: true, op.Range.Op: true, op.Reshape.Op: true, op.Shape.Op: true, op.Slice.Op: true,
	op.Split.Op: true, op.Squeeze.Op: true, op.Tile.Op: true, op.Transpose.Op: true, op.Unsqueeze.Op: true,
	op.ReduceSum.Op: true, op.ReduceMean.Op: true, op.ReduceMax.Op: true, op.ReduceMin.Op: true, op.ReduceProd.Op: true,
}
