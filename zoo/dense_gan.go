package zoo

import "github.com/cameo-onnx/cameo/ir"

const denseGANSource = "Goodfellow and others, Generative adversarial networks, 2014; in the sizes of Géron, Hands-On Machine Learning, chapter 17"

var denseGANGenerator = Model{
	Name:   "dense_gan_generator",
	About:  "Generator of 28×28 pictures from 30 normal numbers.",
	Sizes:  "30-100-150-784",
	Source: denseGANSource,
	Loss:   "−mean(log D(G(z)))",
	Shows:  Picture{"image", 28, 28, 0, 1},
	init:   kerasHe,
	define: func(n *Net) {
		h := n.LinearReLU("n.0", n.Input("latent", Normal, n.Size("latent", 30)), 100)
		h = n.LinearReLU("n.2", h, 150)
		y := n.Reshape(n.Sigmoid(n.Linear("n.4", h, 784)), 28, 28)
		n.Output("image", y)
		n.Loss(func() (loss *ir.Value) {
			n.In("discriminator", func() { loss = n.fooled(n.denseD(y)) })
			return loss
		})
	},
}

var denseGANDiscriminator = Model{
	Name:   "dense_gan_discriminator",
	About:  "Discriminator of 28×28 pictures: the probability that one is real.",
	Sizes:  "784-150-100-1",
	Source: denseGANSource,
	Loss:   "−mean(target·log y + (1 − target)·log(1 − y)), target 1 for real and 0 for made pictures",
	init:   kerasHe,
	define: func(n *Net) {
		y := n.denseD(n.Input("image", Pixels, 28, 28))
		n.Output("probability", y)
		n.Loss(func() *ir.Value { return n.BCE(y, n.Input("target", Truth, 1)) })
	},
}

func (n *Net) denseD(x *ir.Value) *ir.Value {
	h := n.LinearReLU("n.3", n.LinearReLU("n.1", n.Flatten(x), 150), 100)
	return n.Sigmoid(n.Linear("n.5", h, 1))
}
