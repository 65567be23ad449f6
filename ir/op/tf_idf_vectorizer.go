package op

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// TfIdfVectorizerAttrs is ONNX's. The pool holds all 1-grams, then all 2-grams and so on; NgramCounts says where each begins.
type TfIdfVectorizerAttrs struct {
	MaxGramLength int       `ir:"max_gram_length"`
	MaxSkipCount  int       `ir:"max_skip_count"`
	MinGramLength int       `ir:"min_gram_length"`
	Mode          string    `ir:"mode"`
	NgramCounts   []int     `ir:"ngram_counts"`
	NgramIndexes  []int     `ir:"ngram_indexes"`
	PoolInt64s    []int     `ir:"pool_int64s"`
	PoolStrings   []string  `ir:"pool_strings"`
	Weights       []float32 `ir:"weights"`
}

// width returns the number of columns of the result.
func (a TfIdfVectorizerAttrs) width() (int, error) {
	switch {
	case !slices.Contains([]string{"TF", "IDF", "TFIDF"}, a.Mode):
		return 0, fmt.Errorf("mode %q", a.Mode)
	case a.MinGramLength < 1 || a.MaxGramLength < a.MinGramLength || a.MaxSkipCount < 0:
		return 0, fmt.Errorf("grams of %d to %d elements, %d skipped", a.MinGramLength, a.MaxGramLength, a.MaxSkipCount)
	case len(a.NgramIndexes) == 0 || slices.Min(a.NgramIndexes) < 0 || slices.Max(a.NgramIndexes) > 1<<40:
		return 0, fmt.Errorf("ngram_indexes %v", a.NgramIndexes[:min(8, len(a.NgramIndexes))])
	case (len(a.PoolInt64s) > 0) == (len(a.PoolStrings) > 0):
		return 0, fmt.Errorf("a pool of %d integers and %d strings", len(a.PoolInt64s), len(a.PoolStrings))
	}
	w := slices.Max(a.NgramIndexes) + 1
	if a.Mode != "TF" && len(a.Weights) > 0 && len(a.Weights) < w {
		return 0, fmt.Errorf("%d weights for %d columns", len(a.Weights), w)
	}
	return w, nil
}

// TfIdfVectorizer counts the n-grams of a pool in each row of x, whose elements may be some places apart.
var TfIdfVectorizer = define(Def[TfIdfVectorizerAttrs]{
	Name: "tf_idf_vectorizer", ONNX: "TfIdfVectorizer", Sig: "x str|i32|i64 -> y f32",
	Props: ir.Pure,
	Infer: func(_ *ir.Scope, a TfIdfVectorizerAttrs, in []ir.Known) (ir.Known, error) {
		w, err := a.width()
		if err != nil {
			return ir.Known{}, err
		}
		if (in[0].Type.DType == tensor.String) != (len(a.PoolStrings) > 0) {
			return ir.Known{}, fmt.Errorf("x of %v does not match the pool", in[0].Type.DType)
		}
		if _, err := a.grams(); err != nil {
			return ir.Known{}, err
		}
		switch x := in[0].Type; x.Rank() {
		case -1:
			return of(ir.UnrankedOf(tensor.F32)), nil
		case 1:
			return of(ir.TensorOf(tensor.F32, sym.Const(w))), nil
		case 2:
			return of(ir.TensorOf(tensor.F32, x.Shape[0], sym.Const(w))), nil
		}
		return ir.Known{}, fmt.Errorf("rank %d, not 1 or 2", in[0].Rank())
	},
	Eval: func(e *ir.Env, a TfIdfVectorizerAttrs, in []tensor.Value) (tensor.Value, error) {
		x := tens(in, 0)
		w, err := a.width()
		if err != nil {
			return nil, err
		}
		if x.Rank() != 1 && x.Rank() != 2 {
			return nil, fmt.Errorf("rank %d, not 1 or 2", x.Rank())
		}
		grams, err := a.grams()
		if err != nil {
			return nil, err
		}
		out, err := e.New(tensor.F32, with(x.Dims(), x.Rank()-1, w)...)
		if err != nil {
			return nil, err
		}
		words, err := wordsOf(e, x)
		if err != nil {
			return nil, err
		}
		v := tensor.Data[float32](out)
		n := x.Dims()[x.Rank()-1]
		for r := range out.Len() / w {
			if err := a.count(e, grams, words[r*n:][:n], v[r*w:][:w]); err != nil {
				return nil, err
			}
		}
		return out, nil
	},
})

