// Package kern is all that runs on the CPU: portable Go references, generated assembly, the
// drivers around them and the worker pool.
//
// A kernel is a [Func]: it reads its sizes from the operands of a [Call] each time it runs, splits
// its work over the outputs with [Call.ParallelTask], and allocates nothing once it has run at its
// largest size. Its parameters are one plain struct, by pointer in [Call.Param]. The same operands
// give the same bits whatever the number of threads.
//
// Each family stands in a file of its name; x_amd64.s is generated from _asm, x_amd64.go declares
// what it holds, and x_noasm.go stands in for both on other machines and under the tag purego.
package kern

//go:generate go run -C _asm ./pause -out ../pause_amd64.s -stubs ../pause_amd64.go -pkg kern
//go:generate go run -C _asm ./cpuid -out ../cpuid_amd64.s -stubs ../cpuid_amd64.go -pkg kern
//go:generate go run -C _asm ./gemm -out ../gemm_amd64.s -decl ../gemm_amd64.go -pkg kern
//go:generate go run -C _asm ./pointwise -out ../pointwise_amd64.s -stubs ../pointwise_amd64.go -pkg kern
//go:generate go run -C _asm ./dwconv -out ../dwconv_amd64.s -decl ../dwconv_amd64.go -pkg kern
//go:generate go run -C _asm ./pack -out ../gemmpack_amd64.s -stubs ../gemmpack_amd64.go -pkg kern
//go:generate go run -C _asm ./pointwise -rows -out ../rows_amd64.s -stubs ../rows_amd64.go -pkg kern
//go:generate go run -C _asm ./half -out ../half_amd64.s -stubs ../half_amd64.go -pkg kern
//go:generate go run -C _asm ./intgemm -out ../intgemm_amd64.s -decl ../intgemm_amd64.go -pkg kern
//go:generate go run -C _asm ./intend -out ../intend_amd64.s -stubs ../intend_amd64.go -pkg kern
//go:generate go run -C _asm ./bytes -out ../bytes_amd64.s -stubs ../bytes_amd64.go -pkg kern
//go:generate go run -C _asm ./nbits -out ../nbits_amd64.s -stubs ../nbits_amd64.go -pkg kern
//go:generate go run -C _asm ./rotary -out ../rotary_amd64.s -stubs ../rotary_amd64.go -pkg kern
