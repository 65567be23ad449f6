package ir

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/cameo-onnx/cameo/ir/tensor"
)

// Attributes are a struct of the op's own. A field's tag `ir:"name"` is its name in IR text and in ONNX; fields may be int, float32,
// bool, string, tensor.DType, slices of int, float32 and string, *int and *float32 (nil where absent), and *tensor.Tensor.

// Field is a named attribute.
type Field struct {
	Name  string
	Index int
}

// Fields returns the attributes of the struct attrs, in order.
func Fields(attrs any) []Field {
	t := reflect.TypeOf(attrs)
	if t == nil || t.Kind() != reflect.Struct {
		return nil
	}
	var out []Field
	for i := range t.NumField() {
		if name := t.Field(i).Tag.Get("ir"); name != "" {
			out = append(out, Field{name, i})
		}
	}
	return out
}

// EqualAttrs reports whether a and b are the same attributes.
func EqualAttrs(a, b any) bool {
	x, y := reflect.ValueOf(a), reflect.ValueOf(b)
	if !x.IsValid() || !y.IsValid() {
		return x.IsValid() == y.IsValid()
	}
	if x.Type() != y.Type() {
		return false
	}
	for i := range x.NumField() {
		if !equalAttr(x.Field(i), y.Field(i)) {
			return false
		}
	}
	return true
}

func equalAttr(x, y reflect.Value) bool {
	if t, ok := x.Interface().(*tensor.Tensor); ok {
		u := y.Interface().(*tensor.Tensor)
		if t == nil || u == nil {
			return t == u
		}
		return tensor.Equal(t, u)
	}
	if x.Kind() == reflect.Slice && x.Len() == 0 && y.Len() == 0 {
		return x.IsNil() == y.IsNil()
	}
	return attrText(x) == attrText(y)
}

// AttrsText returns those attributes that differ from the defaults, as "alpha=0.5, axis=1".
func AttrsText(attrs, defaults any) string {
	v, d := reflect.ValueOf(attrs), reflect.ValueOf(defaults)
	var parts []string
	for _, f := range Fields(attrs) {
		if !equalAttr(v.Field(f.Index), d.Field(f.Index)) {
			parts = append(parts, f.Name+"="+attrText(v.Field(f.Index)))
		}
	}
	return strings.Join(parts, ", ")
}

// AttrText returns the text of the attribute of that name; empty where there is none.
func AttrText(attrs any, name string) string {
	for _, f := range Fields(attrs) {
		if f.Name == name {
			return attrText(reflect.ValueOf(attrs).Field(f.Index))
		}
	}
	return ""
}

// ParseAttrs reads attributes of op, such as "{axis=-1}", over its defaults.
func ParseAttrs(op *Op, text string) (any, error) {
	p := &parser{src: text}
	a, err := p.attrs(op)
	if err == nil && p.peek() != 0 {
		err = p.errorf("text after the attributes")
	}
	return a, err
}

func attrText(v reflect.Value) string {
	switch x := v.Interface().(type) {
	case float32:
		return strconv.FormatFloat(float64(x), 'g', -1, 32)
	case string:
		return strconv.Quote(x)
	case tensor.DType:
		return x.String()
	case *tensor.Tensor:
		if x == nil {
			return "nil"
		}
		return TensorOf(x.DType(), ShapeOf(x.Dims()...)...).String() + "(" + strings.Join(elemTexts(x), ",") + ")"
	}
	switch v.Kind() {
	case reflect.Slice:
		if v.IsNil() {
			return "nil"
		}
		parts := make([]string, v.Len())
		for i := range parts {
			parts[i] = attrText(v.Index(i))
		}
		return "[" + strings.Join(parts, ",") + "]"
	case reflect.Pointer:
		if v.IsNil() {
			return "nil"
		}
		return attrText(v.Elem())
	}
	return fmt.Sprint(v.Interface())
}

// parseAttr sets v from its text.
func (p *parser) parseAttr(v reflect.Value) error {
	switch v.Interface().(type) {
	case *tensor.Tensor:
		if p.word("nil") {
			v.SetZero()
			return nil
		}
		t, err := p.typ()
		if err != nil {
			return err
		}
		c, err := p.elems(t, '(', ')')
		if err != nil {
			return err
		}
		v.Set(reflect.ValueOf(c))
		return nil
	case tensor.DType:
		d := tensor.ParseDType(p.ident())
		if !d.Valid() {
			return p.errorf("want an element type")
		}
		v.Set(reflect.ValueOf(d))
		return nil
	}
	switch v.Kind() {
	case reflect.Slice:
		return p.parseSlice(v)
	case reflect.Pointer:
		if p.word("nil") {
			v.SetZero()
			return nil
		}
		v.Set(reflect.New(v.Type().Elem()))
		return p.parseAttr(v.Elem())
	case reflect.String:
		s, err := p.quoted()
		v.SetString(s)
		return err
	}
	w := p.number()
	switch v.Kind() {
	case reflect.Int:
		n, err := strconv.ParseInt(w, 10, 64)
		v.SetInt(n)
		return p.wrap(err)
	case reflect.Float32:
		x, err := strconv.ParseFloat(w, 32)
		v.SetFloat(x)
		return p.wrap(err)
	case reflect.Bool:
		x, err := strconv.ParseBool(w)
		v.SetBool(x)
		return p.wrap(err)
	}
	return p.errorf("attribute of Go type %v", v.Type())
}

func (p *parser) parseSlice(v reflect.Value) error {
	if p.word("nil") {
		v.SetZero()
		return nil
	}
	if !p.eat('[') {
		return p.errorf("want [")
	}
	v.Set(reflect.MakeSlice(v.Type(), 0, 4))
	for !p.eat(']') {
		if v.Len() > 0 && !p.eat(',') {
			return p.errorf("want , or ]")
		}
		e := reflect.New(v.Type().Elem()).Elem()
		if err := p.parseAttr(e); err != nil {
			return err
		}
		v.Set(reflect.Append(v, e))
	}
	return nil
}

// attrs reads "{a=1, b=2}" into a copy of defaults.
func (p *parser) attrs(op *Op) (any, error) {
	if op.Attrs == nil {
		return nil, nil
	}
	v := reflect.New(reflect.TypeOf(op.Attrs)).Elem()
	v.Set(reflect.ValueOf(op.Attrs))
	start := p.pos
	if !p.eat('{') {
		return v.Interface(), nil
	}
	if p.word("body") { // bodies, not attributes
		p.pos = start
		return v.Interface(), nil
	}
	fields := Fields(op.Attrs)
	for first := true; !p.eat('}'); first = false {
		if !first && !p.eat(',') {
			return nil, p.errorf("want , or }")
		}
		name := p.ident()
		index := -1
		for _, f := range fields {
			if f.Name == name {
				index = f.Index
			}
		}
		if index < 0 || !p.eat('=') {
			return nil, p.errorf("%s has no attribute %q", op.Name, name)
		}
		if err := p.parseAttr(v.Field(index)); err != nil {
			return nil, err
		}
	}
	return v.Interface(), nil
}
