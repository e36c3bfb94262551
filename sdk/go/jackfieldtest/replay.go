package jackfieldtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"jackfield.dev/jackfield"
	"jackfield.dev/jackfield/internal/instant"
)

// recording is a fixture: one invocation in a JSON file, in the same format for adapters in all languages.
type recording struct {
	About string `json:"about"`
	Script
	Call struct {
		QueryStatus *struct {
			LeadID string `json:"lead_id"`
		} `json:"query_status"`
		WriteDisposition *struct {
			Disposition    jackfield.Disposition `json:"disposition"`
			IdempotencyKey *string               `json:"idempotency_key"`
		} `json:"write_disposition"`
		Find *struct {
			LeadID         string `json:"lead_id"`
			IdempotencyKey string `json:"idempotency_key"`
		} `json:"find"`
		ParseLeads *struct {
			ContentType string `json:"content_type"`
			Body        string `json:"body"`
			ReceivedAt  string `json:"received_at"`
		} `json:"parse_leads"`
	} `json:"call"`
	Returns struct {
		OK  json.RawMessage `json:"ok"`
		Err json.RawMessage `json:"err"`
	} `json:"returns"`
}

// Replay replays every .json file of a folder, each as a sub-test of its name. A file is one invocation:
//
//	{
//	  "about": "A lead that may be called",
//	  "settings": {"base_url": "https://crm.example"},
//	  "call": {"query_status": {"lead_id": "L-1"}},
//	  "exchanges": [{
//	    "request": {"method": "GET", "url": "https://crm.example/leads/L-1"},
//	    "answer": {"status": 200, "json": {"id": "L-1", "stage": "new"}}
//	  }],
//	  "returns": {"ok": {"lead_id": "L-1", "callable": true, "status": "new"}}
//	}
//
// call is query_status {lead_id}, write_disposition {disposition, idempotency_key}, find {lead_id, idempotency_key} or
// parse_leads {content_type, body, received_at}. Records are the contract's, in snake case; optional fields may be
// omitted. The default of idempotency_key is the call's id. country is that of telephone numbers without a country code.
// See [Exchange] for the rest.
//
// returns is ok or err. A failure is "unknown", which stands for any reason, {"unknown": "a reason"}, {"rate_limited":
// 30}, {"rejected": {"code", "message", "fields"}} and so on. A lead that parse_leads refuses is {"rejected": …} in its
// place.
func Replay(t *testing.T, adapter jackfield.Adapter, folder string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: no .json files to replay", folder)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) { replay(t, adapter, file) })
	}
}

func replay(t *testing.T, adapter jackfield.Adapter, file string) {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var recorded recording
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&recorded); err != nil {
		t.Fatalf("%s is not a fixture: %v", file, err)
	}
	t.Log(recorded.About)
	host := recorded.Host(t)
	call := recorded.Call
	switch {
	case call.QueryStatus != nil:
		status, err := adapter.Status(host, call.QueryStatus.LeadID)
		status.LastCallAttempt = instant.Respell(status.LastCallAttempt)
		compare(t, recorded, status, err)
	case call.WriteDisposition != nil:
		disposition := call.WriteDisposition.Disposition
		key := disposition.CallID
		if given := call.WriteDisposition.IdempotencyKey; given != nil {
			key = *given
		}
		receipt, err := adapter.Write(host, &disposition, key)
		compare(t, recorded, receipt, err)
	case call.Find != nil:
		lookup, implemented := adapter.(jackfield.Lookup)
		if !implemented {
			t.Fatal("the fixture calls `find`, and the adapter does not implement jackfield.Lookup")
		}
		receipt, err := lookup.Find(host, call.Find.LeadID, call.Find.IdempotencyKey)
		compare(t, recorded, receipt, err)
	case call.ParseLeads != nil:
		parser, implemented := adapter.(jackfield.LeadParser)
		if !implemented {
			t.Fatal("the fixture calls `parse_leads`, and the adapter does not implement jackfield.LeadParser")
		}
		parse := call.ParseLeads
		leads, err := parser.ParseLeads(host, &jackfield.Inbound{
			ContentType: parse.ContentType, Body: []byte(parse.Body), ReceivedAt: parse.ReceivedAt,
		})
		elements := make([]element, len(leads))
		for i, lead := range leads {
			elements[i] = newElement(t, lead)
		}
		compare(t, recorded, elements, err)
	default:
		t.Fatal("`call` is query_status, write_disposition, find or parse_leads")
	}
}

