package zoo_test

import (
	"context"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/cameo-onnx/cameo"
	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
	"github.com/cameo-onnx/cameo/onnx/vectors"
	"github.com/cameo-onnx/cameo/onnx/wire"
	"github.com/cameo-onnx/cameo/testdata"
	"github.com/cameo-onnx/cameo/zoo"
)

// seeds says, by the start of an export's name, which model it is and what became of the parameters that the exporter renamed
// or folded: "name: rule source" a line, see rename.
var seeds = []struct {
	prefix, model string
	rules         string
}{
	{"ae_", "fc_ae", ""},
	{"k_pca_", "pca_ae", ""},
	{"k_stacked_", "stacked_ae", ""},
	{"L_mse_stacked_", "stacked_ae", ""},
	{"k_denoise_", "denoise_ae", ""},
	{"k_ae784_", "ae784", ""},
	{"L_bce_ae784_", "ae784", ""},
	{"k_sparse_", "sparse_ae", ""},
	{"L_l1sparse_", "sparse_ae", ""},
	{"k_conv_ae_", "conv_ae", ""},
	{"k_rec_ae_eval_op16", "recurrent_ae", `
		l1.weight_ih_l0: gates onnx::LSTM_282
		l1.weight_hh_l0: gates onnx::LSTM_283
		l1.bias_ih_l0: first onnx::LSTM_284
		l1.bias_hh_l0: second onnx::LSTM_284
		l2.weight_ih_l0: gates onnx::LSTM_304
		l2.weight_hh_l0: gates onnx::LSTM_305
		l2.bias_ih_l0: first onnx::LSTM_306
		l2.bias_hh_l0: second onnx::LSTM_306
		l3.weight_ih_l0: gates onnx::LSTM_327
		l3.weight_hh_l0: gates onnx::LSTM_328
		l3.bias_ih_l0: first onnx::LSTM_329
		l3.bias_hh_l0: second onnx::LSTM_329
		o.weight: transposed onnx::MatMul_330`},
	{"k_rec_ae_eval_dyn21", "recurrent_ae", `
		l1.bias_ih_l0: first val_66
		l1.bias_hh_l0: second val_66
		l2.weight_hh_l0: gates val_119
		l2.bias_ih_l0: first val_141
		l2.bias_hh_l0: second val_141
		l3.bias_ih_l0: first val_229
		l3.bias_hh_l0: second val_229
		o.weight: transposed val_242`},
	{"k_rec_ae_train_", "recurrent_ae", ""},
	{"dense_vae_", "dense_vae", ""},
	{"L_dvae_", "dense_vae", ""},
	{"conv_vae_eval_op13", "conv_vae", `
		encoder.1.weight: is onnx::Conv_134
		encoder.1.bias: is onnx::Conv_135
		encoder.2: identity
		encoder.4.weight: is onnx::Conv_137
		encoder.4.bias: is onnx::Conv_138
		encoder.5: identity`},
	{"conv_vae_like_eval_op16", "conv_vae", `
		encoder.1.weight: is onnx::Conv_122
		encoder.1.bias: is onnx::Conv_123
		encoder.2: identity
		encoder.4.weight: is onnx::Conv_125
		encoder.4.bias: is onnx::Conv_126
		encoder.5: identity`},
	{"L_vae_eval_op13", "conv_vae", `
		encoder.1.weight: is onnx::Conv_139
		encoder.1.bias: is onnx::Conv_140
		encoder.2: identity
		encoder.4.weight: is onnx::Conv_142
		encoder.4.bias: is onnx::Conv_143
		encoder.5: identity`},
	{"conv_vae_like_eval_dyn21", "conv_vae", foldedVAE},
	{"L_vae_eval_dyn18", "conv_vae", foldedVAE},
	{"conv_vae_", "conv_vae", ""},
	{"L_vae_", "conv_vae", ""},
	{"dcgan_g_eval_dyn18", "dcgan_generator", "net.1: identity\nnet.4: identity\nnet.7: identity\nnet.10: identity"},
	{"dcgan_g_", "dcgan_generator", ""},
	{"dcgan_d_eval_op9", "dcgan_discriminator", `
		net.2.weight: is onnx::Conv_35
		net.3: identity onnx::Conv_36
		net.5.weight: is onnx::Conv_38
		net.6: identity onnx::Conv_39
		net.8.weight: is onnx::Conv_41
		net.9: identity onnx::Conv_42`},
	{"dcgan_d_eval_dyn21", "dcgan_discriminator", "net.3: identity\nnet.6: identity\nnet.9: identity"},
	// The exporter folded the batch normalisations though it was asked for training: its graph is that of evaluation.
	{"dcgan_d_train_dyn18", "dcgan_discriminator", "evaluation\nnet.3: identity\nnet.6: identity\nnet.9: identity"},
	{"dcgan_d_", "dcgan_discriminator", ""},
	{"k_dgan_g_", "dense_gan_generator", ""},
	{"k_dgan_d_", "dense_gan_discriminator", ""},
	{"mlp_", "mlp", ""},
	{"L_ce_mlp_", "mlp", ""},
	{"cnn_", "cnn", ""},
	{"L_nll_cnn_", "cnn", ""},
	{"rnn_", "names_rnn", ""},
	{"L_bcelogits_", "", ""}, // no documented model's: a single layer and the loss
}