// wordsOf returns the elements of x in a form that may be joined without becoming ambiguous.
func wordsOf(e *ir.Env, x *tensor.Tensor) ([]string, error) {
	// A string of a few letters takes two words and what the allocator's smallest piece is.
	if err := e.Take(tensor.U8, []int{40, x.Len()}); err != nil {
		return nil, err
	}
	out := make([]string, x.Len())
	if x.DType() == tensor.String {
		for i, s := range x.Strings() {
			if err := e.Take(tensor.U8, []int{len(s)}); err != nil {
				return nil, err
			}
			out[i] = word(s)
		}
		return out, nil
	}
	for i, n := range x.Int64s() {
		if err := e.Tick(i); err != nil {
			return nil, err
		}
		out[i] = word(strconv.FormatInt(n, 10))
	}
	return out, nil
}

func word(s string) string { return strconv.Itoa(len(s)) + ":" + s }

// grams returns, for the n-grams of each length, the column of each.
func (a TfIdfVectorizerAttrs) grams() ([]map[string]int, error) {
	pool := make([]string, 0, len(a.PoolStrings)+len(a.PoolInt64s))
	for _, s := range a.PoolStrings {
		pool = append(pool, word(s))
	}
	for _, n := range a.PoolInt64s {
		pool = append(pool, word(strconv.Itoa(n)))
	}
	out := make([]map[string]int, len(a.NgramCounts))
	next := 0
	for i, from := range a.NgramCounts {
		to, n := len(pool), i+1
		if i+1 < len(a.NgramCounts) {
			to = a.NgramCounts[i+1]
		}
		if from < 0 || to < from || to > len(pool) || (to-from)%n != 0 {
			return nil, fmt.Errorf("ngram_counts %d to %d for %d-grams in a pool of %d", from, to, n, len(pool))
		}
		out[i] = map[string]int{}
		for ; from < to; from += n {
			if next == len(a.NgramIndexes) {
				return nil, fmt.Errorf("the pool holds more n-grams than the %d of ngram_indexes", next)
			}
			out[i][strings.Join(pool[from:from+n], "")] = a.NgramIndexes[next]
			next++
		}
	}
	return out, nil
}

// count sets out to the weighted counts of grams in one row.
func (a TfIdfVectorizerAttrs) count(e *ir.Env, grams []map[string]int, row []string, out []float32) error {
	var key strings.Builder
	for n := a.MinGramLength; n <= min(a.MaxGramLength, len(grams)); n++ {
		// Elements of a 1-gram cannot be apart.
		for step := 1; step-1 <= a.MaxSkipCount && (n-1)*step < len(row) && (n > 1 || step == 1); step++ {
			if err := e.Err(); err != nil {
				return err
			}
			for from := range len(row) - (n-1)*step {
				if err := e.Tick(from); err != nil {
					return err
				}
				key.Reset()
				for k := range n {
					key.WriteString(row[from+k*step])
				}
				if i, ok := grams[n-1][key.String()]; ok {
					out[i]++
				}
			}
		}
	}
	if a.Mode == "TF" {
		return nil
	}
	for i, c := range out {
		if a.Mode == "IDF" {
			out[i] = min(c, 1)
		}
		if len(a.Weights) > 0 {
			out[i] *= a.Weights[i]
		}
	}
	return nil
}
