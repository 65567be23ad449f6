package emit

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// A Chains is the loop that products of matrices share: over the segments of A, and in each over its steps of k, four at a time.
type Chains struct {
	Rows // of A: mr of them
	B    reg.GPVirtual
	Mr   int
	Per  int // bytes of B in a step; a row of A has four
}

// Byte offsets of the fields with which gemmTile and intTile begin; a test of package kern holds them to the Go structs.
const (
	OffA    = 0
	OffLda  = 8
	OffSegs = 16
	OffNseg = 24
	OffSegk = 32
	OffB    = 40
)

// Sum emits the loop for the tile at t. Step adds step s, counted from where the pointers stand; more loads what it needs besides.
func (c *Chains) Sum(t reg.GPVirtual, more func(), step func(s int)) {
	field := func(off int) Mem { return Mem{Base: t, Disp: off} }
	nseg, segs, u := GP64(), GP(), GP64()
	MOVQ(field(OffNseg), nseg)
	TESTQ(nseg, nseg)
	JZ(LabelRef("done"))
	MOVQ(field(OffSegs), segs)
	c.B = GP()
	MOVQ(field(OffB), c.B)
	more()
	if c.Mr > 1 {
		c.Stride = GP()
		MOVQ(field(OffLda), c.Stride)
	}
	if c.Mr > 3 {
		c.Stride3 = GP()
		LEAQ(Mem{Base: c.Stride, Index: c.Stride, Scale: 2}, c.Stride3)
	}
	c.Bases = make([]reg.GPVirtual, (c.Mr+3)/4)
	for i := range c.Bases {
		c.Bases[i] = GP()
	}
	Label("segment")
	MOVQ(field(OffA), c.Bases[0])
	ADDQ(Mem{Base: segs}, c.Bases[0])
	ADDQ(U8(8), segs)
	for i := 1; i < len(c.Bases); i++ {
		LEAQ(Mem{Base: c.Bases[i-1], Index: c.Stride, Scale: 4}, c.Bases[i])
	}
	MOVQ(field(OffSegk), u)
	SHRQ(U8(2), u)
	JZ(LabelRef("rest"))
	Label("loop")
	for s := range 4 {
		step(s)
	}
	c.advance(4)
	DECQ(u)
	JNZ(LabelRef("loop"))
	Label("rest")
	MOVQ(field(OffSegk), u)
	ANDQ(U8(3), u)
	JZ(LabelRef("next"))
	Label("one")
	step(0)
	c.advance(1)
	DECQ(u)
	JNZ(LabelRef("one"))
	Label("next")
	DECQ(nseg)
	JNZ(LabelRef("segment"))
	Label("done")
}

// advance moves the pointers on by n steps.
func (c *Chains) advance(n int) {
	for _, p := range c.Bases {
		ADDQ(U8(4*n), p)
	}
	ADDQ(U32(uint32(n*c.Per)), c.B)
}
