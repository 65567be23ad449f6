package passes

import (
	"slices"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
	"github.com/cameo-onnx/cameo/ir/sym"
)

// moved returns how many elements a change of v's layout moves; 1 for one that moves nothing, for it still stands between nodes
// that could be one.
func moved(v *ir.Value) int {
	t := v.Type
	if v.IsConst() || t.Rank() < 3 {
		return 0
	}
	flat := !slices.ContainsFunc(t.Shape[2:], func(d sym.Dim) bool { return !isOne(d) })
	if flat || isOne(t.Shape[1]) {
		return 1
	}
	return elements(t)
}

// count adds d to the numbers of uses that n's operands have in each layout.
func (r *regions) count(p *place, d int) {
	for _, v := range p.images {
		if p.last {
			r.lasts[v] += d
		} else {
			r.rows[v] += d
		}
	}
	for _, v := range p.node.In {
		if v != nil && p.strict(v) {
			r.rows[v] += d
		}
	}
}

// strict reports whether the node needs v, one of its operands, row-major whatever its own layout.
func (p *place) strict(v *ir.Value) bool {
	if p.role == fromImage || slices.Contains(p.images, v) {
		return false
	}
	return p.role != passes || p.node.Op.Props&ir.Elementwise == 0 || !p.last
}

// isLast reports whether v is to be channels-last.
func (r *regions) isLast(v *ir.Value) bool {
	p := r.of[v.Def]
	return p != nil && p.last
}

// border returns the elements that are moved because v's users want another layout than it has.
func (r *regions) border(v *ir.Value) int {
	if r.isLast(v) {
		if r.rows[v] > 0 {
			return moved(v)
		}
		return 0
	}
	n := 0
	if r.lasts[v] > 0 {
		n = moved(v)
	}
	if len(v.Uses()) > 64 {
		return n
	}
	for _, u := range v.Uses() {
		if q := r.of[u.Node]; q != nil && q.role == fromImage {
			n += moved(v)
		}
	}
	return n
}

// cost returns what the layout of p costs, there and at its borders.
func (r *regions) cost(p *place) int {
	n := 0
	for _, y := range p.node.Out {
		n += r.border(y)
	}
	for _, v := range p.images {
		n += r.border(v)
	}
	switch {
	case p.role == wants && !p.last:
		n += p.gain
	case p.role == toImage && !p.last:
		n += moved(p.node.Out[0])
	}
	return n
}

func (r *regions) set(p *place, last bool) {
	r.count(p, -1)
	p.last = last
	r.count(p, 1)
}

// settle lets single nodes change sides until none gains by it, or for a few rounds.
func (r *regions) settle() {
	for range 4 {
		changed := false
		try := func(p *place) {
			if p.role == outside || p.role == fromImage {
				return
			}
			before := r.cost(p)
			r.set(p, !p.last)
			if after := r.cost(p); after > before || after == before && p.last {
				r.set(p, !p.last)
			} else {
				changed = changed || after < before
			}
		}
		for _, p := range r.places {
			try(p)
		}
		for _, p := range slices.Backward(r.places) {
			try(p)
		}
		if !changed {
			return
		}
	}
}

// drop gives up the connected regions whose borders cost what they gain, or more.
func (r *regions) drop() {
	parent := map[*place]*place{}
	find := func(p *place) *place {
		for parent[p] != nil {
			if q := parent[parent[p]]; q != nil {
				parent[p] = q
			}
			p = parent[p]
		}
		return p
	}
	for _, p := range r.places {
		for _, v := range p.images {
			if q := r.of[v.Def]; p.last && q != nil && q.last && find(p) != find(q) {
				parent[find(q)] = find(p)
			}
		}
	}
	gain := map[*place]int{}
	for _, p := range r.places {
		if !p.last {
			continue
		}
		gain[find(p)] += p.gain
		if p.role == toImage {
			gain[find(p)] += moved(p.node.Out[0])
		}
		for _, v := range p.images {
			if !r.isLast(v) {
				gain[find(p)] -= r.border(v)
			}
		}
		for _, y := range p.node.Out {
			gain[find(p)] -= r.border(y)
			for _, u := range y.Uses() {
				if q := r.of[u.Node]; q.role == fromImage {
					gain[find(p)] += moved(y)
				}
			}
		}
	}
	for _, p := range r.places {
		if p.last && gain[find(p)] <= 0 {
			r.set(p, false)
		}
	}
}

// apply changes the graph to the layouts that were chosen.
func (r *regions) apply() error {
	last := map[*ir.Value]bool{}
	for _, p := range r.places {
		for _, y := range p.node.Out {
			last[y] = p.last
		}
	}
	s := newSplicer(r.g)
	turned := map[*ir.Value]*ir.Value{} // the same in the other layout
	turn := func(v *ir.Value, at *ir.Node, to ir.Layout) *ir.Value {
		if turned[v] == nil {
			n := s.add(at, from(origin(v)...), op.Relayout.Op, op.RelayoutAttrs{To: op.Layouts[to]}, nil, 1, v)
			if n == nil {
				return v
			}
			turned[v] = n.Out[0]
		}
		return turned[v]
	}
	for _, p := range r.places {
		n := p.node
		for _, y := range n.Out {
			if p.last {
				r.g.SetLayout(y, ir.ChannelsLast)
			}
		}
		for i, v := range n.In {
			switch {
			case v == nil:
			case p.last && slices.Contains(p.images, v) && (p.role != wants || i == 0):
				if !last[v] {
					r.g.SetOperand(n, i, turn(v, n, ir.ChannelsLast))
				}
			case last[v] && (p.strict(v) || slices.Contains(p.images, v)):
				r.g.SetOperand(n, i, turn(v, n, ir.RowMajor))
			}
		}
	}
	for i, o := range r.g.Outputs {
		if last[o.Value] {
			r.g.Outputs[i].Value = turn(o.Value, nil, ir.RowMajor)
		}
	}
	return s.done()
}

func origin(v *ir.Value) []*ir.Node {
	if v.Def == nil {
		return nil
	}
	return []*ir.Node{v.Def}
}
