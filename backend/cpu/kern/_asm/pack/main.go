// Command pack writes the kernels that put matrices in the order of panels: copies and transposes.
package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// An isa is the vector width that a kernel is written for.
type isa struct {
	name  string
	lanes int
	vec   func() reg.VecVirtual
}

func main() {
	ConstraintExpr("!purego")
	for _, v := range []isa{{"AVX512", 16, ZMM}, {"AVX2", 8, YMM}} {
		copyRows(v)
		transpose(v)
	}
	Generate()
}

func gp(name string) reg.GPVirtual { return Load(Param(name), GP64()).(reg.GPVirtual) }

func copyRows(v isa) {
	cols := 2 * v.lanes
	TEXT(fmt.Sprintf("copyF32x%d%s", cols, v.name), NOSPLIT, "func(n int, src *float32, stride int, dst *float32)")
	Pragma("noescape")
	Doc(fmt.Sprintf("copyF32x%d%s copies n rows of %d floats, stride bytes apart, to dst, one behind the other; n > 0.", cols, v.name, cols))
	n, src, stride, dst := gp("n"), gp("src"), gp("stride"), gp("dst")
	a, b := v.vec(), v.vec()
	Label("row")
	VMOVUPS(Mem{Base: src}, a)
	VMOVUPS(Mem{Base: src, Disp: 4 * v.lanes}, b)
	VMOVUPS(a, Mem{Base: dst})
	VMOVUPS(b, Mem{Base: dst, Disp: 4 * v.lanes})
	ADDQ(stride, src)
	ADDQ(U32(uint32(4*cols)), dst)
	DECQ(n)
	JNZ(LabelRef("row"))
	VZEROUPPER()
	RET()
}

// transpose takes four columns of all rows at a time: each vector holds four floats of rows i, i+4,
// i+8 and so on, so that transposing within 128-bit lanes is all that is left to do.
func transpose(v isa) {
	TEXT(fmt.Sprintf("transposeF32x%dx4%s", v.lanes, v.name), NOSPLIT,
		"func(quads int, src *float32, stride int, dst *float32, step int)")
	Pragma("noescape")
	Doc(fmt.Sprintf("transposeF32x%dx4%s transposes %d rows, stride bytes apart, of 4·quads floats to rows step bytes apart; quads > 0.",
		v.lanes, v.name, v.lanes))
	quads, src, stride, dst, step := gp("quads"), gp("src"), gp("stride"), gp("dst"), gp("step")
	bases := []reg.GPVirtual{src}
	for i := 1; i < v.lanes/4; i++ {
		p := GP64().(reg.GPVirtual)
		LEAQ(Mem{Base: bases[i-1], Index: stride, Scale: 4}, p)
		bases = append(bases, p)
	}
	stride3 := GP64().(reg.GPVirtual)
	LEAQ(Mem{Base: stride, Index: stride, Scale: 2}, stride3)
	row := func(i int) Mem {
		m := Mem{Base: bases[i/4]}
		switch i % 4 {
		case 1:
			m.Index, m.Scale = stride, 1
		case 2:
			m.Index, m.Scale = stride, 2
		case 3:
			m.Index, m.Scale = stride3, 1
		}
		return m
	}
	in, mid := make([]reg.VecVirtual, 4), make([]reg.VecVirtual, 4)
	for i := range in {
		in[i], mid[i] = v.vec(), v.vec()
	}
	Label("quad")
	for i, z := range in {
		VMOVUPS(row(i), z.AsX())
		for lane := 1; lane < v.lanes/4; lane++ {
			if v.lanes == 16 {
				VINSERTF32X4(U8(lane), row(4*lane+i), z, z)
			} else {
				VINSERTF128(U8(lane), row(4*lane+i), z, z)
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
