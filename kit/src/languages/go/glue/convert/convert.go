// Package convert converts between the contract's generated records and those of the SDK.
package convert

import (
	"fmt"

	"jackfield.dev/jackfield"
	"jackfield.dev/jackfield/component/jackfield_crm_about"
	model "jackfield.dev/jackfield/component/jackfield_crm_model"
	"jackfield.dev/jackfield/internal/instant"
	"jackfield.dev/jackfield/internal/wit/types"
)

// Failure converts an error that is one of the SDK's failures. It reports whether the error is one.
func Failure(err error) (model.Failure, bool) {
	failure, reason := jackfield.AsFailure(err), types.None[string]()
	switch what := failure.(type) {
	case *jackfield.RateLimited:
		return model.MakeFailureRateLimited(types.FromPointer(what.RetryAfter)), true
	case *jackfield.Rejected:
		return model.MakeFailureRejected(rejection(what)), true
	case *jackfield.Reasoned:
		failure, reason = what.Failure, types.Some(what.Reason)
	}
	switch failure {
	case jackfield.ErrUnavailable:
		return model.MakeFailureUnavailable(reason), true
	case jackfield.ErrUnknown:
		return model.MakeFailureUnknown(reason), true
	case jackfield.ErrUnauthorized:
		return model.MakeFailureUnauthorized(reason), true
	case jackfield.ErrConflict:
		return model.MakeFailureConflict(reason), true
	case jackfield.ErrNotFound:
		return model.MakeFailureNotFound(), true
	}
	return model.Failure{}, false
}

func rejection(from *jackfield.Rejected) model.Rejection {
	to := model.Rejection{Code: from.Code, Message: from.Message}
	for _, field := range from.Fields {
		to.Fields = append(to.Fields, model.FieldError(field))
	}
	return to
}

// Description converts to the contract's description.
func Description(from *jackfield.Description) jackfield_crm_about.Description {
	to := jackfield_crm_about.Description{
		Name: from.Name, Version: from.Version, Origins: from.Origins, IdempotentWrites: from.Idempotent,
	}
	for _, setting := range from.Settings {
		to.Settings = append(to.Settings, jackfield_crm_about.Setting{
			Name: setting.Name, Kind: uint8(setting.Kind), Required: setting.Required, Doc: setting.Doc,
		})
	}
	for _, credential := range from.Credentials {
		to.Credentials = append(to.Credentials, jackfield_crm_about.Credential{
			Name: credential.Name, Kind: string(credential.Kind), Doc: credential.Doc,
		})
	}
	return to
}

// Disposition converts from the contract's disposition.
func Disposition(from model.Disposition) *jackfield.Disposition {
	learned := from.Qualification
	to := &jackfield.Disposition{
		CallID:          from.CallId,
		LeadID:          from.LeadId,
		Outcome:         outcome(from.Outcome),
		AcceptedAt:      from.AcceptedAt,
		DurationSeconds: from.DurationSeconds.Pointer(),
		RecordingURL:    from.RecordingUrl.Pointer(),
		TranscriptURL:   from.TranscriptUrl.Pointer(),
		Qualification: jackfield.Qualification{
			AIIntentScore:      learned.AiIntentScore.Pointer(),
			BudgetMin:          learned.BudgetMin.Pointer(),
			BudgetMax:          learned.BudgetMax.Pointer(),
			BHKPreference:      learned.BhkPreference.Pointer(),
			PossessionTimeline: learned.PossessionTimeline.Pointer(),
			LoanRequired:       learned.LoanRequired.Pointer(),
			PurchaseIntent:     learned.PurchaseIntent.Pointer(),
			NRIFlag:            learned.NriFlag.Pointer(),
		},
		DNCRequested:      from.DncRequested,
		DuplicateDetected: from.DuplicateDetected,
		LanguageUsed:      from.LanguageUsed.Pointer(),
	}
	if visit := from.SiteVisit.Pointer(); visit != nil {
		to.SiteVisit = &jackfield.SiteVisit{
			Booked:   visit.Booked,
			Date:     visit.Date.Pointer(),
			TimeSlot: visit.TimeSlot.Pointer(),
			Timezone: visit.Timezone.Pointer(),
		}
	}
	for _, extension := range from.Extensions {
		to.Extensions = append(to.Extensions, jackfield.Extension{Pointer: extension.Pointer, JSON: extension.Json})
	}
	return to
}

