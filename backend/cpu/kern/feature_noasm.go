//go:build !amd64 || purego

package kern

func detect() Features { return 0 }

func caches() Caches { return usualCaches }
