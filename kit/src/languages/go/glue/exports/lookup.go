package export_jackfield_crm_lookup

import (
	"jackfield.dev/jackfield"
	"jackfield.dev/jackfield/component/convert"
	"jackfield.dev/jackfield/component/invocation"
	. "jackfield.dev/jackfield/component/jackfield_crm_model"
	"jackfield.dev/jackfield/internal/wit/types"
)

// Find is the contract's lookup.find.
func Find(leadID, idempotencyKey string) types.Result[types.Option[Receipt], Failure] {
	find := func(adapter jackfield.Adapter, host *jackfield.Host) (*jackfield.Receipt, error) {
		return adapter.(jackfield.Lookup).Find(host, leadID, idempotencyKey)
	}
	receipt, failure := invocation.Run("Find", find)
	return invocation.Result(receipt, failure, convert.Found)
}
