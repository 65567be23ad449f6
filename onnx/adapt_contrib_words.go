package onnx

import (
	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// wordConv embeds words of letters [words,letters], 0 behind their end, in three steps: a vector for each letter, a convolution over
// neighbouring letters, and for each filter the greatest tanh within the word. Words shorter than the window end with it; a word of no
// letters is 0.
func wordConv(m *maker) []*ir.Value {
	m.without(4)
	for _, name := range []string{"char_embedding_size", "conv_window_size", "embedding_size"} {
		m.int(name, -1) // the operands say the same
	}
	words, w := m.in(0), m.in(1)
	letters := m.cast(m.op("Greater", nil, words, m.number(words, 0)), tensor.I64)
	length := m.op("Mul", nil, m.op("ReduceSum", nil, letters, m.ints(1)), m.op("Slice", nil, letters, m.ints(0), m.ints(1), m.ints(1)))
	x := m.unsqueeze(m.op("Gather", nil, m.in(3), words), 1)
	y := m.op("Tanh", nil, m.op("Squeeze", nil, m.op("Conv", nil, x, w, m.in(2)), m.ints(3)))
	window := m.size(w, 2)
	last := m.op("Sub", nil, m.op("Max", nil, length, window), window)
	within := m.unsqueeze(m.op("LessOrEqual", nil, m.count(m.size(y, 2)), last), 1)
	if m.err != nil {
		return nil
	}
	y = m.op("ReduceMax", attrs{"keepdims": intAttr(0)}, m.op("Where", nil, within, y, m.number(y, -1)), m.ints(2))
	return one(m.op("Where", nil, m.op("Greater", nil, length, m.ints(0)), y, m.number(y, 0)))
}
