// Package call runs one call of the adapter, and the host's side of it.
package call

import (
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"time"
	_ "unsafe" // for go:linkname

	"jackfield.dev/jackfield"
	"jackfield.dev/jackfield/component/convert"
	"jackfield.dev/jackfield/component/jackfield_crm_credentials"
	wireHTTP "jackfield.dev/jackfield/component/jackfield_crm_http"
	"jackfield.dev/jackfield/component/jackfield_crm_log"
	"jackfield.dev/jackfield/component/jackfield_crm_model"
	"jackfield.dev/jackfield/component/jackfield_crm_settings"
	"jackfield.dev/jackfield/internal/guest"
	"jackfield.dev/jackfield/internal/wire"
	"jackfield.dev/jackfield/internal/wit/types"
)

// exports are the optional capabilities that adapter.toml names.
const exports = "{{exports}}"

// Of runs one call. A failure that it returns is the contract's; any other error, and a panic, ends the guest with its
// last words on standard error.
func Of[T any](name string, call func(jackfield.Adapter, *jackfield.Host) (T, error)) (T, *jackfield_crm_model.Failure) {
	defer die()
	value, err := call(registered(), jackfield.NewHost(imports{}))
	if err == nil {
		return value, nil
	}
	failure, is := convert.Failure(err)
	if !is {
		panic(&guest.Bug{Call: name, Err: err})
	}
	return value, &failure
}

// Result turns what Of answers into the contract's shape.
func Result[T, W any](value T, failure *jackfield_crm_model.Failure, made func(T) W) types.Result[W, jackfield_crm_model.Failure] {
	if failure != nil {
		return types.Err[W](*failure)
	}
	defer die()
	return types.Ok[W, jackfield_crm_model.Failure](made(value))
}

// Describe runs the call that cannot fail.
func Describe() *jackfield.Description {
	defer die()
	adapter := registered()
	var _, looks = adapter.(jackfield.Lookup)
	var _, parses = adapter.(jackfield.LeadParser)
	// An export that does nothing, or a capability that nobody is told of, is found when the adapter is pushed.
	check(looks, "lookup", "Lookup (Find)")
	check(parses, "leads", "LeadParser (ParseLeads)")
	description := adapter.Describe()
	if description == nil {
		panic(errors.New("Describe returned nil"))
	}
	return description
}

func check(implemented bool, word, what string) {
	named := false
	for start := 0; start+len(word) <= len(exports); start++ {
		named = named || exports[start:start+len(word)] == word
	}
	switch {
	case implemented && !named:
		panic(fmt.Errorf("the adapter implements %s, and adapter.toml does not name it: exports = [%q]", what, word))
	case named && !implemented:
		panic(fmt.Errorf("adapter.toml exports %q, and the adapter does not implement %s", word, what))
	}
}

func registered() jackfield.Adapter {
	if guest.Adapter == nil {
		panic(errors.New("no adapter is registered: call jackfield.Register in an init function of the project's package"))
	}
	return guest.Adapter.(jackfield.Adapter)
}

//go:linkname abort runtime.abort
func abort()

// die ends the guest if there was a panic, so that the last line on standard error is the one that tells.
func die() {
	if recovered := recover(); recovered != nil {
		guest.LastWords(os.Stderr, recovered, debug.Stack())
		abort()
	}
}

// imports are the contract's imports themselves.
type imports struct{}

func (imports) Send(request wire.Request) (*wire.Response, *wire.SendError) {
	headers := make([]wireHTTP.Header, len(request.Headers))
	for i, header := range request.Headers {
		headers[i] = wireHTTP.Header(header)
	}
	answered := wireHTTP.Send(wireHTTP.Request{
		Method: request.Method, Url: request.URL, Headers: headers, Body: request.Body,
	})
	if answered.Tag() == types.ResultErr {
		return nil, sendError(answered.Err())
	}
	answer := answered.Ok()
	response := &wire.Response{Status: answer.Status, Body: answer.Body}
	for _, header := range answer.Headers {
		response.Headers = append(response.Headers, wire.Header(header))
	}
	return response, nil
}

func sendError(err wireHTTP.Error) *wire.SendError {
	reason := ""
	switch err.Tag() {
	case wireHTTP.ErrorDenied:
		reason = err.Denied()
	case wireHTTP.ErrorUnreachable:
		reason = err.Unreachable()
	case wireHTTP.ErrorNoAnswer:
		reason = err.NoAnswer()
	case wireHTTP.ErrorTooLarge:
		reason = err.TooLarge()
	}
	return &wire.SendError{Case: err.Tag(), Reason: reason}
}

func (imports) Setting(name string) (string, bool) {
	value := jackfield_crm_settings.Get(name)
	return value.Or(""), value.Tag() == types.OptionSome
}

func (imports) HMACSHA256(name string, bytes []byte) ([]byte, bool) {
	signed := jackfield_crm_credentials.HmacSha256(name, bytes)
	if signed.Tag() == types.ResultErr {
		return nil, false
	}
	return signed.Ok(), true
}

func (imports) Log(level wire.Level, message string, fields []string) {
	pairs := make([]jackfield_crm_log.Field, len(fields)/2)
	for i := range pairs {
		pairs[i] = jackfield_crm_log.Field{Name: fields[2*i], Value: fields[2*i+1]}
	}
	jackfield_crm_log.Write(uint8(level), message, pairs)
}

func (imports) Now() time.Time {
	return time.Now().UTC()
}
