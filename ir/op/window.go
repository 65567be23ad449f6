package op

import (
	"fmt"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// windowAttrs is the attributes that convolutions and pools share, under ONNX's names.
type windowAttrs struct {
	auto               string // NOTSET, SAME_UPPER, SAME_LOWER, VALID; empty is NOTSET
	kernel             []int
	strides, dilations []int
	pads               []int // begins, then ends
	ceil               bool
}

// maxWindowAttr bounds strides, dilations, pads and kernel sizes, so that sums of products of two of them fit an int.
const maxWindowAttr = 1 << 30

// filled returns w with defaults for the given number of spatial axes, or says what is wrong with it. A nil kernel stays nil.
func (w windowAttrs) filled(spatial int) (windowAttrs, error) {
	fill := func(name string, v []int, n, least, def int) ([]int, error) {
		if len(v) == 0 {
			out := make([]int, n)
			for i := range out {
				out[i] = def
			}
			return out, nil
		}
		if len(v) != n {
			return nil, fmt.Errorf("%s has %d entries, not %d", name, len(v), n)
		}
		for _, x := range v {
			if x < least || x > maxWindowAttr {
				return nil, fmt.Errorf("%s %v: %d is out of range", name, v, x)
			}
		}
		return v, nil
	}
	var err error
	if w.strides, err = fill("strides", w.strides, spatial, 1, 1); err != nil {
		return w, err
	}
	if w.dilations, err = fill("dilations", w.dilations, spatial, 1, 1); err != nil {
		return w, err
	}
	if w.pads, err = fill("pads", w.pads, 2*spatial, 0, 0); err != nil {
		return w, err
	}
	if len(w.kernel) > 0 {
		if w.kernel, err = fill("kernel_shape", w.kernel, spatial, 1, 1); err != nil {
			return w, err
		}
	}
	switch w.auto {
	case "", "NOTSET":
		w.auto = ""
	case "VALID":
		w.auto, w.pads = "", make([]int, 2*spatial)
	case "SAME_UPPER", "SAME_LOWER":
	default:
		return w, fmt.Errorf("auto_pad %q is none of NOTSET, SAME_UPPER, SAME_LOWER, VALID", w.auto)
	}
	return w, nil
}

// sizes infers the spatial sizes of the result from those of the operand and of the kernel.
func (w windowAttrs) sizes(sc *ir.Scope, in, kernel []sym.Dim) (ir.Shape, error) {
	out := make(ir.Shape, len(in))
	for i, x := range in {
		s := sym.Const(w.strides[i])
		if w.auto != "" {
			out[i] = sym.CeilDiv(x, s)
			continue
		}
		begin, end := sym.Const(w.pads[i]), sym.Const(w.pads[len(in)+i])
		span := spanOf(kernel[i], w.dilations[i])
		padded := sym.Add(x, sym.Add(begin, end))
		if err := sc.Assume(ir.Fact{Rel: ir.Le, A: span, B: padded, What: "window in the padded operand"}); err != nil {
			return nil, err
		}
		room := sym.Sub(padded, span)
		if !w.ceil {
			out[i] = sym.Add(sym.FloorDiv(room, s), sym.Const(1))
			continue
		}
		out[i] = sym.Add(sym.CeilDiv(room, s), sym.Const(1))
		// The last window must start in the operand or in the padding before it: that is certain where the span covers a stride and the
		// padding behind.
		if !sym.GE(span, sym.Add(end, s), nil) {
			out[i] = sym.Min(out[i], sym.CeilDiv(sym.Add(x, begin), s))
		}
	}
	return out, nil
}

// spanOf is the number of places that a kernel covers.
func spanOf(kernel sym.Dim, dilation int) sym.Dim {
	return sym.Add(sym.Mul(sym.Sub(kernel, sym.Const(1)), sym.Const(dilation)), sym.Const(1))
}

// A window is the places that a kernel visits, in numbers: place o of the result meets tap k at o·stride − begin + k·dilation of the
// operand, along each axis.
type window struct {
	in, out, kernel  []int
	stride, dilation []int
	begin, end       []int // padding
}

// place returns the window over an operand of spatial sizes in.
func (w windowAttrs) place(in, kernel []int) (*window, error) {
	n := len(in)
	v := &window{in: in, kernel: kernel, out: make([]int, n), stride: w.strides, dilation: w.dilations, begin: make([]int, n), end: make([]int, n)}
	for i, x := range in {
		span := (kernel[i]-1)*w.dilations[i] + 1
		s := w.strides[i]
		if kernel[i] < 1 || kernel[i] > maxWindowAttr || x > 1<<48 {
			return nil, fmt.Errorf("kernel of %v over %v is out of range", kernel, in)
		}
		if w.auto != "" {
			v.out[i] = (x + s - 1) / s
			total := max(0, (v.out[i]-1)*s+span-x)
			v.begin[i] = total / 2
			if w.auto == "SAME_LOWER" {
				v.begin[i] = total - total/2
			}
			v.end[i] = total - v.begin[i]
			continue
		}
		v.begin[i], v.end[i] = w.pads[i], w.pads[n+i]
		room := x + v.begin[i] + v.end[i] - span
		if room < 0 {
			return nil, fmt.Errorf("window in the padded operand: %d > %d", span, x+v.begin[i]+v.end[i])
		}
		v.out[i] = room/s + 1
		if w.ceil {
			v.out[i] = min((room+s-1)/s+1, (x+v.begin[i]+s-1)/s)
		}
	}
	for _, dims := range [][]int{v.in, v.out, kernel} {
		if _, ok := tensor.ByteSize(tensor.F64, dims); !ok {
			return nil, fmt.Errorf("spatial sizes %v are not possible", dims)
		}
	}
	return v, nil
}

// taps returns the number of taps.
func (w *window) taps() int { return count(w.kernel) }

// block returns how many places of the result to work on at once, where deep numbers are held for each.
func (w *window) block(deep int) int {
	return max(1, min(count(w.out), max(16, (1<<18)/max(1, deep))))
}

// blocks calls f for runs of places of the result, with the table of each.
func (w *window) blocks(e *ir.Env, deep int, f func(lo, hi int, table [][]int64) error) error {
	taps, places := w.taps(), count(w.out)
	size := w.block(max(deep, taps))
	flat, err := alloc[int64](e, taps, size)
	if err != nil {
		return err
	}
	table := make([][]int64, taps)
	for lo := 0; lo < places; lo += size {
		hi := min(places, lo+size)
		for t := range table {
			table[t] = flat[t*size:][:hi-lo]
		}
		w.fill(table, lo)
		if err := e.Err(); err != nil {
			return err
		}
		if err := f(lo, hi, table); err != nil {
			return err
		}
	}
	return nil
}

// fill sets table[t][i] to the offset, in the operand's spatial axes, of the element that tap t meets at place lo+i of the result; -1
// in the padding.
func (w *window) fill(table [][]int64, lo int) {
	rank := len(w.in)
	first, rest := make([]int, rank), lo
	for i := rank - 1; i >= 0; i-- {
		first[i] = rest % w.out[i]
		rest /= w.out[i]
	}
	st := strides(w.in)
	at := make([]int, rank)
	walk(w.kernel, func(t int, tap []int) {
		copy(at, first)
		row := table[t]
		for i := range row {
			off := 0
			for k, o := range at {
				x := o*w.stride[k] - w.begin[k] + tap[k]*w.dilation[k]
				if x < 0 || x >= w.in[k] {
					off = -1
					break
				}
				off += x * st[k]
			}
			row[i] = int64(off)
			for k := rank - 1; k >= 0; k-- {
				if at[k]++; at[k] < w.out[k] {
					break
				}
				at[k] = 0
			}
		}
	})
}

// count is the product of sizes that are known to be legal.
func count(dims []int) int {
	n, _ := tensor.Count(dims)
	return n
}
