package kern

import (
	"fmt"
	"slices"
)

// A ConvParam is the Param of [ConvF32]. Its slices have one entry per spatial axis (one to three
// axes), Pads first the paddings before each axis, then those behind.
type ConvParam struct {
	Kernel, Strides, Dilations, Pads []int
	Group                            int
	Transposed                       bool // ConvTranspose: weights [C,OC/group,…]; output padding shows in the result's dims
	NR                               int  // columns of the panels that PackConv made
	Exact                            bool // some weights are infinite or NaN (see [Finite]): they are packed as they lie
	Clamp                            Clamp
}

// A convShape is a convolution with its spatial axes brought to three: depth, height, width.
type convShape struct {
	n, c, oc, group, cg, ocg       int // cg, ocg: channels of a group
	in, out, k, stride, dil, front [3]int
	transposed                     bool
	surrounded                     bool // what lies outside the image is not zero: no tap may be left out
}

// axes checks the parameters and fills all but the sizes of x and y.
func (p *ConvParam) axes(w []int) (s convShape, err error) {
	rank := len(p.Kernel)
	if rank < 1 || rank > 3 || len(w) != rank+2 {
		return s, fmt.Errorf("weights of rank %d for %d spatial axes", len(w), rank)
	}
	if len(p.Strides) != rank || len(p.Dilations) != rank || len(p.Pads) != 2*rank || p.Group < 1 {
		return s, fmt.Errorf("strides %v, dilations %v, pads %v, group %d for kernel %v", p.Strides, p.Dilations, p.Pads, p.Group, p.Kernel)
	}
	if !slices.Equal(w[2:], p.Kernel) {
		return s, fmt.Errorf("weights %v for kernel %v", w, p.Kernel)
	}
	s.group, s.transposed = p.Group, p.Transposed
	if s.transposed {
		s.c, s.ocg = w[0], w[1]
		s.cg, s.oc = s.c/s.group, s.ocg*s.group
	} else {
		s.oc, s.cg = w[0], w[1]
		s.c, s.ocg = s.cg*s.group, s.oc/s.group
	}
	if s.cg*s.group != s.c || s.ocg*s.group != s.oc || s.c < 1 || s.oc < 1 {
		return s, fmt.Errorf("weights %v in %d groups", w, s.group)
	}
	for a := range 3 {
		s.k[a], s.stride[a], s.dil[a], s.in[a], s.out[a] = 1, 1, 1, 1, 1
		if i := a - (3 - rank); i >= 0 {
			s.k[a], s.stride[a], s.dil[a], s.front[a] = p.Kernel[i], p.Strides[i], p.Dilations[i], p.Pads[i]
			if s.k[a] < 1 || s.stride[a] < 1 || s.dil[a] < 1 || s.front[a] < 0 || p.Pads[rank+i] < 0 ||
				max(s.k[a], s.stride[a], s.dil[a], s.front[a], p.Pads[rank+i]) > maxStep {
				return s, fmt.Errorf("axis %d: kernel %d, stride %d, dilation %d, padding %d", i, s.k[a], s.stride[a], s.dil[a], s.front[a])
			}
		}
	}
	if phases := s.stride[0] * s.stride[1] * s.stride[2]; s.transposed && (phases > maxPhases || slices.Max(s.stride[:]) > maxPhases) {
		return s, fmt.Errorf("strides %v: more than %d phases", p.Strides, maxPhases)
	}
	return s, nil
}

// maxStep bounds kernels, strides, dilations and paddings, so that no coordinate overflows.
const maxStep = 1 << 24

// maxPhases bounds the plan of a transposed convolution, which works out each phase on its own.
const maxPhases = 4096

// shape fills in the sizes of x [N,C,…] and y [N,OC,…].
func (p *ConvParam) shape(x, w, y []int) (s convShape, err error) {
	if s, err = p.axes(w); err != nil {
		return s, err
	}
	rank := len(p.Kernel)
	if len(x) != rank+2 || len(y) != rank+2 {
		return s, fmt.Errorf("%v to %v: want rank %d", x, y, rank+2)
	}
	if x[1] != s.c || y[1] != s.oc || x[0] != y[0] {
		return s, fmt.Errorf("%v to %v by weights %v", x, y, w)
	}
	s.n = x[0]
	copy(s.in[3-rank:], x[2:])
	copy(s.out[3-rank:], y[2:])
	if countOf(x) > maxElements || countOf(y) > maxElements {
		return s, fmt.Errorf("%v to %v: too many elements", x, y)
	}
	for i, k := range p.Kernel {
		room := x[2+i] + p.Pads[i] + p.Pads[rank+i] - (k-1)*p.Dilations[i] - 1
		if out := room/p.Strides[i] + 1; !s.transposed && (room < 0 || y[2+i] != out) {
			return s, fmt.Errorf("axis %d of %v to %v: strides %v, dilations %v, pads %v", i, x, y, p.Strides, p.Dilations, p.Pads)
		}
	}
	if s.pointwise() {
		s.out = [3]int{1, s.n * s.out[0] * s.out[1], s.out[2]}
		s.in, s.n = s.out, 1
	}
	return s, nil
}

// countOf is the number of elements, where it may be more than an int holds.
func countOf(dims []int) float64 {
	n := 1.0
	for _, d := range dims {
		n *= float64(d)
	}
	return n
}

