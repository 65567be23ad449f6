package zoo

import "github.com/cameo-onnx/cameo/ir"

var ae784 = Model{
	Name:   "ae784",
	About:  "Deep autoencoder of pixels as probabilities.",
	Sizes:  "784-128-32-128-784",
	Source: "Dertat, Applied Deep Learning, part 3: Autoencoders, 2017",
	Loss:   "−mean(target·log y + (1 − target)·log(1 − y))",
	Shows:  digit,
	init:   keras,
	define: func(n *Net) {
		x := n.Input("image", Pixels, 784)

		code := n.LinearReLU("n.2", n.LinearReLU("n.0", x, 128), n.Size("code", 32))
		y := n.Sigmoid(n.Linear("n.6", n.LinearReLU("n.4", code, 128), 784))

		n.Output("reconstruction", y)
		n.Output("code", code)
		n.Loss(func() *ir.Value { return n.BCE(y, n.Input("target", Pixels, 784)) })
	},
}

var sparseAE = Model{
	Name:   "sparse_ae",
	About:  "Sparse autoencoder: one wide code, most of which a penalty holds at zero.",
	Sizes:  "784-32-784",
	Source: "Dertat, Applied Deep Learning, part 3: Autoencoders, 2017",
	Loss:   "−mean(x·log y + (1 − x)·log(1 − y)) + 10⁻⁵·Σ|code|",
	Shows:  digit,
	init:   keras,
	define: func(n *Net) {
		x := n.Input("image", Pixels, 784)

		code := n.LinearReLU("e.0", x, n.Size("code", 32))
		y := n.Sigmoid(n.Linear("d.0", code, 784))

		n.Output("reconstruction", y)
		n.Output("code", code)
		n.Loss(func() *ir.Value { return n.Add(n.BCE(y, x), n.Scale(1e-5, n.L1(code))) })
	},
}
