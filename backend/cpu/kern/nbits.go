package kern

import (
	"fmt"
	"unsafe"
)

// An NBitsParam is the parameter of [MatMulNBitsF32], whose weights [PackNBits] packed.
type NBitsParam struct {
	K, N, Block int // sizes of the weights, and how many along K share a scale
	Bits        int // of a packed weight: 4 or 8
	NR          int // columns of a panel
}

// panels returns how many panels there are.
func (p *NBitsParam) panels() int { return (p.N + p.NR - 1) / p.NR }

// blocks returns how many blocks a column has.
func (p *NBitsParam) blocks() int { return (p.K + p.Block - 1) / p.Block }

// row returns the bytes of a row of a panel.
func (p *NBitsParam) row() int { return p.NR * p.Bits / 8 }

// PackedNBits returns the bytes that the panels of weights take, and the float32 that the panels of scales, or of zero points, do.
func PackedNBits(p *NBitsParam) (weights, scales int) {
	return p.panels() * p.K * p.row(), p.panels() * p.blocks() * p.NR
}

// An NBitsSource is weights as ONNX Runtime stores them: rows of N, each of blocks of weights of 2, 4 or 8 bits, low bits first.
type NBitsSource struct {
	Data  []byte
	Bits  int
	Scale []float32                  // [N,blocks]
	Zero  func(n, block int) float32 // the zero point of a block
}

// PackNBits puts weights, scales and zero points in the order of panels: a row of NR weights for each of K, where halves of a
// byte hold columns half a panel apart; and NR scales and zero points for each block.
func PackNBits(p *NBitsParam, s *NBitsSource, weights []byte, scale, zero []float32) {
	blocks, row, per := p.blocks(), p.row(), 8/s.Bits
	wide := blocks * p.Block / per // bytes of a row of the source
	c := Call{}
	c.Parallel(p.panels(), 1, func(lo, hi int) {
		for panel := lo; panel < hi; panel++ {
			to := weights[panel*p.K*row : (panel+1)*p.K*row]
			for j := range min(p.NR, p.N-panel*p.NR) {
				n := panel*p.NR + j
				p.packColumn(to, j, s.Data[n*wide:(n+1)*wide], s.Bits)
				for b := range blocks {
					at := (panel*blocks+b)*p.NR + j
					scale[at], zero[at] = s.Scale[n*blocks+b], s.Zero(n, b)
				}
			}
		}
	})
}

// packColumn packs column j of a panel.
func (p *NBitsParam) packColumn(to []byte, j int, from []byte, bits int) {
	row, per, mask := p.row(), 8/bits, byte(1<<bits-1)
	at, up := j, 0
	if p.Bits == 4 && j >= row {
		at, up = j-row, 4
	}
	for k := range p.K {
		to[k*row+at] |= from[k/per] >> (k % per * bits) & mask << up
	}
}

type nbitsState struct {
	p                *NBitsParam
	a, scale, zero   []float32
	data             []byte
	bias, y, scratch []float32
	m                int // rows of a
	step, wide       int // of K, and panels that are widened at a time
	rowBlocks        int
	groups           int // of panels
}

// MatMulNBitsF32 multiplies rows by weights of a few bits: they stay packed in memory, and become floats a piece of a panel at
// a time, in the first cache. A sum is one chain in the order of K, as in [GemmF32]. Operands: a [...,K]; weights, scales and
// zero points as [PackNBits] leaves them; a bias [N] or absent. Result: y [...,N].
func MatMulNBitsF32(c *Call) error {
	p, ok := c.Param.(*NBitsParam)
	if !ok || len(c.Args) != 6 {
		return fmt.Errorf("matmul_nbits: parameter %v for %d operands", c.Param, len(c.Args))
	}
	s := StateOf[nbitsState](c)
	if err := s.set(p, c); err != nil {
		return fmt.Errorf("matmul_nbits: %w", err)
	}
	if s.m > 0 {
		c.ParallelTask(s.groups*s.rowBlocks, 1, s)
	}
	*s = nbitsState{}
	return nil
}

