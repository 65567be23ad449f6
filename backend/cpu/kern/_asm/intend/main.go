// Command intend writes what turns sums of products of small integers into results. Every kernel is
// the loop of intEndGo for its kind of result, a vector of columns at a time.
package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"github.com/cameo-onnx/cameo/backend/cpu/kern/_asm/emit"
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
	offNear   = 112 // float32 instead of the float64 of mul, real, lo and hi
	offWorst  = 136
)

// A kernel writes one kind of result: "Int", 32-bit sums; "Real", float32; "Small", bytes; "Near",
// bytes by way of float32, and how near to the middle of two whole numbers any came.
type kernel struct {
	emit.ISA
	kind   string
	size   int // bytes of a result
	t      reg.GPVirtual
	k1, k2 reg.Register
	lo, hi reg.VecVirtual
	zero   reg.VecVirtual
	worst  reg.VecVirtual // of Near
	abs    reg.VecVirtual
	// Of the columns at hand:
	at         reg.GPVirtual // how many lie before them, times 4
	add, zb    reg.VecVirtual
	mul, real  [2]reg.VecVirtual
	zbs, sums  reg.GPVirtual
	from, to   reg.GPVirtual // a row of sums, and of results
	partial    bool          // the last columns, behind masks
	labelsMade int
}

func main() {
	ConstraintExpr("!purego")
	for _, v := range emit.ISAs {
		for _, kind := range []string{"Int", "Real", "Small", "Near"} {
			k := &kernel{ISA: v, kind: kind, size: 1}
			if kind == "Int" || kind == "Real" {
				k.size = 4
			}
			k.write()
		}
	}
	Generate()
}

func (k *kernel) field(off int) Mem { return Mem{Base: k.t, Disp: off} }

func (k *kernel) gp(off int) reg.GPVirtual {
	p := emit.GP()
	MOVQ(k.field(off), p)
	return p
}

func (k *kernel) label(name string) string {
	k.labelsMade++
	return fmt.Sprintf("%s%d", name, k.labelsMade)
}

func (k *kernel) write() {
	name := "intEnd" + k.kind + k.Name
	TEXT(name, NOSPLIT, "func(t *byte)")
	Pragma("noescape")
	Doc(fmt.Sprintf("%s is intEndGo for vectors of %d columns.", name, k.Lanes))
	k.t = emit.Arg("t")
	k.bounds()
	k.zero = k.Vec()
	VPBROADCASTD(k.field(offZero), k.zero)
	k.at = emit.GP()
	XORQ(k.at, k.at)
	vecs := k.gp(offVecs)
	TESTQ(vecs, vecs)
	JZ(LabelRef("tail"))
	Label("vec")
	k.columns()
	ADDQ(U8(4*k.Lanes), k.at)
	DECQ(vecs)
	JNZ(LabelRef("vec"))
	Label("tail")
	if k.Lanes == 16 {
		m := GP32()
		MOVL(k.field(offMask), m)
		TESTL(m, m)
		JZ(LabelRef("end"))
		k.k1, k.k2 = K(), K()
		KMOVW(m, k.k1)
		SHRL(U8(8), m)
		KMOVW(m, k.k2)
		k.partial = true
		k.columns()
		Label("end")
	}
	if k.kind == "Near" {
		VMOVUPS(k.worst, k.field(offWorst))
	}
	VZEROUPPER()
	RET()
}

func (k *kernel) bounds() {
	if k.kind == "Int" {
		return
	}
	k.lo, k.hi = k.Vec(), k.Vec()
	if k.kind != "Near" {
		VBROADCASTSD(k.field(offLo), k.lo)
		VBROADCASTSD(k.field(offHi), k.hi)
		return
	}
	VBROADCASTSS(k.field(offNear+16), k.lo)
	VBROADCASTSS(k.field(offNear+20), k.hi)
	k.worst = k.Vec()
	k.Clear(k.worst)
	if k.Lanes == 16 {
		return
	}
	k.abs = k.Vec()
	VPCMPEQD(k.abs, k.abs, k.abs)
	VPSRLD(U8(1), k.abs, k.abs)
}

