// Command bytes writes conversions between float32 and integers of 8 bits, and the greater of those.
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
		for _, signed := range []bool{false, true} {
			widen(v, signed)
		}
		narrow(v)
		whole(v)
		for _, signed := range []bool{false, true} {
			greater(v, signed)
		}
		quantize(v)
		extremes(v)
	}
	Generate()
}

func kind(signed bool) string {
	if signed {
		return "I8"
	}
	return "U8"
}

// loop runs body for whole vectors, and with a mask for what is left where there are masks.
func loop(v emit.ISA, n reg.GPVirtual, body func(at reg.GPVirtual, mask reg.Register)) {
	at, vecs := emit.GP(), emit.GP()
	XORQ(at, at)
	MOVQ(n, vecs)
	shift := map[int]uint8{8: 3, 16: 4}[v.Lanes]
	SHRQ(U8(shift), vecs)
	JZ(LabelRef("tail"))
	Label("vec")
	body(at, nil)
	ADDQ(U8(v.Lanes), at)
	DECQ(vecs)
	JNZ(LabelRef("vec"))
	Label("tail")
	if v.Lanes == 16 {
		// The bits below the rest's.
		ANDQ(U8(15), n)
		JZ(LabelRef("end"))
		m := emit.GP()
		MOVQ(U32(0xffff), m)
		BZHIQ(n, m, m)
		k := K()
		KMOVQ(m, k)
		body(at, k)
		Label("end")
	}
	VZEROUPPER()
	RET()
}

func widen(v emit.ISA, signed bool) {
	name := "f32Of" + kind(signed) + v.Name
	TEXT(name, NOSPLIT, "func(n int, src *byte, dst *float32, zero float32)")
	Pragma("noescape")
	Doc(fmt.Sprintf("%s makes float32 of bytes, less zero%s.", name, tail(v)))
	zero := v.Splat("zero")
	n, src, dst := emit.Arg("n"), emit.Arg("src"), emit.Arg("dst")
	loop(v, n, func(at reg.GPVirtual, mask reg.Register) {
		from, to := Mem{Base: src, Index: at, Scale: 1}, Mem{Base: dst, Index: at, Scale: 4}
		x := v.Vec()
		switch {
		case mask != nil && signed:
			VPMOVSXBD_Z(from, mask, x)
		case mask != nil:
			VPMOVZXBD_Z(from, mask, x)
		case signed:
			VPMOVSXBD(from, x)
		default:
			VPMOVZXBD(from, x)
		}
		VCVTDQ2PS(x, x)
		VSUBPS(zero, x, x)
		if mask != nil {
			VMOVUPS(x, mask, to)
		} else {
			VMOVUPS(x, to)
		}
	})
}

func tail(v emit.ISA) string {
	if v.Lanes == 8 {
		return ", n a multiple of 8"
	}
	return ""
}

func narrow(v emit.ISA) {
	name := "f32ToBytes" + v.Name
	TEXT(name, NOSPLIT, "func(n int, src *float32, dst *byte)")
	Pragma("noescape")
	Doc(fmt.Sprintf("%s makes bytes of float32: the low bits of integers of 32 bits, without fractions; what those cannot hold is 0%s.", name, tail(v)))
	toBytes(v, func(reg.VecVirtual) {})
}

func whole(v emit.ISA) {
	name := "f32ToI32" + v.Name
	TEXT(name, NOSPLIT, "func(n int, p *float32)")
	Pragma("noescape")
	Doc(fmt.Sprintf("%s makes integers of 32 bits of whole float32, in their place%s.", name, tail(v)))
	n, p := emit.Arg("n"), emit.Arg("p")
	loop(v, n, func(at reg.GPVirtual, mask reg.Register) {
		m := Mem{Base: p, Index: at, Scale: 4}
		x := v.Vec()
		if mask != nil {
			VMOVUPS_Z(m, mask, x)
			VCVTTPS2DQ(x, x)
			VMOVUPS(x, mask, m)
			return
		}
		VCVTTPS2DQ(m, x)
		VMOVUPS(x, m)
	})
}

// greater takes whole vectors only.
func greater(v emit.ISA, signed bool) {
	name := "greater" + kind(signed) + v.Name
	TEXT(name, NOSPLIT, "func(vecs int, dst, src *byte)")
	Pragma("noescape")
	Doc(fmt.Sprintf("%s keeps in dst the greater of so many times %d bytes of dst and src; vecs > 0.", name, 4*v.Lanes))
	vecs, dst, src := emit.Arg("vecs"), emit.Arg("dst"), emit.Arg("src")
	Label("vec")
	x := v.Vec()
	if v.Lanes == 16 {
		VMOVDQU8(Mem{Base: dst}, x)
	} else {
		VMOVDQU(Mem{Base: dst}, x)
	}
	if signed {
		VPMAXSB(Mem{Base: src}, x, x)
	} else {
		VPMAXUB(Mem{Base: src}, x, x)
	}
	if v.Lanes == 16 {
		VMOVDQU8(x, Mem{Base: dst})
	} else {
		VMOVDQU(x, Mem{Base: dst})
	}
	ADDQ(U8(4*v.Lanes), dst)
	ADDQ(U8(4*v.Lanes), src)
	DECQ(vecs)
	JNZ(LabelRef("vec"))
	VZEROUPPER()
	RET()
}

