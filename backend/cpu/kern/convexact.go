package kern

import "math"

// Finite reports whether no weight of a convolution is infinite or NaN. One that is makes NaN of a zero, and it is not up to a
// kernel which zeros it meets: a convolution pads its operand with zeros, which meet every weight, and a transposed one adds up
// what its pixels give, of which a place that none reaches gets nothing. Such weights are packed with [ConvParam].Exact, and
// run one product at a time.
func Finite(w []float32) bool {
	for _, v := range w {
		if math.Float32bits(v)&0x7f800000 == 0x7f800000 {
			return false
		}
	}
	return true
}

// exact computes results lo to hi-1, all channels of each.
func (cv *convRun) exact(lo, hi int) {
	s := &cv.shape
	for id := lo; id < hi; id++ {
		var at [3]int
		rest := id
		for a := 2; a >= 0; a-- {
			rest, at[a] = rest/s.out[a], rest%s.out[a]
		}
		dst := cv.y[id*s.oc:][:s.oc]
		for oc := range dst {
			v := cv.exactSum(rest, at, oc)
			if cv.bias != nil {
				v += cv.bias[oc]
			}
			if cv.res != nil {
				v += cv.res[id*s.oc+oc]
			}
			dst[oc] = v
		}
		if cv.p.Clamp.On {
			clampRow(dst, cv.p.Clamp.Lo, cv.p.Clamp.Hi)
		}
		if cv.then != nil {
			cv.then(id, id+1)
		}
	}
}

// exactSum adds up the taps of channel oc of the result at a place of image n.
func (cv *convRun) exactSum(n int, at [3]int, oc int) float32 {
	s := &cv.shape
	taps, g := s.taps(), oc/s.ocg
	from, step := oc*s.cg*taps, taps // where the weights of the first channel are, and how far apart those of others
	if s.transposed {
		from, step = (g*s.cg*s.ocg+oc%s.ocg)*taps, s.ocg*taps
	}
	var sum float32
	for i := range taps {
		if s.transposed {
			i = taps - 1 - i
		}
		k := [3]int{i / (s.k[1] * s.k[2]), i / s.k[2] % s.k[1], i % s.k[2]}
		pixel, inside := s.meets(n, at, k)
		if !inside && s.transposed {
			continue
		}
		for ic := range s.cg {
			var x float32
			if inside {
				x = cv.x[pixel*s.c+g*s.cg+ic]
			}
			sum += x * cv.w[from+ic*step+i]
		}
	}
	return sum
}

// meets returns the pixel of the operand that place k of the kernel meets for the result at a place, if there is one.
func (s *convShape) meets(n int, at, k [3]int) (pixel int, inside bool) {
	pixel = n
	for a := range at {
		i := at[a]*s.stride[a] - s.front[a] + k[a]*s.dil[a]
		if s.transposed {
			i = at[a] + s.front[a] - k[a]*s.dil[a]
			if i%s.stride[a] != 0 {
				return 0, false
			}
			i /= s.stride[a]
		}
		if i < 0 || i >= s.in[a] {
			return 0, false
		}
		pixel = pixel*s.in[a] + i
	}
	return pixel, true
}
