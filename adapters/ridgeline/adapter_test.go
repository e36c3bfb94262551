package ridgeline

import (
	"testing"

	"jackfield.dev/jackfield/jackfieldtest"
)

func TestDoesAsRecorded(t *testing.T) {
	jackfieldtest.Replay(t, Adapter{}, "fixtures")
}
