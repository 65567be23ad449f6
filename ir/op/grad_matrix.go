package op

import (
	"slices"
	"strings"

	"github.com/cameo-onnx/cameo/ir"
)

func init() {
	derive(MatMul, matmulGrad)
	derive(Gemm, gemmGrad)
	derive(Einsum, einsumGrad)
}

// swapped transposes the last two axes.
func (m maths) swapped(x *ir.Value) *ir.Value {
	r := m.rankOf(x)
	if r < 2 {
		return x
	}
	return m.transpose(x, append(upTo(0, r-2), r-1, r-2)...)
}

func matmulGrad(g *ir.Grad, _ None, n *ir.Node) []*ir.Value {
	m, a, b, dy := maths{g.Builder}, n.In[0], n.In[1], g.Out[0]
	ra, rb := m.rankOf(a), m.rankOf(b)
	if g.Err() != nil {
		return nil
	}
	// A vector is a matrix of one row or column.
	a2, b2 := a, b
	if rb == 1 {
		b2, dy = m.one(Unsqueeze, b, m.ints(1)), m.one(Unsqueeze, dy, m.ints(-1))
	}
	if ra == 1 {
		a2, dy = m.one(Unsqueeze, a, m.ints(0)), m.one(Unsqueeze, dy, m.ints(-2))
	}
	out := make([]*ir.Value, 2)
	if needs(g, 0) {
		out[0] = m.like(m.sumTo(m.matmul(dy, m.swapped(b2)), a2), a)
	}
	if needs(g, 1) {
		if ra > 2 && rb <= 2 {
			// One product over all batches, instead of a product each and their sum.
			k, c := sizeAt(m.b, a2, ra-1), sizeAt(m.b, dy, ra-1)
			rows := ReduceProd.New(m.b, reduceDefaults, Shape.New(m.b, ShapeAttrs{End: ptr(ra - 1)}, a2))
			fa, fd := m.sized(a2, m.concat(rows, k)), m.sized(dy, m.concat(rows, c))
			out[1] = m.like(Gemm.New(m.b, GemmAttrs{Alpha: 1, Beta: 1, TransA: true}, fa, fd), b)
		} else {
			out[1] = m.like(m.sumTo(m.matmul(m.swapped(a2), dy), b2), b)
		}
	}
	return out
}

func gemmGrad(g *ir.Grad, at GemmAttrs, n *ir.Node) []*ir.Value {
	m, a, b, c, dy := maths{g.Builder}, n.In[0], n.In[1], operand(n, 2), g.Out[0]
	product := func(x, y *ir.Value, tx, ty bool) *ir.Value {
		return Gemm.New(m.b, GemmAttrs{Alpha: at.Alpha, Beta: 1, TransA: tx, TransB: ty}, x, y)
	}
	out := make([]*ir.Value, 3)
	if needs(g, 0) {
		if at.TransA {
			out[0] = product(b, dy, at.TransB, true)
		} else {
			out[0] = product(dy, b, false, !at.TransB)
		}
	}
	if needs(g, 1) {
		if at.TransB {
			out[1] = product(dy, a, true, at.TransA)
		} else {
			out[1] = product(a, dy, !at.TransA, false)
		}
	}
	if needs(g, 2) {
		if out[2] = m.sumTo(dy, c); at.Beta != 1 {
			out[2] = m.scale(out[2], float64(at.Beta))
		}
	}
	return out
}

// einsumGrad multiplies the adjoint with all other operands. Labels that only the operand in question has were summed over: its adjoint
// is the same along them. An operand in which a label stands twice gets the adjoint of its diagonal, which is zero elsewhere.
func einsumGrad(g *ir.Grad, a EinsumAttrs, n *ir.Node) []*ir.Value {
	m := maths{g.Builder}
	ranks := make([]int, len(n.In))
	for i, v := range n.In {
		ranks[i] = m.rankOf(v)
	}
	q, err := parseEinsum(a.Equation, ranks)
	if err != nil || g.Err() != nil {
		g.Fail(err)
		return nil
	}
	out := make([]*ir.Value, len(n.In))
	for i, x := range n.In {
		if needs(g, i) {
			out[i] = m.einsumAdjoint(q, n.In, i, x, g.Out[0])
		}
	}
	return out
}

func (m maths) einsumAdjoint(q *equation, in []*ir.Value, i int, x, dy *ir.Value) *ir.Value {
	labels := q.in[i]
	terms, vals := [][]label{q.out}, []*ir.Value{dy}
	for k, v := range in {
		if k != i {
			terms, vals = append(terms, q.in[k]), append(vals, v)
		}
	}
	var distinct, found []label
	var add []int
	for _, l := range labels {
		if slices.Contains(distinct, l) {
			continue
		}
		if slices.ContainsFunc(terms, func(t []label) bool { return slices.Contains(t, l) }) {
			found = append(found, l)
		} else {
			add = append(add, len(distinct))
		}
		distinct = append(distinct, l)
	}
	d := Einsum.New(m.b, EinsumAttrs{Equation: einsumText(terms, found)}, vals...)
	if len(add) > 0 {
		sizes := make([]*ir.Value, len(distinct))
		for k, l := range distinct {
			if sizes[k] = m.ints(1); slices.Contains(add, k) {
				sizes[k] = sizeAt(m.b, x, slices.Index(labels, l))
			}
		}
		d = m.one(Expand, m.one(Unsqueeze, d, m.ints(add...)), m.concat(sizes...))
	}
	if len(distinct) == len(labels) {
		return m.sumTo(d, x)
	}
	diagonal := EinsumAttrs{Equation: einsumText([][]label{labels}, distinct)}
	d = m.sumTo(d, Einsum.New(m.b, diagonal, x))
	at := Einsum.New(m.b, diagonal, m.like(m.numbers(x, 0), x))
	return m.like(m.scatterAdd(m.reshape(m.size(x), 1), m.flat(at), m.flat(d)), x)
}

// einsumText spells an equation in letters of its own, for labels may stand for axes of an ellipsis.
func einsumText(terms [][]label, out []label) string {
	letters := map[label]byte{}
	var s strings.Builder
	write := func(t []label) {
		for _, l := range t {
			if letters[l] == 0 {
				n := len(letters)
				if letters[l] = 'a' + byte(n); n >= 26 {
					letters[l] = 'A' + byte(n-26)
				}
			}
			s.WriteByte(letters[l])
		}
	}
	for i, t := range terms {
		if i > 0 {
			s.WriteByte(',')
		}
		write(t)
	}
	s.WriteString("->")
	write(out)
	return s.String()
}
