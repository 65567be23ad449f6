package zoo

import (
	"math"
	"math/rand/v2"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
)

var multinomialVAE = Model{
	Name:  "multinomial_vae",
	About: "Variational autoencoder of counts, such as species in a sample: linear in the isometric log-ratio (ILR) coordinates of compositions.",
	Sizes: "64 counts, ILR 63, latent 8, 63, softmax 64",
	Source: "Morton and others, Scalable estimation of microbial co-occurrence networks with variational autoencoders, 2021; " +
		"with Egozcue's basis of Helmert balances",
	Loss: "−mean over rows of Σ counts·log p + mean over rows of KL(q‖N(0, 1)); the multinomial coefficient, which no weight changes, is left out",
	define: func(n *Net) {
		features := max(n.Size("features", 64), 2)
		latent := n.Size("latent", 8)
		x := n.Input("counts", Counts, features)
		n.layer("Psi", "ILR basis %d→%d, fixed", features, features-1)
		psi := n.done(n.Param("Psi", helmert(features), features-1, features))

		ilr := n.add(op.MatMul, n.Log(n.Add(x, n.Scalar(1))), n.transposed(psi))
		mean := n.Linear("encoder", ilr, latent)
		n.layer("variational_logvar", "Parameter 1×%d", latent)
		logvar := n.done(n.Param("variational_logvar", constant(0), 1, latent))
		z := mean
		if n.Train() {
			z = n.Add(mean, n.Mul(n.Normal(mean), n.Exp(n.Scale(0.5, logvar))))
		}
		logits := n.add(op.MatMul, n.Linear("decoder", z, features-1), psi)
		logp := n.LogSoftmax(logits)

		n.Output("log_probabilities", logp)
		n.Output("mean", mean)
		n.Loss(func() *ir.Value {
			fit := n.Mean(n.Sum(n.Mul(x, logp), 1))
			return n.Sub(n.Mean(n.KL(mean, logvar)), fit)
		})
	},
}

// helmert fills an orthonormal basis of the log-ratios of d parts, d−1 rows: row i balances parts 0 … i against part i+1.
func helmert(d int) func(*rand.Rand, []float32) {
	return func(_ *rand.Rand, x []float32) {
		for i := range d - 1 {
			k := float64(i + 1)
			for j := range i + 1 {
				x[i*d+j] = float32(1 / math.Sqrt(k*(k+1)))
			}
			x[i*d+i+1] = float32(-math.Sqrt(k / (k + 1)))
		}
	}
}