// load reads part of a vector: i 32-bit elements of size bytes in, behind masks where columns are.
func (k *kernel) load(off int, scale uint8, half int, to reg.VecVirtual) {
	p := k.gp(off)
	m := Mem{Base: p, Index: k.at, Scale: scale, Disp: 4 * k.Lanes * half}
	switch {
	case !k.partial:
		VMOVUPS(m, to)
	case scale == 2: // float64
		VMOVUPD_Z(m, []reg.Register{k.k1, k.k2}[half], to)
	default:
		VMOVUPS_Z(m, k.k1, to)
	}
}

// columns does one vector of columns.
func (k *kernel) columns() {
	k.add, k.zb = k.Vec(), k.Vec()
	k.load(offAdd, 1, 0, k.add)
	switch k.kind {
	case "Near":
		k.mul[0], k.real[0] = k.Vec(), k.Vec()
		k.load(offNear, 1, 0, k.mul[0])
		k.load(offNear+8, 1, 0, k.real[0])
	case "Real", "Small":
		for i := range 2 {
			k.mul[i], k.real[i] = k.Vec(), k.Vec()
			k.load(offMul, 2, i, k.mul[i])
			k.load(offReal, 2, i, k.real[i])
		}
	}
	k.zbs, k.sums = k.gp(offZB), k.gp(offRowSum)
	row, plain := k.label("row"), k.label("plain")
	TESTQ(k.zbs, k.zbs)
	JZ(LabelRef(plain))
	k.load(offZB, 1, 0, k.zb)
	Label(plain)
	k.from, k.to = k.gp(offAcc), k.gp(offOut)
	ADDQ(k.at, k.from)
	at := emit.GP()
	MOVQ(k.at, at)
	if k.size == 1 {
		SHRQ(U8(2), at)
	}
	ADDQ(at, k.to)
	rows := k.gp(offRows)
	Label(row)
	k.one()
	ADDQ(k.field(offLdacc), k.from)
	ADDQ(k.field(offLdout), k.to)
	DECQ(rows)
	JNZ(LabelRef(row))
}

// one does the columns of one row. Sums are padded: reading them needs no mask.
func (k *kernel) one() {
	v := k.Vec()
	VPADDD(Mem{Base: k.from}, k.add, v)
	whole := k.label("whole")
	TESTQ(k.zbs, k.zbs)
	JZ(LabelRef(whole))
	w := k.Vec()
	VPBROADCASTD(Mem{Base: k.sums}, w)
	ADDQ(U8(4), k.sums)
	VPMULLD(k.zb, w, w)
	VPADDD(w, v, v)
	Label(whole)
	switch k.kind {
	case "Int":
		k.store(v)
	case "Real":
		k.storeReal(k.toReal(v, 0), k.toReal(v, 1))
	case "Small":
		k.storeSmall(k.toReal(v, 0), k.toReal(v, 1))
	default:
		k.near(v)
	}
}

func (k *kernel) store(v reg.VecVirtual) {
	to := Mem{Base: k.to}
	if k.partial {
		VMOVUPS(v, k.k1, to)
	} else {
		VMOVUPS(v, to)
	}
}

// toReal computes half i of v·mul + real, bounded.
func (k *kernel) toReal(v reg.VecVirtual, i int) reg.VecVirtual {
	d := k.Vec()
	switch {
	case k.Lanes == 16 && i == 1:
		h := YMM()
		VEXTRACTI64X4(U8(1), v, h)
		VCVTDQ2PD(h, d)
	case k.Lanes == 16:
		VCVTDQ2PD(v.(reg.Vec).AsY(), d)
	case i == 1:
		h := XMM()
		VEXTRACTI128(U8(1), v, h)
		VCVTDQ2PD(h, d)
	default:
		VCVTDQ2PD(v.(reg.Vec).AsX(), d)
	}
	VFMADD213PD(k.real[i], k.mul[i], d)
	if k.kind == "Real" { // NaN stays
		VMAXPD(d, k.lo, d)
		VMINPD(d, k.hi, d)
		return d
	}
	VMAXPD(k.lo, d, d) // NaN becomes lo
	VMINPD(k.hi, d, d)
	return d
}

