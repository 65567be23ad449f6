package op

import (
	"math"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// mean is the mean of x over axes, which stay with size 1.
func (m maths) mean(x *ir.Value, axes ...int) *ir.Value {
	return ReduceMean.New(m.b, reduceDefaults, x, intsConst(m.b, axes...))
}

type lowerFunc[A any] = func(*ir.Builder, A, []*ir.Value) *ir.Value

// lowerReduce builds a reduction of a simpler one: before changes the elements, after the result.
func lowerReduce(k *Kind[ReduceAttrs], before, after func(m maths, x *ir.Value) *ir.Value) lowerFunc[ReduceAttrs] {
	return func(b *ir.Builder, a ReduceAttrs, in []*ir.Value) *ir.Value {
		m, x := maths{b}, in[0]
		if !x.Type.DType.IsFloat() && after != nil {
			return nil // integers are truncated at the end only
		}
		x, back := m.wide(x)
		if before != nil {
			x = before(m, x)
		}
		y := k.New(b, a, x, in[1])
		if after != nil {
			y = after(m, y)
		}
		return back(y)
	}
}

func square(m maths, x *ir.Value) *ir.Value { return m.mul(x, x) }
func abs(m maths, x *ir.Value) *ir.Value    { return Abs.New(m.b, None{}, x) }
func root(m maths, x *ir.Value) *ir.Value   { return Sqrt.New(m.b, None{}, x) }
func ln(m maths, x *ir.Value) *ir.Value     { return Log.New(m.b, None{}, x) }

// lowerSoftmax subtracts the greatest element first, so that exponentials stay finite.
func lowerSoftmax(b *ir.Builder, a SoftmaxAttrs, in []*ir.Value) *ir.Value {
	m, axis := maths{b}, intsConst(b, a.Axis)
	x, back := m.wide(in[0])
	e := Exp.New(b, None{}, m.sub(x, ReduceMax.New(b, reduceDefaults, x, axis)))
	return back(m.div(e, ReduceSum.New(b, reduceDefaults, e, axis)))
}

func lowerLogSoftmax(b *ir.Builder, a SoftmaxAttrs, in []*ir.Value) *ir.Value {
	m, axis := maths{b}, intsConst(b, a.Axis)
	x, back := m.wide(in[0])
	x = m.sub(x, ReduceMax.New(b, reduceDefaults, x, axis))
	return back(m.sub(x, ln(m, ReduceSum.New(b, reduceDefaults, Exp.New(b, None{}, x), axis))))
}

// from lists the axes of v from axis on; nil where its rank is not known or the axis is out of range.
func from(v *ir.Value, axis int) []int {
	axis, err := normAxis(axis, v.Type.Rank())
	if v.Type.Unranked || err != nil {
		return nil
	}
	return upTo(axis, v.Type.Rank())
}

// wide returns x in the type that statistics are computed in, and how to come back.
func (m maths) wide(x *ir.Value) (*ir.Value, func(*ir.Value) *ir.Value) {
	d := x.Type.DType
	if d != tensor.F16 && d != tensor.BF16 {
		return x, func(y *ir.Value) *ir.Value { return y }
	}
	return m.cast(x, tensor.F32), func(y *ir.Value) *ir.Value { return m.cast(y, d) }
}

func (m maths) cast(x *ir.Value, d tensor.DType) *ir.Value {
	if m.b.Err() != nil || x.Type.DType == d {
		return x
	}
	a := Cast.Default()
	a.To = d
	return Cast.New(m.b, a, x)
}

func lowerLayerNorm(b *ir.Builder, a LayerNormalizationAttrs, n *ir.Node) []*ir.Value {
	axes := from(n.In[0], a.Axis)
	if axes == nil {
		return nil
	}
	m := maths{b}
	x, _ := m.wide(n.In[0])
	mean := m.mean(x, axes...)
	d := m.sub(x, mean)
	inv := Reciprocal.New(b, None{}, root(m, m.add(m.mean(square(m, d), axes...), lowerConst(b, x.Type.DType, float64(a.Epsilon)))))
	y := m.mul(m.mul(d, inv), m.cast(n.In[1], x.Type.DType))
	if len(n.In) > 2 {
		y = m.add(y, m.cast(n.In[2], x.Type.DType))
	}
	stash := tensor.DType(a.StashType)
	return []*ir.Value{m.cast(y, n.In[0].Type.DType), m.cast(mean, stash), m.cast(inv, stash)}[:len(n.Out)]
}

func lowerRMSNorm(b *ir.Builder, a RMSNormalizationAttrs, in []*ir.Value) *ir.Value {
	axes := from(in[0], a.Axis)
	if axes == nil {
		return nil
	}
	m := maths{b}
	x, _ := m.wide(in[0])
	r := root(m, m.add(m.mean(square(m, x), axes...), lowerConst(b, x.Type.DType, float64(a.Epsilon))))
	y := m.mul(m.div(x, r), m.cast(in[1], x.Type.DType))
	return m.cast(y, in[1].Type.DType)
}

func lowerMeanVariance(b *ir.Builder, a MeanVarianceNormalizationAttrs, in []*ir.Value) *ir.Value {
	m := maths{b}
	x, back := m.wide(in[0])
	d := m.sub(x, m.mean(x, a.Axes...))
	s := m.add(root(m, m.mean(square(m, d), a.Axes...)), lowerConst(b, x.Type.DType, 1e-9))
	return back(m.div(d, s))
}

// lowerGroups normalises x[N,C,…] by groups of channels. Sizes of zero stay as they are, for a reshape could not tell what is left.
func lowerGroups(b *ir.Builder, groups int, eps float32, in []*ir.Value) *ir.Value {
	rank := in[0].Type.Rank()
	if rank < 2 || groups < 1 {
		return nil
	}
	if holdsNothing(in[0]) {
		return nil
	}
	m := maths{b}
	x, back := m.wide(in[0])
	c := lowerConst(b, x.Type.DType, float64(eps))
	g := m.reshape(x, 0, groups, -1)
	d := m.sub(g, m.mean(g, 2))
	y := m.div(d, root(m, m.add(m.mean(square(m, d), 2), c)))
	y = m.like(y, x)
	sizes := []int{-1}
	for range rank - 2 {
		sizes = append(sizes, 1)
	}
	factor := func(v *ir.Value) *ir.Value { return m.reshape(m.cast(v, x.Type.DType), sizes...) }
	return back(m.add(m.mul(y, factor(in[1])), factor(in[2])))
}

func lowerLpNorm(b *ir.Builder, a LpNormalizationAttrs, in []*ir.Value) *ir.Value {
	k := ReduceL2
	if a.P == 1 {
		k = ReduceL1
	}
	m := maths{b}
	s := k.New(b, reduceDefaults, in[0], intsConst(b, a.Axis))
	return m.div(in[0], m.where(m.one(Equal, s, m.c(s, 0)), m.c(s, 1), s))
}

// lowerLRN averages the squares of neighbouring channels as a pool over an axis of its own.
func lowerLRN(b *ir.Builder, a LRNAttrs, in []*ir.Value) *ir.Value {
	if in[0].Type.Rank() < 2 || a.Size > 1<<10 {
		return nil
	}
	if holdsNothing(in[0]) {
		return nil
	}
	m := maths{b}
	x, back := m.wide(in[0])
	c := scalars(b, x)
	var sq *ir.Value
	if in[0].Type.Rank() == 2 {
		sq = Unsqueeze.New(b, None{}, square(m, x), intsConst(b, 1, 3))
	} else {
		sq = Unsqueeze.New(b, None{}, m.reshape(square(m, x), 0, 0, -1), intsConst(b, 1))
	}
	before, after := (a.Size-1)/2, a.Size/2
	pool := AveragePool.Default()
	pool.KernelShape, pool.Pads, pool.CountIncludePad = []int{a.Size, 1}, []int{before, 0, after, 0}, true
	mean := m.like(AveragePool.New(b, pool, sq), x)
	base := m.add(c(float64(a.Bias)), m.mul(c(float64(a.Alpha)), mean))
	return back(m.div(x, Pow.New(b, None{}, base, c(float64(a.Beta)))))
}

// lowerGlobalLp is the norm over the spatial axes.
func lowerGlobalLp(b *ir.Builder, a GlobalLpPoolAttrs, in []*ir.Value) *ir.Value {
	axes := from(in[0], 2)
	if axes == nil || a.P > 2 || a.P < 1 {
		return nil
	}
	return []Kind[ReduceAttrs]{ReduceL1, ReduceL2}[a.P-1].New(b, reduceDefaults, in[0], intsConst(b, axes...))
}

// lowerCausalConv is a convolution by channel of the past and the operand.
func lowerCausalConv(b *ir.Builder, a CausalConvWithStateAttrs, n *ir.Node) []*ir.Value {
	in := pad(n.In, len(n.Op.Sig.In))
	x, w := in[0], in[1]
	if x.Type.Unranked || w.Type.Unranked {
		return nil
	}
	c, ok := w.Type.Shape[0].Int()
	k, ok2 := w.Type.Shape[2].Int()
	if !ok || !ok2 || k < 1 || c < 1 {
		return nil
	}
	past := in[3]
	if past == nil {
		shape := Concat.New(b, ConcatAttrs{}, sizeAt(b, x, 0), intsConst(b, c, k-1))
		past = Expand.New(b, None{}, lowerConst(b, x.Type.DType, 0), shape)
	}
	line := Concat.New(b, ConcatAttrs{Axis: 2}, past, x)
	conv := Conv.Default()
	conv.Group = c
	y := Conv.New(b, conv, line, w, in[2])
	if a.Activation != "none" {
		y = Mul.New(b, None{}, y, Sigmoid.New(b, None{}, y))
	}
	state := Slice.New(b, None{}, line, sizeAt(b, x, 2), intsConst(b, math.MaxInt), intsConst(b, 2))
	return []*ir.Value{y, state}[:len(n.Out)]
}