func (s *nbitsState) set(p *NBitsParam, c *Call) error {
	if p.K < 1 || p.N < 1 || p.Block < 1 || p.Bits != 4 && p.Bits != 8 || gemmRowFor(p.NR) == nil || p.NR <= 0 {
		return fmt.Errorf("parameter %v", *p)
	}
	for i := range c.Args {
		if i != 1 && (i != 4 || c.Args[i].present()) {
			if _, err := c.Args[i].count(4); err != nil {
				return err
			}
		}
	}
	*s = nbitsState{
		p: p, a: F32(&c.Args[0]), data: c.Args[1].Data, scale: F32(&c.Args[2]), zero: F32(&c.Args[3]),
		y: F32(&c.Args[5]), scratch: F32(&Arg{Data: c.Scratch}),
	}
	if c.Args[4].present() {
		s.bias = F32(&c.Args[4])
	}
	d := c.Args[0].Dims
	if len(d) < 1 || d[len(d)-1] != p.K {
		return fmt.Errorf("inner dimensions: %v != %d", d, p.K)
	}
	s.m = c.Args[0].Len() / p.K
	weights, scales := PackedNBits(p)
	workers := c.Workers()
	bias := need{"bias", len(s.bias), p.N}
	if s.bias == nil {
		bias.want = 0
	}
	if err := enough("elements", need{"packed weights", len(s.data), weights}, need{"scales", len(s.scale), scales},
		need{"zero points", len(s.zero), scales}, bias, need{"result", len(s.y), s.m * p.N}, need{"scratch", len(s.scratch), workers * nbitsPiece}); err != nil {
		return err
	}
	row := gemmRowFor(p.NR)
	s.wide, s.step = 1, nbitsPiece/p.NR
	if s.m <= 3 { // so few rows take several panels at a time, to keep enough chains in flight
		s.wide = nbitsWide
		s.step /= nbitsWide
	}
	s.groups = (p.panels() + s.wide - 1) / s.wide
	s.rowBlocks = (s.m + machineBlocks().mc - 1) / machineBlocks().mc
	for s.groups*s.rowBlocks < 2*workers && s.m/(s.rowBlocks+1) >= 4*row.mr {
		s.rowBlocks++
	}
	return nil
}

const (
	nbitsPiece = 1 << 13 // floats that are made at a time
	nbitsWide  = 4
)

// MatMulNBitsF32Scratch returns the bytes of scratch that [MatMulNBitsF32] needs on so many workers.
func MatMulNBitsF32Scratch(workers int) int { return 4 * workers * nbitsPiece }

// Do computes pieces of C: a group of panels by a block of rows.
func (s *nbitsState) Do(worker, lo, hi int) {
	p := s.p
	panels := p.panels()
	scratch := s.scratch[worker*nbitsPiece : (worker+1)*nbitsPiece]
	for id := lo; id < hi; id++ {
		p0, block := id/s.rowBlocks*s.wide, id%s.rowBlocks
		np := min(s.wide, panels-p0)
		m0, m1 := s.m*block/s.rowBlocks, s.m*(block+1)/s.rowBlocks
		g := gemmPart{
			row: gemmRowFor(p.NR), kc: s.step, lda: 4 * p.K, ldc: 4 * p.N, runs: 1, len: m1 - m0, segs: noOffset,
			b: ptr(scratch), n: min(p.N-p0*p.NR, np*p.NR),
		}
		g.c = unsafe.Add(ptr(s.y), 4*(m0*p.N+p0*p.NR))
		for k := 0; k < p.K; k += s.step {
			g.segk = min(s.step, p.K-k)
			for i := range np {
				s.widen(scratch[i*g.segk*p.NR:], p0+i, k, k+g.segk)
			}
			g.a = unsafe.Add(ptr(s.a), 4*(m0*p.K+k))
			if k > 0 {
				g.flags = tileLoad
			}
			if k+g.segk == p.K && s.bias != nil {
				g.bias = unsafe.Add(ptr(s.bias), 4*p0*p.NR)
			}
			g.panels(0, np)
		}
	}
}

// widen makes floats of rows k0 to k1-1 of a panel.
func (s *nbitsState) widen(dst []float32, panel, k0, k1 int) {
	p := s.p
	row, blocks := p.row(), p.blocks()
	for k := k0; k < k1; {
		b := k / p.Block
		n := min(k1, (b+1)*p.Block) - k
		at := (panel*blocks + b) * p.NR
		widenPanel(n, p.Bits, p.NR, s.data[(panel*p.K+k)*row:], dst[(k-k0)*p.NR:], s.scale[at:at+p.NR], s.zero[at:at+p.NR])
		k += n
	}
}

// widenPanel makes floats of n rows of a panel that share their scales.
func widenPanel(n, bits, nr int, src []byte, dst, scale, zero []float32) {
	if widenPanelFast(n, bits, nr, src, dst, scale, zero) {
		return
	}
	for i := range n {
		d := dst[i*nr : (i+1)*nr]
		if bits == 8 {
			for j, x := range src[i*nr : (i+1)*nr] {
				d[j] = float32((float32(x) - zero[j]) * scale[j])
			}
			continue
		}
		h := nr / 2
		for j, x := range src[i*h : (i+1)*h] {
			d[j] = float32((float32(x&15) - zero[j]) * scale[j])
			d[j+h] = float32((float32(x>>4) - zero[j+h]) * scale[j+h])
		}
	}
}