func outcome(from model.Outcome) jackfield.Outcome {
	if from.Tag() == model.OutcomeOther {
		return jackfield.Outcome(from.Other())
	}
	return jackfield.Outcomes[from.Tag()]
}

// Status converts to the contract's lead status.
func Status(from jackfield.LeadStatus) model.LeadStatus {
	return model.LeadStatus{
		LeadId:          from.LeadID,
		Callable:        from.Callable,
		Status:          from.Status,
		Dnc:             from.DNC,
		HumanContacted:  from.HumanContacted,
		LastCallAttempt: types.FromPointer(instant.Respell(from.LastCallAttempt)),
		Extensions:      extensions(from.Extensions),
	}
}

// Receipt converts to the contract's receipt.
func Receipt(from jackfield.Receipt) model.Receipt {
	return model.Receipt(from)
}

// Found converts to the contract's optional receipt.
func Found(from *jackfield.Receipt) types.Option[model.Receipt] {
	if from == nil {
		return types.None[model.Receipt]()
	}
	return types.Some(Receipt(*from))
}

// Inbound converts from the contract's webhook.
func Inbound(from model.Inbound) *jackfield.Inbound {
	return &jackfield.Inbound{ContentType: from.ContentType, Body: from.Body, ReceivedAt: from.ReceivedAt}
}

// Leads converts to the contract's leads, each of them a lead or its refusal.
func Leads(from []jackfield.ParsedLead) []types.Result[model.Lead, model.Rejection] {
	var to []types.Result[model.Lead, model.Rejection]
	for place, parsed := range from {
		switch parsed := parsed.(type) {
		case jackfield.Lead:
			to = append(to, types.Ok[model.Lead, model.Rejection](lead(parsed)))
		case *jackfield.Lead:
			to = append(to, types.Ok[model.Lead, model.Rejection](lead(*parsed)))
		case *jackfield.Rejected:
			to = append(to, types.Err[model.Lead](rejection(parsed)))
		default:
			panic(fmt.Errorf("ParseLeads returned nil in place %d: it is a lead or a *Rejected", place))
		}
	}
	return to
}

func lead(from jackfield.Lead) model.Lead {
	return model.Lead{
		Id:                 from.ID,
		Phone:              from.Phone,
		PhoneAlt:           types.FromPointer(from.PhoneAlt),
		Name:               types.FromPointer(from.Name),
		Source:             types.FromPointer(from.Source),
		CampaignId:         types.FromPointer(from.CampaignID),
		ProjectInterest:    types.FromPointer(from.ProjectInterest),
		ProjectId:          types.FromPointer(from.ProjectID),
		LanguagePreference: types.FromPointer(from.LanguagePreference),
		CreatedAt:          types.FromPointer(instant.Respell(from.CreatedAt)),
		CallPriority:       priority(from.CallPriority),
		Extensions:         extensions(from.Extensions),
	}
}

func priority(from jackfield.Priority) model.Priority {
	switch from {
	case jackfield.High:
		return model.PriorityHigh
	case jackfield.Normal, "":
		return model.PriorityNormal
	case jackfield.Low:
		return model.PriorityLow
	}
	panic(fmt.Errorf("a lead has the priority %q: it is high, normal or low", string(from)))
}

func extensions(from []jackfield.Extension) []model.Extension {
	var to []model.Extension
	for _, extension := range from {
		to = append(to, model.Extension{Pointer: extension.Pointer, Json: extension.JSON})
	}
	return to
}