const foldedVAE = "encoder.2: identity\nencoder.5: identity\ndecoder.1: identity"

func TestExportedWeightsGiveTheExportsOutputs(t *testing.T) {
	cases, err := vectors.Find(testdata.Shared(t, "models", "seeds"), vectors.DefaultTolerance)
	if err != nil {
		t.Fatal(err)
	}
	if len(cases) < 60 {
		t.Fatalf("only %d exports", len(cases))
	}
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) { checkSeed(t, c) })
	}
}

func checkSeed(t *testing.T, c vectors.Case) {
	i := slices.IndexFunc(seeds, func(s struct{ prefix, model, rules string }) bool { return strings.HasPrefix(c.Name, s.prefix) })
	if i < 0 {
		t.Fatal("the table does not name this export")
	}
	data, err := os.ReadFile(c.ModelPath())
	if err != nil {
		t.Fatal(err)
	}
	export, err := wire.DecodeModel(data, wire.Budget{})
	if err != nil {
		t.Fatal(err)
	}
	rules, evaluation := strings.CutPrefix(seeds[i].rules, "evaluation\n")
	o := zoo.Options{Loss: strings.HasPrefix(c.Name, "L_"), Train: strings.Contains(c.Name, "_train_") && !evaluation, Weights: weights(t, export, rules)}
	var g *ir.Graph
	if seeds[i].model == "" {
		g, err = logits(o)
	} else {
		g, err = zoo.Build(seeds[i].model, o)
	}
	if err != nil {
		t.Fatal(err)
	}
	drawn := random(g)
	m, err := cameo.Compile(g)
	if err != nil {
		t.Fatal(err)
	}
	for _, set := range c.Sets {
		in, want, err := c.Read(set, export)
		if err != nil {
			t.Fatal(err)
		}
		compareWith(t, m, c, in, want, drawn)
	}
}

// compareWith runs the model and compares what depends on no draw in full, and the moments of the rest.
func compareWith(t *testing.T, m *cameo.Model, c vectors.Case, in, want []tensor.Value, drawn map[string]bool) {
	if len(in) != len(m.Inputs()) || len(want) > len(m.Outputs()) {
		t.Fatalf("%d inputs and %d outputs, not %d and %d", len(in), len(want), len(m.Inputs()), len(m.Outputs()))
	}
	feed := map[string]*cameo.Tensor{}
	for i, info := range m.Inputs() {
		x := in[i].(*tensor.Tensor)
		if len(info.Shape) != x.Rank() { // a loss may have been exported on flattened pictures
			x = x.Reshape(x.Dims()[0], 1, 28, 28)
		}
		feed[info.Name] = x
	}
	out, err := m.Run(context.Background(), feed)
	if err != nil {
		t.Fatal(err)
	}
	for i, w := range want {
		name := m.Outputs()[i].Name
		if !drawn[name] {
			if miss := vectors.Compare(out[name], w, c.Tolerance, false); miss != nil {
				t.Errorf("%s: %v", name, miss)
			}
			continue
		}
		if miss := vectors.Compare(out[name], w, c.Tolerance, true); miss != nil {
			t.Errorf("%s: %v", name, miss)
		}
		gm, gd := moments(out[name])
		wm, wd := moments(w.(*tensor.Tensor))
		// Two pictures decoded from one draw each: the exporter's own runs differ by as much.
		if math.Abs(gm-wm) > 0.05*max(math.Abs(wm), wd) || gd > 2*wd || gd < wd/2 {
			t.Errorf("%s: mean %g and deviation %g are far from %g and %g", name, gm, gd, wm, wd)
		}
	}
}

func moments(t *tensor.Tensor) (mean, deviation float64) {
	x := tensor.Data[float32](t)
	for _, v := range x {
		mean += float64(v) / float64(len(x))
	}
	for _, v := range x {
		deviation += (float64(v) - mean) * (float64(v) - mean) / float64(len(x))
	}
	return mean, math.Sqrt(deviation)
}

// random returns the outputs that depend on a draw.
func random(g *ir.Graph) map[string]bool {
	tainted := map[*ir.Value]bool{}
	for _, n := range g.Nodes {
		on := n.Op.Props&ir.Random != 0
		for _, v := range n.In {
			on = on || tainted[v]
		}
		for _, v := range n.Out {
			tainted[v] = on
		}
	}
	out := map[string]bool{}
	for _, o := range g.Outputs {
		out[o.Name] = tainted[o.Value]
	}
	return out
}

