package op

import (
	"fmt"
	"math"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// CDistAttrs holds the distance: euclidean or sqeuclidean, its square.
type CDistAttrs struct {
	Metric string `ir:"metric"`
}

func (a CDistAttrs) check() error {
	if a.Metric != "euclidean" && a.Metric != "sqeuclidean" {
		return fmt.Errorf("metric %q: %w", a.Metric, ir.ErrUnsupported)
	}
	return nil
}

// CDist is the distance of each row of a[M,K] to each row of b[N,K].
var CDist = define(Def[CDistAttrs]{
	Name: "cdist", ONNX: "CDist", Domain: "com.microsoft", Sig: "a T, b T -> y T; T f32|f64",
	Props: ir.Pure,
	Attrs: CDistAttrs{Metric: "sqeuclidean"},
	Infer: func(sc *ir.Scope, a CDistAttrs, in []ir.Known) (ir.Known, error) {
		if err := a.check(); err != nil {
			return ir.Known{}, err
		}
		x, err := rankedAs(sc, in[0], 2, "a")
		if err != nil {
			return ir.Known{}, err
		}
		y, err := rankedAs(sc, in[1], 2, "b")
		if err != nil {
			return ir.Known{}, err
		}
		_, err = sc.Same(x[1], y[1], "columns")
		return of(ir.TensorOf(in[0].Type.DType, x[0], y[0])), err
	},
	Eval: func(e *ir.Env, a CDistAttrs, in []tensor.Value) (tensor.Value, error) {
		if err := a.check(); err != nil {
			return nil, err
		}
		x, y := tens(in, 0), tens(in, 1)
		if x.Rank() != 2 || y.Rank() != 2 || x.Dims()[1] != y.Dims()[1] {
			return nil, fmt.Errorf("sizes %v and %v", x.Dims(), y.Dims())
		}
		v, err := loadAll[float64](e, x, y)
		if err != nil {
			return nil, err
		}
		m, n, k := x.Dims()[0], y.Dims()[0], x.Dims()[1]
		out, err := alloc[float64](e, m, n)
		if err != nil {
			return nil, err
		}
		for i := range m {
			if err := e.Err(); err != nil {
				return nil, err
			}
			p := v[0][i*k : (i+1)*k]
			for j := range n {
				sum := 0.0
				for t, q := range v[1][j*k : (j+1)*k] {
					sum += (p[t] - q) * (p[t] - q)
				}
				if a.Metric == "euclidean" {
					sum = math.Sqrt(sum)
				}
				out[i*n+j] = sum
			}
		}
		return value(store(e, x.DType(), out, m, n))
	},
})
