package op

import (
	"math"
	"math/bits"

	"github.com/cameo-onnx/cameo/ir"
)

// philox is Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011): 128 random bits that depend on nothing
// but the run's seed, the node and the element's index, so that draws are the same in any order and on any number of threads.
func philox(seed, node, index uint64) [4]uint32 {
	c := [4]uint32{uint32(index), uint32(index >> 32), uint32(node), uint32(node >> 32)}
	k0, k1 := uint32(seed), uint32(seed>>32)
	for range 10 {
		h0, l0 := bits.Mul32(0xd2511f53, c[0])
		h1, l1 := bits.Mul32(0xcd9e8d57, c[2])
		c = [4]uint32{h1 ^ c[1] ^ k0, l1, h0 ^ c[3] ^ k1, l0}
		k0 += 0x9e3779b9
		k1 += 0xbb67ae85
	}
	return c
}

// A randomKey names the stream of draws of one node.
type randomKey struct{ seed, node uint64 }

// Draws is the stream of random numbers of a node, for backends that draw what Eval would.
type Draws struct{ key randomKey }

// DrawsOf returns the stream of the node that key names, in a run of the given seed. A seed given by the node's attributes fixes it:
// fixed is then set.
func DrawsOf(seed, node uint64, fixed *uint64) Draws {
	if fixed != nil {
		return Draws{randomKey{*fixed, 1 << 63}}
	}
	return Draws{randomKey{seed, node}}
}

// Uniform returns draw i, in [0, 1).
func (d Draws) Uniform(i int) float64 { return d.key.uniform(i) }

// Normal returns draw i of the standard normal distribution.
func (d Draws) Normal(i int) float64 { return d.key.normal(i) }

// keyOf returns the stream of the node that e evaluates; a seed given by an attribute fixes it for every run and place.
func keyOf(e *ir.Env, seed *float32) randomKey {
	if seed != nil {
		return randomKey{uint64(math.Float32bits(*seed)), 1 << 63}
	}
	return randomKey{e.Seed, e.NodeID}
}

// uniform returns draw i, in [0, 1), a multiple of 2^-53.
func (k randomKey) uniform(i int) float64 {
	c := philox(k.seed, k.node, uint64(i))
	return unit(c[0], c[1])
}

// normal returns draw i of the standard normal distribution, by the method of Box and Muller.
func (k randomKey) normal(i int) float64 {
	c := philox(k.seed, k.node, uint64(i))
	return math.Sqrt(-2*math.Log(1-unit(c[0], c[1]))) * math.Cos(2*math.Pi*unit(c[2], c[3]))
}

// unit makes a number in [0, 1) of 53 of 64 random bits.
func unit(lo, hi uint32) float64 {
	return float64((uint64(hi)<<32|uint64(lo))>>11) * 0x1p-53
}

// BodySeed is the run's seed for trip number trip of a body of the node that e evaluates, so that each trip draws its own numbers.
func BodySeed(e *ir.Env, trip int) uint64 {
	c := philox(e.Seed, ^e.NodeID, uint64(trip))
	return uint64(c[1])<<32 | uint64(c[0])
}
