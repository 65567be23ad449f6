package kern

import (
	"fmt"
	"testing"
)

func BenchmarkPointwise(b *testing.B) {
	x, y := make([]float32, 1024), make([]float32, 1024)
	for i := range x {
		x[i] = float32(i)/200 - 2.5
	}
	for _, op := range []Op{OpAdd, OpMax, OpExp, OpTanh, OpSigmoid, OpGelu, OpGeluTanh, OpLog, OpErf} {
		b.Run(fmt.Sprintf("op%d", op), func(b *testing.B) {
			for b.Loop() {
				pwBest()[int(op)<<formBits](1024, &y[0], &x[0], &x[0], nil, 0)
			}
		})
	}
}

// BenchmarkPointwiseChain is six instructions over n elements.
func BenchmarkPointwiseChain(b *testing.B) {
	for _, n := range []int{64, 1 << 14, 1 << 20} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			x, y := make([]float32, n), make([]float32, n)
			c := Call{Threads: 1, Args: []Arg{arg([]int{n}, x), arg([]int{n}, y)}, Param: &PointwiseParam{Program: Program{1, 1, 4, []Instr{
				{Op: OpMul, Dst: 2, A: 0, B: ImmReg, Imm: 1.1}, {Op: OpAdd, Dst: 2, A: 2, B: ImmReg, Imm: .3}, {Op: OpMul, Dst: 3, A: 2, B: 2},
				{Op: OpMul, Dst: 3, A: 3, B: 2}, {Op: OpAdd, Dst: 3, A: 3, B: 0}, {Op: OpRelu, Dst: 1, A: 3}}}}}
			b.SetBytes(int64(8 * n))
			for b.Loop() {
				_ = PointwiseF32(&c)
			}
		})
	}
}
