//go:build !amd64 || purego

package kern

// rowsBest returns the only kernels there are.
func rowsBest() *rowKernels { return &rowsGo }
