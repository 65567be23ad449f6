package onnxgo

import (
	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// evaluation is the reference evaluation of an op.
type evaluation = func(*ir.Env, any, []tensor.Value) ([]tensor.Value, error)

// inFloat32 are the ops that NumPy computes in float32, and how: the results that ONNX's test cases expect were made so, and
// onnx-go compares them to 1e-6.
var inFloat32 = map[*ir.Op]func(evaluation) evaluation{
	op.Pow.Op:             powers,
	op.ReduceSum.Op:       wholeBy(sum32),
	op.ReduceL1.Op:        wholeBy(func(x []float32) float32 { return sum32(mapped(x, func(v float32) float32 { return max(v, -v) })) }),
	op.ReduceSumSquare.Op: wholeBy(func(x []float32) float32 { return sum32(mapped(x, func(v float32) float32 { return v * v })) }),
	op.ReduceProd.Op:      wholeBy(product32),
}

// asNumPy makes the strict evaluation of g add up whole float32 tensors, and take powers, as NumPy does.
func asNumPy(g *ir.Graph) {
	for _, n := range g.Nodes {
		if f := inFloat32[n.Op]; f != nil {
			own := *n.Op
			own.Eval = f(n.Op.Eval)
			n.Op = &own
		}
	}
}

// wholeBy replaces the result of an evaluation by f's where that reduces a float32 tensor to one element.
func wholeBy(f func([]float32) float32) func(evaluation) evaluation {
	return func(eval evaluation) evaluation {
		return func(e *ir.Env, attrs any, in []tensor.Value) ([]tensor.Value, error) {
			out, err := eval(e, attrs, in)
			if err != nil || len(out) == 0 {
				return out, err
			}
			x, isX := in[0].(*tensor.Tensor)
			y, isY := out[0].(*tensor.Tensor)
			if isX && isY && x.DType() == tensor.F32 && y.Len() == 1 && x.Len() > 1 {
				return []tensor.Value{tensor.Of([]float32{f(tensor.Data[float32](x))}).Reshape(y.Dims()...)}, nil
			}
			return out, nil
		}
	}
}

func mapped(x []float32, f func(float32) float32) []float32 {
	out := make([]float32, len(x))
	for i, v := range x {
		out[i] = f(v)
	}
	return out
}

func product32(x []float32) float32 {
	p := float32(1)
	for _, v := range x {
		p *= v
	}
	return p
}

// sum32 adds up in pairs of halves down to 128 elements, and those in eight partial sums.
func sum32(x []float32) float32 {
	if len(x) > 128 {
		half := len(x) / 2
		half -= half % 8
		return sum32(x[:half]) + sum32(x[half:])
	}
	var s float32
	if len(x) >= 8 {
		var r [8]float32
		for ; len(x) >= 8; x = x[8:] {
			for i := range r {
				r[i] += x[i]
			}
		}
		s = ((r[0] + r[1]) + (r[2] + r[3])) + ((r[4] + r[5]) + (r[6] + r[7]))
	}
	for _, v := range x {
		s += v
	}
	return s
}
