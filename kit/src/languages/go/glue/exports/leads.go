package export_jackfield_crm_leads

import (
	"jackfield.dev/jackfield"
	"jackfield.dev/jackfield/component/convert"
	"jackfield.dev/jackfield/component/invocation"
	. "jackfield.dev/jackfield/component/jackfield_crm_model"
	"jackfield.dev/jackfield/internal/wit/types"
)

// Parse is the contract's leads.parse.
func Parse(inbound Inbound) types.Result[[]types.Result[Lead, Rejection], Failure] {
	parse := func(adapter jackfield.Adapter, host *jackfield.Host) ([]jackfield.ParsedLead, error) {
		return adapter.(jackfield.LeadParser).ParseLeads(host, convert.Inbound(inbound))
	}
	leads, failure := invocation.Run("ParseLeads", parse)
	return invocation.Result(leads, failure, convert.Leads)
}
