// Command pack writes the kernels that put matrices in the order of panels: copies and transposes.
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
		copyRows(v)
		transpose(v)
	}
	Generate()
}

func copyRows(v emit.ISA) {
	cols := 2 * v.Lanes
	TEXT(fmt.Sprintf("copyF32x%d%s", cols, v.Name), NOSPLIT, "func(n int, src *float32, stride int, dst *float32)")
	Pragma("noescape")
	Doc(fmt.Sprintf("copyF32x%d%s copies n rows of %d floats, stride bytes apart, to dst, one behind the other; n > 0.", cols, v.Name, cols))
	n, src, stride, dst := emit.Arg("n"), emit.Arg("src"), emit.Arg("stride"), emit.Arg("dst")
	a, b := v.Vec(), v.Vec()
	Label("row")
	VMOVUPS(Mem{Base: src}, a)
	VMOVUPS(Mem{Base: src, Disp: 4 * v.Lanes}, b)
	VMOVUPS(a, Mem{Base: dst})
	VMOVUPS(b, Mem{Base: dst, Disp: 4 * v.Lanes})
	ADDQ(stride, src)
	ADDQ(U32(uint32(4*cols)), dst)
	DECQ(n)
	JNZ(LabelRef("row"))
	VZEROUPPER()
	RET()
}

// transpose takes four columns of all rows at a time: each vector holds four floats of rows i, i+4,
// i+8 and so on, so that transposing within 128-bit lanes is all that is left to do.
func transpose(v emit.ISA) {
	TEXT(fmt.Sprintf("transposeF32x%dx4%s", v.Lanes, v.Name), NOSPLIT,
		"func(quads int, src *float32, stride int, dst *float32, step int)")
	Pragma("noescape")
	Doc(fmt.Sprintf("transposeF32x%dx4%s transposes %d rows, stride bytes apart, of 4·quads floats to rows step bytes apart; quads > 0.",
		v.Lanes, v.Name, v.Lanes))
	quads, src, stride, dst, step := emit.Arg("quads"), emit.Arg("src"), emit.Arg("stride"), emit.Arg("dst"), emit.Arg("step")
	bases := []reg.GPVirtual{src}
	for i := 1; i < v.Lanes/4; i++ {
		p := emit.GP()
		LEAQ(Mem{Base: bases[i-1], Index: stride, Scale: 4}, p)
		bases = append(bases, p)
	}
	stride3 := emit.GP()
	LEAQ(Mem{Base: stride, Index: stride, Scale: 2}, stride3)
	rows := emit.Rows{Bases: bases, Stride: stride, Stride3: stride3}
	in, mid := make([]reg.VecVirtual, 4), make([]reg.VecVirtual, 4)
	for i := range in {
		in[i], mid[i] = v.Vec(), v.Vec()
	}
	Label("quad")
	for i, z := range in {
		VMOVUPS(rows.At(i, 0), z.AsX())
		for lane := 1; lane < v.Lanes/4; lane++ {
			if v.Lanes == 16 {
				VINSERTF32X4(U8(lane), rows.At(4*lane+i, 0), z, z)
			} else {
				VINSERTF128(U8(lane), rows.At(4*lane+i, 0), z, z)
			}
		}
	}
	VUNPCKLPS(in[1], in[0], mid[0])
	VUNPCKHPS(in[1], in[0], mid[1])
	VUNPCKLPS(in[3], in[2], mid[2])
	VUNPCKHPS(in[3], in[2], mid[3])
	VUNPCKLPD(mid[2], mid[0], in[0])
	VUNPCKHPD(mid[2], mid[0], in[1])
	VUNPCKLPD(mid[3], mid[1], in[2])
	VUNPCKHPD(mid[3], mid[1], in[3])
	for _, z := range in {
		VMOVUPS(z, Mem{Base: dst})
		ADDQ(step, dst)
	}
	for _, p := range bases {
		ADDQ(U8(16), p)
	}
	DECQ(quads)
	JNZ(LabelRef("quad"))
	VZEROUPPER()
	RET()
}
