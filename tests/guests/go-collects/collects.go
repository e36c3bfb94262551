// Package collects runs Go's garbage collector at every point of an invocation: its long-lived data has many pointers,
// so that marking takes long, and meanwhile the host writes into the guest's memory.
package collects

import (
	"fmt"
	"strconv"
	"strings"

	"jackfield.dev/jackfield"
)

func init() { jackfield.Register(adapter{}) }

type adapter struct{}

// link is a node of a linked list: the smallest thing that the collector must trace.
type link struct {
	next *link
	text string
}

// kept lives from one invocation of an instance to the next.
var kept [4]*link

func (adapter) Describe() *jackfield.Description {
	return jackfield.Describe("go-collects", "1.0.0").Origin("base_url", "A server with large answers").IdempotentWrites()
}

// Status sends as many requests as the lead's id says (`7-500`: seven requests, each after a list of 500 links), and
// returns the number of bytes received.
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

// ParseLeads makes a list before it returns a lead with the body's length, so that a collection may be running when the
// next invocation's body arrives.
func (adapter) ParseLeads(_ *jackfield.Host, inbound *jackfield.Inbound) ([]jackfield.ParsedLead, error) {
	chain(len(inbound.Body)%len(kept), 2000)
	return []jackfield.ParsedLead{jackfield.Lead{ID: strconv.Itoa(len(inbound.Body)), Phone: "+919800000000"}}, nil
}

// chain replaces a kept list with a new one.
func chain(place, links int) {
	var first *link
	for n := range links {
		first = &link{next: first, text: fmt.Sprint("link ", n)}
	}
	kept[place%len(kept)] = first
}
