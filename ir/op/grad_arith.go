package op

import "github.com/cameo-onnx/cameo/ir"

func init() {
	derive(Add, func(g *ir.Grad, _ None, n *ir.Node) []*ir.Value {
		m := maths{g.Builder}
		return m.sumEach(g, n, g.Out[0], g.Out[0])
	})
	derive(Sub, func(g *ir.Grad, _ None, n *ir.Node) []*ir.Value {
		m := maths{g.Builder}
		return m.sumEach(g, n, g.Out[0], m.neg(g.Out[0]))
	})
	derive(Mul, func(g *ir.Grad, _ None, n *ir.Node) []*ir.Value {
		m, dy := maths{g.Builder}, g.Out[0]
		return m.sumEach(g, n, m.mul(dy, n.In[1]), m.mul(dy, n.In[0]))
	})
	derive(Div, func(g *ir.Grad, _ None, n *ir.Node) []*ir.Value {
		m := maths{g.Builder}
		dx := m.div(g.Out[0], n.In[1])
		return m.sumEach(g, n, dx, m.neg(m.mul(dx, n.Out[0])))
	})
	derive(Pow, powGrad)
	derive(Mod, func(g *ir.Grad, _ ModAttrs, n *ir.Node) []*ir.Value {
		m, dy := maths{g.Builder}, g.Out[0]
		// x − mod(x, y) is a multiple of y, the same nearby.
		whole := m.one(Round, m.div(m.sub(n.In[0], n.Out[0]), n.In[1]))
		return m.sumEach(g, n, dy, m.neg(m.mul(dy, whole)))
	})
	derive(Where, func(g *ir.Grad, _ None, n *ir.Node) []*ir.Value {
		m, dy := maths{g.Builder}, g.Out[0]
		return []*ir.Value{nil, m.sumTo(m.gate(n.In[0], dy), n.In[1]), m.sumTo(m.where(n.In[0], m.c(dy, 0), dy), n.In[2])}
	})
	derive(Sum, func(g *ir.Grad, _ None, n *ir.Node) []*ir.Value {
		return maths{g.Builder}.sumEach(g, n, g.Out[0])
	})
	derive(Mean, func(g *ir.Grad, _ None, n *ir.Node) []*ir.Value {
		m := maths{g.Builder}
		return m.sumEach(g, n, m.div(g.Out[0], m.c(g.Out[0], float64(len(n.In)))))
	})
	derive(Max, extremeGrad)
	derive(Min, extremeGrad)
}

// sumEach sums d[i], or the last one, back to the sizes of operand i.
func (m maths) sumEach(g *ir.Grad, n *ir.Node, d ...*ir.Value) []*ir.Value {
	out := make([]*ir.Value, len(n.In))
	for i, x := range n.In {
		if needs(g, i) {
			out[i] = m.sumTo(d[min(i, len(d)-1)], x)
		}
	}
	return out
}

// powGrad is dy·y·x^(y−1) and dy·x^y·ln x; both are 0 where the factor before is, as in 0^0, and so is the latter at x = 0 for y ≥ 0.
func powGrad(g *ir.Grad, _ None, n *ir.Node) []*ir.Value {
	m, x, y, dy := maths{g.Builder}, n.In[0], n.In[1], g.Out[0]
	out := make([]*ir.Value, 2)
	if needs(g, 0) {
		e := m.cast(y, x.Type.DType)
		zero := m.c(x, 0)
		d := m.mul(m.mul(dy, e), m.one(Pow, x, m.axpb(1, e, -1)))
		out[0] = m.sumTo(m.where(m.one(Equal, e, zero), zero, d), x)
	}
	if needs(g, 1) {
		zero := m.c(x, 0)
		base := m.one(Equal, x, zero)
		d := m.mul(m.mul(dy, n.Out[0]), ln(m, m.where(base, m.c(x, 1), x)))
		out[1] = m.sumTo(m.cast(d, y.Type.DType), y)
	}
	return out
}

// extremeGrad hands the adjoint to the operand that is the result; operands that are so at once share it evenly.
func extremeGrad(g *ir.Grad, _ None, n *ir.Node) []*ir.Value {
	m, dy := maths{g.Builder}, g.Out[0]
	if len(n.In) == 1 {
		return []*ir.Value{dy}
	}
	var hits []*ir.Value
	var ties *ir.Value
	for _, x := range n.In {
		hit := m.cast(m.one(Equal, x, n.Out[0]), dy.Type.DType)
		if hits = append(hits, hit); ties == nil {
			ties = hit
		} else {
			ties = m.add(ties, hit)
		}
	}
	share := m.div(dy, ties)
	out := make([]*ir.Value, len(n.In))
	for i, hit := range hits {
		out[i] = m.sumTo(m.mul(hit, share), n.In[i])
	}
	return out
}
