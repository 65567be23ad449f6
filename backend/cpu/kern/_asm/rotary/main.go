// Command rotary writes the kernels that turn pairs of numbers by angles.
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
		turn(v)
	}
	Generate()
}

func turn(v emit.ISA) {
	name := "turnF32" + v.Name
	TEXT(name, NOSPLIT, "func(vectors int, re, im, x, y, cos, sin *float32)")
	Pragma("noescape")
	Doc(fmt.Sprintf("%s sets re[i] = cos[i]*x[i] - sin[i]*y[i] and im[i] = sin[i]*x[i] + cos[i]*y[i], with one rounding less "+
		"than is written, for i < %d·vectors; vectors > 0. re and im may be x and y.",
		name, v.Lanes))
	n, re, im, x, y, cos, sin := emit.Arg("vectors"), emit.Arg("re"), emit.Arg("im"), emit.Arg("x"), emit.Arg("y"), emit.Arg("cos"), emit.Arg("sin")
	at := GP64()
	XORQ(at, at)
	mem := func(p reg.GPVirtual) Mem { return Mem{Base: p, Index: at, Scale: 4} }
	a, b, c, s, p, q := v.Vec(), v.Vec(), v.Vec(), v.Vec(), v.Vec(), v.Vec()
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
	ADDQ(U8(v.Lanes), at)
	DECQ(n)
	JNZ(LabelRef("next"))
	VZEROUPPER()
	RET()
}
