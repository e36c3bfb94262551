package date

import (
	"errors"
	"testing"
	"time"

	"jackfield.dev/jackfield"
)

func visit(day, slot, zone string) *jackfield.SiteVisit {
	visit := &jackfield.SiteVisit{Booked: true, Date: &day, TimeSlot: &slot}
	if zone != "" {
		visit.Timezone = &zone
	}
	return visit
}

func TestVisitStartsInItsOwnZone(t *testing.T) {
	cases := map[string]*jackfield.SiteVisit{
		"2026-07-05T11:00:00+05:30": visit("2026-07-05", "11:00", ""),
		"2026-07-05T11:00:00-04:00": visit("2026-07-05", "11:00", "America/New_York"),
		"2026-12-05T11:00:00-05:00": visit("2026-12-05", "11:00", "America/New_York"),
		"2028-02-29T00:00:00+05:45": visit("2028-02-29", "00:00", "Asia/Kathmandu"),
		"2026-12-31T23:59:00+05:30": visit("2026-12-31", "23:59", "Asia/Kolkata"),
	}
	for starts, visit := range cases {
		got, fixed, err := VisitStart(visit)
		if err != nil || !fixed || got.Format(time.RFC3339) != starts {
			t.Errorf("%s: %s, %v, %v", starts, got, fixed, err)
		}
	}
}

func TestVisitWithoutTimeHasNoStart(t *testing.T) {
	unbooked, undated, timeless := *visit("2026-07-05", "11:00", ""), *visit("", "11:00", ""), *visit("2026-07-05", "", "")
	unbooked.Booked, undated.Date, timeless.TimeSlot = false, nil, nil
	for _, visit := range []*jackfield.SiteVisit{nil, {}, &unbooked, &undated, &timeless} {
		if _, fixed, err := VisitStart(visit); fixed || err != nil {
			t.Errorf("%+v: %v, %v", visit, fixed, err)
		}
	}
}

func TestInvalidVisitNamesItsField(t *testing.T) {
	cases := []struct {
		visit *jackfield.SiteVisit
		field string
	}{
		{visit("2026-02-30", "11:00", ""), "site_visit.date"},
		{visit("2027-02-29", "11:00", ""), "site_visit.date"},
		{visit("tomorrow", "11:00", ""), "site_visit.date"},
		{visit("2026-07-05", "25:00", ""), "site_visit.time_slot"},
		{visit("2026-07-05", "9:00", ""), "site_visit.time_slot"},
		{visit("2026-07-05", "11:00", "Bharat/Delhi"), "site_visit.timezone"},
		{visit("2026-07-05", "11:00", "Local"), "site_visit.timezone"},
	}
	for _, each := range cases {
		_, _, err := VisitStart(each.visit)
		var rejected *jackfield.Rejected
		if !errors.As(err, &rejected) || rejected.Fields[0].Field != each.field {
			t.Errorf("%s: %v", each.field, err)
		}
	}
}

func TestInstantsInIndianTime(t *testing.T) {
	cases := map[string]string{
		"2026-07-01T20:01:55.000Z": "02-07-2026 01:31",
		"2026-12-31T18:30:00.000Z": "01-01-2027 00:00",
		"2028-02-28T18:29:59.999Z": "28-02-2028 23:59",
		"2028-02-28T18:30:00.000Z": "29-02-2028 00:00",
	}
	for instant, local := range cases {
		got, err := InIST(instant)
		if err != nil || got.Format("02-01-2006 15:04") != local {
			t.Errorf("%s: %s, %v", instant, got, err)
		}
	}
	if _, err := InIST("2026-07-01 yesterday"); err == nil {
		t.Error("accepted what is not an instant")
	}
}
