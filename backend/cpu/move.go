package cpu

import (
	"slices"

	"github.com/cameo-onnx/cameo/backend/cpu/kern"
	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// moveKernels holds the ops that move elements of any type of whole bytes.
var moveKernels = []Kernel{
	{Name: "transpose", Op: op.Transpose.Op, Takes: takesMove(0), Emit: emitTranspose, Run: kern.Transpose},
	{Name: "relayout", Op: op.Relayout.Op, Takes: takesRelayout, Emit: emitRelayout, Run: kern.Transpose},
	{Name: "slice", Op: op.Slice.Op, Takes: takesSlice, Emit: emitSlice, Dims: kern.SliceDims, Run: kern.Slice},
	{Name: "concat", Op: op.Concat.Op, Takes: takesJoint, Emit: emitConcat, Run: kern.Concat},
	{Name: "split", Op: op.Split.Op, Takes: takesJoint, Emit: emitSplit, Run: kern.Split},
	{Name: "expand", Op: op.Expand.Op, Takes: takesMove(0), Emit: emitExpand, Dims: kern.ExpandDims, Run: kern.Expand},
	{Name: "tile", Op: op.Tile.Op, Takes: takesMove(0), Emit: emitExpand, Dims: kern.TileDims, Run: kern.Tile},
	{Name: "pad", Op: op.Pad.Op, Takes: takesPad, Emit: emitPad, Dims: kern.PadDims, Run: kern.Pad},
	{Name: "gather", Op: op.Gather.Op, Takes: takesMove(0), Emit: emitGather, Run: kern.Gather},
	{Name: "gather_elements", Op: op.GatherElements.Op, Takes: takesMove(0), Emit: emitGather, Run: kern.GatherElements},
	{Name: "gather_nd", Op: op.GatherND.Op, Takes: takesMove(0), Emit: emitGatherND, Run: kern.GatherND},
	{Name: "where", Op: op.Where.Op, Takes: takesMove(1), Emit: emitWhere, Run: kern.Where},
	{Name: "depth_to_space", Op: op.DepthToSpace.Op, Takes: takesMove(0), Emit: emitDepth(op.DepthToSpace), Run: kern.DepthToSpace},
	{Name: "space_to_depth", Op: op.SpaceToDepth.Op, Takes: takesMove(0), Emit: emitDepth(op.SpaceToDepth), Run: kern.SpaceToDepth},
	{Name: "constant_of_shape", Op: op.ConstantOfShape.Op, Takes: takesFill, Emit: emitFill, Dims: kern.FillDims, Run: kern.Fill},
	{Name: "range", Op: op.Range.Op, Takes: takesTyped, Emit: emitRange, Dims: kern.RangeDims, Run: kern.Range},
	{Name: "shape", Op: op.Shape.Op, Takes: takesShape, Emit: emitShape, Run: kern.Shape},
	{Name: "size", Op: op.Size.Op, Takes: takesShape, Emit: emitShape, Run: kern.Shape},
	{Name: "cast", Op: op.Cast.Op, Takes: takesCast, Emit: emitCast, Run: kern.Cast},
}

// sizeOf returns the bytes of one element of v.
func sizeOf(v *ir.Value) int { return v.Type.DType.Bits() / 8 }

// movable reports whether v is a row-major tensor of elements of whole bytes whose rank kernels can walk.
func movable(v *ir.Value) bool {
	t := v.Type
	return t.Kind == ir.Tensor && !t.Unranked && t.Layout == ir.RowMajor && t.DType.Bits() >= 8 && len(t.Shape) <= kern.MaxRank
}

// takesMove takes nodes whose operand i and results can be moved; other operands must be row-major tensors too.
func takesMove(i int) func(*ir.Node) bool {
	return func(n *ir.Node) bool {
		if len(n.Bodies) > 0 || !movable(n.In[i]) {
			return false
		}
		return !slices.ContainsFunc(slices.Concat(n.In, n.Out), func(v *ir.Value) bool { return v != nil && !movable(v) })
	}
}

// takesTyped takes nodes whose operands and results are of types that kernels have names for.
func takesTyped(n *ir.Node) bool {
	for _, v := range slices.Concat(n.In, n.Out) {
		if v == nil {
			continue
		}
		if _, ok := kernTypeOf(v.Type.DType); !ok || !movable(v) {
			return false
		}
	}
	return len(n.Bodies) == 0
}

func emitTranspose(_ *call, n *ir.Node) (any, error) {
	perm, err := op.Transpose.Attrs(n).Order(n.In[0].Type.Rank())
	return &kern.TransposeParam{Perm: perm, Size: sizeOf(n.In[0])}, err
}

func takesRelayout(n *ir.Node) bool {
	t := n.In[0].Type
	return t.Kind == ir.Tensor && !t.Unranked && len(t.Shape) <= kern.MaxRank && t.DType.Bits() >= 8
}

// emitRelayout moves channels to the end or back: a transposition of what lies in memory.
func emitRelayout(c *call, n *ir.Node) (any, error) {
	in, out := n.In[0].Type, n.Out[0].Type
	rank := len(in.Shape)
	p := &kern.TransposeParam{Size: sizeOf(n.In[0])}
	for i := range rank {
		p.Perm = append(p.Perm, i)
	}
	c.SetArgs(n.In[0])
	switch {
	case in.Layout == out.Layout || rank < 3:
	case out.Layout == ir.ChannelsLast:
		copy(p.Perm[1:], p.Perm[2:])
		p.Perm[rank-1] = 1
		c.AliasOut(0, channelsLast(out.Shape))
	default:
		copy(p.Perm[2:], p.Perm[1:rank-1])
		p.Perm[1] = rank - 1
		c.Alias(0, channelsLast(in.Shape))
	}
	return p, nil
}

func takesSlice(n *ir.Node) bool {
	return takesMove(0)(n) && n.In[0].Type.Rank() > 0 && (n.In[1].Type.DType == tensor.I64 || n.In[1].Type.DType == tensor.I32)
}

func emitSlice(_ *call, n *ir.Node) (any, error) {
	return &kern.SliceParam{Size: sizeOf(n.In[0]), Dynamic: true, Index: kernType(n.In[1].Type.DType)}, nil
}

// joint returns the parts and the whole that a concat or split copies between.
func joint(n *ir.Node) []*ir.Value {
	if n.Op == op.Split.Op {
		return slices.Concat(n.In[:1], n.Out) // the sizes of the parts are read from their shapes
	}
	return slices.Concat(n.In, n.Out)
}

// takesJoint takes concats and splits whose parts and whole all lie in one layout.
func takesJoint(n *ir.Node) bool {
	for _, v := range joint(n) {
		t := v.Type
		t.Layout = ir.RowMajor
		if !movable(&ir.Value{Type: t}) || v.Type.Layout != n.Out[0].Type.Layout {
			return false
		}
	}
	return len(n.Bodies) == 0
}

func emitConcat(c *call, n *ir.Node) (any, error) {
	return c.joint(n, op.Concat.Attrs(n).Axis), nil
}

func emitSplit(c *call, n *ir.Node) (any, error) {
	c.SetArgs(n.In[0])
	return c.joint(n, op.Split.Attrs(n).Axis), nil
}

// joint returns the parameter of a concat or split along axis, and shows its operands as they lie in memory.
func (c *call) joint(n *ir.Node, axis int) *kern.ConcatParam {
	rank := n.Out[0].Type.Rank()
	if axis < 0 {
		axis += rank
	}
	if n.Out[0].Type.Layout == ir.ChannelsLast {
		for i, v := range n.In[:len(c.st.Args)] {
			c.Alias(i, channelsLast(v.Type.Shape))
		}
		for i, v := range n.Out {
			c.AliasOut(i, channelsLast(v.Type.Shape))
		}
		if axis == 1 {
			axis = rank - 1
		} else if axis > 1 {
			axis--
		}
	}
	return &kern.ConcatParam{Axis: axis, Size: sizeOf(n.In[0])}
}

func emitExpand(_ *call, n *ir.Node) (any, error) {
	return &kern.ExpandParam{Size: sizeOf(n.In[0])}, nil
}

var padModes = map[string]kern.PadMode{"constant": kern.PadConstant, "reflect": kern.PadReflect, "edge": kern.PadEdge, "wrap": kern.PadWrap}

// takesPad takes pads of axes that are known.
func takesPad(n *ir.Node) bool {
	_, known := n.In[1].Known().Ints()
	return takesMove(0)(n) && constAxes(n) && (known || n.In[1].Type.DType == tensor.I64) && !cropsFirst(n)
}

// cropsFirst reports whether n's pads may be negative, and what is left decides what comes beside it: kernels look at the whole operand.
func cropsFirst(n *ir.Node) bool {
	mode := op.Pad.Attrs(n).Mode
	pads, known := n.In[1].Known().Ints()
	return (mode == "reflect" || mode == "wrap") && (!known || slices.ContainsFunc(pads, func(p int) bool { return p < 0 }))
}

func constAxes(n *ir.Node) bool {
	if len(n.In) < 4 || n.In[3] == nil {
		return true
	}
	_, ok := n.In[3].Known().Ints()
	return ok
}

func emitPad(c *call, n *ir.Node) (any, error) {
	mode, ok := padModes[op.Pad.Attrs(n).Mode]
	p := &kern.PadParam{Mode: mode, Size: sizeOf(n.In[0])}
	if !ok {
		return nil, ir.ErrUnsupported
	}
	value := third(n)
	pads, known := n.In[1].Known().Ints()
	if !known {
		p.Dynamic = true
		if len(n.In) > 3 && n.In[3] != nil {
			p.Axes, _ = n.In[3].Known().Ints()
		}
		c.SetArgs(n.In[0], n.In[1], value)
		return p, nil
	}
	rank := n.In[0].Type.Rank()
	p.Before, p.After = make([]int, rank), make([]int, rank)
	axes := make([]int, 0, rank)
	if len(n.In) > 3 && n.In[3] != nil {
		axes, _ = n.In[3].Known().Ints()
	} else {
		for i := range rank {
			axes = append(axes, i)
		}
	}
	for i, a := range axes {
		p.Before[(a+rank)%rank], p.After[(a+rank)%rank] = pads[i], pads[len(axes)+i]
	}
	c.SetArgs(n.In[0], nil, value)
	return p, nil
}

func emitGather(_ *call, n *ir.Node) (any, error) {
	a := n.Attrs.(op.AxisAttrs)
	return &kern.GatherParam{Axis: a.Axis, Size: sizeOf(n.In[0]), Index: kernType(n.In[1].Type.DType)}, nil
}

func emitGatherND(_ *call, n *ir.Node) (any, error) {
	return &kern.GatherParam{Batch: op.GatherND.Attrs(n).BatchDims, Size: sizeOf(n.In[0]), Index: kern.Int64}, nil
}

func emitDepth(k op.Kind[op.BlockAttrs]) func(*call, *ir.Node) (any, error) {
	return func(_ *call, n *ir.Node) (any, error) {
		a := k.Attrs(n)
		return &kern.DepthParam{Block: a.BlockSize, Size: sizeOf(n.In[0]), CRD: a.Mode == "CRD"}, nil
	}
}

func emitWhere(_ *call, n *ir.Node) (any, error) { return &kern.WhereParam{Size: sizeOf(n.In[1])}, nil }

func emitRange(_ *call, n *ir.Node) (any, error) {
	return &kern.RangeParam{Type: kernType(n.Out[0].Type.DType)}, nil
}

func takesFill(n *ir.Node) bool { return movable(n.Out[0]) }

func emitFill(_ *call, n *ir.Node) (any, error) {
	if v := op.ConstantOfShape.Attrs(n).Value; v != nil {
		return &kern.FillParam{Value: v.Bytes()}, nil
	}
	return &kern.FillParam{Value: make([]byte, 4)}, nil
}

// takesCast takes what kernels have names for, and floats of 16 bits where they are rounded once: from nothing that float32 does not hold.
func takesCast(n *ir.Node) bool {
	from, to := n.In[0].Type.DType, n.Out[0].Type.DType
	if !inF32(from) && !(inF32(to) && from.Bits() <= 16) {
		return takesTyped(n)
	}
	known := func(d tensor.DType) bool { _, ok := kernTypeOf(d); return ok || inF32(d) }
	x, y := *n.In[0], *n.Out[0]
	if x.Type.Layout != y.Type.Layout {
		return false
	}
	x.Type.Layout, y.Type.Layout = ir.RowMajor, ir.RowMajor // elements are taken as they lie
	return known(from) && known(to) && movable(&x) && movable(&y) && len(n.Bodies) == 0
}

func emitCast(_ *call, n *ir.Node) (any, error) {
	return &kern.CastParam{From: kernType(n.In[0].Type.DType), To: kernType(n.Out[0].Type.DType)}, nil
}

func takesShape(n *ir.Node) bool {
	t := n.In[0].Type
	return t.Kind == ir.Tensor && !t.Unranked && t.DType != tensor.String && len(n.Bodies) == 0
}

func emitShape(_ *call, n *ir.Node) (any, error) {
	if n.Op == op.Size.Op {
		return &kern.ShapeParam{Product: true}, nil
	}
	from, to := op.Shape.Attrs(n).Clamp(n.In[0].Type.Rank())
	return &kern.ShapeParam{From: from, To: to}, nil
}
