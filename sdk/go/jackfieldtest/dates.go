package jackfieldtest

import (
	"strings"
	"time"
	_ "time/tzdata" // of the tests alone: a component asks the host

	"jackfield.dev/jackfield/internal/instant"
	"jackfield.dev/jackfield/internal/wire"
)

// localInstant is the contract's dates.instant by Go's own time zone database: a time in a gap is moved forward by the
// gap's length, and a time that exists twice is the earlier one. Both follow from reading the time with the offset before
// the change of clocks.
func localInstant(local, zone string) (string, wire.DateError) {
	place, known := location(zone)
	if !known {
		return "", wire.UnknownZone
	}
	wall, is := instant.Parse(local + "Z")
	if !is || local[len("2006-01-02")] != 'T' {
		return "", wire.InvalidTime
	}
	guess := time.Date(wall.Year(), wall.Month(), wall.Day(), wall.Hour(), wall.Minute(), wall.Second(),
		wall.Nanosecond(), place)
	starts, ends := guess.ZoneBounds()
	for _, change := range []time.Time{starts, ends} {
		if change.IsZero() {
			continue
		}
		before, after := offset(change.Add(-time.Nanosecond)), offset(change)
		// The local times of the gap or of the fold, as if they were in UTC.
		first, end := change.UTC().Add(min(before, after)), change.UTC().Add(max(before, after))
		if !wall.Before(first) && wall.Before(end) {
			return instant.Format(wall.Add(-before).In(place)), 0
		}
	}
	return instant.Format(guess), 0
}

// instantLocal is the contract's dates.local.
func instantLocal(at, zone string) (string, wire.DateError) {
	place, known := location(zone)
	if !known {
		return "", wire.UnknownZone
	}
	parsed, is := instant.Parse(at)
	if !is {
		return "", wire.InvalidTime
	}
	return instant.Format(parsed.In(place)), 0
}

// location is the zone of an IANA name or UTC. Names without a slash are abbreviations or old names.
func location(zone string) (*time.Location, bool) {
	if zone != "UTC" && !strings.Contains(zone, "/") {
		return nil, false
	}
	place, err := time.LoadLocation(zone)
	return place, err == nil
}

func offset(at time.Time) time.Duration {
	_, seconds := at.Zone()
	return time.Duration(seconds) * time.Second
}
