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

// bytesReceived since Go was last given the occasion to collect.
var bytesReceived uintptr

// occasion is a large object: those alone make Go look at once whether a collection is due.
var occasion []byte

// Unpin lets go of what was received before. It did not make Go collect (see cabiRealloc), so that happens here if much
// has come since: a program that makes only small objects of its own might be long in starting a collection.
func Unpin() {
	received.Unpin()
	if bytesReceived > 1<<20 {
		bytesReceived = 0
		occasion = make([]byte, 64<<10)
		occasion = nil
	}
}

// started is set when Go's heap can be used.
var started bool

func init() {
	started = true
}

//go:linkname sbrk runtime.sbrk
func sbrk(bytes uintptr) unsafe.Pointer

// While the host asks for memory, a component must not call out. Go would: its collector reads both of its clocks, and its
// scheduler the monotonic one. An allocation may start a collection, help with one that is under way, and even end it.
//
// None of it happens while the goroutine is bound to its thread, as the runtime binds it for moments of its own. A
// collection that is due, or the help that is owed to one, comes with the program's next allocation. No function on the
// way there may look whether its stack suffices, for there Go would change to another goroutine if it were asked to.
//
//go:linkname procPin runtime.procPin
func procPin() int

//go:linkname procUnpin runtime.procUnpin
func procUnpin()

// A heap that grows reads the monotonic clock all the same. The adapter of WASI preview 1 can be told to answer with the
// time that it knows.
//
//go:wasmimport wasi_snapshot_preview1 adapter_monotonic_clock_set_paused
func pauseClock(paused bool)

// cabiRealloc is the canonical ABI's way to ask for memory. Only fresh memory is ever asked for.
//
//go:nosplit
//go:wasmexport cabi_realloc
func cabiRealloc(old unsafe.Pointer, oldSize, align, size uintptr) unsafe.Pointer {
	if !started {
		return early(align, size)
	}
	procPin()
	memory := fresh(old, oldSize, align, size)
	procUnpin()
	return memory
}

// early is memory for the adapter of preview 1, which wants its state before Go's own start has come far enough for a
// heap.
func early(align, size uintptr) unsafe.Pointer {
	start := uintptr(sbrk(size + align - 1))
	return unsafe.Pointer((start + align - 1) &^ (align - 1))
}

func fresh(old unsafe.Pointer, oldSize, align, size uintptr) unsafe.Pointer {
	if old != nil || oldSize != 0 {
		panic("memory of the host is never made larger")
	}
	bytesReceived += size
	pauseClock(true)
	memory := Allocate(&received, size, align)
	pauseClock(false)
	return memory
}
