// Package invocation runs one invocation of the adapter and connects it with the host's imports.
package invocation

import (
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"time"
	_ "unsafe" // for go:linkname

	"jackfield.dev/jackfield"
	"jackfield.dev/jackfield/component/convert"
	"jackfield.dev/jackfield/component/jackfield_crm_credentials"
	"jackfield.dev/jackfield/component/jackfield_crm_dates"
	wireHTTP "jackfield.dev/jackfield/component/jackfield_crm_http"
	"jackfield.dev/jackfield/component/jackfield_crm_log"
	"jackfield.dev/jackfield/component/jackfield_crm_model"
	"jackfield.dev/jackfield/component/jackfield_crm_phones"
	"jackfield.dev/jackfield/component/jackfield_crm_settings"
	"jackfield.dev/jackfield/internal/guest"
	"jackfield.dev/jackfield/internal/wire"
	"jackfield.dev/jackfield/internal/wit/types"
)

// exports are the optional exports that adapter.toml names.
const exports = "{{exports}}"

// Run runs a method of the adapter. A failure that the method returns becomes the contract's; any other error or a
// panic ends the guest, with the reason on standard error.
func Run[T any](name string, method func(jackfield.Adapter, *jackfield.Host) (T, error)) (T, *jackfield_crm_model.Failure) {
	defer die()
	value, err := method(registered(), jackfield.NewHost(imports{}))
	if err == nil {
		return value, nil
	}
	failure, is := convert.Failure(err)
	if !is {
		panic(&guest.Bug{Method: name, Err: err})
	}
	return value, &failure
}

// Result converts what Run returned to the contract's result.
func Result[T, W any](value T, failure *jackfield_crm_model.Failure, convert func(T) W) types.Result[W, jackfield_crm_model.Failure] {
	if failure != nil {
		return types.Err[W](*failure)
	}
	defer die()
	return types.Ok[W, jackfield_crm_model.Failure](convert(value))
}

// Describe runs the method that cannot fail.
func Describe() *jackfield.Description {
	defer die()
	adapter := registered()
	var _, isLookup = adapter.(jackfield.Lookup)
	var _, isLeadParser = adapter.(jackfield.LeadParser)
	// Checked here, so that a mismatch is reported when the adapter is pushed.
	checkOptional(isLookup, "lookup", "Lookup (Find)")
	checkOptional(isLeadParser, "leads", "LeadParser (ParseLeads)")
	description := adapter.Describe()
	if description == nil {
		panic(errors.New("Describe returned nil"))
	}
	return description
}

// checkOptional panics unless adapter.toml names the export exactly if the adapter implements it.
func checkOptional(implemented bool, word, what string) {
	named := slices.Contains(strings.Fields(exports), word)
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

// die ends the guest if there was a panic, and makes its reason the last line on standard error.
func die() {
	if recovered := recover(); recovered != nil {
		guest.LastWords(os.Stderr, recovered, debug.Stack())
		abort()
	}
}

// imports are the contract's real imports.
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

func (imports) Instant(local, zone string) (string, wire.DateError) {
	return date(jackfield_crm_dates.Instant(local, zone))
}

func (imports) Local(instant, zone string) (string, wire.DateError) {
	return date(jackfield_crm_dates.Local(instant, zone))
}

func date(converted types.Result[string, jackfield_crm_dates.DateError]) (string, wire.DateError) {
	if converted.Tag() == types.ResultErr {
		return "", wire.UnknownZone + wire.DateError(converted.Err().Tag())
	}
	return converted.Ok(), 0
}

func (imports) NormalizePhone(number string) (string, wire.PhoneError) {
	normal := jackfield_crm_phones.Normalize(number)
	if normal.Tag() == types.ResultErr {
		return "", wire.NotANumber + wire.PhoneError(normal.Err().Tag())
	}
	return normal.Ok(), 0
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
