// Package memory decides the order of steps and the place of buffers. It knows
// nothing of graphs: only sizes, lifetimes and which step must precede which,
// so the compiler and Bind use the same code.
//
// [Schedule] reorders steps so that less memory is live at once. It tries a few
// greedy orders, forwards and backwards, then a search that is limited in
// steps, and keeps the given order unless another one has a lower peak.
//
// [Place] gives every buffer an offset in one arena. Two buffers may share
// bytes only when no step needs both. This is two-dimensional packing, which is
// NP-hard, so there are three stages: a portfolio of greedy orders (Pisarchyk and
// Lee, 2020), which is optimal on most networks; repair of the best orders,
// moving forward what sticks out; and a branch and bound over canonical
// placements (the idea of MiniMalloc, Moffitt, 2023), in which
// buffers are placed by rising offset, each one resting on a buffer below it.
// All are limited in work counted, never in time: the plan is the same on
// every machine. A [Placement] says how far it can be from the best one: no
// placement is smaller than its LowerBound. [Check] proves a placement without
// sharing any code with the planner.
//
// A [Placer] runs the greedy stage alone and keeps its storage, for binding.
package memory
