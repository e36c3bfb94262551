package jackfield_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"reflect"
	"strings"
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
		200: nil, 201: nil, 204: nil, 302: jackfield.Unknown("the CRM answered 302"), 400: refused(400),
		401: jackfield.Unauthorized("the CRM answered 401"), 403: jackfield.Unauthorized("the CRM answered 403"),
		404: jackfield.ErrNotFound, 405: refused(405), 408: jackfield.Unknown("the CRM answered 408"), 409: refused(409),
		410: refused(410), 412: jackfield.Conflict("the CRM answered 412"), 422: refused(422),
		429: &jackfield.RateLimited{}, 500: jackfield.Unknown("the CRM answered 500"),
		502: jackfield.Unknown("the CRM answered 502"), 503: jackfield.Unavailable("the CRM answered 503"),
		504: jackfield.Unknown("the CRM answered 504"), 100: jackfield.Unknown("the CRM answered 100"),
		600: jackfield.Unknown("the CRM answered 600"),
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
		"denied": jackfield.Unavailable("denied: why"), "unreachable": jackfield.Unavailable("unreachable: why"),
		"no_answer": jackfield.Unknown("no-answer: why"), "too_large": jackfield.Unknown("too-large: why"),
	}
	for what, failure := range cases {
		host := jackfieldtest.Script{Exchanges: []jackfieldtest.Exchange{{
			Request: jackfieldtest.ExpectedRequest{Method: "GET", URL: base},
			Fails:   map[string]string{what: "why"},
		}}}.Host(t)
		if _, err := host.Get(base).Send(); !reflect.DeepEqual(err, failure) {
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
		if err := answering(t, 200, text, nil).Get(base).Fetch(new(record)); !errors.Is(err, jackfield.ErrUnknown) {
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
	if _, err := host.HMACSHA256("other", nil); !errors.Is(err, jackfield.ErrUnauthorized) {
		t.Error(err)
	}
}

func TestSignersSeeWhatIsSent(t *testing.T) {
	for _, each := range []struct{ url, path, query string }{
		{"https://a/x%2Fy?q=1", "/x%2Fy", "q=1&r=a+b"},
		{"https://a", "/", "r=a+b"},
		{"https://a?q=/", "/", "q=/&r=a+b"},
		{"http://a:80/x//y", "/x//y", "r=a+b"},
	} {
		joint := "?"
		if strings.Contains(each.url, "?") {
			joint = "&"
		}
		host := jackfieldtest.Script{Exchanges: []jackfieldtest.Exchange{{
			Request: jackfieldtest.ExpectedRequest{
				Method: "POST", URL: each.url + joint + "r=a+b", Form: map[string]string{"k": "1"},
				Headers: map[string]string{"x-signature": "yes", "x-key": "7"},
			},
			Answer: &jackfieldtest.Answer{Status: 200},
		}}}.Host(t)
		request := host.Post(each.url).Sign(func(it jackfield.Unsigned) (map[string]string, error) {
			if it.Method != "POST" || it.Path != each.path || it.Query != each.query || string(it.Body) != "k=1" {
				t.Errorf("%s: %+v", each.url, it)
			}
			return map[string]string{"x-signature": "yes", "x-key": "7"}, nil
		})
		if _, err := request.Query(url.Values{"r": {"a b"}}).Form(url.Values{"k": {"1"}}).Send(); err != nil {
			t.Error(err)
		}
	}
	unsigned := (jackfieldtest.Script{}).Host(t).Get("https://a").Sign(func(jackfield.Unsigned) (map[string]string, error) {
		return nil, jackfield.ErrUnauthorized
	})
	if _, err := unsigned.Send(); !errors.Is(err, jackfield.ErrUnauthorized) {
		t.Error(err)
	}
}

func TestWrappedFailureIsFound(t *testing.T) {
	limited := &jackfield.RateLimited{}
	moved := jackfield.Conflict("revision 7 is now 8")
	for _, failure := range []error{jackfield.ErrNotFound, limited, jackfield.Reject("a", "b"), moved} {
		if got := jackfield.AsFailure(fmt.Errorf("lead: %w", failure)); got != failure {
			t.Errorf("%v: %v", failure, got)
		}
	}
	if !errors.Is(moved, jackfield.ErrConflict) || errors.Is(moved, jackfield.ErrUnknown) {
		t.Error(moved)
	}
	if got := jackfield.AsFailure(errors.New("a mistake")); got != nil {
		t.Error(got)
	}
}

func TestAdapterJudgesBeforeTheSDK(t *testing.T) {
	judge := func(answer *jackfield.Response) error {
		text, err := answer.Text()
		if err != nil {
			return err
		}
		switch text {
		case "moved":
			return jackfield.Conflict("the revision moved")
		case "field":
			return jackfield.Reject("E7", "the remark is too long")
		case "down":
			return jackfield.Unavailable("the CRM answered 200 with status E503")
		}
		return nil
	}
	for _, status := range []uint16{200, 302, 401, 403, 404, 409, 412, 429, 500, 502, 503} {
		for text, failure := range map[string]error{
			"moved": jackfield.Conflict("the revision moved"), "field": jackfield.Reject("E7", "the remark is too long"),
			"down": jackfield.Unavailable("the CRM answered 200 with status E503"),
		} {
			err := answering(t, status, text, nil).Get(base).Judge(judge).Fetch(new(any))
			if !reflect.DeepEqual(err, failure) {
				t.Errorf("%d %s: %v", status, text, err)
			}
		}
	}
	if err := answering(t, 503, "else", nil).Get(base).Judge(judge).Fetch(new(any)); !errors.Is(err, jackfield.ErrUnavailable) {
		t.Error(err)
	}
	_, err := answering(t, 500, "\xff", nil).Get(base).Judge(judge).Send()
	why := "the CRM's answer with status 500 cannot be read: not UTF-8"
	if !reflect.DeepEqual(err, jackfield.Unknown(why)) {
		t.Error(err)
	}
}

func TestNumbersKeepTheirDigits(t *testing.T) {
	const text = `{"ref":100000000000000000000001,"rate":1.10,"limit":1e2}`
	var read map[string]any
	if err := answering(t, 200, text, nil).Get(base).Fetch(&read); err != nil {
		t.Fatal(err)
	}
	written, err := json.Marshal(read)
	if err != nil || string(written) != `{"limit":1e2,"rate":1.10,"ref":100000000000000000000001}` {
		t.Error(string(written), err)
	}
	extension := jackfield.Extension{Pointer: "/numbers", JSON: text}
	host := jackfieldtest.Script{Exchanges: []jackfieldtest.Exchange{{
		Request: jackfieldtest.ExpectedRequest{Method: "POST", URL: base, JSON: json.RawMessage(`{"custom":` + text + `}`)},
		Answer:  &jackfieldtest.Answer{Status: 200},
	}}}.Host(t)
	if _, err := host.Post(base).JSON(map[string]any{"custom": extension.Raw()}).Send(); err != nil {
		t.Error(err)
	}
}

func TestOneBadLeadKeepsTheOthers(t *testing.T) {
	parse := func(id string) (jackfield.Lead, error) {
		switch id {
		case "":
			return jackfield.Lead{}, fmt.Errorf("row: %w", jackfield.Reject("bad-lead", "the lead has no id").Field("id", "is missing"))
		case "down":
			return jackfield.Lead{}, jackfield.ErrUnavailable
		}
		return jackfield.Lead{ID: id, Phone: "+919800000000"}, nil
	}
	parsed, err := jackfield.EachLead([]string{"A", "", "C"}, parse)
	if err != nil || len(parsed) != 3 {
		t.Fatal(parsed, err)
	}
	refused, is := parsed[1].(*jackfield.Rejected)
	if !is || refused.Fields[0].Field != "id" || parsed[0].(jackfield.Lead).ID != "A" || parsed[2].(jackfield.Lead).ID != "C" {
		t.Error(parsed)
	}
	if parsed, err := jackfield.EachLead([]string{"A", "down"}, parse); parsed != nil || !errors.Is(err, jackfield.ErrUnavailable) {
		t.Error(parsed, err)
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
