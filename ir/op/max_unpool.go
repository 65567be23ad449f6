package op

import (
	"fmt"
	"slices"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// MaxUnpoolAttrs holds the windows of the pool that is undone.
type MaxUnpoolAttrs struct {
	KernelShape []int `ir:"kernel_shape"`
	Pads        []int `ir:"pads"`
	Strides     []int `ir:"strides"`
}

// MaxUnpool puts each element of x[N,C,…] where indices says that a pool found it, among zeros.
// Indices count the elements of the least operand that the pool can have had; output_shape may be greater, and then has zeros behind.
var MaxUnpool = define(Def[MaxUnpoolAttrs]{
	Name: "max_unpool", ONNX: "MaxUnpool", Sig: "x T, indices i64, output_shape? i64 -> y T; T float",
	Props: ir.Pure,
	Infer: func(sc *ir.Scope, a MaxUnpoolAttrs, in []ir.Known) (ir.Known, error) {
		t, err := a.infer(sc, in)
		return of(t), err
	},
	Eval: func(e *ir.Env, a MaxUnpoolAttrs, in []tensor.Value) (tensor.Value, error) {
		x, at := tens(in, 0), tens(in, 1)
		from, err := a.dims(x.Dims())
		if err != nil {
			return nil, err
		}
		dims := slices.Clone(from)
		if s := tens(in, 2); s != nil {
			if s.Len() != x.Rank() {
				return nil, fmt.Errorf("output_shape has %d entries, not %d", s.Len(), x.Rank())
			}
			for i, n := range s.Int64s() {
				dims[i] = int(n)
			}
		}
		return value(unpool(e, x, at, from, dims))
	},
})

// unpool scatters x into a tensor of sizes dims; at counts elements of one of sizes from, which lies at its origin.
func unpool(e *ir.Env, x, at *tensor.Tensor, from, dims []int) (*tensor.Tensor, error) {
	y, err := alloc[float64](e, dims...)
	if err != nil {
		return nil, err
	}
	total, ok := tensor.Count(from)
	if !ok {
		return nil, fmt.Errorf("sizes %v are not possible", from)
	}
	v, err := load[float64](e, x)
	if err != nil {
		return nil, err
	}
	idx := at.Int64s()
	if len(idx) != len(v) {
		return nil, fmt.Errorf("%d indices for %d elements", len(idx), len(v))
	}
	st := strides(dims)
	for i, j := range idx {
		if j < 0 || j >= int64(total) {
			return nil, fmt.Errorf("index %d is out of range for %d elements", j, total)
		}
		off, rest := 0, int(j)
		for k := len(from) - 1; k >= 0; k-- {
			at := rest % from[k]
			rest /= from[k]
			if at >= dims[k] {
				return nil, fmt.Errorf("index %d lies outside sizes %v", j, dims)
			}
			off += at * st[k]
		}
		y[off] = v[i]
	}
	return store(e, x.DType(), y, dims...)
}

func (a MaxUnpoolAttrs) window(rank int) (windowAttrs, error) {
	if rank < 2 || len(a.KernelShape) != rank-2 {
		return windowAttrs{}, fmt.Errorf("kernel_shape %v does not fit an operand of rank %d", a.KernelShape, rank)
	}
	return windowAttrs{kernel: a.KernelShape, pads: a.Pads, strides: a.Strides}.filled(rank - 2)
}

func (a MaxUnpoolAttrs) infer(sc *ir.Scope, in []ir.Known) (ir.Type, error) {
	x := in[0].Type
	if x.Unranked {
		x = ir.TensorOf(x.DType, sc.FreshShape(len(a.KernelShape)+2)...)
	}
	w, err := a.window(len(x.Shape))
	if err != nil {
		return ir.Type{}, err
	}
	if in[1].Rank() >= 0 {
		if in[1].Rank() != len(x.Shape) {
			return ir.Type{}, fmt.Errorf("indices of rank %d for an operand of rank %d", in[1].Rank(), len(x.Shape))
		}
		for i, d := range x.Shape {
			if _, err := sc.Same(d, in[1].Type.Shape[i], "indices"); err != nil {
				return ir.Type{}, err
			}
		}
	}
	out := append(ir.Shape{}, x.Shape...)
	if in[2].Present() {
		sizes, ok := in[2].Sizes()
		if ok && len(sizes) != len(out) {
			return ir.Type{}, fmt.Errorf("output_shape has %d entries, not %d", len(sizes), len(out))
		}
		for i := range out {
			if ok && sizes[i].Valid() {
				out[i] = sizes[i]
			} else {
				out[i] = sc.Fresh()
			}
		}
		return ir.TensorOf(x.DType, out...), nil
	}
	n := len(w.kernel)
	for i := range n {
		grown := sym.Mul(sym.Sub(out[2+i], sym.Const(1)), sym.Const(w.strides[i]))
		out[2+i] = sym.Add(grown, sym.Const(w.kernel[i]-w.pads[i]-w.pads[n+i]))
	}
	return ir.TensorOf(x.DType, out...), nil
}

// dims returns the least sizes that the pool's operand can have had.
func (a MaxUnpoolAttrs) dims(x []int) ([]int, error) {
	w, err := a.window(len(x))
	if err != nil {
		return nil, err
	}
	out := append([]int{}, x...)
	n := len(w.kernel)
	for i := range n {
		if x[2+i] > maxWindowAttr {
			return nil, fmt.Errorf("size %d is out of range", x[2+i])
		}
		out[2+i] = (x[2+i]-1)*w.strides[i] + w.kernel[i] - w.pads[i] - w.pads[n+i]
	}
	return out, nil
}
