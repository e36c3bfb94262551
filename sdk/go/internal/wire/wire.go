// Package wire is what crosses the component's boundary: the contract's imports in Go's plainest types. Behind it is
// the component's glue, or a script in native tests.
package wire

import "time"

// Imports are the contract's imports.
type Imports interface {
	// Send sends a request; either the answer or the error is there.
	Send(Request) (*Response, *SendError)
	// Setting answers a setting and whether it is given.
	Setting(name string) (string, bool)
	// HMACSHA256 signs, or says that there is no such credential.
	HMACSHA256(name string, bytes []byte) ([]byte, bool)
	// Log writes a line; fields are names and values in turn.
	Log(level Level, message string, fields []string)
	// Now is the time.
	Now() time.Time
}

// Level is how much a line of the log matters, from 0 for debug to 3 for error.
type Level uint8

// Header is a header.
type Header struct{ Name, Value string }

// Request is a request.
type Request struct {
	Method, URL string
	Headers     []Header
	Body        []byte
}

// Response is a complete answer.
type Response struct {
	Status  uint16
	Headers []Header
	Body    []byte
}

// What became of a request that has no answer, in the order of the contract.
const (
	Denied = iota
	Unreachable
	NoAnswer
	TooLarge
)

// SendError says why there is no answer.
type SendError struct {
	Case   uint8
	Reason string
}

// Words of the cases, as the log has them.
func (e SendError) Words() string {
	return [...]string{"denied", "unreachable", "no-answer", "too-large"}[e.Case]
}
