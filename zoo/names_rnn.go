package zoo

import "github.com/cameo-onnx/cameo/ir"

var namesRNN = Model{
	Name:   "names_rnn",
	About:  "Recurrent classifier of names by language: one letter a step, the hidden state handed on.",
	Sizes:  "57 letters + 128 → 128, 57 letters + 128 → classes",
	Source: "Robertson, PyTorch tutorial: classifying names with a character-level RNN",
	Loss:   "mean(−y[label]), at a name's last letter",
	define: func(n *Net) {
		letters, classes, hidden := n.Size("letters", 57), n.Size("classes", 18), n.Size("hidden", 128)
		letter := n.Input("letter", Labels(letters), letters)
		state := n.Input("hidden", Zeros, hidden)

		both := n.Concat(letter, state)
		next := n.Linear("hid_fc", both, hidden)
		y := n.LogSoftmax(n.Linear("out_fc", both, classes))

		n.Output("log_probabilities", y)
		n.Output("next_hidden", next)
		n.Loss(func() *ir.Value { return n.NLL(y, n.Input("label", Labels(classes))) })
	},
}
