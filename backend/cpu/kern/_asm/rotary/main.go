// Command rotary writes the kernels that turn pairs of numbers by angles.
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
		turn(v)
	}
	Generate()
}

func gp(name string) reg.GPVirtual { return Load(Param(name), GP64()).(reg.GPVirtual) }

func turn(v isa) {
	name := "turnF32" + v.name
	TEXT(name, NOSPLIT, "func(vectors int, re, im, x, y, cos, sin *float32)")
	Pragma("noescape")
	Doc(fmt.Sprintf("%s sets re[i] = cos[i]*x[i] - sin[i]*y[i] and im[i] = sin[i]*x[i] + cos[i]*y[i], with one rounding less than is written, for i < %d·vectors; vectors > 0. re and im may be x and y.",
		name, v.lanes))
	n, re, im, x, y, cos, sin := gp("vectors"), gp("re"), gp("im"), gp("x"), gp("y"), gp("cos"), gp("sin")
	at := GP64()
	XORQ(at, at)
	mem := func(p reg.GPVirtual) Mem { return Mem{Base: p, Index: at, Scale: 4} }
	a, b, c, s, p, q := v.vec(), v.vec(), v.vec(), v.vec(), v.vec(), v.vec()
	Label("next")
	VMOVUPS(mem(x), a)
	VMOVUPS(mem(y), b)
	VMOVUPS(mem(cos), c)
	VMOVUPS(mem(sin), s)
	VMULPS(s, b, p)
	VMULPS(c, b, q)
	VFMSUB231PS(c, a, p)
	VFMADD231PS(s, a, q)
	VMOVUPS(p, mem(re))
	VMOVUPS(q, mem(im))
	ADDQ(U8(v.lanes), at)
	DECQ(n)
	JNZ(LabelRef("next"))
	VZEROUPPER()
	RET()
}
