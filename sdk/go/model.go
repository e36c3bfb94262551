package jackfield

import (
	"encoding/json"
	"errors"
)

// Outcome is how a call ended: one of the twelve named below, or another that the calling platform reports, as it
// spelled it. Never empty.
type Outcome string

// The named outcomes.
const (
	QualifiedVisitBooked  Outcome = "qualified_visit_booked"
	QualifiedNoVisit      Outcome = "qualified_no_visit"
	CallbackRequested     Outcome = "callback_requested"
	NotInterestedBudget   Outcome = "not_interested_budget"
	NotInterestedLocation Outcome = "not_interested_location"
	NotInterestedTimeline Outcome = "not_interested_timeline"
	AlreadyPurchased      Outcome = "already_purchased"
	WrongNumber           Outcome = "wrong_number"
	DNCRequested          Outcome = "dnc_requested"
	NoAnswer              Outcome = "no_answer"
	InvalidNumber         Outcome = "invalid_number"
	DuplicateSuppressed   Outcome = "duplicate_suppressed"
)

// Outcomes are the named outcomes, in the contract's order.
var Outcomes = [12]Outcome{
	QualifiedVisitBooked, QualifiedNoVisit, CallbackRequested, NotInterestedBudget, NotInterestedLocation,
	NotInterestedTimeline, AlreadyPurchased, WrongNumber, DNCRequested, NoAnswer, InvalidNumber, DuplicateSuppressed,
}

// Named reports whether the contract names the outcome.
func (o Outcome) Named() bool {
	for _, named := range Outcomes {
		if o == named {
			return true
		}
	}
	return false
}

// UnmarshalJSON reads an outcome as fixtures write it: a name, or {"other": "words"}.
func (o *Outcome) UnmarshalJSON(text []byte) error {
	var name string
	if json.Unmarshal(text, &name) == nil {
		*o = Outcome(name)
		if !o.Named() {
			return errors.New("unknown outcome `" + name + "`: for an unnamed one, write {\"other\": \"" + name + "\"}")
		}
		return nil
	}
	var other struct {
		Other string `json:"other"`
	}
	if err := json.Unmarshal(text, &other); err != nil {
		return err
	}
	*o = Outcome(other.Other)
	return nil
}

// Extension is a field that the contract does not name, kept as it was sent.
type Extension struct {
	// Pointer is its position: an RFC 6901 JSON pointer, such as /qualification/floor.
	Pointer string `json:"pointer"`
	// JSON is its value as JSON text: "12" with the quotes for a string, 12 for a number.
	JSON string `json:"json"`
}

// Raw returns the value as JSON. Text that is not JSON becomes a JSON string, so that nothing is lost.
func (e Extension) Raw() json.RawMessage {
	if json.Valid([]byte(e.JSON)) {
		return json.RawMessage(e.JSON)
	}
	quoted, _ := json.Marshal(e.JSON) // a string can always be quoted
	return quoted
}

// Disposition is the structured outcome of one call. Unknown values are nil, because a call can end at any point.
type Disposition struct {
	// CallID is unique per tenant forever. It is not the idempotency key of the write, which may be another text.
	CallID string `json:"call_id"`
	// LeadID is the lead's id in the CRM.
	LeadID string `json:"lead_id"`
	// Outcome is how the call ended.
	Outcome Outcome `json:"outcome"`
	// AcceptedAt is when the host accepted the disposition: RFC 3339 in UTC with milliseconds. The same on every
	// attempt.
	AcceptedAt string `json:"accepted_at"`
	// DurationSeconds is the length of the call.
	DurationSeconds *uint32 `json:"duration_seconds"`
	// RecordingURL is where the recording can be fetched.
	RecordingURL *string `json:"recording_url"`
	// TranscriptURL is where the transcript can be fetched.
	TranscriptURL *string `json:"transcript_url"`
	// Qualification is what was learned.
	Qualification Qualification `json:"qualification"`
	// SiteVisit is the site visit, if one was discussed.
	SiteVisit *SiteVisit `json:"site_visit"`
	// DNCRequested: the lead asked not to be called again. Always true when Outcome is DNCRequested.
	DNCRequested bool `json:"dnc_requested"`
	// DuplicateDetected: the platform considers the lead a duplicate.
	DuplicateDetected bool `json:"duplicate_detected"`
	// LanguageUsed is the language of the call, such as hindi.
	LanguageUsed *string `json:"language_used"`
	// Extensions are fields that the contract does not name.
	Extensions []Extension `json:"extensions"`
}

