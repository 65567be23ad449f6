package kern

import (
	"fmt"
	"math"
	"testing"
)

func TestUnaryOnOtherTypes(t *testing.T) {
	d := []int{4}
	x, y := []int64{-3, 0, 5, math.MinInt64}, make([]int64, 4)
	for op, want := range map[Op]string{OpNeg: "[3 0 -5 -9223372036854775808]", OpAbs: "[3 0 5 -9223372036854775808]", OpSign: "[-1 0 1 -1]", OpSquare: "[9 0 25 0]", OpRelu: "[0 0 5 0]"} {
		run(t, "int64", Unary, &ArithParam{op, Int64}, Arg{Bytes(x), d}, Arg{Bytes(y), d})
		if fmt.Sprint(y) != want {
			t.Errorf("op %d: %v, want %s", op, y, want)
		}
	}
	b := make([]byte, 4)
	run(t, "not", Unary, &ArithParam{OpNot, Bool}, Arg{[]byte{1, 0, 0, 1}, d}, Arg{b, d})
	if fmt.Sprint(b) != "[0 1 1 0]" {
		t.Error(b)
	}
	f, g := []float64{0.5, -2, math.NaN(), math.Inf(-1)}, make([]float64, 4)
	for _, u := range unaryRefs {
		if u.op == OpNot || unary64(u.op) == nil && u.op > OpAbs && u.op != OpSquare && u.op != OpRelu && u.op != OpSign || u.op == OpIsNaN || u.op == OpIsInf {
			continue
		}
		run(t, fmt.Sprint("op ", u.op), Unary, &ArithParam{u.op, Float64}, Arg{Bytes(f), d}, Arg{Bytes(g), d})
		for i, v := range f {
			if want := u.f(v); math.Abs(g[i]-want) > 1e-14 && !math.IsInf(v, 0) {
				t.Errorf("op %d of %g: %g, want %g", u.op, v, g[i], want)
			}
		}
	}
	run(t, "isnan", Unary, &ArithParam{OpIsNaN, Float64}, Arg{Bytes(f), d}, Arg{b, d})
	if fmt.Sprint(b) != "[0 0 1 0]" {
		t.Error(b)
	}
	if Unary(&Call{Args: []Arg{{Bytes(x), d}, {Bytes(y), d}}, Param: &ArithParam{OpExp, Int64}}) == nil {
		t.Error("exp of integers gives no error")
	}
}
