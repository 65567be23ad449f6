package kern

import (
	"fmt"
	"testing"
)

// A range that starts or ends anywhere gives the bits of the whole.
func TestPointwiseRangesMatchWhole(t *testing.T) {
	forRows(t, func(t *testing.T) {
		for _, tc := range []struct{ out, b []int }{{[]int{9, 64}, []int{64}}, {[]int{9, 64}, []int{9, 1}}, {[]int{3, 5, 700}, []int{3, 1, 700}}, {[]int{3, 5, 700}, []int{5, 1}},
			{[]int{4, 6, 7}, []int{4, 1, 7}}, {[]int{5000}, []int{}}, {[]int{2000, 2}, []int{2}}, {[]int{6, 8, 16}, []int{8, 16}}} {
			n := dimsLen(tc.out)
			x, b, whole, parts := random(41, n), random(42, dimsLen(tc.b)), make([]float32, n), make([]float32, n)
			p := &PointwiseParam{Program: Program{2, 1, 4, []Instr{{Op: OpAdd, Dst: 3, A: 0, B: 1}, {Op: OpGelu, Dst: 2, A: 3}}}}
			if err := PointwiseF32(&Call{Param: p, Args: []Arg{arg(tc.out, x), arg(tc.b, b), arg(tc.out, whole)}}); err != nil {
				t.Fatal(err)
			}
			copy(parts, x)
			var pw Pointwise
			if err := pw.Set(p, []Arg{arg(tc.out, parts), arg(tc.b, b), arg(tc.out, parts)}); err != nil {
				t.Fatal(err)
			}
			for at := 0; at < n; {
				to := min(n, at+1+at*7%1500)
				pw.Range(at, to)
				at = to
			}
			for i := range whole {
				if whole[i] != parts[i] {
					t.Fatalf("%v: element %d is %g in parts, %g as a whole", tc, i, parts[i], whole[i])
				}
			}
		}
	})
}

func TestPointwiseConvertsTypes(t *testing.T) {
	mask := []byte{1, 0, 1}
	idx := []int64{-5, 7, 1 << 40}
	out := make([]int32, 3)
	flag := make([]byte, 3)
	d := []int{3}
	c := Call{Args: []Arg{{mask, d}, {Bytes(idx), d}, {Bytes(out), d}, {flag, d}}, Param: &PointwiseParam{
		Program: Program{2, 2, 5, []Instr{{Op: OpMul, Dst: 4, A: 0, B: 1}, {Op: OpMin, Dst: 2, A: 4, B: ImmReg, Imm: 100.75}, {Op: OpLt, Dst: 3, A: 1, B: ImmReg, Imm: 0}}},
		Types:   []DType{Bool, Int64, Int32, Bool}}}
	if err := PointwiseF32(&c); err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(out, flag) != "[-5 0 100] [1 0 0]" {
		t.Error(out, flag)
	}
}

func TestPointwiseRefusesBadPrograms(t *testing.T) {
	x := make([]float32, 4)
	ok := []Instr{{Op: OpNeg, Dst: 1, A: 0}}
	for name, tc := range map[string]struct {
		p    Program
		a, y []int
	}{
		"unknown op":           {Program{1, 1, 2, []Instr{{Op: numOps, Dst: 1}}}, []int{4}, []int{4}},
		"writes an operand":    {Program{1, 1, 2, []Instr{{Op: OpNeg, Dst: 0}}}, []int{4}, []int{4}},
		"register beyond":      {Program{1, 1, 2, []Instr{{Op: OpNeg, Dst: 1, A: 2}}}, []int{4}, []int{4}},
		"immediate for unary":  {Program{1, 1, 2, []Instr{{Op: OpNeg, Dst: 1, A: ImmReg}}}, []int{4}, []int{4}},
		"too many registers":   {Program{1, 1, 65, ok}, []int{4}, []int{4}},
		"operand too short":    {Program{1, 1, 2, ok}, []int{5}, []int{5}},
		"does not broadcast":   {Program{1, 1, 2, ok}, []int{2}, []int{4}},
		"sizes that overflow":  {Program{1, 1, 2, ok}, []int{1 << 40, 1 << 40}, []int{4}},
		"two immediates":       {Program{1, 1, 2, []Instr{{Op: OpAdd, Dst: 1, A: ImmReg, B: ImmReg}}}, []int{4}, []int{4}},
		"rank above the most":  {Program{1, 1, 2, ok}, []int{1, 1, 1, 1, 1, 1, 1, 1, 4}, []int{4}},
		"results not as large": {Program{1, 1, 2, ok}, []int{4}, []int{-4}},
	} {
		c := Call{Args: []Arg{arg(tc.a, x), arg(tc.y, x)}, Param: &PointwiseParam{Program: tc.p}}
		if PointwiseF32(&c) == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestPointwiseAllocatesNothing(t *testing.T) {
	n := 100000
	x, y := make([]float32, n), make([]float32, n)
	c := Call{Args: []Arg{arg([]int{n}, x), arg([]int{1}, x), arg([]int{n}, y)}, Param: &PointwiseParam{
		Program: Program{2, 1, 4, []Instr{{Op: OpMul, Dst: 3, A: 0, B: 1}, {Op: OpExp, Dst: 2, A: 3}}}}}
	if a := allocations(func() { _ = PointwiseF32(&c) }); a != 0 {
		t.Errorf("%v allocations per run", a)
	}
}
