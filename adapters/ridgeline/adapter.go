// Package ridgeline is the adapter for Ridgeline, a JSON API that changes a prospect only if the request names its
// current version.
//
// This file makes the requests; mapping.go converts their contents. The host adds Ridgeline's API key.
package ridgeline

import (
	"errors"
	"fmt"

	"jackfield.dev/jackfield"
)

func init() { jackfield.Register(Adapter{}) }

// Adapter is the adapter for Ridgeline.
type Adapter struct{}

// attempts is how often one invocation tries to change a prospect. A refused version wrote nothing, so a repetition is
// safe. After three conflicts in a row, the host tries again seconds later.
const attempts = 3

// Describe says what the adapter is and what it needs.
func (Adapter) Describe() *jackfield.Description {
	return jackfield.Describe("ridgeline", "1.0.0").
		Origin("base_url", "Where Ridgeline lives, such as https://crm.example").
		Credential("crm", jackfield.Header, "Ridgeline's API key, in the header X-Api-Key").
		IdempotentWrites() // Ridgeline stores one interaction per call_ref
}

// Status asks whether a prospect may be called now.
func (Adapter) Status(host *jackfield.Host, leadID string) (jackfield.LeadStatus, error) {
	base, err := host.Required("base_url")
	if err != nil {
		return jackfield.LeadStatus{}, err
	}
	found, answer, err := read(host, base, leadID)
	if err != nil {
		return jackfield.LeadStatus{}, err
	}
	status, err := found.status()
	if err != nil {
		return status, answer.Unreadable(err.Error())
	}
	return status, nil
}

// Write updates the prospect and adds the call to its interactions, in one request.
func (Adapter) Write(host *jackfield.Host, call *jackfield.Disposition, key string) (jackfield.Receipt, error) {
	none := jackfield.Receipt{}
	base, err := host.Required("base_url")
	if err != nil {
		return none, err
	}
	body, err := newPatch(host, call, key)
	if err != nil {
		return none, err
	}
	for range attempts {
		found, _, err := read(host, base, call.LeadID)
		if err != nil {
			return none, err
		}
		seen := fmt.Sprintf(`"v%d"`, found.Version)
		change := host.Patch(base, "v2", "prospects", call.LeadID).Header("if-match", seen).JSON(body)
		answer, err := change.Judge(versionMoved).Send()
		if errors.Is(err, jackfield.ErrConflict) {
			continue
		}
		if err != nil {
			return none, err
		}
		if err := answer.AcceptOr(refusal); err != nil {
			return none, err
		}
		var saved saved
		if err := answer.JSON(&saved); err != nil {
			return none, err
		}
		return jackfield.Receipt{Reference: saved.Interaction.Number}, nil
	}
	return none, jackfield.Conflict(fmt.Sprintf("the prospect's version moved %d times before it could be written", attempts))
}

// read fetches a prospect.
func read(host *jackfield.Host, base, leadID string) (*prospect, *jackfield.Response, error) {
	answer, err := host.Get(base, "v2", "prospects", leadID).Send()
	if err != nil {
		return nil, nil, err
	}
	if err := answer.AcceptOr(refusal); err != nil {
		return nil, nil, err
	}
	var found struct {
		Prospect prospect `json:"prospect"`
	}
	if err := answer.JSON(&found); err != nil {
		return nil, nil, err
	}
	return &found.Prospect, answer, nil
}

// refusal returns Ridgeline's own reason, which a person sees in review. Nil if the answer is not Ridgeline's.
func refusal(answer *jackfield.Response) *jackfield.Rejected {
	var refused refused
	if answer.JSON(&refused) != nil {
		return nil
	}
	return refused.rejected()
}

// versionMoved returns a conflict for a 409 that is Ridgeline's own, which proves that nothing was written, and not a
// proxy's.
func versionMoved(answer *jackfield.Response) error {
	var refused refused
	if answer.Status() == 409 && answer.JSON(&refused) == nil && refused.Error.Code == "VERSION_MOVED" {
		return jackfield.Conflict("the prospect's version moved")
	}
	return nil
}
