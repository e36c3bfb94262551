package ridgeline

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"jackfield.dev/jackfield"
	"jackfield.dev/jackfield/date"
	"jackfield.dev/jackfield/money"
)

// Ridgeline's date and time of day, both in Indian standard time. Months are in capitals: 01-JUL-2026.
const (
	dayFormat  = "02-Jan-2006"
	timeFormat = "15:04"
)

// prospect is a lead in Ridgeline's answer. Pointers may be null or missing.
type prospect struct {
	ID             string   `json:"id"`
	Version        uint64   `json:"version"`
	Stage          string   `json:"stage"`
	ContactPolicy  string   `json:"contact_policy"`
	OwnerContacted *bool    `json:"owner_contacted"`
	LastContact    *contact `json:"last_contact"`
}

// contact is when someone called; the time of day is not always known.
type contact struct {
	On string  `json:"on"`
	At *string `json:"at"`
}

func (p *prospect) status() (jackfield.LeadStatus, error) {
	status := jackfield.LeadStatus{
		LeadID: p.ID,
		// Only the policy that is known to allow a call does.
		Callable:       p.ContactPolicy == "ALLOWED" && p.Stage != "BOOKED" && p.Stage != "LOST",
		Status:         strings.ToLower(p.Stage),
		DNC:            p.ContactPolicy == "DO_NOT_CALL",
		HumanContacted: p.OwnerContacted != nil && *p.OwnerContacted,
	}
	if p.LastContact != nil {
		at := "00:00"
		if p.LastContact.At != nil {
			at = *p.LastContact.At
		}
		last, err := time.ParseInLocation(dayFormat+" "+timeFormat, p.LastContact.On+" "+at, date.IST)
		if err != nil {
			return status, errors.New("last_contact is no date and time of day")
		}
		written := date.RFC3339(last)
		status.LastCallAttempt = &written
	}
	return status, nil
}

// patch is a change of a prospect, with the call that it follows from. Ridgeline clears a field that is null and does
// not touch one that is missing, so unknown values are omitted.
type patch struct {
	BudgetMinLakh json.Number `json:"budget_min_lakh,omitempty"`
	BudgetMaxLakh json.Number `json:"budget_max_lakh,omitempty"`
	IntentScore   *uint32     `json:"intent_score,omitempty"`
	UnitType      *string     `json:"unit_type,omitempty"`
	Possession    string      `json:"possession,omitempty"`
	Loan          string      `json:"loan,omitempty"`
	Purpose       string      `json:"purpose,omitempty"`
	Residency     string      `json:"residency,omitempty"`
	ContactPolicy string      `json:"contact_policy,omitempty"`
	Interaction   interaction `json:"interaction"`
}

// interaction is a call as Ridgeline stores it.
type interaction struct {
	CallRef         string                     `json:"call_ref"`
	Disposition     string                     `json:"disposition"`
	DispositionText string                     `json:"disposition_text,omitempty"`
	CalledOn        string                     `json:"called_on"`
	CalledAt        string                     `json:"called_at"`
	DurationSec     *uint32                    `json:"duration_sec,omitempty"`
	Recording       *string                    `json:"recording,omitempty"`
	Transcript      *string                    `json:"transcript,omitempty"`
	Language        string                     `json:"language,omitempty"`
	Duplicate       bool                       `json:"duplicate,omitempty"`
	Visit           *visit                     `json:"visit,omitempty"`
	Note            string                     `json:"note,omitempty"`
	Custom          map[string]json.RawMessage `json:"custom,omitempty"`
}

type visit struct {
	On string `json:"on"`
	At string `json:"at"`
}

// saved is Ridgeline's answer to a patch, also to one with a call_ref that it already has.
type saved struct {
	Interaction struct {
		Number string `json:"number"`
	} `json:"interaction"`
}

// refused is why Ridgeline refused something: one or more messages per field.
type refused struct {
	Error struct {
		Code    string              `json:"code"`
		Message string              `json:"message"`
		Fields  map[string][]string `json:"fields,omitempty"`
	} `json:"error"`
}

func (r refused) rejected() *jackfield.Rejected {
	rejected := jackfield.Reject(r.Error.Code, r.Error.Message)
	for _, field := range slices.Sorted(maps.Keys(r.Error.Fields)) {
		for _, message := range r.Error.Fields[field] {
			rejected.Field(field, message)
		}
	}
	return rejected
}

