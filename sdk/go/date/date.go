// Package date writes and reads dates as Indian CRMs use them: RFC 3339 on one side, local time on the other.
//
// It includes the time zone database (half a megabyte of the component), since a guest has no files to read it from. An
// adapter that does not import the package does not contain it.
package date

import (
	"time"
	_ "time/tzdata" // a site visit may name any zone

	"jackfield.dev/jackfield"
)

// DefaultZone is the zone of a site visit that names none.
const DefaultZone = "Asia/Kolkata"

// IST is Indian standard time: five and a half hours ahead of UTC, all year.
var IST = time.FixedZone("IST", 5*3600+1800)

// InIST reads an RFC 3339 instant, such as an AcceptedAt, as Indian standard time. The error is a [jackfield.Rejected]
// that names accepted_at.
func InIST(rfc3339 string) (time.Time, error) {
	instant, err := time.Parse(time.RFC3339, rfc3339)
	if err != nil {
		return time.Time{}, jackfield.Reject("bad-date", "an instant is not written as RFC 3339").
			Field("accepted_at", "cannot be understood")
	}
	return instant.In(IST), nil
}

// VisitStart returns when a booked site visit begins, in the visit's own zone ([DefaultZone] if it names none), and
// false if no visit is booked, or its date or time is missing, because a call can end at any point. The error is a
// [jackfield.Rejected] that names the field whose value is not a date, time or zone.
func VisitStart(visit *jackfield.SiteVisit) (time.Time, bool, error) {
	if visit == nil || !visit.Booked || visit.Date == nil || visit.TimeSlot == nil {
		return time.Time{}, false, nil
	}
	zone := DefaultZone
	if visit.Timezone != nil {
		zone = *visit.Timezone
	}
	place, err := time.LoadLocation(zone)
	if err != nil || zone == "" || zone == "Local" {
		return bad("site_visit.timezone")
	}
	day, err := time.Parse(time.DateOnly, *visit.Date)
	if err != nil {
		return bad("site_visit.date")
	}
	slot, err := time.Parse("15:04", *visit.TimeSlot)
	if err != nil || len(*visit.TimeSlot) != len("15:04") {
		return bad("site_visit.time_slot")
	}
	starts := time.Date(day.Year(), day.Month(), day.Day(), slot.Hour(), slot.Minute(), 0, 0, place)
	return starts, true, nil
}

func bad(field string) (time.Time, bool, error) {
	return time.Time{}, false, jackfield.Reject("bad-date", "the site visit is not a real date, time and zone").
		Field(field, "cannot be understood")
}
