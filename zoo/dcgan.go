package zoo

import "github.com/cameo-onnx/cameo/ir"

const dcganSource = "Radford, Metz and Chintala, Unsupervised representation learning with deep convolutional generative adversarial networks, 2016"

var dcganGenerator = Model{
	Name:   "dcgan_generator",
	About:  "Generator of 64×64 pictures from 200 normal numbers.",
	Sizes:  "200-256-128-64-32-1",
	Source: dcganSource,
	Loss:   "−mean(log D(G(z)))",
	Shows:  Picture{"image", 64, 64, -1, 1},
	define: func(n *Net) {
		z := n.Input("latent", Normal, n.Size("latent", 200), 1, 1)
		y := n.dcganG(z)
		n.Output("image", y)
		n.Loss(func() (loss *ir.Value) {
			n.In("discriminator", func() { loss = n.fooled(n.dcganD(y)) })
			return loss
		})
	},
}

var dcganDiscriminator = Model{
	Name:   "dcgan_discriminator",
	About:  "Discriminator of 64×64 pictures: the probability that one is real.",
	Sizes:  "1-32-64-128-256-1",
	Source: dcganSource,
	Loss:   "−mean(target·log y + (1 − target)·log(1 − y)), target 1 for real and 0 for made pictures",
	define: func(n *Net) {
		y := n.dcganD(n.Input("image", Pixels, 1, 64, 64))
		n.Output("probability", y)
		n.Loss(func() *ir.Value { return n.BCE(y, n.Input("target", Truth, 1, 1, 1)) })
	},
}

func (n *Net) dcganG(z *ir.Value) *ir.Value {
	double := Window{Kernel: 4, Stride: 2, Padding: 1, NoBias: true}
	h := n.ConvTranspose2d("net.0", z, 256, Window{Kernel: 4, NoBias: true})
	h = n.ConvTranspose2d("net.3", n.ReLU(n.BatchNorm("net.1", h)), 128, double)
	h = n.ConvTranspose2d("net.6", n.ReLU(n.BatchNorm("net.4", h)), 64, double)
	h = n.ConvTranspose2d("net.9", n.ReLU(n.BatchNorm("net.7", h)), 32, double)
	h = n.ConvTranspose2d("net.12", n.ReLU(n.BatchNorm("net.10", h)), 1, double)
	return n.Tanh(h)
}

func (n *Net) dcganD(x *ir.Value) *ir.Value {
	half := Window{Kernel: 4, Stride: 2, Padding: 1, NoBias: true}
	h := n.LeakyReLU(n.Conv2d("net.0", x, 32, half), 0.2)
	h = n.LeakyReLU(n.BatchNorm("net.3", n.Conv2d("net.2", h, 64, half)), 0.2)
	h = n.LeakyReLU(n.BatchNorm("net.6", n.Conv2d("net.5", h, 128, half)), 0.2)
	h = n.LeakyReLU(n.BatchNorm("net.9", n.Conv2d("net.8", h, 256, half)), 0.2)
	return n.Sigmoid(n.Conv2d("net.11", h, 1, Window{Kernel: 4, NoBias: true}))
}

// fooled is the binary cross entropy of probabilities p against 1: −mean(log p), no logarithm below −100.
func (n *Net) fooled(p *ir.Value) *ir.Value { return n.BCE(p, n.Scalar(1)) }
