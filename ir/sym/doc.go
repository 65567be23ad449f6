// Package sym holds the sizes of tensors: integer constants, symbols, and + * // min max over them, in one normal form.
//
// A [Dim] is an expanded polynomial with integer coefficients over atoms; an atom is a symbol, a floor division, a minimum or a
// maximum. Terms are sorted, so two sizes are equal when their normal forms are the same text. Symbols stand for integers >= 0.
// Division is Python's: it rounds down, and a % b = a - b*(a//b).
//
// Rules of division: a one-term divisor that divides every term is cancelled; common factors are; whole multiples of a constant divisor
// move out; (x//a+y)//b becomes (x+a*y)//(a*b); 0 <= a < b gives 0. Cancelling assumes that the divisor is not zero, as evaluation
// would have demanded. Minimum and maximum drop what another operand dominates.
//
// Work is bounded: a result with more than 64 terms, 64 factors in a term, 8 operands of a minimum, 16 nested atoms or 4096 bytes of
// text, or with a constant outside an int, is invalid, and so is everything computed from it. A Dim never changes: any number of
// goroutines may share it.
package sym
