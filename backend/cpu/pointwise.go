package cpu

import (
	"fmt"
	"slices"

	"github.com/cameo-onnx/cameo/backend/cpu/kern"
	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// pointwiseKernels holds a row for every op that a register program can express, and one for fused loops of them.
var pointwiseKernels = func() []Kernel {
	rows := []Kernel{{Name: "fused.f32", Op: op.Fused.Op, Takes: takesFused, Emit: emitPointwise, Run: kern.PointwiseF32}}
	for o, i := range instructions {
		if i != nil && o != op.Identity.Op && o != op.Cast.Op {
			rows = append(rows, Kernel{Name: o.Name + ".f32", Op: o, Takes: takesPointwise, Emit: emitPointwise, Run: kern.PointwiseF32})
		}
	}
	return rows
}()

func takesPointwise(n *ir.Node) bool {
	return inProgram(n) && anyFloat(n) && fitsMemory(n) && maxRank(n) <= kern.MaxRank
}

// anyFloat reports whether n computes on floats at all; on bools alone Eval or the portable rows do.
func anyFloat(n *ir.Node) bool {
	return slices.ContainsFunc(slices.Concat(n.In, n.Out), func(v *ir.Value) bool { return v != nil && inF32(v.Type.DType) })
}

func maxRank(n *ir.Node) int {
	r := 0
	for _, v := range n.Out {
		r = max(r, v.Type.Rank())
	}
	return r
}

func takesFused(n *ir.Node) bool {
	if maxRank(n) > kern.MaxRank || !fitsMemory(n) {
		return false
	}
	for _, v := range slices.Concat(n.In, n.Out) {
		_, whole := ranges[v.Type.DType]
		if v.Type.Kind != ir.Tensor || v.Type.Unranked || !pointwiseType(v.Type.DType) && !whole {
			return false
		}
	}
	return hasProgram(n.Bodies[0])
}

// hasProgram reports whether a body can be a register program.
func hasProgram(g *ir.Graph) bool {
	if slices.ContainsFunc(g.Nodes, func(m *ir.Node) bool { return !inProgram(m) }) {
		return false
	}
	_, _, ok := programOf(g.Nodes, g.Inputs, outputs(g))
	return ok
}

func outputs(g *ir.Graph) []*ir.Value {
	outs := make([]*ir.Value, len(g.Outputs))
	for i, o := range g.Outputs {
		outs[i] = o.Value
	}
	return outs
}

// fitsMemory reports whether the operands of an elementwise node can be walked in the order in which its results lie in memory.
func fitsMemory(n *ir.Node) bool {
	layout := n.Out[0].Type.Layout
	for _, v := range slices.Concat(n.In, n.Out) {
		if v != nil {
			if _, ok := memoryShape(v, layout, n.Out[0].Type.Rank()); !ok {
				return false
			}
		}
	}
	return true
}

// memoryShape returns v's sizes in the order of memory of results that have the given layout and rank; false where v lies in another order.
func memoryShape(v *ir.Value, layout ir.Layout, rank int) (ir.Shape, bool) {
	s := v.Type.Shape
	if layout == ir.RowMajor {
		return s, v.Type.Layout == ir.RowMajor
	}
	full := make(ir.Shape, rank)
	for i := range full {
		full[i] = sym.Const(1)
	}
	copy(full[rank-len(s):], s)
	if v.Type.Layout == ir.RowMajor && rank > 2 && !isOne(full[1]) && !allOnes(full[2:]) {
		return nil, false // it varies both over channels and over pixels: their order matters
	}
	return channelsLast(full), v.Type.Layout == ir.RowMajor || len(s) == rank
}

func isOne(d sym.Dim) bool {
	k, ok := d.Int()
	return ok && k == 1
}

func allOnes(s ir.Shape) bool {
	return !slices.ContainsFunc(s, func(d sym.Dim) bool { return !isOne(d) })
}

// channelsLast returns sizes in the order N, spatial, C.
func channelsLast(s ir.Shape) ir.Shape {
	if len(s) < 3 {
		return s
	}
	out := append(ir.Shape{s[0]}, s[2:]...)
	return append(out, s[1])
}

func emitPointwise(c *call, n *ir.Node) (any, error) {
	nodes, in, outs := []*ir.Node{n}, []*ir.Value(nil), n.Out
	outer := map[*ir.Value]*ir.Value{}
	if n.Op == op.Fused.Op {
		body := n.Bodies[0]
		nodes, in, outs = body.Nodes, body.Inputs, outputs(body)
		for i, v := range in {
			outer[v] = n.In[i]
		}
	}
	prog, inputs, ok := programOf(nodes, in, outs)
	if !ok {
		return nil, errRegisters
	}
	c.st.Args = c.st.Args[:0]
	types, err := c.programOperands(inputs, outer, n.Out[0])
	if err != nil {
		return nil, err
	}
	for i, v := range n.Out {
		s, _ := memoryShape(v, n.Out[0].Type.Layout, n.Out[0].Type.Rank())
		c.AliasOut(i, s)
		types = append(types, kernType(v.Type.DType))
	}
	return &kern.PointwiseParam{Program: prog, Types: unlessFloat32(types)}, nil
}

// errRegisters is the error of a program that does not fit; rows take no node of such a program.
var errRegisters = fmt.Errorf("its program takes more than %d registers", kern.MaxRegs)

// programOperands appends the operands of a program whose results lie as y does, and returns their types. outer says which value outside a
// body each input of it stands for; what it does not name is a constant of the body.
func (c *call) programOperands(inputs []*ir.Value, outer map[*ir.Value]*ir.Value, y *ir.Value) (types []kern.DType, err error) {
	for _, v := range inputs {
		var slot int
		if out := outer[v]; out != nil {
			v = out
			slot = c.e.slotOf(v)
		} else if v.IsConst() {
			slot = c.e.packed(v.Data, v.Type.Shape)
		} else {
			slot = c.e.slotOf(v)
		}
		s, ok := memoryShape(v, y.Type.Layout, y.Type.Rank())
		if !ok {
			return nil, fmt.Errorf("operand %%%s of type %v does not lie in the order of the results", v.Name, v.Type)
		}
		c.st.Args = append(c.st.Args, c.e.alias(slot, s))
		types = append(types, kernType(v.Type.DType))
	}
	return types, nil
}

// unlessFloat32 returns types, or none where all are float32.
func unlessFloat32(types []kern.DType) []kern.DType {
	if !slices.ContainsFunc(types, func(t kern.DType) bool { return t != kern.Float32 }) {
		return nil
	}
	return types
}

// kernTypes are the kernels' names of element types that most of them take. They have none for those narrower than a byte, floats of
// 8 bits and less, strings and complex numbers.
var kernTypes = map[tensor.DType]kern.DType{
	tensor.F32: kern.Float32, tensor.F64: kern.Float64, tensor.Bool: kern.Bool,
	tensor.I8: kern.Int8, tensor.I16: kern.Int16, tensor.I32: kern.Int32, tensor.I64: kern.Int64,
	tensor.U8: kern.Uint8, tensor.U16: kern.Uint16, tensor.U32: kern.Uint32, tensor.U64: kern.Uint64,
}

// kernTypeOf returns the kernels' name of an element type that most of them take.
func kernTypeOf(d tensor.DType) (kern.DType, bool) {
	t, ok := kernTypes[d]
	return t, ok
}

// kernType returns the kernels' name of an element type that they have one for: floats of 16 bits, which few of them take, among these.
func kernType(d tensor.DType) kern.DType {
	switch d {
	case tensor.F16:
		return kern.Float16
	case tensor.BF16:
		return kern.BFloat16
	}
	return kernTypes[d]
}
