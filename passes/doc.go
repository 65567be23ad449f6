// Package passes turns an imported graph into one that a backend can compile well, and never into one that means something else.
//
// [Pipeline] lists every pass in order. Each runs once; a fixpoint lives inside a pass, never around several. [Run] is the
// driver: it does all that passes have in common, so that a pass is one function over one graph. Passes do not know backends:
// what they must know of one, they ask a [Target].
//
// # Adding a pass
//
// Write one file named after it, give it a row in Pipeline, and golden files under testdata/NAME. A golden file holds a graph
// before and after the pass, and the names of the rules that it exists for; the test compares the text, then evaluates both
// graphs on random inputs. Rewrites that fit in a line of IR text are rows of a rule table (see package rewrite).
package passes
