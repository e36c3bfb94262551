// Package wire declares the contract's imports in plain Go types. They are implemented by the component's glue, and by
// a script in native tests.
package wire

import "time"

// Imports are the contract's imports.
type Imports interface {
	// Send sends a request; either the answer or the error is not nil.
	Send(Request) (*Response, *SendError)
	// Setting returns a setting and whether the tenant's file gives it.
	Setting(name string) (string, bool)
	// HMACSHA256 signs; false if there is no such credential.
	HMACSHA256(name string, bytes []byte) ([]byte, bool)
	// Instant returns the instant of a local time in a zone, in RFC 3339.
	Instant(local, zone string) (string, DateError)
	// Local returns the local time of an instant in a zone, in RFC 3339.
	Local(instant, zone string) (string, DateError)
	// NormalizePhone returns a number in E.164.
	NormalizePhone(number string) (string, PhoneError)
	// Log writes a line; fields are alternating names and values.
	Log(level Level, message string, fields []string)
	// Now returns the current time.
	Now() time.Time
}

// Level is the severity of a log line, from 0 for debug to 3 for error.
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

// Why a request has no answer, in the order of the contract.
const (
	Denied = iota
	Unreachable
	NoAnswer
	TooLarge
)

// SendError is the reason that there is no answer.
type SendError struct {
	Case   uint8
	Reason string
}

// Words is the name of the case in the log.
func (e SendError) Words() string {
	return [...]string{"denied", "unreachable", "no-answer", "too-large"}[e.Case]
}

// DateError is why a time was not converted; zero if it was.
type DateError uint8

// Why a time was not converted: the contract's cases in its order, after zero.
const (
	UnknownZone DateError = iota + 1
	InvalidTime
)

// PhoneError is why a number was not normalised; zero if it was.
type PhoneError uint8

// Why a number was not normalised: the contract's cases in its order, after zero.
const (
	NotANumber PhoneError = iota + 1
	NoCountry
	NotInPlan
)
