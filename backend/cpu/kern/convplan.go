package kern

// A convMode is how a strip of input comes before the matrix product.
type convMode int

const (
	convInPlace convMode = iota // nothing is padded: rows of A are where the input has them
	convHalo                    // the strip is copied, its padding with it: [z tap][row][column][C]
	convRibbon                  // narrow images: each pixel's row of taps is copied, so that pixels of all rows are evenly spaced
)

// narrow is the width of an image below which tiles of one row of pixels are too low.
const narrow = 8

// A convPhase is one phase of a convolution and how it is cut into strips of outputs.
type convPhase struct {
	axis       [3]axisPhase
	weights    int    // where its panels begin, in float32
	k          int    // steps of the sums
	deep       int    // steps that panels hold: those of taps that no output of the phase sees, too
	lo, span   [3]int // first input coordinate of output 0, and how far the taps reach from there
	mode       convMode
	rows, cols int // outputs of a strip along y and x
	ny, nx, nb int // strips, and blocks of panels
	groups     int // tasks that a strip's groups make: all of them, or one
	tasks      int
	bufRows    int // of the copy: input rows (halo), or rows per remainder of stride (ribbon)
	bufCols    int // halo: input columns
	segs       []int
	segk       int
	bsegs      []int // where each segment begins in a panel, in bytes; nil: one behind the other
}

// plan works out the phases of a convolution. Nothing in it changes bits.
func (s *convShape) plan(nr, workers int, then bool) (phases []convPhase) {
	var axes [3][]axisPhase
	for a := range axes {
		axes[a] = s.visible(a)
	}
	for _, z := range axes[0] {
		for _, y := range axes[1] {
			for _, x := range axes[2] {
				ph := convPhase{axis: [3]axisPhase{z, y, x}}
				ph.plan(s, nr, workers, then)
				phases = append(phases, ph)
			}
		}
	}
	return phases
}

func (ph *convPhase) plan(s *convShape, nr, workers int, then bool) {
	ph.weights = s.before(ph.axis) * s.group * PackedB(s.cg, s.ocg, nr)
	ph.k, ph.mode = s.cg, convInPlace
	for a, f := range ph.axis {
		ph.k *= len(f.taps)
		if len(f.taps) == 0 {
			continue
		}
		last := f.taps[len(f.taps)-1].at
		ph.lo[a] = f.taps[0].at
		ph.span[a] = last - ph.lo[a] + 1
		if ph.lo[a] < 0 || last+(f.count-1)*f.istep >= s.in[a] {
			ph.mode = convHalo
		}
	}
	if ph.deep = ph.k; !s.transposed {
		ph.deep = s.taps() * s.cg
	}
	if ph.k == 0 {
		ph.mode = convInPlace
	}
	if ph.axis[2].count < narrow && !s.transposed && s.taps() > 1 {
		ph.mode = convRibbon
	}
	ph.cut(s, nr, workers, then)
	ph.segments(s)
	if ph.k > 0 && ph.k < ph.deep {
		ph.panelSegments(s, nr)
	}
}

