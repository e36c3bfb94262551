package jackfield

import (
	"errors"
	"strconv"
	"time"

	"jackfield.dev/jackfield/internal/wire"
)

// Host is the host as an adapter sees it: HTTP, settings, signatures, the log and the time.
//
// In a component it is the real host. In a native test it is a script of expected requests (package jackfieldtest).
type Host struct {
	imports wire.Imports
}

// NewHost is for the component's glue and for jackfieldtest; other packages cannot name its argument.
func NewHost(imports wire.Imports) *Host {
	return &Host{imports: imports}
}

// Imports is for the SDK's own packages, such as date and phone; other packages cannot name its result.
func (h *Host) Imports() wire.Imports {
	return h.imports
}

// Setting returns the value of an optional setting as text, and whether the tenant's file gives it.
func (h *Host) Setting(name string) (string, bool) {
	return h.imports.Setting(name)
}

// Required returns the value of a setting that Describe declares as required. The error is a [Rejected] that names the
// setting. The host checks settings when a release is made, so the error occurs only if the adapter uses a setting
// otherwise than it declares it.
func (h *Host) Required(name string) (string, error) {
	text, given := h.Setting(name)
	if !given {
		return "", badSetting(name, "is missing")
	}
	return text, nil
}

// RequiredInt is [Host.Required] for a whole number.
func (h *Host) RequiredInt(name string) (int64, error) {
	return parsed(h, name, func(text string) (int64, error) { return strconv.ParseInt(text, 10, 64) })
}

// RequiredBool is [Host.Required] for true or false.
func (h *Host) RequiredBool(name string) (bool, error) {
	return parsed(h, name, func(text string) (bool, error) {
		if text != "true" && text != "false" {
			return false, errors.New("neither true nor false")
		}
		return text == "true", nil
	})
}

func parsed[T any](h *Host, name string, parse func(string) (T, error)) (T, error) {
	text, err := h.Required(name)
	if err != nil {
		var none T
		return none, err
	}
	value, err := parse(text)
	if err != nil {
		return value, badSetting(name, err.Error())
	}
	return value, nil
}

func badSetting(name, what string) error {
	const message = "a setting of the tenant is not what the adapter needs; describe it so that the host checks it"
	return Reject("bad-setting", message).Field(name, what)
}

// HMACSHA256 signs the bytes with the key of the tenant's `hmac` credential of that name: 32 bytes. The key stays in
// the host. Without such a credential the error is [ErrUnauthorized], so that an alert is raised at once.
func (h *Host) HMACSHA256(name string, bytes []byte) ([]byte, error) {
	signature, known := h.imports.HMACSHA256(name, bytes)
	if !known {
		h.Log(LevelError, "no hmac credential of this name", "credential", name)
		return nil, ErrUnauthorized
	}
	return signature, nil
}

// Level is the severity of a log line.
type Level = wire.Level

// The levels.
const (
	// LevelDebug is for the author of the adapter while writing it.
	LevelDebug Level = iota
	// LevelInfo is an ordinary event.
	LevelInfo
	// LevelWarn: something is wrong; the invocation continues.
	LevelWarn
	// LevelError: the invocation cannot do what it was asked to do.
	LevelError
)

// Log writes a line to the host's log, which adds the ids of the invocation. Fields are alternating names and values:
// ids and classes, never names, numbers or texts of a lead. At most 64 lines per invocation.
func (h *Host) Log(level Level, message string, fields ...string) {
	if len(fields)%2 != 0 {
		panic("jackfield: Log takes names and values in turn; the last name has no value")
	}
	h.imports.Log(level, message, fields)
}

// Now returns the current time.
func (h *Host) Now() time.Time {
	return h.imports.Now()
}
