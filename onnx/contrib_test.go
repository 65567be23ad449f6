package onnx_test

// A table of operators; it is long for their number.

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
	"github.com/cameo-onnx/cameo/onnx"
	"github.com/cameo-onnx/cameo/onnx/wire"
)

// contribForm is a node of com.microsoft over operands a, b, c, …, and the text of its results, or what ONNX's own operators make of them.
type contribForm struct {
	name  string
	node  *wire.Node
	in    []*tensor.Tensor // nil: absent
	want  string           // as oldForm's
	same  []*wire.Node     // ONNX's operators of the same results, where want is empty
	fixed bool             // it needs sizes that are known
}

func f32s(dims []int, v ...float32) *tensor.Tensor { return tensor.Of(v, dims...).Reshape(dims...) }
func i32s(dims []int, v ...int32) *tensor.Tensor   { return tensor.Of(v, dims...).Reshape(dims...) }
func u8s(dims []int, v ...uint8) *tensor.Tensor    { return tensor.Of(v, dims...).Reshape(dims...) }
func i8s(dims []int, v ...int8) *tensor.Tensor     { return tensor.Of(v, dims...).Reshape(dims...) }
func strs(v ...string) *tensor.Tensor {
	t := tensor.New(tensor.String, len(v))
	copy(t.Strings(), v)
	return t
}

type d = []int

func one(v float32) *tensor.Tensor  { return tensor.Scalar(v) }
func byteOf(v uint8) *tensor.Tensor { return tensor.Scalar(v) }

func attrsOf(n *wire.Node, attrs ...*wire.Attr) *wire.Node {
	n.Attrs = append(n.Attrs, attrs...)
	return n
}

const operands = "a b c d e f g h i j k l m n o p q r"

// TestContribOperatorsMeanWhatTheySay evaluates each form with sizes as they are, with every size a symbol, and with constant operands.
func TestContribOperatorsMeanWhatTheySay(t *testing.T) {
	for _, c := range contribForms {
		t.Run(c.name, func(t *testing.T) {
			names := strings.Fields(operands)
			g := &wire.Graph{Name: "g"}
			sized, constant := onnx.Options{Inputs: map[string]ir.Type{}}, onnx.Options{Consts: map[string]*tensor.Tensor{}}
			ranks := onnx.Options{Inputs: map[string]ir.Type{}}
			var in []tensor.Value
			for i, v := range c.in {
				if v == nil {
					continue
				}
				var dims []any
				var shape ir.Shape
				for k, n := range v.Dims() {
					dims = append(dims, n)
					shape = append(shape, sym.Sym(fmt.Sprintf("%s%d", names[i], k)))
				}
				g.Inputs = append(g.Inputs, vinfo(names[i], v.DType(), dims...))
				sized.Inputs[names[i]], constant.Consts[names[i]] = ir.TensorOf(v.DType(), shape...), v
				ranks.Inputs[names[i]] = ir.Type{Kind: ir.Tensor, DType: v.DType(), Unranked: true}
				in = append(in, v)
			}
			for _, o := range c.node.Out {
				if o != "" {
					g.Outputs = append(g.Outputs, vnames(o)...)
				}
			}
			run := func(nodes []*wire.Node, domain string, o onnx.Options) (string, error) {
				h := *g
				h.Nodes = nodes
				m := modelOf(24, &h)
				m.Opsets = append(m.Opsets, wire.OpsetID{Domain: "com.microsoft", Version: 1})
				for _, n := range nodes {
					n.Domain = domain
				}
				im, err := onnx.Import(m, o)
				if err != nil {
					return "", err
				}
				if err := im.Graph.Verify(); err != nil {
					return "", err
				}
				out, err := im.Graph.Eval(&ir.Env{Ctx: context.Background(), Seed: 1}, in[:len(im.Graph.Inputs)])
				if err != nil {
					return "", err
				}
				return text(out), nil
			}
			want := c.want
			if c.same != nil {
				var err error
				if want, err = run(c.same, "", onnx.Options{}); err != nil {
					t.Fatal(err)
				}
			}
			for _, mode := range []struct {
				name string
				o    onnx.Options
			}{{"sizes", onnx.Options{}}, {"symbols", sized}, {"constants", constant}, {"unknown ranks", ranks}} {
				got, err := run([]*wire.Node{c.node}, "com.microsoft", mode.o)
				bad, isError := strings.CutPrefix(want, "!")
				switch {
				case isError && (err == nil || !strings.Contains(err.Error(), bad)):
					t.Errorf("%s: got %v %v, want %s", mode.name, got, err, bad)
				case isError:
				case c.fixed && mode.name == "symbols" && errors.Is(err, ir.ErrUnsupported):
				case err != nil && mode.name == "unknown ranks": // refused, or not what a form without ranks can be
				case err != nil:
					t.Errorf("%s: %v", mode.name, err)
				case got != want:
					t.Errorf("%s:\ngot  %s\nwant %s", mode.name, got, want)
				}
			}
		})
	}
}

// self is an operand of attention whose weights make queries and keys 0 and values its one element: every key that counts weighs the same.
var self = []*tensor.Tensor{f32s(d{1, 3, 1}, 2, 4, 9), f32s(d{1, 3}, 0, 0, 1)}

