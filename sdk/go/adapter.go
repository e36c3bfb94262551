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
	// the CRM accepts one, and search by it and nothing else. It is 1 to 64 letters, digits and . _ ~ -, so it is safe
	// in headers, URLs and bodies.
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
	// ParseLeads turns one webhook into leads, in the webhook's order, which is part of their keys; it returns none for
	// an event of another kind. A lead that cannot be read is refused alone: a *[Rejected] in its place of the list
	// goes to review, and the other leads are delivered. [EachLead] makes such a list. A *[Rejected] as the error sends
	// the whole webhook to review.
	ParseLeads(host *Host, inbound *Inbound) ([]ParsedLead, error)
}

// ParsedLead is an element of a webhook: a [Lead], or the *[Rejected] that refuses it alone.
type ParsedLead interface{ isParsedLead() }

func (Lead) isParsedLead() {}

func (*Rejected) isParsedLead() {}

// EachLead parses the elements of a webhook one by one. A [Rejected] that parse returns, wrapped or not, takes the place
// of that lead only; any other error is returned.
func EachLead[T any](elements []T, parse func(T) (Lead, error)) ([]ParsedLead, error) {
	parsed := make([]ParsedLead, 0, len(elements))
	for _, element := range elements {
		lead, err := parse(element)
		if err == nil {
			parsed = append(parsed, lead)
			continue
		}
		refused, is := AsFailure(err).(*Rejected)
		if !is {
			return nil, err
		}
		parsed = append(parsed, refused)
	}
	return parsed, nil
}

// Register sets the adapter that the component exports. Call it once, in an init function.
func Register(adapter Adapter) {
	if guest.Adapter != nil {
		panic("jackfield.Register was called twice: a component has one adapter")
	}
	guest.Adapter = adapter
}
