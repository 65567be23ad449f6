package npy

import (
	"strconv"
	"strings"
)

// parseHeader reads the Python dictionary of a header: {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }.
func parseHeader(text string) (h header, err error) {
	p := scanner{rest: text}
	seen := map[string]bool{}
	if !p.take("{") {
		return h, formatf("its header is no dictionary")
	}
	for !p.take("}") {
		key, ok := p.str()
		if !ok || !p.take(":") || seen[key] {
			return h, formatf("its header is malformed at %.20q", p.rest)
		}
		seen[key] = true
		switch key {
		case "descr":
			descr, ok := p.str()
			if !ok {
				return h, formatf("records of several fields are not read")
			}
			if h.elem, err = parseElement(descr); err != nil {
				return h, err
			}
		case "fortran_order":
			h.fortran = p.take("True")
			if !h.fortran && !p.take("False") {
				return h, formatf("its fortran_order is neither True nor False")
			}
		case "shape":
			if h.shape, err = p.shape(); err != nil {
				return h, err
			}
		default:
			return h, formatf("its header has an entry %.20q", key)
		}
		if !p.take(",") && !strings.HasPrefix(p.space(), "}") {
			return h, formatf("its header is malformed at %.20q", p.rest)
		}
	}
	if p.space() != "" || len(seen) != 3 {
		return h, formatf("its header is not descr, fortran_order and shape")
	}
	return h, nil
}

// A scanner takes tokens from the front of a text.
type scanner struct{ rest string }

func (p *scanner) space() string {
	p.rest = strings.TrimLeft(p.rest, " \t\n")
	return p.rest
}

func (p *scanner) take(token string) bool {
	rest, ok := strings.CutPrefix(p.space(), token)
	p.rest = rest
	return ok
}

// str takes a string in single or double quotes; none of a header's has escapes.
func (p *scanner) str() (string, bool) {
	s := p.space()
	if s == "" || s[0] != '\'' && s[0] != '"' {
		return "", false
	}
	end := strings.IndexByte(s[1:], s[0])
	if end < 0 {
		return "", false
	}
	p.rest = s[end+2:]
	return s[1 : end+1], true
}

// shape takes a tuple of sizes.
func (p *scanner) shape() ([]int, error) {
	dims := []int{}
	if !p.take("(") {
		return nil, formatf("its shape is no tuple")
	}
	for !p.take(")") {
		s := p.space()
		n := 0
		for n < len(s) && s[n] >= '0' && s[n] <= '9' {
			n++
		}
		d, err := strconv.Atoi(s[:n])
		if err != nil || len(dims) == maxRank {
			return nil, formatf("its shape is malformed at %.20q", s)
		}
		dims = append(dims, d)
		p.rest = s[n:]
		p.take("L") // as Python 2 wrote long integers
		if !p.take(",") && !strings.HasPrefix(p.space(), ")") {
			return nil, formatf("its shape is malformed at %.20q", p.rest)
		}
	}
	return dims, nil
}