func quantize(v emit.ISA) {
	name := "quantizeU8" + v.Name
	TEXT(name, NOSPLIT, "func(n int, src *float32, dst *byte, scale, zero, least, most float32)")
	Pragma("noescape")
	Doc(fmt.Sprintf("%s divides by scale, rounds to even, adds zero and makes bytes of float32 between bounds%s.", name, tail(v)))
	scale, zero, least, most := v.Splat("scale"), v.Splat("zero"), v.Splat("least"), v.Splat("most")
	toBytes(v, func(x reg.VecVirtual) {
		VDIVPS(scale, x, x)
		if v.Lanes == 16 {
			VRNDSCALEPS(U8(8), x, x)
		} else {
			VROUNDPS(U8(8), x, x)
		}
		VADDPS(zero, x, x)
		VMAXPS(x, least, x) // NaN stays
		VMINPS(x, most, x)
	})
}

// extremes looks at whole vectors only.
func extremes(v emit.ISA) {
	name := "extremes" + v.Name
	TEXT(name, NOSPLIT, "func(vecs int, src *float32, out *float32)")
	Pragma("noescape")
	Doc(fmt.Sprintf("%s brings out[:%d] to the least and out[%d:] to the greatest of so many vectors and of what they hold, "+
		"lane by lane; a lane is NaN in both if it saw one. vecs > 0.", name, v.Lanes, v.Lanes))
	vecs, src, out := emit.Arg("vecs"), emit.Arg("src"), emit.Arg("out")
	lo, hi, odd := v.Vec(), v.Vec(), v.Vec()
	second := Mem{Base: out, Disp: 4 * v.Lanes}
	VMOVUPS(Mem{Base: out}, lo)
	VMOVUPS(second, hi)
	v.Clear(odd)
	Label("vec")
	x := v.Vec()
	VMOVUPS(Mem{Base: src}, x)
	VMINPS(lo, x, lo)
	VMAXPS(hi, x, hi)
	y := v.Vec()
	if v.Lanes == 16 {
		k := K()
		VCMPPS(U8(3), x, x, k)
		VMOVAPS(x, k, odd)
	} else {
		VCMPPS(U8(3), x, x, y)
		VORPS(y, odd, odd) // all ones is a NaN
	}
	ADDQ(U8(4*v.Lanes), src)
	DECQ(vecs)
	JNZ(LabelRef("vec"))
	VADDPS(odd, lo, lo) // odd is 0 or NaN
	VADDPS(odd, hi, hi)
	VMOVUPS(lo, Mem{Base: out})
	VMOVUPS(hi, second)
	VZEROUPPER()
	RET()
}

// toBytes stores what first makes of float32, without fractions.
func toBytes(v emit.ISA, first func(reg.VecVirtual)) {
	n, src, dst := emit.Arg("n"), emit.Arg("src"), emit.Arg("dst")
	var pick reg.VecVirtual
	if v.Lanes == 8 {
		pick = YMM()
		VMOVDQU(shuffle(), pick)
	}
	loop(v, n, func(at reg.GPVirtual, mask reg.Register) {
		from, to := Mem{Base: src, Index: at, Scale: 4}, Mem{Base: dst, Index: at, Scale: 1}
		x := v.Vec()
		if mask != nil {
			VMOVUPS_Z(from, mask, x)
		} else {
			VMOVUPS(from, x)
		}
		first(x)
		VCVTTPS2DQ(x, x)
		if v.Lanes == 16 {
			y := XMM()
			VPMOVDB(x, y)
			if mask != nil {
				VMOVDQU8(y, mask, to)
			} else {
				VMOVDQU(y, to)
			}
			return
		}
		VPSHUFB(pick, x, x)
		h := XMM()
		VEXTRACTI128(U8(1), x, h)
		low := x.(reg.Vec).AsX()
		VPUNPCKLDQ(h, low, low)
		VMOVQ(low, to)
	})
}

var made bool

// shuffle takes the low byte of each double word to the front.
func shuffle() Mem {
	m := NewDataAddr(Symbol{Name: "lowBytes", Static: true}, 0)
	if !made {
		made = true
		m = GLOBL("lowBytes", RODATA|NOPTR)
		for i := range 2 {
			DATA(16*i, U32(0x0c080400))
			for j := 1; j < 4; j++ {
				DATA(16*i+4*j, U32(0x80808080))
			}
		}
	}
	return m
}