func (k *kernel) storeReal(half ...reg.VecVirtual) {
	for i, d := range half {
		to := Mem{Base: k.to, Disp: 2 * k.Lanes * i}
		if k.Lanes == 8 {
			f := XMM()
			VCVTPD2PSY(d, f)
			VMOVUPS(f, to)
			continue
		}
		f := YMM()
		VCVTPD2PS(d, f)
		if k.partial {
			VMOVUPS(f, []reg.Register{k.k1, k.k2}[i], to)
		} else {
			VMOVUPS(f, to)
		}
	}
}

// storeSmall rounds to even, adds the zero point and stores bytes, which are within range.
func (k *kernel) storeSmall(half ...reg.VecVirtual) {
	if k.Lanes == 16 {
		a, b, z := YMM(), YMM(), ZMM()
		VCVTPD2DQ(half[0], a)
		VCVTPD2DQ(half[1], b)
		VINSERTI64X4(U8(1), b, a.(reg.Vec).AsZ(), z)
		VPADDD(k.zero, z, z)
		k.bytes(z)
		return
	}
	a, b := XMM(), XMM()
	VCVTPD2DQY(half[0], a)
	VCVTPD2DQY(half[1], b)
	VPADDD(k.zero.(reg.Vec).AsX(), a, a)
	VPADDD(k.zero.(reg.Vec).AsX(), b, b)
	k.pack(a, b)
}

// bytes stores the low bytes of 16 integers.
func (k *kernel) bytes(z reg.VecVirtual) {
	x := XMM()
	VPMOVDB(z, x)
	if k.partial {
		VMOVDQU8(x, k.k1, Mem{Base: k.to})
	} else {
		VMOVDQU(x, Mem{Base: k.to})
	}
}

// pack stores eight integers as bytes; the mask is not 0 where they have a sign.
func (k *kernel) pack(a, b reg.VecVirtual) {
	VPACKSSDW(b, a, a)
	signed, done := k.label("signed"), k.label("done")
	m := GP32()
	MOVL(k.field(offMask), m)
	TESTL(m, m)
	JNZ(LabelRef(signed))
	VPACKUSWB(a, a, a)
	JMP(LabelRef(done))
	Label(signed)
	VPACKSSWB(a, a, a)
	Label(done)
	VMOVQ(a, Mem{Base: k.to})
}

// near computes bytes by way of float32, and notes how far they were from whole numbers.
func (k *kernel) near(v reg.VecVirtual) {
	x, r := k.Vec(), k.Vec()
	VCVTDQ2PS(v, x)
	VFMADD213PS(k.real[0], k.mul[0], x)
	VMAXPS(k.lo, x, x)
	VMINPS(k.hi, x, x)
	if k.Lanes == 16 {
		VRNDSCALEPS(U8(8), x, r)
	} else {
		VROUNDPS(U8(8), x, r)
	}
	VSUBPS(r, x, x)
	if k.Lanes == 16 {
		if k.partial { // what stands behind the columns is not looked at
			VMOVUPS_Z(x, k.k1, x)
		}
		VRANGEPS(U8(11), x, k.worst, k.worst) // the greater without its sign
		VCVTPS2DQ(r, r)
		VPADDD(k.zero, r, r)
		k.bytes(r)
		return
	}
	VANDPS(k.abs, x, x)
	VMAXPS(x, k.worst, k.worst)
	VCVTPS2DQ(r, r)
	VPADDD(k.zero, r, r)
	h := XMM()
	VEXTRACTI128(U8(1), r, h)
	k.pack(r.(reg.Vec).AsX().(reg.VecVirtual), h)
}
