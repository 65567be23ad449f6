package onnx

import (
	"fmt"
	"maps"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
	"github.com/cameo-onnx/cameo/ir/tensor"
	"github.com/cameo-onnx/cameo/onnx/wire"
)

// A maker builds the nodes that an adapter means, in the newest form, and keeps the first error, behind which nothing more is built.
type maker struct {
	n   *node
	err error
}

type attrs map[string]*wire.Attr

func intAttr(x int64) *wire.Attr     { return &wire.Attr{Type: wire.AttrInt, I: x} }
func stringAttr(s string) *wire.Attr { return &wire.Attr{Type: wire.AttrString, S: []byte(s)} }
func intsAttr(x ...int64) *wire.Attr { return &wire.Attr{Type: wire.AttrInts, Ints: x} }
func floatAttr(x float32) *wire.Attr { return &wire.Attr{Type: wire.AttrFloat, F: x} }

// op appends a node of an ai.onnx operator and returns its first result.
func (m *maker) op(name string, a attrs, in ...*ir.Value) *ir.Value {
	out := m.ops(name, a, 1, in...)
	if out == nil {
		return nil
	}
	return out[0]
}

// ops appends a node of several results.
func (m *maker) ops(name string, a attrs, outs int, in ...*ir.Value) []*ir.Value {
	if m.err != nil {
		return nil
	}
	o := op.ByONNX("", name)
	if o == nil {
		m.err = fmt.Errorf("operator %s: %w", name, ir.ErrUnsupported)
		return nil
	}
	sub := &node{s: m.n.s, proto: m.n.proto, op: name, version: MaxOpset, attrs: maps.Clone(a), in: in, outs: outs}
	var out []*ir.Value
	out, m.err = sub.add(o)
	return out
}

// done returns the results of an adapter that built what its node means.
func (m *maker) done(outs ...*ir.Value) ([]*ir.Value, error) {
	if m.err != nil {
		return nil, m.err
	}
	return outs, nil
}

func (m *maker) fail(err error) {
	if m.err == nil {
		m.err = err
	}
}

// in returns operand i, or nil.
func (m *maker) in(i int) *ir.Value {
	if i < len(m.n.in) {
		return m.n.in[i]
	}
	return nil
}

// without refuses operands from i on.
func (m *maker) without(i int) {
	for ; i < len(m.n.in); i++ {
		if m.n.in[i] != nil {
			m.fail(fmt.Errorf("operand %d: %w", i, ir.ErrUnsupported))
		}
	}
}

// ranked refuses a form whose nodes follow from v's rank, where that is not known.
func (m *maker) ranked(v *ir.Value) {
	if m.err == nil && v != nil && v.Type.Rank() < 0 {
		m.fail(fmt.Errorf("an operand of unknown rank: %w", ir.ErrUnsupported))
	}
}

// int, float and str take attributes.
func (m *maker) int(name string, def int64) int64 {
	x, err := m.n.takeInt(name, def)
	if err != nil {
		m.fail(err)
	}
	return x
}

func (m *maker) float(name string, def float32) float32 {
	x, err := m.n.takeFloat(name, def)
	if err != nil {
		m.fail(err)
	}
	return x
}

func (m *maker) str(name, def string) string {
	a, err := m.n.take(name, wire.AttrString)
	if err != nil {
		m.fail(err)
	}
	if a == nil {
		return def
	}
	return string(a.S)
}

// pass takes those of the named attributes that are there, for another node.
func (m *maker) pass(names ...string) attrs {
	out := attrs{}
	for _, name := range names {
		if a := m.n.attrs[name]; a != nil {
			out[name] = a
			delete(m.n.attrs, name)
		}
	}
	return out
}

// ints adds a rank-1 constant of int64.
func (m *maker) ints(v ...int64) *ir.Value { return m.n.ints(v...) }

// number makes a scalar of v's element type.
func (m *maker) number(v *ir.Value, x float32) *ir.Value {
	if m.err != nil {
		return nil
	}
	c, err := m.n.scalarLike(v, x)
	if err != nil {
		m.fail(err)
	}
	return c
}

// plus adds v to x, where v is present.
func (m *maker) plus(x, v *ir.Value) *ir.Value {
	if v == nil {
		return x
	}
	return m.op("Add", nil, x, v)
}

// cast gives x another element type.
func (m *maker) cast(x *ir.Value, d tensor.DType) *ir.Value {
	if x != nil && x.Type.DType == d {
		return x
	}
	return m.op("Cast", attrs{"to": intAttr(int64(d))}, x)
}

// reshape gives x the sizes that a vector holds, in which 0 is 0.
func (m *maker) reshape(x, sizes *ir.Value) *ir.Value {
	return m.op("Reshape", attrs{"allowzero": intAttr(1)}, x, sizes)
}

// like gives x the sizes of y.
func (m *maker) like(x, y *ir.Value) *ir.Value { return m.reshape(x, m.op("Shape", nil, y)) }

// sized gives x sizes of which 0 is x's own there, and -1 what remains.
func (m *maker) sized(x *ir.Value, sizes ...int64) *ir.Value {
	return m.op("Reshape", nil, x, m.ints(sizes...))
}

// scalarOf makes a scalar of a tensor of one element.
func (m *maker) scalarOf(v *ir.Value) *ir.Value {
	if v == nil || v.Type.Rank() == 0 {
		return v
	}
	return m.sized(v)
}

func (m *maker) transpose(x *ir.Value, perm ...int64) *ir.Value {
	return m.op("Transpose", attrs{"perm": intsAttr(perm...)}, x)
}

func (m *maker) unsqueeze(x *ir.Value, axes ...int64) *ir.Value {
	return m.op("Unsqueeze", nil, x, m.ints(axes...))
}

// join concatenates vectors.
func (m *maker) join(v ...*ir.Value) *ir.Value {
	return m.op("Concat", attrs{"axis": intAttr(0)}, v...)
}

// split cuts x in n equal parts along an axis; after an error they are nil.
func (m *maker) split(x *ir.Value, axis int64, n int) []*ir.Value {
	parts := m.ops("Split", attrs{"axis": intAttr(axis), "num_outputs": intAttr(int64(n))}, n, x)
	if m.err != nil {
		return make([]*ir.Value, n)
	}
	return parts
}

// size is the size of v along an axis, as a vector of one.
func (m *maker) size(v *ir.Value, axis int64) *ir.Value {
	return m.op("Shape", attrs{"start": intAttr(axis), "end": intAttr(axis + 1)}, v)
}

// lastSize is the size of v along its last axis, as a vector of one.
func (m *maker) lastSize(v *ir.Value) *ir.Value {
	return m.op("Shape", attrs{"start": intAttr(-1)}, v)
}

// leading is the sizes of v but for the last, as a vector.
func (m *maker) leading(v *ir.Value) *ir.Value {
	return m.op("Shape", attrs{"end": intAttr(-1)}, v)
}

// count is 0, 1, … below n, a vector of one.
func (m *maker) count(n *ir.Value) *ir.Value {
	return m.op("Range", nil, m.n.constant(tensor.Scalar[int64](0)), m.op("Squeeze", nil, n), m.n.constant(tensor.Scalar[int64](1)))
}

// axesFrom returns the numbers from a on and below b.
func axesFrom(a, b int64) []int64 {
	var out []int64
	for ; a < b; a++ {
		out = append(out, a)
	}
	return out
}
