package zoo

import (
	"hash/fnv"
	"math"
	"math/rand/v2"
)

// A scheme is how a framework initialises its layers.
type scheme int

const (
	torch   scheme = iota // weights and biases uniform in ±1/√fan_in; recurrent ones in ±1/√hidden
	keras                 // Glorot's uniform weights, biases 0; recurrent weights orthogonal, the forget gate's bias 1
	kerasHe               // keras, but He's truncated normal weights for layers in front of a ReLU
)

// random returns the numbers that initialise the parameter of the given name: they depend on nothing but the seed and the name.
func (n *Net) random(name string) *rand.Rand {
	h := fnv.New64a()
	h.Write([]byte(name))
	return rand.New(rand.NewPCG(n.o.Seed, h.Sum64()))
}

// weight returns how a kernel starts, given what flows into an output and out of an input of it.
func (n *Net) weight(fanIn, fanOut int, relu bool) func(*rand.Rand, []float32) {
	switch {
	case n.init == kerasHe && relu:
		return truncatedNormal(math.Sqrt(2/float64(fanIn)) / 0.87962566103423978) // the deviation of a normal distribution cut at two
	case n.init != torch:
		return uniform(math.Sqrt(6 / float64(fanIn+fanOut)))
	}
	return uniform(1 / math.Sqrt(float64(fanIn)))
}

// bias returns how a bias starts.
func (n *Net) bias(fanIn int) func(*rand.Rand, []float32) {
	if n.init != torch {
		return constant(0)
	}
	return uniform(1 / math.Sqrt(float64(fanIn)))
}

func uniform(limit float64) func(*rand.Rand, []float32) {
	return func(r *rand.Rand, x []float32) {
		for i := range x {
			x[i] = float32((2*r.Float64() - 1) * limit)
		}
	}
}

func constant(v float32) func(*rand.Rand, []float32) {
	return func(_ *rand.Rand, x []float32) {
		for i := range x {
			x[i] = v
		}
	}
}

// truncatedNormal draws anew what is more than two deviations from 0.
func truncatedNormal(deviation float64) func(*rand.Rand, []float32) {
	return func(r *rand.Rand, x []float32) {
		for i := range x {
			v := r.NormFloat64()
			for math.Abs(v) > 2 {
				v = r.NormFloat64()
			}
			x[i] = float32(v * deviation)
		}
	}
}

// orthogonal fills a matrix of cols columns, no more than it has rows, with orthonormal columns, by Gram and Schmidt.
func orthogonal(cols int) func(*rand.Rand, []float32) {
	return func(r *rand.Rand, x []float32) {
		rows := len(x) / cols
		q := make([][]float64, cols)
		for c := range q {
			v := make([]float64, rows)
			for i := range v {
				v[i] = r.NormFloat64()
			}
			for _, u := range q[:c] {
				s := dot(u, v)
				for i := range v {
					v[i] -= s * u[i]
				}
			}
			norm := math.Sqrt(dot(v, v))
			for i := range v {
				v[i] /= norm
				x[i*cols+c] = float32(v[i])
			}
			q[c] = v
		}
	}
}

func dot(a, b []float64) (s float64) {
	for i := range a {
		s += a[i] * b[i]
	}
	return s
}

// forgetOne is Keras's bias of an LSTM in PyTorch's order of gates: input, forget, cell, output.
func forgetOne(_ *rand.Rand, x []float32) {
	h := len(x) / 4
	for i := range x[h : 2*h] {
		x[h+i] = 1
	}
}
