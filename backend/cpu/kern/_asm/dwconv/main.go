// Command dwconv writes the float32 depthwise convolution kernels: part of a row of pixels by all
// channels per call. Every one of them is the loop of dwTileGo, unrolled for its pixels.
package main

import (
	"flag"
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"github.com/cameo-onnx/cameo/backend/cpu/kern/_asm/emit"
)

// Byte offsets of the fields of dwTile; a test of package kern holds them to the Go struct.
const (
	offSrc   = 0
	offPix   = 8
	offTaps  = 16
	offNtaps = 24
	offW     = 32
	offDst   = 40
	offDpix  = 48
	offBias  = 56
	offRes   = 64
	offTiles = 72
	offVecs  = 80
	offLanes = 88
	offMask  = 96
	offClamp = 100
	offLo    = 104
	offHi    = 108
	offAt    = 112
)

const most = 8 // pixels of a tile

type kernel struct {
	emit.ISA
	emit.Rows // pixels of the image
	px        int

	t, col, vecs, tap, n, w, dst, row reg.GPVirtual
	acc                               [][]reg.VecVirtual // by vector, then pixel
	wv, tmp                           reg.VecVirtual
	lanesMask                         reg.VecVirtual // AVX2
	k                                 reg.Register   // AVX-512
}

func main() {
	decl := flag.String("decl", "", "file to write the Go declarations to")
	ConstraintExpr("!purego")
	tiles := emit.NewTiles("dwconv", "dwTile")
	for _, v := range emit.ISAs {
		var list []emit.Tile
		for px := 1; px <= most; px++ {
			k := &kernel{ISA: v, px: px}
			k.write()
			list = append(list, emit.Tile{Func: k.symbol(), Doc: k.doc(), Case: fmt.Sprint(px)})
		}
		tiles.Add("dwTile"+v.Name, "px pixels", "px", "px", list)
	}
	Generate()
	tiles.Write(*decl)
}

func (k *kernel) symbol() string { return fmt.Sprintf("dwF32x%dx%d%s", k.px, k.Lanes, k.Name) }

func (k *kernel) doc() string { return fmt.Sprintf("dwTileGo for tiles of %d pixels", k.px) }

func (k *kernel) field(off int) Mem { return Mem{Base: k.t, Disp: off} }

func (k *kernel) write() {
	TEXT(k.symbol(), NOSPLIT, "func(t *byte)") // avo cannot name the package's own types
	Doc(fmt.Sprintf("%s is %s.", k.symbol(), k.doc()))
	k.t = emit.Arg("t")
	k.col, k.vecs, k.tap, k.n, k.w, k.dst, k.row = emit.GP(), emit.GP(), emit.GP(), emit.GP(), emit.GP(), emit.GP(), emit.GP()
	k.Bases = []reg.GPVirtual{emit.GP(), emit.GP()}
	k.Stride, k.Stride3 = emit.GP(), emit.GP()
	k.acc = make([][]reg.VecVirtual, k.wide())
	for j := range k.acc {
		for range k.px {
			k.acc[j] = append(k.acc[j], k.Vec())
		}
	}
	k.wv, k.tmp = k.Vec(), k.Vec()
	if k.Lanes == 16 {
		k.k = K()
	} else {
		k.lanesMask = k.Vec()
		MOVQ(k.field(offLanes), k.row)
		VMOVUPS(Mem{Base: k.row}, k.lanesMask)
	}
	MOVQ(k.field(offPix), k.Stride)
	LEAQ(Mem{Base: k.Stride, Index: k.Stride, Scale: 2}, k.Stride3)
	tiles, src := emit.GP(), emit.GP()
	MOVQ(k.field(offTiles), tiles)
	MOVQ(k.field(offSrc), src)
	ADDQ(k.field(offAt), src)
	MOVQ(k.field(offDst), k.dst)
	res := emit.GP()
	MOVQ(k.field(offRes), res)
	Label("tile")
	XORQ(k.col, k.col)
	MOVQ(k.field(offVecs), k.vecs)
	if wide := k.wide(); wide > 1 {
		SUBQ(U8(wide), k.vecs)
		JLT(LabelRef("few"))
		Label("wide")
		k.vectors("w", wide, src, res, false)
		SUBQ(U8(wide), k.vecs)
		JGE(LabelRef("wide"))
		Label("few")
		ADDQ(U8(wide), k.vecs)
	}
	TESTQ(k.vecs, k.vecs)
	JZ(LabelRef("rest"))
	Label("vector")
	k.vectors("v", 1, src, res, false)
	DECQ(k.vecs)
	JNZ(LabelRef("vector"))
	Label("rest")
	CMPL(k.field(offMask), U8(0))
	JE(LabelRef("next"))
	k.vectors("r", 1, src, res, true)
	Label("next")
	k.advance(src, k.Stride)
	MOVQ(k.field(offDpix), k.row)
	k.advance(k.dst, k.row)
	TESTQ(res, res)
	JZ(LabelRef("nores"))
	k.advance(res, k.row)
	Label("nores")
	DECQ(tiles)
	JNZ(LabelRef("tile"))
	VZEROUPPER()
	RET()
}

