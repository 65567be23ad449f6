package op

import (
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// RegexFullMatchAttrs holds a regular expression in RE2's syntax. It has no default.
type RegexFullMatchAttrs struct {
	Pattern string `ir:"pattern"`
}

func (a RegexFullMatchAttrs) compile() (*regexp.Regexp, error) {
	if _, err := regexp.Compile(a.Pattern); err != nil {
		return nil, fmt.Errorf("pattern: %w", err)
	}
	return regexp.Compile(`\A(?:` + a.Pattern + `)\z`)
}

// RegexFullMatch reports for each string whether the pattern matches all of it.
var RegexFullMatch = define(Def[RegexFullMatchAttrs]{
	Name: "regex_full_match", ONNX: "RegexFullMatch", Sig: "x str -> y bool",
	Props: ir.Pure | ir.Elementwise,
	Infer: func(_ *ir.Scope, a RegexFullMatchAttrs, in []ir.Known) (ir.Known, error) {
		_, err := a.compile()
		t := in[0].Type
		return of(t.WithDType(tensor.Bool)), err
	},
	Eval: func(e *ir.Env, a RegexFullMatchAttrs, in []tensor.Value) (tensor.Value, error) {
		re, err := a.compile()
		if err != nil {
			return nil, err
		}
		x := tens(in, 0)
		out, err := e.New(tensor.Bool, x.Dims()...)
		if err != nil {
			return nil, err
		}
		for i, s := range x.Strings() {
			if err := e.Err(); err != nil {
				return nil, err
			}
			if len(s)*len(a.Pattern) < 1<<14 {
				tensor.Data[bool](out)[i] = re.MatchString(s)
				continue
			}
			r := &interruptible{r: strings.NewReader(s), e: e}
			tensor.Data[bool](out)[i] = re.MatchReader(r)
			if r.err != nil {
				return nil, r.err
			}
		}
		return out, nil
	},
})

// interruptible reads the characters of a string until the evaluation is stopped.
type interruptible struct {
	r    *strings.Reader
	e    *ir.Env
	turn int
	err  error
}

// ReadRune implements io.RuneReader.
func (r *interruptible) ReadRune() (rune, int, error) {
	if r.turn++; r.turn%256 == 0 {
		if r.err = r.e.Err(); r.err != nil {
			return 0, 0, io.EOF
		}
	}
	return r.r.ReadRune()
}
