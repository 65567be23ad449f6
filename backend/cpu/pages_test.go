package cpu

import (
	"slices"
	"testing"
	"unsafe"

	"github.com/cameo-onnx/cameo/ir/tensor"
)

func TestBlocksAreAlignedApartAndZero(t *testing.T) {
	var b blocks
	var all [][]byte
	total := 0
	for _, n := range []int{1, 0, 63, 64, 65, firstBlock - 200, firstBlock, 3, hugePage + 1, 7, 5 * hugePage, 100} {
		got := b.bytes(n)
		if len(got) != n || cap(got) != n {
			t.Fatalf("%d bytes asked for: length %d, capacity %d", n, len(got), cap(got))
		}
		if n > 0 && uintptr(unsafe.Pointer(&got[0]))&63 != 0 {
			t.Errorf("%d bytes start at %p", n, &got[0])
		}
		for i, v := range got {
			if v != 0 {
				t.Fatalf("byte %d of %d is %d: another tensor's", i, n, v)
			}
			got[i] = 1
		}
		all, total = append(all, got), total+n
	}
	for i, p := range all {
		if slices.Contains(p, 0) {
			t.Errorf("tensor %d of %d bytes was written over", i, len(p))
		}
	}
	if total > b.given {
		t.Errorf("%d bytes given, %d counted", total, b.given)
	}
	if d := b.tensor(tensor.F32, 5); d.Len() != 5 || d.Float64At(4) != 0 {
		t.Errorf("got %v", d)
	}
}
