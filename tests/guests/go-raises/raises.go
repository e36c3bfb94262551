// Package raises fails in every way that a Go program can, selected by the lead's id, and has all optional exports.
package raises

import (
	"errors"
	"fmt"

	"jackfield.dev/jackfield"
)

func init() { jackfield.Register(adapter{}) }

type adapter struct{}

func (adapter) Describe() *jackfield.Description {
	return jackfield.Describe("go-raises", "1.0.0").IdempotentWrites()
}

func (adapter) Status(host *jackfield.Host, leadID string) (jackfield.LeadStatus, error) {
	return jackfield.LeadStatus{LeadID: leadID, Callable: true, Status: "new"}, raise(host, leadID)
}

func (adapter) Write(host *jackfield.Host, disposition *jackfield.Disposition, _ string) (jackfield.Receipt, error) {
	return jackfield.Receipt{Reference: "R"}, raise(host, disposition.LeadID)
}

func (adapter) Find(host *jackfield.Host, leadID, key string) (*jackfield.Receipt, error) {
	if key == "absent" {
		return nil, nil
	}
	return &jackfield.Receipt{Reference: key}, raise(host, leadID)
}

func (adapter) ParseLeads(_ *jackfield.Host, inbound *jackfield.Inbound) ([]jackfield.Lead, error) {
	id := string(inbound.Body)
	return []jackfield.Lead{{ID: id, Phone: "+919800000000", Name: &id, CallPriority: jackfield.High}}, nil
}

func raise(host *jackfield.Host, how string) error {
	stages := []string{"new"}
	var unmade map[string]string
	var nobody *jackfield.Disposition
	switch how {
	case "index":
		return errors.New(stages[len(stages)+2])
	case "map":
		unmade["stage"] = how
	case "nil":
		return errors.New(nobody.CallID)
	case "panic":
		panic("bad stage\n'x'")
	case "error":
		return fmt.Errorf("stage %q: %w", "x", errors.New("not in the table"))
	case "wrapped":
		return fmt.Errorf("asking for the stage: %w", jackfield.ErrUnauthorized)
	case "log":
		host.Log(jackfield.LevelInfo, "odd", "name without a value")
	case "grows":
		for kept := [][]byte{}; ; {
			kept = append(kept, make([]byte, 1<<20))
			kept[len(kept)-1][0] = 1
		}
	case "hangs":
		for {
			stages[0] += ""
		}
	}
	return nil
}
