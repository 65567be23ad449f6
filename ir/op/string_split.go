package op

import (
	"slices"
	"strings"
	"unicode"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// StringSplitAttrs holds what separates the parts (empty: white space, however much), and the most cuts to make from the left, where
// there is a limit.
type StringSplitAttrs struct {
	Delimiter string `ir:"delimiter"`
	MaxSplit  *int   `ir:"maxsplit"`
}

// StringSplit is the parts of each string along a new last axis, filled up with empty strings, and the number of parts of each.
var StringSplit = defineN(DefN[StringSplitAttrs]{
	Name: "string_split", ONNX: "StringSplit", Sig: "x str -> parts str, counts i64",
	Props: ir.Pure,
	Infer: func(sc *ir.Scope, _ StringSplitAttrs, in []ir.Known) ([]ir.Known, error) {
		x := in[0].Type
		if x.Unranked {
			return []ir.Known{of(x), of(x.WithDType(tensor.I64))}, nil
		}
		return []ir.Known{
			of(x.WithShape(append(slices.Clone(x.Shape), sc.Fresh())...)),
			of(ir.TensorOf(tensor.I64, x.Shape...)),
		}, nil
	},
	Eval: func(e *ir.Env, a StringSplitAttrs, in []tensor.Value) ([]tensor.Value, error) {
		x := tens(in, 0)
		counts, err := e.New(tensor.I64, x.Dims()...)
		if err != nil {
			return nil, err
		}
		all, width := make([][]string, x.Len()), 0
		for i, s := range x.Strings() {
			// No string has more parts than bytes and one.
			if err := e.Take(tensor.String, []int{len(s) + 1}); err != nil {
				return nil, err
			}
			all[i] = a.split(s)
			tensor.Data[int64](counts)[i] = int64(len(all[i]))
			width = max(width, len(all[i]))
		}
		parts, err := e.New(tensor.String, append(slices.Clone(x.Dims()), width)...)
		if err != nil {
			return nil, err
		}
		for i, p := range all {
			copy(parts.Strings()[i*width:], p)
		}
		return []tensor.Value{parts, counts}, nil
	},
})

// split returns the parts of s.
func (a StringSplitAttrs) split(s string) []string {
	limit := -1
	if a.MaxSplit != nil && *a.MaxSplit >= 0 && *a.MaxSplit <= len(s) {
		limit = *a.MaxSplit
	}
	if a.Delimiter != "" {
		if limit < 0 {
			return strings.Split(s, a.Delimiter)
		}
		return strings.SplitN(s, a.Delimiter, limit+1)
	}
	var out []string
	for s = strings.TrimLeftFunc(s, unicode.IsSpace); s != ""; s = strings.TrimLeftFunc(s, unicode.IsSpace) {
		end := strings.IndexFunc(s, unicode.IsSpace)
		if end < 0 || limit >= 0 && len(out) == limit {
			return append(out, s)
		}
		out, s = append(out, s[:end]), s[end:]
	}
	return out
}
