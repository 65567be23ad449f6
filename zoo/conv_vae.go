package zoo

import "github.com/cameo-onnx/cameo/ir"

var convVAE = Model{
	Name:   "conv_vae",
	About:  "Convolutional variational autoencoder; it draws from the latent distribution in evaluation too.",
	Sizes:  "1-32-64, 3136-n, n-3136, 64-32-1, cropped to 28×28",
	Source: "Kingma and Welling, Auto-encoding variational Bayes, 2014; with the convolutions and the batch normalisation of later practice",
	Loss:   "mean((y − x)²) + mean over rows of KL(q‖N(0, 1))",
	Shows:  digit,
	define: func(n *Net) {
		x := n.Input("image", Pixels, 1, 28, 28)
		latent := n.Size("latent", 16)
		half := Window{Kernel: 4, Stride: 2, Padding: 1}

		h := n.Conv2d("encoder.1", n.BatchNorm("encoder.0", x), 32, half)
		h = n.Conv2d("encoder.4", n.LeakyReLU(n.BatchNorm("encoder.2", h), 0.01), 64, half)
		h = n.Flatten(n.LeakyReLU(n.BatchNorm("encoder.5", h), 0.01))
		mean, logvar := n.Linear("z_mean", h, latent), n.Linear("z_var", h, latent)

		d := n.Reshape(n.Linear("z_develop", n.Sample(mean, logvar), 64*7*7), 64, 7, 7)
		d = n.ConvTranspose2d("decoder.0", d, 32, Window{Kernel: 3, Stride: 2})
		d = n.ConvTranspose2d("decoder.3", n.ReLU(n.BatchNorm("decoder.1", d)), 1, Window{Kernel: 3, Stride: 2, Padding: 1})
		y := n.Sigmoid(n.CenterCrop(d, 28, 28))

		n.Output("reconstruction", y)
		n.Output("mean", mean)
		n.Output("log_variance", logvar)
		n.Loss(func() *ir.Value { return n.Add(n.MSE(y, x), n.Mean(n.KL(mean, logvar))) })
	},
}
