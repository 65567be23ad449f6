package op

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// CastMapAttrs holds the element type to cast to, and whether the values stand densely, or at the places that their keys are, of max_map.
type CastMapAttrs struct {
	CastTo  string `ir:"cast_to"`
	MapForm string `ir:"map_form"`
	MaxMap  int    `ir:"max_map"`
}

func (a CastMapAttrs) dtype() (tensor.DType, error) {
	if a.MapForm != "DENSE" && a.MapForm != "SPARSE" {
		return 0, fmt.Errorf("map_form %q", a.MapForm)
	}
	if a.MapForm == "SPARSE" && (a.MaxMap < 1 || a.MaxMap > 1<<40) {
		return 0, fmt.Errorf("max_map %d", a.MaxMap)
	}
	switch a.CastTo {
	case "TO_FLOAT":
		return tensor.F32, nil
	case "TO_STRING":
		return tensor.String, nil
	case "TO_INT64":
		return tensor.I64, nil
	}
	return 0, fmt.Errorf("cast_to %q", a.CastTo)
}

// CastMap is the values of a map of integers in the order of their keys, as one row.
var CastMap = define(Def[CastMapAttrs]{
	Name: "cast_map", ONNX: "CastMap", Domain: mlDomain, Sig: "x map -> y str|f32|i64",
	Props: ir.Pure,
	Attrs: CastMapAttrs{CastTo: "TO_FLOAT", MapForm: "DENSE", MaxMap: 1},
	Infer: func(sc *ir.Scope, a CastMapAttrs, in []ir.Known) (ir.Known, error) {
		d, err := a.dtype()
		if err != nil {
			return ir.Known{}, err
		}
		x := in[0].Type
		if v := x.Elem.DType; x.DType != tensor.I64 || v != tensor.String && v != tensor.F32 {
			return ir.Known{}, fmt.Errorf("a %v: %w", x, ir.ErrUnsupported)
		}
		n := sym.Const(a.MaxMap)
		if a.MapForm == "DENSE" {
			n = sc.Fresh()
		}
		return of(ir.TensorOf(d, sym.Const(1), n)), nil
	},
	Eval: func(e *ir.Env, a CastMapAttrs, in []tensor.Value) (tensor.Value, error) {
		d, err := a.dtype()
		if err != nil {
			return nil, err
		}
		m, ok := in[0].(*tensor.Map)
		if !ok || m.Keys.DType() != tensor.I64 {
			return nil, fmt.Errorf("the operand is no map of integers")
		}
		if err := e.Take(d, []int{2, m.Keys.Len()}); err != nil {
			return nil, err
		}
		values, err := castValues(m.Values, d)
		if err != nil {
			return nil, err
		}
		order, keys := make([]int, values.Len()), m.Keys.Int64s()
		for i := range order {
			order[i] = i
		}
		slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(keys[i], keys[j]) })
		return a.place(e, values, keys, order)
	},
})

// castValues is Cast, but numbers become strings with six decimals.
func castValues(t *tensor.Tensor, d tensor.DType) (*tensor.Tensor, error) {
	if d != tensor.String || t.DType() == tensor.String {
		return tensor.Convert(t, d, true, 0)
	}
	out := tensor.New(d, t.Len())
	for i := range out.Strings() {
		out.Strings()[i] = strconv.FormatFloat(t.Float64At(i), 'f', 6, 64)
	}
	return out, nil
}

// place puts values at their places: in order, or where their keys say. A place that no key has holds 0, as a string "0.f": so ONNX
// Runtime fills it.
func (a CastMapAttrs) place(e *ir.Env, values *tensor.Tensor, keys []int64, order []int) (tensor.Value, error) {
	n := len(order)
	if a.MapForm == "SPARSE" {
		n = a.MaxMap
	}
	out, err := e.New(values.DType(), 1, n)
	if err != nil {
		return nil, err
	}
	if a.MapForm == "SPARSE" && out.DType() == tensor.String {
		for i := range out.Strings() {
			out.Strings()[i] = "0.f"
		}
	}
	for to, i := range order {
		if a.MapForm == "SPARSE" {
			if keys[i] < 0 || keys[i] >= int64(n) {
				return nil, fmt.Errorf("key %d is out of range for max_map %d", keys[i], n)
			}
			to = int(keys[i])
		}
		setElem(out, to, values, i)
	}
	return out, nil
}

// setElem copies element i of x to element k of y; both are of one type of whole bytes, or strings.
func setElem(y *tensor.Tensor, k int, x *tensor.Tensor, i int) {
	if x.DType() == tensor.String {
		y.Strings()[k] = x.Strings()[i]
		return
	}
	size := x.DType().Bits() / 8
	copy(y.Bytes()[k*size:][:size], x.Bytes()[i*size:])
}
