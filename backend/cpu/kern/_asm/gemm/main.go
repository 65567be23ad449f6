// Command gemm writes the float32 matrix product kernels: one tile of C per call, A in place, B in
// panels. Every one of them is the loop of gemmTileGo, unrolled for its rows and columns.
package main

import (
	"flag"
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"github.com/cameo-onnx/cameo/backend/cpu/kern/_asm/emit"
)

// Byte offsets of the fields of gemmTile behind those that emit knows; a test of package kern holds them to the Go struct.
const (
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

// A width is an instruction set and the columns of a panel of B for it.
type width struct {
	emit.ISA
	panel int
}

var avx512, avx2 = width{emit.AVX512, 32}, width{emit.AVX2, 16}

// A kernel is one tile shape: mr rows of A by np neighbouring panels, or by the first half of one.
type kernel struct {
	width
	mr, np int
	half   bool

	emit.Chains
	t, bstep, bstep3 reg.GPVirtual
	acc              [][]reg.VecVirtual
	tmp              []reg.VecVirtual // B, then masks and scalars of the epilogue
	av               reg.VecVirtual
	masks            []reg.Register
}

func shapes(v width, rows, halves int, wide [][2]int) (ks []*kernel) {
	for mr := 1; mr <= rows; mr++ {
		ks = append(ks, &kernel{width: v, mr: mr, np: 1})
	}
	for mr := 1; mr <= halves; mr++ {
		ks = append(ks, &kernel{width: v, mr: mr, np: 1, half: true})
	}
	for _, s := range wide {
		ks = append(ks, &kernel{width: v, mr: s[0], np: s[1]})
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
	tiles := emit.NewTiles("gemm", "gemmTile")
	for _, ks := range all {
		var list []emit.Tile
		for _, k := range ks {
			k.write()
			list = append(list, emit.Tile{Func: k.symbol(), Doc: k.doc(), Case: fmt.Sprintf("%d<<8 | %d", k.mr, k.cols())})
		}
		tiles.Add("gemmTile"+ks[0].Name, "mr rows and so many columns", "mr, cols", "mr<<8 | cols", list)
	}
	Generate()
	tiles.Write(*decl)
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

func (k *kernel) vectors() int { return k.cols() / k.Lanes }

func (k *kernel) symbol() string {
	return fmt.Sprintf("gemmF32x%dx%d%s", k.mr, k.cols(), k.Name)
}

func (k *kernel) doc() string {
	return fmt.Sprintf("gemmTileGo for %d rows and %d columns", k.mr, k.cols())
}

func (k *kernel) declare() {
	name := k.symbol()
	TEXT(name, NOSPLIT, "func(t *byte)") // avo cannot name the package's own types
	Doc(fmt.Sprintf("%s is %s.", name, k.doc()))
	k.t = emit.Arg("t")
}

func (k *kernel) field(off int) Mem { return Mem{Base: k.t, Disp: off} }

func (k *kernel) allocate() {
	k.acc = make([][]reg.VecVirtual, k.mr)
	for i := range k.acc {
		k.acc[i] = make([]reg.VecVirtual, k.vectors())
		for j := range k.acc[i] {
			k.acc[i][j] = k.Vec()
		}
	}
	k.tmp = make([]reg.VecVirtual, max(2, k.vectors()))
	if k.mr == 1 {
		k.tmp = make([]reg.VecVirtual, 2) // B comes straight from memory
	}
	for j := range k.tmp {
		k.tmp[j] = k.Vec()
	}
	k.av = k.Vec()
}

// loadMasks sets masks[0] for the last vector but one and masks[1] for the last.
func (k *kernel) loadMasks() {
	n := min(2, k.vectors())
	k.masks = make([]reg.Register, n)
	var lanes reg.GPVirtual
	for i := range n {
		if k.Lanes == 16 {
			m := K()
			KMOVW(k.field(offMask+2*i), m)
			k.masks[i] = m
		} else {
			if i == 0 {
				lanes = emit.GP()
				MOVQ(k.field(offLanes), lanes)
			}
			VMOVUPS(Mem{Base: lanes, Disp: 32 * i}, k.tmp[i])
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
	case k.Lanes == 16:
		VMOVUPS_Z(from, m, to)
	default:
		VMASKMOVPS(from, m, to)
	}
}

// sum runs the chains over all segments of A.
func (k *kernel) sum() {
	k.Mr, k.Per = k.mr, 4*k.panel
	k.Sum(k.t, func() {
		if k.np > 1 || k.prefetchesNext() {
			k.bstep = emit.GP()
			MOVQ(k.field(offBstep), k.bstep)
		}
		if k.np > 3 {
			k.bstep3 = emit.GP()
			LEAQ(Mem{Base: k.bstep, Index: k.bstep, Scale: 2}, k.bstep3)
		}
	}, k.step)
}

// bmem addresses vector j of the columns, s steps of k ahead.
func (k *kernel) bmem(s, j int) Mem {
	per := k.panel / k.Lanes
	m := Mem{Base: k.B, Disp: (s*per + j%per) * k.Lanes * 4}
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
		VBROADCASTSS(k.At(i, 4*s), k.av)
		for j := range k.vectors() {
			if k.mr > 1 {
				VFMADD231PS(k.av, k.tmp[j], k.acc[i][j])
			} else {
				VFMADD231PS(k.bmem(s, j), k.av, k.acc[i][j])
			}
		}
	}
}
