// Package convert converts between the contract's generated records and those of the SDK.
package convert

import (
	"fmt"

	"jackfield.dev/jackfield"
	"jackfield.dev/jackfield/component/jackfield_crm_about"
	model "jackfield.dev/jackfield/component/jackfield_crm_model"
	"jackfield.dev/jackfield/internal/wit/types"
)

// Failure converts an error that is one of the SDK's failures. It reports whether the error is one.
func Failure(err error) (model.Failure, bool) {
	failure := jackfield.AsFailure(err)
	switch failure {
	case nil:
		return model.Failure{}, false
	case jackfield.ErrUnavailable:
		return model.MakeFailureUnavailable(), true
	case jackfield.ErrUnknown:
		return model.MakeFailureUnknown(), true
	case jackfield.ErrUnauthorized:
		return model.MakeFailureUnauthorized(), true
	case jackfield.ErrNotFound:
		return model.MakeFailureNotFound(), true
	}
	switch failure := failure.(type) {
	case *jackfield.RateLimited:
		return model.MakeFailureRateLimited(types.FromPointer(failure.RetryAfter)), true
	case *jackfield.Rejected:
		rejection := model.Rejection{Code: failure.Code, Message: failure.Message}
		for _, field := range failure.Fields {
			rejection.Fields = append(rejection.Fields, model.FieldError(field))
		}
		return model.MakeFailureRejected(rejection), true
	}
	return model.Failure{}, false
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
		LastCallAttempt: types.FromPointer(from.LastCallAttempt),
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

// Leads converts to the contract's leads.
func Leads(from []jackfield.Lead) []model.Lead {
	var to []model.Lead
	for _, lead := range from {
		to = append(to, model.Lead{
			Id:                 lead.ID,
			Phone:              lead.Phone,
			PhoneAlt:           types.FromPointer(lead.PhoneAlt),
			Name:               types.FromPointer(lead.Name),
			Source:             types.FromPointer(lead.Source),
			CampaignId:         types.FromPointer(lead.CampaignID),
			ProjectInterest:    types.FromPointer(lead.ProjectInterest),
			ProjectId:          types.FromPointer(lead.ProjectID),
			LanguagePreference: types.FromPointer(lead.LanguagePreference),
			CreatedAt:          types.FromPointer(lead.CreatedAt),
			CallPriority:       priority(lead.CallPriority),
			Extensions:         extensions(lead.Extensions),
		})
	}
	return to
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
