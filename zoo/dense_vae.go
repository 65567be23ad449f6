package zoo

import "github.com/cameo-onnx/cameo/ir"

var denseVAE = Model{
	Name:   "dense_vae",
	About:  "Variational autoencoder of dense layers: a picture becomes a normal distribution, and training draws from it; evaluation takes its mean.",
	Sizes:  "784-400-20-400-784",
	Source: "Kingma and Welling, Auto-encoding variational Bayes, 2014; in the sizes of PyTorch's example",
	Loss:   "−mean(x·log y + (1 − x)·log(1 − y)) + KL(q‖N(0, 1)) / (rows·784)",
	Shows:  digit,
	define: func(n *Net) {
		image := n.Input("image", Pixels, 1, 28, 28)
		latent := n.Size("latent", 20)
		x := n.Flatten(image)

		h := n.LinearReLU("fc1", x, 400)
		mean, logvar := n.Linear("fc21", h, latent), n.Linear("fc22", h, latent)
		z := mean
		if n.Train() {
			z = n.Sample(mean, logvar)
		}
		y := n.Sigmoid(n.Linear("fc4", n.LinearReLU("fc3", z, 400), 784))

		n.Output("reconstruction", y)
		n.Output("mean", mean)
		n.Output("log_variance", logvar)
		n.Loss(func() *ir.Value {
			// The mean over rows of KL/784 is the sum over rows divided by rows·784.
			return n.Add(n.BCE(y, x), n.Scale(1.0/784, n.Mean(n.KL(mean, logvar))))
		})
	},
}
