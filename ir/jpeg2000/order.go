package jpeg2000

import (
	"cmp"
	"errors"
	"slices"
)

// The orders of packets, by what changes least often to what changes most often.
const (
	orderLRCP = iota // layer, resolution, component, position
	orderRLCP        // resolution, layer, component, position
	orderRPCL        // resolution, position, component, layer
	orderPCRL        // position, component, resolution, layer
	orderCPRL        // component, position, resolution, layer
)

// packetRef is a precinct, and what its place in an order depends on.
type packetRef struct {
	p         *precinct
	l         *resolution
	y, x      int // on the reference grid
	comp, res int
	number    int
	style     uint8
}

// maxIdle bounds the packets that a change of order names though they have come already.
const maxIdle = 1 << 26

var errIdle = errors.New("changes of order that name too many packets again")

// refs lists the precincts that a change of order takes in, in the order that holds within a layer.
func refs(planes []plane, c change, top rect) []packetRef {
	var list []packetRef
	for i := c.comp0; i < min(c.comp1, len(planes)); i++ {
		p := &planes[i]
		for r := c.res0; r < min(c.res1, len(p.levels)); r++ {
			l := &p.levels[r]
			for n := range l.precincts {
				x := p.position(l.x0, n%l.cols, int(p.precX[r]), r, p.comp.DX, top.x0)
				y := p.position(l.y0, n/l.cols, int(p.precY[r]), r, p.comp.DY, top.y0)
				list = append(list, packetRef{&l.precincts[n], l, y, x, i, r, n, p.style})
			}
		}
	}
	slices.SortFunc(list, func(a, b packetRef) int {
		place := cmp.Or(cmp.Compare(a.y, b.y), cmp.Compare(a.x, b.x))
		res, comp := cmp.Compare(a.res, b.res), cmp.Compare(a.comp, b.comp)
		switch c.order {
		case orderRPCL:
			return cmp.Or(res, place, comp, cmp.Compare(a.number, b.number))
		case orderPCRL:
			return cmp.Or(place, comp, res, cmp.Compare(a.number, b.number))
		case orderCPRL:
			return cmp.Or(comp, place, res, cmp.Compare(a.number, b.number))
		}
		return cmp.Or(res, comp, cmp.Compare(a.number, b.number))
	})
	return list
}

// position is where on the reference grid a precinct begins: the n-th of a resolution that begins at start, of 2^size samples. The
// first one, if it is cut, begins with the tile.
func (p *plane) position(start, n, size, r, every, tile int) int {
	if n == 0 && start&(1<<size-1) != 0 {
		return tile
	}
	return (start>>size + n) << size << (p.coding.levels - r) * every
}

// walk calls f for every packet of the change that has not come yet, until f says that there are no more bytes.
func walk(list []packetRef, c change, f func(*packetRef) (more bool, err error)) error {
	idle := 0
	packets := func(list []packetRef, layer int) (bool, error) {
		for i := range list {
			if list[i].p.layer != layer {
				if idle++; idle > maxIdle {
					return false, errIdle
				}
				continue
			}
			list[i].p.layer++
			if more, err := f(&list[i]); !more || err != nil {
				return false, err
			}
		}
		return true, nil
	}
	// Groups of precincts, within each of which all packets of a layer come before those of the next.
	var groups [][]packetRef
	switch c.order {
	case orderLRCP:
		groups = [][]packetRef{list}
	case orderRLCP:
		for i := 0; i < len(list); {
			n := i + 1
			for n < len(list) && list[n].res == list[i].res {
				n++
			}
			groups = append(groups, list[i:n])
			i = n
		}
	default:
		for i := range list {
			for list[i].p.layer < c.layers {
				if more, err := packets(list[i:i+1], list[i].p.layer); !more || err != nil {
					return err
				}
			}
		}
	}
	for _, g := range groups {
		for layer := range c.layers {
			if more, err := packets(g, layer); !more || err != nil {
				return err
			}
		}
	}
	return nil
}
