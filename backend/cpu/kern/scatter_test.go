package kern

import (
	"errors"
	"fmt"
	"testing"
)

func TestScatterWritesInOrder(t *testing.T) {
	data := []float32{1, 2, 3, 4, 5, 6}
	for _, tc := range []struct {
		f     Func
		p     ScatterParam
		idx   []int64
		iDims []int
		upd   []float32
		uDims []int
		want  string
	}{
		{ScatterND, ScatterParam{}, []int64{-1, 0}, []int{2, 1}, []float32{7, 8, 9, 10}, []int{2, 2}, "[9 10 3 4 7 8]"},
		{ScatterND, ScatterParam{}, []int64{1, 1, 1, -1}, []int{2, 2}, []float32{7, 8}, []int{2}, "[1 2 3 8 5 6]"},
		{ScatterND, ScatterParam{Op: ScatterAdd}, []int64{1, 1}, []int{2, 1}, []float32{10, 20, 30, 40}, []int{2, 2}, "[1 2 43 64 5 6]"},
		{ScatterElements, ScatterParam{Axis: 0}, []int64{2, 0}, []int{1, 2}, []float32{7, 8}, []int{1, 2}, "[1 8 3 4 7 6]"},
		{ScatterElements, ScatterParam{Axis: -1, Op: ScatterMax}, []int64{1, 1, -2, 0}, []int{2, 2}, []float32{9, 8, 1, 7}, []int{2, 2}, "[1 9 7 4 5 6]"},
		{ScatterElements, ScatterParam{Op: ScatterMul}, []int64{}, []int{0, 2}, []float32{}, []int{0, 2}, "[1 2 3 4 5 6]"},
	} {
		y := make([]float32, 6)
		tc.p.Index = Int64
		d := []int{3, 2}
		run(t, fmt.Sprint(tc.want), tc.f, &tc.p, arg(d, data), Arg{Bytes(tc.idx), tc.iDims}, arg(tc.uDims, tc.upd), arg(d, y))
		if fmt.Sprint(y) != tc.want {
			t.Errorf("%+v: %v, want %s", tc.p, y, tc.want)
		}
	}
	for _, f := range []Func{ScatterND, ScatterElements} {
		err := f(&Call{Args: []Arg{arg([]int{6}, data), {Bytes([]int64{6}), []int{1}}, arg([]int{1}, data), arg([]int{6}, make([]float32, 6))}, Param: &ScatterParam{Index: Int64}})
		var ie *IndexError
		if !errors.As(err, &ie) || ie.Index != 6 || ie.Size != 6 {
			t.Error(err)
		}
	}
}
