package jpeg2000

// Constants of the irreversible wavelet's lifting steps, negated; of the last, 2/K is OpenJPEG's, and half the bands' gain is left out
// of their steps in turn.
const (
	lift1 = -0.443506852
	lift2 = -0.882911075
	lift3 = 0.052980118
	lift4 = 1.586134342
	lowK  = 1.230174105
	highK = 1.625732422
)

// strip is how many columns are transformed together, for the cache's sake.
const strip = 16

// synthesise undoes the wavelet transform: from the lowest resolution on, rows first, then columns.
func (p *plane) synthesise(d *decoder) error {
	if p.reversible {
		return inverse(d, p, p.ints, reversible53)
	}
	return inverse(d, p, p.floats, irreversible97)
}

// inverse transforms the rows and columns of a plane, level by level. Step transforms n numbers, each of width elements, whose lower half
// stands before the upper one in from; odd says that the first one of the result belongs to the upper half.
func inverse[T int32 | float32](d *decoder, p *plane, data []T, step func(to, from []T, low, n, width int, odd bool)) error {
	stride := p.wide()
	longest := max(stride, p.high(), 1)
	if err := d.take(longest * strip * 8); err != nil {
		return err
	}
	from, to := make([]T, longest*strip), make([]T, longest*strip)
	for r := 1; r < len(p.levels); r++ {
		if err := d.take(0); err != nil {
			return err
		}
		l, low := p.levels[r].rect, p.levels[r-1].rect
		w, h := l.wide(), l.high()
		for y := range h {
			row := data[y*stride : y*stride+w]
			step(to, row, low.wide(), w, 1, l.x0&1 > 0)
			copy(row, to)
		}
		for x := 0; x < w; x += strip {
			n := min(strip, w-x)
			for y := range h {
				copy(from[y*n:(y+1)*n], data[y*stride+x:])
			}
			step(to, from[:h*n], low.high(), h, n, l.y0&1 > 0)
			for y := range h {
				copy(data[y*stride+x:], to[y*n:(y+1)*n])
			}
		}
	}
	return nil
}

// interleave puts the lower half's numbers between those of the upper one.
func interleave[T any](to, from []T, low, n, width int, odd bool) {
	at, high := 0, 1
	if odd {
		at, high = 1, 0
	}
	for i := range low {
		copy(to[(2*i+at)*width:(2*i+at+1)*width], from[i*width:])
	}
	for i := range n - low {
		copy(to[(2*i+high)*width:(2*i+high+1)*width], from[(low+i)*width:])
	}
}

// neighbours returns the neighbours of the i-th of n numbers; at the ends both are the same.
func neighbours[T any](x []T, i, n, width int) (before, after []T) {
	b, a := i-1, i+1
	if b < 0 {
		b = a
	}
	if a >= n {
		a = b
	}
	return x[b*width : (b+1)*width], x[a*width : (a+1)*width]
}

// reversible53 is the reversible wavelet, 5/3.
func reversible53(to, from []int32, low, n, width int, odd bool) {
	interleave(to, from, low, n, width, odd)
	if n == 1 {
		if odd {
			for i := range width {
				to[i] /= 2
			}
		}
		return
	}
	first := 0
	if odd {
		first = 1
	}
	for i := first; i < n; i += 2 {
		b, a := neighbours(to, i, n, width)
		x := to[i*width : (i+1)*width]
		for k := range x {
			x[k] -= (b[k] + a[k] + 2) >> 2
		}
	}
	for i := 1 - first; i < n; i += 2 {
		b, a := neighbours(to, i, n, width)
		x := to[i*width : (i+1)*width]
		for k := range x {
			x[k] += (b[k] + a[k]) >> 1
		}
	}
}

// irreversible97 is the irreversible wavelet, 9/7.
func irreversible97(to, from []float32, low, n, width int, odd bool) {
	interleave(to, from, low, n, width, odd)
	if n == 1 {
		return
	}
	first := 0
	if odd {
		first = 1
	}
	for i := range n {
		k := float32(highK)
		if i&1 == first {
			k = lowK
		}
		x := to[i*width : (i+1)*width]
		for j := range x {
			x[j] *= k
		}
	}
	for s, c := range [4]float32{lift1, lift2, lift3, lift4} {
		for i := (first + s) & 1; i < n; i += 2 {
			b, a := neighbours(to, i, n, width)
			x := to[i*width : (i+1)*width]
			for k := range x {
				x[k] += float32((b[k] + a[k]) * c) // rounded before it is added
			}
		}
	}
}
