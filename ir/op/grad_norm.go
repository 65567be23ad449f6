package op

import (
	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

func init() {
	derive(BatchNormalization, func(g *ir.Grad, a BatchNormalizationAttrs, n *ir.Node) []*ir.Value {
		return through(g, n, func(m maths, in []*ir.Value) []*ir.Value { return m.batchNorm(a, in) })
	})
	derive(InstanceNormalization, through1(func(m maths, a InstanceNormalizationAttrs, in []*ir.Value) *ir.Value {
		rank := m.rankOf(in[0])
		x, back := m.wide(in[0])
		y := m.standard(x, a.Epsilon, upTo(2, rank)...)
		return back(m.affine(y, in[1], in[2]))
	}))
	derive(GroupNormalization, through1(func(m maths, a GroupNormalizationAttrs, in []*ir.Value) *ir.Value {
		m.rankOf(in[0])
		x, back := m.wide(in[0])
		// As [N, groups, what is left].
		groups := m.ints(a.NumGroups)
		left := m.div(sizeAt(m.b, x, 1), groups)
		for _, d := range m.spatialSizes(x) {
			left = m.mul(left, d)
		}
		g := m.sized(x, m.concat(sizeAt(m.b, x, 0), groups, left))
		return back(m.affine(m.like(m.standard(g, a.Epsilon, 2), x), in[1], in[2]))
	}))
	derive(NegativeLogLikelihoodLoss, through1(func(m maths, a LossAttrs, in []*ir.Value) *ir.Value {
		return m.loss(a, in[0], in[1], in[2])
	}))
	derive(SoftmaxCrossEntropyLoss, func(g *ir.Grad, a LossAttrs, n *ir.Node) []*ir.Value {
		return through(g, n, func(m maths, in []*ir.Value) []*ir.Value {
			p := LogSoftmax.New(m.b, SoftmaxAttrs{Axis: 1}, in[0])
			return []*ir.Value{m.loss(a, p, in[1], in[2]), p}
		})
	})
}

// batchNorm spells out a batch normalization.
func (m maths) batchNorm(a BatchNormalizationAttrs, in []*ir.Value) []*ir.Value {
	x, scale, bias, mean, variance := in[0], in[1], in[2], in[3], in[4]
	rank := m.rankOf(x)
	x, back := m.wide(x)
	d := x.Type.DType
	axes, sizes := []int{0}, []int{-1}
	if rank > 1 {
		axes, sizes = append(axes, upTo(2, rank)...), []int{1, -1}
		for range rank - 2 {
			sizes = append(sizes, 1)
		}
	}
	channel := func(v *ir.Value) *ir.Value { return m.reshape(m.cast(v, d), sizes...) }
	mu, va := channel(mean), channel(variance)
	outs := make([]*ir.Value, 3)
	if a.TrainingMode {
		mu = m.mean(x, axes...)
		c := m.sub(x, mu)
		va = m.mean(m.mul(c, c), axes...)
		keep := float64(a.Momentum)
		for i, v := range []*ir.Value{mu, va} {
			now := m.cast(m.reshape(v, -1), in[3+i].Type.DType)
			outs[1+i] = m.add(m.scale(in[3+i], keep), m.scale(now, 1-keep))
		}
	} else {
		outs[1], outs[2] = m.identity(mean), m.identity(variance)
	}
	factor := m.div(channel(scale), root(m, m.axpb(1, va, float64(a.Epsilon))))
	outs[0] = back(m.add(m.mul(m.sub(x, mu), factor), channel(bias)))
	return outs
}

// loss spells out what LossAttrs.loss computes.
func (m maths) loss(a LossAttrs, x, target, weight *ir.Value) *ir.Value {
	var valid *ir.Value
	if target = m.cast(target, tensor.I64); a.IgnoreIndex != nil {
		valid = m.one(Not, m.one(Equal, target, m.b.G.Const("", intScalar(*a.IgnoreIndex))))
		target = m.where(valid, target, m.b.G.Const("", intScalar(0)))
	}
	axis := m.ints(1)
	picked := m.one(Squeeze, GatherElements.New(m.b, AxisAttrs{Axis: 1}, x, m.one(Unsqueeze, target, axis)), axis)
	w := m.one(Expand, m.c(x, 1), m.shape(target))
	if weight != nil {
		w = Gather.New(m.b, AxisAttrs{}, weight, target)
	}
	if valid != nil {
		w = m.gate(valid, w)
	}
	each := m.neg(m.mul(w, picked))
	if valid != nil {
		each = m.gate(valid, each)
	}
	switch a.Reduction {
	case "none":
		return each
	case "sum":
		return m.total(each)
	}
	return m.div(m.total(each), m.total(w))
}

// standard is x with mean 0 and variance 1 over axes.
func (m maths) standard(x *ir.Value, eps float32, axes ...int) *ir.Value {
	if len(axes) == 0 {
		return m.scale(x, 0) // each element is its own mean
	}
	d := m.sub(x, m.mean(x, axes...))
	return m.div(d, root(m, m.axpb(1, m.mean(m.mul(d, d), axes...), float64(eps))))
}

// affine scales and shifts the channels of x[N,C,…].
func (m maths) affine(x, scale, bias *ir.Value) *ir.Value {
	sizes := []int{-1}
	for range m.rankOf(x) - 2 {
		sizes = append(sizes, 1)
	}
	channel := func(v *ir.Value) *ir.Value { return m.reshape(m.cast(v, x.Type.DType), sizes...) }
	return m.add(m.mul(x, channel(scale)), channel(bias))
}
