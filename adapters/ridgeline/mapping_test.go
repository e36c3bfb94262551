package ridgeline

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"jackfield.dev/jackfield"
	"jackfield.dev/jackfield/jackfieldtest"
)

func call(outcome jackfield.Outcome) *jackfield.Disposition {
	return &jackfield.Disposition{
		CallID: "C-1", LeadID: "R-1", Outcome: outcome, AcceptedAt: "2026-07-01T09:01:55.000Z",
		DNCRequested: outcome == jackfield.DNCRequested,
	}
}

// body returns the patch as it is sent, with numbers as they are written.
func body(t *testing.T, call *jackfield.Disposition) map[string]any {
	t.Helper()
	made, err := newPatch(jackfieldtest.Script{}.Host(t), call, "KEY-1")
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(made)
	if err != nil {
		t.Fatal(err)
	}
	decoder := json.NewDecoder(strings.NewReader(string(text)))
	decoder.UseNumber()
	var body map[string]any
	if err := decoder.Decode(&body); err != nil {
		t.Fatal(err)
	}
	return body
}

func TestEveryOutcomeHasItsCode(t *testing.T) {
	codes := []string{
		"SITE_VISIT_FIXED", "QUALIFIED", "CALL_BACK", "LOST_BUDGET", "LOST_LOCATION", "LOST_TIMELINE", "ALREADY_BOUGHT",
		"WRONG_NUMBER", "DO_NOT_CALL", "NO_RESPONSE", "INVALID_NUMBER", "DUPLICATE",
	}
	for number, outcome := range jackfield.Outcomes {
		sent := body(t, call(outcome))
		about := sent["interaction"].(map[string]any)
		if about["disposition"] != codes[number] || about["disposition_text"] != nil || about["call_ref"] != "KEY-1" {
			t.Errorf("%s: %v", outcome, about)
		}
		if policy, set := sent["contact_policy"]; set != (outcome == jackfield.DNCRequested) || set && policy != "DO_NOT_CALL" {
			t.Errorf("%s: contact_policy %v", outcome, policy)
		}
	}
	about := body(t, call("wants_a_penthouse"))["interaction"].(map[string]any)
	if about["disposition"] != "OTHER" || about["disposition_text"] != "wants_a_penthouse" {
		t.Error(about)
	}
}

func TestUnknownValuesAreOmitted(t *testing.T) {
	sent := body(t, call(jackfield.NoAnswer))
	if len(sent) != 1 {
		t.Errorf("more than the interaction: %v", sent)
	}
	if about := sent["interaction"].(map[string]any); len(about) != 4 {
		t.Errorf("more than what is required: %v", about)
	}
}

func TestAmountsAreInLakhsOrNoted(t *testing.T) {
	cases := []struct {
		rupees int64
		lakhs  any
		note   any
	}{
		{0, json.Number("0"), nil},
		{1_000, json.Number("0.01"), nil},
		{8_550_000, json.Number("85.5"), nil},
		{100_000_000_000, json.Number("1000000"), nil},
		{8_550_500, nil, "Budget from: Rs 85,50,500"},
		{99_999_999_999, nil, "Budget from: Rs 99,99,99,99,999"},
	}
	for _, each := range cases {
		asked := call(jackfield.NotInterestedBudget)
		asked.Qualification.BudgetMin = &each.rupees
		sent := body(t, asked)
		if note := sent["interaction"].(map[string]any)["note"]; sent["budget_min_lakh"] != each.lakhs || note != each.note {
			t.Errorf("%d: %v, %v", each.rupees, sent["budget_min_lakh"], note)
		}
	}
	low, high := int64(1), int64(2)
	asked := call(jackfield.NotInterestedBudget)
	asked.Qualification.BudgetMin, asked.Qualification.BudgetMax = &low, &high
	if note := body(t, asked)["interaction"].(map[string]any)["note"]; note != "Budget from: Rs 1. Budget to: Rs 2" {
		t.Error(note)
	}
}

func TestDatesAreIndian(t *testing.T) {
	cases := map[string][2]string{
		"2026-07-01T18:29:59.999Z": {"01-JUL-2026", "23:59"},
		"2026-07-01T18:30:00.000Z": {"02-JUL-2026", "00:00"},
		"2026-12-31T18:30:00.000Z": {"01-JAN-2027", "00:00"},
		"2028-02-28T20:00:00.000Z": {"29-FEB-2028", "01:30"},
	}
	for accepted, local := range cases {
		asked := call(jackfield.NoAnswer)
		asked.AcceptedAt = accepted
		about := body(t, asked)["interaction"].(map[string]any)
		if about["called_on"] != local[0] || about["called_at"] != local[1] {
			t.Errorf("%s: %v %v", accepted, about["called_on"], about["called_at"])
		}
	}
}

func TestVisitsAreInIndianTime(t *testing.T) {
	day, slot, zone := "2026-12-31", "23:00", "Asia/Dubai"
	asked := call(jackfield.QualifiedVisitBooked)
	asked.SiteVisit = &jackfield.SiteVisit{Booked: true, Date: &day, TimeSlot: &slot, Timezone: &zone}
	visit := body(t, asked)["interaction"].(map[string]any)["visit"].(map[string]any)
	if visit["on"] != "01-JAN-2027" || visit["at"] != "00:30" {
		t.Error(visit)
	}
	asked.SiteVisit.TimeSlot = nil
	about := body(t, asked)["interaction"].(map[string]any)
	custom := about["custom"].(map[string]any)
	if about["visit"] != nil || custom["/site_visit/date"] != day || custom["/site_visit/timezone"] != zone || len(custom) != 2 {
		t.Error(about)
	}
	day = "2027-02-29"
	asked.SiteVisit.TimeSlot = &slot
	var rejected *jackfield.Rejected
	if _, err := newPatch(jackfieldtest.Script{}.Host(t), asked, "K"); !errors.As(err, &rejected) || rejected.Fields[0].Field != "site_visit.date" {
		t.Error(err)
	}
}

func TestUnconvertibleWordsAreKept(t *testing.T) {
	purpose, language, possession := "end-use", "हिन्दी", "18 months"
	asked := call(jackfield.QualifiedNoVisit)
	asked.Qualification.PurchaseIntent, asked.LanguageUsed = &purpose, &language
	asked.Qualification.PossessionTimeline = &possession
	asked.Extensions = []jackfield.Extension{{Pointer: "/qualification/floor", JSON: "12"}}
	sent := body(t, asked)
	about := sent["interaction"].(map[string]any)
	custom := about["custom"].(map[string]any)
	if sent["purpose"] != "END_USE" || sent["possession"] != "18_MONTHS" || about["language"] != nil {
		t.Error(sent)
	}
	if custom["/flags/language_used"] != language || custom["/qualification/floor"] != json.Number("12") {
		t.Error(custom)
	}
}

func TestOnlyAKnownPolicyAllowsACall(t *testing.T) {
	for policy, callable := range map[string]bool{"ALLOWED": true, "PAUSED": false, "DO_NOT_CALL": false, "": false, "NEW": false} {
		status, err := (&prospect{Stage: "FRESH", ContactPolicy: policy}).status()
		if err != nil || status.Callable != callable || status.DNC != (policy == "DO_NOT_CALL") {
			t.Errorf("%s: %+v, %v", policy, status, err)
		}
	}
	for _, stage := range []string{"BOOKED", "LOST"} {
		if status, _ := (&prospect{Stage: stage, ContactPolicy: "ALLOWED"}).status(); status.Callable {
			t.Errorf("%s may be called", stage)
		}
	}
}