// advance moves a pointer on by the pixels of a tile.
func (k *kernel) advance(p, step reg.GPVirtual) {
	IMUL3Q(U8(k.px), step, k.w)
	ADDQ(k.w, p)
}

func (k *kernel) load(from Mem, to reg.VecVirtual, masked bool) {
	switch {
	case !masked:
		VMOVUPS(from, to)
	case k.Lanes == 16:
		VMOVUPS_Z(from, k.k, to)
	default:
		VMASKMOVPS(from, k.lanesMask, to)
	}
}

// wide returns how many vectors of channels a tile takes at a time, so that the few registers of a
// short tile do not leave it waiting for one chain.
func (k *kernel) wide() int {
	if k.Lanes == 16 {
		return max(2, min(4, 16/k.px))
	}
	return max(1, min(4, 12/k.px))
}

// vectors computes n vectors of channels of a tile.
func (k *kernel) vectors(label string, n int, src, res reg.GPVirtual, masked bool) {
	if masked && k.Lanes == 16 {
		KMOVW(k.field(offMask), k.k)
	}
	k.start(n)
	MOVQ(k.field(offTaps), k.tap)
	MOVQ(k.field(offNtaps), k.n)
	TESTQ(k.n, k.n)
	JZ(LabelRef(label + "done"))
	Label(label + "tap")
	MOVQ(src, k.Bases[0])
	ADDQ(k.col, k.Bases[0])
	ADDQ(Mem{Base: k.tap}, k.Bases[0])
	if k.px > 4 {
		LEAQ(Mem{Base: k.Bases[0], Index: k.Stride, Scale: 4}, k.Bases[1])
	}
	MOVQ(k.field(offW), k.w)
	ADDQ(k.col, k.w)
	ADDQ(Mem{Base: k.tap, Disp: 8}, k.w)
	for j := range n {
		k.load(Mem{Base: k.w, Disp: 4 * k.Lanes * j}, k.wv, masked)
		for i, acc := range k.acc[j] {
			m := k.At(i, 4*k.Lanes*j)
			if masked {
				k.load(m, k.tmp, true)
				VFMADD231PS(k.tmp, k.wv, acc)
			} else {
				VFMADD231PS(m, k.wv, acc)
			}
		}
	}
	ADDQ(U8(16), k.tap)
	DECQ(k.n)
	JNZ(LabelRef(label + "tap"))
	Label(label + "done")
	k.finish(label, n, res, masked)
	ADDQ(U32(uint32(4*k.Lanes*n)), k.col)
}

func (k *kernel) start(n int) {
	for j := range n {
		k.Clear(k.acc[j]...)
	}
}

// eachPixel runs f for each result of a tile, with where it lies from base on.
func (k *kernel) eachPixel(n int, base reg.GPVirtual, f func(acc reg.VecVirtual, at Mem)) {
	MOVQ(base, k.row)
	ADDQ(k.col, k.row)
	for i := range k.px {
		if i > 0 {
			ADDQ(k.field(offDpix), k.row)
		}
		for j := range n {
			f(k.acc[j][i], Mem{Base: k.row, Disp: 4 * k.Lanes * j})
		}
	}
}

// finish adds the bias and the residual, clamps and stores.
func (k *kernel) finish(label string, n int, res reg.GPVirtual, masked bool) {
	MOVQ(k.field(offBias), k.row)
	TESTQ(k.row, k.row)
	JZ(LabelRef(label + "residual"))
	for j := range n {
		k.load(Mem{Base: k.row, Index: k.col, Scale: 1, Disp: 4 * k.Lanes * j}, k.tmp, masked)
		for _, v := range k.acc[j] {
			VADDPS(k.tmp, v, v)
		}
	}
	Label(label + "residual")
	TESTQ(res, res)
	JZ(LabelRef(label + "clamp"))
	k.eachPixel(n, res, func(acc reg.VecVirtual, at Mem) {
		k.load(at, k.tmp, masked)
		VADDPS(k.tmp, acc, acc)
	})
	Label(label + "clamp")
	CMPL(k.field(offClamp), U8(0))
	JE(LabelRef(label + "store"))
	VBROADCASTSS(k.field(offLo), k.wv)
	VBROADCASTSS(k.field(offHi), k.tmp)
	for j := range n {
		for _, v := range k.acc[j] {
			// The accumulator is the second source, so that NaN and -0 stay as they are.
			VMAXPS(v, k.wv, v)
			VMINPS(v, k.tmp, v)
		}
	}
	Label(label + "store")
	k.eachPixel(n, k.dst, func(acc reg.VecVirtual, at Mem) {
		switch {
		case !masked:
			VMOVUPS(acc, at)
		case k.Lanes == 16:
			VMOVUPS(acc, k.k, at)
		default:
			VMASKMOVPS(acc, k.lanesMask, at)
		}
	})
}
