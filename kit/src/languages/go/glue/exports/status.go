package export_jackfield_crm_status

import (
	"jackfield.dev/jackfield"
	"jackfield.dev/jackfield/component/convert"
	"jackfield.dev/jackfield/component/invocation"
	. "jackfield.dev/jackfield/component/jackfield_crm_model"
	"jackfield.dev/jackfield/internal/wit/types"
)

// Query is the contract's status.query.
func Query(leadID string) types.Result[LeadStatus, Failure] {
	ask := func(adapter jackfield.Adapter, host *jackfield.Host) (jackfield.LeadStatus, error) {
		return adapter.Status(host, leadID)
	}
	status, failure := invocation.Run("Status", ask)
	return invocation.Result(status, failure, convert.Status)
}
