package op

import (
	"fmt"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

var errAxesUnknown = fmt.Errorf("the gradient needs constant axes: %w", ir.ErrUnsupported)

func intScalar(v int) *tensor.Tensor { return tensor.Scalar(int64(v)) }

func init() {
	reduces := func(k Kind[ReduceAttrs], f func(m maths, x, y, dy *ir.Value) *ir.Value) {
		derive(k, func(g *ir.Grad, a ReduceAttrs, n *ir.Node) []*ir.Value {
			m, x := maths{g.Builder}, n.In[0]
			y, dy := n.Out[0], g.Out[0]
			if kept := m.keptSizes(a, x, operand(n, 1)); kept != nil {
				y, dy = m.sized(y, kept), m.sized(dy, kept)
			}
			return []*ir.Value{m.expandTo(f(m, x, y, dy), x)}
		})
	}
	reduces(ReduceSum, func(_ maths, _, _, dy *ir.Value) *ir.Value { return dy })
	reduces(ReduceMean, func(m maths, x, y, dy *ir.Value) *ir.Value { return m.mul(dy, m.inverseCount(x, y)) })
	reduces(ReduceMax, shareGrad)
	reduces(ReduceMin, shareGrad)
	reduces(ReduceL2, func(m maths, x, y, dy *ir.Value) *ir.Value {
		// At the origin, which has no slope, 0.
		zero := m.c(y, 0)
		return m.mul(x, m.div(dy, m.where(m.one(Equal, y, zero), m.c(y, 1), y)))
	})
	reduces(ReduceLogSumExp, func(m maths, x, y, dy *ir.Value) *ir.Value { return m.mul(dy, m.exp(m.sub(x, y))) })
	derive(ReduceProd, prodGrad)
	derive(CumProd, cumProdGrad)
	derive(Softmax, func(g *ir.Grad, a SoftmaxAttrs, n *ir.Node) []*ir.Value {
		m, y := maths{g.Builder}, n.Out[0]
		t := m.mul(g.Out[0], y)
		return []*ir.Value{m.sub(t, m.mul(y, m.sum(t, true, a.Axis)))}
	})
	derive(LogSoftmax, func(g *ir.Grad, a SoftmaxAttrs, n *ir.Node) []*ir.Value {
		m, dy := maths{g.Builder}, g.Out[0]
		return []*ir.Value{m.sub(dy, m.mul(m.exp(n.Out[0]), m.sum(dy, true, a.Axis)))}
	})
	derive(GlobalAveragePool, through1(func(m maths, _ None, in []*ir.Value) *ir.Value {
		return m.mean(in[0], upTo(2, m.rankOf(in[0]))...)
	}))
	derive(GlobalMaxPool, through1(func(m maths, _ None, in []*ir.Value) *ir.Value {
		return ReduceMax.New(m.b, reduceDefaults, in[0], m.ints(upTo(2, m.rankOf(in[0]))...))
	}))
}

// through1 is through for an op of one result.
func through1[A any](build func(m maths, a A, in []*ir.Value) *ir.Value) gradFunc[A] {
	return func(g *ir.Grad, a A, n *ir.Node) []*ir.Value {
		return through(g, n, func(m maths, in []*ir.Value) []*ir.Value { return []*ir.Value{build(m, a, in)} })
	}
}

// shareGrad hands the adjoint of an extreme to the elements that are it, evenly.
func shareGrad(m maths, x, y, dy *ir.Value) *ir.Value {
	hit := m.cast(m.one(Equal, x, y), dy.Type.DType)
	return m.mul(hit, m.div(dy, m.sumTo(hit, y)))
}

// keptSizes are the sizes of a reduction of x whose axes stay with size 1; nil where the result has them as it is.
func (m maths) keptSizes(a ReduceAttrs, x, axes *ir.Value) *ir.Value {
	if a.Keepdims {
		return nil
	}
	list, known := listedAxes(axes.Known())
	if known && x.Type.Rank() >= 0 {
		on, err := a.flags(list, x.Type.Rank())
		if err != nil {
			m.b.Fail(err)
			return nil
		}
		if len(on) == 0 {
			return m.shape(x)
		}
		parts := make([]*ir.Value, len(on))
		for i := range on {
			if parts[i] = m.ints(1); !on[i] {
				parts[i] = sizeAt(m.b, x, i)
			}
		}
		return m.concat(parts...)
	}
	sizes := m.shape(x)
	all := sizes // of no axes at all
	if !a.NoopWithEmptyAxes {
		all = m.one(Expand, m.ints(1), m.shape(sizes))
	}
	if axes == nil {
		return all
	}
	ones := m.one(Expand, m.ints(1), m.shape(axes))
	some := m.scatterElements(0, "none", sizes, axes, ones)
	return m.where(m.one(Equal, m.size(axes), m.b.G.Const("", intScalar(0))), all, some)
}

// prodGrad is the adjoint times the product of all other elements, which are multiplied from both ends: dividing by an element would
// lose zeros.
func prodGrad(g *ir.Grad, a ReduceAttrs, n *ir.Node) []*ir.Value {
	m, x, axes := maths{g.Builder}, n.In[0], operand(n, 1)
	rank := m.rankOf(x)
	list, known := listedAxes(axes.Known())
	if g.Err() != nil {
		return nil
	}
	if !known {
		g.Fail(errAxesUnknown)
		return nil
	}
	on, err := a.flags(list, rank)
	if err != nil {
		g.Fail(err)
		return nil
	}
	var turn []int
	var sizes []*ir.Value
	for i := range on {
		if !on[i] {
			turn, sizes = append(turn, i), append(sizes, sizeAt(m.b, x, i))
		}
	}
	kept := len(turn)
	count := m.ints(1)
	for i := range on {
		if on[i] {
			turn = append(turn, i)
			count = m.mul(count, sizeAt(m.b, x, i))
		}
	}
	turned := x
	if rank > 0 {
		turned = m.transpose(x, turn...)
	}
	line := m.sized(turned, m.concat(append(sizes, count)...))
	dy := m.sized(g.Out[0], m.concat(append(sizes, m.ints(1))...))
	last := m.b.G.Const("", intScalar(kept))
	others := m.mul(CumProd.New(m.b, CumAttrs{Exclusive: true}, line, last), CumProd.New(m.b, CumAttrs{Exclusive: true, Reverse: true}, line, last))
	d := m.like(m.mul(dy, others), turned)
	if rank == 0 {
		return []*ir.Value{d}
	}
	return []*ir.Value{m.transpose(d, inversePerm(turn)...)}
}

// cumProdGrad adds, for each element, what all products that it is in hand back, from the last on: s[k] = dy[k] + x[k+1]·s[k+1], times
// the product before k.
func cumProdGrad(g *ir.Grad, a CumAttrs, n *ir.Node) []*ir.Value {
	m, x := maths{g.Builder}, n.In[0]
	axis, ok := n.In[1].Known().Ints()
	rank := m.rankOf(x)
	if g.Err() != nil {
		return nil
	}
	dy, at := g.Out[0], 0
	if !ok || len(axis) != 1 {
		g.Fail(errAxesUnknown)
		return nil
	}
	at, err := normAxis(axis[0], rank)
	if err != nil {
		g.Fail(err)
		return nil
	}
	body := m.b.G.NewBody("back")
	slice := ir.TensorOf(x.Type.DType, append(x.Type.Shape[:at:at], x.Type.Shape[at+1:]...)...)
	carry, xk, dk := body.Input("carry", slice), body.Input("x", slice), body.Input("dy", slice)
	bm := maths{ir.NewBuilder(body)}
	// Where an element is not in its own product, the sum comes before its step.
	s := bm.add(carry, dk)
	next := bm.mul(xk, s)
	out := s
	if a.Exclusive {
		next, out = bm.add(dk, bm.mul(xk, carry)), bm.identity(carry)
	}
	body.Output("next", next)
	body.Output("s", out)
	zero := m.sum(m.mul(x, m.c(x, 0)), false, at)
	dir := 1
	if a.Reverse {
		dir = 0
	}
	attrs := ScanAttrs{NumScanInputs: 2, States: 1,
		ScanInputAxes: []int{at, at}, ScanInputDirections: []int{dir, dir}, ScanOutputAxes: []int{at}, ScanOutputDirections: []int{dir}}
	zero = m.one(Expand, m.c(x, 0), m.shape(zero))
	scan := m.b.Add(Scan.Op, attrs, []*ir.Graph{body}, 2, zero, x, dy)
	if scan == nil {
		return nil
	}
	before := CumProd.New(m.b, CumAttrs{Exclusive: true, Reverse: a.Reverse}, x, n.In[1])
	return []*ir.Value{m.mul(before, scan.Out[1])}
}
