package zoo

import "github.com/cameo-onnx/cameo/ir"

var recurrentAE = Model{
	Name:   "recurrent_ae",
	About:  "Recurrent autoencoder: a sequence, such as a picture's rows, is read into one state and written out of it.",
	Sizes:  "LSTM 28-100-30, repeated 28 times, LSTM 30-100, 100-28 a step",
	Source: "Géron, Hands-On Machine Learning, chapter 17",
	Loss:   "mean((y − target)²)",
	Shows:  digit,
	init:   keras,
	define: func(n *Net) {
		steps, features := n.Size("steps", 28), n.Size("features", 28)
		x := n.Input("image", Pixels, steps, features)

		h, _ := n.LSTM("l1", x, 100)
		_, code := n.LSTM("l2", h, n.Size("code", 30))
		h, _ = n.LSTM("l3", n.Repeat(code, steps), 100)
		y := n.Linear("o", h, features)

		n.Output("reconstruction", y)
		n.Output("code", code)
		n.Loss(func() *ir.Value { return n.MSE(y, n.Input("target", Pixels, steps, features)) })
	},
}
