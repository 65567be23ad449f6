package zoo

import "github.com/cameo-onnx/cameo/ir"

var stackedAE = Model{
	Name:   "stacked_ae",
	About:  "Stacked autoencoder: two dense layers down, two up.",
	Sizes:  "784-100-30-100-784",
	Source: "Géron, Hands-On Machine Learning, chapter 17",
	Loss:   "mean((y − target)²)",
	Shows:  digit,
	init:   keras,
	define: func(n *Net) {
		x := n.Input("image", Pixels, 28, 28)
		n.stacked(n.Flatten(x), "e.1", "e.3")
	},
}

var denoiseAE = Model{
	Name:  "denoise_ae",
	About: "Denoising autoencoder: half of the pixels are dropped in training, and the whole picture is asked back.",
	Sizes: "784-dropout ½-100-30-100-784",
	Source: "Vincent and others, Extracting and composing robust features with denoising autoencoders, 2008; " +
		"as in Géron, Hands-On Machine Learning, chapter 17",
	Loss:  "mean((y − target)²)",
	Shows: digit,
	init:  keras,
	define: func(n *Net) {
		x := n.Input("image", Pixels, 28, 28)
		n.stacked(n.Dropout(n.Flatten(x), 0.5), "e.2", "e.4")
	},
}

// stacked is what lies behind the input of both: the encoder's layers are named after their places.
func (n *Net) stacked(h *ir.Value, first, second string) {
	code := n.LinearReLU(second, n.LinearReLU(first, h, 100), n.Size("code", 30))
	y := n.Reshape(n.Linear("d.2", n.LinearReLU("d.0", code, 100), 784), 28, 28)

	n.Output("reconstruction", y)
	n.Output("code", code)
	n.Loss(func() *ir.Value { return n.MSE(y, n.Input("target", Pixels, 28, 28)) })
}
