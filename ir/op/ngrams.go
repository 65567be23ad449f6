package op

import (
	"fmt"
	"math"
	"slices"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// NGramRepeatBlockAttrs holds the number of tokens that must not come again in a row; it has no default.
type NGramRepeatBlockAttrs struct {
	NGramSize int `ir:"ngram_size"`
}

// NGramRepeatBlock is scores[N,V] of the tokens that may follow ids[N,length], with −∞ for those that would repeat NGramSize tokens of
// ids in a row.
var NGramRepeatBlock = define(Def[NGramRepeatBlockAttrs]{
	Name: "ngram_repeat_block", ONNX: "NGramRepeatBlock", Domain: "com.microsoft", Sig: "ids i64, scores f32 -> y f32",
	Props: ir.Pure,
	Infer: func(sc *ir.Scope, a NGramRepeatBlockAttrs, in []ir.Known) (ir.Known, error) {
		ids, err := rankedAs(sc, in[0], 2, "ids")
		if err == nil && a.NGramSize < 1 {
			err = fmt.Errorf("ngram_size is %d", a.NGramSize)
		}
		if err != nil {
			return ir.Known{}, err
		}
		s, err := rankedAs(sc, in[1], 2, "scores")
		if err != nil {
			return ir.Known{}, err
		}
		_, err = sc.Same(ids[0], s[0], "items")
		return of(ir.TensorOf(tensor.F32, s...)), err
	},
	Eval: func(e *ir.Env, a NGramRepeatBlockAttrs, in []tensor.Value) (tensor.Value, error) {
		x, scores := tens(in, 0), tens(in, 1)
		if x.Rank() != 2 || scores.Rank() != 2 || x.Dims()[0] != scores.Dims()[0] || a.NGramSize < 1 {
			return nil, fmt.Errorf("ids of sizes %v, scores of sizes %v, ngram_size %d", x.Dims(), scores.Dims(), a.NGramSize)
		}
		v, err := load[float64](e, scores)
		if err != nil {
			return nil, err
		}
		ids, length, words := x.Int64s(), x.Dims()[1], scores.Dims()[1]
		for item := range x.Dims()[0] {
			row := ids[item*length : (item+1)*length]
			for i := a.NGramSize - 1; i < length; i++ { // the token behind each run of NGramSize − 1
				if !slices.Equal(row[i-a.NGramSize+1:i], row[length-a.NGramSize+1:]) {
					continue
				}
				if row[i] < 0 || row[i] >= int64(words) {
					return nil, fmt.Errorf("token %d is out of range for %d scores", row[i], words)
				}
				v[item*words+int(row[i])] = math.Inf(-1)
			}
		}
		return value(store(e, tensor.F32, v, scores.Dims()...))
	},
})

// BifurcationDetectorAttrs bounds the number of last tokens that are looked for.
type BifurcationDetectorAttrs struct {
	MaxNGramSize int `ir:"max_ngram_size"`
	MinNGramSize int `ir:"min_ngram_size"`
}

// BifurcationDetector accepts predicted tokens as long as they are those of src from prev on, and one more: the first result is cur
// with them behind it. The second is the place in src behind the last tokens of the first, where they occur there once, else −1.
var BifurcationDetector = defineN(DefN[BifurcationDetectorAttrs]{
	Name: "bifurcation_detector", ONNX: "BifurcationDetector", Domain: "com.microsoft",
	Sig:   "src T, cur T, prev T, pred? T -> tokens T, next T; T i64",
	Props: ir.Pure,
	Attrs: BifurcationDetectorAttrs{MaxNGramSize: 3, MinNGramSize: 1},
	Infer: func(sc *ir.Scope, a BifurcationDetectorAttrs, in []ir.Known) ([]ir.Known, error) {
		if err := a.check(); err != nil {
			return nil, err
		}
		n, err := rankedAs(sc, in[1], 1, "cur")
		if err != nil {
			return nil, err
		}
		if in[3].Present() {
			n = ir.Shape{sc.Fresh()}
			if err := sc.Assume(ir.Fact{Rel: ir.Le, A: sym.Const(1), B: n[0], What: "accepted tokens"}); err != nil {
				return nil, err
			}
		}
		next := in[2].Type
		next.Layout = ir.RowMajor
		return []ir.Known{of(ir.TensorOf(tensor.I64, n...)), of(next)}, nil
	},
	Eval: func(e *ir.Env, a BifurcationDetectorAttrs, in []tensor.Value) ([]tensor.Value, error) {
		if err := a.check(); err != nil {
			return nil, err
		}
		if tens(in, 0).Rank() != 1 || tens(in, 1).Rank() != 1 || tens(in, 2).Len() != 1 {
			return nil, fmt.Errorf("sizes %v, %v and %v", tens(in, 0).Dims(), tens(in, 1).Dims(), tens(in, 2).Dims())
		}
		src, out := tens(in, 0).Int64s(), tens(in, 1).Int64s()
		if pred := tens(in, 3); pred != nil {
			prev := tens(in, 2).Int64At(0)
			if prev < 0 || prev > int64(len(src)) || pred.Len() != len(src)+1-int(prev) {
				return nil, fmt.Errorf("%d predicted tokens from place %d of %d on", pred.Len(), prev, len(src))
			}
			p, n := pred.Int64s(), 0
			for n < len(p)-1 && p[n] == src[int(prev)+n] {
				n++
			}
			out = append(out, p[:n+1]...)
		}
		if err := e.Take(tensor.I64, []int{len(out)}); err != nil {
			return nil, err
		}
		next := tensor.New(tensor.I64, tens(in, 2).Dims()...)
		tensor.Data[int64](next)[0] = a.place(src, out)
		return []tensor.Value{tensor.Of(out, len(out)), next}, nil
	},
})

func (a BifurcationDetectorAttrs) check() error {
	if a.MinNGramSize < 1 || a.MaxNGramSize < a.MinNGramSize {
		return fmt.Errorf("from %d to %d tokens", a.MinNGramSize, a.MaxNGramSize)
	}
	return nil
}

// place returns where src goes on behind the only occurrence of the last tokens of out: as few as are told apart, within bounds.
func (a BifurcationDetectorAttrs) place(src, out []int64) int64 {
	at := int64(-1)
	for n := a.MinNGramSize; n <= min(a.MaxNGramSize, len(out)); n++ {
		last := out[len(out)-n:]
		i := runAt(src, last, 0)
		if i < 0 {
			break
		}
		if at = int64(i + n); i+n >= len(src) {
			break
		}
		if runAt(src, last, i+1) >= 0 {
			at = -1
		}
	}
	return at
}

// runAt returns the first place from i on where run lies in s, or −1.
func runAt(s, run []int64, i int) int {
	for ; i+len(run) <= len(s); i++ {
		if slices.Equal(s[i:i+len(run)], run) {
			return i
		}
	}
	return -1
}
