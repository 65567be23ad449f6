package ir

import (
	"fmt"
	"reflect"
)

// Verify returns the first broken invariant: every value defined once, before its use; uses exact; attributes of the op's type; result
// types equal to, or narrower than, a fresh inference; bodies closed.
func (g *Graph) Verify() error {
	c := checker{g: g, uses: map[*Value]int{}}
	for _, v := range g.Inputs {
		if err := c.define(v, nil); err != nil {
			return fmt.Errorf("ir: %w", err)
		}
		if !v.input {
			return fmt.Errorf("ir: input %%%s is not marked as one", v.Name)
		}
	}
	for _, n := range g.Nodes {
		if err := c.node(n); err != nil {
			return fmt.Errorf("ir: %s: %w", n, err)
		}
	}
	for _, o := range g.Outputs {
		if o.Value == nil || !c.isDefined(o.Value) && !o.Value.IsConst() {
			return fmt.Errorf("ir: output %q is not defined", o.Name)
		}
	}
	for _, v := range c.defined {
		if err := c.checkUses(v); err != nil {
			return err
		}
	}
	return nil
}

type checker struct {
	g       *Graph
	defined []*Value       // in order
	uses    map[*Value]int // found so far; every value that is defined has an entry
}

func (c *checker) isDefined(v *Value) bool {
	_, ok := c.uses[v]
	return ok
}

func (c *checker) define(v *Value, def *Node) error {
	if c.isDefined(v) || v.Def != def {
		return fmt.Errorf("%%%s is defined twice", v.Name)
	}
	if c.g.names[v.Name] != v {
		return fmt.Errorf("%%%s is not the value of that name", v.Name)
	}
	if v.Type.Kind == NoKind || v.ID >= c.g.nextID {
		return fmt.Errorf("%%%s has no type or a wrong ID", v.Name)
	}
	c.defined = append(c.defined, v)
	c.uses[v] = 0
	return nil
}

func (c *checker) node(n *Node) error {
	for _, v := range n.In {
		if v == nil {
			continue
		}
		if !c.isDefined(v) {
			if !v.IsConst() {
				return fmt.Errorf("%%%s is used before its definition", v.Name)
			}
			if err := c.define(v, nil); err != nil {
				return err
			}
		}
		c.uses[v]++
	}
	for _, b := range n.Bodies {
		if err := b.Verify(); err != nil {
			return err
		}
	}
	if reflect.TypeOf(n.Attrs) != reflect.TypeOf(n.Op.Attrs) {
		return fmt.Errorf("attributes are a %T, not a %T", n.Attrs, n.Op.Attrs)
	}
	known, sc, err := c.g.infer(n, len(n.Out))
	if err != nil {
		return err
	}
	for i, v := range n.Out {
		if err := c.define(v, n); err != nil {
			return err
		}
		if t := narrow(v.Type, known[i].Type, sc.fresh); !v.Type.Fits(t) {
			return fmt.Errorf("%%%s is %v, want %v", v.Name, v.Type, t)
		}
	}
	return nil
}

func (c *checker) checkUses(v *Value) error {
	if len(v.uses) != c.uses[v] {
		return fmt.Errorf("ir: %%%s: %d uses recorded, %d found", v.Name, len(v.uses), c.uses[v])
	}
	for _, u := range v.uses {
		if u.Arg >= len(u.Node.In) || u.Node.In[u.Arg] != v {
			return fmt.Errorf("ir: %%%s: a recorded use is not one", v.Name)
		}
	}
	return nil
}