// cut chooses strips whose input and output stay in the second-level cache, small enough that every
// thread gets some. With then, a strip has all its channels, so that its pixels are done together.
func (ph *convPhase) cut(s *convShape, nr, workers int, then bool) {
	z, y, x := &ph.axis[0], &ph.axis[1], &ph.axis[2]
	budget := machineBlocks().mc * machineBlocks().kc // float32
	ph.cols, ph.nb = x.count, 1
	perCol := max(x.istep*y.istep*s.c*max(1, len(z.taps)), s.oc)
	if ph.mode == convRibbon {
		perCol = max(y.istep*len(x.taps)*s.c*max(1, len(z.taps)), s.oc)
	} else if most := max(4*14, budget/perCol) / 14 * 14; ph.cols > most {
		ph.cols = most
	}
	ph.rows = min(max(1, budget/(perCol*max(1, ph.cols))), max(1, y.count))
	panels := (s.ocg + nr - 1) / nr
	ph.groups = s.group
	if then {
		panels, ph.groups = 1, 1
	}
	work := float64(s.n*z.count*y.count) * float64(x.count) * float64(s.oc) * float64(max(1, ph.k))
	for {
		ph.ny, ph.nx = (y.count+ph.rows-1)/ph.rows, (x.count+max(1, ph.cols)-1)/max(1, ph.cols)
		ph.tasks = s.n * z.count * ph.ny * ph.nx * ph.groups * ph.nb
		if workers < 2 || work < smallGemm || ph.tasks == 0 || ph.tasks >= 4*workers {
			break
		}
		switch {
		case ph.rows > 2*ph.span[1] && ph.rows*ph.cols >= 56:
			ph.rows = (ph.rows + 1) / 2
		case ph.nb < panels:
			ph.nb = min(2*ph.nb, panels)
		case ph.rows > 1 && ph.rows*ph.cols >= 28:
			ph.rows = (ph.rows + 1) / 2
		default:
			return
		}
	}
}

// segments lists where the sums find their taps, from the first pixel of a strip: in the input, or
// in the copy. Taps that lie side by side in memory make one segment.
func (ph *convPhase) segments(s *convShape) {
	ph.bufCols = (ph.cols-1)*ph.axis[2].istep + ph.span[2]
	ph.bufRows = (ph.rows-1)*ph.axis[1].istep + ph.span[1]
	step := ph.axis[1].istep
	if ph.mode == convRibbon {
		ph.bufRows = ph.rows + (ph.span[1]-1)/step
	}
	xs := ph.axis[2].taps
	side := s.group == 1 && (ph.mode == convRibbon || ph.span[2] == len(xs))
	ph.segk = s.cg
	if side {
		ph.segk *= len(xs)
	}
	ph.segs = nil
	for jz, z := range ph.axis[0].taps {
		for _, y := range ph.axis[1].taps {
			for jx, x := range xs {
				if side && jx > 0 {
					break
				}
				rel := y.at - ph.lo[1]
				var at int
				switch ph.mode {
				case convInPlace:
					at = ((z.at*s.in[1]+y.at)*s.in[2] + x.at) * s.c
				case convHalo:
					at = ((jz*ph.bufRows+rel)*ph.bufCols + x.at - ph.lo[2]) * s.c
				case convRibbon:
					at = (((jz*step+rel%step)*ph.bufRows+rel/step)*ph.cols*len(xs) + jx) * s.c
				}
				ph.segs = append(ph.segs, 4*at)
			}
		}
	}
	if ph.k == 0 {
		ph.segs, ph.segk = noOffset, 0
	}
}

// panelSegments lists where the segments lie in a panel that holds other taps too.
func (ph *convPhase) panelSegments(s *convShape, nr int) {
	xs := ph.axis[2].taps
	for _, z := range ph.axis[0].taps {
		for _, y := range ph.axis[1].taps {
			for jx := 0; jx < len(xs); jx += ph.segk / s.cg {
				tap := (z.k*s.k[1]+y.k)*s.k[2] + xs[jx].k
				ph.bsegs = append(ph.bsegs, 4*tap*s.cg*nr)
			}
		}
	}
}

// buffer returns the float32 that the copy of a strip takes; -1 if that is absurd.
func (ph *convPhase) buffer(s *convShape) int {
	dims := []int{len(ph.axis[0].taps), ph.bufRows, ph.bufCols, s.c, 1}
	switch ph.mode {
	case convInPlace:
		return 0
	case convRibbon:
		dims = []int{len(ph.axis[0].taps) * ph.axis[1].istep, ph.bufRows, ph.cols, len(ph.axis[2].taps), s.c}
	}
	if ph.tasks == 0 {
		return 0
	}
	if countOf(dims) > maxStrip {
		return -1
	}
	return dims[0] * dims[1] * dims[2] * dims[3] * dims[4]
}

// maxStrip bounds the copy of a strip: wide dilations over wide padding could make it any size.
const maxStrip = 1 << 30
