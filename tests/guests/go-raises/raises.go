// Package raises fails in every way that a Go program can, selected by the lead's id, and has all optional exports. For a
// lead id such as `instant|2026-07-05T16:30|Asia/Kolkata`, it asks the host for a time or a telephone number.
package raises

import (
	"errors"
	"fmt"
	"strings"

	"jackfield.dev/jackfield"
	"jackfield.dev/jackfield/date"
	"jackfield.dev/jackfield/phone"
)

func init() { jackfield.Register(adapter{}) }

type adapter struct{}

func (adapter) Describe() *jackfield.Description {
	return jackfield.Describe("go-raises", "1.0.0").IdempotentWrites()
}

func (adapter) Status(host *jackfield.Host, leadID string) (jackfield.LeadStatus, error) {
	if asked := strings.Split(leadID, "|"); len(asked) == 3 {
		answer, err := converted(host, asked[0], asked[1], asked[2])
		// The SDK prints the time anew.
		odd := "2026-07-01t14:31:55.000+0530"
		return jackfield.LeadStatus{LeadID: leadID, Callable: true, Status: answer, LastCallAttempt: &odd}, err
	}
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

// converted converts a text by the host.
func converted(host *jackfield.Host, what, text, zone string) (string, error) {
	convert := date.Instant
	switch what {
	case "phone":
		return phone.E164(host, text, "phone")
	case "local":
		convert = date.Local
	}
	at, err := convert(host, text, zone)
	return date.RFC3339(at), err
}

// ParseLeads reads `id,phone` lines. A line whose number the host does not know is refused alone.
func (adapter) ParseLeads(host *jackfield.Host, inbound *jackfield.Inbound) ([]jackfield.ParsedLead, error) {
	return jackfield.EachLead(strings.Split(string(inbound.Body), "\n"), func(line string) (jackfield.Lead, error) {
		id, number, _ := strings.Cut(line, ",")
		number, err := phone.E164(host, number, "phone")
		created := "2026-07-01T14:31:55+0530"
		return jackfield.Lead{ID: id, Phone: number, Name: &id, CreatedAt: &created, CallPriority: jackfield.High}, err
	})
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
		return fmt.Errorf("asking for the stage: %w", jackfield.Unauthorized("the CRM answered E401 in its page"))
	case "moved":
		return jackfield.Conflict("the revision moved")
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