// pointwise reports whether each result is made of the one pixel in its place.
func (s *convShape) pointwise() bool {
	one := [3]int{1, 1, 1}
	return s.k == one && s.stride == one && s.front == [3]int{} && s.in == s.out
}

// depthwise reports whether every result comes from one channel.
func (s *convShape) depthwise() bool {
	return s.cg == 1 && s.group > 1 && (s.ocg == 1 || !s.transposed)
}

func (s *convShape) taps() int { return s.k[0] * s.k[1] * s.k[2] }

// PackedConv returns how many float32 PackConv writes for weights of these dims.
func PackedConv(p *ConvParam, w []int) (int, error) {
	s, err := p.axes(w)
	if err != nil {
		return 0, err
	}
	if s.depthwise() || p.Exact {
		return s.taps() * s.oc * s.cg, nil
	}
	return s.group * PackedB(s.taps()*s.cg, s.ocg, p.NR), nil
}

// PackConv puts weights [OC,C/group,…] (or [C,OC/group,…] if transposed) in the order that ConvF32
// wants: for each phase and group panels of NR channels, [tap][ic][NR]; depthwise [tap][OC]; as they are if Exact.
// The error is that of [PackedConv], or tells that dst or src is short.
func PackConv(dst, src []float32, p *ConvParam, w []int) error {
	return new(ConvPacker).Pack(dst, src, p, w)
}

// A ConvPacker does [PackConv] again and again: for the same parameter and sizes it allocates nothing.
type ConvPacker struct {
	p      *ConvParam
	w      []int
	size   int
	shape  convShape
	phases [3][]axisPhase
}

// Pack is [PackConv]. What p points to must not have changed since the last call.
func (k *ConvPacker) Pack(dst, src []float32, p *ConvParam, w []int) error {
	if err := k.prepare(p, w); err != nil {
		return err
	}
	s := &k.shape
	if len(dst) < k.size || len(src) < s.oc*s.cg*s.taps() || p.NR < 1 {
		return fmt.Errorf("packing %d weights into %d, panels of %d", len(src), len(dst), p.NR)
	}
	if p.Exact {
		copy(dst, src[:k.size])
		return nil
	}
	for _, z := range k.phases[0] {
		for _, y := range k.phases[1] {
			for _, x := range k.phases[2] {
				at := [3]axisPhase{z, y, x}
				if s.depthwise() {
					s.packDepthwise(dst[s.before(at)*s.oc:], src, at)
				} else {
					s.packPhase(dst[s.before(at)*s.group*PackedB(s.cg, s.ocg, p.NR):], src, at, p.NR)
				}
			}
		}
	}
	return nil
}

// prepare works out the phases, unless they are for these very sizes already.
func (k *ConvPacker) prepare(p *ConvParam, w []int) error {
	if k.p == p && slices.Equal(k.w, w) {
		return nil
	}
	s, err := p.axes(w)
	if err != nil {
		return err
	}
	if k.size, err = PackedConv(p, w); err != nil {
		return err
	}
	k.p, k.w, k.shape = p, append(k.w[:0], w...), s
	for a := range k.phases {
		k.phases[a] = s.tapped(a)
	}
	return nil
}

// eachTap calls f with the number of each tap of a phase and its place in the kernel.
func (s *convShape) eachTap(at [3]axisPhase, f func(i, tap int)) {
	i := 0
	for _, z := range at[0].taps {
		for _, y := range at[1].taps {
			for _, x := range at[2].taps {
				f(i, (z.k*s.k[1]+y.k)*s.k[2]+x.k)
				i++
			}
		}
	}
}

func (s *convShape) packDepthwise(dst, src []float32, at [3]axisPhase) {
	s.eachTap(at, func(i, tap int) {
		for c := range s.oc {
			dst[i*s.oc+c] = src[c*s.taps()+tap]
		}
	})
}

func (s *convShape) packPhase(dst, src []float32, at [3]axisPhase, nr int) {
	taps := s.taps()
	k := len(at[0].taps) * len(at[1].taps) * len(at[2].taps) * s.cg
	perOC, perIC := s.cg*taps, taps // how far apart src has neighbouring channels
	if s.transposed {
		perOC, perIC = taps, s.ocg*taps
	}
	size := PackedB(k, s.ocg, nr)
	for g := range s.group {
		from, to := src[g*s.cg*s.ocg*taps:], dst[g*size:(g+1)*size]
		if taps == 1 {
			PackB(to, from, max(perOC, perIC), s.cg, s.ocg, nr, !s.transposed)
			continue
		}
		clear(to)
		// Some channels at a time, so that their weights stay in the first-level cache for all taps.
		const some = 8
		for oc := 0; oc < s.ocg; oc += some {
			for ic := 0; ic < s.cg; ic += some {
				m, n := min(some, s.ocg-oc), min(some, s.cg-ic)
				s.eachTap(at, func(i, tap int) {
					d := to[oc/nr*nr*k+(i*s.cg+ic)*nr+oc%nr:]
					packTap(d, from[oc*perOC+ic*perIC+tap:], n, m, nr, perIC, perOC)
				})
			}
		}
	}
}

// packTap writes one tap's weights for n input channels and m result channels of one panel.
func packTap(d, src []float32, n, m, nr, perIC, perOC int) {
	for c := range n {
		row := d[c*nr : c*nr+m]
		at := c * perIC
		for j := range row {
			row[j] = src[at]
			at += perOC
		}
	}
}
