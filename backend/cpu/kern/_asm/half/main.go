// Command half writes the kernels that convert between float32 and the floats of 16 bits.
package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"github.com/cameo-onnx/cameo/backend/cpu/kern/_asm/emit"
)

const lanes = 8

func main() {
	ConstraintExpr("!purego")
	widen("widenF16AVX2", "float16", func(src Mem, x reg.VecVirtual) { VCVTPH2PS(src, x) })
	widen("widenBF16AVX2", "bfloat16", func(src Mem, x reg.VecVirtual) {
		VPMOVZXWD(src, x)
		VPSLLD(U8(16), x, x)
	})
	narrow("narrowF16AVX2", "float16", func(x reg.VecVirtual, dst Mem) { VCVTPS2PH(U8(0), x, dst) })
	half, one, quiet := words("half", 0x7fff), words("one", 1), words("quiet", 0x7fc00000)
	narrow("narrowBF16AVX2", "bfloat16", func(x reg.VecVirtual, dst Mem) {
		odd, nan := YMM(), YMM()
		VPSRLD(U8(16), x, odd)
		VPAND(one, odd, odd)
		VPADDD(half, odd, odd)
		VCMPPS(U8(3), x, x, nan)
		VPADDD(odd, x, odd)
		VPBLENDVB(nan, quiet, odd, odd)
		VPSRLD(U8(16), odd, odd)
		VPACKUSDW(odd, odd, odd)
		VPERMQ(U8(0x08), odd, odd)
		VMOVDQU(odd.AsX(), dst)
	})
	Generate()
}

// words is a constant in all lanes.
func words(name string, v uint32) Mem {
	m := GLOBL("half"+name, RODATA|NOPTR)
	for i := range lanes {
		DATA(4*i, U32(v))
	}
	return m
}

func widen(name, from string, f func(src Mem, x reg.VecVirtual)) {
	TEXT(name, NOSPLIT, "func(n int, src *uint16, dst *float32)")
	Pragma("noescape")
	Doc(name + " sets dst[i] = src[i], of " + from + ", for i < n; n is a positive multiple of 8.")
	n, src, dst := emit.Arg("n"), emit.Arg("src"), emit.Arg("dst")
	x := YMM()
	Label("loop")
	f(Mem{Base: src}, x)
	VMOVUPS(x, Mem{Base: dst})
	ADDQ(Imm(2*lanes), src)
	ADDQ(Imm(4*lanes), dst)
	SUBQ(Imm(lanes), n)
	JNZ(LabelRef("loop"))
	VZEROUPPER()
	RET()
}

func narrow(name, to string, f func(x reg.VecVirtual, dst Mem)) {
	TEXT(name, NOSPLIT, "func(n int, src *float32, dst *uint16)")
	Pragma("noescape")
	Doc(name + " sets dst[i] = src[i], rounded to the nearest " + to + ", even in the middle, for i < n; n is a positive multiple of 8.")
	n, src, dst := emit.Arg("n"), emit.Arg("src"), emit.Arg("dst")
	x := YMM()
	Label("loop")
	VMOVUPS(Mem{Base: src}, x)
	f(x, Mem{Base: dst})
	ADDQ(Imm(4*lanes), src)
	ADDQ(Imm(2*lanes), dst)
	SUBQ(Imm(lanes), n)
	JNZ(LabelRef("loop"))
	VZEROUPPER()
	RET()
}