func logits(o zoo.Options) (*ir.Graph, error) {
	n, err := zoo.NewNet("logits", o)
	if err != nil {
		return nil, err
	}
	y := n.Linear("", n.Input("x", zoo.Pixels, 784), 784)
	n.Loss(func() *ir.Value { return n.BCEWithLogits(y, n.Input("target", zoo.Pixels, 784)) })
	return n.Graph()
}

// weights returns an export's parameters by their names in PyTorch.
func weights(t *testing.T, export *wire.Model, rules string) map[string]*tensor.Tensor {
	raw := map[string]*tensor.Tensor{}
	for _, w := range export.Graph.Inits {
		x, err := w.Tensor(nil)
		if err != nil {
			t.Fatal(err)
		}
		raw[w.Name] = x
	}
	for _, n := range export.Graph.Nodes {
		if n.OpType == "Identity" && raw[n.In[0]] != nil { // an exporter stores equal weights once
			raw[n.Out[0]] = raw[n.In[0]]
		}
	}
	for _, n := range export.Graph.Nodes {
		if n.OpType == "BatchNormalization" { // or it names one where another is meant
			prefix := strings.TrimSuffix(n.In[1], ".weight")
			raw[prefix+".running_mean"], raw[prefix+".running_var"] = raw[n.In[3]], raw[n.In[4]]
		}
	}
	for line := range strings.Lines(rules) {
		if line = strings.TrimSpace(line); line != "" {
			if err := rename(raw, line); err != nil {
				t.Fatalf("rule %q: %v", line, err)
			}
		}
	}
	out := map[string]*tensor.Tensor{}
	for name, x := range raw {
		if name = strings.TrimPrefix(name, "m."); x.Rank() > 0 && !strings.HasPrefix(name, "val_") && !strings.HasPrefix(name, "onnx::") && !strings.HasPrefix(name, "scalar_") {
			out[name] = x
		}
	}
	return out
}

// rename follows one rule:
//
//	NAME: is SOURCE            the tensor under another name
//	NAME: transposed SOURCE    a matrix, stored the other way
//	NAME: gates SOURCE         an LSTM's weights [1,4h,k], gates in ONNX's order
//	NAME: first SOURCE         the input's half of an LSTM's biases [1,8h]; second: the state's
//	NAME: identity [SOURCE]    a batch normalisation that went into the convolution in front of it, which has the bias SOURCE now
func rename(w map[string]*tensor.Tensor, line string) error {
	name, rest, _ := strings.Cut(line, ": ")
	rule, source, _ := strings.Cut(rest, " ")
	x := w[source]
	if x == nil && (rule != "identity" || source != "") {
		return fmt.Errorf("the export has no %s", source)
	}
	switch rule {
	case "is":
		w[name] = x
	case "transposed":
		d, v := x.Dims(), tensor.Data[float32](x)
		y := make([]float32, len(v))
		for i := range v {
			y[i%d[1]*d[0]+i/d[1]] = v[i]
		}
		w[name] = tensor.Of(y, d[1], d[0])
	case "gates":
		w[name] = tensor.Of(gates(tensor.Data[float32](x)), x.Dims()[1:]...)
	case "first", "second":
		v := tensor.Data[float32](x)
		half := len(v) / 2
		if v = v[:half]; rule == "second" {
			v = tensor.Data[float32](x)[half:]
		}
		w[name] = tensor.Of(gates(v), half)
	case "identity":
		return foldedNorm(w, name, x)
	default:
		return fmt.Errorf("there is no such rule")
	}
	return nil
}

// gates turns ONNX's order of gates (input, output, forget, cell) into PyTorch's (input, forget, cell, output).
func gates(v []float32) []float32 {
	q := len(v) / 4
	return slices.Concat(v[:q], v[2*q:3*q], v[3*q:], v[q:2*q])
}

// foldedNorm sets the parameters of a batch normalisation that does nothing but add bias; it has as many channels as the layer
// behind or in front of it.
func foldedNorm(w map[string]*tensor.Tensor, name string, bias *tensor.Tensor) error {
	channels := map[string]int{"encoder.2": 32, "encoder.5": 64, "decoder.1": 32,
		"net.1": 256, "net.3": 64, "net.4": 128, "net.6": 128, "net.7": 64, "net.9": 256, "net.10": 32}[name]
	if channels == 0 {
		return fmt.Errorf("how many channels?")
	}
	fill := func(v float32) *tensor.Tensor { return tensor.Of(slices.Repeat([]float32{v}, channels)) }
	if bias == nil {
		bias = fill(0)
	}
	w[name+".weight"], w[name+".bias"], w[name+".running_mean"], w[name+".running_var"] = fill(1), bias, fill(0), fill(1-1e-5)
	return nil
}
