// Package jackfieldtest runs an adapter natively, in `go test`, against a script that replaces the host and the CRM.
package jackfieldtest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"jackfield.dev/jackfield"
	"jackfield.dev/jackfield/internal/wire"
)

// Script defines what the host has and which requests it expects. The zero value has no settings and keys and expects
// no request.
type Script struct {
	// Settings by name.
	Settings map[string]string `json:"settings"`
	// Keys of `hmac` credentials, by name.
	Keys map[string]string `json:"keys"`
	// Country is the country of telephone numbers without a country code, such as IN; empty if the tenant's file has none.
	// The real host knows the numbering plans of all countries. The script knows India's mobile numbers, and of numbers
	// with the country code of another country only that they have 7 to 15 digits.
	Country string `json:"country"`
	// Now is the host's time; 2026-07-01T09:01:55Z if it is zero.
	Now time.Time `json:"now"`
	// Exchanges are the requests that are expected, in order, with their answers.
	Exchanges []Exchange `json:"exchanges"`
}

// Exchange is one expected request and its result: either Answer or Fails.
type Exchange struct {
	Request ExpectedRequest `json:"request"`
	Answer  *Answer         `json:"answer"`
	// Fails is one of denied, unreachable, no_answer and too_large, with the reason.
	Fails map[string]string `json:"fails"`
}

// ExpectedRequest has at most one of JSON, Form and Text; without any, the body must be empty.
type ExpectedRequest struct {
	Method string `json:"method"`
	URL    string `json:"url"`
	// Headers that must be present with these values; others may be present too.
	Headers map[string]string `json:"headers"`
	JSON    json.RawMessage   `json:"json"`
	Form    map[string]string `json:"form"`
	Text    *string           `json:"text"`
}

// Answer has at most one of JSON and Text.
type Answer struct {
	Status  uint16            `json:"status"`
	Headers map[string]string `json:"headers"`
	JSON    json.RawMessage   `json:"json"`
	Text    *string           `json:"text"`
}

// Host returns a host that plays the script. At the end of the test, every exchange must have been made.
func (s Script) Host(t testing.TB) *jackfield.Host {
	double := &double{Script: s, t: t}
	t.Cleanup(func() {
		for _, left := range double.Exchanges {
			t.Errorf("expected and not sent: %s %s", left.Request.Method, left.Request.URL)
		}
	})
	return jackfield.NewHost(double)
}

// double implements the component's imports.
type double struct {
	Script
	t testing.TB
}

func (d *double) Send(sent wire.Request) (*wire.Response, *wire.SendError) {
	d.t.Helper()
	if len(d.Exchanges) == 0 {
		d.t.Fatalf("no more requests are expected, but this was sent: %s %s", sent.Method, sent.URL)
	}
	exchange := d.Exchanges[0]
	d.Exchanges = d.Exchanges[1:]
	if problem := exchange.Request.differs(sent); problem != "" {
		d.t.Fatal(problem)
	}
	if (exchange.Answer == nil) == (exchange.Fails == nil) {
		d.t.Fatal("an exchange has either an `answer` or `fails`")
	}
	if answer := exchange.Answer; answer != nil {
		return answer.response(), nil
	}
	for number, word := range []string{"denied", "unreachable", "no_answer", "too_large"} {
		if reason, found := exchange.Fails[word]; found {
			return nil, &wire.SendError{Case: uint8(number), Reason: reason}
		}
	}
	d.t.Fatalf("`fails` is denied, unreachable, no_answer or too_large, not %v", exchange.Fails)
	return nil, nil
}

func (d *double) Setting(name string) (string, bool) {
	value, given := d.Settings[name]
	return value, given
}

func (d *double) HMACSHA256(name string, bytes []byte) ([]byte, bool) {
	key, known := d.Keys[name]
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write(bytes)
	return mac.Sum(nil), known
}

func (d *double) Instant(local, zone string) (string, wire.DateError) {
	return localInstant(local, zone)
}

func (d *double) Local(at, zone string) (string, wire.DateError) {
	return instantLocal(at, zone)
}

func (d *double) NormalizePhone(number string) (string, wire.PhoneError) {
	d.t.Helper()
	return normalizePhone(d.t, number, d.Country)
}

func (d *double) Log(level wire.Level, message string, fields []string) {
	d.t.Logf("%s: %s %q", [...]string{"debug", "info", "warn", "error"}[level], message, fields)
}

func (d *double) Now() time.Time {
	if d.Script.Now.IsZero() {
		return time.Date(2026, 7, 1, 9, 1, 55, 0, time.UTC)
	}
	return d.Script.Now
}

// differs returns how a request differs from the expected one; empty if it does not.
func (e ExpectedRequest) differs(sent wire.Request) string {
	if e.Method != sent.Method || e.URL != sent.URL {
		return unlike("request", e.Method+" "+e.URL, sent.Method+" "+sent.URL)
	}
	for name, value := range e.Headers {
		if got := header(sent, name); got != value {
			return unlike("header "+name, value, got)
		}
	}
	switch {
	case e.JSON != nil:
		expected, got := tree(e.JSON), tree(sent.Body)
		if !reflect.DeepEqual(expected, got) {
			return unlike("JSON body", indented(expected), indented(got))
		}
	case e.Form != nil:
		expected := url.Values{}
		for name, value := range e.Form {
			expected.Set(name, value)
		}
		got, err := url.ParseQuery(string(sent.Body))
		if err != nil || !reflect.DeepEqual(expected, got) {
			return unlike("form", expected.Encode(), string(sent.Body))
		}
	default:
		expected := ""
		if e.Text != nil {
			expected = *e.Text
		}
		if expected != string(sent.Body) {
			return unlike("body", expected, string(sent.Body))
		}
	}
	return ""
}

func header(sent wire.Request, name string) string {
	for _, header := range sent.Headers {
		if strings.EqualFold(header.Name, name) {
			return header.Value
		}
	}
	return ""
}

func (a *Answer) response() *wire.Response {
	response := &wire.Response{Status: a.Status}
	for name, value := range a.Headers {
		response.Headers = append(response.Headers, wire.Header{Name: name, Value: value})
	}
	switch {
	case a.JSON != nil:
		response.Body = a.JSON
	case a.Text != nil:
		response.Body = []byte(*a.Text)
	}
	return response
}

func unlike(what, expected, got string) string {
	return fmt.Sprintf("unexpected %s\nexpected: %s\n     got: %s", what, expected, got)
}

// tree parses JSON and keeps numbers as they are written, so that none is rounded before it is compared.
func tree(text []byte) any {
	decoder := json.NewDecoder(strings.NewReader(string(text)))
	decoder.UseNumber()
	var value any
	if decoder.Decode(&value) != nil {
		return "not JSON: " + string(text)
	}
	return value
}

func indented(value any) string {
	text, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return err.Error()
	}
	return string(text)
}
