// Command nbits writes the kernels that make floats of weights of four and eight bits, a panel of columns at a time.
package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"github.com/cameo-onnx/cameo/backend/cpu/kern/_asm/emit"
)

func main() {
	ConstraintExpr("!purego")
	for _, v := range emit.ISAs {
		widen(v, 4)
		widen(v, 8)
	}
	Generate()
}

// widen is the loop over rows of a block: bits to floats, less the zero points, times the scales. With AVX-512 four bits become
// floats by a permutation of a table, which looks at no others.
func widen(v emit.ISA, bits int) {
	cols := 2 * v.Lanes
	name := fmt.Sprintf("widenU%dx%d%s", bits, cols, v.Name)
	TEXT(name, NOSPLIT, "func(n int, src *byte, dst, scale, zero, table *float32)")
	Pragma("noescape")
	order := "columns lie in order"
	if bits == 4 {
		order = fmt.Sprintf("low halves of bytes are columns 0 to %d, high ones the rest", v.Lanes-1)
	}
	Doc(fmt.Sprintf("%s sets dst[i][j] = (src[i][j] - zero[j]) * scale[j] for n rows of %d columns; n > 0, table[k] = k for k < 16; %s.", name, cols, order))
	n, src, dst := emit.Arg("n"), emit.Arg("src"), emit.Arg("dst")
	scalePtr, zeroPtr, tablePtr := emit.Arg("scale"), emit.Arg("zero"), emit.Arg("table")
	var scale, zero, x [2]reg.VecVirtual
	for i := range 2 {
		scale[i], zero[i], x[i] = v.Vec(), v.Vec(), v.Vec()
		VMOVUPS(Mem{Base: scalePtr, Disp: 4 * v.Lanes * i}, scale[i])
		VMOVUPS(Mem{Base: zeroPtr, Disp: 4 * v.Lanes * i}, zero[i])
	}
	table := v.Vec()
	if bits == 4 && v.Lanes == 16 {
		VMOVUPS(Mem{Base: tablePtr}, table)
	} else if bits == 4 {
		VPCMPEQD(table, table, table)
		VPSRLD(U8(28), table, table) // 15
	}
	bytes := v.Lanes
	if bits == 8 {
		bytes = cols
	}
	Label("row")
	VPMOVZXBD(Mem{Base: src}, x[0])
	switch {
	case bits == 8:
		VPMOVZXBD(Mem{Base: src, Disp: v.Lanes}, x[1])
	default:
		VPSRLD(U8(4), x[0], x[1])
	}
	for i := range 2 {
		switch {
		case bits == 4 && v.Lanes == 16:
			VPERMPS(table, x[i], x[i])
		case bits == 4 && i == 0:
			VPAND(table, x[i], x[i])
			fallthrough
		default:
			VCVTDQ2PS(x[i], x[i])
		}
		VSUBPS(zero[i], x[i], x[i])
		VMULPS(scale[i], x[i], x[i])
		VMOVUPS(x[i], Mem{Base: dst, Disp: 4 * v.Lanes * i})
	}
	ADDQ(U8(bytes), src)
	ADDQ(U32(uint32(4*cols)), dst)
	DECQ(n)
	JNZ(LabelRef("row"))
	VZEROUPPER()
	RET()
}