// newPatch returns the change for a disposition. The error is a rejection that names the invalid date.
func newPatch(host *jackfield.Host, call *jackfield.Disposition, key string) (*patch, error) {
	called, err := date.InIST(call.AcceptedAt)
	if err != nil {
		return nil, err
	}
	learned := call.Qualification
	made := &patch{
		IntentScore: learned.AIIntentScore,
		UnitType:    learned.BHKPreference,
		Loan:        either(learned.LoanRequired, "YES", "NO"),
		Residency:   either(learned.NRIFlag, "NRI", "RESIDENT"),
		Interaction: interaction{
			CallRef:     key,
			CalledOn:    day(called),
			CalledAt:    called.Format(timeFormat),
			DurationSec: call.DurationSeconds,
			Recording:   call.RecordingURL,
			Transcript:  call.TranscriptURL,
			Duplicate:   call.DuplicateDetected,
			Custom:      map[string]json.RawMessage{},
		},
	}
	about := &made.Interaction
	for _, extension := range call.Extensions {
		about.Custom[extension.Pointer] = extension.Raw()
	}
	about.Disposition, about.DispositionText = code(call.Outcome)
	made.Possession = about.word("/qualification/possession_timeline", learned.PossessionTimeline)
	made.Purpose = about.word("/qualification/purchase_intent", learned.PurchaseIntent)
	about.Language = about.word("/flags/language_used", call.LanguageUsed)
	made.BudgetMinLakh = about.lakhs("Budget from", learned.BudgetMin)
	made.BudgetMaxLakh = about.lakhs("Budget to", learned.BudgetMax)
	if call.DNCRequested {
		made.ContactPolicy = "DO_NOT_CALL"
	}
	return made, about.setVisit(host, call.SiteVisit)
}

// code returns Ridgeline's word for an outcome, and for OTHER the platform's own.
func code(outcome jackfield.Outcome) (string, string) {
	switch outcome {
	case jackfield.QualifiedVisitBooked:
		return "SITE_VISIT_FIXED", ""
	case jackfield.QualifiedNoVisit:
		return "QUALIFIED", ""
	case jackfield.CallbackRequested:
		return "CALL_BACK", ""
	case jackfield.NotInterestedBudget:
		return "LOST_BUDGET", ""
	case jackfield.NotInterestedLocation:
		return "LOST_LOCATION", ""
	case jackfield.NotInterestedTimeline:
		return "LOST_TIMELINE", ""
	case jackfield.AlreadyPurchased:
		return "ALREADY_BOUGHT", ""
	case jackfield.WrongNumber:
		return "WRONG_NUMBER", ""
	case jackfield.DNCRequested:
		return "DO_NOT_CALL", ""
	case jackfield.NoAnswer:
		return "NO_RESPONSE", ""
	case jackfield.InvalidNumber:
		return "INVALID_NUMBER", ""
	case jackfield.DuplicateSuppressed:
		return "DUPLICATE", ""
	}
	return "OTHER", string(outcome)
}

// lakhs converts an amount to lakhs. Ridgeline has two decimals; an amount that needs more is noted in rupees, not
// rounded.
func (i *interaction) lakhs(what string, rupees *int64) json.Number {
	if rupees == nil {
		return ""
	}
	text, fits := money.Lakhs(*rupees)
	if !fits {
		i.Note = strings.TrimPrefix(fmt.Sprintf("%s. %s: Rs %s", i.Note, what, money.Grouped(*rupees)), ". ")
	}
	return json.Number(text)
}

// word converts one of the platform's words to Ridgeline's form, UPPER_SNAKE. A word that cannot be converted, such as
// one in Hindi, goes unchanged into the custom values.
func (i *interaction) word(pointer string, text *string) string {
	if text == nil || *text == "" {
		return ""
	}
	upper := strings.ToUpper(strings.NewReplacer(" ", "_", "-", "_").Replace(*text))
	if strings.Trim(upper, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") != "" {
		i.keep(pointer, *text)
		return ""
	}
	return upper
}

// setVisit sets the visit if it is fixed. The parts of an unfixed visit go into the custom values.
func (i *interaction) setVisit(host *jackfield.Host, spoken *jackfield.SiteVisit) error {
	starts, fixed, err := date.VisitStart(host, spoken)
	if err != nil || spoken == nil {
		return err
	}
	if fixed {
		local := starts.In(date.IST)
		i.Visit = &visit{On: day(local), At: local.Format(timeFormat)}
		return nil
	}
	parts := map[string]*string{
		"/site_visit/date": spoken.Date, "/site_visit/time_slot": spoken.TimeSlot, "/site_visit/timezone": spoken.Timezone,
	}
	for pointer, part := range parts {
		if part != nil {
			i.keep(pointer, *part)
		}
	}
	return nil
}

func (i *interaction) keep(pointer, text string) {
	quoted, _ := json.Marshal(text) // text can always be quoted
	i.Custom[pointer] = quoted
}

func day(t time.Time) string {
	return strings.ToUpper(t.Format(dayFormat))
}

func either(flag *bool, yes, no string) string {
	switch {
	case flag == nil:
		return ""
	case *flag:
		return yes
	}
	return no
}
