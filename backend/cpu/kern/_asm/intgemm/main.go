// Command intgemm writes the kernels of the matrix product of small integers: one tile of sums per
// call, A in place, B in panels. Every one of them is the loop of intTileGo for its kind, unrolled
// for its rows and columns.
package main

import (
	"flag"
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"github.com/cameo-onnx/cameo/backend/cpu/kern/_asm/emit"
)

// Byte offsets of the fields of intTile behind those that emit knows; a test of package kern holds them to the Go struct.
const (
	offC    = 48
	offLdc  = 56
	offLoad = 64
)

// A kind is what the four bytes of a step hold, and by which instructions they are multiplied.
type kind struct {
	name  string
	doc   string
	lanes int // sums in a vector
	rows  int // most rows of a tile
	vec   func() reg.VecVirtual
	// mul adds the products of a step: a in all lanes, b of each column, in a register or in memory.
	mul func(k *kernel, a reg.VecVirtual, b Op, sum reg.VecVirtual)
}

var kinds = []kind{
	{"U8VNNI", "unsigned A by signed B", 16, 14, ZMM, func(_ *kernel, a reg.VecVirtual, b Op, sum reg.VecVirtual) { VPDPBUSD(b, a, sum) }},
	{"I8VNNI", "signed A by unsigned B", 16, 14, ZMM, func(k *kernel, a reg.VecVirtual, b Op, sum reg.VecVirtual) {
		if m, ok := b.(Mem); ok {
			VMOVDQU32(m, k.tmp)
			b = k.tmp
		}
		VPDPBUSD(a, b, sum)
	}},
	{"I16AVX512", "pairs of 16 bits", 16, 14, ZMM, pairs},
	{"I16AVX2", "pairs of 16 bits", 8, 6, YMM, pairs},
}

func pairs(k *kernel, a reg.VecVirtual, b Op, sum reg.VecVirtual) {
	VPMADDWD(b, a, k.tmp)
	VPADDD(k.tmp, sum, sum)
}

// A kernel is one tile shape: mr rows of A by one panel of two vectors.
type kernel struct {
	kind
	mr int

	emit.Chains
	t       reg.GPVirtual
	acc     [][2]reg.VecVirtual
	bv      [2]reg.VecVirtual
	av, tmp reg.VecVirtual
}

func main() {
	decl := flag.String("decl", "", "file to write the Go declarations to")
	ConstraintExpr("!purego")
	tiles := emit.NewTiles("intgemm", "intTile")
	for _, kd := range kinds {
		var list []emit.Tile
		for mr := 1; mr <= kd.rows; mr++ {
			k := &kernel{kind: kd, mr: mr}
			k.write()
			list = append(list, emit.Tile{Func: k.symbol(), Doc: k.what(), Case: fmt.Sprint(mr)})
		}
		tiles.Add("intTile"+kd.name, "mr rows", "mr", "mr", list)
	}
	Generate()
	tiles.Write(*decl)
}

func (k *kernel) what() string { return fmt.Sprintf("intTileGo for %d rows: %s", k.mr, k.doc) }

func (k *kernel) symbol() string { return fmt.Sprintf("int%dx%d%s", k.mr, 2*k.lanes, k.name) }

func (k *kernel) field(off int) Mem { return Mem{Base: k.t, Disp: off} }

func (k *kernel) write() {
	TEXT(k.symbol(), NOSPLIT, "func(t *byte)") // avo cannot name the package's own types
	Doc(fmt.Sprintf("%s is %s.", k.symbol(), k.what()))
	k.t = emit.Arg("t")
	k.acc = make([][2]reg.VecVirtual, k.mr)
	for i := range k.acc {
		k.acc[i] = [2]reg.VecVirtual{k.vec(), k.vec()}
	}
	k.bv = [2]reg.VecVirtual{k.vec(), k.vec()}
	k.av, k.tmp = k.vec(), k.vec()
	k.start()
	k.Mr, k.Per = k.mr, 8*k.lanes
	k.Sum(k.t, func() {}, k.step)
	row := emit.GP()
	k.eachRow(row, func(i int) {
		for j, v := range k.acc[i] {
			k.store(v, Mem{Base: row, Disp: 4 * k.lanes * j})
		}
	})
	VZEROUPPER()
	RET()
}

func (k *kernel) load(from Mem, to reg.VecVirtual) {
	if k.lanes == 16 {
		VMOVDQU32(from, to)
	} else {
		VMOVDQU(from, to)
	}
}

func (k *kernel) store(v reg.VecVirtual, to Mem) {
	if k.lanes == 16 {
		VMOVDQU32(v, to)
	} else {
		VMOVDQU(v, to)
	}
}

// start fills the sums: from C, or with zeros.
func (k *kernel) start() {
	row := emit.GP()
	MOVQ(k.field(offLoad), row)
	TESTQ(row, row)
	JZ(LabelRef("zero"))
	k.eachRow(row, func(i int) {
		for j, v := range k.acc[i] {
			k.load(Mem{Base: row, Disp: 4 * k.lanes * j}, v)
		}
	})
	JMP(LabelRef("begin"))
	Label("zero")
	for i := range k.acc {
		for _, v := range k.acc[i] {
			if k.lanes == 16 {
				VPXORD(v, v, v)
			} else {
				VPXOR(v, v, v)
			}
		}
	}
	Label("begin")
}

// eachRow runs f with row pointing at each row of C in turn.
func (k *kernel) eachRow(row reg.GPVirtual, f func(i int)) {
	MOVQ(k.field(offC), row)
	for i := range k.acc {
		if i > 0 {
			ADDQ(k.field(offLdc), row)
		}
		f(i)
	}
}

// step adds four bytes of A to every chain.
func (k *kernel) step(s int) {
	var b [2]Op
	for j := range b {
		m := Mem{Base: k.B, Disp: (2*s + j) * 4 * k.lanes}
		b[j] = m
		if k.mr > 1 {
			k.load(m, k.bv[j])
			b[j] = k.bv[j]
		}
		if k.mr < 4 {
			m.Disp += 2048
			if m.Disp%64 == 0 { // one line each
				PREFETCHT0(m)
			}
		}
	}
	for i := range k.mr {
		VPBROADCASTD(k.At(i, 4*s), k.av)
		for j := range b {
			k.mul(k, k.av, b[j], k.acc[i][j])
		}
	}
}
