package onnx_test

import (
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
	"github.com/cameo-onnx/cameo/ir/tensor"
	"github.com/cameo-onnx/cameo/onnx"
	"github.com/cameo-onnx/cameo/onnx/wire"
)

// operandForm is the operands of a node: how many, the one of them that is absent, and the type of all.
type operandForm struct {
	count, hole int
	typ         ir.Type
}

// operandForms are forms that hardly any operator takes: each adapter and each inference has to refuse most of them.
func operandForms() (out []operandForm) {
	types := []ir.Type{ir.UnrankedOf(tensor.F32), ir.SequenceOf(ir.TensorOf(tensor.F32))}
	for rank := range 6 {
		for _, d := range []tensor.DType{tensor.F32, tensor.U8, tensor.I64} {
			types = append(types, ir.TensorOf(d, ir.ShapeOf(2, 3, 2, 1, 4)[:rank]...))
		}
	}
	for _, t := range types {
		for count := range 8 {
			for hole := range count + 1 {
				out = append(out, operandForm{count, hole, t})
			}
		}
	}
	return out
}

// attrForms are values of a node's attributes, for all that are integers or lists of them, that hardly any operator takes; none at all
// comes first.
var attrForms = [][]int64{nil, {0}, {-1}, {1}, {2, 3}, {math.MinInt64}, {1 << 40, -1, 0}}

// intNames are the attributes of integers that adapters of com.microsoft read.
var intNames = strings.Fields("K N axis bits block_size channels_last dilation dim expert_weight_bits gather_axis groups k kv_num_heads mrope_layout ndim num_branches num_heads opset " +
	"q_num_heads quant_type quantize_axis size step swiglu_fusion")

// attrsOfForm gives every attribute of the operator that is an integer, or a list of them, the values of a form.
func attrsOfForm(name onnx.Operator, form []int64) (out []*wire.Attr) {
	if form == nil {
		return nil
	}
	o := op.ByONNX(name.Domain, name.Op)
	if o == nil {
		for _, s := range intNames {
			out = append(out, intA(s, form[0]))
		}
		return append(out, intsA("mrope_section", form...), intsA("qkv_hidden_sizes", form...))
	}
	for _, f := range ir.Fields(o.Attrs) {
		switch reflect.ValueOf(o.Attrs).Field(f.Index).Interface().(type) {
		case int, *int:
			out = append(out, intA(f.Name, form[0]))
		case []int:
			out = append(out, intsA(f.Name, form...))
		}
	}
	return out
}

// share is the part of all nodes that the test looks at: one of so many, others of each operator.
const share = 41

func TestNoNodeMakesImportPanic(t *testing.T) {
	names := onnx.Adapted()
	for _, o := range op.All() {
		if o.ONNX != "" && len(o.Bodies) == 0 {
			names = append(names, onnx.Operator{Domain: o.Domain, Op: o.ONNX})
		}
	}
	forms := operandForms()
	for at, name := range names {
		opsets := []int64{24, 1, 10}
		if name.Domain != "" {
			opsets = opsets[:1]
		}
		for i := at % share; i < len(opsets)*len(attrForms)*len(forms); i += share {
			opset, values, f := opsets[i%len(opsets)], attrForms[i/len(opsets)%len(attrForms)], forms[i/len(opsets)/len(attrForms)]
			if err := importForm(name, opset, f, attrsOfForm(name, values)); err != nil {
				t.Errorf("%v (opset %d) of %d operands, number %d absent, of %v, attributes %v: %v", name, opset, f.count, f.hole, f.typ, values, err)
				break
			}
		}
	}
}

// importForm imports a model of one node, and returns what it panicked with.
func importForm(name onnx.Operator, opset int64, f operandForm, attrs []*wire.Attr) (err error) {
	defer func() {
		if e := recover(); e != nil {
			err = fmt.Errorf("%v", e)
		}
	}()
	n := &wire.Node{OpType: name.Op, Domain: name.Domain, Out: []string{"y", "z"}, Attrs: attrs}
	g := &wire.Graph{Name: "g", Nodes: []*wire.Node{n}, Outputs: vnames("y")}
	types := map[string]ir.Type{}
	for i := range f.count {
		in := ""
		if i != f.hole {
			in = fmt.Sprint("x", i)
			types[in] = f.typ
			g.Inputs = append(g.Inputs, vnames(in)...)
		}
		n.In = append(n.In, in)
	}
	m := modelOf(opset, g)
	if name.Domain != "" {
		m.Opsets = append(m.Opsets, wire.OpsetID{Domain: name.Domain, Version: 5})
	}
	_, _ = onnx.Import(m, onnx.Options{Inputs: types})
	return nil
}

// Adapters look into operands that are constant.
func TestNoConstantMakesImportPanic(t *testing.T) {
	for _, c := range []struct {
		name   onnx.Operator
		opset  int64
		inputs int // before the constant
		value  wire.Tensor
		attrs  []*wire.Attr
	}{
		{onnx.Operator{Op: "Resize"}, 10, 1, wire.Tensor{Dims: []int64{1}, DataType: 8, Strings: [][]byte{[]byte("a")}}, nil},
		{onnx.Operator{Domain: "com.microsoft", Op: "MultiHeadAttention"}, 24, 3,
			wire.Tensor{Dims: []int64{1}, DataType: 2, Int32s: []int32{1}}, []*wire.Attr{intA("num_heads", 1)}},
	} {
		c.value.Name = "c"
		n := &wire.Node{OpType: c.name.Op, Domain: c.name.Domain, Out: []string{"y"}, Attrs: c.attrs}
		types := map[string]ir.Type{}
		for i := range c.inputs {
			n.In = append(n.In, fmt.Sprint("x", i))
			types[n.In[i]] = ir.TensorOf(tensor.F32, ir.ShapeOf(2, 3, 4)...)
		}
		g := &wire.Graph{Name: "g", Nodes: []*wire.Node{n}, Inputs: vnames(n.In...), Outputs: vnames("y"), Inits: []*wire.Tensor{&c.value}}
		n.In = append(n.In, "c")
		m := modelOf(c.opset, g)
		if c.name.Domain != "" {
			m.Opsets = append(m.Opsets, wire.OpsetID{Domain: c.name.Domain, Version: 1})
		}
		if _, err := onnx.Import(m, onnx.Options{Inputs: types}); err == nil || !strings.Contains(err.Error(), c.name.Op) {
			t.Errorf("%v of a constant of another type: %v", c.name, err)
		}
	}
}
