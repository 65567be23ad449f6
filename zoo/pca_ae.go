package zoo

import "github.com/cameo-onnx/cameo/ir"

var pcaAE = Model{
	Name:   "pca_ae",
	About:  "Linear autoencoder: at its best it spans the first principal components.",
	Sizes:  "3-2-3",
	Source: "Baldi and Hornik, Neural networks and principal component analysis, 1989; in the sizes of Géron, Hands-On Machine Learning, chapter 17",
	Loss:   "mean((y − target)²)",
	init:   keras,
	define: func(n *Net) {
		features := n.Size("features", 3)
		x := n.Input("x", Normal, features)

		code := n.Linear("e", x, n.Size("code", 2))
		y := n.Linear("d", code, features)

		n.Output("reconstruction", y)
		n.Output("code", code)
		n.Loss(func() *ir.Value { return n.MSE(y, n.Input("target", Normal, features)) })
	},
}
