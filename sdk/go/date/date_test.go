package date

import (
	"encoding/json"
	"errors"
	"os"
	"testing"

	"jackfield.dev/jackfield"
	"jackfield.dev/jackfield/jackfieldtest"
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
		"2026-03-29T03:30:00+02:00": visit("2026-03-29", "02:30", "Europe/Berlin"),
		"2026-10-25T02:30:00+02:00": visit("2026-10-25", "02:30", "Europe/Berlin"),
	}
	host := jackfieldtest.Script{}.Host(t)
	for starts, visit := range cases {
		got, fixed, err := VisitStart(host, visit)
		if err != nil || !fixed || RFC3339(got) != starts {
			t.Errorf("%s: %s, %v, %v", starts, got, fixed, err)
		}
	}
}

func TestVisitWithoutTimeHasNoStart(t *testing.T) {
	unbooked, undated, timeless := *visit("2026-07-05", "11:00", ""), *visit("", "11:00", ""), *visit("2026-07-05", "", "")
	unbooked.Booked, undated.Date, timeless.TimeSlot = false, nil, nil
	host := jackfieldtest.Script{}.Host(t)
	for _, visit := range []*jackfield.SiteVisit{nil, {}, &unbooked, &undated, &timeless} {
		if _, fixed, err := VisitStart(host, visit); fixed || err != nil {
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
		{visit("2026-07-05", "11:00", "IST"), "site_visit.timezone"},
	}
	host := jackfieldtest.Script{}.Host(t)
	for _, each := range cases {
		_, _, err := VisitStart(host, each.visit)
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

// rejected returns the code of a rejection; empty for anything else.
func rejected(err error) string {
	var rejected *jackfield.Rejected
	if errors.As(err, &rejected) {
		return rejected.Code
	}
	return ""
}

func TestScriptObeysTheRuleForLocalTimes(t *testing.T) {
	// The same cases as for the host, and for the components of every language.
	text, err := os.ReadFile("../../dates.json")
	if err != nil {
		t.Fatal(err)
	}
	type conversion struct{ Zone, Local, Instant string }
	var cases struct {
		Instants, Locals []conversion
		UnknownZones     []string `json:"unknown_zones"`
		InvalidLocals    []string `json:"invalid_locals"`
		InvalidInstants  []string `json:"invalid_instants"`
	}
	if err := json.Unmarshal(text, &cases); err != nil || len(cases.Instants) == 0 || len(cases.Locals) == 0 {
		t.Fatal(err)
	}
	host := jackfieldtest.Script{}.Host(t)
	for _, each := range cases.Instants {
		if got, err := Instant(host, each.Local, each.Zone); err != nil || RFC3339(got) != each.Instant {
			t.Errorf("%s in %s: %s, %v", each.Local, each.Zone, RFC3339(got), err)
		}
	}
	for _, each := range cases.Locals {
		if got, err := Local(host, each.Instant, each.Zone); err != nil || RFC3339(got) != each.Local {
			t.Errorf("%s in %s: %s, %v", each.Instant, each.Zone, RFC3339(got), err)
		}
	}
	for _, zone := range cases.UnknownZones {
		_, err := Instant(host, "2026-07-05T16:30", zone)
		_, other := Local(host, "2026-07-05T16:30:00Z", zone)
		if rejected(err) != "bad-zone" || rejected(other) != "bad-zone" {
			t.Errorf("%q: %v, %v", zone, err, other)
		}
	}
	for _, local := range cases.InvalidLocals {
		if _, err := Instant(host, local, "Asia/Kolkata"); rejected(err) != "bad-date" {
			t.Errorf("%q: %v", local, err)
		}
	}
	for _, instant := range cases.InvalidInstants {
		if _, err := Local(host, instant, "Asia/Kolkata"); rejected(err) != "bad-date" {
			t.Errorf("%q: %v", instant, err)
		}
		if _, err := Parse(instant); rejected(err) != "bad-date" {
			t.Errorf("%q: %v", instant, err)
		}
	}
}
