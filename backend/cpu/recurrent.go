package cpu

import (
	"fmt"

	"github.com/cameo-onnx/cameo/backend/cpu/kern"
	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

var recurrentKernels = []Kernel{
	{Name: "lstm.f32", Op: op.LSTM.Op, Takes: takesRecurrent, Emit: emitRecurrent, Scratch: recurrentScratch, Dims: kern.RecurrentDims, AnyRank: true, Run: kern.RecurrentF32},
	{Name: "gru.f32", Op: op.GRU.Op, Takes: takesRecurrent, Emit: emitRecurrent, Scratch: recurrentScratch, Dims: kern.RecurrentDims, AnyRank: true, Run: kern.RecurrentF32},
	{Name: "rnn.f32", Op: op.RNN.Op, Takes: takesRecurrent, Emit: emitRecurrent, Scratch: recurrentScratch, Dims: kern.RecurrentDims, AnyRank: true, Run: kern.RecurrentF32},
}

// takesRecurrent takes float32 layers in ONNX's first layout with activations that the kernel has.
func takesRecurrent(n *ir.Node) bool {
	for i, v := range n.In {
		if v != nil && i != 4 && !isF32(v) && (i == 1 || i == 2 || v.Type.Kind != ir.Tensor || !v.Type.Unranked || v.Type.DType != tensor.F32) {
			return false
		}
	}
	_, ok := recurrentParam(n)
	return ok && areF32(n.Out...)
}

// recurrentActs are the activations that need no numbers of their own.
var recurrentActs = map[string]kern.Op{
	"Sigmoid": kern.OpSigmoid, "Tanh": kern.OpTanh, "Relu": kern.OpRelu, "Softsign": kern.OpSoftsign, "Softplus": kern.OpSoftplus,
}

// recurrentParam returns the kernel's parameter; false for what it cannot do.
func recurrentParam(n *ir.Node) (*kern.RNNParam, bool) {
	hidden, ok := n.In[2].Type.Shape[2].Int()
	p := &kern.RNNParam{Hidden: hidden}
	var direction string
	var acts []string
	var alpha, beta []float32
	var clip *float32
	var layout int
	forget := false
	switch a := n.Attrs.(type) {
	case op.LSTMAttrs:
		p.Kind, direction, acts, clip, layout, forget, alpha, beta = kern.LSTM, a.Direction, a.Activations, a.Clip, a.Layout, a.InputForget, a.ActivationAlpha, a.ActivationBeta
	case op.GRUAttrs:
		p.Kind, direction, acts, clip, layout, alpha, beta = kern.GRU, a.Direction, a.Activations, a.Clip, a.Layout, a.ActivationAlpha, a.ActivationBeta
		p.LinearBeforeReset = a.LinearBeforeReset
	case op.RNNAttrs:
		p.Kind, direction, acts, clip, layout, alpha, beta = kern.RNN, a.Direction, a.Activations, a.Clip, a.Layout, a.ActivationAlpha, a.ActivationBeta
	}
	p.Forward = direction != "reverse"
	p.Backward = direction != "forward" && direction != ""
	if clip != nil {
		p.Clip = *clip
	}
	if !ok || hidden < 1 || layout != 0 || forget || len(alpha) > 0 || len(beta) > 0 {
		return nil, false
	}
	want := p.Activations()
	if len(acts) > 0 && len(acts) < want {
		return nil, false
	}
	for _, name := range acts[:min(len(acts), want)] {
		o, ok := recurrentActs[name]
		if !ok {
			return nil, false
		}
		p.Acts = append(p.Acts, kern.Act{Op: o})
	}
	return p, true
}

func emitRecurrent(c *call, n *ir.Node) (any, error) {
	p, _ := recurrentParam(n)
	in, results := 6, 2
	if p.Kind == kern.LSTM {
		in, results = 8, 3
	}
	c.SetArgs(operands(n, in)...)
	c.absent = results - len(n.Out)
	if w, r := n.In[1], n.In[2]; w.IsConst() && r.IsConst() && w.Data.Len() > 0 {
		p.NR = kern.GemmNR()
		input := w.Data.Dims()[2]
		nw, nr := kern.PackedRNN(p, input, p.NR)
		pw, pr := c.e.room.tensor(tensor.F32, nw), c.e.room.tensor(tensor.F32, nr)
		kern.PackRNN(p, input, p.NR, tensor.Data[float32](pw), tensor.Data[float32](pr), tensor.Data[float32](w.Data), tensor.Data[float32](r.Data))
		c.PackAs(1, pw, ir.ShapeOf(nw))
		c.PackAs(2, pr, ir.ShapeOf(nr))
	}
	return p, nil
}

func recurrentScratch(param any, args []kern.Arg, _ int) (int, error) {
	x := args[0].Dims
	if len(x) != 3 {
		return 0, fmt.Errorf("x is of rank %d, not 3", len(x))
	}
	return kern.RNNScratch(param.(*kern.RNNParam), x[0], x[1])
}
