package ir

import (
	"fmt"
	"strings"

	"github.com/cameo-onnx/cameo/ir/tensor"
)

// A Sig is an op's signature, written "x T, w T, b? T -> y T; T float": operands and results by name and type, optional ones marked
// "?", the last operand or result possibly repeated "*", then the element types that each type variable stands for. A type is a
// variable, an element type such as i64, a set of them such as int|bool, or one of seq, opt, map, any for other kinds of values.
type Sig struct {
	In, Out []Param
	text    string
}

// Param is an operand or a result in a signature.
type Param struct {
	Name     string
	Optional bool
	Variadic bool
	Var      string // type variable, bound by the first operand that mentions it; empty if the type stands alone
	Types    typeSet
}

// Takes reports whether the operand or result may be a tensor of element type d.
func (p Param) Takes(d tensor.DType) bool { return p.Types.dtypes>>d&1 != 0 }

// TakesOthers reports whether the operand or result may be something else than a tensor.
func (p Param) TakesOthers() bool { return p.Types.kinds != 0 }

type typeSet struct {
	dtypes uint32 // bit d: a tensor of element type d
	kinds  uint8  // bit k: a value of Kind k other than Tensor
}

var typeNames = map[string]typeSet{
	"float":   bits(tensor.F16, tensor.BF16, tensor.F32, tensor.F64),
	"float8":  bits(tensor.F8E4M3FN, tensor.F8E4M3FNUZ, tensor.F8E5M2, tensor.F8E5M2FNUZ),
	"int":     bits(tensor.I8, tensor.I16, tensor.I32, tensor.I64),
	"uint":    bits(tensor.U8, tensor.U16, tensor.U32, tensor.U64),
	"float6":  bits(tensor.F6E2M3, tensor.F6E3M2),
	"narrow":  bits(tensor.I4, tensor.U4, tensor.I2, tensor.U2, tensor.F4E2M1, tensor.F8E8M0),
	"complex": bits(tensor.C64, tensor.C128),
	"num": bits(tensor.F16, tensor.BF16, tensor.F32, tensor.F64,
		tensor.I8, tensor.I16, tensor.I32, tensor.I64, tensor.U8, tensor.U16, tensor.U32, tensor.U64),
	"tensor": {dtypes: ^uint32(1)},
	"seq":    {kinds: 1 << Sequence},
	"opt":    {kinds: 1 << Optional},
	"map":    {kinds: 1 << Map},
	"any":    {dtypes: ^uint32(1), kinds: 0xff &^ 1},
}

func bits(ds ...tensor.DType) (s typeSet) {
	for _, d := range ds {
		s.dtypes |= 1 << d
	}
	return s
}

func parseSet(s string) (typeSet, error) {
	var out typeSet
	for part := range strings.SplitSeq(s, "|") {
		t, ok := typeNames[part]
		if d := tensor.ParseDType(part); !ok && d.Valid() {
			t, ok = bits(d), true
		}
		if !ok {
			return out, fmt.Errorf("no type %q", part)
		}
		out.dtypes |= t.dtypes
		out.kinds |= t.kinds
	}
	return out, nil
}

// MustSig parses a signature; a malformed one panics, so that a typo fails every test.
func MustSig(text string) *Sig {
	head, sets, _ := strings.Cut(text, ";")
	vars := map[string]typeSet{}
	for _, f := range splitComma(sets) {
		name, set, ok := strings.Cut(f, " ")
		t, err := parseSet(set)
		if !ok || err != nil {
			panic(fmt.Sprintf("ir: signature %q: %q: %v", text, f, err))
		}
		vars[name] = t
	}
	ins, outs, ok := strings.Cut(head, "->")
	if !ok {
		panic(fmt.Sprintf("ir: signature %q has no ->", text))
	}
	parse := func(list string) (ps []Param) {
		for _, f := range splitComma(list) {
			name, typ, _ := strings.Cut(f, " ")
			p := Param{Name: strings.TrimRight(name, "?*"), Optional: strings.Contains(name, "?"), Variadic: strings.Contains(name, "*")}
			if t, ok := vars[typ]; ok {
				p.Var, p.Types = typ, t
			} else if t, err := parseSet(typ); err == nil {
				p.Types = t
			} else {
				panic(fmt.Sprintf("ir: signature %q: %q: %v", text, f, err))
			}
			ps = append(ps, p)
		}
		return ps
	}
	return &Sig{In: parse(ins), Out: parse(outs), text: text}
}

func splitComma(s string) (out []string) {
	for f := range strings.SplitSeq(s, ",") {
		if f = strings.TrimSpace(f); f != "" {
			out = append(out, f)
		}
	}
	return out
}

// String returns the signature as it was written.
func (s *Sig) String() string { return s.text }

// results returns n, or where n is 0 the number of results that the op always has, at least 1.
func (s *Sig) results(n int) int {
	if n != 0 {
		return n
	}
	for _, p := range s.Out {
		if !p.Optional && !p.Variadic {
			n++
		}
	}
	return max(1, n)
}

// param returns the parameter that operand i belongs to.
func param(ps []Param, i int) (Param, bool) {
	if i < len(ps) {
		return ps[i], true
	}
	if n := len(ps); n > 0 && ps[n-1].Variadic {
		return ps[n-1], true
	}
	return Param{}, false
}

// InName returns the name of operand i, for messages.
func (s *Sig) InName(i int) string {
	p, ok := param(s.In, i)
	if !ok {
		return fmt.Sprint(i)
	}
	if p.Variadic {
		return fmt.Sprintf("%s%d", p.Name, i-len(s.In)+1)
	}
	return p.Name
}

// Accepts reports whether operand i may have element type d.
func (s *Sig) Accepts(i int, d tensor.DType) bool {
	p, ok := param(s.In, i)
	return ok && p.Takes(d)
}

func (s *Sig) check(in []Known, outs int) error {
	bound := map[string]tensor.DType{}
	for i, k := range in {
		p, ok := param(s.In, i)
		if !ok {
			return fmt.Errorf("takes %d operands, not %d", len(s.In), len(in))
		}
		if !k.Present() {
			if !p.Optional && !p.Variadic {
				return fmt.Errorf("operand %s is missing", s.InName(i))
			}
			continue
		}
		t := k.Type
		if t.Kind != Tensor && p.Types.kinds>>t.Kind&1 == 0 || t.Kind == Tensor && p.Types.dtypes>>t.DType&1 == 0 {
			return fmt.Errorf("operand %s cannot be %v: %w", s.InName(i), t, ErrUnsupported)
		}
		if p.Var == "" || t.Kind != Tensor {
			continue
		}
		if d, ok := bound[p.Var]; ok && d != t.DType {
			return fmt.Errorf("operand %s is of %v, another of %v", s.InName(i), t.DType, d)
		}
		bound[p.Var] = t.DType
	}
	for i := len(in); i < len(s.In); i++ {
		if !s.In[i].Optional && !s.In[i].Variadic {
			return fmt.Errorf("operand %s is missing", s.In[i].Name)
		}
	}
	if _, ok := param(s.Out, outs-1); !ok {
		return fmt.Errorf("has at most %d results, not %d", len(s.Out), outs)
	}
	return nil
}
