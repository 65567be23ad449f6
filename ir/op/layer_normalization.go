package op

import (
	"fmt"
	"math"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// LayerNormalizationAttrs holds the first axis of those normalised together, what is added to the variance, and the element type
// of mean and inv_std_dev by ONNX's number: 1 is float32, 16 bfloat16.
type LayerNormalizationAttrs struct {
	Axis      int     `ir:"axis"`
	Epsilon   float32 `ir:"epsilon"`
	StashType int     `ir:"stash_type"`
}

// LayerNormalization is (x − mean)/√(var + Epsilon)·scale + bias over the axes from Axis on; further results are the mean and 1/√(var +
// Epsilon).
var LayerNormalization = defineN(DefN[LayerNormalizationAttrs]{
	Name: "layer_normalization", ONNX: "LayerNormalization",
	Sig:   "x T, scale T, bias? T -> y T, mean? f32|bf16, inv_std_dev? f32|bf16; T float",
	Props: ir.Pure,
	Attrs: LayerNormalizationAttrs{Axis: -1, Epsilon: 1e-5, StashType: 1},
	Infer: func(sc *ir.Scope, a LayerNormalizationAttrs, in []ir.Known) ([]ir.Known, error) {
		d, err := stashType(a.StashType)
		if err != nil {
			return nil, err
		}
		t, axis, err := normalizedType(sc, a.Axis, in[0].Type, in[1:]...)
		if err != nil || t.Unranked {
			return []ir.Known{of(t), of(ir.UnrankedOf(d)), of(ir.UnrankedOf(d))}, err
		}
		stat := append(ir.Shape{}, t.Shape...)
		for i := axis; i < len(stat); i++ {
			stat[i] = sym.Const(1)
		}
		s := of(ir.TensorOf(d, stat...))
		return []ir.Known{of(t), s, s}, nil
	},
	Eval:  layerNormalizationEval,
	Lower: lowerLayerNorm,
})

// stashType returns the element type that ONNX numbers so; only those that statistics may have are.
func stashType(n int) (tensor.DType, error) {
	if n == int(tensor.F32) || n == int(tensor.BF16) {
		return tensor.DType(n), nil
	}
	return 0, fmt.Errorf("stash_type %d is neither 1 (f32) nor 16 (bf16)", n)
}

// normalizedType infers the type of x normalised over the axes from axis on, to which the factors must broadcast; it returns that axis
// counted from the front.
func normalizedType(sc *ir.Scope, axis int, x ir.Type, factors ...ir.Known) (ir.Type, int, error) {
	x.Layout = ir.RowMajor
	if x.Unranked {
		return x, 0, nil
	}
	axis, err := normAxis(axis, len(x.Shape))
	if err != nil {
		return x, 0, err
	}
	for i, k := range factors {
		if !k.Present() || k.Type.Unranked {
			continue
		}
		if err := broadcastsTo(sc, k.Type.Shape, x.Shape, []string{"scale", "bias"}[i]); err != nil {
			return x, 0, err
		}
	}
	return x, axis, nil
}

// A normalized is the operands of a normalisation over trailing axes, loaded: outer rows of inner elements.
type normalized struct {
	x, scale, bias []float64
	outer, inner   int
	stat           []int // sizes of the statistics
}

// loadNormalized loads x and the factors, which broadcast to it.
func loadNormalized(e *ir.Env, axis int, x, scale, bias *tensor.Tensor) (*normalized, error) {
	dims := x.Dims()
	axis, err := normAxis(axis, len(dims))
	if err != nil {
		return nil, err
	}
	n := &normalized{outer: count(dims[:axis]), inner: count(dims[axis:]), stat: append([]int{}, dims...)}
	fill(n.stat[axis:], 1)
	v, err := loadAll[float64](e, x, scale, bias)
	if err != nil {
		return nil, err
	}
	n.x = v[0]
	if n.scale, err = spreadFactor(e, v[1], scale, dims, "scale"); err != nil {
		return nil, err
	}
	n.bias, err = spreadFactor(e, v[2], bias, dims, "bias")
	return n, err
}

func spreadFactor(e *ir.Env, v []float64, t *tensor.Tensor, dims []int, what string) ([]float64, error) {
	if t == nil {
		return nil, nil
	}
	if err := e.Take(tensor.F64, dims); err != nil {
		return nil, err
	}
	return spreadTo(v, t.Dims(), dims, what)
}

// apply multiplies by the scale and adds the bias, where they are.
func (n *normalized) apply() {
	for i, s := range n.scale {
		n.x[i] *= s
	}
	for i, b := range n.bias {
		n.x[i] += b
	}
}

// standardize subtracts the mean from x and multiplies by 1/√(var + eps), both of which it returns.
func standardize(x []float64, eps float64) (mean, inv float64) {
	if len(x) == 0 { // the mean of nothing is 0, as reduce_mean has it
		return 0, 1 / math.Sqrt(eps)
	}
	for _, v := range x {
		mean += v
	}
	mean /= float64(len(x))
	s := 0.0
	for _, v := range x {
		s += (v - mean) * (v - mean)
	}
	inv = 1 / math.Sqrt(s/float64(len(x))+eps)
	for i, v := range x {
		x[i] = (v - mean) * inv
	}
	return mean, inv
}

func layerNormalizationEval(e *ir.Env, a LayerNormalizationAttrs, in []tensor.Value) ([]tensor.Value, error) {
	x := tens(in, 0)
	d, err := stashType(a.StashType)
	if err != nil {
		return nil, err
	}
	n, err := loadNormalized(e, a.Axis, x, tens(in, 1), tens(in, 2))
	if err != nil {
		return nil, err
	}
	mean, err := alloc[float64](e, n.stat...)
	if err != nil {
		return nil, err
	}
	inv, err := alloc[float64](e, n.stat...)
	if err != nil {
		return nil, err
	}
	for i := range n.outer {
		mean[i], inv[i] = standardize(n.x[i*n.inner:(i+1)*n.inner], float64(a.Epsilon))
	}
	n.apply()
	return storeAll(e, []tensor.DType{x.DType(), d, d}, [][]float64{n.x, mean, inv}, x.Dims(), n.stat, n.stat)
}

// storeAll is store for several results.
func storeAll(e *ir.Env, d []tensor.DType, v [][]float64, dims ...[]int) ([]tensor.Value, error) {
	out := make([]tensor.Value, len(v))
	for i := range v {
		t, err := store(e, d[i], v[i], dims[i]...)
		if err != nil {
			return nil, err
		}
		out[i] = t
	}
	return out, nil
}

// RMSNormalizationAttrs holds the first axis of those normalised together, what is added to the mean square, and ONNX's number of the
// type that exporters meant to compute in.
type RMSNormalizationAttrs struct {
	Axis      int     `ir:"axis"`
	Epsilon   float32 `ir:"epsilon"`
	StashType int     `ir:"stash_type"`
}

// RMSNormalization is x/√(mean(x²) + Epsilon)·scale over the axes from Axis on, of scale's element type.
var RMSNormalization = define(Def[RMSNormalizationAttrs]{
	Name: "rms_normalization", ONNX: "RMSNormalization", Sig: "x T, scale V -> y V; T float, V float",
	Props: ir.Pure,
	Attrs: RMSNormalizationAttrs{Axis: -1, Epsilon: 1e-5, StashType: 1},
	Infer: func(sc *ir.Scope, a RMSNormalizationAttrs, in []ir.Known) (ir.Known, error) {
		t, _, err := normalizedType(sc, a.Axis, in[0].Type, in[1])
		return of(t.WithDType(in[1].Type.DType)), err
	},
	Eval: func(e *ir.Env, a RMSNormalizationAttrs, in []tensor.Value) (tensor.Value, error) {
		x, scale := tens(in, 0), tens(in, 1)
		n, err := loadNormalized(e, a.Axis, x, scale, nil)
		if err != nil {
			return nil, err
		}
		for i := range n.outer {
			rmsRow(n.x[i*n.inner:(i+1)*n.inner], float64(a.Epsilon))
		}
		n.apply()
		return value(store(e, scale.DType(), n.x, x.Dims()...))
	},
	Lower: lowerRMSNorm,
})

// rmsRow divides x by √(mean(x²) + eps).
func rmsRow(x []float64, eps float64) {
	s := 0.0
	for _, v := range x {
		s += v * v
	}
	inv := 1 / math.Sqrt(s/float64(len(x))+eps)
	for i := range x {
		x[i] *= inv
	}
}
