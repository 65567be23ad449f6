package op

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"unicode/utf8"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// TokenizerAttrs holds what separates tokens, regular expressions in RE2's syntax, or what tokens are; a separator that is empty, or a
// token of any character, makes a token of every character. Tokens have at least MinCharNum characters; Mark puts "\x02" before and
// "\x03" behind those of a string, and PadValue fills up behind them.
type TokenizerAttrs struct {
	Mark       bool     `ir:"mark"`
	MinCharNum int      `ir:"mincharnum"`
	PadValue   string   `ir:"pad_value"`
	Separators []string `ir:"separators"`
	TokenExp   string   `ir:"tokenexp"`
}

// Tokenizer is the tokens of each string along a new last axis, which has no places where there is no token at all.
var Tokenizer = define(Def[TokenizerAttrs]{
	Name: "tokenizer", ONNX: "Tokenizer", Domain: "com.microsoft", Sig: "x str -> y str",
	Props: ir.Pure,
	Infer: func(sc *ir.Scope, a TokenizerAttrs, in []ir.Known) (ir.Known, error) {
		x := in[0].Type
		if _, err := a.tokens(); err != nil || x.Unranked {
			return of(x), err
		}
		if n := len(x.Shape); n != 1 && n != 2 {
			return ir.Known{}, fmt.Errorf("strings of rank %d", n)
		}
		return of(x.WithShape(append(slices.Clone(x.Shape), sc.Fresh())...)), nil
	},
	Eval: func(e *ir.Env, a TokenizerAttrs, in []tensor.Value) (tensor.Value, error) {
		split, err := a.tokens()
		if err != nil {
			return nil, err
		}
		x := tens(in, 0)
		if x.Rank() != 1 && x.Rank() != 2 {
			return nil, fmt.Errorf("strings of rank %d", x.Rank())
		}
		all, width := make([][]string, x.Len()), 0
		for i, s := range x.Strings() {
			if err := e.Err(); err != nil {
				return nil, err
			}
			if !utf8.ValidString(s) {
				return nil, fmt.Errorf("string %d is no UTF-8", i)
			}
			if err := e.Take(tensor.String, []int{len(s) + 1}); err != nil {
				return nil, err
			}
			if len(s) > maxTokenized/(1+len(a.TokenExp)) {
				return nil, fmt.Errorf("a text of %d bytes for an expression of %d", len(s), len(a.TokenExp))
			}
			all[i] = split(s)
			width = max(width, len(all[i]))
		}
		if a.Mark && width > 0 {
			for i, row := range all {
				all[i] = append(append([]string{"\x02"}, row...), "\x03")
			}
			width += 2
		}
		y, err := e.New(tensor.String, append(slices.Clone(x.Dims()), width)...)
		if err != nil {
			return nil, err
		}
		out := y.Strings()
		for i := range out {
			out[i] = a.PadValue
		}
		for i, row := range all {
			if width > 0 {
				copy(out[i*width:], row)
			}
		}
		return y, nil
	},
})

// maxTokenized bounds the bytes of a text times those of the expression that is looked for in it, which nothing can stop once it runs.
const maxTokenized = 1 << 24

// tokens returns what splits a string.
func (a TokenizerAttrs) tokens() (func(string) []string, error) {
	if (a.TokenExp == "") == (len(a.Separators) == 0) {
		return nil, fmt.Errorf("one of separators and tokenexp is needed")
	}
	long := func(tokens []string) []string {
		return slices.DeleteFunc(tokens, func(s string) bool { return s == "" || utf8.RuneCountInString(s) < a.MinCharNum })
	}
	if a.TokenExp == "." || len(a.Separators) == 1 && a.Separators[0] == "" {
		if a.MinCharNum > 1 {
			return nil, fmt.Errorf("tokens of one character, but at least %d", a.MinCharNum)
		}
		return func(s string) (out []string) {
			for _, c := range s {
				out = append(out, string(c))
			}
			return out
		}, nil
	}
	if a.TokenExp != "" {
		re, err := regexp.Compile(a.TokenExp)
		if err != nil {
			return nil, fmt.Errorf("tokenexp: %w", err)
		}
		re.Longest()
		return func(s string) []string { return long(re.FindAllString(s, -1)) }, nil
	}
	var cuts []*regexp.Regexp
	for _, s := range a.Separators {
		if s == "" {
			return nil, errors.New("one of several separators is empty")
		}
		re, err := regexp.Compile(s)
		if err != nil {
			return nil, fmt.Errorf("separator %q: %w", s, err)
		}
		cuts = append(cuts, re)
	}
	return func(s string) []string {
		parts := []string{s}
		for _, re := range cuts {
			var next []string
			for _, p := range parts {
				next = append(next, re.Split(p, -1)...)
			}
			parts = next
		}
		return long(parts)
	}, nil
}
