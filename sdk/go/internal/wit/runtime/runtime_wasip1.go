// Package runtime is what generated bindings need of the canonical ABI: memory for what crosses the boundary.
package runtime

import (
	"runtime"
	"unsafe"
)

// Allocate takes memory from Go's heap and keeps it where it is until the pinner lets go. Nil for no bytes.
func Allocate(pinner *runtime.Pinner, size, align uintptr) unsafe.Pointer {
	if size == 0 {
		return nil
	}
	var memory unsafe.Pointer
	// Words of eight bytes, so that any alignment of the canonical ABI is met.
	if align > 1 {
		memory = unsafe.Pointer(unsafe.SliceData(make([]uint64, (size+7)/8)))
	} else {
		memory = unsafe.Pointer(unsafe.SliceData(make([]byte, size)))
	}
	pinner.Pin(memory)
	return memory
}

// received pins what the host put into this memory: a call's arguments and the answers of imports. What Go took over of
// it is kept by Go's own references.
var received runtime.Pinner

// Unpin lets go of what was received before.
func Unpin() {
	received.Unpin()
}

// started is set when Go's heap can be used.
var started bool

func init() {
	started = true
}

//go:linkname sbrk runtime.sbrk
func sbrk(bytes uintptr) unsafe.Pointer

// While the host asks for memory, a component must not call out, and Go's collector reads the clock. The adapter of WASI
// preview 1 can be told to answer with the time that it knows.
//
//go:wasmimport wasi_snapshot_preview1 adapter_monotonic_clock_set_paused
func pauseClock(paused bool)

// cabiRealloc is the canonical ABI's way to ask for memory. Only fresh memory is ever asked for.
//
//go:wasmexport cabi_realloc
func cabiRealloc(old unsafe.Pointer, oldSize, align, size uintptr) unsafe.Pointer {
	if old != nil || oldSize != 0 {
		panic("memory of the host is never made larger")
	}
	if !started {
		// The adapter of preview 1 wants its state before Go's own start has come far enough for a heap.
		start := uintptr(sbrk(size + align - 1))
		return unsafe.Pointer((start + align - 1) &^ (align - 1))
	}
	pauseClock(true)
	memory := Allocate(&received, size, align)
	pauseClock(false)
	return memory
}
