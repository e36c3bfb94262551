// Package guest connects the author's adapter with the component's glue.
package guest

import (
	"fmt"
	"io"
	"path"
	"runtime"
	"strings"
)

// Adapter is the registered jackfield.Adapter, or nil. It is an `any`, because that package imports this one.
var Adapter any

// Bug is the panic of a method that returned an error which is not a failure: a mistake in the adapter, like a panic.
type Bug struct {
	// Method is the method that returned it.
	Method string
	// Err is what it returned.
	Err error
}

// LastWords writes the stack of a panic and then, as the last line, what happened and where, which the host shows as
// the fault's detail. Call it from the deferred function that recovered.
func LastWords(stderr io.Writer, recovered any, stack []byte) {
	fmt.Fprintf(stderr, "%s\n%s\n", stack, message(recovered))
}

func message(recovered any) string {
	text, place := "", ""
	switch what := recovered.(type) {
	case *Bug:
		text = fmt.Sprintf("error: %v (returned by %s; it is not one of jackfield's failures)", what.Err, what.Method)
	case error:
		text, place = "panic: "+what.Error(), origin()
	default:
		text, place = fmt.Sprintf("panic: %v", what), origin()
	}
	// The host shows the last line only, so the message must be on one.
	return strings.Join(strings.Fields(text), " ") + place
}

// origin returns where the panic that is being recovered began: ` (mapping.go:41 in acme.stage)`.
func origin() string {
	counters := make([]uintptr, 64)
	frames := runtime.CallersFrames(counters[:runtime.Callers(1, counters)])
	began := false
	for {
		frame, more := frames.Next()
		ours := strings.HasPrefix(frame.Function, "runtime.")
		switch {
		case frame.Function == "runtime.gopanic":
			began = true
		case began && !ours:
			_, name := path.Split(frame.Function)
			return fmt.Sprintf(" (%s:%d in %s)", path.Base(frame.File), frame.Line, name)
		}
		if !more {
			return ""
		}
	}
}
