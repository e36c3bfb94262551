package jackfield

import "jackfield.dev/jackfield/internal/guest"

// Adapter is what every adapter implements.
//
// A fresh instance serves every call unless the tenant's file asks for reuse, so keep nothing in variables. Do not
// retry and do not sleep: return the right failure, and the host does the rest.
type Adapter interface {
	// Describe says what the adapter is and what it needs. Run once when it is pushed, without settings and network.
	Describe() *Description
	// Status asks the CRM whether a lead may be called now. Every error makes the host answer "do not call".
	Status(host *Host, leadID string) (LeadStatus, error)
	// Write tells the CRM how a call ended. The key is the same on every attempt and replay; hand it to the CRM if it
	// has a place for it.
	Write(host *Host, disposition *Disposition, idempotencyKey string) (Receipt, error)
}

// Lookup is implemented by adapters whose CRM can be searched by call id. Name it in adapter.toml:
// exports = ["lookup"].
type Lookup interface {
	// Find answers the receipt of the write with this key, or nil if the CRM surely holds no such record. Asked after an
	// attempt whose outcome is unknown, before the host writes again.
	Find(host *Host, leadID, idempotencyKey string) (*Receipt, error)
}

// LeadParser is implemented by adapters whose CRM sends webhooks in a shape of its own. Name it in adapter.toml:
// exports = ["leads"].
type LeadParser interface {
	// ParseLeads turns one webhook into leads, none if it is an event of another kind. A [Rejected] sends it to review.
	ParseLeads(host *Host, inbound *Inbound) ([]Lead, error)
}

// Register makes an adapter the one that the component exports. Call it once, in an init function.
func Register(adapter Adapter) {
	if guest.Adapter != nil {
		panic("jackfield.Register was called twice: a component is one adapter")
	}
	guest.Adapter = adapter
}
