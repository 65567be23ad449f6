package zoo

import "github.com/cameo-onnx/cameo/ir"

var convAE = Model{
	Name:   "conv_ae",
	About:  "Convolutional autoencoder: four convolutions with pooling down to thirty numbers, three transposed ones up.",
	Sizes:  "1-16-32-64-30, mean, 144 = 16×3×3, 32-16-1",
	Source: "Géron, Hands-On Machine Learning, chapter 17",
	Loss:   "mean((y − target)²)",
	Shows:  digit,
	init:   keras,
	define: func(n *Net) {
		x := n.Input("image", Pixels, 28, 28)
		same := Window{Kernel: 3, Padding: 1}
		double := Window{Kernel: 3, Stride: 2, Padding: 1, OutputPadding: 1}

		e := n.MaxPool(n.ReLU(n.Conv2d("e.0", n.Unsqueeze(x, 1), 16, same)))
		e = n.MaxPool(n.ReLU(n.Conv2d("e.3", e, 32, same)))
		e = n.MaxPool(n.ReLU(n.Conv2d("e.6", e, 64, same)))
		code := n.Flatten(n.AveragePool(n.ReLU(n.Conv2d("e.9", e, n.Size("code", 30), same))))

		d := n.Reshape(n.Linear("d.0", code, 16*3*3), 16, 3, 3)
		d = n.ReLU(n.ConvTranspose2d("d.2", d, 32, Window{Kernel: 3, Stride: 2}))
		d = n.ReLU(n.ConvTranspose2d("d.4", d, 16, double))
		y := n.Squeeze(n.ConvTranspose2d("d.6", d, 1, double), 1)

		n.Output("reconstruction", y)
		n.Output("code", code)
		n.Loss(func() *ir.Value { return n.MSE(y, n.Input("target", Pixels, 28, 28)) })
	},
}
