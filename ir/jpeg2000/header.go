package jpeg2000

import (
	"encoding/binary"
	"fmt"
)

// Styles of code-blocks.
const (
	styleBypass     = 1 << iota // some passes are not arithmetically coded
	styleReset                  // contexts begin anew with every pass
	styleTerminate              // every pass is a codeword of its own
	styleCausal                 // contexts do not look into the next stripe
	_                           // termination can be predicted: only of use to find damage
	styleSegmark                // a mark ends every bit-plane
	styleHighThrput             // part 15
)

const maxLevels = 32

// coding is how a component is coded.
type coding struct {
	levels             int
	blockX, blockY     int // sizes, as powers of two
	style              uint8
	reversible         bool
	precX, precY       [maxLevels + 1]uint8 // sizes of precincts, as powers of two, by resolution
	guard, shift       int                  // guard bits; the shift of the region of interest
	exponent           [3*maxLevels + 1]uint8
	mantissa           [3*maxLevels + 1]uint16
	ownCode, ownQuants bool // of COC and QCC, which COD and QCD at the same place do not touch
}

// change is a change of the order of packets, up to layers, resolutions and components.
type change struct {
	res0, comp0, layers, res1, comp1 int
	order                            uint8
}

// header is what the main header or a tile's says.
type header struct {
	coded, quantised bool
	sop, eph         bool
	order            uint8
	layers           int
	mct              bool
	changes          []change
	comps            []coding
	shared           bool // comps and changes are the main header's
}

// own makes h's lists its own, before they change.
func (h *header) own(d *decoder) error {
	if !h.shared {
		return nil
	}
	if err := d.take(len(h.comps) * 512); err != nil {
		return err
	}
	h.shared = false
	h.comps = append([]coding(nil), h.comps...)
	for i := range h.comps {
		h.comps[i].ownCode, h.comps[i].ownQuants = false, false
	}
	return nil
}

// read takes in one marker segment; others than those of coding are left alone.
func (h *header) read(d *decoder, m int, s []byte) error {
	if m != cod && m != coc && m != qcd && m != qcc && m != rgn && m != poc {
		return nil
	}
	if err := h.own(d); err != nil {
		return err
	}
	var err error
	at := -1
	if m == coc || m == qcc || m == rgn {
		if len(s) < 2 {
			return errTruncated
		}
		at = int(s[0])
		if s = s[1:]; at >= len(h.comps) {
			return fmt.Errorf("the component %d of %d", at, len(h.comps))
		}
	}
	switch m {
	case cod:
		err = h.readCoding(s)
	case coc:
		err = h.comps[at].readStyle(s[1:], s[0]&1 > 0)
		h.comps[at].ownCode = true
	case qcd:
		h.quantised = true
		for i := range h.comps {
			if !h.comps[i].ownQuants && err == nil {
				err = h.comps[i].readQuants(s)
			}
		}
	case qcc:
		err = h.comps[at].readQuants(s)
		h.comps[at].ownQuants = true
	case rgn:
		if s[0] != 0 || len(s) != 2 {
			return fmt.Errorf("regions of interest of style %d: %w", s[0], ErrUnsupported)
		}
		h.comps[at].shift = int(s[1])
	case poc:
		err = h.readChanges(s)
	}
	return err
}

func (h *header) readCoding(s []byte) error {
	if len(s) < 10 {
		return errTruncated
	}
	h.coded = true
	h.sop, h.eph = s[0]&2 > 0, s[0]&4 > 0
	h.order, h.layers, h.mct = s[1], int(binary.BigEndian.Uint16(s[2:])), s[4] == 1
	if h.order > orderCPRL || h.layers < 1 {
		return fmt.Errorf("the order of packets %d, %d layers", h.order, h.layers)
	}
	if s[4] > 1 {
		return fmt.Errorf("the transform of components %d: %w", s[4], ErrUnsupported)
	}
	for i := range h.comps {
		if h.comps[i].ownCode {
			continue
		}
		if err := h.comps[i].readStyle(s[5:], s[0]&1 > 0); err != nil {
			return err
		}
	}
	return nil
}

func (c *coding) readStyle(s []byte, precincts bool) error {
	if len(s) < 5 {
		return errTruncated
	}
	c.levels, c.blockX, c.blockY, c.style, c.reversible = int(s[0]), int(s[1])+2, int(s[2])+2, s[3], s[4] == 1
	if c.levels > maxLevels || c.blockX > 10 || c.blockY > 10 || c.blockX+c.blockY > 12 || s[4] > 1 {
		return fmt.Errorf("%d levels of wavelet %d, code-blocks of 2^%d by 2^%d", c.levels, s[4], c.blockX, c.blockY)
	}
	if c.style >= styleHighThrput {
		return fmt.Errorf("code-blocks of high throughput: %w", ErrUnsupported)
	}
	if precincts && len(s) < 6+c.levels {
		return errTruncated
	}
	for r := range c.levels + 1 {
		c.precX[r], c.precY[r] = 15, 15
		if !precincts {
			continue
		}
		c.precX[r], c.precY[r] = s[5+r]&15, s[5+r]>>4
		if r > 0 && (c.precX[r] == 0 || c.precY[r] == 0) {
			return fmt.Errorf("precincts of 2^%d by 2^%d", c.precX[r], c.precY[r])
		}
	}
	return nil
}

func (c *coding) readQuants(s []byte) error {
	if len(s) < 2 {
		return errTruncated
	}
	style := s[0] & 31
	c.guard = int(s[0] >> 5)
	s = s[1:]
	c.exponent, c.mantissa = [3*maxLevels + 1]uint8{}, [3*maxLevels + 1]uint16{}
	switch style {
	case 0: // none
		for i := range min(len(s), len(c.exponent)) {
			c.exponent[i] = s[i] >> 3
		}
	case 1, 2: // of the lowest band, from which the others follow; of each
		if len(s) < 2 {
			return errTruncated
		}
		for i := range c.exponent {
			if style == 2 && len(s) < 2*i+2 {
				break
			}
			at := 2 * i
			if style == 1 {
				at = 0
			}
			v := binary.BigEndian.Uint16(s[at:])
			e := int(v >> 11)
			if style == 1 && i > 0 {
				e = max(e-(i-1)/3, 0)
			}
			c.exponent[i], c.mantissa[i] = uint8(e), v&2047
		}
	default:
		return fmt.Errorf("a quantisation of style %d", style)
	}
	return nil
}

func (h *header) readChanges(s []byte) error {
	if len(s) == 0 || len(s)%7 != 0 || len(h.changes)+len(s)/7 > 32 {
		return fmt.Errorf("changes of order in %d bytes", len(s))
	}
	list := append([]change(nil), h.changes...)
	for ; len(s) > 0; s = s[7:] {
		c := change{res0: int(s[0]), comp0: int(s[1]), layers: int(binary.BigEndian.Uint16(s[2:])), res1: int(s[4]), comp1: int(s[5]), order: s[6]}
		if c.comp1 == 0 {
			c.comp1 = 256
		}
		if c.order > orderCPRL {
			return fmt.Errorf("the order of packets %d", c.order)
		}
		list = append(list, c)
	}
	h.changes = list
	return nil
}