// Qualification is what was learned about the lead.
type Qualification struct {
	// AIIntentScore is the intent, 0 to 100.
	AIIntentScore *uint32 `json:"ai_intent_score"`
	// BudgetMin is the lower limit of the budget in whole rupees.
	BudgetMin *int64 `json:"budget_min"`
	// BudgetMax is the upper limit of the budget in whole rupees.
	BudgetMax *int64 `json:"budget_max"`
	// BHKPreference is the flat's size as the platform spelled it, such as 3BHK.
	BHKPreference *string `json:"bhk_preference"`
	// PossessionTimeline is when possession is wanted, such as 18_months.
	PossessionTimeline *string `json:"possession_timeline"`
	// LoanRequired says whether a loan is needed.
	LoanRequired *bool `json:"loan_required"`
	// PurchaseIntent is the purpose, such as end_use or investment.
	PurchaseIntent *string `json:"purchase_intent"`
	// NRIFlag says whether the lead is a non-resident Indian.
	NRIFlag *bool `json:"nri_flag"`
}

// SiteVisit is a site visit.
type SiteVisit struct {
	// Booked says whether it is booked.
	Booked bool `json:"booked"`
	// Date is the local date, YYYY-MM-DD.
	Date *string `json:"date"`
	// TimeSlot is the local time of day, HH:MM, 24 hours.
	TimeSlot *string `json:"time_slot"`
	// Timezone is the IANA name of the zone of both, such as Asia/Kolkata.
	Timezone *string `json:"timezone"`
}

// LeadStatus is the CRM's answer to whether a lead may be called now.
type LeadStatus struct {
	// LeadID is the lead's id in the CRM.
	LeadID string `json:"lead_id"`
	// Callable says whether the CRM allows a call now.
	Callable bool `json:"callable"`
	// Status is the lead's stage in the CRM's terms, in lower case, such as new.
	Status string `json:"status"`
	// DNC says whether the lead is do-not-call in the CRM.
	DNC bool `json:"dnc"`
	// HumanContacted says whether a person of the developer group has spoken to the lead.
	HumanContacted bool `json:"human_contacted"`
	// LastCallAttempt is when the lead was last called: RFC 3339 with an offset. The SDK prints it anew, so that spellings
	// such as +0530 or a lower-case z do not reach the agent.
	LastCallAttempt *string `json:"last_call_attempt"`
	// Extensions are further fields for the agent.
	Extensions []Extension `json:"extensions"`
}

// Receipt is proof that the CRM holds a write.
type Receipt struct {
	// Reference is the CRM's own reference of the record: at most 256 bytes, no personal data; may be empty.
	Reference string `json:"reference"`
}

// Priority is how urgently a lead is to be called.
type Priority string

// The priorities. The empty one counts as normal.
const (
	High   Priority = "high"
	Normal Priority = "normal"
	Low    Priority = "low"
)

// Lead is a lead in the contract's own format. Unknown values are nil.
type Lead struct {
	// ID is the lead's id in the CRM. Not empty.
	ID string `json:"id"`
	// Phone is the number in E.164, such as +919800000000.
	Phone              string  `json:"phone"`
	PhoneAlt           *string `json:"phone_alt"`
	Name               *string `json:"name"`
	Source             *string `json:"source"`
	CampaignID         *string `json:"campaign_id"`
	ProjectInterest    *string `json:"project_interest"`
	ProjectID          *string `json:"project_id"`
	LanguagePreference *string `json:"language_preference"`
	// CreatedAt is RFC 3339 with an offset. The SDK prints it anew, as LastCallAttempt of [LeadStatus].
	CreatedAt    *string     `json:"created_at"`
	CallPriority Priority    `json:"call_priority"`
	Extensions   []Extension `json:"extensions"`
}

// Inbound is a webhook as it arrived, after its signature was verified.
type Inbound struct {
	// ContentType is the value of the content-type header, empty if there was none.
	ContentType string
	// Body is the raw body.
	Body []byte
	// ReceivedAt is when the host received it: RFC 3339 in UTC with milliseconds.
	ReceivedAt string
}
