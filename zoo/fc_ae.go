package zoo

import "github.com/cameo-onnx/cameo/ir"

var fcAE = Model{
	Name:   "fc_ae",
	About:  "Autoencoder of dense layers that squeezes a picture into twelve numbers.",
	Sizes:  "c·h·w-128-64-12-64-128-c·h·w",
	Source: "Hinton and Salakhutdinov, Reducing the dimensionality of data with neural networks, 2006; with ReLU and no pretraining",
	Loss:   "mean((y − target)²)",
	Shows:  digit,
	define: func(n *Net) {
		c, h, w := n.Size("channels", 1), n.Size("height", 28), n.Size("width", 28)
		x := n.Input("image", Pixels, c, h, w)

		e := n.LinearReLU("encoder.0", n.Flatten(x), 128)
		e = n.LinearReLU("encoder.2", e, 64)
		e = n.LinearReLU("encoder.4", e, n.Size("code", 12))
		d := n.LinearReLU("decoder.0", e, 64)
		d = n.LinearReLU("decoder.2", d, 128)
		y := n.Reshape(n.Sigmoid(n.Linear("decoder.4", d, c*h*w)), c, h, w)

		n.Output("reconstruction", y)
		n.Output("code", e)
		n.Loss(func() *ir.Value { return n.MSE(y, n.Input("target", Pixels, c, h, w)) })
	},
}
