package jackfield_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"reflect"
	"testing"

	"jackfield.dev/jackfield"
	"jackfield.dev/jackfield/jackfieldtest"
)

const base = "https://crm.example"

// answering returns a host whose CRM answers one GET of its root like this.
func answering(t *testing.T, status uint16, text string, headers map[string]string) *jackfield.Host {
	return jackfieldtest.Script{Exchanges: []jackfieldtest.Exchange{{
		Request: jackfieldtest.ExpectedRequest{Method: "GET", URL: base},
		Answer:  &jackfieldtest.Answer{Status: status, Text: &text, Headers: headers},
	}}}.Host(t)
}

func accepted(t *testing.T, status uint16, headers map[string]string) error {
	answer, err := answering(t, status, "", headers).Get(base).Send()
	if err != nil {
		t.Fatal(err)
	}
	return answer.Accept()
}

func TestEveryStatusHasItsFailure(t *testing.T) {
	refused := func(status int) error {
		return jackfield.Reject(fmt.Sprintf("http-%d", status), "the CRM refused the request and did not say why")
	}
	cases := map[uint16]error{
		200: nil, 201: nil, 204: nil, 302: jackfield.ErrUnknown, 400: refused(400), 401: jackfield.ErrUnauthorized,
		403: jackfield.ErrUnauthorized, 404: jackfield.ErrNotFound, 405: refused(405), 408: jackfield.ErrUnknown,
		409: refused(409), 410: refused(410), 422: refused(422), 429: &jackfield.RateLimited{}, 500: jackfield.ErrUnknown,
		502: jackfield.ErrUnknown, 503: jackfield.ErrUnavailable, 504: jackfield.ErrUnknown, 100: jackfield.ErrUnknown,
		600: jackfield.ErrUnknown,
	}
	for status, meaning := range cases {
		if got := accepted(t, status, nil); !reflect.DeepEqual(got, meaning) {
			t.Errorf("%d: %v", status, got)
		}
	}
}

func TestRetryAfterIsReadAsSeconds(t *testing.T) {
	delay := func(seconds uint32) *uint32 { return &seconds }
	cases := map[string]*uint32{
		"30": delay(30), " 5 ": delay(5), "-1": nil, "4294967296": nil, "Wed, 21 Oct 2026 07:28:00 GMT": nil, "": nil,
	}
	for value, seconds := range cases {
		got := accepted(t, 429, map[string]string{"Retry-After": value})
		if !reflect.DeepEqual(got, error(&jackfield.RateLimited{RetryAfter: seconds})) {
			t.Errorf("%q: %v", value, got)
		}
	}
}

