package guest

import (
	"errors"
	"regexp"
	"strings"
	"testing"
)

func lastLine(panics func()) (line string) {
	defer func() {
		var written strings.Builder
		LastWords(&written, recover(), []byte("goroutine 1 [running]:"))
		lines := strings.Split(strings.TrimSpace(written.String()), "\n")
		line = lines[len(lines)-1]
	}()
	panics()
	return "nothing happened"
}

func TestLastLineSaysWhatAndWhere(t *testing.T) {
	names := []string{"a"}
	cases := []struct {
		panics  func()
		pattern string
	}{
		{
			func() { _ = names[len(names)+2] },
			`^panic: runtime error: index out of range \[3\] with length 1 \(guest_test\.go:\d+ in guest\.Test.*\)$`,
		},
		{func() { panic("bad stage\n'x'") }, `^panic: bad stage 'x' \(guest_test\.go:\d+ in .*\)$`},
		{func() { panic(errors.New("own error")) }, `^panic: own error \(guest_test\.go:\d+ in .*\)$`},
		{
			func() { panic(&Bug{Method: "Status", Err: errors.New("no stage")}) },
			`^error: no stage \(returned by Status; it is not one of jackfield's failures\)$`,
		},
		{func() { var m map[string]int; m["a"] = 1 }, `^panic: assignment to entry in nil map \(guest_test\.go:\d+ in .*\)$`},
	}
	for _, each := range cases {
		if line := lastLine(each.panics); !regexp.MustCompile(each.pattern).MatchString(line) {
			t.Errorf("%q does not match %s", line, each.pattern)
		}
	}
}
