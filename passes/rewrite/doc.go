// Package rewrite applies rules that are rows of IR text.
//
//	{Name: "relu-relu", From: "relu(relu(x))", To: "relu(x)"},
//	{Name: "gemm-bias", From: "add(g:gemm(x, w), b)", When: rowBias, To: "g:gemm(x, w, b)"},
//
// # Patterns
//
// An operand of a pattern is one of
//
//	x              any value; the same name twice is the same value, or two small constants of the same content
//	x?             any value, or none
//	c!             any constant
//	_              an operand that is absent
//	0  1.4142~1e-3 a constant all of whose elements are that number: integers exactly, others to the
//	               rounding of the constant's type, or to the relative tolerance given
//	op(x, y)       the first result of a node; trailing operands that are not mentioned must be absent
//	op(x, ...)     the same with any further operands
//	d:op(x)        the same, labelled: d is its first result in the rest of the pattern and in To
//	l:a|b(x)       a node of one of several ops
//	op{axis=1}(x)  a node with these attributes, whatever the others are
//
// Commutative ops match their first two operands in both orders. Inner nodes may have several uses if all are inside the match,
// unless the rule is Shared.
//
// # Results
//
// To is written alike: labels keep the attributes of the node that they matched, other ops have their defaults and what stands
// in braces, numbers become scalars of the type of the first operand that is no number. Where To is a bare name, the rule
// applies only if that value's type is the result's. Do builds the result in Go instead.
package rewrite
