package jackfield

import (
	"errors"
	"fmt"
)

// Failures without details. Test for them with errors.Is, never with ==, since a failure may have a reason; and wrap them
// with %w as you like.
var (
	// ErrUnavailable: the CRM did not accept the request and nothing was written. The host retries on the delivery
	// ladder. [Unavailable] adds a reason.
	ErrUnavailable error = failure("unavailable: the CRM did not accept the request")
	// ErrUnknown: the request was sent and it is not known whether the CRM carried it out: no answer, a broken answer,
	// a 500. The host invokes Lookup before it writes again; without Lookup, it writes again only if writes are
	// idempotent. [Unknown] adds a reason.
	ErrUnknown error = failure("unknown: the CRM may or may not have carried out the request")
	// ErrUnauthorized: the credentials were refused. The host raises an alert at once and retries on the delivery
	// ladder. [Unauthorized] adds a reason.
	ErrUnauthorized error = failure("unauthorized: the CRM refused the credentials")
	// ErrNotFound: the CRM does not know the lead. The delivery goes to review at once.
	ErrNotFound error = failure("not-found: the CRM does not know the lead")
	// ErrConflict: the CRM's record moved between reading and writing it, and nothing was written. Read again and try
	// once more first. The host retries within seconds, without counting the attempts. [Conflict] adds a reason.
	ErrConflict error = failure("conflict: the CRM's record moved, and nothing was written")
)

type failure string

func (f failure) Error() string { return string(f) }

// Reasoned is a failure with a reason: one sentence for the operator who looks at the delivery, without personal data.
// The host shows at most 500 bytes of it.
type Reasoned struct {
	// Failure is ErrUnavailable, ErrUnknown, ErrUnauthorized or ErrConflict.
	Failure error
	// Reason is the sentence, such as "the CRM answered 200 with status E503".
	Reason string
}

func (r *Reasoned) Error() string { return r.Failure.Error() + ": " + r.Reason }

// Unwrap returns the failure, so that errors.Is finds it.
func (r *Reasoned) Unwrap() error { return r.Failure }

// Unavailable is [ErrUnavailable] with a reason for the operator, which must not contain personal data.
func Unavailable(reason string) error { return &Reasoned{Failure: ErrUnavailable, Reason: reason} }

// Unknown is [ErrUnknown] with a reason for the operator, which must not contain personal data.
func Unknown(reason string) error { return &Reasoned{Failure: ErrUnknown, Reason: reason} }

// Unauthorized is [ErrUnauthorized] with a reason for the operator, which must not contain personal data.
func Unauthorized(reason string) error { return &Reasoned{Failure: ErrUnauthorized, Reason: reason} }

// Conflict is [ErrConflict] with a reason for the operator, which must not contain personal data.
func Conflict(reason string) error { return &Reasoned{Failure: ErrConflict, Reason: reason} }

// RateLimited is the failure of a CRM that asks to slow down. The attempt does not count.
type RateLimited struct {
	// RetryAfter is the delay in seconds that the CRM asks for. Without one, the host reads the CRM's own headers or
	// backs off by itself.
	RetryAfter *uint32 `json:"retry_after"`
}

func (r *RateLimited) Error() string {
	if r.RetryAfter == nil {
		return "rate-limited"
	}
	return fmt.Sprintf("rate-limited for %d s", *r.RetryAfter)
}

// Rejected is the failure of a request that the CRM understood and refused. The delivery goes to review at once, where
// a person sees code, message and fields, and can edit and replay it. None of them may contain personal data.
type Rejected struct {
	// Code is the CRM's error code, empty if it has none.
	Code string `json:"code"`
	// Message is the CRM's message.
	Message string `json:"message"`
	// Fields are the fields that the CRM named.
	Fields []FieldError `json:"fields"`
}

// FieldError is a field that the CRM refused.
type FieldError struct {
	// Field is its name, as the CRM names it.
	Field string `json:"field"`
	// Message is what is wrong with it, in the CRM's words.
	Message string `json:"message"`
}

// Reject creates a refusal with a code and a message.
func Reject(code, message string) *Rejected {
	return &Rejected{Code: code, Message: message}
}

// Field adds a field and what is wrong with it.
func (r *Rejected) Field(field, message string) *Rejected {
	r.Fields = append(r.Fields, FieldError{Field: field, Message: message})
	return r
}

func (r *Rejected) Error() string {
	text := "rejected: " + r.Code + ": " + r.Message
	for _, field := range r.Fields {
		text += "; " + field.Field + " " + field.Message
	}
	return text
}

// AsFailure returns the failure that an error is or wraps: one of the sentinels, a *[Reasoned], a *[RateLimited] or a
// *[Rejected]. It returns nil for any other error, which the host treats as a fault of the adapter.
func AsFailure(err error) error {
	var reasoned *Reasoned
	var plain failure
	var limited *RateLimited
	var rejected *Rejected
	switch {
	case errors.As(err, &reasoned) && reasoned != nil:
		return reasoned
	case errors.As(err, &plain):
		return plain
	case errors.As(err, &limited) && limited != nil:
		return limited
	case errors.As(err, &rejected) && rejected != nil:
		return rejected
	}
	return nil
}
