package jpeg

// progressiveBlock decodes a block's share in a scan of a progressive file: a first scan of some coefficients gives their upper bits,
// later ones a bit each.
func (c *scanner) progressiveBlock(p *part, b *[64]int16) {
	switch {
	case c.ss == 0 && c.ah == 0:
		if !c.starved {
			p.last += c.value(c.symbol(p.dc))
			b[0] = int16(p.last << c.al)
		}
	case c.ss == 0:
		if c.next(1) > 0 {
			b[0] |= 1 << c.al
		}
	case c.starved:
	case c.ah == 0:
		c.acFirst(p, b)
	default:
		c.acRefine(p, b)
	}
}

// acFirst gives the coefficients of a band their upper bits.
func (c *scanner) acFirst(p *part, b *[64]int16) {
	if c.eobRun > 0 {
		c.eobRun--
		return
	}
	for k := c.ss; k <= c.se; k++ {
		s := c.symbol(p.ac)
		r := s >> 4
		if s &= 15; s > 0 {
			k += r
			b[natural[k]] = int16(c.value(s) << c.al)
			continue
		}
		if r < 15 {
			c.eobRun = 1<<r + c.next(r) - 1
			return
		}
		k += 15
	}
}

// acRefine gives one more bit to every coefficient of the band that is not zero, and a first one to others, which runs of zeros lead to.
func (c *scanner) acRefine(p *part, b *[64]int16) {
	k := c.ss
	if c.eobRun == 0 {
		for ; k <= c.se; k++ {
			s := c.symbol(p.ac)
			r, one := s>>4, int16(0)
			if s&15 > 0 {
				one = -1 << c.al
				if c.next(1) > 0 {
					one = 1 << c.al
				}
			} else if r < 15 {
				c.eobRun = 1<<r + c.next(r)
				break
			}
			k = c.refineNonZero(b, k, r)
			if one != 0 {
				b[natural[k]] = one
			}
		}
	}
	if c.eobRun > 0 {
		c.refineNonZero(b, k, 64)
		c.eobRun--
	}
}

// refineNonZero reads a bit for each coefficient from k on that is not zero, until it has passed as many zeros as zeros says, and returns
// the place of the next zero, or the one behind the band.
func (c *scanner) refineNonZero(b *[64]int16, k, zeros int) int {
	for ; k <= c.se; k++ {
		v := &b[natural[k]]
		if *v == 0 {
			if zeros == 0 {
				return k
			}
			zeros--
			continue
		}
		if bit := int16(1) << c.al; c.next(1) > 0 && *v&bit == 0 {
			if *v < 0 {
				bit = -bit
			}
			*v += bit
		}
	}
	return k
}

// transformAll turns the coefficients of a progressive file into samples.
func (d *decoder) transformAll() error {
	for i := range d.comps {
		c := &d.comps[i]
		stride := c.allCols * 8
		quant := c.quant
		if quant == nil {
			quant = new([64]uint16) // a component without a scan has no coefficients
		}
		for y := range c.allRows {
			if err := d.take(0); err != nil {
				return err
			}
			for x := range c.allCols {
				transform(c.plane[y*8*stride+x*8:], stride, (*[64]int16)(c.coefs[(y*c.allCols+x)*64:]), quant)
			}
		}
		c.coefs = nil
	}
	return nil
}
