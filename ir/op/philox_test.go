package op

import (
	"math"
	"testing"
)

func TestPhiloxGivesThePublishedVectors(t *testing.T) {
	for _, c := range []struct {
		seed, node, index uint64
		want              [4]uint32
	}{
		{0, 0, 0, [4]uint32{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
		{math.MaxUint64, math.MaxUint64, math.MaxUint64, [4]uint32{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
		{0x299f31d0a4093822, 0x0370734413198a2e, 0x85a308d3243f6a88, [4]uint32{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
	} {
		if got := philox(c.seed, c.node, c.index); got != c.want {
			t.Errorf("philox(%x, %x, %x) is %x, not %x", c.seed, c.node, c.index, got, c.want)
		}
	}
}

func TestDrawsHaveTheirDistributionsMoments(t *testing.T) {
	k := randomKey{1, 2}
	const n = 1 << 16
	var u, u2, z, z2 float64
	for i := range n {
		x, y := k.uniform(i), k.normal(i)
		if x < 0 || x >= 1 || math.IsInf(y, 0) {
			t.Fatalf("draw %d: %v, %v", i, x, y)
		}
		u, u2, z, z2 = u+x, u2+x*x, z+y, z2+y*y
	}
	for _, c := range []struct {
		name      string
		got, want float64
	}{{"mean of uniform", u / n, 0.5}, {"square of uniform", u2 / n, 1. / 3}, {"mean of normal", z / n, 0}, {"square of normal", z2 / n, 1}} {
		if math.Abs(c.got-c.want) > 0.02 {
			t.Errorf("%s: %v, want about %v", c.name, c.got, c.want)
		}
	}
}
