package op

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// StringNormalizerAttrs is ONNX's: CaseChangeAction is "LOWER", "UPPER" or "NONE"; of locales only Turkish and Azeri differ from the
// others.
type StringNormalizerAttrs struct {
	CaseChangeAction string   `ir:"case_change_action"`
	IsCaseSensitive  bool     `ir:"is_case_sensitive"`
	Locale           string   `ir:"locale"`
	Stopwords        []string `ir:"stopwords"`
}

// StringNormalizer is the strings of x, of sizes [C] or [1,C], that are no stop words, in one case; where none is left, one empty string.
var StringNormalizer = define(Def[StringNormalizerAttrs]{
	Name: "string_normalizer", ONNX: "StringNormalizer", Sig: "x str -> y str",
	Props: ir.Pure,
	Attrs: StringNormalizerAttrs{CaseChangeAction: "NONE"},
	Infer: func(sc *ir.Scope, a StringNormalizerAttrs, in []ir.Known) (ir.Known, error) {
		x := in[0].Type
		if !slices.Contains([]string{"LOWER", "UPPER", "NONE"}, a.CaseChangeAction) {
			return ir.Known{}, fmt.Errorf("case_change_action %q", a.CaseChangeAction)
		}
		switch r := x.Rank(); {
		case r < 0:
			return of(x), nil
		case r == 1:
			return of(x.WithShape(sc.Fresh())), nil
		case r == 2:
			_, err := sc.Same(x.Shape[0], sym.Const(1), "rows")
			return of(x.WithShape(sym.Const(1), sc.Fresh())), err
		}
		return ir.Known{}, fmt.Errorf("rank %d, not 1 or 2", x.Rank())
	},
	Eval: func(e *ir.Env, a StringNormalizerAttrs, in []tensor.Value) (tensor.Value, error) {
		x := tens(in, 0)
		if r := x.Rank(); r < 1 || r > 2 || r == 2 && x.Dims()[0] != 1 {
			return nil, fmt.Errorf("sizes %v, not [C] or [1,C]", x.Dims())
		}
		lower, upper := strings.ToLower, strings.ToUpper
		if strings.HasPrefix(a.Locale, "tr") || strings.HasPrefix(a.Locale, "az") {
			lower = func(s string) string { return strings.ToLowerSpecial(unicode.TurkishCase, s) }
			upper = func(s string) string { return strings.ToUpperSpecial(unicode.TurkishCase, s) }
		}
		key := lower
		if a.IsCaseSensitive {
			key = func(s string) string { return s }
		}
		stop := map[string]bool{}
		for _, s := range a.Stopwords {
			stop[key(s)] = true
		}
		var out []string
		for _, s := range x.Strings() {
			// A change of case makes no string longer than three times.
			if err := e.Take(tensor.U8, []int{16 + 3*len(s)}); err != nil {
				return nil, err
			}
			switch {
			case stop[key(s)]:
				continue
			case a.CaseChangeAction == "LOWER":
				s = lower(s)
			case a.CaseChangeAction == "UPPER":
				s = upper(s)
			}
			out = append(out, s)
		}
		if len(out) == 0 {
			out = []string{""}
		}
		return tensor.OfStrings(out, with(x.Dims(), x.Rank()-1, len(out))...), nil
	},
})
