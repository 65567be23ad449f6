package rewrite

import (
	"fmt"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
)

// A Rule replaces what From matches by what To or Do builds. The right side is never worse.
type Rule struct {
	Name   string
	From   string
	To     string
	Do     func(*Match) *ir.Value // builds the result with Match.B; nil declines
	When   func(*Match) bool      // asked of every way in which From matches
	Loose  bool                   // rounds elsewhere than the left side does
	Shared bool                   // inner nodes may have other uses, for the right side costs no more than the root alone
}

// Rules is a compiled table.
type Rules struct {
	all    []*rule
	byRoot map[*ir.Op][]*rule
}

type rule struct {
	Rule
	from, to *term
	slots    map[string]int
}

// Compile compiles a table and panics where a row is malformed, so that a typo fails every test.
func Compile(rows []Rule) *Rules {
	rs := &Rules{byRoot: map[*ir.Op][]*rule{}}
	names := map[string]bool{}
	for _, row := range rows {
		r, err := compile(row, op.Lookup)
		if err == nil && names[row.Name] {
			err = fmt.Errorf("the name is given twice")
		}
		if err != nil {
			panic(fmt.Sprintf("rewrite: rule %s: %v", row.Name, err))
		}
		names[row.Name] = true
		rs.all = append(rs.all, r)
		for _, o := range r.from.ops {
			rs.byRoot[o] = append(rs.byRoot[o], r)
		}
	}
	return rs
}

// Names returns the names of the rules, in order.
func (rs *Rules) Names() []string {
	out := make([]string, len(rs.all))
	for i, r := range rs.all {
		out[i] = r.Name
	}
	return out
}

func compile(row Rule, lookup func(string) *ir.Op) (*rule, error) {
	r := &rule{Rule: row, slots: map[string]int{}}
	if row.Name == "" || (row.To == "") == (row.Do == nil) {
		return nil, fmt.Errorf("want a name, and one of To and Do")
	}
	p := &patternParser{src: row.From, slots: r.slots, lookup: lookup}
	var err error
	if r.from, err = p.parse(); err != nil {
		return nil, fmt.Errorf("from: %w", err)
	}
	if r.from.kind != opTerm {
		return nil, fmt.Errorf("from: want an op")
	}
	if row.To == "" {
		return r, nil
	}
	p = &patternParser{src: row.To, slots: r.slots, lookup: lookup, to: true}
	if r.to, err = p.parse(); err != nil {
		return nil, fmt.Errorf("to: %w", err)
	}
	if r.to.kind == litTerm || r.to.kind == absentTerm {
		return nil, fmt.Errorf("to: want an op or a name")
	}
	return r, nil
}
