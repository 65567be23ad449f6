// Command bytes writes conversions between float32 and integers of 8 bits, and the greater of those.
package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

type isa struct {
	name  string
	lanes int // float32 of a vector
	vec   func() reg.VecVirtual
}

func main() {
	ConstraintExpr("!purego")
	for _, v := range []isa{{"AVX512", 16, ZMM}, {"AVX2", 8, YMM}} {
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

func gp(name string) reg.GPVirtual { return Load(Param(name), GP64()).(reg.GPVirtual) }

func kind(signed bool) string {
	if signed {
		return "I8"
	}
	return "U8"
}

// loop runs body for whole vectors, and with a mask for what is left where there are masks.
func loop(v isa, n reg.GPVirtual, body func(at reg.GPVirtual, mask reg.Register)) {
	at, vecs := GP64().(reg.GPVirtual), GP64().(reg.GPVirtual)
	XORQ(at, at)
	MOVQ(n, vecs)
	shift := map[int]uint8{8: 3, 16: 4}[v.lanes]
	SHRQ(U8(shift), vecs)
	JZ(LabelRef("tail"))
	Label("vec")
	body(at, nil)
	ADDQ(U8(v.lanes), at)
	DECQ(vecs)
	JNZ(LabelRef("vec"))
	Label("tail")
	if v.lanes == 16 {
		// The bits below the rest's.
		ANDQ(U8(15), n)
		JZ(LabelRef("end"))
		m := GP64().(reg.GPVirtual)
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

func widen(v isa, signed bool) {
	name := "f32Of" + kind(signed) + v.name
	TEXT(name, NOSPLIT, "func(n int, src *byte, dst *float32, zero float32)")
	Pragma("noescape")
	Doc(fmt.Sprintf("%s makes float32 of bytes, less zero%s.", name, tail(v)))
	zero := all(v, "zero")
	n, src, dst := gp("n"), gp("src"), gp("dst")
	loop(v, n, func(at reg.GPVirtual, mask reg.Register) {
		from, to := Mem{Base: src, Index: at, Scale: 1}, Mem{Base: dst, Index: at, Scale: 4}
		x := v.vec()
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

func tail(v isa) string {
	if v.lanes == 8 {
		return ", n a multiple of 8"
	}
	return ""
}

func all(v isa, name string) reg.VecVirtual {
	p, err := Param(name).Resolve()
	if err != nil {
		panic(err)
	}
	x := v.vec()
	VBROADCASTSS(p.Addr, x)
	return x
}

func narrow(v isa) {
	name := "f32ToBytes" + v.name
	TEXT(name, NOSPLIT, "func(n int, src *float32, dst *byte)")
	Pragma("noescape")
	Doc(fmt.Sprintf("%s makes bytes of float32: the low bits of integers of 32 bits, without fractions; what those cannot hold is 0%s.", name, tail(v)))
	toBytes(v, func(reg.VecVirtual) {})
}

func whole(v isa) {
	name := "f32ToI32" + v.name
	TEXT(name, NOSPLIT, "func(n int, p *float32)")
	Pragma("noescape")
	Doc(fmt.Sprintf("%s makes integers of 32 bits of whole float32, in their place%s.", name, tail(v)))
	n, p := gp("n"), gp("p")
	loop(v, n, func(at reg.GPVirtual, mask reg.Register) {
		m := Mem{Base: p, Index: at, Scale: 4}
		x := v.vec()
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
func greater(v isa, signed bool) {
	name := "greater" + kind(signed) + v.name
	TEXT(name, NOSPLIT, "func(vecs int, dst, src *byte)")
	Pragma("noescape")
	Doc(fmt.Sprintf("%s keeps in dst the greater of so many times %d bytes of dst and src; vecs > 0.", name, 4*v.lanes))
	vecs, dst, src := gp("vecs"), gp("dst"), gp("src")
	Label("vec")
	x := v.vec()
	if v.lanes == 16 {
		VMOVDQU8(Mem{Base: dst}, x)
	} else {
		VMOVDQU(Mem{Base: dst}, x)
	}
	if signed {
		VPMAXSB(Mem{Base: src}, x, x)
	} else {
		VPMAXUB(Mem{Base: src}, x, x)
	}
	if v.lanes == 16 {
		VMOVDQU8(x, Mem{Base: dst})
	} else {
		VMOVDQU(x, Mem{Base: dst})
	}
	ADDQ(U8(4*v.lanes), dst)
	ADDQ(U8(4*v.lanes), src)
	DECQ(vecs)
	JNZ(LabelRef("vec"))
	VZEROUPPER()
	RET()
}

func quantize(v isa) {
	name := "quantizeU8" + v.name
	TEXT(name, NOSPLIT, "func(n int, src *float32, dst *byte, scale, zero, least, most float32)")
	Pragma("noescape")
	Doc(fmt.Sprintf("%s divides by scale, rounds to even, adds zero and makes bytes of float32 between bounds%s.", name, tail(v)))
	scale, zero, least, most := all(v, "scale"), all(v, "zero"), all(v, "least"), all(v, "most")
	toBytes(v, func(x reg.VecVirtual) {
		VDIVPS(scale, x, x)
		if v.lanes == 16 {
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
func extremes(v isa) {
	name := "extremes" + v.name
	TEXT(name, NOSPLIT, "func(vecs int, src *float32, out *float32)")
	Pragma("noescape")
	Doc(fmt.Sprintf("%s brings out[:%d] to the least and out[%d:] to the greatest of so many vectors and of what they hold, lane by lane; a lane is NaN in both if it saw one. vecs > 0.", name, v.lanes, v.lanes))
	vecs, src, out := gp("vecs"), gp("src"), gp("out")
	lo, hi, odd := v.vec(), v.vec(), v.vec()
	second := Mem{Base: out, Disp: 4 * v.lanes}
	VMOVUPS(Mem{Base: out}, lo)
	VMOVUPS(second, hi)
	if v.lanes == 16 {
		VPXORD(odd, odd, odd)
	} else {
		VXORPS(odd, odd, odd)
	}
	Label("vec")
	x := v.vec()
	VMOVUPS(Mem{Base: src}, x)
	VMINPS(lo, x, lo)
	VMAXPS(hi, x, hi)
	y := v.vec()
	if v.lanes == 16 {
		k := K()
		VCMPPS(U8(3), x, x, k)
		VMOVAPS(x, k, odd)
	} else {
		VCMPPS(U8(3), x, x, y)
		VORPS(y, odd, odd) // all ones is a NaN
	}
	ADDQ(U8(4*v.lanes), src)
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
func toBytes(v isa, first func(reg.VecVirtual)) {
	n, src, dst := gp("n"), gp("src"), gp("dst")
	var pick reg.VecVirtual
	if v.lanes == 8 {
		pick = YMM()
		VMOVDQU(shuffle(), pick)
	}
	loop(v, n, func(at reg.GPVirtual, mask reg.Register) {
		from, to := Mem{Base: src, Index: at, Scale: 4}, Mem{Base: dst, Index: at, Scale: 1}
		x := v.vec()
		if mask != nil {
			VMOVUPS_Z(from, mask, x)
		} else {
			VMOVUPS(from, x)
		}
		first(x)
		VCVTTPS2DQ(x, x)
		if v.lanes == 16 {
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