func TestOnlyAnUnsentRequestIsUnavailable(t *testing.T) {
	cases := map[string]error{
		"denied": jackfield.ErrUnavailable, "unreachable": jackfield.ErrUnavailable, "no_answer": jackfield.ErrUnknown,
		"too_large": jackfield.ErrUnknown,
	}
	for what, failure := range cases {
		host := jackfieldtest.Script{Exchanges: []jackfieldtest.Exchange{{
			Request: jackfieldtest.ExpectedRequest{Method: "GET", URL: base},
			Fails:   map[string]string{what: "why"},
		}}}.Host(t)
		if _, err := host.Get(base).Send(); err != failure {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestAdapterExplainsARefusal(t *testing.T) {
	explain := func(answer *jackfield.Response) *jackfield.Rejected {
		var why struct{ Why string }
		if answer.JSON(&why) != nil {
			return nil
		}
		return jackfield.Reject("E1", why.Why).Field("remark", "cut it")
	}
	err := answering(t, 422, `{"Why": "too long"}`, nil).Get(base).FetchOr(explain, new(any))
	if !reflect.DeepEqual(err, error(jackfield.Reject("E1", "too long").Field("remark", "cut it"))) {
		t.Error(err)
	}
	err = answering(t, 422, `<html>`, nil).Get(base).FetchOr(explain, new(any))
	var rejected *jackfield.Rejected
	if !errors.As(err, &rejected) || rejected.Code != "http-422" {
		t.Error(err)
	}
}

func TestUnreadableAnswerIsUnknown(t *testing.T) {
	type inner struct {
		Number int `json:"number"`
	}
	type record struct {
		ID    string           `json:"id"`
		Maybe *string          `json:"maybe"`
		Extra string           `json:"extra,omitempty"`
		Rows  []inner          `json:"rows"`
		Named map[string]inner `json:"named,omitempty"`
		Any   any              `json:"any"`
	}
	good := []string{
		`{"id": "7", "rows": []}`,
		`{"id": "", "maybe": null, "extra": null, "rows": [{"number": 0}], "more": 1}`,
		`{"id": "7", "rows": [], "named": {"a": {"number": 1}}}`,
	}
	for _, text := range good {
		if err := answering(t, 200, text, nil).Get(base).Fetch(new(record)); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
	bad := []string{
		"", "{", "<html>", "[]", "null", "{}", `"text"`, `{"id": null, "rows": []}`, `{"id": 7, "rows": []}`,
		`{"id": "7"}`, `{"id": "7", "rows": null}`, `{"id": "7", "rows": [{}]}`, `{"id": "7", "rows": [null]}`,
		`{"ID": "7", "rows": []}`, `{"id": "7", "rows": []} trailing`, "{\"id\": \"\xff\", \"rows\": []}",
		`{"id": "7", "rows": [], "named": {"a": {}}}`,
	}
	for _, text := range bad {
		if err := answering(t, 200, text, nil).Get(base).Fetch(new(record)); err != jackfield.ErrUnknown {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestBodiesAndQueriesAreEncoded(t *testing.T) {
	host := jackfieldtest.Script{Exchanges: []jackfieldtest.Exchange{{
		Request: jackfieldtest.ExpectedRequest{
			Method: "POST", URL: base + "/x?q=a+b%26c&r=%E0%A4%96",
			Headers: map[string]string{"Content-Type": "application/x-www-form-urlencoded"},
			Form:    map[string]string{"name": "आशा & वर्मा", "sum": "1+1=2"},
		},
		Answer: &jackfieldtest.Answer{Status: 200},
	}}}.Host(t)
	request := host.Post(base, "x").Query(url.Values{"q": {"a b&c"}}).Query(url.Values{"r": {"ख"}})
	if _, err := request.Form(url.Values{"name": {"आशा & वर्मा"}, "sum": {"1+1=2"}}).Send(); err != nil {
		t.Error(err)
	}
}

func TestIDStaysInItsSegment(t *testing.T) {
	got, err := jackfield.Join(base, "A/7 ख", "../y?z#%~-._")
	if err != nil || got != base+"/A%2F7%20%E0%A4%96/..%2Fy%3Fz%23%25~-._" {
		t.Error(got, err)
	}
	for _, id := range []string{"", ".", ".."} {
		_, err := (jackfieldtest.Script{}).Host(t).Get(base, id, "x").Send()
		var rejected *jackfield.Rejected
		if !errors.As(err, &rejected) || rejected.Code != "bad-id" {
			t.Errorf("%q: %v", id, err)
		}
	}
}

func TestUnencodableBodyIsNotSent(t *testing.T) {
	_, err := (jackfieldtest.Script{}).Host(t).Post(base).JSON(func() {}).Send()
	var rejected *jackfield.Rejected
	if !errors.As(err, &rejected) || rejected.Code != "bad-request" {
		t.Error(err)
	}
}

func TestSettingsAreReadByTheirKind(t *testing.T) {
	host := jackfieldtest.Script{Settings: map[string]string{"n": "-7", "b": "true", "t": "text"}}.Host(t)
	n, _ := host.RequiredInt("n")
	b, _ := host.RequiredBool("b")
	text, _ := host.Required("t")
	if n != -7 || !b || text != "text" {
		t.Error(n, b, text)
	}
	_, none := host.Required("none")
	_, word := host.RequiredInt("t")
	_, maybe := host.RequiredBool("t")
	for _, err := range []error{none, word, maybe} {
		var rejected *jackfield.Rejected
		if !errors.As(err, &rejected) || rejected.Code != "bad-setting" || len(rejected.Fields) != 1 {
			t.Error(err)
		}
	}
}

func TestMissingCredentialIsUnauthorized(t *testing.T) {
	host := jackfieldtest.Script{Keys: map[string]string{"signing": "a test key"}}.Host(t)
	signed, err := host.HMACSHA256("signing", []byte("body"))
	if err != nil || len(signed) != 32 {
		t.Error(signed, err)
	}
	if _, err := host.HMACSHA256("other", nil); err != jackfield.ErrUnauthorized {
		t.Error(err)
	}
}

func TestWrappedFailureIsFound(t *testing.T) {
	limited := &jackfield.RateLimited{}
	for _, failure := range []error{jackfield.ErrNotFound, limited, jackfield.Reject("a", "b")} {
		if got := jackfield.AsFailure(fmt.Errorf("lead: %w", failure)); got != failure {
			t.Errorf("%v: %v", failure, got)
		}
	}
	if got := jackfield.AsFailure(errors.New("a mistake")); got != nil {
		t.Error(got)
	}
}

func TestReadsOutcomesAndExtensionsOfFixtures(t *testing.T) {
	var call jackfield.Disposition
	text := `{"outcome": {"other": "wants_a_penthouse"}, "extensions": [{"pointer": "/a", "json": "12"}]}`
	if err := json.Unmarshal([]byte(text), &call); err != nil || call.Outcome != "wants_a_penthouse" || call.Outcome.Named() {
		t.Error(call, err)
	}
	if json.Unmarshal([]byte(`{"outcome": "wants_a_penthouse"}`), &call) == nil {
		t.Error("accepted an outcome that the contract does not name as a named one")
	}
	raw := string(call.Extensions[0].Raw()) + string(jackfield.Extension{JSON: "no json"}.Raw())
	if raw != `12"no json"` {
		t.Error(raw)
	}
}
