package op

import (
	"fmt"
	"math"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// globalPool infers the sizes of x[N,C,…] with every spatial size 1.
func globalPool[A any](_ *ir.Scope, _ A, in []ir.Known) (ir.Known, error) {
	t := in[0].Type
	if t.Unranked {
		return of(ir.UnrankedOf(t.DType)), nil
	}
	if len(t.Shape) < 2 {
		return ir.Known{}, fmt.Errorf("operand of rank %d has no channels", len(t.Shape))
	}
	out := append(ir.Shape{}, t.Shape...)
	for i := range out[2:] {
		out[2+i] = sym.Const(1)
	}
	return of(ir.TensorOf(t.DType, out...)), nil
}

// planes evaluates a pool over all spatial axes by f, which gets the elements of one plane.
func planes[A any](f func(a A, x []float64) float64) evalFunc[A] {
	return func(e *ir.Env, a A, in []tensor.Value) (tensor.Value, error) {
		t := tens(in, 0)
		dims := t.Dims()
		if len(dims) < 2 {
			return nil, fmt.Errorf("operand of rank %d has no channels", len(dims))
		}
		out := []int{dims[0], dims[1]}
		for range dims[2:] {
			out = append(out, 1)
		}
		x, err := load[float64](e, t)
		if err != nil {
			return nil, err
		}
		y, err := alloc[float64](e, out...)
		if err != nil {
			return nil, err
		}
		n := count(dims[2:])
		for i := range y {
			y[i] = f(a, x[i*n:(i+1)*n])
		}
		return value(store(e, t.DType(), y, out...))
	}
}

// GlobalAveragePool is the mean over all spatial axes of x[N,C,…]; of nothing, 0, like ReduceMean.
var GlobalAveragePool = define(Def[None]{
	Name: "global_average_pool", ONNX: "GlobalAveragePool", Sig: "x T -> y T; T float",
	Props: ir.Pure,
	Infer: globalPool[None],
	Eval: planes(func(_ None, x []float64) float64 {
		s := 0.0
		for _, v := range x {
			s += v
		}
		return s / float64(max(1, len(x)))
	}),
})

// GlobalMaxPool is the greatest element over all spatial axes of x[N,C,…].
var GlobalMaxPool = define(Def[None]{
	Name: "global_max_pool", ONNX: "GlobalMaxPool", Sig: "x T -> y T; T float",
	Props: ir.Pure,
	Infer: globalPool[None],
	Eval: planes(func(_ None, x []float64) float64 {
		s := math.Inf(-1)
		for _, v := range x {
			s = max(s, v)
		}
		return s
	}),
})

// GlobalLpPoolAttrs holds the order of the norm.
type GlobalLpPoolAttrs struct {
	P int `ir:"p"`
}

// GlobalLpPool is the norm of order P over all spatial axes of x[N,C,…].
var GlobalLpPool = define(Def[GlobalLpPoolAttrs]{
	Name: "global_lp_pool", ONNX: "GlobalLpPool", Sig: "x T -> y T; T float",
	Props: ir.Pure,
	Attrs: GlobalLpPoolAttrs{P: 2},
	Infer: func(sc *ir.Scope, a GlobalLpPoolAttrs, in []ir.Known) (ir.Known, error) {
		if a.P < 1 {
			return ir.Known{}, fmt.Errorf("p %d is not positive", a.P)
		}
		return globalPool(sc, a, in)
	},
	Eval: planes(func(a GlobalLpPoolAttrs, x []float64) float64 {
		s := 0.0
		for _, v := range x {
			s += lpTerm(v, a.P)
		}
		return lpRoot(s, a.P)
	}),
	Lower: lowerGlobalLp,
})

// lpTerm is |x| to the power of p, and lpRoot its inverse.
func lpTerm(x float64, p int) float64 {
	switch p {
	case 1:
		return math.Abs(x)
	case 2:
		return x * x
	}
	return math.Pow(math.Abs(x), float64(p))
}

func lpRoot(s float64, p int) float64 {
	switch p {
	case 1:
		return s
	case 2:
		return math.Sqrt(s)
	}
	return math.Pow(s, 1/float64(p))
}
