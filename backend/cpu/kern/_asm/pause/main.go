// Command pause writes the spin-wait hint of the worker pool.
package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

func main() {
	ConstraintExpr("!purego")
	TEXT("pause", NOSPLIT, "func(n int)")
	Doc("pause lets a short time pass, n times that of the PAUSE instruction.")
	n := Load(Param("n"), GP64())
	Label("loop")
	PAUSE()
	DECQ(n)
	JNZ(LabelRef("loop"))
	RET()
	Generate()
}
