package cpu

import (
	"math"
	"slices"

	"github.com/cameo-onnx/cameo/backend/cpu/kern"
	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// integerKernels holds products of 8-bit integers: the sums as they are, as real numbers, or quantised again.
var integerKernels = []Kernel{
	{Name: "matmul_integer.i8", Op: op.MatMulInteger.Op, Takes: takesIntMatMul, Emit: emitIntMatMul, Scratch: intMatMulScratch, Run: kern.IntMatMul},
	{Name: "qlinear_matmul.i8", Op: op.QLinearMatMul.Op, Takes: takesIntMatMul, Emit: emitIntMatMul, Scratch: intMatMulScratch, Run: kern.IntMatMul},
	{Name: "scaled_matmul.i8", Op: op.ScaledMatMul.Op, Takes: takesIntMatMul, Emit: emitIntMatMul, Scratch: intMatMulScratch, Run: kern.IntMatMul},
	{Name: "conv_integer.i8.channels_last", Op: op.ConvInteger.Op, Takes: takesIntConv(ir.ChannelsLast), Emit: emitIntConv, Scratch: intConvScratch, Run: kern.IntConv},
	{Name: "conv_integer.i8.row_major", Op: op.ConvInteger.Op, Takes: takesIntConv(ir.RowMajor), Emit: emitIntConv, Scratch: intConvRowMajorScratch, Run: intConvRowMajor},
	{Name: "qlinear_conv.i8.channels_last", Op: op.QLinearConv.Op, Takes: takesIntConv(ir.ChannelsLast), Emit: emitIntConv, Scratch: intConvScratch, Run: kern.IntConv},
	{Name: "qlinear_conv.i8.row_major", Op: op.QLinearConv.Op, Takes: takesIntConv(ir.RowMajor), Emit: emitIntConv, Scratch: intConvRowMajorScratch, Run: intConvRowMajor},
	{Name: "scaled_conv.i8.channels_last", Op: op.ScaledConv.Op, Takes: takesIntConv(ir.ChannelsLast), Emit: emitIntConv, Scratch: intConvScratch, Run: kern.IntConv},
	{Name: "scaled_conv.i8.row_major", Op: op.ScaledConv.Op, Takes: takesIntConv(ir.RowMajor), Emit: emitIntConv, Scratch: intConvRowMajorScratch, Run: intConvRowMajor},
}

// The operands of an integer product in the order in which kernels want them.
const (
	intA = iota
	intB
	intZA
	intZB
	intSA
	intSB
	intBias
	intSY
	intZY
	intOperandCount
)

// intPlaces says where ops have those operands; -1: nowhere.
var intPlaces = map[*ir.Op][intOperandCount]int{
	op.MatMulInteger.Op: {0, 1, 2, 3, -1, -1, -1, -1, -1},
	op.ConvInteger.Op:   {0, 1, 2, 3, -1, -1, -1, -1, -1},
	op.QLinearMatMul.Op: {0, 3, 2, 5, 1, 4, -1, 6, 7},
	op.QLinearConv.Op:   {0, 3, 2, 5, 1, 4, 8, 6, 7},
	op.ScaledMatMul.Op:  {0, 1, 2, 3, 4, 5, 6, 7, 8},
	op.ScaledConv.Op:    {0, 1, 2, 3, 4, 5, 6, 7, 8},
}

func intOperands(n *ir.Node) (in [intOperandCount]*ir.Value) {
	for i, k := range intPlaces[n.Op] {
		if k >= 0 && k < len(n.In) {
			in[i] = n.In[k]
		}
	}
	return in
}

// maxIntDepth is the most products of bytes whose sum fits in 31 bits.
const maxIntDepth = 1 << 15

// takesInt reports whether types and sizes of all operands but A, B and A's zero point are what kernels take; the result has so
// many columns, of sums of depth products.
func takesInt(n *ir.Node, in *[intOperandCount]*ir.Value, columns ir.Type, axis, depth int) bool {
	most := maxIntDepth
	if n.Op == op.QLinearConv.Op { // which has a bias of integers
		most /= 2
	}
	if len(n.Bodies) > 0 || depth < 0 && n.Out[0].Type.DType != tensor.I32 || depth > most {
		return false
	}
	for i, v := range in {
		if v == nil {
			continue
		}
		if v.Type.Kind != ir.Tensor || v.Type.Unranked || (i != intA && v.Type.Layout != ir.RowMajor) {
			return false
		}
		d := v.Type.DType
		switch i {
		case intSA, intSB, intSY:
			if d != tensor.F32 {
				return false
			}
		case intBias:
			if d != tensor.F32 && d != tensor.I32 {
				return false
			}
		default:
			if d != tensor.I8 && d != tensor.U8 {
				return false
			}
		}
		switch one := isOneElement(v); i {
		case intSA, intSY, intZY:
			if !one {
				return false
			}
		case intZB, intSB:
			if !one && !isRow(v, columns, axis) {
				return false
			}
		case intBias:
			if v.Type.Rank() != 1 || !v.Type.Shape[0].Equal(columns.Shape[axis]) {
				return false
			}
		}
	}
	return true
}

func isOneElement(v *ir.Value) bool {
	dims, ok := v.Type.Shape.Ints()
	n, _ := tensor.Count(dims)
	return ok && n == 1
}

// isRow reports whether v holds one number for each place along an axis of t: it is a vector of that size.
func isRow(v *ir.Value, t ir.Type, axis int) bool {
	return v.Type.Rank() == 1 && v.Type.Shape[0].Equal(t.Shape[axis])
}

func takesIntMatMul(n *ir.Node) bool {
	in := intOperands(n)
	a, b, y := in[intA].Type, in[intB].Type, n.Out[0].Type
	if a.Unranked || b.Unranked || a.Rank() < 1 || b.Rank() < 1 || a.Layout != ir.RowMajor || y.Layout != ir.RowMajor {
		return false
	}
	if z := in[intZA]; z != nil && (z.Type.Unranked || !isOneElement(z) && (a.Rank() != 2 || !isRow(z, a, 0))) {
		return false
	}
	axis := b.Rank() - 1
	if n.Op == op.ScaledMatMul.Op && op.ScaledMatMul.Attrs(n).TransB {
		axis = 0
	} else if b.Rank() == 1 { // no columns: only numbers serve
		for _, i := range []int{intZB, intSB, intBias} {
			if in[i] != nil && (in[i].Type.Unranked || i == intBias || !isOneElement(in[i])) {
				return false
			}
		}
	}
	depth, ok := a.Shape[a.Rank()-1].Int()
	if !ok {
		depth = -1
	}
	if y.DType == tensor.I32 {
		depth = 0
	}
	return takesInt(n, &in, b, axis, depth) && (!packsB(in[intB]) || worthPacking(in[intB], func() (int, error) {
		d := in[intB].Data.Dims()
		return kern.PackedIntB(kern.IntPackingBest(), d[1-axis], d[axis]), nil
	}))
}

// packsB reports whether B is packed when compiling.
func packsB(b *ir.Value) bool { return b.IsConst() && b.Type.Rank() == 2 && !empty(b) }

// takesIntConv takes convolutions with constant weights whose padding is known.
func takesIntConv(l ir.Layout) func(*ir.Node) bool {
	return func(n *ir.Node) bool {
		in := intOperands(n)
		x, w, y := in[intA].Type, in[intB], n.Out[0].Type
		if x.Unranked || x.Layout != l || y.Layout != l || !w.IsConst() || len(x.Shape) < 3 || len(x.Shape) > 5 || empty(w) {
			return false
		}
		if z := in[intZA]; z != nil && (z.Type.Unranked || !isOneElement(z)) {
			return false
		}
		depth := 1
		for _, d := range w.Data.Dims()[1:] {
			depth *= d
		}
		if y.DType == tensor.I32 {
			depth = 0
		}
		p, ok := intConvParam(n)
		return ok && takesInt(n, &in, w.Type, 0, depth) && worthPacking(w, func() (int, error) { return kern.PackedIntConv(p, w.Data.Dims()) })
	}
}

// worthPacking reports whether panels of w take memory in proportion to w: where they have few columns each, most of a panel is padding.
func worthPacking(w *ir.Value, packed func() (int, error)) bool {
	const some, times = 16 << 20, 16
	n, err := packed()
	return err == nil && (n <= some || n/times <= w.Data.Len())
}

// intConvParam returns the parameter of an integer convolution but for what intParam fills in; false where its padding is not known.
func intConvParam(n *ir.Node) (*kern.IntConvParam, bool) {
	windows, ok := windowsOf(n)
	if !ok {
		return nil, false
	}
	p := &kern.IntConvParam{Conv: *windows}
	p.Packing = kern.IntPackingBest()
	if zeros, ok := depthZeros(n, p); ok {
		p.Depth = zeros // and NR as windowsOf has it
	} else {
		p.Conv.NR = p.Packing.NR
	}
	return p, true
}

// windowsOf returns the windows of an integer convolution.
func windowsOf(n *ir.Node) (*kern.ConvParam, bool) {
	m := *n
	switch a := n.Attrs.(type) {
	case op.ScaledConvAttrs:
		m.Attrs = a.Conv()
	}
	in := intOperands(n)
	m.In = []*ir.Value{in[intA], in[intB]}
	return convParam(&m)
}

// intParam fills in what products have in common, and puts the operands in order.
func intParam(c *call, n *ir.Node) kern.IntParam {
	in := intOperands(n)
	p := kern.IntParam{ASigned: in[intA].Type.DType == tensor.I8, BSigned: in[intB].Type.DType == tensor.I8, Result: kernType(n.Out[0].Type.DType), Fixed: true}
	if b := in[intBias]; b != nil {
		p.RealBias = b.Type.DType == tensor.F32
	}
	for _, v := range in[1:] {
		p.Fixed = p.Fixed && (v == nil || isWeights(v))
	}
	lo, hi := float32(math.Inf(-1)), float32(math.Inf(1))
	switch a := n.Attrs.(type) {
	case op.ScaledMatMulAttrs:
		lo, hi = a.Min, a.Max
	case op.ScaledConvAttrs:
		lo, hi = a.Min, a.Max
	}
	if !math.IsInf(float64(lo), -1) || !math.IsInf(float64(hi), 1) {
		p.Clamp = kern.Clamp{On: true, Lo: lo, Hi: hi}
	}
	c.SetArgs(slices.Clone(in[:])...)
	return p
}

func emitIntMatMul(c *call, n *ir.Node) (any, error) {
	p := &kern.IntMatMulParam{IntParam: intParam(c, n)}
	if n.Op == op.ScaledMatMul.Op {
		p.TransB = op.ScaledMatMul.Attrs(n).TransB
	}
	b := intOperands(n)[intB]
	if !packsB(b) {
		p.Fixed = false
		return p, nil
	}
	p.Packing = kern.IntPackingBest()
	k, cols := b.Data.Dims()[0], b.Data.Dims()[1]
	if p.TransB {
		k, cols = cols, k
	}
	packed := c.e.room.tensor(tensor.U8, kern.PackedIntB(p.Packing, k, cols))
	kern.PackIntB(packed.Bytes(), b.Data.Bytes(), p.Packing, k, cols, p.TransB, p.ASigned, p.BSigned)
	c.PackAs(1, packed, b.Type.Shape)
	return p, nil
}

func intMatMulScratch(param any, args []kern.Arg, workers int) (int, error) {
	return kern.IntMatMulScratch(param.(*kern.IntMatMulParam), args, workers)
}

func emitIntConv(c *call, n *ir.Node) (any, error) {
	p, _ := intConvParam(n)
	packing := p.Packing
	p.IntParam = intParam(c, n)
	p.Packing = packing
	w := intOperands(n)[intB]
	size, err := kern.PackedIntConv(p, w.Data.Dims())
	if err != nil {
		return nil, err
	}
	packed := c.e.room.tensor(tensor.U8, size)
	if err := kern.PackIntConv(packed.Bytes(), w.Data.Bytes(), p, w.Data.Dims()); err != nil {
		return nil, err
	}
	c.PackAs(1, packed, w.Type.Shape)
	return p, nil
}

// depthZeros returns the zero points of the weights of a depthwise convolution whose sums are whole float32; false where it is
// none, or they are not known.
func depthZeros(n *ir.Node, p *kern.IntConvParam) ([]int32, bool) {
	in := intOperands(n)
	w, taps := in[intB].Data.Dims(), 1
	for _, d := range w[2:] {
		taps *= d
	}
	if p.Conv.Group == 1 || w[1] != 1 || taps > kern.IntDepthTaps {
		return nil, false
	}
	z := in[intZB]
	if z == nil {
		return []int32{}, true
	}
	if !z.IsConst() {
		return nil, false
	}
	zeros := make([]int32, z.Data.Len())
	for i := range zeros {
		zeros[i] = int32(z.Data.Float64At(i))
	}
	return zeros, true
}

func intConvScratch(param any, args []kern.Arg, workers int) (int, error) {
	return kern.IntConvScratch(param.(*kern.IntConvParam), args, workers)
}
