package op

import (
	"fmt"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// DynamicTimeWarping is the path of least cost from the first element of a matrix [M,N] or [1,M,N] to its last, by steps along a row, a
// column or both: the rows and the columns that it passes [2,length]. Costs are added up in float32; of equal ones a step along the row
// wins, then one along the column.
var DynamicTimeWarping = define(Def[None]{
	Name: "dynamic_time_warping", ONNX: "DynamicTimeWarping", Domain: "com.microsoft", Sig: "cost f32 -> path i32",
	Props: ir.Pure,
	Infer: func(sc *ir.Scope, _ None, in []ir.Known) (ir.Known, error) {
		if r := in[0].Rank(); r >= 0 && r != 2 && r != 3 {
			return ir.Known{}, fmt.Errorf("costs of rank %d", r)
		}
		t := ir.TensorOf(tensor.I32, ir.ShapeOf(2, 1)...)
		t.Shape[1] = sc.Fresh()
		return of(t), nil
	},
	Eval: func(e *ir.Env, _ None, in []tensor.Value) (tensor.Value, error) {
		x := tens(in, 0)
		d := x.Dims()
		if len(d) == 3 && d[0] == 1 {
			d = d[1:]
		}
		if len(d) != 2 {
			return nil, fmt.Errorf("costs of sizes %v", x.Dims())
		}
		if err := e.Take(tensor.C64, []int{d[0] + 1, d[1] + 1}); err != nil {
			return nil, err
		}
		path, err := warp(e, tensor.Data[float32](x), d[0], d[1])
		if err != nil {
			return nil, err
		}
		y, err := e.New(tensor.I32, 2, len(path))
		if err != nil {
			return nil, err
		}
		out := tensor.Data[int32](y)
		for i, p := range path {
			at := len(path) - 1 - i // the path is found from its end
			out[at], out[len(path)+at] = int32(p[0]), int32(p[1])
		}
		return y, nil
	},
})

// warp returns the elements on the path through an m×n matrix, last first.
func warp(e *ir.Env, cost []float32, m, n int) ([][2]int, error) {
	const far = float32(3.4028234663852886e+38)
	wide := n + 1
	if err := e.Take(tensor.U8, []int{5, m + 1, wide}); err != nil { // sums and ways
		return nil, err
	}
	sum := make([]float32, (m+1)*wide)
	for i := range sum {
		sum[i] = far
	}
	sum[0] = 0
	from := make([]byte, len(sum)) // 0: both, 1: the row above, 2: the column before
	for j := 1; j <= n; j++ {
		if err := e.Err(); err != nil {
			return nil, err
		}
		for i := 1; i <= m; i++ {
			both, row, column := sum[(i-1)*wide+j-1], sum[(i-1)*wide+j], sum[i*wide+j-1]
			best, way := column, byte(2)
			switch {
			case both < row && both < column:
				best, way = both, 0
			case row < both && row < column:
				best, way = row, 1
			}
			sum[i*wide+j], from[i*wide+j] = cost[(i-1)*n+j-1]+best, way
		}
	}
	var path [][2]int
	for i, j := m, n; i > 0 && j > 0; {
		path = append(path, [2]int{i - 1, j - 1})
		switch from[i*wide+j] {
		case 0:
			i, j = i-1, j-1
		case 1:
			i--
		default:
			j--
		}
	}
	return path, nil
}
