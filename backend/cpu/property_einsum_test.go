package cpu_test

import (
	"slices"
	"strings"
)

// einsum draws an equation of up to four terms over few labels: repeated ones, sums, sizes of 1 that broadcast, ellipses.
func (c *trial) einsum() {
	labels := "abcdE"[:c.from(1, 5)]
	size := map[byte]int{}
	for i := range len(labels) {
		if size[labels[i]] = c.from(1, 4); c.one(24) {
			size[labels[i]] = pick(c, 0, 17)
		}
	}
	wide := c.one(4)
	rest := c.positive(c.from(1, 2))
	var terms []string
	var all []byte
	for range c.from(1, pick(c, 2, 2, 4)) {
		var term []byte
		var dims []int
		for range c.r.IntN(5) {
			l := labels[c.r.IntN(len(labels))]
			if slices.Contains(term, l) && !c.one(4) {
				continue
			}
			n := size[l]
			if c.one(16) {
				n = 1
			}
			term, dims = append(term, l), append(dims, n)
		}
		all = append(all, term...)
		text := string(term)
		if wide && c.coin() {
			at := c.r.IntN(len(text) + 1)
			text = text[:at] + "..." + text[at:]
			dims = slices.Insert(dims, at, c.shrunk(rest)...)
		}
		terms = append(terms, text)
		c.x(dims...)
	}
	eq := strings.Join(terms, ",")
	if c.one(6) {
		c.set("Equation", eq)
		return
	}
	var out []byte
	for _, l := range all {
		if !slices.Contains(out, l) && c.coin() {
			out = slices.Insert(out, c.r.IntN(len(out)+1), l)
		}
	}
	text := string(out)
	if strings.Contains(eq, "...") {
		at := c.r.IntN(len(text) + 1)
		text = text[:at] + "..." + text[at:]
	}
	c.set("Equation", eq+"->"+text)
}