func with(in []*tensor.Tensor, more ...*tensor.Tensor) []*tensor.Tensor {
	return append(append([]*tensor.Tensor{}, in...), more...)
}

var heads1 = intA("num_heads", 1)

var contribForms = []contribForm{
	{name: "BiasGelu", node: nodeOf("BiasGelu", "a b", "y"), in: []*tensor.Tensor{x(2, 2), x(2)}, same: []*wire.Node{nodeOf("Add", "a b", "s"), nodeOf("Gelu", "s", "y")}},
	{name: "FastGelu with a bias", node: nodeOf("FastGelu", "a b", "y"), in: []*tensor.Tensor{x(2, 2), x(2)},
		same: []*wire.Node{nodeOf("Add", "a b", "s"), nodeOf("Gelu", "s", "y", strA("approximate", "tanh"))}},
	{name: "QuickGelu", node: nodeOf("QuickGelu", "a", "y", floatA("alpha", 2)), in: []*tensor.Tensor{x(3)},
		same: []*wire.Node{nodeOf("Add", "a a", "t"), nodeOf("Sigmoid", "t", "s"), nodeOf("Mul", "a s", "y")}},
	{name: "ScaledSiLU", node: nodeOf("ScaledSiLU", "a b", "y"), in: []*tensor.Tensor{x(3), f32s(d{1}, 2)}, same: []*wire.Node{nodeOf("Add", "a a", "t"), nodeOf("Swish", "t", "y")}},
	{name: "FusedConv with a residual", node: nodeOf("FusedConv", "a b c d", "y", strA("activation", "LeakyRelu"), floatsA("activation_params", 0.5)),
		in:   []*tensor.Tensor{x(1, 1, 4), x(1, 1, 2), x(1), x(1, 1, 3)},
		same: []*wire.Node{nodeOf("Conv", "a b c", "t"), nodeOf("Add", "t d", "s"), nodeOf("LeakyRelu", "s", "y", floatA("alpha", 0.5))}},
	{name: "FusedConv between bounds", node: nodeOf("FusedConv", "a b", "y", strA("activation", "Clip"), floatsA("activation_params", -1, 2)), in: []*tensor.Tensor{x(1, 1, 3), f32s(d{1, 1, 1}, 1)}, want: "f32[1 1 3](-1 -1 -1)"},
	{name: "FusedConv with an activation that there is not", node: nodeOf("FusedConv", "a b", "y", strA("activation", "Relu7")), in: []*tensor.Tensor{x(1, 1, 3), x(1, 1, 1)}, want: `!activation "Relu7": not supported`},
	{name: "FusedGemm", node: nodeOf("FusedGemm", "a b c", "y", intA("transB", 1), floatA("alpha", 2), strA("activation", "Softsign")), in: []*tensor.Tensor{x(2, 3), x(2, 3), x(2)},
		same: []*wire.Node{nodeOf("Gemm", "a b c", "t", intA("transB", 1), floatA("alpha", 2)), nodeOf("Softsign", "t", "y")}},
	{name: "FusedMatMul of moved batches", node: nodeOf("FusedMatMul", "a b", "y", intA("transBatchA", 1), intA("transB", 1), floatA("alpha", 0.5)), in: []*tensor.Tensor{x(2, 3, 2), x(3, 4, 2)},
		same: []*wire.Node{nodeOf("Transpose", "a", "p", intsA("perm", 1, 0, 2)), nodeOf("Transpose", "b", "q", intsA("perm", 0, 2, 1)), nodeOf("MatMul", "p q", "r"), nodeOf("Constant", "", "h", floatA("value_float", 0.5)), nodeOf("Mul", "r h", "y")}},
	{name: "SkipLayerNormalization of a skip without items, all results", node: nodeOf("SkipLayerNormalization", "a b c d e", "y m v s", floatA("epsilon", 0.5)), in: []*tensor.Tensor{x(2, 1, 3), x(1, 3), x(3), x(3), x(3)},
		same: []*wire.Node{nodeOf("Add", "a b", "t"), nodeOf("Add", "t e", "s"), nodeOf("LayerNormalization", "s c d", "y m v", floatA("epsilon", 0.5))}},
	{name: "SkipSimplifiedLayerNormalization", node: nodeOf("SkipSimplifiedLayerNormalization", "a b c", "y _ _ s", floatA("epsilon", 0.5)), in: []*tensor.Tensor{x(1, 2, 2), x(1, 2, 2), x(2)},
		same: []*wire.Node{nodeOf("Add", "a b", "s"), nodeOf("RMSNormalization", "s c", "y", floatA("epsilon", 0.5))}},
	{name: "SkipSimplifiedLayerNormalization's inverse deviation", node: nodeOf("SkipSimplifiedLayerNormalization", "a b c", "y m v"), in: []*tensor.Tensor{f32s(d{1, 1, 2}, 1, 1), f32s(d{1, 1, 2}, 1, 1), x(2)},
		want: "f32[1 1 2](-3 -2) f32[1 1 1](0) f32[1 1 1](0.5)"},
	{name: "EmbedLayerNormalization counts what the mask keeps", node: nodeOf("EmbedLayerNormalization", "a _ c d _ f g h", "_ n s"), in: []*tensor.Tensor{i32s(d{2, 2}, 1, 0, 0, 0), nil, x(2, 2), x(3, 2), nil, x(2), x(2), i32s(d{2, 2}, 1, 0, 1, 1)},
		want: "i32[2](1 2) f32[2 2 2](-4 -2 -4 -2 -6 -4 -4 -2)"},
	{name: "EmbedLayerNormalization at given positions", node: nodeOf("EmbedLayerNormalization", "a b c d e f g _ i", "_ n s"), in: []*tensor.Tensor{i32s(d{1, 2}, 1, 0), i32s(d{1, 2}, 0, 1), x(2, 2), x(3, 2), x(2, 2), x(2), x(2), nil, i32s(d{1, 2}, 2, 2)},
		want: "i32[1](0) f32[1 2 2](-3 0 -3 0)"},
	{name: "Attention", node: nodeOf("Attention", "a b", "y", heads1), in: self, want: "f32[1 3 1](5 5 5)"},
	{name: "Attention, unidirectional", node: nodeOf("Attention", "a b", "y", heads1, intA("unidirectional", 1)), in: self, want: "f32[1 3 1](2 3 5)"},
	{name: "Attention with ends", node: nodeOf("Attention", "a b _ d", "y", heads1), in: with(self, nil, i32s(d{1}, 2)), want: "f32[1 3 1](3 3 3)"},
	{name: "Attention with ends and starts", node: nodeOf("Attention", "a b _ d", "y", heads1), in: with(self, nil, i32s(d{2}, 3, 2)), want: "f32[1 3 1](9 9 9)"},
	{name: "Attention with a mask of keys", node: nodeOf("Attention", "a b _ d", "y", heads1), in: with(self, nil, i32s(d{1, 3}, 1, 1, 0)), want: "f32[1 3 1](3 3 3)"},
	{name: "Attention with one number for all keys", node: nodeOf("Attention", "a b _ d", "y", heads1), in: with(self, nil, i32s(d{1, 1}, 0)), want: "f32[1 3 1](5 5 5)"},
	{name: "Attention with a mask of queries and keys", node: nodeOf("Attention", "a b _ d", "y", heads1), in: with(self, nil, i32s(d{1, 3, 3}, 1, 0, 0, 0, 1, 0, 0, 0, 1)), want: "f32[1 3 1](2 4 9)"},
	{name: "Attention with a past and a mask of all places", node: nodeOf("Attention", "a b _ d e", "y p", heads1),
		in:   with(self, nil, i32s(d{1, 1, 4, 4}, 0, 0, 0, 0, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 1, 1), f32s(d{2, 1, 1, 1, 1}, 7, 6)),
		want: "f32[1 3 1](6 4 6.5) f32[2 1 1 4 1](7 0 0 0 6 2 4 9)"},
	{name: "Attention with a bias", node: nodeOf("Attention", "a b _ _ _ f", "y", heads1), in: with(self, nil, nil, nil, f32s(d{1, 1, 3, 3}, 0, -1e9, -1e9, 0, 0, -1e9, 0, 0, 0)), want: "f32[1 3 1](2 3 5)"},
	{name: "Attention whose values have a size of their own", node: nodeOf("Attention", "a b", "y", heads1, intsA("qkv_hidden_sizes", 1, 1, 2)), in: []*tensor.Tensor{self[0], f32s(d{1, 4}, 0, 0, 1, -1)}, want: "f32[1 3 2](5 -5 5 -5 5 -5)"},
	{name: "Attention that rotates", node: nodeOf("Attention", "a b", "y", heads1, intA("do_rotary", 1)), in: self, want: "!not supported"},
	{name: "QAttention", node: nodeOf("QAttention", "a b c d e _ g h", "y", heads1), in: []*tensor.Tensor{u8s(d{1, 3, 1}, 4, 6, 11), i8s(d{1, 3}, 0, 0, 1), f32s(d{3}, 0, 0, 0.5), one(1), f32s(d{3}, 1, 1, 2), nil, byteOf(2), i8s(d{3}, 0, 0, 0)}, want: "f32[1 3 1](10.5 10.5 10.5)"},
	{name: "MultiHeadAttention with ends", node: nodeOf("MultiHeadAttention", "a b c _ e", "y", heads1), in: []*tensor.Tensor{f32s(d{1, 1, 1}, 0), f32s(d{1, 3, 1}, 1, 2, 3), f32s(d{1, 3, 1}, 2, 4, 9), nil, i32s(d{1}, 2)}, want: "f32[1 1 1](3)"},
	{name: "MultiHeadAttention with all numbers of a packed mask", node: nodeOf("MultiHeadAttention", "a b c _ e", "y", heads1), in: []*tensor.Tensor{f32s(d{1, 1, 1}, 0), f32s(d{1, 3, 1}, 1, 2, 3), f32s(d{1, 3, 1}, 2, 4, 9), nil, i32s(d{5}, 2, 0, 1, 0, 3)}, want: "f32[1 1 1](3)"},
	{name: "MultiHeadAttention of keys that were split before", node: nodeOf("MultiHeadAttention", "a b c d", "y _ _ s", intA("num_heads", 2)),
		in: []*tensor.Tensor{f32s(d{1, 1, 2}, 0, 0), f32s(d{1, 2, 1, 1}, 1, 2), f32s(d{1, 2, 1, 1}, 3, 4), f32s(d{6}, 1, 2, 9, 9, 9, 9)}, want: "f32[1 1 2](3 4) f32[1 2 1 1](1 4)"},
	{name: "MultiHeadAttention, packed with a bias", node: nodeOf("MultiHeadAttention", "a _ _ d", "y k v", heads1), in: []*tensor.Tensor{f32s(d{1, 2, 1, 3, 1}, 0, 1, 2, 0, 3, 4), nil, nil, f32s(d{3}, 0, 5, 1)}, want: "f32[1 2 1](4 4) f32[1 1 2 1](6 8) f32[1 1 2 1](3 5)"},
	{name: "MultiHeadAttention, packed keys and values", node: nodeOf("MultiHeadAttention", "a b", "y", heads1), in: []*tensor.Tensor{f32s(d{1, 1, 1}, 0), f32s(d{1, 2, 1, 2, 1}, 1, 2, 3, 4)}, want: "f32[1 1 1](3)"},
	{name: "MultiHeadAttention, unidirectional, scores", node: nodeOf("MultiHeadAttention", "a b c", "y _ _ s", heads1, intA("unidirectional", 1)), in: []*tensor.Tensor{f32s(d{1, 2, 1}, 0, 0), f32s(d{1, 2, 1}, 1, 2), f32s(d{1, 2, 1}, 2, 4)}, want: "f32[1 2 1](2 3) f32[1 1 2 2](0 -3.403e+38 0 0)"},
	{name: "MultiHeadAttention with a past", node: nodeOf("MultiHeadAttention", "a b c _ _ _ g h", "y k v", heads1), in: []*tensor.Tensor{f32s(d{1, 1, 1}, 0), f32s(d{1, 1, 1}, 1), f32s(d{1, 1, 1}, 2), nil, nil, nil, f32s(d{1, 1, 2, 1}, 5, 6), f32s(d{1, 1, 2, 1}, 7, 9)},
		want: "f32[1 1 1](6) f32[1 1 3 1](5 6 1) f32[1 1 3 1](7 9 2)"},
	{name: "MultiHeadAttention over a cache of fixed length", node: nodeOf("MultiHeadAttention", "a b c _ _ _ g h i", "y k v", heads1), in: []*tensor.Tensor{f32s(d{1, 1, 1}, 0), f32s(d{1, 1, 1}, 1), f32s(d{1, 1, 1}, 2), nil, nil, nil, f32s(d{1, 1, 3, 1}, 5, 6, 7), f32s(d{1, 1, 3, 1}, 8, 9, 10), i32s(d{1}, 1)},
		want: "f32[1 1 1](5) f32[1 1 3 1](5 1 7) f32[1 1 3 1](8 2 10)"},
	{name: "DecoderMaskedMultiHeadAttention of beams", node: nodeOf("DecoderMaskedMultiHeadAttention", "a b c _ _ f g h _ j", "y", heads1, intA("past_present_share_buffer", 1)),
		in:   []*tensor.Tensor{f32s(d{2, 1, 1}, 0, 0), f32s(d{2, 1, 1}, 0, 0), f32s(d{2, 1, 1}, 2, 4), nil, nil, f32s(d{2, 1, 2, 1}, 0, 0, 0, 0), f32s(d{2, 1, 2, 1}, 8, 0, 20, 0), i32s(d{1}, 1), nil, i32s(d{1, 2, 2}, 1, 0, 0, 0)},
		want: "f32[2 1 1](11 6)"},
	{name: "GroupQueryAttention", node: nodeOf("GroupQueryAttention", "a b c d e f g", "y k v", intA("num_heads", 2), intA("kv_num_heads", 1)),
		in:   []*tensor.Tensor{f32s(d{2, 1, 2}, 0, 0, 0, 0), f32s(d{2, 1, 1}, 1, 1), f32s(d{2, 1, 1}, 2, 4), f32s(d{2, 1, 2, 1}, 0, 0, 0, 0), f32s(d{2, 1, 2, 1}, 8, 6, 10, 7), i32s(d{2}, 2, 1), i32s(nil, 3)},
		want: "f32[2 1 2](5.333 5.333 7 7) f32[2 1 3 1](0 0 1 0 1 0) f32[2 1 3 1](8 6 2 10 4 0)"},
	{name: "GroupQueryAttention, packed, in a window, with a sink", node: nodeOf("GroupQueryAttention", "a _ _ _ _ f g _ _ _ _ l", "y _ _ s", heads1, intA("kv_num_heads", 1), intA("local_window_size", 2), intA("qk_output", 2)),
		in:   []*tensor.Tensor{f32s(d{1, 3, 3}, 0, 1, 2, 0, 1, 4, 0, 1, 9), nil, nil, nil, nil, i32s(d{1, 1}, 2), i32s(d{1}, 3), nil, nil, nil, nil, f32s(d{1}, 0)},
		want: "f32[1 3 1](1 2 4.333) f32[1 1 3 3](0.5 0 0 0.3333 0.3333 0 0 0.3333 0.3333)"},
	{name: "GroupQueryAttention in both directions", node: nodeOf("GroupQueryAttention", "a b c _ _ f g", "y", heads1, intA("kv_num_heads", 1), intA("causal", 0), intA("smooth_softmax", -1)),
		in: []*tensor.Tensor{f32s(d{1, 2, 1}, 0, 0), f32s(d{1, 2, 1}, 1, 1), f32s(d{1, 2, 1}, 2, 4), nil, nil, i32s(d{1}, 1), i32s(d{1}, 2)}, want: "f32[1 2 1](3 3)"},
	{name: "GroupQueryAttention of a quantised cache", node: nodeOf("GroupQueryAttention", "a _ _ _ _ f g", "y", heads1, intA("kv_num_heads", 1), strA("k_quant_type", "PER_TENSOR")),
		in: []*tensor.Tensor{x(1, 1, 3), nil, nil, nil, nil, i32s(d{1}, 0), i32s(d{1}, 1)}, want: "!not supported"},
	{name: "RotaryEmbedding from a position on", node: nodeOf("RotaryEmbedding", "a b c d", "y"), in: []*tensor.Tensor{x(2, 2, 4), tensor.Of([]int64{1}, 1), x(3, 1), x(3, 1)},
		same: []*wire.Node{nodeOf("Constant", "", "o", intsA("value_ints", 1, 2, 1, 2)), nodeOf("Constant", "", "n", intsA("value_ints", 2, 2)), nodeOf("Reshape", "o n", "p"), nodeOf("RotaryEmbedding", "a c d p", "y", intA("num_heads", 2))}},
	{name: "MRotaryEmbedding", node: nodeOf("MRotaryEmbedding", "a b c d", "y", intsA("mrope_section", 1, 1, 1)), in: []*tensor.Tensor{f32s(d{1, 1, 1, 6}, 1, 1, 1, 1, 1, 1), tensor.Of([]int64{0, 1, 2}, 3, 1, 1), f32s(d{3, 3}, 1, 2, 3, 4, 5, 6, 7, 8, 9), f32s(d{3, 3}, 0, 0, 0, 0, 0, 0, 0, 0, 0)},
		want: "f32[1 1 1 6](1 5 9 1 5 9)"},
	{name: "MRotaryEmbedding, interleaved", node: nodeOf("MRotaryEmbedding", "a b c d", "y", intsA("mrope_section", 2, 1, 0), intA("mrope_layout", 1)), in: []*tensor.Tensor{f32s(d{1, 1, 1, 6}, 1, 1, 1, 1, 1, 1), tensor.Of([]int64{0, 1, 2}, 3, 1, 1), f32s(d{3, 3}, 1, 2, 3, 4, 5, 6, 7, 8, 9), f32s(d{3, 3}, 0, 0, 0, 0, 0, 0, 0, 0, 0)},
		want: "f32[1 1 1 6](1 5 3 1 5 3)"},
	{name: "GroupNorm", node: nodeOf("GroupNorm", "a b c", "y", intA("groups", 2), intA("activation", 1)), in: []*tensor.Tensor{x(1, 2, 4), x(4), x(4)},
		same: []*wire.Node{nodeOf("Transpose", "a", "t", intsA("perm", 0, 2, 1)), nodeOf("GroupNormalization", "t b c", "n", intA("num_groups", 2)), nodeOf("Transpose", "n", "u", intsA("perm", 0, 2, 1)), nodeOf("Swish", "u", "y")}},
	{name: "SkipGroupNorm", node: nodeOf("SkipGroupNorm", "a b c d e", "y s", intA("groups", 1), intA("activation", 0), intA("channels_last", 0)), in: []*tensor.Tensor{x(1, 2, 3), x(2), x(2), x(1, 2), x(2)},
		same: []*wire.Node{nodeOf("Constant", "", "k", intsA("value_ints", 2)), nodeOf("Constant", "", "l", intsA("value_ints", 1)), nodeOf("Unsqueeze", "d k", "dd"), nodeOf("Unsqueeze", "e l", "ee"),
			nodeOf("Add", "a dd", "t"), nodeOf("Add", "t ee", "s"), nodeOf("GroupNormalization", "s b c", "y", intA("num_groups", 1))}},
	{name: "GatedRMSNorm of heads", node: nodeOf("GatedRMSNorm", "a b c", "y", strA("activation", "sigmoid"), floatA("epsilon", 0)), in: []*tensor.Tensor{f32s(d{1, 4}, 1, 1, 2, 2), f32s(d{2}, 3, 5), f32s(d{1, 4}, 0, 0, 0, 0)}, want: "f32[1 4](1.5 2.5 1.5 2.5)"},
	{name: "BranchwiseRMSNorm", node: nodeOf("BranchwiseRMSNorm", "a b", "y", intA("num_branches", 2), floatA("epsilon", 0)), in: []*tensor.Tensor{f32s(d{1, 4}, 1, 1, 2, 2), f32s(d{4}, 1, 2, 3, 4)}, want: "f32[1 4](1 2 3 4)"},
	{name: "HyperConnectionPreMix of flat streams", node: nodeOf("HyperConnectionPreMix", "a b", "y", intA("num_branches", 2), floatA("reduction_scale", 0.5)), in: []*tensor.Tensor{f32s(d{1, 4}, 1, 2, 3, 4), f32s(d{1, 2}, 1, 10)}, want: "f32[1 2](15.5 21)"},
	{name: "HyperConnectionPostMix", node: nodeOf("HyperConnectionPostMix", "a b c d", "y"), in: []*tensor.Tensor{f32s(d{1, 2, 1}, 1, 2), f32s(d{1, 1}, 5), f32s(d{1, 2}, 1, 2), f32s(d{1, 2, 2}, 0, 1, 1, 0)}, want: "f32[1 2 1](7 11)"},
	{name: "EngramGate", node: nodeOf("EngramGate", "a b c d e", "y", floatA("epsilon", 0)), in: []*tensor.Tensor{f32s(d{1, 1, 1, 1}, 2), f32s(d{1, 1, 1, 1}, -3), f32s(d{1, 1, 1}, 10), f32s(d{1, 1}, 2), f32s(d{1, 1}, 2)}, want: "f32[1 1 1 1](1.192)"},
	{name: "MoE of the best", node: nodeOf("MoE", "a b c _ e f", "y", intA("normalize_routing_weights", 1)), in: []*tensor.Tensor{f32s(d{2, 1}, 3, -1), f32s(d{2, 2}, 0, 9, 9, 0), f32s(d{2, 1, 1}, -2, 2), nil, f32s(d{2, 1, 1}, 5, 7), f32s(d{2, 1}, 1, 0)}, want: "f32[2 1](42 11)"},
	{name: "MoE with gates beside factors", node: nodeOf("MoE", "a b c _ e", "y", strA("activation_type", "swiglu"), intA("swiglu_fusion", 1), floatA("activation_alpha", 0), floatA("activation_beta", 1), floatA("swiglu_limit", 3)),
		in: []*tensor.Tensor{f32s(d{1, 1}, 1), f32s(d{1, 1}, 0), f32s(d{1, 2, 1}, 2, 9), nil, f32s(d{1, 1, 1}, 10)}, want: "f32[1 1](40)"},
	{name: "QMoE of four bits", node: nodeOf("QMoE", "a b c d _ f g", "y"), in: []*tensor.Tensor{f32s(d{1, 2}, 1, 1), f32s(d{1, 1}, 0), u8s(d{1, 2, 1}, 0x9a, 0x08), f32s(d{1, 2}, 1, 1), nil, u8s(d{1, 2, 1}, 0x99, 0x88), f32s(d{1, 2}, 0.5, 1)}, want: "f32[1 2](1.5 0)", fixed: true},
	{name: "GatherBlockQuantized of four bits in bytes", node: nodeOf("GatherBlockQuantized", "a b c", "y", intA("block_size", 16)), in: []*tensor.Tensor{u8s(d{2, 1}, 0x99, 0xa8), i32s(d{3}, -1, 2, 0), f32s(d{2, 1}, 1, 2)}, want: "f32[3 2](0 4 0 0 1 1)", fixed: true},
	{name: "MatMulBnb4", node: nodeOf("MatMulBnb4", "a b c", "y", intA("K", 2), intA("N", 1), intA("block_size", 16), intA("quant_type", 1)), in: []*tensor.Tensor{f32s(d{1, 2}, 1, 10), u8s(d{1}, 0xf0), f32s(d{1}, 2)}, want: "f32[1 1](-18)"},
	{name: "CropAndResize", node: nodeOf("CropAndResize", "a b c d", "y", floatA("extrapolation_value", 7)), in: []*tensor.Tensor{x(1, 1, 2, 2), f32s(d{1, 4}, 0, 0, 2, 1), i32s(d{1}, 0), i32s(d{2}, 2, 3)}, want: "f32[1 1 2 3](-3 -2.5 -2 7 7 7)"},
	{name: "CropAndResize of a mode that there is not", node: nodeOf("CropAndResize", "a b c d", "y", strA("mode", "cubic")), in: []*tensor.Tensor{x(1, 1, 2, 2), x(1, 4), i32s(d{1}, 0), i32s(d{2}, 1, 1)}, want: "!mode \"cubic\""},
	{name: "CropAndResize of an image that there is not", node: nodeOf("CropAndResize", "a b c d", "y"), in: []*tensor.Tensor{x(1, 1, 2, 2), x(1, 4), i32s(d{1}, 1), i32s(d{2}, 1, 1)}, want: "!image 1 of 1"},
	{name: "MaxpoolWithMask ends rows of windows", node: nodeOf("MaxpoolWithMask", "a b", "y", intsA("kernel_shape", 2, 2)), in: []*tensor.Tensor{f32s(d{1, 1, 2, 3}, 1, 5, 2, 3, 9, 4), i32s(d{1, 1, 2, 3}, 0, 0, 1, 1, 0, 1)}, want: "f32[1 1 1 2](3 -3.403e+38)"},
	{name: "WordConvEmbedding", node: nodeOf("WordConvEmbedding", "a b c d", "y"), in: []*tensor.Tensor{i32s(d{3, 3}, 1, 0, 0, 1, 2, 2, 0, 1, 1), f32s(d{1, 1, 2, 1}, 1, 1), f32s(d{1}, 0), f32s(d{3, 1}, 0.25, 0.5, -1)}, want: "f32[3 1](0.6351 -0.4621 0)"},
	{name: "Inverse", node: nodeOf("Inverse", "a", "y"), in: []*tensor.Tensor{f32s(d{2, 2, 2}, 0, 2, 4, 0, 1, 2, 2, 4)}, want: "f32[2 2 2](0 0.25 0.5 0 NaN NaN NaN NaN)"},
	{name: "CDist", node: nodeOf("CDist", "a b", "y", strA("metric", "euclidean")), in: []*tensor.Tensor{f32s(d{1, 2}, 0, 0), f32s(d{2, 2}, 3, 4, 0, 1)}, want: "f32[1 2](5 1)"},
	{name: "CDist of another metric", node: nodeOf("CDist", "a b", "y", strA("metric", "yule")), in: []*tensor.Tensor{x(1, 2), x(2, 2)}, want: "!metric \"yule\": not supported"},
	{name: "MurmurHash3 of words", node: nodeOf("MurmurHash3", "a", "y"), in: []*tensor.Tensor{strs("", "hello", "The quick brown fox jumps over the lazy dog")}, want: "u32[3](0 613153351 776992547)"},
	{name: "MurmurHash3 of numbers, signed", node: nodeOf("MurmurHash3", "a", "y", intA("positive", 0), intA("seed", 0)), in: []*tensor.Tensor{i32s(d{1}, 0)}, want: "i32[1](593689054)"},
	{name: "Tokenizer by separators", node: attrsOf(nodeOf("Tokenizer", "a", "y", intA("mark", 1), strA("pad_value", "#"), intA("mincharnum", 2)), &wire.Attr{Name: "separators", Type: wire.AttrStrings, Strings: [][]byte{[]byte(","), []byte(" +")}}),
		in: []*tensor.Tensor{strs("ab,cd  e", "")}, want: "str[2 4](\x02 ab cd \x03 \x02 \x03 # #)"},
	{name: "Tokenizer of letters", node: nodeOf("Tokenizer", "a", "y", intA("mark", 0), strA("pad_value", "#"), intA("mincharnum", 1), strA("tokenexp", ".")), in: []*tensor.Tensor{strs("é1", "x")}, want: "str[2 2](é 1 x #)"},
	{name: "Tokenizer that drops everything", node: nodeOf("Tokenizer", "a", "y", intA("mark", 1), strA("pad_value", "#"), intA("mincharnum", 3), strA("tokenexp", "[a-z]+")), in: []*tensor.Tensor{strs("ab", "1")}, want: "str[2 0]()"},
	{name: "NGramRepeatBlock", node: nodeOf("NGramRepeatBlock", "a b", "y", intA("ngram_size", 2)), in: []*tensor.Tensor{tensor.Of([]int64{1, 2, 1, 0, 1}, 1, 5), x(1, 3)}, want: "f32[1 3](-Inf -2 -Inf)"},
	{name: "BifurcationDetector", node: nodeOf("BifurcationDetector", "a b c d", "y n"), in: []*tensor.Tensor{tensor.Of([]int64{5, 6, 7, 8}, 4), tensor.Of([]int64{1}, 1), tensor.Of([]int64{1}, 1), tensor.Of([]int64{6, 7, 5, 0}, 4)}, want: "i64[4](1 6 7 5) i64[1](1)"},
	{name: "DynamicTimeWarping", node: nodeOf("DynamicTimeWarping", "a", "y"), in: []*tensor.Tensor{f32s(d{1, 2, 3}, 0, 0, 9, 9, 9, 0)}, want: "i32[2 3](0 0 1 0 1 2)"},
	{name: "UnfoldTensor", node: nodeOf("UnfoldTensor", "a", "y", intA("size", 2), intA("step", 2), intA("dim", 0)), in: []*tensor.Tensor{x(5)}, want: "f32[2 2](-3 -2 -1 0)"},
	{name: "Unique", node: nodeOf("Unique", "a", "y i n"), in: []*tensor.Tensor{f32s(d{3}, 4, 1, 4)}, want: "f32[2](4 1) i64[3](0 1 0) i64[2](2 1)"},
	{name: "Range without a step", node: nodeOf("Range", "a b", "y"), in: []*tensor.Tensor{tensor.Of([]int64{2}, 1), tensor.Scalar[int64](4)}, want: "i64[2](2 3)"},
	{name: "Pad by a row of pads", node: nodeOf("Pad", "a b c", "y"), in: []*tensor.Tensor{x(2), tensor.Of([]int64{1, 0}, 1, 2), f32s(d{1}, 9)}, want: "f32[3](9 -3 -2)"},
	{name: "ConvTransposeWithDynamicPads", node: nodeOf("ConvTransposeWithDynamicPads", "a b c", "y"), in: []*tensor.Tensor{x(1, 1, 3), x(1, 1, 2), tensor.Of([]int64{1, 0}, 2)}, same: []*wire.Node{nodeOf("ConvTranspose", "a b", "y", intsA("pads", 1, 0))}},
	{name: "CausalConvWithState with distant taps", node: nodeOf("CausalConvWithState", "a b", "y s", intA("dilation", 2)), in: []*tensor.Tensor{f32s(d{1, 1, 4}, 1, 2, 3, 4), f32s(d{1, 1, 2}, 10, 1)}, want: "f32[1 1 4](1 2 13 24) f32[1 1 2](3 4)"},
	{name: "BiasSoftmax over outer axes", node: nodeOf("BiasSoftmax", "a b", "y", intA("is_inner_broadcast", 0), intA("axis", 1)), in: []*tensor.Tensor{f32s(d{1, 2, 2}, 0, 0, 0, 0), f32s(d{1, 2}, 0, 0)}, want: "f32[1 2 2](0.25 0.25 0.25 0.25)"},
	{name: "BiasSplitGelu", node: nodeOf("BiasSplitGelu", "a b", "y"), in: []*tensor.Tensor{x(1, 4), x(4)}, same: []*wire.Node{nodeOf("Add", "a b", "s"), nodeOf("Split", "s", "p q", intA("axis", 1), intA("num_outputs", 2)), nodeOf("Gelu", "q", "g"), nodeOf("Mul", "p g", "y")}},
	{name: "IsAllFinite", node: nodeOf("IsAllFinite", "a b", "y"), in: []*tensor.Tensor{x(2), f32s(d{1}, 1)}, want: "bool[](1)"},
	{name: "QLinearAdd", node: nodeOf("QLinearAdd", "a b c d e f g h", "y"), in: []*tensor.Tensor{u8s(d{2}, 3, 255), one(0.5), byteOf(1), u8s(d{1}, 4), one(1), byteOf(2), one(1), byteOf(10)}, want: "u8[2](13 139)"},
	{name: "QLinearAdd sends halves to the even sum with the zero point", node: nodeOf("QLinearAdd", "a b c a b c g h", "y"), in: []*tensor.Tensor{u8s(d{2}, 3, 5), one(0.25), byteOf(0), nil, nil, nil, one(1), byteOf(1)}, want: "u8[2](2 4)"},
	{name: "QLinearSoftmax over several axes", node: nodeOf("QLinearSoftmax", "a b _ d e", "y", intA("axis", 1), intA("opset", 11)), in: []*tensor.Tensor{u8s(d{1, 2, 2}, 7, 7, 7, 7), one(1), nil, one(1. / 256), byteOf(0)}, want: "u8[1 2 2](64 64 64 64)"},
	{name: "QGemm of a transposed operand with a scale for each column", node: nodeOf("QGemm", "a b c d e f g", "y", intA("transB", 1), floatA("alpha", 2)), in: []*tensor.Tensor{u8s(d{1, 2}, 2, 3), one(0.5), byteOf(1), i8s(d{2, 2}, 1, 2, 3, 4), f32s(d{2}, 1, 2), i8s(d{2}, 0, 0), i32s(d{2}, 1, 1)}, want: "f32[1 2](6 24)"},
	{name: "QLinearConv, channels last", node: nodeOf("QLinearConv", "a b c d e f g h", "y", intA("channels_last", 1)), in: []*tensor.Tensor{u8s(d{1, 2, 2}, 1, 2, 3, 4), one(1), byteOf(0), u8s(d{1, 2, 1}, 1, 10), one(1), byteOf(0), one(1), byteOf(0)}, want: "u8[1 2 1](21 43)"},
	{name: "MatMulIntegerToFloat with a scale for each column of each product", node: nodeOf("MatMulIntegerToFloat", "a b c d", "y"), in: []*tensor.Tensor{u8s(d{2, 1, 1}, 2, 3), u8s(d{2, 1, 2}, 1, 2, 3, 4), f32s(d{1}, 1), f32s(d{2, 1, 2}, 1, 10, 100, 1000)}, want: "f32[2 1 2](2 40 900 1.2e+04)"},
	{name: "DequantizeLinear by one number in a vector", node: nodeOf("DequantizeLinear", "a b c", "y", intA("axis", 0)), in: []*tensor.Tensor{u8s(d{2}, 3, 4), f32s(d{1}, 2), byteOf(1)}, want: "f32[2](4 6)"},
	{name: "QuantizeLinear divides halves in float32", node: nodeOf("QuantizeLinear", "a b c", "y"), in: []*tensor.Tensor{halves(106.625), halves(1.0009765625), u8s(d{1}, 0)}, want: "u8[1](107)"},
	{name: "DynamicQuantizeLSTM of one step", node: nodeOf("DynamicQuantizeLSTM", "a b c _ _ _ _ _ i j k l", "y h", intA("hidden_size", 1)), in: []*tensor.Tensor{f32s(d{1, 1, 2}, 0, 255), u8s(d{1, 2, 4}, 1, 2, 3, 4, 5, 6, 7, 8), u8s(d{1, 1, 4}, 1, 1, 1, 1), nil, nil, nil, nil, nil, f32s(d{1}, 0.001), u8s(d{1}, 4), f32s(d{1}, 1), u8s(d{1}, 0)},
		want: "f32[1 1 1 1](0.2552) f32[1 1 1](0.2552)"},
	{name: "BeamSearch", node: nodeOf("BeamSearch", "a", "y"), in: []*tensor.Tensor{i32s(d{1, 2}, 1, 2)}, want: "!not supported"},
}

func halves(v ...float32) *tensor.Tensor {
	t := tensor.New(tensor.F16, len(v))
	for i, x := range v {
		t.SetFloat64At(i, float64(x))
	}
	return t
}
