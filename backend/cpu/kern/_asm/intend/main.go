// Command intend writes what turns sums of products of small integers into results. Every kernel is
// the loop of intEndGo for its kind of result.
package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Byte offsets of the fields of intEnd; a test of package kern holds them to the Go struct.
const (
	offAcc    = 0
	offLdacc  = 8
	offOut    = 16
	offLdout  = 24
	offRows   = 32
	offVecs   = 40
	offAdd    = 48
	offMul    = 56
	offReal   = 64
	offZB     = 72
	offRowSum = 80
	offLo     = 88
	offHi     = 96
	offZero   = 104
	offMask   = 108
)

type isa struct {
	name  string
	lanes int // sums in a vector
	vec   func() reg.VecVirtual
}

var isas = []isa{{"AVX512", 16, ZMM}, {"AVX2", 8, YMM}}

// A kernel writes one kind of result: "Int", 32-bit sums; "Real", float32; "Small", bytes.
type kernel struct {
	isa
	kind    string
	size    int // bytes of a result
	t       reg.GPVirtual
	k1, k2  reg.Register
	lo, hi  reg.VecVirtual
	zero    reg.VecVirtual
	rowsum  reg.VecVirtual
	acc, at reg.GPVirtual // this row's sums; how many columns lie behind, times 4
	out     reg.GPVirtual
	p       [4]reg.GPVirtual // add, mul, real, zb
}

func main() {
	ConstraintExpr("!purego")
	for _, v := range isas {
		for kind, size := range []int{4, 4, 1} {
			k := &kernel{isa: v, kind: []string{"Int", "Real", "Small"}[kind], size: size}
			k.write()
		}
	}
	Generate()
}

func (k *kernel) field(off int) Mem { return Mem{Base: k.t, Disp: off} }

func (k *kernel) gp(off int) reg.GPVirtual {
	p := GP64().(reg.GPVirtual)
	MOVQ(k.field(off), p)
	return p
}

func (k *kernel) write() {
	name := "intEnd" + k.kind + k.name
	TEXT(name, NOSPLIT, "func(t *byte)")
	Pragma("noescape")
	Doc(fmt.Sprintf("%s is intEndGo for vectors of %d columns.", name, k.lanes))
	k.t = Load(Param("t"), GP64()).(reg.GPVirtual)
	rows, sums := k.gp(offRows), k.gp(offRowSum)
	k.acc, k.out = k.gp(offAcc), k.gp(offOut)
	for i, off := range []int{offAdd, offMul, offReal, offZB} {
		k.p[i] = k.gp(off)
	}
	k.lo, k.hi, k.zero, k.rowsum = k.vec(), k.vec(), k.vec(), k.vec()
	if k.kind != "Int" {
		VBROADCASTSD(k.field(offLo), k.lo)
		VBROADCASTSD(k.field(offHi), k.hi)
	}
	VPBROADCASTD(k.field(offZero), k.zero)
	if k.lanes == 16 {
		k.k1, k.k2 = K(), K()
	}
	Label("row")
	TESTQ(k.p[3], k.p[3])
	JZ(LabelRef("begin"))
	VPBROADCASTD(Mem{Base: sums}, k.rowsum)
	ADDQ(U8(4), sums)
	Label("begin")
	k.at = GP64().(reg.GPVirtual)
	XORQ(k.at, k.at)
	vecs := GP64()
	MOVQ(k.field(offVecs), vecs)
	if k.lanes == 16 {
		all := GP32()
		MOVL(U32(0xffff), all)
		KMOVW(all, k.k1)
		KMOVW(all, k.k2)
	}
	TESTQ(vecs, vecs)
	JZ(LabelRef("tail"))
	Label("vec")
	k.columns()
	ADDQ(U8(4*k.lanes), k.at)
	DECQ(vecs)
	JNZ(LabelRef("vec"))
	Label("tail")
	if k.lanes == 16 {
		m := GP32()
		MOVL(k.field(offMask), m)
		TESTL(m, m)
		JZ(LabelRef("next"))
		KMOVW(m, k.k1)
		SHRL(U8(8), m)
		KMOVW(m, k.k2)
		k.columns()
		Label("next")
	}
	ADDQ(k.field(offLdacc), k.acc)
	ADDQ(k.field(offLdout), k.out)
	DECQ(rows)
	JNZ(LabelRef("row"))
	VZEROUPPER()
	RET()
}

