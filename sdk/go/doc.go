// Package jackfield is what a CRM adapter in Go is written with.
//
// An adapter says how one CRM answers a status query and takes a disposition. Signatures, queues, retries, credentials
// and limits are the host's. A whole adapter:
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
// Errors: what a CRM can do to a call is a failure ([ErrUnavailable], [ErrUnknown], [ErrUnauthorized], [ErrNotFound],
// [RateLimited], [Rejected]), and the failure alone decides what the host does next. Any other error that an adapter
// returns, and any panic, is taken for a mistake in the adapter: the call ends as a fault whose detail is the error's
// text. So wrap failures with %w as you like, and never turn one into another kind of error.
//
// The package's sub-packages date, money and phone write what Indian CRMs expect; jackfieldtest replays recorded calls
// in `go test`.
package jackfield
