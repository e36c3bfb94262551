// Package instant reads RFC 3339 as systems write it, and prints it in one spelling.
package instant

import (
	"strings"
	"time"
)

// form is RFC 3339 with a numeric offset, and with decimals only where the instant has them.
const form = "2006-01-02T15:04:05.999999999-07:00"

// Parse reads an instant: RFC 3339, also with lower-case letters, with a blank in place of the T, without seconds, and
// with an offset such as +0530 or +05. The time has the offset of the text. False for anything else, also for a time
// without an offset.
func Parse(text string) (time.Time, bool) {
	const day = len("2006-01-02")
	if len(text) <= day || strings.IndexByte("Tt ", text[day]) < 0 {
		return time.Time{}, false
	}
	clock := text[day+1:]
	at := strings.IndexAny(clock, "Zz+-")
	if at < 0 {
		return time.Time{}, false
	}
	clock, offset := clock[:at], clock[at:]
	layout := "15:04:05"
	if len(clock) == len("15:04") {
		layout = "15:04"
	}
	zone, known := parseOffset(offset)
	// Go reads an hour of one digit, and a comma before decimals.
	if !known || len(clock) < len("15:04") || clock[2] != ':' || strings.Contains(clock, ",") {
		return time.Time{}, false
	}
	parsed, err := time.ParseInLocation(time.DateOnly+" "+layout, text[:day]+" "+clock, zone)
	return parsed, err == nil
}

// parseOffset reads Z, ±HH, ±HHMM and ±HH:MM.
func parseOffset(text string) (*time.Location, bool) {
	if text == "Z" || text == "z" {
		return time.UTC, true
	}
	digits := text[1:]
	if len(digits) == len("05:30") && digits[2] == ':' {
		digits = digits[:2] + digits[3:]
	}
	if len(digits) == len("05") {
		digits += "00"
	}
	if len(digits) != len("0530") || strings.Trim(digits, "0123456789") != "" {
		return nil, false
	}
	hours, minutes := int(digits[0]-'0')*10+int(digits[1]-'0'), int(digits[2]-'0')*10+int(digits[3]-'0')
	if hours > 23 || minutes > 59 {
		return nil, false
	}
	seconds := hours*3600 + minutes*60
	if text[0] == '-' {
		seconds = -seconds
	}
	return time.FixedZone("", seconds), true
}

// Format prints an instant in RFC 3339 with the time's own offset.
func Format(instant time.Time) string {
	return instant.Format(form)
}

// Respell prints an instant anew. A text that is not an instant stays as it is: the host says what is wrong with it.
func Respell(text *string) *string {
	if text == nil {
		return nil
	}
	parsed, is := Parse(*text)
	if !is {
		return text
	}
	spelled := Format(parsed)
	return &spelled
}
