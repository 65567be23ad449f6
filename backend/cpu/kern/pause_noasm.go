//go:build !amd64 || purego

package kern

// pause lets a short time pass.
//
//go:noinline
func pause(n int) {
	for range 8 * n {
	}
}
