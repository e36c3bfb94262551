// Package date reads and prints times as CRMs write them: RFC 3339 on one side, local time on the other.
//
// Named time zones are the host's: an adapter contains no time zone database.
package date

import (
	"time"

	"jackfield.dev/jackfield"
	"jackfield.dev/jackfield/internal/instant"
	"jackfield.dev/jackfield/internal/wire"
)

// DefaultZone is the zone of a site visit that names none.
const DefaultZone = "Asia/Kolkata"

// IST is Indian standard time: five and a half hours ahead of UTC, all year.
var IST = time.FixedZone("IST", 5*3600+1800)

// Parse reads an instant in RFC 3339, also in spellings such as +0530, lower-case letters, or a blank in place of the T.
// The error is a [jackfield.Rejected].
func Parse(rfc3339 string) (time.Time, error) {
	parsed, is := instant.Parse(rfc3339)
	if !is {
		return time.Time{}, jackfield.Reject("bad-date", "an instant is not written as RFC 3339")
	}
	return parsed, nil
}

// RFC3339 prints an instant with the time's own offset, in the one spelling of the contract, such as
// 2026-07-05T16:30:00+05:30.
func RFC3339(at time.Time) string {
	return instant.Format(at)
}

// Instant returns the instant of a local time in a named zone: the local time is YYYY-MM-DDTHH:MM with optional :SS and
// up to nine decimals, the zone an IANA name such as Asia/Kolkata, or UTC. The result has the zone's offset then.
//
// A time that does not exist, because clocks go forward over it, is moved forward by the length of the gap. A time that
// exists twice, because clocks go back, is the earlier one.
//
// The error is a [jackfield.Rejected] with the code bad-zone, which names the field timezone, or bad-date, which names the
// field time.
func Instant(host *jackfield.Host, local, zone string) (time.Time, error) {
	return converted(host.Imports().Instant(local, zone))
}

// Local returns the local time of an instant in a named zone: the instant is RFC 3339, such as an AcceptedAt, the zone
// an IANA name or UTC. The error is as that of [Instant].
func Local(host *jackfield.Host, rfc3339, zone string) (time.Time, error) {
	return converted(host.Imports().Local(rfc3339, zone))
}

// converted reads what the host returned.
func converted(found string, problem wire.DateError) (time.Time, error) {
	switch problem {
	case wire.UnknownZone:
		return time.Time{}, jackfield.Reject("bad-zone", "a time zone cannot be used").
			Field("timezone", "is not the IANA name of a time zone, such as Asia/Kolkata, or UTC")
	case wire.InvalidTime:
		return time.Time{}, jackfield.Reject("bad-date", "a time cannot be used").
			Field("time", "is not a time of the calendar, such as 2026-07-05T16:30, or 2026-07-05T16:30:00Z for an instant")
	}
	return Parse(found)
}

// InIST reads an RFC 3339 instant, such as an AcceptedAt, as Indian standard time. The error is a [jackfield.Rejected]
// that names accepted_at.
func InIST(rfc3339 string) (time.Time, error) {
	parsed, is := instant.Parse(rfc3339)
	if !is {
		return time.Time{}, jackfield.Reject("bad-date", "an instant is not written as RFC 3339").
			Field("accepted_at", "cannot be understood")
	}
	return parsed.In(IST), nil
}

// VisitStart returns when a booked site visit begins, in the visit's own zone ([DefaultZone] if it names none), and
// false if no visit is booked, or its date or time is missing, because a call can end at any point. It converts as
// [Instant]. The error is a [jackfield.Rejected] that names the field whose value is not a date, time or zone.
func VisitStart(host *jackfield.Host, visit *jackfield.SiteVisit) (time.Time, bool, error) {
	if visit == nil || !visit.Booked || visit.Date == nil || visit.TimeSlot == nil {
		return time.Time{}, false, nil
	}
	zone := DefaultZone
	if visit.Timezone != nil {
		zone = *visit.Timezone
	}
	if _, err := time.Parse(time.DateOnly, *visit.Date); err != nil {
		return bad("site_visit.date")
	}
	if _, err := time.Parse("15:04", *visit.TimeSlot); err != nil || len(*visit.TimeSlot) != len("15:04") {
		return bad("site_visit.time_slot")
	}
	found, problem := host.Imports().Instant(*visit.Date+"T"+*visit.TimeSlot, zone)
	switch problem {
	case wire.UnknownZone:
		return bad("site_visit.timezone")
	case wire.InvalidTime:
		return bad("site_visit.date")
	}
	starts, err := Parse(found)
	return starts, err == nil, err
}

func bad(field string) (time.Time, bool, error) {
	return time.Time{}, false, jackfield.Reject("bad-date", "the site visit is not a real date, time and zone").
		Field(field, "cannot be understood")
}
