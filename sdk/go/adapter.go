package jackfield

import "jackfield.dev/jackfield/internal/guest"

// Adapter is what every adapter implements.
//
// Every invocation runs in a fresh instance unless the tenant's file allows reuse, so keep no state in variables. Do
// not retry and do not sleep: return the right failure, and the host does the rest.
type Adapter interface {
	// Describe says what the adapter is and what it needs. Invoked once, when the adapter is pushed, without settings
	// and network.
	Describe() *Description
	// Status asks the CRM whether a lead may be called now. After any error, the host answers "do not call".
	Status(host *Host, leadID string) (LeadStatus, error)
	// Write writes to the CRM how a call ended. The key is the same on every attempt and replay; send it to the CRM if
	// the CRM accepts one.
	Write(host *Host, disposition *Disposition, idempotencyKey string) (Receipt, error)
}

// Lookup is implemented by adapters whose CRM can be searched by call id. Name it in adapter.toml: exports =
// ["lookup"].
type Lookup interface {
	// Find returns the receipt of the write with this key, or nil if the CRM certainly has no such record. Invoked
	// after an attempt whose outcome is unknown, before the host writes again.
	Find(host *Host, leadID, idempotencyKey string) (*Receipt, error)
}

// LeadParser is implemented by adapters whose CRM sends webhooks in a format of its own. Name it in adapter.toml:
// exports = ["leads"].
type LeadParser interface {
	// ParseLeads turns one webhook into leads; it returns none for an event of another kind. A [Rejected] sends the
	// webhook to review.
	ParseLeads(host *Host, inbound *Inbound) ([]Lead, error)
}

// Register sets the adapter that the component exports. Call it once, in an init function.
func Register(adapter Adapter) {
	if guest.Adapter != nil {
		panic("jackfield.Register was called twice: a component has one adapter")
	}
	guest.Adapter = adapter
}
