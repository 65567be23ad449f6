package jpeg2000

// mark makes a coefficient significant: its neighbours hear of it, those above not where contexts do not look into the next stripe.
func (w *worker) mark(at int, negative uint32, first bool) {
	stride := w.wide + 2
	f := w.flags
	f[at] |= significant
	sign := uint16(negative)
	f[at-1] |= sigE | sign*negE
	f[at+1] |= sigW | sign*negW
	f[at+stride-1] |= sigNE
	f[at+stride] |= sigN | sign*negN
	f[at+stride+1] |= sigNW
	if first && w.style&styleCausal != 0 {
		return
	}
	f[at-stride-1] |= sigSE
	f[at-stride] |= sigS | sign*negS
	f[at-stride+1] |= sigSW
}

// sign decodes the sign of a coefficient that has just become significant.
func (w *worker) sign(flags uint16) uint32 {
	s := signs[flags>>4&255]
	return w.bit(s>>1) ^ uint32(s&1)
}

// put stores a value, with its sign.
func (w *worker) put(i int, value int32, negative uint32) {
	if negative != 0 {
		value = -value
	}
	w.values[i] = value
}

// significancePass is the pass over coefficients that are not significant, but have neighbours that are.
func (w *worker) significancePass(value int32, raw bool) {
	table := &significance[w.kind]
	for top := 0; top < w.high; top += 4 {
		for x := range w.wide {
			for y := top; y < min(top+4, w.high); y++ {
				at := (y+1)*(w.wide+2) + x + 1
				f := w.flags[at]
				if f&significant != 0 || f&sigAround == 0 {
					continue
				}
				w.flags[at] |= visited
				var s uint32
				switch {
				case raw && w.raw() != 0:
					s = w.raw()
				case !raw && w.bit(table[f&sigAround]) != 0:
					s = w.sign(f)
				default:
					continue
				}
				w.put(y*w.wide+x, value, s)
				w.mark(at, s, y == top)
			}
		}
	}
}

// refinementPass is the pass over coefficients that were significant before this plane.
func (w *worker) refinementPass(half int32, raw bool) {
	for top := 0; top < w.high; top += 4 {
		for x := range w.wide {
			for y := top; y < min(top+4, w.high); y++ {
				at := (y+1)*(w.wide+2) + x + 1
				f := w.flags[at]
				if f&(significant|visited) != significant {
					continue
				}
				var bit uint32
				switch {
				case raw:
					bit = w.raw()
				case f&refined != 0:
					bit = w.bit(refineContext + 2)
				case f&sigAround != 0:
					bit = w.bit(refineContext + 1)
				default:
					bit = w.bit(refineContext)
				}
				v := &w.values[y*w.wide+x]
				if (bit != 0) == (*v >= 0) {
					*v += half
				} else {
					*v -= half
				}
				w.flags[at] |= refined
			}
		}
	}
}

// cleanupPass is the pass over what the others left. Columns of four about which nothing is known may be zero at one stroke.
func (w *worker) cleanupPass(value int32) {
	table := &significance[w.kind]
	stride := w.wide + 2
	for top := 0; top < w.high; top += 4 {
		for x := range w.wide {
			y, known := top, false
			at := (y+1)*stride + x + 1
			if top+4 <= w.high && (w.flags[at]|w.flags[at+stride]|w.flags[at+2*stride]|w.flags[at+3*stride])&(significant|visited|sigAround) == 0 {
				if w.bit(runContext) == 0 {
					continue
				}
				y += int(w.bit(evenContext) << 1)
				y += int(w.bit(evenContext))
				known = true
			}
			for ; y < min(top+4, w.high); y++ {
				at := (y+1)*stride + x + 1
				f := w.flags[at]
				if f&(significant|visited) == 0 && (known || w.bit(table[f&sigAround]) != 0) {
					s := w.sign(f)
					w.put(y*w.wide+x, value, s)
					w.mark(at, s, y == top)
				}
				known = false
				w.flags[at] &^= visited
			}
		}
	}
}
