// Package jackfield is the SDK for CRM adapters in Go.
//
// An adapter defines how one CRM answers a status query and takes a disposition. The host does the rest: signatures,
// queues, retries, credentials and limits. A whole adapter:
//
//	package acme
//
//	import "jackfield.dev/jackfield"
//
//	func init() { jackfield.Register(Adapter{}) }
//
//	type Adapter struct{}
//
//	func (Adapter) Describe() *jackfield.Description {
//		return jackfield.Describe("acme", "1.0.0").
//			Origin("base_url", "Where Acme's CRM lives, such as https://crm.example").
//			Credential("crm", jackfield.Bearer, "Acme's API token, which the host adds")
//	}
//
//	func (Adapter) Status(host *jackfield.Host, leadID string) (jackfield.LeadStatus, error) {
//		base, err := host.Required("base_url")
//		if err != nil {
//			return jackfield.LeadStatus{}, err
//		}
//		var lead struct {
//			Stage string `json:"stage"`
//			DNC   bool   `json:"dnc"`
//		}
//		if err := host.Get(base, "leads", leadID).Fetch(&lead); err != nil {
//			return jackfield.LeadStatus{}, err
//		}
//		return jackfield.LeadStatus{
//			LeadID: leadID, Callable: lead.Stage == "open" && !lead.DNC, Status: lead.Stage, DNC: lead.DNC,
//		}, nil
//	}
//
//	func (Adapter) Write(host *jackfield.Host, call *jackfield.Disposition, key string) (jackfield.Receipt, error) {
//		…
//	}
//
// Errors: what goes wrong with the CRM is a failure ([ErrUnavailable], [ErrUnknown], [ErrUnauthorized], [ErrNotFound],
// [ErrConflict], [RateLimited], [Rejected]), and the failure alone decides what the host does next. [Unavailable], [Unknown],
// [Unauthorized] and [Conflict] make one with a reason for the operator. Any other error that an adapter returns, and any
// panic, counts as a mistake in the adapter: the invocation ends as a fault whose detail is the error's text. So wrap
// failures with %w as you like, and never turn one into another kind of error.
//
// The packages date, money and phone format values as CRMs expect them, dates and numbers by the host's own tables;
// jackfieldtest replays recorded invocations in `go test`.
package jackfield
