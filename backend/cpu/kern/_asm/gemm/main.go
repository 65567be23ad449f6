// Command gemm writes the float32 matrix product kernels: one tile of C per call, A in place, B in
// panels. Every one of them is the loop of gemmTileGo, unrolled for its rows and columns.
package main

import (
	"flag"
	"fmt"
	"log"
	"os"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Byte offsets of the fields of gemmTile; a test of package kern holds them to the Go struct.
const (
	offA     = 0
	offLda   = 8
	offSegs  = 16
	offNseg  = 24
	offSegk  = 32
	offB     = 40
	offBstep = 48
	offC     = 56
	offLdc   = 64
	offBias  = 72
	offRes   = 80
	offLdr   = 88
	offLanes = 96
	offMask  = 104
	offFlags = 108
	offAlpha = 112
	offLo    = 116
	offHi    = 120
)

const (
	flagLoad  = 1 // the chains go on from C
	flagAlpha = 2
	flagClamp = 4
	flagWhole = 8 // no column is masked
)

// An isa is the vector width that a kernel is written for.
type isa struct {
	name  string
	lanes int // float32 per vector
	panel int // columns of a panel of B
	vec   func() reg.VecVirtual
}

var (
	avx512 = isa{"AVX512", 16, 32, ZMM}
	avx2   = isa{"AVX2", 8, 16, YMM}
)

// A kernel is one tile shape: mr rows of A by np neighbouring panels, or by the first half of one.
type kernel struct {
	isa
	mr, np int
	half   bool

	t, a, lda, lda3, b, bstep, bstep3 reg.GPVirtual
	bases                             []reg.GPVirtual
	acc                               [][]reg.VecVirtual
	tmp                               []reg.VecVirtual // B, then masks and scalars of the epilogue
	av                                reg.VecVirtual
	masks                             []reg.Register
}

func shapes(v isa, rows, halves int, wide [][2]int) (ks []*kernel) {
	for mr := 1; mr <= rows; mr++ {
		ks = append(ks, &kernel{isa: v, mr: mr, np: 1})
	}
	for mr := 1; mr <= halves; mr++ {
		ks = append(ks, &kernel{isa: v, mr: mr, np: 1, half: true})
	}
	for _, s := range wide {
		ks = append(ks, &kernel{isa: v, mr: s[0], np: s[1]})
	}
	return ks
}

func main() {
	decl := flag.String("decl", "", "file to write the Go declarations to")
	ConstraintExpr("!purego")
	all := [][]*kernel{
		shapes(avx512, 14, 14, [][2]int{{1, 2}, {1, 3}, {1, 4}, {2, 2}, {3, 2}}),
		shapes(avx2, 6, 0, [][2]int{{1, 2}, {1, 3}, {1, 4}, {2, 2}}),
	}
	for _, ks := range all {
		for _, k := range ks {
			k.write()
		}
	}
	Generate()
	if err := os.WriteFile(*decl, []byte(declarations(all)), 0o644); err != nil {
		log.Fatal(err)
	}
}

func (k *kernel) write() {
	k.declare()
	k.allocate()
	k.start()
	k.sum()
	k.finish()
	VZEROUPPER()
	RET()
}

func (k *kernel) cols() int {
	if k.half {
		return k.panel / 2
	}
	return k.panel * k.np
}

func (k *kernel) vectors() int { return k.cols() / k.lanes }

func (k *kernel) symbol() string {
	return fmt.Sprintf("gemmF32x%dx%d%s", k.mr, k.cols(), k.name)
}

func (k *kernel) declare() {
	name := k.symbol()
	TEXT(name, NOSPLIT, "func(t *byte)") // avo cannot name the package's own types
	Doc(fmt.Sprintf("%s is gemmTileGo for %d rows and %d columns.", name, k.mr, k.cols()))
	k.t = Load(Param("t"), GP64()).(reg.GPVirtual)
}

func (k *kernel) field(off int) Mem { return Mem{Base: k.t, Disp: off} }

func (k *kernel) allocate() {
	k.acc = make([][]reg.VecVirtual, k.mr)
	for i := range k.acc {
		k.acc[i] = make([]reg.VecVirtual, k.vectors())
		for j := range k.acc[i] {
			k.acc[i][j] = k.vec()
		}
	}
	k.tmp = make([]reg.VecVirtual, max(2, k.vectors()))
	if k.mr == 1 {
		k.tmp = make([]reg.VecVirtual, 2) // B comes straight from memory
	}
	for j := range k.tmp {
		k.tmp[j] = k.vec()
	}
	k.av = k.vec()
}

// loadMasks sets masks[0] for the last vector but one and masks[1] for the last.
func (k *kernel) loadMasks() {
	n := min(2, k.vectors())
	k.masks = make([]reg.Register, n)
	for i := range n {
		if k.lanes == 16 {
			m := K()
			KMOVW(k.field(offMask+2*i), m)
			k.masks[i] = m
		} else {
			if i == 0 {
				k.a = GP64().(reg.GPVirtual)
				MOVQ(k.field(offLanes), k.a)
			}
			VMOVUPS(Mem{Base: k.a, Disp: 32 * i}, k.tmp[i])
			k.masks[i] = k.tmp[i]
		}
	}
}

// mask returns the mask of vector j, or nil for those that are always whole.
func (k *kernel) mask(j int) reg.Register {
	if m := j - (k.vectors() - len(k.masks)); m >= 0 && j >= k.vectors()-2 {
		return k.masks[m]
	}
	return nil
}

func (k *kernel) loadVec(j int, from Mem, to reg.VecVirtual) {
	switch m := k.mask(j); {
	case m == nil:
		VMOVUPS(from, to)
	case k.lanes == 16:
		VMOVUPS_Z(from, m, to)
	default:
		VMASKMOVPS(from, m, to)
	}
}

// sum runs the chains over all segments of A.
func (k *kernel) sum() {
	nseg, segs, u := GP64(), GP64().(reg.GPVirtual), GP64()
	MOVQ(k.field(offNseg), nseg)
	TESTQ(nseg, nseg)
	JZ(LabelRef("done"))
	MOVQ(k.field(offSegs), segs)
	k.b = GP64().(reg.GPVirtual)
	MOVQ(k.field(offB), k.b)
	if k.np > 1 || k.prefetchesNext() {
		k.bstep = GP64().(reg.GPVirtual)
		MOVQ(k.field(offBstep), k.bstep)
	}
	if k.np > 3 {
		k.bstep3 = GP64().(reg.GPVirtual)
		LEAQ(Mem{Base: k.bstep, Index: k.bstep, Scale: 2}, k.bstep3)
	}
	if k.mr > 1 {
		k.lda = GP64().(reg.GPVirtual)
		MOVQ(k.field(offLda), k.lda)
	}
	if k.mr > 3 {
		k.lda3 = GP64().(reg.GPVirtual)
		LEAQ(Mem{Base: k.lda, Index: k.lda, Scale: 2}, k.lda3)
	}
	k.bases = make([]reg.GPVirtual, (k.mr+3)/4)
	for i := range k.bases {
		k.bases[i] = GP64().(reg.GPVirtual)
	}
	Label("segment")
	MOVQ(k.field(offA), k.bases[0])
	ADDQ(Mem{Base: segs}, k.bases[0])
	ADDQ(U8(8), segs)
	for i := 1; i < len(k.bases); i++ {
		LEAQ(Mem{Base: k.bases[i-1], Index: k.lda, Scale: 4}, k.bases[i])
	}
	MOVQ(k.field(offSegk), u)
	SHRQ(U8(2), u)
	JZ(LabelRef("rest"))
	Label("loop")
	for s := range 4 {
		k.step(s)
	}
	k.advance(4)
	DECQ(u)
	JNZ(LabelRef("loop"))
	Label("rest")
	MOVQ(k.field(offSegk), u)
	ANDQ(U8(3), u)
	JZ(LabelRef("next"))
	Label("one")
	k.step(0)
	k.advance(1)
	DECQ(u)
	JNZ(LabelRef("one"))
	Label("next")
	DECQ(nseg)
	JNZ(LabelRef("segment"))
	Label("done")
}

func (k *kernel) advance(n int) {
	for _, p := range k.bases {
		ADDQ(U8(4*n), p)
	}
	ADDQ(U32(uint32(4*n*k.panel)), k.b)
}

// bmem addresses vector j of the columns, s steps of k ahead.
func (k *kernel) bmem(s, j int) Mem {
	per := k.panel / k.lanes
	m := Mem{Base: k.b, Disp: (s*per + j%per) * k.lanes * 4}
	switch j / per {
	case 1:
		m.Index, m.Scale = k.bstep, 1
	case 2:
		m.Index, m.Scale = k.bstep, 2
	case 3:
		m.Index, m.Scale = k.bstep3, 1
	}
	return m
}

func (k *kernel) amem(s, i int) Mem {
	m := Mem{Base: k.bases[i/4], Disp: s * 4}
	switch i % 4 {
	case 1:
		m.Index, m.Scale = k.lda, 1
	case 2:
		m.Index, m.Scale = k.lda, 2
	case 3:
		m.Index, m.Scale = k.lda3, 1
	}
	return m
}

// prefetchesNext reports whether a tile also asks for the next panel: it has chains enough to hide that, and other tiles
// will read the panel that it reads itself.
func (k *kernel) prefetchesNext() bool { return k.mr >= 4 && !k.half }

// prefetch asks for what will be read after b: by this tile, and by the first tile of the next panel, which would
// otherwise wait for each line.
func (k *kernel) prefetch(b Mem) {
	if b.Disp%64 != 0 {
		return // one request a line
	}
	ahead := b
	ahead.Disp += 2048
	PREFETCHT0(ahead)
	if k.prefetchesNext() {
		b.Index, b.Scale = k.bstep, 1
		PREFETCHT1(b)
	}
}

// step adds one k to every chain.
func (k *kernel) step(s int) {
	for j := range k.vectors() {
		if k.mr > 1 {
			VMOVUPS(k.bmem(s, j), k.tmp[j])
		}
		k.prefetch(k.bmem(s, j))
	}
	for i := range k.mr {
		VBROADCASTSS(k.amem(s, i), k.av)
		for j := range k.vectors() {
			if k.mr > 1 {
				VFMADD231PS(k.av, k.tmp[j], k.acc[i][j])
			} else {
				VFMADD231PS(k.bmem(s, j), k.av, k.acc[i][j])
			}
		}
	}
}