func compare[T any](t *testing.T, recorded recording, got T, err error) {
	t.Helper()
	if err != nil {
		failure := jackfield.AsFailure(err)
		if failure == nil {
			t.Fatalf("returned an error that is not one of jackfield's failures, which is a fault: %v", err)
		}
		expected := tree(recorded.Returns.Err)
		said := tree(failureJSON(failure))
		var reasoned *jackfield.Reasoned
		if _, anyReason := expected.(string); anyReason && errors.As(failure, &reasoned) {
			said = tree(failureJSON(reasoned.Failure))
		}
		if !reflect.DeepEqual(expected, said) {
			t.Error(unlike("failure", string(recorded.Returns.Err), indented(said)))
		}
		return
	}
	if recorded.Returns.OK == nil {
		t.Fatalf("returned %s instead of the failure %s", indented(got), recorded.Returns.Err)
	}
	var expected T
	if err := json.Unmarshal(recorded.Returns.OK, &expected); err != nil {
		t.Fatalf("returns.ok: %v", err)
	}
	// Compared as JSON, so that an empty list equals a missing one.
	if want, have := bare(expected), bare(got); !reflect.DeepEqual(want, have) {
		t.Error(unlike("result", indented(want), indented(have)))
	}
}

// bare converts a value to JSON without fields that are null, empty or the normal priority.
func bare(value any) any {
	text, err := json.Marshal(value)
	if err != nil {
		return err.Error()
	}
	return strip(tree(text))
}

func strip(value any) any {
	switch value := value.(type) {
	case map[string]any:
		for name, member := range value {
			list, isList := member.([]any)
			if member == nil || isList && len(list) == 0 || name == "call_priority" && (member == "" || member == "normal") {
				delete(value, name)
				continue
			}
			value[name] = strip(member)
		}
	case []any:
		for i, item := range value {
			value[i] = strip(item)
		}
	}
	return value
}

// element is a lead of a webhook as fixtures write it, or its refusal.
type element struct {
	*jackfield.Lead
	Rejected *jackfield.Rejected `json:"rejected,omitempty"`
}

func newElement(t *testing.T, parsed jackfield.ParsedLead) element {
	switch parsed := parsed.(type) {
	case jackfield.Lead:
		parsed.CreatedAt = instant.Respell(parsed.CreatedAt)
		return element{Lead: &parsed}
	case *jackfield.Lead:
		return newElement(t, *parsed)
	case *jackfield.Rejected:
		return element{Rejected: parsed}
	}
	t.Fatalf("ParseLeads returned %v in place of a lead or a refusal, which is a fault", parsed)
	return element{}
}

// words are the failures without details as fixtures write them.
var words = map[error]string{
	jackfield.ErrUnavailable:  "unavailable",
	jackfield.ErrUnknown:      "unknown",
	jackfield.ErrUnauthorized: "unauthorized",
	jackfield.ErrNotFound:     "not_found",
	jackfield.ErrConflict:     "conflict",
}

// failureJSON returns a failure as fixtures write it.
func failureJSON(failure error) []byte {
	var shape any
	switch what := failure.(type) {
	case *jackfield.Reasoned:
		shape = map[string]string{words[what.Failure]: what.Reason}
	case *jackfield.RateLimited:
		shape = map[string]any{"rate_limited": what.RetryAfter}
	case *jackfield.Rejected:
		fields := what.Fields
		if fields == nil {
			fields = []jackfield.FieldError{}
		}
		shape = map[string]any{"rejected": jackfield.Rejected{Code: what.Code, Message: what.Message, Fields: fields}}
	default:
		shape = words[failure]
	}
	text, err := json.Marshal(shape)
	if err != nil {
		panic(fmt.Sprintf("a failure cannot be written: %v", err))
	}
	return text
}
