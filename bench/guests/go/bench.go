// Package bench is the Go guest of the benchmarks of an invocation; see the Rust guest.
package bench

import (
	"strconv"

	"jackfield.dev/jackfield"
)

func init() { jackfield.Register(adapter{}) }

type adapter struct{}

func (adapter) Describe() *jackfield.Description {
	return jackfield.Describe("bench-go", "1.0.0")
}

func (adapter) Status(host *jackfield.Host, leadID string) (jackfield.LeadStatus, error) {
	status := jackfield.LeadStatus{LeadID: leadID, Callable: true, Status: "new"}
	if leadID == "waits" {
		_, err := host.Get("http://waits.example/").Send()
		return status, err
	}
	return status, nil
}

func (adapter) Write(_ *jackfield.Host, call *jackfield.Disposition, _ string) (jackfield.Receipt, error) {
	length := 0
	for _, url := range []*string{call.RecordingURL, call.TranscriptURL} {
		if url != nil {
			length += len(*url)
		}
	}
	for _, extension := range call.Extensions {
		length += len(extension.JSON)
	}
	return jackfield.Receipt{Reference: strconv.Itoa(length)}, nil
}
