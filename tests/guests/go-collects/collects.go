// Package collects makes Go collect garbage at every moment of a call: what it keeps for a while has many pointers, so
// that marking takes long, and between two pieces of it the host puts something into its memory.
package collects

import (
	"fmt"
	"strconv"
	"strings"

	"jackfield.dev/jackfield"
)

func init() { jackfield.Register(adapter{}) }

type adapter struct{}

// link is one of a chain: the smallest thing that a collector must follow.
type link struct {
	next *link
	text string
}

// kept lives from one call of an instance to the next.
var kept [4]*link

func (adapter) Describe() *jackfield.Description {
	return jackfield.Describe("go-collects", "1.0.0").Origin("base_url", "A server with large answers").IdempotentWrites()
}

// Status fetches as often as the lead's id says, `7-500` for seven times with 500 links made before each, and answers
// how many bytes it was sent.
func (adapter) Status(host *jackfield.Host, leadID string) (jackfield.LeadStatus, error) {
	none := jackfield.LeadStatus{}
	times, links, _ := strings.Cut(leadID, "-")
	rounds, err := strconv.Atoi(times)
	if err != nil {
		return none, err
	}
	each, err := strconv.Atoi(links)
	if err != nil {
		return none, err
	}
	received := 0
	for round := range rounds {
		chain(round, each)
		base, err := host.Required("base_url")
		if err != nil {
			return none, err
		}
		answer, err := host.Get(base, "large").Send()
		if err != nil {
			return none, err
		}
		received += len(answer.Bytes())
	}
	return jackfield.LeadStatus{LeadID: leadID, Callable: true, Status: strconv.Itoa(received)}, nil
}

func (adapter) Write(*jackfield.Host, *jackfield.Disposition, string) (jackfield.Receipt, error) {
	chain(0, 1000)
	return jackfield.Receipt{Reference: "R"}, nil
}

// ParseLeads makes a chain before it answers a lead with the body's length, so that a collection may be under way when
// the next call's body comes.
func (adapter) ParseLeads(_ *jackfield.Host, inbound *jackfield.Inbound) ([]jackfield.Lead, error) {
	chain(len(inbound.Body)%len(kept), 2000)
	return []jackfield.Lead{{ID: strconv.Itoa(len(inbound.Body)), Phone: "+919800000000"}}, nil
}

// chain puts a new chain in the place of an old one.
func chain(place, links int) {
	var first *link
	for n := range links {
		first = &link{next: first, text: fmt.Sprint("link ", n)}
	}
	kept[place%len(kept)] = first
}
