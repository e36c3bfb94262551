// Package runtime implements the part of the canonical ABI that generated bindings need: memory for what crosses the
// boundary.
package runtime

import (
	"runtime"
	"unsafe"
)

// Allocate allocates memory on Go's heap and pins it until the pinner releases it. Nil for no bytes.
func Allocate(pinner *runtime.Pinner, size, align uintptr) unsafe.Pointer {
	if size == 0 {
		return nil
	}
	var memory unsafe.Pointer
	// Words of eight bytes satisfy every alignment of the canonical ABI.
	if align > 1 {
		memory = unsafe.Pointer(unsafe.SliceData(make([]uint64, (size+7)/8)))
	} else {
		memory = unsafe.Pointer(unsafe.SliceData(make([]byte, size)))
	}
	pinner.Pin(memory)
	return memory
}

// received pins what the host wrote into memory: the arguments of an invocation and the results of imports. What Go has
// taken over is kept alive by Go's own references.
var received runtime.Pinner

// bytesReceived counts the bytes since Go last had the opportunity to collect garbage.
var bytesReceived uintptr

// occasion is a large object: only allocating one makes Go check at once whether a collection is due.
var occasion []byte

// Unpin releases what was received before. Receiving it did not make Go collect garbage (see cabiRealloc), so that
// happens here if much has been received: a program that allocates only small objects might start a collection too
// late.
func Unpin() {
	received.Unpin()
	if bytesReceived > 1<<20 {
		bytesReceived = 0
		occasion = make([]byte, 64<<10)
		occasion = nil
	}
}

// started is set as soon as Go's heap can be used.
var started bool

func init() {
	started = true
}

//go:linkname sbrk runtime.sbrk
func sbrk(bytes uintptr) unsafe.Pointer

// While the host asks for memory, a component must not call imports. Go would: its collector reads both clocks, and its
// scheduler the monotonic one. An allocation may start a collection, assist one that is running, and even finish it.
//
// It does none of this while the goroutine is pinned to its thread, as the runtime pins it for short critical sections.
// A collection or an assist that is due happens at the program's next allocation. No function on the way there may
// check its stack, because at that check Go switches to another goroutine if preemption was requested.
//
//go:linkname procPin runtime.procPin
func procPin() int

//go:linkname procUnpin runtime.procUnpin
func procUnpin()

// A heap that grows reads the monotonic clock nevertheless. The adapter of WASI preview 1 can be told to return the
// last time that it read.
//
//go:wasmimport wasi_snapshot_preview1 adapter_monotonic_clock_set_paused
func pauseClock(paused bool)

// cabiRealloc is how the canonical ABI asks for memory. It only ever asks for fresh memory.
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

// early allocates memory for the adapter of preview 1, which needs its state before Go's startup has created the heap.
func early(align, size uintptr) unsafe.Pointer {
	start := uintptr(sbrk(size + align - 1))
	return unsafe.Pointer((start + align - 1) &^ (align - 1))
}

func fresh(old unsafe.Pointer, oldSize, align, size uintptr) unsafe.Pointer {
	if old != nil || oldSize != 0 {
		panic("the host does not resize memory")
	}
	bytesReceived += size
	pauseClock(true)
	memory := Allocate(&received, size, align)
	pauseClock(false)
	return memory
}