// columns does one vector of columns.
func (k *kernel) columns() {
	v, w := k.vec(), k.vec()
	k.ints(Mem{Base: k.acc, Index: k.at, Scale: 1}, v, true)
	k.ints(Mem{Base: k.p[0], Index: k.at, Scale: 1}, w, false)
	VPADDD(w, v, v)
	label := fmt.Sprintf("whole%d", labels)
	labels++
	TESTQ(k.p[3], k.p[3])
	JZ(LabelRef(label))
	k.ints(Mem{Base: k.p[3], Index: k.at, Scale: 1}, w, false)
	VPMULLD(k.rowsum, w, w)
	VPADDD(w, v, v)
	Label(label)
	if k.kind == "Int" {
		to := Mem{Base: k.out, Index: k.at, Scale: 1}
		if k.lanes == 16 {
			VMOVDQU32(v, k.k1, to)
		} else {
			VMOVDQU(v, to)
		}
		return
	}
	var half [2]reg.VecVirtual
	for i := range half {
		half[i] = k.vec()
		k.toReal(v, i, half[i])
	}
	if k.kind == "Real" {
		k.storeReal(half)
		return
	}
	k.storeSmall(half)
}

var labels int

// ints loads a vector of 32-bit integers; what is padded need no mask.
func (k *kernel) ints(from Mem, to reg.VecVirtual, padded bool) {
	switch {
	case k.lanes == 8:
		VMOVDQU(from, to)
	case padded:
		VMOVDQU32(from, to)
	default:
		VMOVDQU32_Z(from, k.k1, to)
	}
}

// toReal computes half i of v·mul + real, bounded.
func (k *kernel) toReal(v reg.VecVirtual, i int, d reg.VecVirtual) {
	mul := Mem{Base: k.p[1], Index: k.at, Scale: 2, Disp: 4 * k.lanes * i}
	real := Mem{Base: k.p[2], Index: k.at, Scale: 2, Disp: 4 * k.lanes * i}
	m, r := k.vec(), k.vec()
	if k.lanes == 16 {
		mask := k.k1
		if i == 1 {
			mask = k.k2
		}
		VMOVUPD_Z(mul, mask, m)
		VMOVUPD_Z(real, mask, r)
		if i == 1 {
			h := YMM()
			VEXTRACTI64X4(U8(1), v, h)
			VCVTDQ2PD(h, d)
		} else {
			VCVTDQ2PD(v.(reg.Vec).AsY(), d)
		}
	} else {
		VMOVUPD(mul, m)
		VMOVUPD(real, r)
		if i == 1 {
			h := XMM()
			VEXTRACTI128(U8(1), v, h)
			VCVTDQ2PD(h, d)
		} else {
			VCVTDQ2PD(v.(reg.Vec).AsX(), d)
		}
	}
	VFMADD213PD(r, m, d)
	if k.kind == "Real" { // NaN stays
		VMAXPD(d, k.lo, d)
		VMINPD(d, k.hi, d)
		return
	}
	VMAXPD(k.lo, d, d) // NaN becomes lo
	VMINPD(k.hi, d, d)
}

func (k *kernel) storeReal(half [2]reg.VecVirtual) {
	for i, d := range half {
		to := Mem{Base: k.out, Index: k.at, Scale: 1, Disp: 2 * k.lanes * i}
		if k.lanes == 16 {
			f := YMM()
			VCVTPD2PS(d, f)
			VMOVUPS(f, []reg.Register{k.k1, k.k2}[i], to)
			continue
		}
		f := XMM()
		VCVTPD2PSY(d, f)
		VMOVUPS(f, to)
	}
}

// storeSmall rounds to even, adds the zero point and stores bytes, which are within range. The mask is not 0 where AVX2 shall store bytes with a sign.
func (k *kernel) storeSmall(half [2]reg.VecVirtual) {
	at := GP64().(reg.GPVirtual)
	MOVQ(k.at, at)
	SHRQ(U8(2), at)
	to := Mem{Base: k.out, Index: at, Scale: 1}
	if k.lanes == 16 {
		a, b, z := YMM(), YMM(), ZMM()
		VCVTPD2DQ(half[0], a)
		VCVTPD2DQ(half[1], b)
		VINSERTI64X4(U8(1), b, a.(reg.Vec).AsZ(), z)
		VPADDD(k.zero, z, z)
		x := XMM()
		VPMOVDB(z, x)
		VMOVDQU8(x, k.k1, to)
		return
	}
	a, b := XMM(), XMM()
	VCVTPD2DQY(half[0], a)
	VCVTPD2DQY(half[1], b)
	zero := k.zero.(reg.Vec).AsX()
	VPADDD(zero, a, a)
	VPADDD(zero, b, b)
	VPACKSSDW(b, a, a)
	signed, done := fmt.Sprintf("signed%d", labels), fmt.Sprintf("done%d", labels)
	labels++
	low := GP64()
	m := GP32()
	MOVL(k.field(offMask), m)
	TESTL(m, m)
	JNZ(LabelRef(signed))
	VPACKUSWB(a, a, a)
	JMP(LabelRef(done))
	Label(signed)
	VPACKSSWB(a, a, a)
	Label(done)
	VMOVQ(a, low)
	MOVQ(low, to)
}
